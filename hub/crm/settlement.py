"""What payments settle: sums over allocations, shares, and the state of payment that follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from hub.errors import RuleBroken
from hub.model.finance import Allocation, AllocationTarget, Payment, PaymentState, PaymentType
from hub.model.kinds import Fields
from hub.model.money import Money, add_exactly, divide_money, multiply_exactly
from hub.model.sales import PaymentStatus

ZERO = Decimal(0)


def sum_allocations(
    payments: Sequence[Payment], field: str, target_id: UUID, values: Fields, instalment: str | None = None
) -> Decimal:
    """What succeeded payments settle of one document, in its currency; refunds subtract.

    ``field`` is the allocation's reference: ``invoice_id``, ``order_id`` or ``plan_id``; ``values`` are those of the
    document. ``RuleBroken`` when money in another currency does not say what it comes to in the document's.
    """
    living = _list_living(payments)
    for payment in living:
        _check_currency(payment, field, target_id, values)
    return _sum_rows([row for row in living if row.state is PaymentState.SUCCEEDED], field, target_id, instalment)


def _list_living(payments: Sequence[Payment]) -> list[Payment]:
    return [row for row in payments if row.state not in (PaymentState.FAILED, PaymentState.VOID)]


def _check_currency(payment: Payment, field: str, target_id: UUID, values: Fields) -> None:
    currency = values.get("currency", payment.currency)
    for row in payment.allocations if currency != payment.currency else ():
        if getattr(row, field) == target_id and row.target_amount is None:
            raise RuleBroken(
                "crm.allocation_currency", number=payment.number, target=str(values.get("number") or target_id),
                currency=currency, key=row.key,
            )  # fmt: skip


def _sum_rows(payments: Sequence[Payment], field: str, target_id: UUID, instalment: str | None = None) -> Decimal:
    amounts = [
        _sign_of(payment) * settle_amount(row)
        for payment in payments
        for row in payment.allocations
        if getattr(row, field) == target_id and (instalment is None or row.instalment == instalment)
    ]
    return add_exactly(amounts)


def sum_promised(
    payments: Sequence[Payment],
    field: str,
    target_id: UUID,
    instalment: str | None = None,
    type_: PaymentType = PaymentType.RECEIPT,
) -> Decimal:
    """Money of this type that will have been paid, drafts and what is under way included, less what has already gone
    the other way."""
    rows = [row for row in _list_living(payments) if row.type is type_ or row.state is PaymentState.SUCCEEDED]
    total = _sum_rows(rows, field, target_id, instalment)
    return total if type_ is PaymentType.RECEIPT else -total


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
    """The share of ``amount`` that falls to one of the parts, in proportion and exact: all shares add up to it. A part
    below zero (a deposit that is recalled) leaves the others more."""
    names = sorted(parts, key=str)
    weights = [abs(parts[name]) for name in names]
    total = add_exactly(list(parts.values()))
    if wanted not in parts or not any(weights):
        return ZERO
    if not total or abs(total) == add_exactly(weights):
        return Money(amount, currency).allocate(weights)[names.index(wanted)].amount
    shares = {name: divide_money(multiply_exactly(amount, parts[name]), total, currency) for name in names}
    largest = names[weights.index(max(weights))]
    shares[largest] = add_exactly([shares[largest], amount, *(-share for share in shares.values())])
    return shares[wanted]


def convert(amount: Decimal, currency: str, rate: Decimal, values: Fields) -> Decimal:
    """An amount of another document in the currency of the one with these values, by way of the base currency."""
    wanted = values.get("currency", currency)
    if wanted == currency:
        return amount
    return divide_money(multiply_exactly(amount, rate), values.get("rate", Decimal(1)), wanted)
