"""Deliveries: their states. What they fulfil is the order's business (``hub.crm.order``)."""

from __future__ import annotations

from hub.crm.checks import check_line_keys
from hub.crm.rules import Rules, Transitions
from hub.model.finance import Delivery, DeliveryState

TRANSITIONS: Transitions = {
    DeliveryState.DRAFT: frozenset({DeliveryState.DONE, DeliveryState.VOID}),
    # Back to draft: 反审核 of the stock document.
    DeliveryState.DONE: frozenset({DeliveryState.DRAFT, DeliveryState.VOID}),
    DeliveryState.VOID: frozenset(),
}


def check(delivery: Delivery, previous: Delivery | None, remote: bool) -> None:
    check_line_keys("delivery", "lines", delivery.lines)


RULES = Rules("delivery", TRANSITIONS, checking=check)
