"""Plans of payment: instalments that add up to no more than the order, and what has been paid on each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.crm.checks import check_line_keys
from hub.crm.rules import Fed, Feeder, Finder, Room, Rules, Transitions
from hub.crm.settlement import sum_allocations, sum_promised
from hub.errors import RuleBroken
from hub.model.finance import PaymentPlan, PlanState
from hub.model.kinds import Fields
from hub.model.money import add_exactly
from hub.model.sales import Order

TRANSITIONS: Transitions = {
    PlanState.DRAFT: frozenset({PlanState.ACTIVE, PlanState.VOID}),
    PlanState.ACTIVE: frozenset({PlanState.CLOSED, PlanState.VOID}),
    PlanState.CLOSED: frozenset({PlanState.ACTIVE}),
    PlanState.VOID: frozenset(),
}


def check(plan: PaymentPlan, previous: PaymentPlan | None, remote: bool) -> None:
    check_line_keys("payment_plan", "instalments", plan.instalments)
    for item in plan.instalments:
        if item.amount <= 0:
            raise RuleBroken("crm.instalment_not_positive", number=plan.number, key=item.key, amount=item.amount)


def check_relations(plan: PaymentPlan, find: Finder) -> None:
    """The instalments promise no more than the order is worth, in its currency."""
    order = find("order", plan.order_id) if plan.order_id is not None else None
    if not isinstance(order, Order):
        return
    promised = add_exactly([item.amount for item in plan.instalments])
    if order.account_id != plan.account_id or order.currency != plan.currency or promised > order.gross:
        raise RuleBroken("crm.plan_unfit", number=plan.number, order=order.number, promised=promised, gross=order.gross)


def derive(record_id: UUID, values: Fields, fed: Fed) -> dict[str, Any]:
    """What has been paid on each instalment and in all, and what is promised in all."""
    payments = fed.get("payment", ())
    instalments = tuple(
        item.model_copy(update={"paid": sum_allocations(payments, "plan_id", record_id, values, item.key)})
        for item in values.get("instalments", ())
    )
    paid = add_exactly([item.paid for item in instalments])
    return {"instalments": instalments, "paid": paid, "promised": sum_promised(payments, "plan_id", record_id)}


def measure(plan: PaymentPlan, fed: Fed) -> list[Room]:
    """No more is promised to an instalment than it says."""
    payments = fed.get("payment", ())
    return [
        Room(f"{plan.number}/{item.key}", item.amount, sum_promised(payments, "plan_id", plan.id, item.key))
        for item in plan.instalments
    ]


RULES = Rules(
    "payment_plan",
    TRANSITIONS,
    checking=check,
    relating=check_relations,
    feeders=(Feeder("payment", "plan_id", "allocations"),),
    deriving=derive,
    measuring=measure,
)
