"""Web, schedulers and workers as processes of their own, on PostgreSQL and Redis, without homes."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import redis

from connectors.sandbox.simulator import Person, SandboxErp, SandboxSettings, make_uscc, serve_sandbox
from hub.model.party import Account
from hub.protocol.binding import Binding, BindingState
from hub.runtime.assemble import close_hub, open_hub
from hub.runtime.home import Home
from hub.runtime.secrets import Vault
from hub.store.rows import Lease, Run
from hub.sync.records import create_record
from hub.testkit.servers import PostgresServer, RedisServer, start_redis
from tests.commands.stage import Terminal
from tests.runtime.machines import KEY, Rack, database_of, racked, wait_until

pytestmark = pytest.mark.slow
TOKEN = "journeys-of-many-machines"  # pragma: allowlist secret
CONFIG = """
[connections.erp]
connector = "sandbox"
url = "{url}"
token = "secret:erp.token"

[connections.erp.syncs.account]
every = "5s"
"""


MAPPING = """
[fields]
"attributes.region" = { from = "phone", code = "region", direction = "in" }
"""


@dataclass
class Company:
    """An ERP, and the admin's machine: the only one with a home."""

    erp: SandboxErp
    home: Home
    folder: Path

    @property
    def wang(self) -> Person:
        return Person(self.erp, "wang")

    def make_here(self, count: int) -> None:
        hub = open_hub(self.home)
        for _ in range(count):
            draw = random.Random(uuid4().int)
            identifiers = [{"kind": "uscc", "value": make_uscc(draw)}]
            name = f"客户{draw.randrange(10**9)}有限公司"
            create_record(hub, "account", {"name": name, "identifiers": identifiers}, "test")
        close_hub(hub)

    def make_there(self, number: int) -> Any:
        name = f"客户{number}有限公司"
        return self.wang.create("partner", name=name, tax_id=make_uscc(random.Random(f"there/{number}")), phone="021")

    def names_there(self) -> list[str]:
        return [str(row["name"]) for row in self.erp.documents("partner")]

    def runs(self) -> list[Run]:
        with database_of(self.home) as store, store.read() as tx:
            return tx.find(Run, order=["number"])

    def accounts(self) -> list[Account]:
        with database_of(self.home) as store, store.read() as tx:
            return tx.find(Account)

    def unsent(self) -> int:
        with database_of(self.home) as store, store.read() as tx:
            return tx.count(Binding, state=BindingState.NEW)


