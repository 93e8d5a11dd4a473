"""What a ledger cannot book yet is lost by nobody: it waits, with its reason, until it is booked or given up."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.store.voucher_rows import VoucherHold
from hub.sync.booking import ACTOR
from hub.sync.decisions import undo_decision
from hub.sync.handle import drop_item, list_verbs
from hub.sync.records import void_record
from hub.sync.retry import retry_items
from hub.sync.vouchers import make_vouchers, preview_vouchers
from tests.sync.office import ACCOUNTS, Office, to_order, told
from tests.sync.scenes import Scene

CLOSED = "2026-03-31"
UNMAPPED = {role: code for role, code in ACCOUNTS.items() if role != "revenue"}


@pytest.fixture
def make_office(scene: Scene) -> Callable[..., Office]:
    return lambda **ledger: Office(scene, automatic=True, **ledger)


def rows(office: Office) -> list[VoucherHold]:
    with office.scene.store.read() as tx:
        return list(tx.find(VoucherHold))


def book_and_die(office: Office) -> None:
    """The process dies after its documents were booked, before it writes down that they were."""
    list(make_vouchers(office.hub, ACTOR, ledgers=["main"]))


def test_a_held_invoice_is_booked_when_its_period_is_opened_however_late(make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.invoice(office.order())
    office.set_ledger(automatic=True, closed_through=CLOSED)
    assert office.tick() == [("invoice", "held")]
    assert [office.tick() for _ in range(30)] == [[]] * 30, "the same reason is told once"
    (item,) = office.waits()
    assert (item.kind_of_wait, item.code, item.kind) == ("voucher", "voucher.period_closed", "invoice")
    assert (item.amount, item.command) == (Decimal(113), f"isthmus todo retry {item.short}")
    assert "2026-03-31" in item.text()
    assert "2026-03-31" in item.text("zh")
    office.set_ledger(automatic=True)
    assert office.tick() == [("invoice", "make")]
    assert (office.waits(), office.tick(), len(office.vouchers())) == ([], [], 1)


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"accounts": UNMAPPED}, "voucher.role_unmapped"),
        ({"dimensions": {"revenue": ["department"]}}, "voucher.dimension_unsaid"),
    ],
)
def test_a_ledger_that_says_too_little_books_what_waited_once_it_says_more(
    make_office: Callable[..., Office], broken: dict[str, Any], code: str
) -> None:
    office = make_office(**broken)
    office.invoice(office.order())
    office.tick()
    for _ in range(20):
        office.tick()
    assert [item.code for item in office.waits()] == [code]
    office.set_ledger(automatic=True)
    assert office.tick() == [("invoice", "make")]
    assert office.waits() == []


def test_what_waits_for_the_accountants_is_mended_when_they_are_done(make_office: Callable[..., Office]) -> None:
    office = make_office()
    invoice = office.invoice(office.order())
    office.tick()
    office.edit(office.vouchers()[0], state="submitted")
    void_record(office.hub, "invoice", invoice.id, "li")
    assert office.tick() == [("invoice", "held")]
    for _ in range(20):
        office.tick()
    office.post(office.vouchers()[0])
    assert office.tick() == [("invoice", "reverse")]
    assert (office.balance(), office.waits(), office.tick()) == ({}, [], [])


def test_another_reason_is_told_and_its_day_is_the_first(make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.invoice(office.order())
    office.set_ledger(automatic=True, closed_through=CLOSED)
    office.tick()
    (before,) = office.waits()
    office.set_ledger(automatic=True, accounts=UNMAPPED)
    assert office.tick() == [("invoice", "held")]
    (after,) = office.waits()
    assert (after.code, after.since, after.id) == ("voucher.role_unmapped", before.since, before.id)


def test_a_document_that_is_no_event_any_more_waits_no_longer(make_office: Callable[..., Office]) -> None:
    office = make_office(accounts=UNMAPPED)
    invoice = office.invoice(office.order())
    office.tick()
    void_record(office.hub, "invoice", invoice.id, "li")
    assert (office.tick(), rows(office)) == ([], [])


def test_a_death_between_loses_nothing_and_books_nothing_twice(make_office: Callable[..., Office]) -> None:
    office = make_office(accounts=UNMAPPED)
    office.invoice(office.order())
    office.pay("13", {"target": "advance", "amount": "13"})
    book_and_die(office)
    assert ([row.code for row in rows(office)], len(office.vouchers())) == (["voucher.role_unmapped"], 1)
    assert office.tick() == [], "known, and booked"
    office.set_ledger(automatic=True)
    office.scene.clock.pass_time(61)
    book_and_die(office)
    assert (rows(office), len(office.vouchers())) == ([], 2)
    assert (office.tick(), len(office.vouchers())) == ([], 2)


def test_many_held_events_take_turns(make_office: Callable[..., Office]) -> None:
    office = make_office()
    invoices = [office.invoice(office.order()) for _ in range(3)]
    office.tick()
    for voucher in office.vouchers():
        office.edit(voucher, state="submitted")
    for invoice in invoices:
        void_record(office.hub, "invoice", invoice.id, "li")
    office.tick()
    for _ in range(15):
        office.tick()
    for voucher in office.vouchers():
        office.post(voucher)
    done = [office.tick(at_once=1) for _ in range(4)]
    assert (done, rows(office)) == ([[("invoice", "reverse")]] * 3 + [[]], [])


def test_a_person_may_give_an_event_up_and_take_that_back(make_office: Callable[..., Office]) -> None:
    office = make_office(accounts=UNMAPPED)
    order = office.order()
    office.invoice(order)
    office.tick()
    (item,) = office.waits()
    assert list_verbs(item) == ("retry", "drop")
    (tried,) = retry_items(office.hub, [item], "li")
    assert (tried.outcome, tried.code, tried.done) == ("waits", "voucher.role_unmapped", False)
    drop_item(office.hub, item, "已手工入账", "li")
    office.set_ledger(automatic=True)
    assert (office.tick(), office.book(), office.vouchers(), office.waits()) == ([], [], [], [])
    assert ("invoice", "dropped") in told(preview_vouchers(office.hub, order))
    (dropped,) = office.waits(dropped=True)
    assert (dropped.id, dropped.params["reason"]) == (item.id, "已手工入账")
    with pytest.raises(RuleBroken):
        drop_item(office.hub, dropped, "again", "li")
    undo_decision(office.hub, item.id, "li")
    assert (office.tick(), office.waits()) == ([("invoice", "make")], [])


def test_trying_one_again_books_it_at_once(make_office: Callable[..., Office]) -> None:
    office = make_office(accounts=UNMAPPED)
    office.invoice(office.order())
    office.tick()
    (item,) = office.waits()
    office.set_ledger(automatic=True)
    (tried,) = retry_items(office.hub, [item], "li")
    assert (tried.outcome, tried.done, len(office.vouchers())) == ("booked", True, 1)
    (late,) = retry_items(office.hub, [item], "li")
    assert (late.outcome, office.tick(), len(office.vouchers())) == ("skipped", [], 1)


def test_what_a_person_could_not_book_waits_too_but_is_booked_by_a_person(make_office: Callable[..., Office]) -> None:
    office = make_office()
    office.invoice(office.order())
    office.set_ledger(closed_through=CLOSED)
    assert told(office.book(dry_run=True)) == [("invoice", "held")]
    assert office.waits() == [], "a rehearsal leaves nothing behind"
    office.book()
    assert len(office.waits()) == 1
    office.set_ledger()
    assert (office.tick(), len(office.waits())) == ([], 1)
    assert (told(office.book()), office.waits()) == ([("invoice", "make")], [])


def test_money_on_account_is_used_when_its_sale_is_booked_later(make_office: Callable[..., Office]) -> None:
    office = make_office()
    order = office.order()
    office.pay("113", to_order(order, "113"))
    assert office.tick() == [("receipt", "make")]
    office.scene.clock.pass_time(7200)
    office.invoice(order)
    assert office.tick() == [("invoice", "make"), ("offset", "make")]
