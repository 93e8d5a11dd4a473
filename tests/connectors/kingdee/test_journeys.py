"""Orders and money between the hub and the account, with the accountant at work, and with everything that goes wrong on
the way."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from connectors.kingdee.simulator import FORMS, BillRefused, Books, Faults, KingdeeSettings, make_uscc, seed_company
from hub.errors import IsthmusError
from tests.connectors.kingdee.office import Office
from tests.journeys.desk import MovedClock

ORDER, RECEIPT = "SAL_SaleOrder", "AR_RECEIVEBILL"
STEPS = int(os.environ.get("ISTHMUS_KINGDEE_STEPS", "40"))
RATES = {
    "lost_before": 0.05, "lost_after": 0.08, "late": 0.05, "refused": 0.03, "conflict": 0.03, "server_error": 0.02,
    "server_error_after": 0.03, "garbage": 0.03, "session_lost": 0.03, "session_lost_after": 0.03, "read_lost": 0.01,
    "read_error": 0.01, "read_session_lost": 0.02,
}  # fmt: skip
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
KINDS = ("account", "product", "order", "delivery", "invoice", "payment")
MakeOffice = Callable[..., Office]


@pytest.fixture
def make_office(tmp_path: Path) -> Iterator[MakeOffice]:
    made: list[Office] = []

    def make(
        faults: Faults | None = None,
        *,
        kinds: tuple[str, ...],
        probed: tuple[str, ...] = ("order",),
        config: Any = None,
        **settings: Any,
    ) -> Office:
        books = Books(KingdeeSettings(**settings), MovedClock())
        seed_company(books, customers=3, materials=4, orders=0, invoices=0, seed=2)
        office = Office(tmp_path, books, faults, kinds, config)
        made.append(office)
        office.faults.active = False
        office.desk.call("connection", "probe", "erp", "--yes", *(word for kind in probed for word in ("--kind", kind)))
        office.desk.accept()
        return office

    yield make
    for office in made:
        office.close()


def add_order(office: Office, quantity: int = 2) -> Any:
    desk = office.desk
    product = desk.records("product")[0]
    line = {"product_id": str(product.id), "quantity": str(quantity), "unit": product.unit, "unit_price": "12.345678",
            "tax_rate": "0.13"}  # fmt: skip
    return desk.create("order", account_id=str(desk.records("account")[0].id), ordered_on="2026-11-20", lines=[line])


def run(office: Office) -> Any:
    office.desk.wait_quiet()
    return office.desk.run()


def bill_of(office: Office, record: Any, form: str = ORDER) -> Any:
    return office.books.take(FORMS[form], int(office.desk.remote_id(record)))


def test_an_order_is_a_draft_until_the_accountant_audits_it_and_its_money_comes_back(make_office):
    office = make_office(kinds=KINDS, probed=("order", "payment"))
    desk, hand = office.desk, office.person
    order = add_order(office)
    desk.accept()
    there = bill_of(office, order)
    assert (there["FDocumentStatus"], str(there["FBillAllAmount"])) == ("A", "27.90")
    desk.edit(order, note="急")
    run(office)
    assert bill_of(office, order)["FNote"] == "急"
    hand.audit(ORDER, there["FID"])
    hand.deliver(ORDER, there["FID"])
    due = hand.bill(ORDER, there["FID"])
    run(office)
    run(office)
    here = desk.read(order)
    assert (here.state, str(here.gross)) == ("approved", "27.9")
    (invoice,), (delivery,) = desk.records("invoice"), desk.records("delivery")
    assert (invoice.lines[0].order_id, delivery.order_id) == (order.id, order.id)
    assert (here.fulfilment, here.billing) == ("complete", "complete")

    paid = [{"target": "invoice", "invoice_id": str(invoice.id), "amount": "20.00"}]
    receipt = desk.create(
        "payment", account_id=str(here.account_id), paid_on="2026-11-22", amount="25.00", method="电汇",
        reference="20261122001", allocations=paid,
    )  # fmt: skip
    desk.accept()
    money = bill_of(office, receipt, RECEIPT)
    lines = [(row["FCOMMENT"], str(row["FRECTOTALAMOUNTFOR"]), row["FSETTLENO"]) for row in money["FRECEIVEBILLENTRY"]]
    assert lines == [(due["FBillNo"], "20.00", "20261122001"), ("", "5.00", "20261122001")]
    hand.audit(RECEIPT, money["FID"])
    run(office)
    assert desk.read(receipt).state == "succeeded"
    assert (str(desk.read(order).paid), desk.read(order).payment) == ("20", "partial")
    theirs = hand.receive("AR_receivable", due["FID"], "7.90")
    run(office)
    assert desk.record_of("payment", str(theirs["FID"])).amount == desk.read(order).gross - 20
    assert desk.read(order).payment == "paid"
    assert desk.attempts(run(office)) == []


def test_an_edit_of_an_audited_order_is_refused_and_sending_back_lets_it_through(make_office):
    office = make_office(kinds=("account", "product", "order"))
    desk, hand = office.desk, office.person
    order = add_order(office)
    desk.accept()
    id = bill_of(office, order)["FID"]
    hand.audit(ORDER, id)
    run(office)
    with pytest.raises(IsthmusError):
        desk.edit(order, note="zu spät")
    hand.send_back(ORDER, id)
    run(office)
    desk.edit(order, note="rechtzeitig")
    run(office)
    assert bill_of(office, order)["FNote"] == "rechtzeitig"


def test_where_the_hub_may_take_an_audit_back_an_edit_of_an_audited_order_goes_through(make_office):
    office = make_office(kinds=("account", "product", "order"), config={"amend": "reopen"})
    desk, hand = office.desk, office.person
    order = add_order(office)
    desk.accept()
    id = bill_of(office, order)["FID"]
    hand.audit(ORDER, id)
    run(office)
    desk.edit(order, note="doch noch")
    for _ in range(3):
        run(office)
    there = bill_of(office, order)
    assert (there["FNote"], there["FDocumentStatus"], len(there["FSaleOrderEntry"])) == ("doch noch", "D", 1)
    hand.audit(ORDER, id)
    run(office)
    assert desk.read(order).state == "approved"
    assert desk.attempts(run(office)) == []


def test_a_new_customer_waits_for_its_audit_and_then_its_order_goes(make_office):
    office = make_office(kinds=("account", "product", "order"), probed=("account", "order"))
    desk, hand = office.desk, office.person
    customer = desk.make_customer("新客户有限公司", make_uscc(random.Random(9)))
    desk.accept()
    there = bill_of(office, customer, "BD_Customer")
    assert (there["FDocumentStatus"], there["FSOCIALCRECODE"]) == ("A", customer.identifiers[0].value)
    hand.audit("BD_Customer", there["FCUSTID"])
    line = {"product_id": str(desk.records("product")[0].id), "quantity": "1", "unit_price": "5", "tax_rate": "0.13"}
    order = desk.create("order", account_id=str(customer.id), ordered_on="2026-11-20", lines=[line])
    desk.accept()
    assert bill_of(office, order)["FCustId"] == there["FCUSTID"]


def test_nothing_is_there_twice_whatever_happens_on_the_way(make_office):
    """People audit, edit and send back while answers are lost, sessions end and writes come late."""
    rng = random.Random(7)
    faults = Faults(random.Random(8), RATES, d_max_s=5.0)
    office = make_office(faults, kinds=("account", "product", "order"))
    desk, books = office.desk, office.books
    orders = [add_order(office)]
    desk.accept()
    faults.active = True
    for step in range(STEPS):
        if step % 3 == 0:
            orders.append(add_order(office, quantity=step % 7 + 1))
        with suppress(IsthmusError):
            desk.edit(rng.choice(orders), note=f"Notiz {step}")
        for bill in rng.sample(list(books.all(FORMS[ORDER])), min(2, len(list(books.all(FORMS[ORDER]))))):
            deed = rng.choice(("audit", "send_back", "edit", "submit"))
            with suppress(BillRefused):
                office.person.do(deed, ORDER, bill["FID"], **({"FLinkMan": f"王 {step}"} if deed == "edit" else {}))
        with suppress(IsthmusError):
            desk.run()
        office.clock.pass_time(rng.choice((1, 30, 200)))
    faults.active = False
    for _ in range(4):
        run(office)
    check_once(office, orders)
    struck = {trace.fault for trace in office.api.requests} - {None}
    assert len(struck) > 7, "a storm without wind shows nothing"
    assert desk.attempts(run(office)) == [], "and then it is quiet"


def check_once(office: Office, orders: list[Any]) -> None:
    """Every order has exactly one document there, and no reference stands in two that count."""
    bills = list(office.books.all(FORMS[ORDER]))
    references = Counter(bill["F_ISTHMUS_REF"] for bill in bills if (ORDER, bill["FID"]) in office.books.effective_once)
    assert max(references.values(), default=1) == 1
    bound = Counter(office.desk.remote_id(order) for order in orders)
    assert max(bound.values()) == 1
    assert {bill["F_ISTHMUS_REF"] for bill in bills} - {""} == {office.desk.binding(order).ref for order in orders}
