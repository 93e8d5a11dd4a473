"""One account, two organisations, a connection for each: what belongs to one is never made in the other."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kingdee.connector import KingdeeConnector
from connectors.kingdee.simulator import (
    FORMS,
    Books,
    KingdeeApi,
    KingdeeSettings,
    Person,
    number,
    seed_company,
    write_credentials,
)
from hub.protocol.binding import Binding
from hub.protocol.semantics import Direction
from hub.runtime.assemble import equip_connection
from hub.sdk import Tools
from hub.sdk.simulator import HandlerTransport
from hub.store import Store
from hub.sync.adopt import adopt
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import Hub, OpenConnection
from hub.sync.plan import make_plan
from hub.sync.probe import probe_kind
from hub.sync.records import create_record, edit_record, find_record, list_records
from hub.sync.run import run_sync
from hub.sync.todo import list_todo
from tests.connectors.kingdee.bench import ZONE
from tests.sync.world import TIMING, VirtualClock

ORDER, RECEIPT = "SAL_SaleOrder", "AR_RECEIVEBILL"
NAMES = {"100": "海岳精密", "101": "海岳精密（宁波）"}
CONNECTIONS = {"main": "100", "ningbo": "101"}
DAY = "2026-10-20"
pytestmark = pytest.mark.slow


class Company:
    """Both connections of one hub, and the account that they share."""

    def __init__(self, *, takes_unnamed: str = "", only: str = "") -> None:
        self.clock = VirtualClock()
        self.books = Books(KingdeeSettings(signature_age_s=0), self.clock)
        seed_company(self.books, customers=2, materials=2, orders=0, invoices=0, seed=4)
        self.api = KingdeeApi(self.books)
        self.person = Person(self.books, "李会计")
        party = SyncSettings.model_validate({"create": True})
        syncs = {
            "account": party,
            "product": party,
            "order": SyncSettings(),
            "payment": SyncSettings(),
            "invoice": SyncSettings(direction=Direction.IN),
        }
        self.settings = {
            name: ConnectionSettings(connector="kingdee", syncs=syncs, takes_unnamed=name == takes_unnamed)
            for name in CONNECTIONS
            if not only or name == only
        }
        self.store = Store.open("sqlite://", clock=self.clock, durable=False)
        self.store.migrate()
        self.hub = Hub(
            store=self.store, config=HubConfig(connections=self.settings), opener=self._open, clock=self.clock,
            random=random.Random(7), installation="T01", timing=TIMING,
        )  # fmt: skip

    def _open(self, name: str) -> OpenConnection:
        told = {**write_credentials(self.books.settings, "http://erp.test"), "organisation": CONNECTIONS[name]}
        tools = Tools(
            clock=self.clock, random=random.Random(3), zone=ZONE, http_total_s=10,
            transport=HandlerTransport(self.api.handle),
        )  # fmt: skip
        connector = KingdeeConnector(KingdeeConnector.Config.model_validate(told), tools)
        return equip_connection(name, self.settings[name], connector, TIMING)

    def close(self) -> None:
        self.hub.close()
        self.store.close()

    # ---- the account

    def allocate(self, place: int | None = None) -> None:
        """The vendor's way: what one organisation has made is assigned to the other."""
        for form in ("BD_Customer", "BD_MATERIAL"):
            made = [bill for bill in self.books.all(FORMS[form]) if bill["FUseOrgId"] == bill["FCreateOrgId"]]
            for bill in made if place is None else [made[place]]:
                self.person.allocate(form, bill[FORMS[form].id_key], "101")

    def order_there(self, organisation: str, customer: str = "C00001", material: str = "M0001") -> Any:
        rows = [(material, "2", "11.30")]
        bill = self.person.make_order(customer, rows, DAY, FSaleOrgId=number(organisation))
        return self.person.audit(ORDER, bill["FID"])

    def receipt_there(self, order: Any) -> None:
        due = self.person.bill(ORDER, order["FID"])
        self.person.receive("AR_receivable", due["FID"], "5.00")

    def count_there(self, form: str = ORDER, org_key: str = "FSaleOrgId") -> Counter[str]:
        organisations = FORMS["ORG_Organizations"]
        return Counter(self.books.take(organisations, bill[org_key])["FNumber"] for bill in self.books.all(FORMS[form]))

    # ---- the hub

    def go_live(self) -> None:
        for name in self.settings:
            adopt(self.hub, name, None, "li")
            self.run(name)
            for kind in ("account", "product", "order", "payment"):
                probe_kind(self.hub, name, kind, "li")
            self.run(name)

    def run(self, name: str) -> None:
        self.clock.pass_time(300)
        report = run_sync(self.hub, name, None, "li", accept=make_plan(self.hub, name, None, "li").plan.label)
        assert not report.errors

    def run_all(self) -> None:
        for name in self.settings:
            self.run(name)

    def plan(self, name: str, kind: str = "order") -> Counter[tuple[str, str | None]]:
        """What would happen there: action and reason."""
        items = make_plan(self.hub, name, None, "li").items
        return Counter((item.action, item.reason) for item in items if item.side == "there" and item.kind == kind)

    def name_organisations(self) -> dict[str, Any]:
        return {key: create_record(self.hub, "organisation", {"name": name}, "li") for key, name in NAMES.items()}

    def order_here(self, organisation: Any = None, customer: str = "C00001") -> Any:
        account, product = find_record(self.hub, "account", customer), find_record(self.hub, "product", "M0001")
        line = {"product_id": product.id, "quantity": "1", "unit_price": "10", "tax_rate": "0.13"}
        named = {"organisation_id": organisation.id} if organisation is not None else {}
        return create_record(
            self.hub, "order", {"account_id": account.id, "ordered_on": DAY, "lines": [line], **named}, "li"
        )

    def pay_here(self, order: Any) -> Any:
        part = {"target": "order", "order_id": order.id, "amount": "3"}
        values = {
            "account_id": order.account_id,
            "paid_on": DAY,
            "amount": "3",
            "currency": "CNY",
            "allocations": [part],
        }
        return create_record(self.hub, "payment", {**values, "method": "电汇"}, "li")

    def places_of(self, record: Any) -> set[str]:
        with self.store.read() as tx:
            rows = tx.find(Binding, kind=record.KIND, hub_id=record.id)
        return {row.connection for row in rows if row.remote_id is not None}


