"""What payments settle: sums over allocations, shares, and the state of payment that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.errors import RuleBroken
from hub.model.finance import Allocation, AllocationTarget, Payment, PaymentState, PaymentType
from hub.model.money import Money, add_exactly
from hub.model.sales import PaymentStatus

ZERO = Decimal(0)


def sum_allocations(payments: Sequence[Payment], field: str, target_id: UUID, instalment: str | None = None) -> Decimal:
    """What succeeded payments settle of one document, in its currency; refunds subtract.

    ``field`` is the allocation's reference: ``invoice_id``, ``order_id`` or ``plan_id``.
    """
    return _sum_rows([row for row in payments if row.state is PaymentState.SUCCEEDED], field, target_id, instalment)


def _sum_rows(payments: Sequence[Payment], field: str, target_id: UUID, instalment: str | None = None) -> Decimal:
    amounts = [
        _sign_of(payment) * settle_amount(row)
        for payment in payments
        for row in payment.allocations
        if getattr(row, field) == target_id and (instalment is None or row.instalment == instalment)
    ]
    return add_exactly(amounts)


def check_open(entity: Any, payments: Sequence[Payment], field: str) -> None:
    """No more is promised to a document than it is worth: drafts and payments under way count as well."""
    living = [row for row in payments if row.state not in (PaymentState.FAILED, PaymentState.VOID)]
    promised = _sum_rows([row for row in living if _counts(row)], field, entity.id)
    if promised > max(entity.gross, ZERO):
        raise RuleBroken(
            "crm.allocated_above_open", kind=entity.KIND, number=entity.number, gross=entity.gross, promised=promised
        )  # fmt: skip


def _counts(payment: Payment) -> bool:
    """A refund that has not happened yet gives nothing back."""
    return payment.type is PaymentType.RECEIPT or payment.state is PaymentState.SUCCEEDED


def sum_used(allocations: Sequence[Allocation]) -> Decimal:
    """The part of a payment's own amount that is allocated; write-offs are none of it."""
    return add_exactly([row.amount for row in allocations if row.target is not AllocationTarget.WRITE_OFF])


def settle_amount(row: Allocation) -> Decimal:
    """What a row settles, in the currency of its document."""
    return row.amount if row.target_amount is None else row.target_amount


def _sign_of(payment: Payment) -> int:
    return 1 if payment.type is PaymentType.RECEIPT else -1


def judge_payment(paid: Decimal, gross: Decimal) -> PaymentStatus:
    """Where a document stands; a credit note (below zero) is paid by paying out."""
    if gross < 0:
        paid, gross = -paid, -gross
    if paid <= 0:
        return PaymentStatus.NONE
    if paid > gross:
        return PaymentStatus.OVERPAID
    return PaymentStatus.PAID if paid == gross else PaymentStatus.PARTIAL


def take_share(amount: Decimal, currency: str, parts: Mapping[UUID | None, Decimal], wanted: UUID) -> Decimal:
    """The share of ``amount`` that falls to one of the parts, in proportion and exact: all shares add up to it."""
    names = sorted(parts, key=str)
    weights = [abs(parts[name]) for name in names]
    if wanted not in parts or not any(weights):
        return ZERO
    return Money(amount, currency).allocate(weights)[names.index(wanted)].amount
