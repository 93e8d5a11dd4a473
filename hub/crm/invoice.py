"""Invoices and credit notes: states, signs, and what has been paid on them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from hub.crm.checks import check_line_keys, check_tax_rate
from hub.crm.figures import check_rate, complete_figures, complete_lines
from hub.crm.rules import Fed, Feeder, Finder, Room, Rules, Transitions
from hub.crm.settlement import judge_payment, sum_allocations, sum_promised
from hub.errors import RuleBroken
from hub.model.finance import Invoice, InvoiceState, InvoiceType, PaymentType
from hub.model.kinds import Fields
from hub.model.money import add_exactly

TRANSITIONS: Transitions = {
    InvoiceState.DRAFT: frozenset({InvoiceState.POSTED, InvoiceState.VOID}),
    # Back to draft: 反审核 in another system; here a posted invoice changes only by a credit note.
    InvoiceState.POSTED: frozenset({InvoiceState.VOID, InvoiceState.DRAFT}),
    InvoiceState.VOID: frozenset(),
}
FROZEN = ("type", "account_id", "currency", "rate", "invoiced_on", "lines")


def check(invoice: Invoice, previous: Invoice | None, remote: bool) -> None:
    """A posted invoice changes only by a credit note; the sign of the amounts follows the type."""
    check_line_keys("invoice", "lines", invoice.lines)
    check_rate(invoice)
    for line in invoice.lines:
        check_tax_rate(f"invoice.lines.{line.key}.tax_rate", line.tax_rate)
    if (invoice.gross < 0) if invoice.type is InvoiceType.INVOICE else (invoice.gross > 0):
        raise RuleBroken("crm.invoice_sign", number=invoice.number, type=invoice.type.value, gross=invoice.gross)
    if invoice.reverses_id is not None and invoice.type is not InvoiceType.CREDIT_NOTE:
        raise RuleBroken("crm.reverses_wrong_type", kind="invoice", type=invoice.type.value)
    if remote or previous is None or previous.state is InvoiceState.DRAFT:
        return
    changed = [name for name in FROZEN if getattr(invoice, name) != getattr(previous, name)]
    if invoice.state is InvoiceState.DRAFT:
        changed.append("state")
    if changed:
        raise RuleBroken("crm.invoice_posted", number=invoice.number, fields=", ".join(changed))


def check_relations(invoice: Invoice, find: Finder) -> None:
    """A credit note takes back a posted invoice of the same customer in the same currency, and never more than it."""
    if invoice.reverses_id is None:
        return
    reversed_ = find("invoice", invoice.reverses_id)
    if not isinstance(reversed_, Invoice) or reversed_.type is not InvoiceType.INVOICE:
        return  # a missing record is refused by whoever checks references
    same = reversed_.account_id == invoice.account_id and reversed_.currency == invoice.currency
    if not same or reversed_.state is not InvoiceState.POSTED or -invoice.gross > reversed_.gross:
        raise RuleBroken("crm.reversal_unfit", number=invoice.number, other=reversed_.number)


def derive(record_id: UUID, values: Fields, fed: Fed) -> dict[str, Any]:
    """What has been paid, what is promised, and what credit notes take back: sums over the documents that name it."""
    payments = fed.get("payment", ())
    paid = sum_allocations(payments, "invoice_id", record_id, values)
    return {
        "paid": paid,
        "promised": sum_promised(payments, "invoice_id", record_id),
        "payment": judge_payment(paid, values["gross"]),
        "credited": sum_credited(fed.get("invoice", ())),
    }


def sum_credited(notes: Sequence[Invoice]) -> Decimal:
    """What credit notes take back, drafts included: above zero."""
    return -add_exactly([note.gross for note in notes if note.state is not InvoiceState.VOID])


def measure(invoice: Invoice, fed: Fed) -> list[Room]:
    """It is neither paid nor credited beyond what it is worth; of a credit note no more is paid out."""
    payments = fed.get("payment", ())
    rooms = [
        Room(invoice.number, invoice.gross, sum_promised(payments, "invoice_id", invoice.id)),
        Room(invoice.number, invoice.gross, sum_credited(fed.get("invoice", ())), refusal="crm.reversed_too_much"),
    ]
    if invoice.gross < 0:
        paid_out = sum_promised(payments, "invoice_id", invoice.id, type_=PaymentType.REFUND)
        rooms[0] = Room(invoice.number, -invoice.gross, paid_out)
    return rooms


RULES = Rules(
    "invoice",
    TRANSITIONS,
    partial(complete_figures, "invoice"),
    check,
    check_relations,
    listing=partial(complete_lines, "invoice"),
    feeders=(Feeder("payment", "invoice_id", "allocations"), Feeder("invoice", "reverses_id")),
    deriving=derive,
    measuring=measure,
)
