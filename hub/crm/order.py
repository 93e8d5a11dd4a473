"""Sales orders: their states, and what must hold for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from hub.crm.checks import check_line_keys, check_tax_rate
from hub.crm.contract import check_order
from hub.crm.figures import check_rate, complete_figures, complete_lines
from hub.crm.rules import Fed, Feeder, Finder, Room, Rules, Transitions
from hub.crm.settlement import convert, judge_payment, sum_allocations, sum_promised, take_share
from hub.errors import RuleBroken
from hub.model.contract import Contract
from hub.model.finance import Delivery, DeliveryState, Invoice, InvoiceState
from hub.model.kinds import Fields
from hub.model.money import add_exactly
from hub.model.sales import Billing, Fulfilment, Order, OrderLine, OrderState

TRANSITIONS: Transitions = {
    OrderState.DRAFT: frozenset({OrderState.SUBMITTED, OrderState.VOID}),
    OrderState.SUBMITTED: frozenset({OrderState.APPROVED, OrderState.DRAFT, OrderState.VOID}),
    # Back to draft: the approval is taken back (反审核).
    OrderState.APPROVED: frozenset({OrderState.CLOSED, OrderState.DRAFT, OrderState.VOID}),
    OrderState.CLOSED: frozenset({OrderState.APPROVED}),
    OrderState.VOID: frozenset(),
}


def check(order: Order, previous: Order | None, remote: bool) -> None:
    """Rates and line keys; an order made here needs lines before it leaves the draft; a void one stays as it is."""
    check_line_keys("order", "lines", order.lines)
    check_rate(order)
    for line in order.lines:
        check_tax_rate(f"order.lines.{line.key}.tax_rate", line.tax_rate)
    if remote:
        return
    if not order.lines and order.state not in (OrderState.DRAFT, OrderState.VOID):
        raise RuleBroken("crm.order_empty", state=order.state.value)
    if previous is not None and previous.state is OrderState.VOID and _content(order) != _content(previous):
        raise RuleBroken("crm.order_void", number=order.number)


def check_relations(order: Order, find: Finder) -> None:
    """An order under a contract fits it."""
    contract = find("contract", order.contract_id) if order.contract_id is not None else None
    if isinstance(contract, Contract) and order.state is not OrderState.VOID:
        check_order(order, contract)


def _content(order: Order) -> dict[str, Any]:
    free = {"revision", "updated_at", "deleted_at", "tags", "custom", "attributes", *FED_FIELDS}
    return order.model_dump(exclude=free)


FED_FIELDS = frozenset({"fulfilment", "billing", "payment", "invoiced", "paid"})
FEEDERS = (
    Feeder("delivery", "order_id"),
    Feeder("invoice", "order_id", "lines"),
    Feeder("payment", "order_id", "allocations"),
    Feeder("payment_plan", "order_id"),
)


def derive(record_id: UUID, values: Fields, fed: Fed) -> dict[str, Any]:
    """The three axes that follow from other documents, and the sums behind them. An axis that no document feeds stays
    as the source of the order gives it."""
    derived: dict[str, Any] = {}
    gross, lines = values.get("gross", Decimal(0)), values.get("lines", ())
    deliveries, invoices, payments = (fed.get(name, ()) for name in ("delivery", "invoice", "payment"))
    if deliveries:
        derived["fulfilment"] = judge_fulfilment(lines, deliveries)
    plans = [plan for plan in fed.get("payment_plan", ()) if plan.paid]
    if invoices:
        derived["invoiced"] = sum_invoiced(record_id, invoices, values)
        derived["billing"] = _judge_billing(derived["invoiced"], gross)
    if payments or invoices or plans:
        direct = sum_allocations(payments, "order_id", record_id, values)
        posted = [invoice for invoice in invoices if invoice.state is InvoiceState.POSTED]
        through = [take_part(record_id, invoice, invoice.paid, values) for invoice in posted]
        derived["paid"] = add_exactly([direct, *through, *(plan.paid for plan in plans)])
        derived["payment"] = judge_payment(derived["paid"], gross)
    return derived


def judge_fulfilment(lines: Sequence[OrderLine], deliveries: Sequence[Delivery]) -> Fulfilment:
    """How much of what was ordered has been delivered; returns count against it."""
    done: Counter[str] = Counter()
    keys = {line.product_id: line.key for line in reversed(lines)}
    for delivery in deliveries:
        for row in delivery.lines if delivery.state is DeliveryState.DONE else ():
            done[row.order_line or keys.get(row.product_id, "")] += row.quantity  # type: ignore[assignment]
    wanted = [line for line in lines if line.quantity > 0]
    if not any(quantity > 0 for quantity in done.values()):
        return Fulfilment.NONE
    complete = all(done[line.key] >= line.quantity for line in wanted)
    return Fulfilment.COMPLETE if complete else Fulfilment.PARTIAL


def sum_invoiced(record_id: UUID, invoices: Sequence[Invoice], values: Fields) -> Decimal:
    """What posted invoices bill of an order, in its currency, credit notes subtracted (their lines are negative)."""
    billed = [
        convert(
            add_exactly([line.gross for line in invoice.lines if line.order_id == record_id]),
            *(invoice.currency, invoice.rate, values),
        )
        for invoice in invoices
        if invoice.state is InvoiceState.POSTED
    ]
    return add_exactly(billed)


def _judge_billing(invoiced: Decimal, gross: Decimal) -> Billing:
    if invoiced <= 0:
        return Billing.NONE
    return Billing.COMPLETE if invoiced >= gross else Billing.PARTIAL


def take_part(record_id: UUID, invoice: Invoice, amount: Decimal, values: Fields) -> Decimal:
    """The order's part of an amount on an invoice that may bill several, in the order's currency."""
    parts: dict[UUID | None, Decimal] = {}
    for line in invoice.lines:
        parts[line.order_id] = add_exactly([parts.get(line.order_id, Decimal(0)), line.gross])
    share = take_share(amount, invoice.currency, parts, record_id)
    return convert(share, invoice.currency, invoice.rate, values)


def promise(order: Order, fed: Fed) -> Decimal:
    """What will have been paid on an order, drafts and what is under way included: directly, on its invoices and on the
    instalments of its plans."""
    values = {"currency": order.currency, "rate": order.rate}
    invoices = [invoice for invoice in fed.get("invoice", ()) if invoice.state is not InvoiceState.VOID]
    return add_exactly(
        [
            sum_promised(fed.get("payment", ()), "order_id", order.id),
            *(take_part(order.id, invoice, invoice.promised, values) for invoice in invoices),
            *(plan.promised for plan in fed.get("payment_plan", ())),
        ]
    )


def measure(order: Order, fed: Fed) -> list[Room]:
    """No more is promised to an order than it is worth, whatever the money names: the order, an invoice, a plan."""
    return [Room(order.number, order.gross, promise(order, fed))]


RULES = Rules(
    "order",
    TRANSITIONS,
    partial(complete_figures, "order"),
    check,
    check_relations,
    listing=partial(complete_lines, "order"),
    feeders=FEEDERS,
    deriving=derive,
    measuring=measure,
)
