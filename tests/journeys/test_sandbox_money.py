"""Money in step with the sandbox ERP: every way in which a receipt can come, go back, or meet a closed period. In
one process, and on many machines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.sync.reconcile import reconcile
from tests.journeys.checks import check_silence
from tests.journeys.company import open_company
from tests.journeys.desk import KINDS, NAME, Desk
from tests.journeys.sandbox_erp import Sandbox
from tests.journeys.stage import open_desk

FIRST, REST = Decimal("300.00"), Decimal("377.66")


class Office:
    """A customer's approved and invoiced order over 677.66, known on both sides."""

    def __init__(self, desk: Desk, erp: Sandbox) -> None:
        self.desk, self.erp, self.wang = desk, erp, erp.accountant
        self.company = open_company(desk, erp)

    def sell(self) -> tuple[Any, Any]:
        """The order and its invoice, made and posted there."""
        product = str(self.company.products[0])
        line = {"product_id": product, "quantity": "3", "unit_price": "199.90", "tax_rate": "0.13"}
        order = self.desk.create("order", account_id=str(self.company.account), lines=[line])
        self.desk.accept()
        self.erp.approve(self.desk.remote_id(order))
        billed = self.wang.bill(self.desk.remote_id(order))
        self.desk.run()
        order, invoice = self.desk.read(order), self.desk.record_of("invoice", billed["id"])
        assert (order.gross, order.invoiced, order.billing) == (FIRST + REST, order.gross, "complete")
        return order, invoice

    def receive(self, invoice: Any, amount: Decimal, **more: Any) -> Any:
        """A receipt typed in here."""
        row = {"target": "invoice", "invoice_id": str(invoice.id), "amount": str(amount)}
        values = {"account_id": str(invoice.account_id), "amount": str(amount), "allocations": [row], **more}
        return self.desk.create("payment", **values)

    def approve(self, payment: Any) -> None:
        self.wang.approve(self.desk.remote_id(payment))

    def payments_there(self) -> list[Any]:
        return [row for row in self.erp.erp.documents("payment") if not row.get("deleted")]

    def check(self, *, waits: tuple[str, ...] = ()) -> None:
        """Silent, every document bound once, both sides equal to the cent."""
        self.desk.wait_quiet()
        self.desk.run()
        check_silence(self.desk)
        there = {row["id"]: Decimal(row["amount"]) for row in self.payments_there()}
        bound = [row for row in self.desk.bindings("payment") if row.remote_id is not None]
        assert sorted(str(row.remote_id) for row in bound) == sorted(there)
        records = {record.id: record for record in self.desk.records("payment")}
        assert [records[row.hub_id].amount for row in bound] == [there[str(row.remote_id)] for row in bound]
        compared = reconcile(self.desk.hub, NAME)
        assert not compared.findings, compared.findings
        for row in compared.rows:
            assert not row.unexplained, row
        found = self.desk.todo()
        assert sorted(item.code for item in found) == sorted(waits), [item.text() for item in found]


@pytest.fixture(scope="module", params=["one process", pytest.param("many machines", marks=pytest.mark.servers)])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    ground = request.getfixturevalue("ground") if request.param == "many machines" else None
    kinds = (*KINDS, "delivery", "invoice", "payment")
    with open_desk(tmp_path_factory.mktemp("money"), Sandbox, ground, kinds) as desk:
        assert isinstance(desk.erp, Sandbox)
        yield Office(desk, desk.erp)


def test_two_receipts_from_here_pay_an_invoice_there(office: Office) -> None:
    desk, (order, invoice) = office.desk, office.sell()
    first = office.receive(invoice, FIRST)
    assert desk.writes(desk.accept()) == {("payment", "create", "ok"): 1}
    office.approve(first)
    desk.run()
    assert (desk.read(first).state, desk.read(order).payment, desk.read(order).paid) == ("succeeded", "partial", FIRST)
    rest = office.receive(invoice, REST)
    desk.run()
    office.approve(rest)
    desk.run()
    assert (desk.read(invoice).payment, desk.read(order).payment) == ("paid", "paid")
    office.check()


