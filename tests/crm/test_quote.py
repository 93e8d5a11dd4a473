"""Quotes: what is refused, what an acceptance and a new version come to, and what the customer reads on paper."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.crm.actions import Change, Make, Taken, check_state
from hub.crm.paper import Column, list_columns, tell_facts
from hub.crm.rules import rules_for
from hub.model.opportunity import OpportunityState
from hub.model.party import Account, Contact, Organisation, User
from hub.model.quote import QuoteLine, QuoteState
from tests.crm.books import FIRST_NEW, NOON, Books, act, find_act, make, refused

RULES = rules_for("quote")
NEW = UUID(int=FIRST_NEW)
ACME, LI = Account(id=UUID(int=1), name="海岳精密"), Contact(id=UUID(int=2), name="李四")
FANG, OURS = User(id=UUID(int=3), name="方"), Organisation(id=UUID(int=4), name="宁波示例")
DEAL, CONTRACT = UUID(int=5), UUID(int=6)
LINE = {"key": "1", "name": "轴承", "quantity": Decimal(2), "unit": "件", "unit_price": Decimal(50)}
TAX = Decimal("0.13")


def offer(*lines: dict[str, Any], **more: Any) -> Any:
    rows = tuple(QuoteLine.model_validate(row) for row in lines or ({**LINE, "tax_rate": TAX},))
    return make("quote", 10, **{"number": "QU-1", "account_id": ACME.id, "currency": "CNY", "lines": rows, **more})


SENT = {"state": "submitted", "quoted_on": date(2026, 11, 1)}
EMPTY = {"lines": ()}


@pytest.mark.parametrize(
    ("values", "code", "params"),
    [
        ({"valid_until": date(2026, 10, 31)}, "quote.dates", {"since": date(2026, 11, 1), "until": date(2026, 10, 31)}),
        (EMPTY, "quote.empty", {"state": "submitted"}),
        ({"state": "accepted"}, "quote.accept_first", {}),
    ],
)
def test_what_a_quote_cannot_be(values: dict[str, Any], code: str, params: dict[str, Any]) -> None:
    wrong = offer(**{**SENT, **values})
    with refused(code, number="QU-1", **params):
        RULES.check(wrong)


def test_what_a_quote_shares_with_other_documents() -> None:
    with refused("crm.line_key_twice", kind="quote", field="lines", key="1"):
        RULES.check(offer(LINE, LINE))
    with refused("crm.tax_rate_impossible", field="quote.lines.1.tax_rate", rate=Decimal(13)):
        RULES.check(offer({**LINE, "tax_rate": Decimal(13)}))
    with refused("crm.rate_impossible", rate=Decimal(2), currency="CNY", base="CNY"):
        RULES.check(offer(rate=Decimal(2)))
    with refused("crm.reason_missing", kind="quote", field="lost_reason"):
        RULES.check(offer(state="lost"))
    with refused("crm.value_missing", kind="quote", field="currency"):
        RULES.complete({"lines": ()})


def test_what_is_allowed() -> None:
    day = date(2026, 11, 1)
    for fine in (
        offer(quoted_on=day, valid_until=day),
        offer(valid_until=day),
        offer(quoted_on=day),
        offer(**EMPTY),
        offer(state="void", **EMPTY),
        offer(state="lost", lost_reason="price"),
        offer(state="accepted", order_id=DEAL),
    ):
        RULES.check(fine)
    RULES.check(offer(state="accepted", **EMPTY), remote=True)


FREE = {"note": "call", "owner_id": FANG.id, "valid_until": date(2026, 12, 1)}
KEPT = {
    "account_id": UUID(int=77), "currency": "USD", "quoted_on": date(2026, 10, 1), "terms": "30 days", "version": 2,
}  # fmt: skip


def test_what_the_customer_has_stays_as_it_is() -> None:
    draft, sent = offer(), offer(**SENT)
    for name, value in KEPT.items():
        with refused("quote.frozen", number="QU-1", fields=name):
            RULES.check(sent.model_copy(update={name: value, "rate": Decimal(1), "base_currency": "CNY"}), sent)
        RULES.check(draft.model_copy(update={name: value}), draft)
        RULES.check(sent.model_copy(update={name: value}), sent, remote=True)
    for name in FREE:
        RULES.check(sent.model_copy(update={name: FREE[name]}), sent)
    dollars = offer(currency="USD", rate=Decimal(7), **SENT)
    both = dollars.model_copy(
        update={"rate": Decimal(8), "lines": (*dollars.lines, *offer({**LINE, "key": "2"}).lines)}
    )
    with refused("quote.frozen", number="QU-1", fields="rate, lines"):
        RULES.check(both, dollars)


GIVEN = {
    "organisation_id": OURS.id, "account_id": ACME.id, "contact_id": LI.id, "owner_id": FANG.id, "currency": "USD",
    "rate": Decimal(7), "base_currency": "CNY",
}  # fmt: skip
POSITION = {**LINE, "product_id": UUID(int=8), "tax_rate": TAX}


def test_an_acceptance_makes_the_same_order_and_wins() -> None:
    deal = make("opportunity", 5, name="海岳", account_id=ACME.id, currency="CNY", stage="contact")
    quote = offer(POSITION, **SENT, **GIVEN, opportunity_id=DEAL, note="ours", terms="30 days")
    taken = act(quote, "accept", Books([deal]), reference="PO-9", contract_id=CONTRACT)
    assert taken == Taken(
        (
            Make("order", NEW, {**GIVEN, "lines": [POSITION], "reference": "PO-9", "contract_id": CONTRACT}),
            Change("quote", quote.id, {"state": QuoteState.ACCEPTED, "order_id": NEW}),
            Change("opportunity", DEAL, {"state": OpportunityState.WON}),
        ),
        (("order", NEW),),
    )


def test_an_acceptance_without_anything_else() -> None:
    deal = make("opportunity", 5, name="海岳", account_id=ACME.id, currency="CNY", stage="contact")
    over = deal.model_copy(update={"state": OpportunityState.LOST})
    for quote, books in (
        (offer(**SENT), Books([deal])),
        (offer(**SENT, opportunity_id=DEAL), Books([over])),
        (offer(**SENT, opportunity_id=DEAL), Books()),
    ):
        order, change = act(quote, "accept", books).steps
        assert isinstance(order, Make)
        assert (order.values["reference"], "contract_id" in order.values) == ("", False)
        assert change.kind == "quote"


def test_an_acceptance_is_made_once_and_in_time() -> None:
    assert act(offer(state="accepted", order_id=NEW), "accept", Books()) == Taken(results=(("order", NEW),))
    assert act(offer(**SENT, valid_until=NOON.today), "accept", Books()).steps
    yesterday = date(2026, 11, 1)
    with refused("quote.expired", number="QU-1", until=yesterday):
        act(offer(**SENT, valid_until=yesterday), "accept", Books())


COPIED = {**GIVEN, "opportunity_id": DEAL, "terms": "30 days", "note": "ours"}


@pytest.mark.parametrize(
    ("number", "version", "later"), [("QU-1", 1, "QU-1-2"), ("QU-1-2", 2, "QU-1-3"), ("QU-1-2", 1, "QU-1-2-2")]
)
def test_a_change_is_the_next_version(number: str, version: int, later: str) -> None:
    quote = offer(POSITION, **SENT, **COPIED, number=number, version=version)
    until = date(2026, 12, 1)
    made = {**COPIED, "number": later, "version": version + 1, "revises_id": quote.id, "lines": [POSITION]}
    assert act(quote, "revise", Books(), valid_until=until) == Taken(
        (
            Make("quote", NEW, {**made, "valid_until": until}),
            Change("quote", quote.id, {"state": QuoteState.REPLACED}),
        ),
        (("quote", NEW),),
    )


def test_what_was_replaced_names_what_came_after_it() -> None:
    old = offer(state="replaced")
    later = offer(revises_id=old.id).model_copy(update={"id": UUID(int=11)})
    other = offer(revises_id=UUID(int=99)).model_copy(update={"id": UUID(int=12)})
    assert act(old, "revise", Books([later, other])) == Taken(results=(("quote", later.id),))


def test_in_which_states_a_quote_is_accepted_and_offered_anew() -> None:
    open_for = {
        state.value: {action.name for action in RULES.actions if action.states is None or state in action.states}
        for state in QuoteState
    }
    both = {"accept", "revise"}
    assert open_for == {
        "draft": set(), "submitted": both, "accepted": {"accept"}, "lost": {"revise"}, "replaced": {"revise"},
        "void": set(),
    }  # fmt: skip
    lost = offer(state="lost", lost_reason="price")
    with refused("crm.action_refused", kind="quote", action="accept", state="lost", allowed="revise"):
        check_state("quote", find_act("quote", "accept"), RULES.actions, lost)
    with refused("crm.action_refused", kind="quote", action="accept", state="void", allowed="—"):
        check_state("quote", find_act("quote", "accept"), RULES.actions, offer(state="void"))
    check_state("quote", find_act("quote", "revise"), RULES.actions, lost)


# ------------------------------------------------------------ on paper


HEADS = ("No.", "Item", "Quantity", "Unit", "Unit price", "Tax", "Net", "Total")


def test_what_the_customer_reads() -> None:
    bearing = make("product", 8, name="轴承 6204", number="B-6204")
    books = Books([ACME, LI, FANG, OURS, bearing])
    lines = (
        {**LINE, "name": "", "product_id": bearing.id, "tax_rate": TAX},
        {
            "key": "2",
            "name": "B-6204",
            "product_id": bearing.id,
            "quantity": Decimal("1200.50"),
            "unit_price": Decimal("0.1"),
        },
        {"key": "3", "name": "安装", "quantity": Decimal(1), "unit_price": Decimal(10)},
    )
    quote = offer(*lines, **SENT, **{**GIVEN, "currency": "CNY", "rate": Decimal(1)}, version=2, terms="30 days")
    printing = RULES.printing
    assert printing is not None
    paper = printing(quote, books, "somebody", "en")
    assert (paper.title, paper.number, paper.seller, paper.closing) == ("Quotation", "QU-1", "宁波示例", "30 days")
    assert paper.facts == [
        ("Customer", "海岳精密"), ("Attention", "李四"), ("Date", "2026-11-01"), ("Our contact", "方"),
        ("Version", "2"), ("Currency", "CNY"),
    ]  # fmt: skip
    assert paper.rows == [
        ("1", "轴承 6204 (B-6204)", "2", "件", "¥50.00", "13 %", "¥100.00", "¥113.00"),
        ("2", "B-6204", "1,200.5", "", "¥0.10", "0 %", "¥120.05", "¥120.05"),
        ("3", "安装", "1", "", "¥10.00", "0 %", "¥10.00", "¥10.00"),
    ]
    assert paper.totals == [("Net", "¥230.05"), ("Tax", "¥13.00"), ("Total", "¥243.05")]
    assert tuple(column.head for column in paper.columns) == HEADS


def test_a_first_version_of_nobody_in_particular() -> None:
    printing = RULES.printing
    assert printing is not None
    paper = printing(offer(valid_until=date(2026, 12, 1)), Books(), "我们", "zh")
    assert (paper.title, paper.seller, paper.closing) == ("报价单", "我们", "")
    assert paper.facts == [("有效期至", "2026-12-01"), ("币种", "CNY")]


def test_numbers_stand_to_the_right() -> None:
    columns = list_columns("zh")
    assert columns[0] == Column("序号", 5, numeric=False)
    assert [column.numeric for column in columns] == [False, False, True, False, True, True, True, True]
    assert [column.width for column in columns] == [5, 30, 10, 8, 14, 8, 14, 14]
    assert Column("x", 1).numeric is False


def test_empty_facts_are_left_out_and_zero_is_none_of_them() -> None:
    assert tell_facts([("customer", ""), ("contact", None), ("version", 0)], "en") == [("Version", "0")]
