"""A hub and a real Tryton: everything comes in as it is there, one order goes out and comes back, then quiet.

In one process only: these play the parts (pull, push) by hand. The same on many machines is in ``test_orders``."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.tryton.connector import TrytonConnector
from hub.locale import add_catalogue
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.model.party import Account
from hub.model.product import Product
from hub.model.sales import Order
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Timing
from hub.runtime.assemble import equip_connection
from hub.runtime.clock import SystemClock
from hub.sdk import Tools
from hub.store import Store
from hub.store.rows import Attempt, DeadRow
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import Hub, OpenConnection
from hub.sync.pull import pull_stream
from hub.sync.push import list_due, push_bindings
from hub.sync.records import create_record, edit_record
from hub.testkit.tryton import PreparedTryton, RunningTryton, start_tryton
from hub.testkit.tryton_people import Line, TrytonPerson
from tests.house.source import ROOT
from tests.journeys.people import draw_uscc

add_catalogue(ROOT / "connectors" / "tryton" / "locale")
KINDS = ("account", "product", "order")
TIMING = Timing(http_total_s=40)
ORDERS = 120


class Books:
    """The hub beside one Tryton; ``confirm`` is the admin's choice for orders."""

    def __init__(self, server: RunningTryton, folder: Path, confirm: str = "save") -> None:
        self.clock = SystemClock()
        self.server = server
        self.store = Store.open(f"sqlite:///{folder}/hub.sqlite", clock=self.clock, durable=False)
        self.store.migrate()
        syncs = {"account": {"create": True}, "product": {}, "order": {"confirm": confirm}}
        self.settings = ConnectionSettings(
            connector="tryton", syncs={kind: SyncSettings.model_validate(value) for kind, value in syncs.items()}
        )
        self.hub = Hub(
            store=self.store,
            config=HubConfig(connections={"books": self.settings}),
            opener=self._open,
            clock=self.clock,
            random=random.Random(5),
            installation="T01",
            timing=TIMING,
            page_size=50,
        )

    def _open(self, name: str) -> OpenConnection:
        config = TrytonConnector.Config.model_validate(
            {
                "url": self.server.url,
                "database": self.server.database,
                "login": self.server.login,
                "password": self.server.password,
            }
        )
        tools = Tools(clock=self.clock, random=random.Random(3), http_total_s=TIMING.http_total_s)
        return equip_connection(name, self.settings, TrytonConnector(config, tools), TIMING)

    def close(self) -> None:
        self.hub.close()
        self.store.close()

    def pull(self) -> dict[str, int]:
        """Outcome → count over all kinds, zeros left out."""
        found: dict[str, int] = {}
        for kind in KINDS:
            for outcome, count in pull_stream(self.hub, "books", kind, actor="test").counts.items():
                if count:
                    found[outcome] = found.get(outcome, 0) + count
        return found

    def push(self) -> dict[str, int]:
        """Whatever is due, until nothing is; the steps taken."""
        steps: dict[str, int] = {}
        for _ in range(4):
            due = list_due(self.hub, 1000, accepted_only=False)
            if not due:
                break
            report = push_bindings(self.hub, due, guard=lambda *_: None)
            assert not report.errors, report.errors
            for step, count in report.steps.items():
                steps[step] = steps.get(step, 0) + count
        return steps

    def find(self, model: type[Any], **where: Any) -> Sequence[Any]:
        with self.store.read() as tx:
            return tx.find(model, **where)

    def binding_of(self, record: Entity) -> Binding:
        with self.store.read() as tx:
            return tx.find(Binding, hub_id=record.id)[0]

    def read(self, record: Entity) -> Any:
        with self.store.read() as tx:
            return tx.get(find_kind(record.KIND), id=record.id)


@pytest.fixture
def traded(traded_tryton: PreparedTryton, tmp_path: Path) -> Iterator[RunningTryton]:
    with start_tryton(traded_tryton, tmp_path / "tryton") as server:
        yield server


@pytest.fixture
def wang(traded: RunningTryton) -> Iterator[TrytonPerson]:
    person = TrytonPerson(traded.url, traded.database, traded.accountant_login, traded.accountant_password)
    yield person
    person.close()


@pytest.fixture
def books(traded: RunningTryton, tmp_path: Path) -> Iterator[Books]:
    made = Books(traded, tmp_path)
    yield made
    made.close()


