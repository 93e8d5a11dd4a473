"""Payments: append-only, with allocations that never exceed the amount."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.crm.checks import check_line_keys
from hub.crm.figures import check_amount, check_rate, convert_to_base
from hub.crm.rules import Fed, Feeder, Finder, Room, Rules, Transitions
from hub.crm.settlement import sum_used
from hub.errors import RuleBroken
from hub.model.base import Entity
from hub.model.finance import Allocation, AllocationTarget, Payment, PaymentPlan, PaymentState, PaymentType
from hub.model.kinds import Fields
from hub.model.money import add_exactly

TRANSITIONS: Transitions = {
    PaymentState.DRAFT: frozenset({PaymentState.SUBMITTED, PaymentState.SUCCEEDED, PaymentState.VOID}),
    PaymentState.SUBMITTED: frozenset(
        {PaymentState.DRAFT, PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.VOID}
    ),
    # A bank may take a success back, a failure may turn out to have arrived. Back to draft: 反审核 in another system.
    PaymentState.SUCCEEDED: frozenset({PaymentState.FAILED, PaymentState.DRAFT}),
    PaymentState.FAILED: frozenset({PaymentState.SUCCEEDED, PaymentState.VOID}),
    PaymentState.VOID: frozenset(),
}
FROZEN = ("type", "account_id", "currency", "rate", "amount", "fee", "paid_on", "reverses_id")
SETTLED = (PaymentState.SUCCEEDED, PaymentState.FAILED, PaymentState.VOID)
LIVING = (PaymentState.DRAFT, PaymentState.SUBMITTED, PaymentState.SUCCEEDED)
TARGET_FIELDS = {
    AllocationTarget.INVOICE: frozenset({"invoice_id"}),
    AllocationTarget.ORDER: frozenset({"order_id"}),
    AllocationTarget.INSTALMENT: frozenset({"plan_id"}),
    AllocationTarget.ADVANCE: frozenset[str](),
}
REFERENCES = ("invoice_id", "order_id", "plan_id")


def complete(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """Amount in the base currency, and how much of the amount is allocated."""
    if "amount" not in values or "currency" not in values:
        missing = "currency" if "amount" in values else "amount"
        raise RuleBroken("crm.value_missing", kind="payment", field=missing)
    if own_figures or "base_amount" not in values:
        values["base_amount"] = check_amount("payment", "base_amount", convert_to_base(values, values["amount"]))
    values["allocated"] = check_amount("payment", "allocated", sum_used(values.get("allocations", ())))
    return values


def check(payment: Payment, previous: Payment | None, remote: bool) -> None:
    """Amounts above zero, allocations within the amount, and nothing rewritten once the money has moved."""
    check_line_keys("payment", "allocations", payment.allocations)
    check_rate(payment)
    if payment.amount <= 0:
        raise RuleBroken("crm.payment_not_positive", number=payment.number, amount=payment.amount)
    if not 0 <= payment.fee <= payment.amount:
        raise RuleBroken("crm.fee_unfit", number=payment.number, fee=payment.fee, amount=payment.amount)
    if payment.reverses_id is not None and payment.type is not PaymentType.REFUND:
        raise RuleBroken("crm.reverses_wrong_type", kind="payment", type=payment.type.value)
    for row in payment.allocations:
        _check_row(payment, row)
    if payment.allocated > payment.amount:
        raise RuleBroken(
            "crm.allocated_too_much", number=payment.number, allocated=payment.allocated, amount=payment.amount
        )  # fmt: skip
    if remote or previous is None or previous.state not in SETTLED:
        return
    changed = [name for name in FROZEN if getattr(payment, name) != getattr(previous, name)]
    if payment.state is PaymentState.DRAFT:
        changed.append("state")
    if changed:
        raise RuleBroken("crm.payment_settled", number=payment.number, fields=", ".join(changed))


def _check_row(payment: Payment, row: Allocation) -> None:
    given = frozenset(name for name in REFERENCES if getattr(row, name) is not None)
    if row.target is AllocationTarget.WRITE_OFF:
        fits = len(given & {"invoice_id", "order_id"}) == 1 and len(given) == 1
    else:
        fits = given == TARGET_FIELDS[row.target]
    if not fits or (row.target is AllocationTarget.INSTALMENT) != bool(row.instalment):
        raise RuleBroken("crm.allocation_unfit", number=payment.number, key=row.key, target=row.target.value)
    if row.amount <= 0 or (row.target_amount is not None and row.target_amount <= 0):
        raise RuleBroken("crm.allocation_not_positive", number=payment.number, key=row.key)


def check_relations(payment: Payment, find: Finder) -> None:
    """What money is allocated to belongs to the same customer; another currency needs the amount in it; a refund that
    takes a receipt back is no larger than it."""
    for row in payment.allocations:
        for name, kind in (("invoice_id", "invoice"), ("order_id", "order"), ("plan_id", "payment_plan")):
            target_id = getattr(row, name)
            target = find(kind, target_id) if target_id is not None else None
            if target is not None:
                _check_target(payment, row, target)
    receipt = find("payment", payment.reverses_id) if payment.reverses_id is not None else None
    if isinstance(receipt, Payment):
        same = receipt.account_id == payment.account_id and receipt.currency == payment.currency
        if not same or receipt.type is not PaymentType.RECEIPT or payment.amount > receipt.amount:
            raise RuleBroken("crm.reversal_unfit", number=payment.number, other=receipt.number)


def _check_target(payment: Payment, row: Allocation, target: Entity) -> None:
    label = str(getattr(target, "number", "") or target.id)
    if getattr(target, "account_id", None) != payment.account_id:
        raise RuleBroken("crm.allocation_other_customer", number=payment.number, target=label)
    currency = getattr(target, "currency", payment.currency)
    if (currency != payment.currency) != (row.target_amount is not None):
        raise RuleBroken(
            "crm.allocation_currency", number=payment.number, target=label, currency=currency, key=row.key
        )  # fmt: skip
    if isinstance(target, PaymentPlan) and row.instalment not in {item.key for item in target.instalments}:
        raise RuleBroken("crm.instalment_unknown", number=payment.number, target=label, key=row.instalment)


def derive(record_id: UUID, values: Fields, fed: Fed) -> dict[str, Any]:
    """What has been given back: a sum over the refunds that name it."""
    return {"refunded": sum_refunds(fed.get("payment", ()), (PaymentState.SUCCEEDED,))}


def sum_refunds(refunds: Sequence[Payment], states: Sequence[PaymentState]) -> Decimal:
    return add_exactly([refund.amount for refund in refunds if refund.state in states])


def measure(receipt: Payment, fed: Fed) -> list[Room]:
    """All refunds of a receipt together, drafts included, are no more than it."""
    refunds = sum_refunds(fed.get("payment", ()), LIVING)
    return [Room(receipt.number, receipt.amount, refunds, refusal="crm.reversed_too_much")]


RULES = Rules(
    "payment",
    TRANSITIONS,
    complete,
    check,
    check_relations,
    feeders=(Feeder("payment", "reverses_id"),),
    deriving=derive,
    measuring=measure,
)
