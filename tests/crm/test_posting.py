"""Vouchers from events: the worked examples of Chinese bookkeeping, and what must hold for every event.

The examples are those of the tables of business events and of the arithmetic of VAT that the project works from
(events of a sale under 企业会计准则 and 小企业会计准则; rounding per line, 77.28 = 73.60 + 3.68, seven
lines of 1.00)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from hub.crm.ledger import LedgerSettings, VoucherRule
from hub.crm.posting import Event, Part, Posting, pay_part, post_event, price_part, reverse_lines, take_net
from hub.crm.voucher import check_balance
from hub.errors import RuleBroken
from hub.model.money import add_exactly
from hub.model.voucher import VoucherTrigger
from hub.sync.vouchers import load_rules

DAY = date(2026, 11, 21)
CUSTOMER, BEARING, PUMP = (UUID(int=number) for number in (1, 2, 3))
ENTERPRISE = {
    "receivable": "1122", "revenue": "6001", "output_vat": "2221.01.06", "output_vat_pending": "2221.07",
    "bank": "1002", "advance": "2205", "fee": "6603", "notes": "1121", "other_cash": "1012",
}  # fmt: skip
SMALL = {**ENTERPRISE, "revenue": "5001", "advance": "2203", "fee": "5603"}
METHODS = {"银行承兑汇票": "notes", "微信": "other_cash"}
D = Decimal


def make_ledger(**more: Any) -> LedgerSettings:
    told = {"since": date(2026, 1, 1), "accounts": ENTERPRISE, "methods": METHODS, **more}
    return LedgerSettings.model_validate(told)


SMALL_LEDGER = {"rules": "small", "accounts": SMALL}


def make_event(trigger: str, *parts: Part, **more: Any) -> Event:
    told: dict[str, Any] = {"currency": "CNY", "rate": D(1), "account_id": CUSTOMER, "customer": "C001", **more}
    orders = told.pop("orders", ("SO1",))
    return Event(VoucherTrigger(trigger), "invoice", UUID(int=9), "N1", DAY, parts=parts, orders=orders, **told)


def post(event: Event, ledger: LedgerSettings) -> Posting:
    rule = ledger.find_rule(event.trigger, load_rules(ledger.rules))
    assert rule is not None
    return post_event(event, rule, ledger, "CNY")


def show(posting: Posting) -> list[str]:
    """``借 1122 113.00`` for each entry."""
    return [
        f"{'借' if line.debit else '贷'} {line.account_code} {line.debit or line.credit:.2f}" for line in posting.lines
    ]


def sale(net: str = "100.00", tax: str = "13.00", rate: str = "1") -> Part:
    return price_part(D(net), D(tax), D(rate), "CNY", BEARING)


def money(amount: str, fee: str = "0", advance: str = "0", net: str = "0") -> Part:
    return pay_part(D(amount), D(fee), D(advance), D(net), D(1), "CNY")


def on_account(amount: str) -> Part:
    return money(amount, "0", amount, str(take_net(D(amount), D("0.13"), "CNY")))


WORKED: dict[str, tuple[Event, dict[str, Any], list[str]]] = {
    "delivered and invoiced at once": (
        make_event("invoice", sale()), {}, ["借 1122 113.00", "贷 6001 100.00", "贷 2221.01.06 13.00"],
    ),
    "delivered, to be invoiced later": (
        make_event("delivery", sale()), {"revenue_on": "delivery"},
        ["借 1122 113.00", "贷 6001 100.00", "贷 2221.07 13.00"],
    ),
    "invoiced after the delivery": (
        make_event("invoice", sale()), {"revenue_on": "delivery"}, ["借 2221.07 13.00", "贷 2221.01.06 13.00"],
    ),
    "advance received": (
        make_event("receipt", on_account("113.00")), {},
        ["借 1002 113.00", "贷 2205 100.00", "贷 2221.07 13.00"],
    ),
    "advance received, small enterprise": (
        make_event("receipt", on_account("113.00")), SMALL_LEDGER, ["借 1002 113.00", "贷 2203 113.00"],
    ),
    "advance used": (
        make_event("offset", on_account("113.00")), {}, ["借 2205 100.00", "借 2221.07 13.00", "贷 1122 113.00"],
    ),
    "advance used, small enterprise": (
        make_event("offset", on_account("113.00")), SMALL_LEDGER, ["借 2203 113.00", "贷 1122 113.00"],
    ),
    "money received": (make_event("receipt", money("113.00")), {}, ["借 1002 113.00", "贷 1122 113.00"]),
    "money received, less the fee": (
        make_event("receipt", money("113.00", "0.68")), {}, ["借 1002 112.32", "借 6603 0.68", "贷 1122 113.00"],
    ),
    "money received through a platform": (
        make_event("receipt", money("113.00"), method="微信"), {}, ["借 1012 113.00", "贷 1122 113.00"],
    ),
    "a bill is accepted": (
        make_event("receipt", money("113.00"), method="银行承兑汇票"), {}, ["借 1121 113.00", "贷 1122 113.00"],
    ),
    "a return, in red": (
        make_event("invoice", sale("-100.00", "-13.00")), {},
        ["借 1122 -113.00", "贷 6001 -100.00", "贷 2221.01.06 -13.00"],
    ),
    "a return, sides swapped": (
        make_event("invoice", sale("-100.00", "-13.00")), {"red": "swap"},
        ["贷 1122 113.00", "借 6001 100.00", "借 2221.01.06 13.00"],
    ),
    "a refund": (make_event("refund", money("113.00")), {}, ["借 1122 113.00", "贷 1002 113.00"]),
    "a sale of a small enterprise": (
        make_event("invoice", sale()), SMALL_LEDGER, ["借 1122 113.00", "贷 5001 100.00", "贷 2221.01.06 13.00"],
    ),
    "5 %": (
        make_event("invoice", sale("73.60", "3.68")), {}, ["借 1122 77.28", "贷 6001 73.60", "贷 2221.01.06 3.68"],
    ),
    "seven lines of 1.00 with 13 % inside, rounded line by line": (
        make_event("invoice", *[sale(str(take_net(D(1), D("0.13"), "CNY")), "0.12")] * 7), {},
        ["借 1122 7.00", "贷 6001 6.16", "贷 2221.01.06 0.84"],
    ),
    "a sale without tax": (make_event("invoice", sale("100.00", "0")), {}, ["借 1122 100.00", "贷 6001 100.00"]),
    "a sale in dollars": (
        make_event("invoice", sale("100.01", "0", "7.1234"), currency="USD", rate=D("7.1234")), {},
        ["借 1122 712.41", "贷 6001 712.41"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WORKED)
def test_a_worked_example(name: str) -> None:
    event, ledger, entries = WORKED[name]
    assert show(post(event, make_ledger(**ledger))) == entries


def test_what_is_booked_says_for_whom_and_why() -> None:
    posting = post(make_event("invoice", sale()), make_ledger(dimensions={"receivable": ["customer"]}))
    assert [line.account_id for line in posting.lines] == [CUSTOMER, None, None]
    assert {line.summary for line in posting.lines} == {"2026-11-21 销售 C001 SO1 N1"}


def test_accounts_kept_by_product_get_an_entry_for_each() -> None:
    ledger = make_ledger(dimensions={"revenue": ["product", "department"]}, departments={"revenue": "D01"})
    parts = [sale("10", "1.30"), price_part(D(20), D("2.60"), D(1), "CNY", PUMP), sale("30", "3.90")]
    posting = post(make_event("invoice", *parts), ledger)
    revenue = [(line.product_id, line.credit, line.department) for line in posting.lines if line.role == "revenue"]
    assert revenue == [(BEARING, D(40), "D01"), (PUMP, D(20), "D01")]


def test_a_missing_account_or_dimension_is_named() -> None:
    bare = {role: code for role, code in ENTERPRISE.items() if role != "output_vat"}
    with pytest.raises(RuleBroken, match="output_vat"):
        post(make_event("invoice", sale()), make_ledger(accounts=bare))
    with pytest.raises(RuleBroken, match=r"revenue.*department"):
        post(make_event("invoice", sale()), make_ledger(dimensions={"revenue": ["department"]}))


def test_a_long_name_gives_way_to_the_numbers() -> None:
    posting = post(make_event("invoice", sale(), customer="海岳" * 200), make_ledger())
    assert len(posting.lines[0].summary) <= 200
    assert posting.lines[0].summary.endswith(" SO1 N1")


def test_a_rule_of_your_own_comes_first_and_may_switch_an_event_off() -> None:
    lines = [
        {"role": "bank", "side": "debit", "amount": "gross"}, {"role": "revenue", "side": "credit", "amount": "net"},
        {"role": "output_vat", "side": "credit", "amount": "tax"},
    ]  # fmt: skip
    own = make_ledger(own_rules=[{"trigger": "invoice", "lines": lines}, {"trigger": "refund"}])
    assert show(post(make_event("invoice", sale()), own))[0] == "借 1002 113.00"
    assert own.find_rule(VoucherTrigger.REFUND, load_rules("enterprise")) is None
    assert own.find_rule(VoucherTrigger.RECEIPT, load_rules("enterprise")) is not None


def test_a_rule_that_does_not_balance_books_nothing() -> None:
    lines = [{"role": "receivable", "side": "debit", "amount": "gross"},
             {"role": "revenue", "side": "credit", "amount": "net"}]  # fmt: skip
    with pytest.raises(RuleBroken, match="balance"):
        post(make_event("invoice", sale()), make_ledger(own_rules=[{"trigger": "invoice", "lines": lines}]))


def test_a_rule_knows_the_amounts_of_its_event() -> None:
    with pytest.raises(ValidationError, match="no amount"):
        VoucherRule.model_validate(
            {"trigger": "receipt", "lines": [{"role": "bank", "side": "debit", "amount": "gross"}]}
        )
    with pytest.raises(ValidationError):
        VoucherRule.model_validate({"trigger": "receipt", "summary": "{nobody}"})


CENTS = st.integers(-(10**9), 10**9).map(lambda cents: D(cents).scaleb(-2))
POSITIVE = st.integers(1, 10**9).map(lambda cents: D(cents).scaleb(-2))
RATES = st.sampled_from([D(1), D("7.1234"), D("0.0521"), D("1.005")])


@st.composite
def priced(draw: st.DrawFn, rate: Decimal) -> Part:
    net = draw(CENTS)
    tax = (net * draw(st.sampled_from([D(0), D("0.01"), D("0.06"), D("0.13")]))).quantize(D("0.01"))
    return price_part(net, tax, rate, "CNY", draw(st.sampled_from([None, BEARING, PUMP])))


@st.composite
def events(draw: st.DrawFn) -> tuple[Event, LedgerSettings]:
    """Any event of any ledger."""
    standard, red = draw(st.sampled_from(["enterprise", "small"])), draw(st.sampled_from(["negative", "swap"]))
    basis, rate = draw(st.sampled_from(["order", "delivery", "invoice"])), draw(RATES)
    kept = draw(st.sampled_from([{}, {"revenue": ["product", "customer"]}, {"receivable": ["customer"]}]))
    ledger = make_ledger(
        rules=standard, red=red, revenue_on=basis, accounts=SMALL if standard == "small" else ENTERPRISE,
        dimensions=kept,
    )  # fmt: skip
    trigger = draw(st.sampled_from(["invoice", basis, "receipt", "refund", "offset"]))
    if trigger in ("order", "delivery", "invoice"):
        parts = draw(st.lists(priced(rate), min_size=1, max_size=8))
    else:
        amount = draw(POSITIVE)
        fee = min(draw(POSITIVE), amount) if draw(st.booleans()) else D(0)
        advance = amount if trigger == "offset" else min(draw(POSITIVE), amount)
        parts = [pay_part(amount, fee, advance, take_net(advance, D("0.13"), "CNY"), rate, "CNY")]
    currency = "CNY" if rate == 1 else "USD"
    method = draw(st.sampled_from(["", "微信"]))
    return make_event(trigger, *parts, currency=currency, rate=rate, method=method), ledger


def post_or_skip(event: Event, ledger: LedgerSettings) -> Posting:
    """The posting of an event that comes to something."""
    try:
        return post(event, ledger)
    except RuleBroken as error:
        if error.code != "voucher.too_few_lines":
            raise
        reject()


@given(events())
def test_every_voucher_balances_and_its_red_one_undoes_it(case: tuple[Event, LedgerSettings]) -> None:
    event, ledger = case
    posting = post_or_skip(event, ledger)
    check_balance("", "CNY", posting.lines)
    red = reverse_lines(posting.lines, ledger.red, "冲销")
    check_balance("", "CNY", red)
    for code in {line.account_code for line in posting.lines}:
        moved = [line.debit - line.credit for line in (*posting.lines, *red) if line.account_code == code]
        assert add_exactly(moved) == 0
    if ledger.red == "swap":
        assert all(line.debit >= 0 and line.credit >= 0 for line in (*posting.lines, *red))


@given(events())
def test_the_same_event_has_the_same_fingerprint(case: tuple[Event, LedgerSettings]) -> None:
    event, ledger = case
    assert post_or_skip(event, ledger).basis == post(event, ledger).basis