def test_everything_comes_in_with_the_same_counts_and_sums(books: Books, wang: TrytonPerson):
    first = books.pull()
    assert set(first) == {"created"}, books.find(DeadRow)
    orders = wang.orders()
    assert len(books.find(Account)) == wang.count("party.party")
    assert len(books.find(Product)) == wang.count("product.product")
    assert len(books.find(Order)) == len(orders) == ORDERS
    assert books.find(DeadRow) == []
    with books.store.read() as tx:
        sums = {field: tx.sum_amounts(Order, field)[0].amount for field in ("net", "tax", "gross")}
    assert sums == {
        "net": sum((order.untaxed for order in orders), Decimal(0)),
        "tax": sum((order.tax for order in orders), Decimal(0)),
        "gross": sum((order.total for order in orders), Decimal(0)),
    }
    assert set(books.pull()) <= {"unchanged"}
    assert books.push() == {}
    assert books.find(Attempt) == []


def test_an_order_goes_out_as_a_draft_and_comes_back_confirmed(books: Books, wang: TrytonPerson):
    books.pull()
    account, product = books.find(Account, name__prefix="西安")[0], books.find(Product)[0]
    lines = [{"product_id": str(product.id), "quantity": "3", "unit_price": "33.335"}]
    order = create_record(
        books.hub,
        "order",
        {"account_id": str(account.id), "reference": "PO-7", "note": "急", "lines": lines},
        actor="test",
    )
    books.push()
    bound = books.binding_of(order)
    assert (bound.state, bound.stage, bound.held, bound.parked) == (BindingState.WAITING, "draft", {}, None)
    sale = int(bound.remote_id or 0)
    there = wang.order(sale)
    assert (there.state, there.comment, there.reference) == ("draft", "急", bound.ref)
    assert (there.untaxed, there.tax, there.total) == (Decimal("100.00"), Decimal("13.00"), Decimal("113.00"))

    edit_record(books.hub, "order", order.id, {"note": "不急"}, actor="test")
    books.push()
    assert wang.order(sale).comment == "不急"
    wang.quote(sale)
    wang.confirm(sale)
    books.pull()
    books.push()
    assert books.binding_of(order).state is BindingState.BOUND
    assert (books.read(order).state, books.read(order).gross) == ("approved", Decimal("113.00"))
    attempts = len(books.find(Attempt))
    books.pull()
    assert books.push() == {}
    assert len(books.find(Attempt)) == attempts
    assert wang.count("sale.sale") == ORDERS + 1


def test_a_new_customer_orders_a_new_product_and_the_hub_confirms(traded: RunningTryton, tmp_path: Path):
    books = Books(traded, tmp_path, confirm="audit")
    books.pull()  # before that nobody knows whether they are there already
    account = create_record(
        books.hub,
        "account",
        {
            "name": "丰泽自动化有限公司",
            "phone": "0571-1",
            "identifiers": [{"kind": "uscc", "value": draw_uscc()}],
            "addresses": [{"street": "一路 2 号", "city": "杭州"}],
        },
        actor="test",
    )
    product = create_record(
        books.hub, "product", {"name": "垫片", "unit": "u", "list_price": "0.35", "tax_rate": "0.13"}, actor="test"
    )
    lines = [{"product_id": str(product.id), "quantity": "100", "unit_price": "0.35"}]
    order = create_record(books.hub, "order", {"account_id": str(account.id), "lines": lines}, actor="test")
    books.push()
    books.push()
    states = {record.KIND: books.binding_of(record) for record in (account, product, order)}
    assert {kind: row.state for kind, row in states.items()} == dict.fromkeys(KINDS, BindingState.BOUND), states
    assert states["order"].stage == "effective"
    assert books.read(order).state == "approved"
    books.close()


def test_a_direct_edit_of_a_line_there_comes_in(books: Books, wang: TrytonPerson):
    party = wang.make_customer("直改公司")
    product = wang.make_product("ZG-1", "螺栓", Decimal(2))
    sale = wang.make_order(party, [Line(product, 1)])
    books.pull()
    wang.edit_line(sale, 0, directly=True, quantity=5)
    assert books.pull()["updated"] == 1
    row = books.find(Binding, kind="order", remote_id=str(sale))[0]
    with books.store.read() as tx:
        order = tx.get(Order, id=row.hub_id)
    assert order is not None
    assert (order.lines[0].quantity, order.net) == (Decimal(5), Decimal(10))