@pytest.fixture
def company() -> Iterator[Company]:
    made = Company()
    yield made
    made.close()


def test_what_is_of_one_organisation_is_planned_into_no_other(company: Company):
    company.allocate()
    for organisation in CONNECTIONS.values():
        company.receipt_there(company.order_there(organisation))
    company.go_live()
    assert len(list_records(company.hub, "order")) == len(list_records(company.hub, "payment")) == 2
    foreign = Counter({("hold", "sync.other_organisation"): 1})
    for name in CONNECTIONS:
        assert company.plan(name) == company.plan(name, "payment") == foreign
    writes = company.api.writes
    company.run_all()
    assert company.api.writes == writes, "nothing is left to say"
    assert company.count_there() == {"100": 1, "101": 1}
    held = [item for item in list_todo(company.hub) if not item.informational]
    assert [(item.kind, item.code) for item in held] == [], "it is meant so: nobody is asked"


def test_a_document_says_whose_it_is_once_the_organisations_have_names(company: Company):
    company.allocate()
    organisations = company.name_organisations()
    for organisation in CONNECTIONS.values():
        company.receipt_there(company.order_there(organisation))
    company.go_live()
    for kind in ("order", "payment"):
        records: list[Any] = list_records(company.hub, kind)
        told = {record.organisation_id for record in records}
        assert told == {record.id for record in organisations.values()}


def test_the_hubs_own_documents_go_where_they_say_and_wait_while_they_say_nothing(company: Company):
    company.allocate()
    organisations = company.name_organisations()
    company.go_live()
    orders = {key: company.order_here(organisations[key]) for key in organisations}
    silent = company.order_here()
    company.run_all()
    assert company.count_there() == {"100": 1, "101": 1}
    assert {key: company.places_of(order) for key, order in orders.items()} == {"100": {"main"}, "101": {"ningbo"}}
    assert company.plan("main")["hold", "sync.organisation_unsaid"] == 1
    waiting = {item.code for item in list_todo(company.hub) if item.record_id == silent.id}
    assert waiting == {"sync.organisation_unsaid"}

    paid = company.pay_here(orders["101"])
    company.run_all()
    assert company.places_of(paid) == {"ningbo"}, "money goes where its order went"
    edit_record(company.hub, "order", silent.id, {"organisation_id": organisations["101"].id}, "li")
    company.run_all()
    assert company.places_of(silent) == {"ningbo"}
    assert company.plan("main")["hold", "sync.other_organisation"] == 2

    writes = company.api.writes
    company.run_all()
    assert company.api.writes == writes
    assert company.count_there() == {"100": 1, "101": 2}
    assert company.count_there(RECEIPT, "FPAYORGID") == {"101": 1}


def test_one_of_the_connections_may_take_what_names_nothing():
    company = Company(takes_unnamed="ningbo")
    try:
        company.allocate()
        company.go_live()
        order = company.order_here()
        company.run_all()
        assert company.places_of(order) == {"ningbo"}
        assert company.plan("main")["hold", "sync.other_organisation"] == 1
    finally:
        company.close()


def test_alone_a_connection_takes_what_names_nothing_and_nothing_of_another():
    company = Company(only="main")
    try:
        organisations = company.name_organisations()
        company.go_live()
        order, foreign = company.order_here(), company.order_here(organisations["101"])
        company.run_all()
        assert company.places_of(order) == {"main"}
        read: Any = find_record(company.hub, "order", str(order.id))
        assert read.organisation_id == organisations["100"].id
        assert company.places_of(foreign) == set()
        assert company.plan("main")["hold", "sync.other_organisation"] == 1
    finally:
        company.close()


def test_a_customer_of_one_organisation_is_assigned_to_the_other_and_not_made_again(company: Company):
    organisations = company.name_organisations()
    company.allocate(0)
    company.go_live()
    assert company.plan("ningbo", "account") == {("hold", "sync.shared_there"): 1}
    order = company.order_here(organisations["101"], customer="C00002")
    company.run_all()
    assert company.places_of(order) == set(), "its customer is not there yet"
    waiting = {item.code for item in list_todo(company.hub) if item.record_id == order.id}
    assert waiting == {"sync.parent_waits"}
    company.allocate(1)
    before = {name: len(list(company.books.all(FORMS[name]))) for name in ("BD_Customer", "BD_MATERIAL")}
    company.run_all()
    company.run_all()
    assert company.places_of(order) == {"ningbo"}
    assert {name: len(list(company.books.all(FORMS[name]))) for name in before} == before
    assert len(list_records(company.hub, "account")) == 2
