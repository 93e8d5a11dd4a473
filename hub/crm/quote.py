"""Quotes: what the customer has does not change; accepted, it becomes one order; changed, it becomes a new version."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from hub.crm.actions import Action, Asked, Change, Look, Make, Taken
from hub.crm.checks import check_line_keys, check_reason, check_tax_rate
from hub.crm.figures import check_rate, complete_figures, complete_lines
from hub.crm.paper import Paper, list_columns, list_rows, list_totals, name_of, tell_facts
from hub.crm.rules import Rules, Transitions
from hub.errors import RuleBroken
from hub.locale import render
from hub.model.opportunity import Opportunity, OpportunityState
from hub.model.quote import Quote, QuoteState
from hub.model.values import Ref, Value

TRANSITIONS: Transitions = {
    QuoteState.DRAFT: frozenset({QuoteState.SUBMITTED, QuoteState.VOID}),
    QuoteState.SUBMITTED: frozenset({QuoteState.ACCEPTED, QuoteState.LOST, QuoteState.REPLACED, QuoteState.VOID}),
    QuoteState.ACCEPTED: frozenset(),
    QuoteState.LOST: frozenset({QuoteState.REPLACED}),
    QuoteState.REPLACED: frozenset(),
    QuoteState.VOID: frozenset(),
}
FROZEN = ("account_id", "currency", "rate", "quoted_on", "lines", "terms", "version")
COPIED = (
    *("organisation_id", "account_id", "contact_id", "owner_id", "opportunity_id", "currency", "rate"),
    *("base_currency", "terms", "note"),
)
ORDERED = ("organisation_id", "account_id", "contact_id", "owner_id", "currency", "rate", "base_currency")
POSITION = ("key", "product_id", "name", "quantity", "unit", "unit_price", "tax_rate")


def check(quote: Quote, previous: Quote | None, remote: bool) -> None:
    """Rates and lines; one that the customer has stays as it is; a loss has a reason, an acceptance an order."""
    check_line_keys("quote", "lines", quote.lines)
    check_rate(quote)
    for line in quote.lines:
        check_tax_rate(f"quote.lines.{line.key}.tax_rate", line.tax_rate)
    if quote.quoted_on and quote.valid_until and quote.valid_until < quote.quoted_on:
        raise RuleBroken("quote.dates", number=quote.number, since=quote.quoted_on, until=quote.valid_until)
    if remote:
        return
    if not quote.lines and quote.state not in (QuoteState.DRAFT, QuoteState.VOID):
        raise RuleBroken("quote.empty", number=quote.number, state=quote.state.value)
    check_reason("quote", "lost_reason", quote.state is QuoteState.LOST, quote.lost_reason)
    if quote.state is QuoteState.ACCEPTED and quote.order_id is None:
        raise RuleBroken("quote.accept_first", number=quote.number)
    if previous is not None and previous.state is not QuoteState.DRAFT:
        changed = [name for name in FROZEN if getattr(quote, name) != getattr(previous, name)]
        if changed:
            raise RuleBroken("quote.frozen", number=quote.number, fields=", ".join(changed))


def _copy_lines(quote: Quote) -> list[dict[str, Any]]:
    return [{name: getattr(line, name) for name in POSITION} for line in quote.lines]


class Acceptance(Value):
    reference: str = ""
    """The customer's own order number."""
    contract_id: Annotated[UUID | None, Ref("contract")] = None


def accept(quote: Quote, asked: Asked) -> Taken:
    """One order with the same lines, and the opportunity is won; a second call makes nothing."""
    if quote.order_id is not None:
        return Taken(results=(("order", quote.order_id),))
    _check_valid(quote, asked.at.today)
    values = {name: getattr(quote, name) for name in ORDERED}
    values |= {"lines": _copy_lines(quote), "reference": asked.options.reference}
    if asked.options.contract_id is not None:
        values["contract_id"] = asked.options.contract_id
    order = Make("order", asked.new_id(), values)
    accepted = Change("quote", quote.id, {"state": QuoteState.ACCEPTED, "order_id": order.id})
    return Taken((order, accepted, *_win(quote, asked)), (("order", order.id),))


def _check_valid(quote: Quote, today: date) -> None:
    if quote.valid_until is not None and today > quote.valid_until:
        raise RuleBroken("quote.expired", number=quote.number, until=quote.valid_until)


def _win(quote: Quote, asked: Asked) -> list[Change]:
    found = asked.look.get("opportunity", quote.opportunity_id) if quote.opportunity_id else None
    if not isinstance(found, Opportunity) or found.state is not OpportunityState.OPEN:
        return []
    return [Change("opportunity", found.id, {"state": OpportunityState.WON})]


class Revision(Value):
    valid_until: date | None = None


def revise(quote: Quote, asked: Asked) -> Taken:
    """A draft of the next version; the customer's one is replaced by it."""
    if quote.state is QuoteState.REPLACED:
        later = asked.look.find("quote", revises_id=quote.id)
        return Taken(results=tuple(("quote", row.id) for row in later))
    values = {name: getattr(quote, name) for name in COPIED}
    first = quote.number.removesuffix(f"-{quote.version}") if quote.version > 1 else quote.number
    values |= {
        "number": f"{first}-{quote.version + 1}",
        "version": quote.version + 1,
        "revises_id": quote.id,
        "lines": _copy_lines(quote),
        "valid_until": asked.options.valid_until,
    }
    made = Make("quote", asked.new_id(), values)
    return Taken((made, Change("quote", quote.id, {"state": QuoteState.REPLACED})), (("quote", made.id),))


def print_quote(quote: Quote, look: Look, seller: str, lang: str) -> Paper:
    """What the customer gets."""
    facts = tell_facts(
        [
            ("customer", name_of(look, "account", quote.account_id)),
            ("contact", name_of(look, "contact", quote.contact_id)),
            ("quoted_on", quote.quoted_on),
            ("valid_until", quote.valid_until),
            ("contact_by", name_of(look, "user", quote.owner_id)),
            ("version", quote.version if quote.version > 1 else None),
            ("currency", quote.currency),
        ],
        lang,
    )
    ours = name_of(look, "organisation", quote.organisation_id) or seller
    rows, totals = list_rows(quote.lines, quote.currency, look), list_totals(quote, lang)
    title = render("paper.title_quote", lang)
    return Paper(title, quote.number, ours, facts, list_columns(lang), rows, totals, quote.terms)


RULES = Rules(
    "quote",
    TRANSITIONS,
    partial(complete_figures, "quote"),
    check,
    listing=partial(complete_lines, "quote"),
    actions=(
        Action("accept", accept, Acceptance, frozenset({QuoteState.SUBMITTED, QuoteState.ACCEPTED})),
        Action("revise", revise, Revision, frozenset({QuoteState.SUBMITTED, QuoteState.LOST, QuoteState.REPLACED})),
    ),
    printing=print_quote,
)
