"""Invoices, shipments and payments on the real server: what is read, and what drafts of payments may be told."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import IsthmusError, Locked, PeriodClosed, Rejected, Stale
from hub.sdk import Draft, Stage, Written
from hub.testkit.tryton_people import TrytonPerson
from tests.connectors.tryton.conftest import Bench, next_reference

TODAY = datetime.now(UTC).date()


class Sold:
    """An approved sale of a person with its posted invoice."""

    def __init__(self, bench: Bench) -> None:
        self.sale = bench.make_sale(3.0)
        self.party = bench.wang.read("sale.sale", [self.sale], ["party"])[0]["party"]
        bench.wang.quote(self.sale)
        bench.wang.confirm(self.sale)
        self.invoice = bench.wang.invoice_of(self.sale)
        bench.wang.post_invoice(self.invoice, TODAY)
        self.total = Decimal(bench.fetch("invoice", self.invoice).payload["total_amount"])

    def payload(self, amount: str = "10.00", **changes: Any) -> dict[str, Any]:
        row = {"id": None, "target": "invoice", "invoice": str(self.invoice), "sale": None, "amount": amount}
        return {
            "type": "receipt", "party": str(self.party), "date": TODAY.isoformat(), "amount": amount,
            "currency": {"code": "CNY"}, "journal": {"name": ""}, "allocations": [row], **changes,
        }  # fmt: skip


@pytest.fixture
def sold(bench: Bench) -> Sold:
    return Sold(bench)


def create(bench: Bench, payload: dict[str, Any], ref: str | None = None) -> Written:
    result = bench.sink("payment").create([Draft(ref or next_reference(), payload)])[0]
    assert isinstance(result, Written), result
    return result


def refuse(bench: Bench, payload: dict[str, Any], code: str) -> IsthmusError:
    result = bench.sink("payment").create([Draft(next_reference(), payload)])[0]
    assert isinstance(result, Rejected)
    assert result.code == code
    return result


# ------------------------------------------------------------ reading


def test_an_invoice_names_its_sale_in_every_line(bench: Bench, sold: Sold):
    record = bench.fetch("invoice", sold.invoice)
    assert (record.stage, record.payload["type"], record.payload["reverses"]) == (Stage.EFFECTIVE, "invoice", None)
    assert [line["sale"] for line in record.payload["lines"]] == [sold.sale]
    assert record.payload["due_date"] > record.payload["invoice_date"]
    assert record.number == record.payload["number"]


def test_a_credit_note_names_the_invoice_and_its_sale(bench: Bench, sold: Sold):
    credit = bench.wang.credit_invoice(sold.invoice)
    payload = bench.fetch("invoice", credit).payload
    assert (payload["type"], payload["reverses"], payload["state"]) == ("credit_note", sold.invoice, "draft")
    assert [line["sale"] for line in payload["lines"]] == [sold.sale]


def test_invoices_of_suppliers_are_none_of_ours(bench: Bench, sold: Sold):
    listed = {record.external_id for record in bench.read_all("invoice", limit=3)}
    assert listed == set(bench.stream("invoice").list_ids() or ())
    kinds = bench.wang.call("model.account.invoice.search_read", [], 0, None, None, ["type"])
    assert {str(row["id"]) for row in kinds if row["type"] == "out"} == listed


def test_a_shipment_tells_what_left(bench: Bench, sold: Sold):
    shipment = bench.wang.read("sale.sale", [sold.sale], ["shipments"])[0]["shipments"][0]
    assert bench.fetch("shipment", shipment).stage is Stage.DRAFT
    bench.wang.ship(sold.sale)
    record = bench.fetch("shipment", shipment)
    assert (record.stage, record.payload["sale"]) == (Stage.EFFECTIVE, sold.sale)
    assert [line["quantity"] for line in record.payload["lines"]] == ["3.0"]


def test_money_is_read_once_however_it_came(bench: Bench, sold: Sold):
    before = set(bench.stream("payment").list_ids() or ())
    order = bench.wang.make_payment(sold.invoice, Decimal("5.00"), TODAY)
    bench.wang.succeed_payments(order)
    bench.wang.pay_invoice(sold.invoice, Decimal("3.00"), TODAY)
    fresh = [record for record in bench.read_all("payment", limit=1) if record.external_id not in before]
    assert [record.payload["amount"] for record in fresh] == ["5.00", "3.00"]
    for record in fresh:
        assert (record.stage, record.payload["allocations"][0]["invoice"]) == (Stage.EFFECTIVE, sold.invoice)
    assert [record.external_id.startswith("line-") for record in fresh] == [False, True]
    assert all(bench.fetch("payment", record.external_id).payload == record.payload for record in fresh)
    assert bench.stream("payment").fetch("line-0") is None
    assert bench.stream("payment").fetch("line-x") is None


def test_what_changed_is_read_again(bench: Bench, sold: Sold):
    made = bench.wang.make_payment(sold.invoice, Decimal("5.00"), TODAY)
    since = bench.fetch("payment", made).modified_at
    bench.wang.succeed_payments(made)
    assert str(made) in {record.external_id for record in bench.read_all("payment", since=since)}


def test_the_high_water_of_both_never_passes_the_start_of_the_pull(bench: Bench, sold: Sold):
    first = bench.wang.make_payment(sold.invoice, Decimal("1.00"), TODAY)
    since = bench.fetch("payment", first).modified_at
    page = bench.stream("payment").read_page(since, None, 1000)
    began = page.records[0].read_at
    bench.wang.succeed_payments(first)
    bench.wang.pay_invoice(sold.invoice, Decimal("1.00"), TODAY)
    rest = bench.stream("payment").read_page(since, page.position, 1000)
    assert (len(rest.records), rest.position) == (1, None)
    assert rest.high_water is not None
    assert rest.high_water <= began, "the first payment was changed after it was read"
    again = bench.read_all("payment", since=rest.high_water)
    assert [record.payload["state"] for record in again] == ["succeeded", "succeeded"]


def test_a_failed_payment_no_longer_counts(bench: Bench, sold: Sold):
    made = bench.wang.make_payment(sold.invoice, Decimal("5.00"), TODAY)
    bench.wang.succeed_payments(made)
    bench.wang.fail_payments(made)
    record = bench.fetch("payment", made)
    assert (record.payload["state"], record.stage) == ("failed", Stage.VOID)


# ------------------------------------------------------------ writing


def test_a_draft_pays_the_open_line_of_its_invoice(bench: Bench, sold: Sold):
    ref = next_reference()
    record = bench.fetch("payment", create(bench, sold.payload(), ref).external_id)
    assert (record.stage, record.reference, record.created_by_us) == (Stage.DRAFT, ref, True)
    assert record.payload["allocations"] == [
        {"id": "1", "target": "invoice", "invoice": sold.invoice, "amount": "10.00"}
    ]
    assert [found.external_id for found in bench.sink("payment").find(ref)] == [record.external_id]
    copied = bench.wang.copy("account.payment", int(record.external_id))
    assert bench.fetch("payment", copied).reference is None


def test_money_for_an_order_stands_on_the_customers_account(bench: Bench, sold: Sold):
    row = {"id": None, "target": "order", "invoice": None, "sale": str(sold.sale), "amount": "10.00"}
    payload = bench.fetch("payment", create(bench, sold.payload(allocations=[row])).external_id).payload
    assert payload["line_id"] is None
    assert "allocations" not in payload, "Tryton keeps none to an order, so it says nothing about them"


def test_a_draft_is_changed_under_its_version(bench: Bench, sold: Sold):
    made = create(bench, sold.payload())
    sink = bench.sink("payment")
    changed = sink.patch(made.external_id, {"amount": "12.34", "date": "2026-11-20"}, if_version=made.version)
    payload = bench.fetch("payment", made.external_id).payload
    assert (payload["amount"], payload["date"]) == ("12.34", "2026-11-20")
    with pytest.raises(Stale):
        sink.patch(made.external_id, {"amount": "1"}, if_version=made.version)
    assert changed.version != made.version


def test_submitted_is_locked_and_submitting_twice_is_once(bench: Bench, sold: Sold):
    made, sink = create(bench, sold.payload()), bench.sink("payment")
    sink.submit(made.external_id, if_version=None)
    sink.submit(made.external_id, if_version=None)
    assert bench.fetch("payment", made.external_id).stage is Stage.SUBMITTED
    for refused in (
        lambda: sink.patch(made.external_id, {"amount": "1"}, if_version=None),
        lambda: sink.void(made.external_id, if_version=None),
    ):
        with pytest.raises(Locked):
            refused()


def test_a_draft_is_voided_by_removing_it(bench: Bench, sold: Sold):
    made, sink = create(bench, sold.payload()), bench.sink("payment")
    sink.void(made.external_id, if_version=made.version)
    assert bench.stream("payment").fetch(made.external_id) is None
    sink.void(made.external_id, if_version=None)


def test_what_tryton_cannot_keep_is_refused_before_it_is_sent(bench: Bench, sold: Sold):
    rows = sold.payload()["allocations"]
    refuse(bench, sold.payload(allocations=[*rows, *rows]), "tryton.payment_of_several")
    refuse(bench, sold.payload(journal={"name": "支付宝"}), "tryton.journal_unknown")
    refuse(bench, sold.payload(currency={"code": "USD"}), "tryton.journal_unknown")
    bench.wang.pay_invoice(sold.invoice, sold.total, TODAY)
    refuse(bench, sold.payload(), "tryton.nothing_to_pay")


# ------------------------------------------------------------ refunds, other currencies, closed periods


def test_money_is_given_back_on_a_credit_note(bench: Bench, sold: Sold):
    credit = bench.wang.credit_invoice(sold.invoice)
    bench.wang.post_invoice(credit, TODAY)
    row = {"id": None, "target": "invoice", "invoice": str(credit), "sale": None, "amount": "10.00"}
    ref = next_reference()
    made = create(bench, sold.payload(type="refund", allocations=[row]), ref)
    bench.wang.succeed_payments(int(made.external_id))
    record = bench.fetch("payment", made.external_id)
    assert (record.payload["type"], record.stage, record.reference) == ("refund", Stage.EFFECTIVE, ref)
    assert record.payload["allocations"][0]["invoice"] == credit


def test_money_is_not_given_back_without_one(bench: Bench, sold: Sold):
    refuse(bench, sold.payload(type="refund", allocations=[]), "tryton.refund_needs_credit_note")


@pytest.fixture(scope="module")
def euro(admin: TrytonPerson) -> int:
    """Worth 8 CNY."""
    rates = [["create", [{"date": TODAY.replace(month=1, day=1), "rate": Decimal("0.125")}]]]
    values = {"name": "Euro", "symbol": "€", "code": "EUR", "numeric_code": "978", "digits": 2, "rates": rates}
    return int(admin.call("model.currency.currency.create", [{**values, "rounding": Decimal("0.01")}])[0])


def test_what_another_currency_is_worth_comes_from_trytons_own_books(bench: Bench, euro: int):
    sale = bench.make_sale(3.0)
    bench.wang.edit_order(sale, currency=euro)
    payload = bench.fetch("sale", sale).payload
    assert (payload["currency"]["code"], payload["rate"], payload["base_currency"]) == ("EUR", "8", "CNY")
    bench.wang.quote(sale)
    bench.wang.confirm(sale)
    invoice = bench.wang.invoice_of(sale)
    assert "base_amount" not in bench.fetch("invoice", invoice).payload
    bench.wang.post_invoice(invoice, TODAY)
    payload = bench.fetch("invoice", invoice).payload
    assert (payload["rate"], Decimal(payload["base_amount"])) == ("8", 8 * Decimal(payload["total_amount"]))
    before = set(bench.stream("payment").list_ids() or ())
    bench.wang.pay_invoice(invoice, Decimal("20.00"), TODAY)
    (id,) = set(bench.stream("payment").list_ids() or ()) - before
    paid = bench.fetch("payment", id).payload
    assert (paid["amount"], paid["rate"], paid["base_amount"]) == ("20.00", "8", "160.00")


def test_a_closed_period_is_told_before_anything_is_sent(bench: Bench, sold: Sold, admin: TrytonPerson):
    day = TODAY.replace(year=TODAY.year - 1, month=3, day=5)
    (period,) = admin.call(
        "model.account.period.search", [["start_date", "<=", day], ["end_date", ">=", day]], 0, None, None
    )
    made = create(bench, sold.payload(date=str(day)))
    admin.call("model.account.period.close", [period])
    sink, before = bench.sink("payment"), bench.wang.count("account.payment")
    refused = refuse(bench, sold.payload(date=str(day)), "tryton.period_closed")
    assert isinstance(refused, PeriodClosed)
    assert str(day) in refused.text()
    for write in (
        lambda: sink.patch(made.external_id, {"amount": "1.00"}, if_version=None),
        lambda: sink.submit(made.external_id, if_version=None),
    ):
        with pytest.raises(PeriodClosed):
            write()
    assert bench.wang.count("account.payment") == before
    admin.call("model.account.period.reopen", [period])
    create(bench, sold.payload(date=str(day)))


# ------------------------------------------------------------ payments that book nothing by themselves


def test_a_payment_without_clearing_and_its_statement_line_are_one(bench: Bench, sold: Sold, admin: TrytonPerson):
    company, currency = (
        bench.wang.read("account.invoice", [sold.invoice], [name])[0][name] for name in ("company", "currency")
    )
    values = {"name": f"Cash box {sold.invoice}", "company": company, "currency": currency, "process_method": "manual"}
    (journal,) = admin.call("model.account.payment.journal.create", [values])
    row = bench.wang.read("account.invoice", [sold.invoice], ["party", "lines_to_pay"])[0]
    more = {"line": row["lines_to_pay"][0], "date": TODAY, "journal": journal}
    made = bench.wang.make_advance(row["party"], Decimal("5.00"), **more)
    for amount in ("5.00", "3.00"):
        bench.wang.pay_invoice(sold.invoice, Decimal(amount), TODAY)

    def read() -> dict[str, Stage]:
        found = bench.read_all("payment")
        mine = [r for r in found if (r.payload.get("allocations") or [{}])[0].get("invoice") == sold.invoice]
        return {record.payload["amount"] + record.external_id[:4].rstrip("0123456789"): record.stage for record in mine}

    assert read() == {"5.00": Stage.DRAFT, "5.00line": Stage.EFFECTIVE, "3.00line": Stage.EFFECTIVE}
    since = max(record.modified_at for record in bench.read_all("payment") if record.modified_at)
    bench.wang.succeed_payments(made)
    assert read() == {"5.00": Stage.EFFECTIVE, "5.00line": Stage.VOID, "3.00line": Stage.EFFECTIVE}
    fresh = bench.read_all("payment", since=since)
    assert [record.stage for record in fresh if record.payload["amount"] == "5.00"] == [Stage.EFFECTIVE, Stage.VOID]
    bench.wang.fail_payments(made)
    assert read()["5.00line"] is Stage.EFFECTIVE, "what the statement says has arrived all the same"
