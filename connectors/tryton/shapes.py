"""Rows of Tryton as the payloads that the mapping files read, and what is worked out from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.tryton.encoding import make_plain
from hub.sdk import Stage

Row = Mapping[str, Any]
Payload = dict[str, Any]

REFERENCE = re.compile(r"I[0-9A-HJKMNP-TV-Z]{29}")
"""What a reference of a hub looks like, whichever hub made it."""
STAGES: Mapping[str, Stage] = {
    "draft": Stage.DRAFT,
    "quotation": Stage.SUBMITTED,
    "confirmed": Stage.EFFECTIVE,
    "processing": Stage.EFFECTIVE,
    "done": Stage.EFFECTIVE,
    "cancelled": Stage.VOID,
}
ADDRESS_KINDS = {(True, False): "invoice", (False, True): "delivery"}
"""Flags (invoice, delivery) → the hub's kind of an address; both or none are ``main``."""
IDENTIFIER_TYPES = {"uscc": "cn_vat", "vat": "eu_vat"}
"""The hub's kinds of identifiers → Tryton's types; Tryton 8.2 has none for a LEI."""
DEAD_STATES = ("cancelled",)


def shape_party(row: Row) -> Payload:
    """Name, code and activity; ``addresses`` with a ``kind``; ``contact_mechanisms`` in their order; ``identifiers``
    by type. Deactivated children are left out."""
    plain = make_plain(row)
    addresses = [{**address, "kind": name_address_kind(address)} for address in _active(plain["addresses"])]
    mechanisms = _active(plain["contact_mechanisms"])
    identifiers: dict[str, list[Any]] = {kind: [] for kind in IDENTIFIER_TYPES.values()}
    for item in _active(plain["identifiers"]):
        identifiers.setdefault(item["type"] or "none", []).append(item)
    return {**plain, "addresses": addresses, "contact_mechanisms": mechanisms, "identifiers": identifiers}


def shape_product(row: Row, currency: str) -> Payload:
    """A variant with its ``template``; ``tax_rate`` and ``currency`` are worked out."""
    plain = make_plain(row)
    template = plain["template"] or {}
    category = template.get("account_category") or {}
    return {
        **plain,
        "active": bool(plain["active"] and template.get("active")),
        "currency": currency,
        "tax_rate": add_rates(category.get("customer_taxes_used") or ()),
    }


def shape_sale(row: Row) -> Payload:
    """A sale with its lines; ``customer_reference`` and each line's ``tax_rate`` are worked out."""
    plain = make_plain(row)
    lines = [{**line, "tax_rate": add_rates(line["taxes"])} for line in plain["lines"]]
    return {**plain, "lines": lines, "customer_reference": plain[name_reference_field(plain)] or ""}


def name_reference_field(sale: Row) -> str:
    """Where the customer's own order number stands: in ``reference``, unless a hub's reference is there."""
    return "description" if find_reference([sale.get("reference")]) else "reference"


def find_reference(texts: Iterable[str | None]) -> str | None:
    """The first text that is a hub's reference."""
    return next((text for text in texts if text and REFERENCE.fullmatch(text.strip().upper())), None)


def add_rates(taxes: Sequence[Row]) -> str | None:
    """The taxes of a line as one rate; None when they are no plain percentages, which no rate can say."""
    if any(tax.get("type") != "percentage" or tax.get("rate") is None for tax in taxes):
        return None
    return format(sum((Decimal(tax["rate"]) for tax in taxes), Decimal(0)), "f")


def name_address_kind(address: Row) -> str:
    return ADDRESS_KINDS.get((bool(address["invoice"]), bool(address["delivery"])), "main")


def has_live_children(sale: Row) -> bool:
    """Whether invoices or shipments hang on it that are not cancelled."""
    held = [*sale["invoices"], *sale["shipments"], *sale["shipment_returns"]]
    return any(document["state"] not in DEAD_STATES for document in held)


def read_fulfilment(value: str | None, sale: Row) -> str:
    """Tryton's shipment state; for an exception what the lines say, because part of it may have left."""
    known = {"none": "none", "waiting": "none", "partially shipped": "partial", "sent": "complete"}
    if value in known:
        return known[value]
    if value == "exception":
        moved = any(Decimal(str(line.get("moves_progress") or 0)) > 0 for line in sale["lines"])
        return "partial" if moved else "none"
    raise ValueError(f"unknown shipment state {value}")


def read_billing(value: str | None, sale: Row) -> str:
    """How much of the total is on posted invoices."""
    invoiced, _ = _add_invoices(sale)
    return _grade(invoiced, _total(sale), "none", "partial", "complete")


def read_payment(value: str | None, sale: Row) -> str:
    """How much of the total was paid on posted invoices."""
    invoiced, unpaid = _add_invoices(sale)
    return _grade(invoiced - unpaid, _total(sale), "none", "partial", "paid")


FUNCTIONS = {"fulfilment": read_fulfilment, "billing": read_billing, "payment": read_payment}
"""What the mapping files may ``call``."""


def _grade(amount: Decimal, total: Decimal, *words: str) -> str:
    """None, part or all of the total; a return's amounts are negative."""
    if total < 0:
        amount, total = -amount, -total
    return words[0] if amount <= 0 else words[1] if amount < total else words[2]


def _add_invoices(sale: Row) -> tuple[Decimal, Decimal]:
    """Posted or paid, and what of it is unpaid."""
    posted = [invoice for invoice in sale["invoices"] if invoice["state"] in ("posted", "paid")]
    amounts = [(Decimal(item["total_amount"] or 0), Decimal(item["amount_to_pay"] or 0)) for item in posted]
    return sum((total for total, _ in amounts), Decimal(0)), sum((unpaid for _, unpaid in amounts), Decimal(0))


def _total(sale: Row) -> Decimal:
    return Decimal(sale["total_amount"] or 0)


def _active(rows: Sequence[Payload]) -> list[Payload]:
    return [row for row in rows if row["active"]]
