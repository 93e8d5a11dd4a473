"""Money in step with a real Tryton: receipts both ways, invoices read, and what follows for an order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.sync.reconcile import reconcile
from hub.testkit.fault_proxy import calls
from hub.testkit.tryton import PreparedTryton
from hub.testkit.tryton_people import TrytonPerson
from tests.journeys.checks import check_silence
from tests.journeys.company import open_company
from tests.journeys.desk import KINDS, NAME, Desk
from tests.journeys.stage import Stage
from tests.journeys.tryton_erp import Tryton

pytestmark = pytest.mark.servers
FIRST, REST = Decimal("300.00"), Decimal("377.66")
TODAY = datetime.now(UTC).date()


class Office:
    """A customer's approved and invoiced order over 677.66, known on both sides."""

    def __init__(self, desk: Desk, erp: Tryton) -> None:
        self.desk, self.erp = desk, erp
        self.company = open_company(desk, erp)

    @property
    def admin(self) -> TrytonPerson:
        """Whoever set the company up."""
        return self.erp.administrator

    @property
    def wang(self) -> TrytonPerson:
        return self.erp.accountant

    def sell(self) -> Any:
        """The order here; its invoice there is posted."""
        line = {
            "product_id": str(self.company.products[0]),
            "quantity": "3",
            "unit_price": "199.90",
            "tax_rate": "0.13",
        }
        order = self.desk.create("order", account_id=str(self.company.account), lines=[line])
        self.desk.accept()
        self.erp.approve(self.desk.remote_id(order))
        self.wang.post_invoice(self.invoice_there(order), TODAY)
        self.desk.run()
        order = self.desk.read(order)
        assert (order.gross, order.invoiced, order.billing) == (FIRST + REST, order.gross, "complete")
        assert order.paid == 0
        return order

    def invoice_there(self, order: Any) -> int:
        return self.wang.invoice_of(int(self.desk.remote_id(order)))

    def receive(self, order: Any, amount: Decimal, **more: Any) -> Any:
        """A receipt typed in here, for the order's invoice unless told."""
        invoice = self.desk.record_of("invoice", str(self.invoice_there(order)))
        row = {"target": "invoice", "invoice_id": str(invoice.id), "amount": str(amount)}
        values = {"account_id": str(order.account_id), "amount": str(amount), "allocations": [row], **more}
        return self.desk.create("payment", **values)

    def payments_there(self) -> list[dict[str, Any]]:
        fields = ["reference", "amount", "state", "line", "create_uid.login"]
        order = [["id", "ASC"]]
        rows: list[dict[str, Any]] = self.wang.call("model.account.payment.search_read", [], 0, None, order, fields)
        return rows

    def open_there(self, order: Any) -> Decimal:
        row = self.wang.read("account.invoice", [self.invoice_there(order)], ["amount_to_pay"])[0]
        amount: Decimal = row["amount_to_pay"]
        return amount

    def check(self, *, waits: tuple[str, ...] = ()) -> None:
        """Silent, every document bound once, both sides equal to the cent."""
        self.desk.wait_quiet()
        self.desk.run()
        check_silence(self.desk)
        there = {str(row["id"]): row["amount"] for row in self.payments_there()}
        bound = [row for row in self.desk.bindings("payment") if row.remote_id is not None]
        orders = [row for row in bound if not str(row.remote_id).startswith("line-") and row.stage != "gone"]
        assert sorted(str(row.remote_id) for row in orders) == sorted(there)
        records = {record.id: record for record in self.desk.records("payment")}
        for row in orders:
            assert records[row.hub_id].amount == there[str(row.remote_id)]
        for total in reconcile(self.desk.hub, NAME).rows:
            assert not total.unexplained, total
            assert total.unexplained_sum == 0, total
        assert sorted(item.code for item in self.desk.todo()) == sorted(waits), [
            item.text() for item in self.desk.todo()
        ]


