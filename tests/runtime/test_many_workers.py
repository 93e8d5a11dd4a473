"""Eight workers on shuffled, doubled and late messages end where one worker on orderly ones ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from connectors.sandbox.simulator import Person, SandboxErp, SandboxSettings, make_uscc, serve_sandbox
from hub.model.party import Account
from hub.protocol.binding import Binding
from hub.runtime.actors import Actors, declare_actors
from hub.runtime.assemble import Outfit
from hub.runtime.broker import open_broker
from hub.runtime.pool import HubPool
from hub.store.rows import Attempt, SyncState
from hub.sync.accept import current_settings
from hub.sync.push import list_due
from hub.sync.records import create_record, edit_record
from hub.sync.turns import run_turns
from hub.testkit.servers import PostgresServer
from tests.runtime.stage import prepare_home

TOKEN = "many-workers"  # pragma: allowlist secret
CONFIG = """
[connections.{name}]
connector = "sandbox"
url = "{url}"
token = "env:SANDBOX_TOKEN"

[connections.{name}.syncs.account]
every = "1h"
"""
NAMES = ("east", "west")
CUSTOMERS = 8
"""As many are made in each of the two systems, and as many here."""


@dataclass
class Company:
    """Two systems and a hub between them."""

    erps: dict[str, SandboxErp]
    pool: HubPool
    actors: Actors

    def accept(self) -> None:
        """As if a person had accepted a plan of both syncs, after everything was read once."""
        for name in NAMES:
            self.call(name)
        with self.pool.lend() as hub, hub.store.write() as tx:
            for name in NAMES:
                settings = current_settings(hub, name, "account")
                tx.save(SyncState(connection=name, kind="account", accepted_settings=settings))

    def call(self, name: str) -> None:
        """The turn of a connection comes, and a worker runs it."""
        with self.pool.lend() as hub:
            with hub.store.write() as tx:
                state = tx.get(SyncState, connection=name, kind="account", lock=True)
                state = state or SyncState(connection=name, kind="account")
                tx.save(state.model_copy(update={"called_at": hub.now()}))
            run_turns(hub, name, ["account"])

    def list_due(self) -> list[UUID]:
        with self.pool.lend() as hub:
            return list_due(hub, 10_000)


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Callable[[str], Company]]:
    with ExitStack() as stack:

        def make(database_url: str) -> Company:
            erps = {name: SandboxErp(SandboxSettings(token=TOKEN), rng=random.Random(name)) for name in NAMES}
            urls = {name: stack.enter_context(serve_sandbox(erp)).url for name, erp in erps.items()}
            config = "".join(CONFIG.format(name=name, url=url) for name, url in urls.items())
            environ = {"ISTHMUS_DATABASE_URL": database_url, "SANDBOX_TOKEN": TOKEN}
            folder = tmp_path / uuid4().hex
            folder.mkdir()
            pool = HubPool(prepare_home(folder, config, environ), Outfit())
            stack.callback(pool.close)
            company = Company(erps, pool, declare_actors(open_broker(None), pool, heard=False))
            company.accept()
            return company

        yield make


def make_changes(company: Company, seed: int) -> None:
    """What people do on three sides; no field of a record is touched on two of them."""
    draw = random.Random(f"changes/{seed}")
    for name in NAMES:
        wang = Person(company.erps[name], "wang")
        for number in range(CUSTOMERS):
            tax_id = make_uscc(random.Random(f"{name}/{seed}/{number}"))
            wang.create("partner", name=f"{name}{number}有限公司", tax_id=tax_id, phone=f"021-{draw.randrange(1000)}")
    with company.pool.lend() as hub:
        for number in range(CUSTOMERS):
            identifiers = [{"kind": "uscc", "value": make_uscc(random.Random(f"here/{seed}/{number}"))}]
            create_record(hub, "account", {"name": f"这里{number}有限公司", "identifiers": identifiers}, "test")


def make_edits(company: Company, seed: int) -> None:
    draw = random.Random(f"edits/{seed}")
    with company.pool.lend() as hub, hub.store.read() as tx:
        accounts = sorted(tx.find(Account), key=lambda account: account.name)
    for account in accounts:
        with company.pool.lend() as hub:
            edit_record(hub, "account", account.id, {"email": f"a{draw.randrange(10**6)}@example.org"}, "test")
    for name in NAMES:
        wang = Person(company.erps[name], "wang")
        for row in sorted(company.erps[name].documents("partner"), key=lambda row: str(row["name"])):
            if draw.random() < 0.5 and str(row["name"]).startswith(name):
                wang.edit("partner", row["id"], phone=f"010-{draw.randrange(10**6)}")


def work_off(company: Company, workers: int, seed: int) -> None:
    """Messages of runs and of due rows until nothing is due. With several workers they come shuffled, some twice, and
    in batches of any size; a batch that is late finds its rows done."""
    draw = random.Random(f"messages/{seed}")
    late: list[Callable[[], object]] = []
    for _ in range(20):
        due = [str(id_) for id_ in company.list_due()]
        jobs: list[Callable[[], object]] = [lambda name=name: call_quietly(company, name) for name in NAMES]  # type: ignore[misc]
        if workers == 1:
            jobs += [lambda due=due: company.actors.push.fn(due)]  # type: ignore[misc]
        else:
            for _ in range(3):
                draw.shuffle(due)
                cut = sorted(draw.sample(range(len(due) + 1), min(6, len(due) + 1)))
                batches = [due[a:b] for a, b in zip([0, *cut], [*cut, len(due)], strict=True) if a < b]
                jobs += [lambda batch=batch: company.actors.push.fn(batch) for batch in batches]  # type: ignore[misc]
            jobs, late = [*jobs, *late], jobs[2:4]
            draw.shuffle(jobs)
        with ThreadPoolExecutor(workers) as crew:
            for job in [crew.submit(job) for job in jobs]:
                job.result()
        if not due and not company.list_due():
            return
    raise AssertionError("it never comes to rest")


def call_quietly(company: Company, name: str) -> None:
    """A run, unless another worker is at it or was faster."""
    from hub.errors import Transient
    from hub.sync.turns import TurnTaken

    try:
        company.call(name)
    except TurnTaken:
        return
    except Transient as error:
        assert error.code == "sync.run_under_way"  # noqa: PT017 - anything else is a failure


def describe(company: Company) -> dict[str, Any]:
    """Everything that a person could notice, without ids and times."""
    with company.pool.lend() as hub, hub.store.read() as tx:
        accounts = {account.id: account for account in tx.find(Account)}
        bindings = tx.find(Binding)
        outcomes = {row.outcome for row in tx.find(Attempt)}
    return {
        "records": sorted(
            (row.name, row.email, row.phone, tuple(line.value for line in row.identifiers)) for row in accounts.values()
        ),
        "bindings": sorted(
            (accounts[row.hub_id].name, row.connection, row.state, row.dirty, row.parked or "", str(row.held), row.ours)
            for row in bindings
        ),
        "there": {
            name: sorted((row["name"], row["tax_id"], row["phone"], row["email"]) for row in erp.documents("partner"))
            for name, erp in company.erps.items()
        },
        "outcomes": outcomes - {"ok"},
    }


def play(company: Company, workers: int, seed: int) -> dict[str, Any]:
    make_changes(company, seed)
    work_off(company, workers, seed)
    make_edits(company, seed)
    work_off(company, workers, seed + 1)
    return describe(company)


@pytest.mark.parametrize("seed", [1, 2])
def test_eight_workers_end_as_one_does(
    found: Callable[[str], Company], postgres_server: PostgresServer, tmp_path: Path, seed: int
):
    alone = play(found(f"sqlite:///{tmp_path}/alone.sqlite"), 1, seed)
    assert len(alone["records"]) == 3 * CUSTOMERS
    assert len(alone["there"]["east"]) == len(alone["there"]["west"]) == 3 * CUSTOMERS
    assert alone["outcomes"] == set()
    database = f"workers_{uuid4().hex}"
    url = f"sqlite:///{tmp_path}/eight.sqlite" if seed == 1 else postgres_server.create_database(database)
    together = play(found(url), 8, seed)
    for part, value in alone.items():
        assert together[part] == value, part


def test_eight_workers_on_postgresql_end_as_one_does(
    found: Callable[[str], Company], postgres_server: PostgresServer, tmp_path: Path
):
    alone = play(found(f"sqlite:///{tmp_path}/alone.sqlite"), 1, 3)
    together = play(found(postgres_server.create_database(f"workers_{uuid4().hex}")), 8, 3)
    assert together == alone
