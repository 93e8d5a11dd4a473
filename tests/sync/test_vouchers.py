"""Vouchers of documents: one for each event, drafts that follow, posted ones that are taken back."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import ConfigInvalid, RuleBroken
from hub.store.rows import Image
from hub.sync.records import edit_record, void_record
from hub.sync.vouchers import make_vouchers, preview_vouchers
from tests.sync.office import ACCOUNTS, Office, to_invoice, to_order, told
from tests.sync.scenes import Scene


@pytest.fixture
def make_office(scene: Scene) -> Callable[..., Office]:
    return lambda **ledger: Office(scene, **ledger)


@pytest.fixture
def office(make_office: Callable[..., Office]) -> Office:
    return make_office()


def test_an_order_itself_books_nothing_its_events_do(office: Office) -> None:
    order = office.order()
    assert told(preview_vouchers(office.hub, order)) == [("order", "none")]
    invoice = office.invoice(order)
    office.pay("113", to_invoice(invoice, "113"))
    shown = [row for row in preview_vouchers(office.hub, order) if row.action != "none"]
    assert told(shown) == [("invoice", "make"), ("receipt", "make")]
    assert [f"{line.account_code} {line.debit:.0f} {line.credit:.0f}" for line in shown[0].lines] == [
        "1122 113 0", "6001 0 100", "22210106 0 13",
    ]  # fmt: skip
    assert office.vouchers() == []


def test_what_is_made_is_what_was_shown_once(office: Office) -> None:
    order = office.order()
    invoice = office.invoice(order)
    shown = [row for row in preview_vouchers(office.hub, order) if row.action == "make"]
    assert told(office.book(dry_run=True)) == told(shown)
    assert office.vouchers() == []
    (made,) = office.book()
    (voucher,) = office.vouchers()
    assert (voucher.lines, made.lines) == (shown[0].lines, shown[0].lines)
    assert (voucher.state.value, voucher.source_id, str(voucher.booked_on)) == ("draft", invoice.id, "2026-03-05")
    assert office.book() == []
    assert office.book(order) == []
    assert len(office.vouchers()) == 1


def test_two_at_once_make_one(office: Office) -> None:
    office.invoice(office.order())
    first, second = make_vouchers(office.hub, "li"), make_vouchers(office.hub, "wang")
    assert [*next(zip(first, strict=False)), *second] != []
    assert len(office.vouchers()) == 1


def test_revenue_at_delivery_is_taxed_at_the_invoice(make_office: Callable[..., Office]) -> None:
    office = make_office(revenue_on="delivery")
    order = office.order()
    office.deliver(order, "1")
    office.deliver(order, "1")
    office.book(order)
    assert office.balance() == {"1122": 113, "6001": -100, "222107": -13}
    office.invoice(order)
    office.book(order)
    assert office.balance() == {"1122": 113, "6001": -100, "22210106": -13}


def test_money_before_the_invoice_is_on_account_until_it_is_used(office: Office) -> None:
    order = office.order()
    payment = office.pay("113", to_order(order, "113"))
    office.book()
    assert office.balance() == {"1002": 113, "2205": -100, "222107": -13}
    invoice = office.invoice(order)
    assert told(office.book()) == [("invoice", "make"), ("offset", "make")]
    assert office.balance() == {"1002": 113, "6001": -100, "22210106": -13}
    row = {"key": "1", **to_invoice(invoice, "113")}
    edit_record(office.hub, "payment", payment.id, {"allocations": [row]}, "li")
    assert office.book() == []


def test_money_on_account_is_used_part_by_part(office: Office) -> None:
    payment = office.pay("113", {"target": "advance", "amount": "113"})
    office.book()
    invoice = office.invoice(office.order())
    for used, kinds in (("50", ["invoice", "offset"]), ("113", ["offset"])):
        rest = Decimal(113) - Decimal(used)
        rows = [{"key": "1", **to_invoice(invoice, used)}]
        rows += [{"key": "2", "target": "advance", "amount": str(rest)}] if rest else []
        edit_record(office.hub, "payment", payment.id, {"allocations": rows}, "li")
        assert [trigger for trigger, _ in told(office.book())] == kinds
        assert sum(office.balance().values()) == 0
    assert office.balance() == {"1002": 113, "6001": -100, "22210106": -13}


def test_a_fee_is_taken_out_of_what_the_bank_has(office: Office) -> None:
    invoice = office.invoice(office.order())
    office.pay("113", to_invoice(invoice, "113"), fee="0.68")
    office.book()
    assert office.balance() == {"1002": Decimal("112.32"), "6603": Decimal("0.68"), "6001": -100, "22210106": -13}


def test_a_draft_follows_its_document_and_the_settings(office: Office) -> None:
    order = office.order()
    office.invoice(order)
    office.book()
    office.set_ledger(accounts={**ACCOUNTS, "revenue": "5001"})
    assert told(office.book()) == [("invoice", "edit")]
    assert "5001" in office.balance()
    assert len(office.vouchers()) == 1


def test_settings_never_touch_what_is_posted(office: Office) -> None:
    office.invoice(office.order())
    office.book()
    office.post(office.vouchers()[0])
    office.set_ledger(accounts={**ACCOUNTS, "revenue": "5001"})
    assert office.book() == []
    office.set_ledger(since="2026-06-01")
    assert office.book() == []


@pytest.mark.parametrize("red", ["negative", "swap"])
def test_a_document_that_changes_after_posting_is_taken_back_in_red(
    make_office: Callable[..., Office], red: str
) -> None:
    office = make_office(red=red)
    invoice = office.invoice(office.order())
    office.book()
    office.post(office.vouchers()[0])
    _change(office, invoice, "120")
    assert told(office.book()) == [("invoice", "reverse")]
    old, back, new = office.vouchers()
    assert (back.reverses_id, new.reverses_id) == (old.id, None)
    assert "冲销" in back.lines[0].summary
    assert (back.debit < 0) == (red == "negative")
    assert office.balance() == {"1122": Decimal("135.60"), "6001": -120, "22210106": Decimal("-15.60")}
    assert office.book() == []


def _change(office: Office, invoice: Any, price: str) -> None:
    """Somebody changes a posted invoice in the system that it came from."""
    with office.scene.store.write() as tx:
        image = tx.get(Image, record_kind="invoice", record_id=invoice.id, source="hub")
        assert image is not None
        line = {**image.values["lines"][0], "unit_price": price, "net": "120", "tax": "15.6", "gross": "135.6"}
        tx.save(image.model_copy(update={"values": {**image.values, "lines": [line]}}))
        record = tx.get(type(invoice), id=invoice.id)
        told = {"net": Decimal(120), "tax": Decimal("15.6"), "gross": Decimal("135.6")}
        assert record is not None
        tx.save_record(record.model_copy(update={"lines": (record.lines[0].model_copy(update=told),)}))


def test_a_document_that_is_voided_takes_its_voucher_along(office: Office) -> None:
    first, second = office.invoice(office.order()), office.invoice(office.order())
    office.book()
    office.post(office.vouchers()[0])
    for invoice in (first, second):
        void_record(office.hub, "invoice", invoice.id, "li")
    assert told(office.book()) == [("invoice", "reverse"), ("invoice", "void")]
    assert office.balance() == {}
    assert office.book() == []


def test_a_voucher_in_approval_waits(office: Office) -> None:
    invoice = office.invoice(office.order())
    office.book()
    office.edit(office.vouchers()[0], state="submitted")
    void_record(office.hub, "invoice", invoice.id, "li")
    (held,) = office.book()
    assert held.reason is not None
    assert held.reason.code == "voucher.in_approval"


def test_a_closed_period_holds_or_moves_on(office: Office) -> None:
    office.invoice(office.order())
    office.set_ledger(closed_through="2026-03-31")
    (held,) = office.book()
    assert (held.action, held.reason.code if held.reason else "") == ("held", "voucher.period_closed")
    assert office.vouchers() == []
    office.set_ledger(closed_through="2026-03-31", closed="next")
    (made,) = office.book()
    assert str(made.booked_on) == "2026-04-01"
    assert office.book() == []


def test_what_cannot_be_booked_keeps_nothing_else(office: Office) -> None:
    order = office.order()
    office.invoice(order)
    office.pay("13", {"target": "advance", "amount": "13"})
    office.set_ledger(accounts={role: code for role, code in ACCOUNTS.items() if role != "revenue"})
    done = office.book()
    assert told(done) == [("invoice", "held"), ("receipt", "make")]
    assert "revenue" in str(done[0].reason)


def test_a_posted_voucher_is_never_edited_or_voided(office: Office) -> None:
    office.invoice(office.order())
    office.book()
    voucher = office.post(office.vouchers()[0])
    with pytest.raises(RuleBroken):
        void_record(office.hub, "voucher", voucher.id, "li")
    with pytest.raises(RuleBroken, match="posted"):
        office.edit(voucher, word="转")


def test_a_voucher_by_hand_must_balance(office: Office) -> None:
    lines = [{"account_code": "1122", "debit": "10"}, {"account_code": "6001", "credit": "9.99"}]
    with pytest.raises(RuleBroken, match="balance"):
        office.make("voucher", ledger="main", booked_on="2026-03-01", lines=lines)


def test_without_a_ledger_it_says_how_to_get_one(scene: Scene) -> None:
    with pytest.raises(ConfigInvalid, match="ledgers"):
        list(make_vouchers(scene.hub, "li"))
