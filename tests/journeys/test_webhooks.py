"""A shop pushes customers, orders and payments, some twice, out of order, old ones again, answers lost; whoever
receives them is killed in the middle; the ERP ends with each of them once. In one process, and with web, two
workers and two schedulers apart over PostgreSQL and Redis."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from typer.testing import CliRunner

from connectors.sandbox.simulator import SandboxErp, SandboxSettings, serve_sandbox
from connectors.webhook.simulator import SECRETS, Pusher, Shop
from hub.commands.app import build_app
from hub.model.finance import Payment
from hub.model.party import Account
from hub.model.sales import Order
from hub.runtime.assemble import open_store
from hub.runtime.home import Home
from hub.store.event_rows import Event
from hub.store.rows import DeadRow
from hub.testkit.servers import PostgresServer, RedisServer
from tests.journeys.shop_home import write_erp, write_shop

PROGRAM = str(Path(sys.executable).parent / "isthmus")
TOKEN, SECRET = "journeys-of-a-shop", SECRETS["standard-webhooks"]  # pragma: allowlist secret
FAULTS = {"duplicate": 0.2, "reorder": 0.2, "old_version": 0.2, "lost_answer": 0.1, "forged": 0.1}
STEPS = 60
ENDS_S = 150.0


class Site:
    """A hub in processes of its own, beside an ERP."""

    def __init__(self, folder: Path, erp_url: str, more: Mapping[str, str], apart: bool) -> None:
        self.home = Home(folder, {"SHOP_SECRET": SECRET, "ERP_TOKEN": TOKEN, **more})
        self._environ = {**os.environ, **self.home.environ, "LANG": "C"}
        self.apart = apart
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._processes: list[subprocess.Popen[bytes]] = []
        self.call("init")
        text = self.home.config_file.read_text(encoding="utf-8") + write_shop()
        text += write_erp("sandbox", {"url": erp_url, "token": "env:ERP_TOKEN"}, ("account", "order"))
        self.home.config_file.write_text(text, encoding="utf-8")
        self.call("apply")
        label = self.call("sync", "plan", "erp")["item"]["plan"]["label"]
        self.call("sync", "run", "erp", "--accept", label)

    def call(self, *words: str) -> Any:
        """One command in this process; the document that it printed."""
        line = ["--home", str(self.home.folder), *words, "--json"]
        done = CliRunner().invoke(build_app(), line, env=self._environ)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def begin(self) -> None:
        """Everything runs."""
        if self.apart:
            worker = ("worker", "--workers", "2")
            for words in (worker, worker, ("scheduler",), ("scheduler",)):
                self._processes.append(self._start(*words))
        self.receive()

    def receive(self) -> None:
        """The process that takes the calls runs, and answers."""
        self.receiver = self._start("serve" if self.apart else "up", "--port", str(self.port))
        wait_for(self._answers, "it never answered")

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        except httpx.TransportError:
            assert self.receiver.poll() is None, (self.home.folder / "processes.log").read_text(encoding="utf-8")
            return False

    def kill_receiver(self) -> None:
        """As a power cut would, and a new one."""
        self.receiver.kill()
        self.receiver.wait()
        self.receive()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def find(self, model: type[Any], **where: Any) -> list[Any]:
        store = open_store(self.home)
        try:
            with store.read() as tx:
                return tx.find(model, **where)
        finally:
            store.close()

    def end(self) -> None:
        for process in (*self._processes, self.receiver):
            process.kill()
            process.wait()

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        log = (self.home.folder / "processes.log").open("ab")
        with log:
            command = [PROGRAM, "--home", str(self.home.folder), *words]
            return subprocess.Popen(command, env=self._environ, stdout=log, stderr=log)


@pytest.fixture
def erp() -> Iterator[tuple[SandboxErp, str]]:
    erp = SandboxErp(SandboxSettings(token=TOKEN), rng=random.Random(4))
    with serve_sandbox(erp) as server:
        yield erp, server.url


@pytest.fixture(params=["alone", pytest.param("apart", marks=pytest.mark.servers)])
def site(request: pytest.FixtureRequest, tmp_path: Path, erp: tuple[SandboxErp, str]) -> Iterator[Site]:
    more: dict[str, str] = {}
    if request.param == "apart":
        postgres: PostgresServer = request.getfixturevalue("postgres_server")
        redis: RedisServer = request.getfixturevalue("redis_server")
        database = postgres.create_database(f"hooks_{uuid4().hex}")
        more = {"ISTHMUS_DATABASE_URL": database, "ISTHMUS_BROKER_URL": redis.url}
    site = Site(tmp_path / "home", erp[1], more, request.param == "apart")
    site.begin()
    yield site
    site.end()


def wait_for(condition: Callable[[], bool], words: str) -> None:
    end = time.monotonic() + ENDS_S
    while not condition():
        assert time.monotonic() < end, words
        time.sleep(0.2)


def test_what_a_shop_pushes_reaches_the_erp_once(site: Site, erp: tuple[SandboxErp, str]):
    shop, pusher = Shop(11), Pusher(f"{site.url}/hooks/shop", "standard-webhooks", SECRET, 11, FAULTS)
    happened = [event for _ in range(STEPS) for event in shop.step()]
    pusher.add(happened)
    if not site.apart:
        site.call("connection", "pause", "erp")  # killed with the receiver, a write would wait for its lease to end
    pushing = threading.Thread(target=pusher.push_all)
    pushing.start()
    for share in (3, 2):
        wait_for(partial(is_under_way, pusher, STEPS // share), "nothing is accepted")
        site.kill_receiver()
    pushing.join()
    if not site.apart:
        site.call("connection", "resume", "erp")
    assert pusher.waiting == 0
    kept = check_kept(site, pusher)
    assert kept >= {event.id for event in happened}
    wait_for(lambda: not site.find(Event, state="new"), "events were never read")
    wait_for(lambda: is_there(shop, erp[0]), "the ERP never had it all")
    check_same(site, shop, erp[0])
    todo = [item for item in site.call("todo")["items"] if not item["informational"]]
    assert todo == []


def is_under_way(pusher: Pusher, count: int) -> bool:
    return len(pusher.ledger.accepted) > count


def check_kept(site: Site, pusher: Pusher) -> set[str]:
    """Every call that was told 2xx is in the table, once; forged ones are not."""
    assert pusher.ledger.statuses.keys() <= {200, 401}
    assert pusher.ledger.statuses[401] == pusher.ledger.faults["forged"] > 0
    keys = Counter(event.key for event in site.find(Event))
    assert set(pusher.ledger.accepted) <= keys.keys()
    assert set(keys.values()) == {1}
    return set(keys)


def list_living(erp: SandboxErp, kind: str) -> Sequence[Mapping[str, Any]]:
    return [row for row in erp.documents(kind) if not row.get("deleted")]


def is_there(shop: Shop, erp: SandboxErp) -> bool:
    """Customers and orders, each with its last change."""
    streets = sorted(row["street"] for row in list_living(erp, "partner"))
    notes = sorted(row["note"] for row in list_living(erp, "sale"))
    customers, orders = shop.documents["customer"].values(), shop.documents["order"].values()
    return streets == sorted(row["street"] for row in customers) and notes == sorted(row["note"] for row in orders)


def check_same(site: Site, shop: Shop, erp: SandboxErp) -> None:
    """Nothing twice and nothing lost, to the cent, in the hub and in the ERP."""
    there = shop.documents
    names = sorted(row["name"] for row in there["customer"].values())
    assert sorted(row["name"] for row in list_living(erp, "partner")) == names
    assert sorted(row.name for row in site.find(Account)) == names
    totals = sorted(Decimal(row["gross"]) for row in there["order"].values())
    assert sorted(Decimal(row["gross"]) for row in list_living(erp, "sale")) == totals
    orders = site.find(Order)
    assert sorted(row.gross for row in orders) == totals
    assert sorted(row.number for row in site.find(Payment)) == sorted(r["number"] for r in there["payment"].values())
    paid = {there["order"][row["order_id"]]["number"]: Decimal(row["amount"]) for row in there["payment"].values()}
    assert {row.number: row.paid for row in orders if row.paid} == paid
    assert site.find(DeadRow) == []
