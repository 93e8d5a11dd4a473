"""Ledgers: which amounts a rule may name, what is assumed where nobody said, and by what an account is kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from hub.crm.ledger import LedgerSettings, VoucherRule
from hub.crm.posting import Event, fingerprint, pay_part, post_event, price_part, reverse_lines, write_summary
from hub.model.voucher import VoucherTrigger
from tests.crm.books import refused

D = Decimal
CUSTOMER, BEARING = UUID(int=1), UUID(int=2)
PRICED = {"net", "tax", "gross"}
PAID = {"amount", "bank", "fee", "settled", "advance", "advance_net", "advance_tax"}
MONEY = {"receipt", "refund", "offset"}


def make_rule(trigger: str, *lines: tuple[str, str, str], **more: Any) -> VoucherRule:
    rows = [{"role": role, "side": side, "amount": amount} for role, side, amount in lines]
    return VoucherRule.model_validate({"trigger": trigger, "lines": rows, **more})


@pytest.mark.parametrize("trigger", [trigger.value for trigger in VoucherTrigger])
@pytest.mark.parametrize("amount", sorted(PRICED | PAID))
def test_which_amounts_an_event_has(trigger: str, amount: str) -> None:
    known = PAID if trigger in MONEY else PRICED
    if amount in known:
        make_rule(trigger, ("bank", "debit", amount))
        return
    with pytest.raises(ValidationError) as caught:
        make_rule(trigger, ("bank", "debit", amount))
    (error,) = caught.value.errors()
    phrase = error["ctx"]["error"].args[0]
    order = ("amount", "bank", "fee", "settled", "advance", "advance_net", "advance_tax", "net", "tax", "gross")
    told = ", ".join(name for name in order if name in known)
    assert phrase.code == "voucher.amount_unknown"
    assert phrase.params == {"trigger": trigger, "amount": amount, "known": told}


def test_what_a_text_of_entries_may_name() -> None:
    for fine in ("{date} {customer} {order} {number}", "plain"):
        assert make_rule("receipt", summary=fine).summary == fine
    for wrong in ("{nobody}", "{0}", "{"):
        with pytest.raises(ValidationError) as caught:
            make_rule("receipt", summary=wrong)
        assert caught.value.errors()[0]["ctx"]["error"].args[0].code == "voucher.summary_unknown"


def test_what_is_assumed_of_a_ledger() -> None:
    ledger = LedgerSettings(since=date(2026, 1, 1))
    assert (ledger.rules, ledger.revenue_on, ledger.word, ledger.red, ledger.closed) == (
        "enterprise", "invoice", "记", "negative", "hold",
    )  # fmt: skip
    assert (ledger.tax_rate, ledger.automatic) == (D("0.13"), False)
    assert ledger.dimensions == {"receivable": ("customer",), "advance": ("customer",)}
    assert (ledger.accounts, ledger.departments, ledger.employees, ledger.methods) == ({}, {}, {}, {})
    rule = make_rule("receipt")
    assert (rule.summary, rule.revenue_on, rule.lines) == ("{date} {customer} {order}", (), ())


SALE = make_rule("invoice", ("receivable", "debit", "gross"), ("revenue", "credit", "net"), ("vat", "credit", "tax"))
ACCOUNTS = {"receivable": "1122", "revenue": "6001", "vat": "2221"}
KEPT = {"customer": "account_id", "product": "product_id", "department": "department", "employee": "employee"}


def make_ledger(**more: Any) -> LedgerSettings:
    return LedgerSettings.model_validate({"since": date(2026, 1, 1), "accounts": ACCOUNTS, **more})


def make_event(**more: Any) -> Event:
    told: dict[str, Any] = {
        "currency": "CNY", "rate": D(1), "parts": (price_part(D(100), D(13), D(1), "CNY", BEARING),),
        "account_id": CUSTOMER, "customer": "海岳", "orders": ("SO1", "SO2"), **more,
    }  # fmt: skip
    return Event(VoucherTrigger.INVOICE, "invoice", UUID(int=9), "N1", date(2026, 11, 21), **told)


@pytest.mark.parametrize("dimension", list(KEPT))
def test_by_what_an_account_is_kept(dimension: str) -> None:
    ledger = make_ledger(
        dimensions={"revenue": [dimension]}, departments={"revenue": "D1", "vat": "D2"}, employees={"revenue": "E1"}
    )
    lines = {line.role: line for line in post_event(make_event(), SALE, ledger, "CNY").lines}
    whole = {"customer": CUSTOMER, "product": BEARING, "department": "D1", "employee": "E1"}
    nothing = {"customer": None, "product": None, "department": "", "employee": ""}
    for role, line in lines.items():
        found = {name: getattr(line, field) for name, field in KEPT.items()}
        assert found == (nothing | ({dimension: whole[dimension]} if role == "revenue" else {}))


def test_what_stops_a_voucher_is_named() -> None:
    for dimension in ("department", "employee"):
        with refused("voucher.dimension_unsaid", role="revenue", dimension=dimension):
            post_event(make_event(), SALE, make_ledger(dimensions={"revenue": [dimension]}), "CNY")
    with refused("voucher.role_unmapped", role="vat", known="receivable, revenue"):
        post_event(make_event(), SALE, make_ledger(accounts={"revenue": "6001", "receivable": "1122"}), "CNY")
    with refused("voucher.role_unmapped", role="receivable", known="—"):
        post_event(make_event(), SALE, make_ledger(accounts={}), "CNY")
    lame = make_rule("invoice", ("receivable", "debit", "gross"), ("revenue", "credit", "net"))
    with refused("voucher.unbalanced", number="N1", debit=D(113), credit=D(100)):
        post_event(make_event(), lame, make_ledger(), "CNY")


def test_the_entries_of_a_sale() -> None:
    posting = post_event(make_event(currency="USD", rate=D(7)), SALE, make_ledger(dimensions={}), "CNY")
    told = [
        (line.key, line.role, line.account_code, line.debit, line.credit, line.amount, line.currency, line.rate)
        for line in posting.lines
    ]
    assert told == [
        ("1", "receivable", "1122", D(113), D(0), D(113), "USD", D(7)),
        ("2", "revenue", "6001", D(0), D(100), D(100), "USD", D(7)),
        ("3", "vat", "2221", D(0), D(13), D(13), "USD", D(7)),
    ]
    red = reverse_lines(posting.lines, "negative", "冲")
    assert [(line.debit, line.credit, line.amount) for line in red[:2]] == [
        (D(-113), D(0), D(-113)),
        (D(0), D(-100), D(-100)),
    ]
    swapped = reverse_lines(posting.lines, "swap", "冲")
    assert [(line.debit, line.credit, line.amount) for line in swapped[:2]] == [
        (D(0), D(113), D(113)),
        (D(100), D(0), D(100)),
    ]
    assert {line.summary for line in (*red, *swapped)} == {f"冲 {posting.lines[0].summary}"}


def test_the_text_of_an_entry() -> None:
    rule = make_rule("invoice", summary="{date}  {customer} {order} {number}")
    assert write_summary(make_event(), rule) == "2026-11-21 海岳 SO1 SO2 N1"
    long = write_summary(make_event(customer="海" * 500), rule)
    assert (len(long), long[-10:]) == (200 - 1, "SO1 SO2 N1")
    full = write_summary(make_event(orders=("S" * 300,)), rule)
    assert full == f"2026-11-21 {'S' * 189}"


def test_money_in_its_parts() -> None:
    part = pay_part(D(113), D(1), D(50), D("44.25"), D(7), "CNY")
    assert part.amounts == {
        "amount": D(113), "fee": D(1), "bank": D(112), "settled": D(63), "advance": D(50), "advance_net": D("44.25"),
        "advance_tax": D("5.75"),
    }  # fmt: skip
    assert part.base == {name: value * 7 for name, value in part.amounts.items()}
    assert part.product_id is None
    yen = pay_part(D(10), D(0), D(0), D(0), D("0.333"), "JPY")
    assert yen.base["amount"] == D(3)


def test_what_makes_another_voucher_of_a_document() -> None:
    first = make_event()
    same = make_event(customer="新名", orders=(), organisation_id=CUSTOMER, rate=D("1.00"))
    assert fingerprint(first) == fingerprint(same), "names are no part of it"
    others = [
        make_event(currency="USD"), make_event(rate=D(2)), make_event(account_id=BEARING), make_event(method="bank"),
        make_event(parts=()), make_event(parts=(price_part(D(100), D(13), D(1), "CNY", None),)),
        make_event(parts=(price_part(D(100), D(12), D(1), "CNY", BEARING),)),
    ]  # fmt: skip
    assert len({fingerprint(event) for event in (first, *others)}) == len(others) + 1