@pytest.fixture(scope="module", params=["one process", "many machines"])
def office(
    request: pytest.FixtureRequest, prepared_tryton: PreparedTryton, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    ground = request.getfixturevalue("ground") if request.param == "many machines" else None
    kinds = (*KINDS, "delivery", "invoice", "payment")
    stage = Stage(lambda: tmp_path_factory.mktemp("payments"), prepared_tryton, ground, kinds)
    erp = stage.desk.erp
    assert isinstance(erp, Tryton)
    yield Office(stage.desk, erp)
    stage.close()


def test_two_receipts_from_here_pay_an_invoice_there(office: Office) -> None:
    desk, order = office.desk, office.sell()
    first = office.receive(order, FIRST)
    view = desk.plan()
    assert [(item.kind, item.action, item.amount) for item in view.items if item.side == "there"] == [
        ("payment", "create", FIRST)
    ]
    assert desk.writes(desk.accept(view)) == {("payment", "create", "ok"): 1}
    office.wang.succeed_payments(int(desk.remote_id(first)))
    desk.run()
    assert (desk.read(first).state, desk.read(order).payment, desk.read(order).paid) == ("succeeded", "partial", FIRST)
    assert office.open_there(order) == REST
    rest = office.receive(order, REST)
    desk.run()
    office.wang.succeed_payments(int(desk.remote_id(rest)))
    desk.run()
    assert desk.read(order).payment == "paid"
    assert office.open_there(order) == 0
    office.check()


def test_receipts_made_there_are_read_once_each(office: Office) -> None:
    """One through a payment order, one through the pay window: two receipts, not three."""
    desk, order = office.desk, office.sell()
    before = len(desk.records("payment"))
    invoice = office.invoice_there(order)
    made = office.wang.make_payment(invoice, FIRST, TODAY)
    office.wang.succeed_payments(made)
    office.wang.pay_invoice(invoice, Decimal("77.66"), TODAY)
    desk.run()
    fresh = desk.records("payment")[before:]
    assert sorted((payment.amount, payment.state) for payment in fresh) == [
        (Decimal("77.66"), "succeeded"), (FIRST, "succeeded"),
    ]  # fmt: skip
    assert (desk.read(order).payment, desk.read(order).paid) == ("partial", Decimal("377.66"))
    office.check()


def test_a_receipt_whose_answer_was_lost_is_made_once(office: Office) -> None:
    desk, order = office.desk, office.sell()
    before = len(office.payments_there())
    payment = office.receive(order, FIRST)
    office.erp.proxy.lose_next_answer(calls("model.account.payment.create"))
    desk.run()
    desk.wait_quiet()
    report = desk.run()
    assert len(office.payments_there()) == before + 1
    assert desk.writes(report) == {}
    assert desk.binding(payment).remote_id is not None
    office.check()


def test_more_than_is_open_is_refused_here(office: Office) -> None:
    order = office.sell()
    office.receive(order, FIRST)
    with pytest.raises(RuleBroken) as refused:
        office.receive(order, REST + Decimal("0.01"))
    assert refused.value.code == "crm.allocated_above_open"
    office.desk.run()
    office.check()


def test_a_receipt_waits_for_its_order(office: Office) -> None:
    desk = office.desk
    account = desk.create("account", name="无证付款商行")
    line = {"product_id": str(office.company.products[0]), "quantity": "1", "unit_price": "10"}
    order = desk.create("order", account_id=str(account.id), lines=[line])
    row = {"target": "order", "order_id": str(order.id), "amount": "5"}
    values = {"account_id": str(account.id), "amount": "5", "allocations": [row]}
    payment = desk.create("payment", **values)
    assert desk.writes(desk.run()) == {}
    desk.match(account, office.erp.make_customer("无证付款商行"))
    desk.accept()
    desk.accept()
    assert desk.binding(order).remote_id is not None
    assert desk.binding(payment).remote_id is not None
    office.check()


def test_a_payment_that_failed_there_takes_the_order_back_to_partial(office: Office) -> None:
    desk, order = office.desk, office.sell()
    first, rest = office.receive(order, FIRST), office.receive(order, REST)
    desk.run()
    office.wang.succeed_payments(int(desk.remote_id(first)), int(desk.remote_id(rest)))
    desk.run()
    assert desk.read(order).payment == "paid"
    office.wang.fail_payments(int(desk.remote_id(rest)))
    desk.run()
    assert (desk.read(rest).state, desk.read(order).payment, desk.read(order).paid) == ("failed", "partial", FIRST)
    office.check()


def test_a_credit_note_takes_billing_back(office: Office) -> None:
    desk, order = office.desk, office.sell()
    invoice = office.invoice_there(order)
    credit = office.wang.credit_invoice(invoice)
    office.wang.post_invoice(credit, TODAY)
    desk.run()
    note = desk.record_of("invoice", str(credit))
    assert (note.type, note.gross, note.reverses_id) == (
        "credit_note", -order.gross, desk.record_of("invoice", str(invoice)).id,
    )  # fmt: skip
    assert (desk.read(order).invoiced, desk.read(order).billing) == (0, "none")
    office.check()


def test_money_given_back_on_a_credit_note(office: Office) -> None:
    """Tryton pays back on a credit note only; our reference travels with it, so a lost answer is found."""
    desk, order = office.desk, office.sell()
    receipt = office.receive(order, FIRST + REST)
    desk.run()
    office.wang.succeed_payments(int(desk.remote_id(receipt)))
    credit = office.wang.credit_invoice(office.invoice_there(order))
    office.wang.post_invoice(credit, TODAY)
    desk.run()
    assert (desk.read(order).payment, desk.read(order).paid) == ("paid", order.gross)
    note = desk.record_of("invoice", str(credit))
    row = {"target": "invoice", "invoice_id": str(note.id), "amount": str(REST)}
    refund = office.receive(order, REST, type="refund", reverses_id=str(receipt.id), allocations=[row])
    office.erp.proxy.lose_next_answer(calls("model.account.payment.create"))
    desk.run()
    desk.wait_quiet()
    assert desk.writes(desk.run()) == {}
    office.wang.succeed_payments(int(desk.remote_id(refund)))
    desk.run()
    assert (desk.read(order).payment, desk.read(order).paid) == ("partial", FIRST)
    assert (desk.read(note).payment, desk.read(receipt).refunded) == ("partial", REST)
    office.check()


def test_a_refund_that_tryton_cannot_book_right_is_told(office: Office) -> None:
    desk, order = office.desk, office.sell()
    receipt = office.receive(order, FIRST)
    desk.run()
    office.wang.succeed_payments(int(desk.remote_id(receipt)))
    desk.run()
    row = {"target": "order", "order_id": str(order.id), "amount": "10.00"}
    refund = office.receive(order, Decimal("10.00"), type="refund", reverses_id=str(receipt.id), allocations=[row])
    for _ in range(4):
        desk.wait_quiet()
        desk.run()
    (item,) = desk.todo()
    assert (item.code, item.record_id) == ("protocol.refused_by_remote", refund.id)
    desk.void(refund)
    desk.call("todo", "retry", item.short, code=0)
    office.check()


def test_an_order_in_euro_is_kept_in_the_companys_currency_too(office: Office) -> None:
    """At the rate of Tryton's own books; what is paid in euro pays it to the cent."""
    desk = office.desk
    rates = [["create", [{"date": TODAY.replace(month=1, day=1), "rate": Decimal("0.125")}]]]
    values = {"name": "Euro", "symbol": "€", "code": "EUR", "numeric_code": "978", "digits": 2, "rates": rates}
    office.admin.call("model.currency.currency.create", [{**values, "rounding": Decimal("0.01")}])
    line = {"product_id": str(office.company.products[0]), "quantity": "3", "unit_price": "199.90", "tax_rate": "0.13"}
    order = desk.create("order", account_id=str(office.company.account), lines=[line], currency="EUR", rate="7.9")
    desk.run()
    office.erp.approve(desk.remote_id(order))
    invoice = office.invoice_there(order)
    office.wang.post_invoice(invoice, TODAY)
    office.wang.pay_invoice(invoice, FIRST, TODAY)
    desk.run()
    order, billed = desk.read(order), desk.record_of("invoice", str(invoice))
    assert (order.currency, order.rate, order.base_currency) == ("EUR", 8, "CNY")
    assert (order.gross, order.base_gross) == (FIRST + REST, 8 * (FIRST + REST))
    assert (billed.rate, billed.base_gross) == (8, 8 * billed.gross)
    assert (order.paid, order.payment) == (FIRST, "partial")
    (paid,) = [row for row in desk.records("payment") if row.currency == "EUR"]
    assert (paid.amount, paid.rate, paid.base_amount) == (FIRST, 8, 8 * FIRST)
    office.check()


def test_a_receipt_of_a_closed_period_waits_until_it_is_opened(office: Office) -> None:
    desk, order = office.desk, office.sell()
    day = TODAY.replace(year=TODAY.year - 1, month=3, day=5)
    domain = [["start_date", "<=", day], ["end_date", ">=", day]]
    (period,) = office.admin.call("model.account.period.search", domain, 0, None, None)
    office.admin.call("model.account.period.close", [period])
    payment = office.receive(order, FIRST, paid_on=str(day))
    assert desk.writes(desk.run()) == {("payment", "create", "closed"): 1}
    (item,) = desk.todo()
    assert (item.code, item.params["day"]) == ("sync.period_closed_there", str(day))
    for lang in ("en", "zh"):
        assert str(day) in item.text(lang)
    office.admin.call("model.account.period.reopen", [period])
    assert desk.writes(desk.run()) == {}, "it is looked at again in a while"
    desk.clock.pass_time(3700)
    assert desk.writes(desk.run()) == {("payment", "create", "ok"): 1}
    assert desk.binding(payment).remote_id is not None
    office.check()


def test_goods_that_left_there_fulfil_the_order_here(office: Office) -> None:
    desk, order = office.desk, office.sell()
    assert desk.read(order).fulfilment == "none"
    shipment = office.wang.ship(int(desk.remote_id(order)))
    desk.run()
    delivery = desk.record_of("delivery", str(shipment))
    assert (delivery.order_id, delivery.state, [line.quantity for line in delivery.lines]) == (order.id, "done", [3])
    assert desk.read(order).fulfilment == "complete"
    office.check()


def test_a_draft_that_is_given_up_here_is_removed_there(office: Office) -> None:
    desk, order = office.desk, office.sell()
    payment = office.receive(order, FIRST)
    desk.run()
    there = desk.remote_id(payment)
    desk.void(payment)
    desk.run()
    desk.wait_quiet()
    desk.run()
    assert there not in {str(row["id"]) for row in office.payments_there()}
    assert desk.read(payment).state == "void"
    office.check()


def test_a_settled_receipt_cannot_be_changed_or_voided_here(office: Office) -> None:
    desk, order = office.desk, office.sell()
    payment = office.receive(order, FIRST)
    desk.run()
    office.wang.succeed_payments(int(desk.remote_id(payment)))
    desk.run()
    payment = desk.read(payment)
    with pytest.raises(RuleBroken):
        desk.edit(payment, amount="299.00")
    with pytest.raises(RuleBroken):
        desk.void(payment)
    office.check()
