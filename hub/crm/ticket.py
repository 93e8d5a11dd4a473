"""Tickets: their states, and when somebody answered."""

from __future__ import annotations

from typing import Any

from hub.crm.actions import Moment
from hub.crm.rules import Finder, Rules, Transitions
from hub.errors import RuleBroken
from hub.model.kinds import Fields
from hub.model.sales import Order
from hub.model.ticket import Ticket, TicketState

TRANSITIONS: Transitions = {
    TicketState.NEW: frozenset({TicketState.WORKING, TicketState.WAITING, TicketState.RESOLVED, TicketState.CLOSED}),
    TicketState.WORKING: frozenset({TicketState.WAITING, TicketState.RESOLVED, TicketState.CLOSED}),
    TicketState.WAITING: frozenset({TicketState.WORKING, TicketState.RESOLVED, TicketState.CLOSED}),
    TicketState.RESOLVED: frozenset({TicketState.WORKING, TicketState.CLOSED}),
    TicketState.CLOSED: frozenset({TicketState.WORKING}),
}
ENDED = (TicketState.RESOLVED, TicketState.CLOSED)


def check(ticket: Ticket, previous: Ticket | None, remote: bool) -> None:
    if not ticket.subject.strip():
        raise RuleBroken("ticket.subject_missing", number=ticket.number)


def check_relations(ticket: Ticket, find: Finder) -> None:
    """An order that it is about is the customer's own."""
    order = find("order", ticket.order_id) if ticket.order_id is not None else None
    if isinstance(order, Order) and order.account_id != ticket.account_id:
        raise RuleBroken("ticket.other_customer", number=ticket.number, order=order.number)


def stamp(values: Fields, previous: Ticket | None, at: Moment) -> dict[str, Any]:
    """When it was opened, first taken up, and resolved; the last is taken back when it is opened again."""
    state = TicketState(values.get("state", TicketState.NEW))
    opened = (previous.opened_at if previous is not None else None) or at.now
    answered = previous.first_response_at if previous is not None else None
    resolved = previous.resolved_at if previous is not None else None
    if answered is None and state is not TicketState.NEW:
        answered = at.now
    resolved = (resolved or at.now) if state in ENDED else None
    return {"opened_at": opened, "first_response_at": answered, "resolved_at": resolved}


RULES = Rules("ticket", TRANSITIONS, checking=check, relating=check_relations, stamping=stamp)
