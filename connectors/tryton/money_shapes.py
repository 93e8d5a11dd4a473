"""Shipments, invoices and payments of Tryton as the payloads that the mapping files read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.tryton.encoding import make_plain
from connectors.tryton.shapes import add_rates, find_reference
from hub.sdk import Stage

Row = Mapping[str, Any]
Payload = dict[str, Any]

INVOICE_STAGES: Mapping[str, Stage] = {
    "draft": Stage.DRAFT,
    "validated": Stage.DRAFT,
    "posted": Stage.EFFECTIVE,
    "paid": Stage.EFFECTIVE,
    "cancelled": Stage.VOID,
}
PAYMENT_STAGES: Mapping[str, Stage] = {
    "draft": Stage.DRAFT,
    "submitted": Stage.SUBMITTED,
    "approved": Stage.SUBMITTED,
    "processing": Stage.SUBMITTED,
    "succeeded": Stage.EFFECTIVE,
    # A failed payment moved no money; a person may still find that it arrived.
    "failed": Stage.VOID,
}
SHIPMENT_STAGES: Mapping[str, Stage] = {
    **dict.fromkeys(("draft", "waiting", "assigned", "picked", "packed"), Stage.DRAFT),
    **dict.fromkeys(("shipped", "done"), Stage.EFFECTIVE),
    "cancelled": Stage.VOID,
}
UNBOOKED = ("succeeded", "failed")
"""States in which an ``account.payment`` that no move books may have, or have had, its booking in a line."""
BOOKED = {"posted": "succeeded"}
"""State of a move → state of the payment that it books; a draft move is under way."""


@dataclass(frozen=True)
class Origins:
    """Where lines of invoices come from, by ``model,id``: ``sales`` the sale, ``invoices`` the invoice taken back."""

    sales: Mapping[str, int]
    invoices: Mapping[str, int]


def shape_invoice(row: Row, origins: Origins) -> Payload:
    """An invoice with its lines; each line's ``tax_rate`` and ``sale``, the ``type``, what a credit note
    ``reverses``, and what it comes to in the books (``base_amount``, once it is posted) are worked out."""
    plain = make_plain(row)
    lines = [
        {**line, "tax_rate": add_rates(line["taxes"]), "sale": origins.sales.get(line["origin"] or "")}
        for line in plain["lines"]
    ]
    found = [origins.invoices.get(line["origin"] or "") for line in plain["lines"]]
    reversed_ = [invoice for invoice in found if invoice is not None]
    credit = Decimal(plain["total_amount"] or 0) < 0
    booked = sum(
        (Decimal(item["debit"] or 0) - Decimal(item["credit"] or 0) for item in plain["lines_to_pay"]), Decimal(0)
    )
    due = sorted(item["maturity_date"] for item in plain["lines_to_pay"] if item["maturity_date"])
    return {
        **plain,
        "lines": lines,
        "type": "credit_note" if credit else "invoice",
        "reverses": reversed_[0] if credit and reversed_ else None,
        "due_date": due[-1] if due else None,
        **({"base_amount": format(booked, "f")} if plain["lines_to_pay"] else {}),
    }


def shape_shipment(row: Row, origins: Origins) -> Payload:
    """A shipment to a customer with its moves as ``lines``; ``sale`` is the one that all of them come from."""
    plain = make_plain(row)
    sales = {origins.sales.get(move["origin"] or "") for move in plain["outgoing_moves"]}
    return {**plain, "lines": plain["outgoing_moves"], "sale": sales.pop() if len(sales) == 1 else None}


def shape_payment(row: Row) -> Payload:
    """An ``account.payment``: its one line to pay as an allocation. A hub's own without a line says nothing about its
    allocations: Tryton keeps none to an order."""
    plain = make_plain({name: value for name, value in row.items() if name != "_booked"})
    invoice = read_origin((plain["line"] or {}).get("move", {}).get("origin"), "account.invoice")
    ours = find_reference([plain["reference"]]) is not None
    shaped: Payload = {
        "id": plain["id"],
        "number": plain["number"],
        "reference": plain["reference"],
        "bank_reference": "" if ours else plain["reference"] or "",
        "type": "receipt" if plain["kind"] == "receivable" else "refund",
        "party": plain["party"],
        "date": plain["date"],
        "amount": plain["amount"],
        "currency": plain["currency"],
        "state": plain["state"],
        "journal": plain["journal"],
        "line_id": (plain["line"] or {}).get("id"),
        "booked": bool(row.get("_booked")),
    }
    if invoice or not ours:
        shaped["allocations"] = [_allocate("1", invoice, plain["amount"])] if invoice else []
    return shaped


def shape_line(row: Row, id: str, currency: str) -> Payload:
    """A line of a move that pays an invoice: what the pay window, a statement or a hand-made entry leaves behind. With
    ``_payment`` it only books that ``account.payment``: then it is none of its own."""
    plain = make_plain({name: value for name, value in row.items() if name != "_payment"})
    foreign = plain["second_currency"]
    own = Decimal(plain["credit"] or 0) - Decimal(plain["debit"] or 0)
    amount = own if not foreign else Decimal(plain["amount_second_currency"] or 0) * -1
    text = format(abs(amount), "f")
    move = plain["move"]
    return {
        "id": id,
        "number": move["number"] or "",
        "reference": None,
        "bank_reference": plain["description"] or move["description"] or "",
        "type": "receipt" if amount > 0 else "refund",
        "party": plain["party"],
        "date": move["date"],
        "amount": text,
        "currency": foreign or {"code": currency},
        "state": "void" if row.get("_payment") else BOOKED.get(move["state"], "submitted"),
        "rate": format(round(own / amount, 10).normalize(), "f") if foreign and amount else "1",
        "base_currency": currency,
        "base_amount": format(abs(own), "f"),
        "journal": None,  # a journal of the ledger is no way of paying
        "line_id": plain["id"],
        "allocations": [_allocate("1", plain["invoice_payment"], text)],
    }


def read_origin(value: Any, model: str) -> int | None:
    """The id in ``model,id``; None for another model."""
    name, _, id = str(value or "").partition(",")
    return int(id) if name == model and id.isdigit() else None


def _allocate(id: str, invoice: int | None, amount: str) -> Payload:
    return {"id": id, "target": "invoice", "invoice": invoice, "amount": amount}