@pytest.fixture
def company(tmp_path: Path, postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    name = f"scale_{uuid4().hex}"
    environ = {"ISTHMUS_DATABASE_URL": postgres_server.create_database(name), "ISTHMUS_KEY": KEY}
    for variable, value in environ.items():
        monkeypatch.setenv(variable, value)
    erp = SandboxErp(SandboxSettings(token=TOKEN), rng=random.Random(1))
    with serve_sandbox(erp) as server:
        home = Home(tmp_path / "admin", environ)
        company = Company(erp, home, tmp_path)
        terminal = Terminal(home.folder)
        terminal.call("init")
        config = home.config_file.read_text(encoding="utf-8") + CONFIG.format(url=server.url)
        home.config_file.write_text(config, encoding="utf-8")
        keep_token(home)
        terminal.call("apply")
        company.make_there(0)
        label = terminal.json("sync", "plan", "erp")["item"]["plan"]["label"]
        terminal.call("sync", "run", "erp", "--accept", label)
        yield company
    postgres_server.drop_database(name)


def keep_token(home: Home) -> None:
    from hub.runtime.clock import SystemClock

    with database_of(home) as store:
        Vault(home, store, SystemClock()).put("erp.token", TOKEN, "test")


@pytest.fixture
def rack(company: Company, redis_server: RedisServer) -> Iterator[Rack]:
    redis.Redis.from_url(redis_server.url).flushall()
    environ = {**company.home.environ, "ISTHMUS_BROKER_URL": redis_server.url}
    with racked(company.folder, environ) as rack:
        yield rack


def address_of(log: str) -> str | None:
    found = re.search(r"http://127\.0\.0\.1:\d+", log)
    return found[0] if found else None


def test_machines_need_two_addresses_and_the_key(company: Company, rack: Rack):
    """What the admin's home holds beside isthmus.toml (a site mapping, code tables) reaches them as well."""
    folder = company.home.mappings / "erp"
    folder.mkdir(parents=True)
    (folder / "account.toml").write_text(MAPPING, encoding="utf-8")
    company.home.codes.mkdir()
    (company.home.codes / "erp.toml").write_text('[region]\n"021" = "shanghai"\n', encoding="utf-8")
    terminal = Terminal(company.home.folder)
    terminal.call("apply")
    terminal.call("sync", "run", "erp", "--accept", terminal.json("sync", "plan", "erp")["item"]["plan"]["label"])
    machines = [
        rack.start("web", "serve", "--port", "0"),
        *(rack.start(f"scheduler{number}", "scheduler", "--port", "0") for number in (1, 2)),
        *(rack.start(f"worker{number}", "worker", "--port", "0") for number in (1, 2)),
    ]
    wait_until(lambda: all(address_of(machine.log) for machine in machines))
    urls = {machine.name: address_of(machine.log) or "" for machine in machines}
    wait_until(lambda: all(httpx.get(f"{url}/readyz").status_code == 200 for url in urls.values()))
    assert httpx.get(f"{urls['worker1']}/readyz").json()["checks"] == {"database": True, "workers": True}
    assert httpx.get(urls["worker1"]).status_code == 404, "the page is the web's"
    assert "erp" in httpx.get(urls["web"]).text

    company.make_there(7)
    company.make_here(3)
    wait_until(lambda: len(company.accounts()) == 5 and len(company.names_there()) == 5)
    assert sum(account.attributes.get("region") == "shanghai" for account in company.accounts()) == 2
    metrics = httpx.get(f"{urls['scheduler1']}/metrics").text
    for part, count in (("web", 1), ("worker", 2), ("scheduler", 2)):
        assert f'isthmus_processes{{part="{part}"}} {count}.0' in metrics
    assert [machine.stop() for machine in machines] == [0] * 5
    assert {run.state for run in company.runs()} <= {"done", "stopped"}
    assert not (company.folder / "nothing-here").exists()
    assert all(TOKEN not in machine.log for machine in machines)


def test_the_broker_is_flushed_away_and_back_and_nothing_is_lost(company: Company, rack: Rack, server_folder: Path):
    server = start_redis(server_folder)
    rack.environ = {**rack.environ, "ISTHMUS_BROKER_URL": server.url}
    machines = [rack.start("scheduler", "scheduler"), rack.start("worker1", "worker"), rack.start("worker2", "worker")]
    wait_until(lambda: all("configuration" in machine.log for machine in machines))
    company.make_here(5)
    redis.Redis.from_url(server.url).flushall()
    wait_until(lambda: company.unsent() == 0)
    server.kill()
    before = len(company.runs())
    company.make_here(30)
    company.make_there(8)
    wait_until(lambda: company.unsent() == 0 and len(company.accounts()) == 37)
    assert len(company.runs()) > before, "turns go on"
    again = start_redis(server_folder, server.port)
    try:
        wait_until(lambda: all("broker.back" in machine.log for machine in machines if "away" in machine.log))
        company.make_here(3)
        wait_until(lambda: company.unsent() == 0)
        assert [machine.stop() for machine in machines] == [0] * 3
    finally:
        again.stop()
    assert len(company.names_there()) == len(set(company.names_there())) == 40


def test_a_broker_that_was_never_there(company: Company, rack: Rack):
    rack.environ = {**rack.environ, "ISTHMUS_BROKER_URL": "redis://127.0.0.1:1/0"}
    machines = [rack.start("scheduler", "scheduler"), rack.start("worker", "worker")]
    company.make_here(25)
    company.make_there(9)
    wait_until(lambda: company.unsent() == 0 and len(company.accounts()) == 27)
    assert [machine.stop() for machine in machines] == [0, 0]
    assert "broker.away" in machines[0].log
    assert len(company.names_there()) == 27


def test_two_schedulers_never_fire_twice_and_miss_nothing_when_one_is_killed(company: Company, rack: Rack):
    first = rack.start("scheduler1", "scheduler")
    wait_until(lambda: holder(company) is not None)
    second, worker = rack.start("scheduler2", "scheduler"), rack.start("worker", "worker")
    began = len(company.runs())
    wait_until(lambda: len(company.runs()) >= began + 2)
    first.kill()
    dead = holder(company)
    killed_at = time.monotonic()
    wait_until(lambda: holder(company) != dead)
    count = len(company.runs())
    wait_until(lambda: len(company.runs()) >= count + 2)
    assert time.monotonic() - killed_at < 60
    assert [machine.stop() for machine in (second, worker)] == [0, 0]
    starts = [run.started_at for run in company.runs()[began:]]
    # A turn comes every 5 s; a run that begins late does not move the turns after it. Fired twice, there were more.
    assert len(starts) - 1 <= (starts[-1] - starts[0]) / timedelta(seconds=5) + 1, starts


def holder(company: Company) -> str | None:
    with database_of(company.home) as store, store.read() as tx:
        lease = tx.get(Lease, name="scheduler")
    return lease.holder if lease else None
