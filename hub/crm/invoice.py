"""Invoices and credit notes: states, signs, and what has been paid on them."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from hub.crm.checks import check_line_keys, check_tax_rate
from hub.crm.figures import check_rate, complete_figures
from hub.crm.rules import Fed, Feeder, Finder, Rules, Transitions
from hub.crm.settlement import check_open, judge_payment, sum_allocations
from hub.errors import RuleBroken
from hub.model.finance import Invoice, InvoiceState, InvoiceType
from hub.model.kinds import Fields

TRANSITIONS: Transitions = {
    InvoiceState.DRAFT: frozenset({InvoiceState.POSTED, InvoiceState.VOID}),
    InvoiceState.POSTED: frozenset({InvoiceState.VOID}),
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
    """What has been paid, as a sum over allocations."""
    paid = sum_allocations(fed.get("payment", ()), "invoice_id", record_id, values)
    return {"paid": paid, "payment": judge_payment(paid, values["gross"])}


RULES = Rules(
    "invoice",
    TRANSITIONS,
    partial(complete_figures, "invoice"),
    check,
    check_relations,
    feeders=(Feeder("payment", "invoice_id", "allocations"),),
    deriving=derive,
    fitting=lambda invoice, fed, before: check_open(
        invoice, fed.get("payment", ()), before.get("payment", ()), "invoice_id"
    ),
)