def test_receipts_and_goods_from_there_reach_the_order(office: Office) -> None:
    desk, (order, invoice) = office.desk, office.sell()
    made = office.wang.receive(desk.remote_id(invoice), str(FIRST), bank_ref="T-77")
    office.wang.deliver(desk.remote_id(order))
    desk.run()
    payment = desk.record_of("payment", made["id"])
    assert (payment.number, payment.reference, payment.state) == (made["number"], "T-77", "succeeded")
    order = desk.read(order)
    assert (order.paid, order.payment, order.fulfilment) == (FIRST, "partial", "complete")
    office.check()


def test_a_receipt_whose_answer_was_lost_is_made_once(office: Office) -> None:
    desk, (_, invoice) = office.desk, office.sell()
    before = len(office.payments_there())
    office.erp.proxy.lose_next_answer(office.erp.creates("payment"))
    payment = office.receive(invoice, FIRST)
    desk.run()
    desk.wait_quiet()
    assert desk.writes(desk.run()) == {}
    assert len(office.payments_there()) == before + 1
    assert desk.binding(payment).remote_id is not None
    office.check()


def test_more_than_is_open_is_refused_here(office: Office) -> None:
    desk, (order, invoice) = office.desk, office.sell()
    office.receive(invoice, FIRST)
    direct = {"target": "order", "order_id": str(order.id), "amount": str(REST + Decimal("0.01"))}
    for rows in (None, [direct]):
        more = {} if rows is None else {"allocations": rows}
        with pytest.raises(RuleBroken) as refused:
            office.receive(invoice, REST + Decimal("0.01"), **more)
        assert refused.value.code == "crm.allocated_above_open"
    desk.run()
    office.check()


def test_more_than_was_open_there_is_told_as_it_is(office: Office) -> None:
    desk, (order, invoice) = office.desk, office.sell()
    office.wang.receive(desk.remote_id(invoice), "700.00")
    desk.run()
    assert (desk.read(invoice).payment, desk.read(order).paid) == ("overpaid", Decimal("700.00"))
    office.check()


def test_a_receipt_waits_for_its_order(office: Office) -> None:
    desk = office.desk
    account = desk.create("account", name="无证收款商行")
    line = {"product_id": str(office.company.products[0]), "quantity": "1", "unit_price": "10"}
    order = desk.create("order", account_id=str(account.id), lines=[line])
    row = {"target": "order", "order_id": str(order.id), "amount": "5"}
    payment = desk.create("payment", account_id=str(account.id), amount="5", allocations=[row])
    assert desk.writes(desk.run()) == {}
    desk.match(account, office.erp.make_customer("无证收款商行"))
    desk.accept()
    desk.accept()
    assert desk.binding(payment).remote_id is not None
    office.check()


def test_a_refund_takes_a_receipt_back(office: Office) -> None:
    """Typed in here and there; all of them together are no more than the receipt."""
    desk, (order, invoice) = office.desk, office.sell()
    receipt = office.receive(invoice, FIRST + REST)
    desk.run()
    office.approve(receipt)
    desk.run()
    back = {"type": "refund", "reverses_id": str(receipt.id)}
    refund = office.receive(invoice, REST, **back)
    desk.run()
    row = next(row for row in office.payments_there() if row["id"] == desk.remote_id(refund))
    assert (row["type"], row["reverses"]) == ("refund", desk.remote_id(receipt))
    office.approve(refund)
    desk.run()
    assert (desk.read(order).payment, desk.read(order).paid) == ("partial", FIRST)
    office.wang.give_back(desk.remote_id(receipt), "100.00")
    desk.run()
    assert (desk.read(order).paid, desk.read(receipt).refunded) == (Decimal("200.00"), Decimal("477.66"))
    with pytest.raises(RuleBroken) as refused:
        office.receive(invoice, Decimal("200.01"), **back)
    assert refused.value.code == "crm.reversed_too_much"
    office.check()


def test_a_receipt_that_is_voided_there_takes_the_order_back_to_partial(office: Office) -> None:
    desk, (order, invoice) = office.desk, office.sell()
    first, rest = office.receive(invoice, FIRST), office.receive(invoice, REST)
    desk.run()
    for payment in (first, rest):
        office.approve(payment)
    desk.run()
    assert desk.read(order).payment == "paid"
    office.wang.void(desk.remote_id(rest))
    desk.run()
    assert (desk.read(rest).state, desk.read(order).payment, desk.read(order).paid) == ("void", "partial", FIRST)
    office.check()


