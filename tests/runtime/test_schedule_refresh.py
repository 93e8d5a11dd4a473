"""Snapshots of a business registry that get old, as the scheduler and a worker keep them fresh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dramatiq import Broker, Message

from connectors.qichacha.simulator import QccApi, make_companies, serve_qichacha
from hub.model.party import Account
from hub.runtime.actors import Actors, declare_actors
from hub.runtime.assemble import Outfit
from hub.runtime.broker import open_broker
from hub.runtime.pool import HubPool
from hub.runtime.schedule import SWEEP_STEP_S, Scheduler
from hub.store.registry_rows import LookupSpend
from hub.store.rows import Image
from hub.sync.enrich import enrich_accounts
from hub.sync.lookups import open_desk
from hub.sync.records import create_record, void_record
from hub.sync.refresh import list_refreshing
from tests.runtime.stage import TurnedClock, prepare_home

CONFIG = """
[connections.qcc]
connector = "qichacha"
url = "{url}"
app_key = "appkey1"
secret_key = "env:QCC_SECRET"
paid_calls_per_day = 2
{more}
"""
SECRET = {"QCC_SECRET": "secret1"}  # pragma: allowlist secret
DAY_S = 86_400


class Registry:
    """Three customers of a hub, each with a snapshot, one a day older than the next."""

    def __init__(self, folder: Path, broker: Broker, more: str) -> None:
        self.clock = TurnedClock()
        self.api = QccApi(make_companies(8, 1), clock=self.clock)
        self.server = serve_qichacha(self.api)
        home = prepare_home(folder, CONFIG.format(url=self.server.url, more=more), SECRET)
        self.pool = HubPool(home, Outfit(clock=self.clock))
        self.broker = broker
        self.actors: Actors = declare_actors(broker, self.pool)
        self.scheduler = Scheduler(self.pool, self.actors)
        self.customers = [self._meet(company) for company in self.api.companies[:3]]
        self.asked = len(self.customers)

    def _meet(self, company: dict[str, Any]) -> Account:
        with self.pool.lend() as hub:
            told = {"name": company["Name"], "identifiers": [{"kind": "uscc", "value": company["CreditCode"]}]}
            made = create_record(hub, "account", told, "li", anyway=True)
            assert isinstance(made, Account)
            list(enrich_accounts(open_desk(hub, "qcc"), [made], "li"))
        self.clock.turn(DAY_S)
        return made

    def work(self) -> int:
        """A tick, and what a worker does of it; how many paid calls that were."""
        self.clock.turn(SWEEP_STEP_S)
        assert self.scheduler.tick()
        queue = self.broker.queues["refresh_registry"].queue
        while queue:
            self.actors.refresh.fn(*Message.decode(queue.popleft()).args)
        before, self.asked = self.asked, sum(self.api.billed.values())
        return self.asked - before

    def ages(self) -> list[int]:
        """Days since each customer's snapshot was taken."""
        with self.pool.store.read() as tx:
            images = {row.record_id: row.at for row in tx.find(Image, connection="qcc")}
        return [(self.clock.now() - images[customer.id]).days for customer in self.customers]

    def close(self) -> None:
        self.pool.close()
        self.server.stop()


@pytest.fixture
def make_registry(tmp_path: Path) -> Iterator[Any]:
    broker, made = open_broker(None), list[Registry]()

    def make(more: str = "refresh_days = 7") -> Registry:
        made.append(Registry(tmp_path, broker, more))
        return made[-1]

    yield make
    for registry in made:
        registry.close()
    broker.close()


def test_the_oldest_come_first_inside_the_budget_of_a_day(make_registry: Any) -> None:
    registry = make_registry()
    assert registry.work() == 0, "none is old enough"
    registry.clock.turn(7 * DAY_S)
    assert (registry.work(), registry.ages()) == (2, [0, 0, 8])
    assert [registry.work() for _ in range(3)] == [0, 0, 0], "the budget of the day is used up"
    registry.clock.turn(DAY_S)
    assert (registry.work(), registry.ages()) == (1, [1, 1, 0])
    assert registry.work() == 0
    with registry.pool.store.read() as tx:
        assert sum(row.calls for row in tx.find(LookupSpend)) == sum(registry.api.billed.values()) == 6


def test_the_budget_of_a_month_ends_it(make_registry: Any) -> None:
    registry = make_registry("refresh_days = 7\npaid_calls_per_month = 4")
    registry.clock.turn(7 * DAY_S)
    assert [registry.work() for _ in range(2)] == [1, 0]
    registry.clock.turn(DAY_S)
    assert registry.work() == 0


def test_nothing_is_looked_up_by_itself_unless_somebody_says_so(make_registry: Any) -> None:
    registry = make_registry("")
    registry.clock.turn(400 * DAY_S)
    assert registry.work() == 0
    with registry.pool.lend() as hub:
        assert list_refreshing(hub) == []


def test_a_lost_answer_is_not_paid_for_again_the_same_day_and_stops_no_other(make_registry: Any) -> None:
    registry = make_registry()
    registry.clock.turn(4.5 * DAY_S)
    registry.api.next_fault = "lost"
    assert registry.work() == 1
    registry.clock.turn(300)
    assert (registry.work(), registry.ages()) == (0, [7, 6, 5])
    registry.clock.turn(0.6 * DAY_S)
    assert (registry.work(), registry.ages()) == (1, [8, 0, 6])
    registry.clock.turn(0.6 * DAY_S)
    assert (registry.work(), registry.ages()) == (1, [0, 0, 6])


def test_who_is_gone_costs_nothing_and_what_is_off_the_register_is_asked_once(make_registry: Any) -> None:
    registry = make_registry()
    with registry.pool.lend() as hub:
        void_record(hub, "account", registry.customers[0].id, "li")
    registry.api.companies.pop(1)
    registry.clock.turn(7 * DAY_S)
    assert registry.work() == 2
    assert registry.ages()[1:] == [9, 0]
    registry.clock.turn(DAY_S)
    assert [registry.work() for _ in range(3)] == [0, 0, 0]


def test_a_key_out_of_order_pauses_it(make_registry: Any) -> None:
    registry = make_registry()
    registry.clock.turn(7 * DAY_S)
    registry.api.settings = type(registry.api.settings)(status="102")
    assert [registry.work() for _ in range(4)] == [0] * 4
    assert sum(registry.api.calls.values()) == 4, "three at first, and one that told"
