"""What happened, as a ledger sees it: the amounts of one document, gathered with what they depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.crm.ledger import LedgerSettings
from hub.crm.posting import Event, Part, pay_part, price_part, take_net
from hub.errors import RuleBroken
from hub.model.base import Entity
from hub.model.finance import (
    Allocation,
    AllocationTarget,
    Delivery,
    DeliveryState,
    Invoice,
    InvoiceState,
    Payment,
    PaymentState,
    PaymentType,
)
from hub.model.money import add_exactly, divide_money, multiply_exactly, round_money
from hub.model.party import Account
from hub.model.sales import Fulfilment, Order, OrderLine, OrderState, PricedLine
from hub.model.voucher import Voucher, VoucherTrigger
from hub.store import UnitOfWork
from hub.sync.context import Hub

ZERO = Decimal(0)
COUNTING: Mapping[str, frozenset[str]] = {
    "order": frozenset({OrderState.APPROVED, OrderState.CLOSED}),
    "delivery": frozenset({DeliveryState.DONE}),
    "invoice": frozenset({InvoiceState.POSTED}),
    "payment": frozenset({PaymentState.SUCCEEDED}),
}
"""Kind → states in which a document of it is booked."""
ADVANCE_ROLES = ("advance", "output_vat_pending")


def list_triggers(record: Entity) -> tuple[VoucherTrigger, ...]:
    """The events that a document can be."""
    if isinstance(record, Payment):
        refund = record.type is PaymentType.REFUND
        return (VoucherTrigger.REFUND,) if refund else (VoucherTrigger.RECEIPT, VoucherTrigger.OFFSET)
    return (VoucherTrigger(record.KIND),) if record.KIND in COUNTING else ()


def gather_event(
    tx: UnitOfWork, hub: Hub, ledger: LedgerSettings, record: Any, trigger: VoucherTrigger, booked: Sequence[Voucher]
) -> Event | None:
    """The event that a document is now; None: it is none (any more).

    ``booked``: the living vouchers of the document in this ledger. ``RuleBroken`` when its amounts cannot be told.
    """
    day = getattr(record, record.DAY)
    if record.deleted_at is not None or record.state not in COUNTING[record.KIND] or day is None:
        return None
    orders = _find_orders(tx, record)
    money = next(iter(orders), None) if isinstance(record, Delivery) else record
    if money is None:
        raise RuleBroken("voucher.delivery_unpriced", number=record.number)
    ours = hub.config.organisation.currency
    if money.base_currency != ours:
        raise RuleBroken("voucher.other_base", number=record.number, currency=money.base_currency, ours=ours)
    account = tx.get(Account, id=record.account_id) if record.account_id else None
    event = Event(
        trigger, record.KIND, record.id, record.number, day, money.currency, money.rate, (),
        account_id=record.account_id, customer=account.name if account is not None else "",
        orders=tuple(order.number for order in orders), method=getattr(record, "method", ""),
        organisation_id=record.organisation_id,
    )  # fmt: skip
    parts = _gather_parts(tx, ledger, event, record, orders, booked, ours)
    return replace(event, parts=parts) if parts else None


def _gather_parts(
    tx: UnitOfWork,
    ledger: LedgerSettings,
    event: Event,
    record: Any,
    orders: Sequence[Order],
    booked: Sequence[Voucher],
    ours: str,
) -> tuple[Part, ...]:
    if isinstance(record, Payment):
        return _split_payment(ledger, event, record, orders, _find_advance(booked), ours)
    if isinstance(record, Delivery):
        return _price_delivery(record, orders[0], ours)
    lines: Sequence[PricedLine] = record.lines
    return tuple(price_part(line.net, line.tax, event.rate, ours, line.product_id) for line in lines)


def _find_orders(tx: UnitOfWork, record: Any) -> list[Order]:
    """The orders behind a document, in their order."""
    match record:
        case Order():
            return [record]
        case Delivery():
            ids = [record.order_id]
        case Invoice():
            ids = [line.order_id for line in record.lines]
        case _:
            ids = [row.order_id for row in record.allocations]
            named = [row.invoice_id for row in record.allocations if row.invoice_id is not None]
            for invoice in (tx.get(Invoice, id=id) for id in named):
                ids += [line.order_id for line in invoice.lines] if invoice is not None else []
    found = (tx.get(Order, id=id) for id in dict.fromkeys(ids) if id is not None)
    return [order for order in found if order is not None]


def _price_delivery(delivery: Delivery, order: Order, ours: str) -> tuple[Part, ...]:
    """A delivery has no prices of its own: they are those of the order, for what has left."""
    by_key = {line.key: line for line in order.lines}
    by_product = {line.product_id: line for line in reversed(order.lines) if line.product_id is not None}
    parts = []
    for row in delivery.lines:
        named = by_product.get(row.product_id) if row.product_id is not None else None
        line = by_key.get(row.order_line) or named
        if line is None or not line.quantity:
            raise RuleBroken("voucher.delivery_unpriced", number=delivery.number)
        net, tax = take_delivered(line, row.quantity, order.currency)
        parts.append(price_part(net, tax, order.rate, ours, row.product_id or line.product_id))
    return tuple(parts)


def take_delivered(line: OrderLine, quantity: Decimal, currency: str) -> tuple[Decimal, Decimal]:
    """Net and tax of a part of an order line: by its price, or in proportion where its amounts follow no price."""
    if quantity == line.quantity:
        return line.net, line.tax
    if line.net == round_money(multiply_exactly(line.quantity, line.unit_price), currency):
        net = round_money(multiply_exactly(quantity, line.unit_price), currency)
    else:
        net = divide_money(multiply_exactly(line.net, quantity), line.quantity, currency)
    tax = round_money(multiply_exactly(net, line.tax_rate), currency)
    return net, tax


Advance = tuple[Decimal, Decimal]
"""Money on account: all of it, and what is left of it without tax."""


def _split_payment(
    ledger: LedgerSettings, event: Event, payment: Payment, orders: Sequence[Order], booked: Advance | None, ours: str
) -> tuple[Part, ...]:
    """Money, divided into what settles documents and what is on account. What was booked as money on account stays so;
    what of it is used since is the event *offset*."""
    now = _find_on_account(ledger, payment, {order.id: order for order in orders})
    if event.trigger is not VoucherTrigger.OFFSET:
        total, net = booked if booked is not None and event.trigger is VoucherTrigger.RECEIPT else now
        total, net = (payment.amount, min(net, payment.amount)) if total > payment.amount else (total, net)
        return (pay_part(payment.amount, payment.fee, total, net, payment.rate, ours),)
    if booked is None or booked[0] <= now[0]:
        return ()
    used = booked[0] - now[0]
    net = divide_money(multiply_exactly(used, booked[1]), booked[0], payment.currency)
    return (pay_part(used, ZERO, used, net, payment.rate, ours),)


def _find_advance(booked: Sequence[Voucher]) -> Advance | None:
    """What the voucher of the receipt booked as money on account, in the currency of the receipt; None: there is no
    such voucher yet."""
    for voucher in booked:
        if voucher.trigger is VoucherTrigger.RECEIPT:
            parts = {role: [line.amount for line in voucher.lines if line.role == role] for role in ADVANCE_ROLES}
            net, tax = (add_exactly(parts[role]) for role in ADVANCE_ROLES)
            return net + tax, net
    return None


def _find_on_account(ledger: LedgerSettings, payment: Payment, orders: Mapping[UUID, Order]) -> Advance:
    rows = [
        (row.amount, take_net(row.amount, _find_rate(ledger, orders.get(row.order_id)), payment.currency))  # type: ignore[arg-type]
        for row in payment.allocations
        if _is_on_account(ledger, row, orders)
    ]
    return add_exactly([gross for gross, _ in rows]), add_exactly([net for _, net in rows])


def _is_on_account(ledger: LedgerSettings, row: Allocation, orders: Mapping[UUID, Order]) -> bool:
    """Money for an order is on account until the sale is booked."""
    if row.target is AllocationTarget.ADVANCE:
        return True
    order = orders.get(row.order_id) if row.order_id is not None and row.target is AllocationTarget.ORDER else None
    if order is None:
        return False
    match ledger.revenue_on:
        case "order":
            return order.state not in COUNTING["order"]
        case "delivery":
            return order.fulfilment is Fulfilment.NONE
    return order.invoiced <= 0


def _find_rate(ledger: LedgerSettings, order: Order | None) -> Decimal:
    """The tax in money on account: that of its order, over all lines; the ledger's own where there is none."""
    if order is None or not order.net:
        return ledger.tax_rate
    rates = {line.tax_rate for line in order.lines}
    return rates.pop() if len(rates) == 1 else Decimal(order.tax / order.net)