def test_a_credit_note_takes_billing_back(office: Office) -> None:
    desk, (order, invoice) = office.desk, office.sell()
    credit = office.wang.credit(desk.remote_id(invoice))
    desk.run()
    note = desk.record_of("invoice", credit["id"])
    assert (note.type, note.gross, note.reverses_id) == ("credit_note", -order.gross, invoice.id)
    assert (desk.read(order).invoiced, desk.read(order).billing) == (0, "none")
    assert desk.read(invoice).credited == order.gross
    office.check()


def test_an_invoice_from_here_is_posted_there(office: Office) -> None:
    desk, company = office.desk, office.company
    line = {"product_id": str(company.products[0]), "quantity": "2", "unit_price": "10.00", "tax_rate": "0.13"}
    invoice = desk.create("invoice", account_id=str(company.account), lines=[line], currency="USD", rate="7.1234")
    assert desk.writes(desk.accept()) == {("invoice", "create", "ok"): 1}
    office.wang.approve(desk.remote_id(invoice))
    desk.run()
    invoice = desk.read(invoice)
    assert (invoice.state, invoice.gross, invoice.base_gross) == ("posted", Decimal("22.60"), Decimal("160.99"))
    office.check()


def test_a_write_into_a_closed_period_there_waits_until_it_is_opened(office: Office) -> None:
    desk, (_, invoice) = office.desk, office.sell()
    payment = office.receive(invoice, FIRST)
    day = str(payment.paid_on)
    office.wang.close_books(day)
    assert desk.writes(desk.run()) == {("payment", "create", "closed"): 1}
    (item,) = [item for item in desk.todo() if item.record_id == payment.id]
    assert (item.code, item.params["day"], item.command) == (
        "sync.period_closed_there", day, f"isthmus todo retry {item.short}",
    )  # fmt: skip
    assert day in item.text("en")
    assert day in item.text("zh")
    desk.clock.pass_time(3700)
    assert desk.writes(desk.run()) == {("payment", "create", "closed"): 1}, "looked at again by itself, and no refusal"
    office.wang.close_books("")
    desk.clock.pass_time(3700)
    assert desk.writes(desk.run()) == {("payment", "create", "ok"): 1}
    office.check()


def test_it_can_be_woken_by_a_command(office: Office) -> None:
    desk, (_, invoice) = office.desk, office.sell()
    payment = office.receive(invoice, FIRST)
    office.wang.close_books(str(payment.paid_on))
    desk.run()
    office.wang.close_books("")
    (item,) = [item for item in desk.todo() if item.record_id == payment.id]
    desk.call("todo", "retry", item.short)
    assert desk.binding(payment).remote_id is not None
    office.check()


def test_our_own_closed_period_holds_and_refuses(office: Office) -> None:
    desk, (_, invoice) = office.desk, office.sell()
    bound = office.receive(invoice, FIRST)
    desk.run()
    desk.edit(bound, reference="T-1")
    unsent = office.receive(invoice, Decimal("1.00"))
    day = str(unsent.paid_on)
    config = desk.folder / "isthmus.toml"
    known = config.read_text(encoding="utf-8")
    config.write_text(known.replace("[organisation]\n", f"[organisation]\nclosed_through = {day}\n"), encoding="utf-8")
    desk.call("apply")
    desk.reopen()
    assert desk.writes(desk.run()) == {}
    held = {item.record_id: item for item in desk.todo()}
    assert (held[unsent.id].code, held[unsent.id].params["through"]) == ("sync.period_closed", day)
    assert held[bound.id].code == "sync.held_period_closed"
    assert day in held[bound.id].text("zh")
    for refused in (lambda: desk.edit(unsent, amount="2"), lambda: office.receive(invoice, Decimal(1))):
        with pytest.raises(RuleBroken) as caught:
            refused()
        assert (caught.value.code, caught.value.params["through"]) == ("sync.edit_in_closed", day)
    desk.edit(unsent, note="it may be noted")
    config.write_text(known, encoding="utf-8")
    desk.call("apply")
    desk.reopen()
    desk.clock.pass_time(3700)
    assert desk.writes(desk.run()) == {("payment", "create", "ok"): 1, ("payment", "patch", "ok"): 1}
    office.check()
