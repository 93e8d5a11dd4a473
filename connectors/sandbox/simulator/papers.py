"""Deliveries, invoices and payments: what the ERP checks and works out. Sales are as simple as the first of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from connectors.sandbox.simulator.amounts import complete_totals, convert_to_base
from connectors.sandbox.simulator.settings import SandboxSettings
from connectors.sandbox.simulator.shapes import ErpRefused
from connectors.sandbox.simulator.tables import Document

ReadNamed = Callable[[str, str, str], Document]
"""(kind, id, field) → the document that a field names; refused when there is none."""
BOOKED = ("delivery", "invoice", "payment")
"""Kinds that belong to an accounting period."""
TYPES = {"invoice": ("invoice", "credit_note"), "payment": ("receipt", "refund")}
ALLOCATED_TO = {"invoice": {"invoice"}, "sale": {"sale"}, "advance": set[str](), "instalment": set[str]()}
"""Target of an allocation → the documents that it names; a write-off names one of either."""


def complete_paper(
    kind: str, paper: Mapping[str, Any], read_named: ReadNamed, settings: SandboxSettings
) -> dict[str, Any]:
    """The paper with everything that the ERP works out; ``ErpRefused`` when it does not fit together."""
    read_named("partner", paper["customer"], "customer")
    if kind in TYPES and paper["type"] not in TYPES[kind]:
        raise ErpRefused("invalid", f"type must be one of {', '.join(TYPES[kind])}", "type")
    if kind == "delivery":
        return _complete_delivery(paper, read_named)
    return _complete_invoice(paper, read_named, settings) if kind == "invoice" else _complete_payment(paper, read_named)


def list_named(kind: str, paper: Mapping[str, Any]) -> Iterator[str]:
    """Ids of the documents that a paper hangs on."""
    rows = paper["allocations"] if kind == "payment" else paper["lines"] if kind != "sale" else ()
    for row in (paper, *rows):
        yield from (row[name] for name in ("sale", "invoice", "reverses") if row.get(name))


def _complete_delivery(paper: Mapping[str, Any], read_named: ReadNamed) -> dict[str, Any]:
    if paper["sale"]:
        _check_customer(paper, read_named("sale", paper["sale"], "sale"), "sale")
    return dict(paper)


def _complete_invoice(paper: Mapping[str, Any], read_named: ReadNamed, settings: SandboxSettings) -> dict[str, Any]:
    for line in paper["lines"]:
        if line["sale"]:
            _check_customer(paper, read_named("sale", line["sale"], "lines.sale"), "lines.sale")
    _check_reversed("invoice", paper, read_named, of="credit_note")
    done = complete_totals(paper, settings.rounding)
    gross = Decimal(done["gross"])
    if gross < 0 if paper["type"] == "invoice" else gross > 0:
        raise ErpRefused("invalid", f"a {paper['type']} cannot have a total of {gross}", "lines")
    return {**done, "base_gross": convert_to_base(gross, paper["rate"])}


def _complete_payment(paper: Mapping[str, Any], read_named: ReadNamed) -> dict[str, Any]:
    _check_reversed("payment", paper, read_named, of="refund")
    used = Decimal(0)
    for row in paper["allocations"]:
        _check_allocation(paper, row, read_named)
        used += Decimal(row["amount"]) if row["target"] != "write_off" else 0
    if used > Decimal(paper["amount"] or 0):
        raise ErpRefused("invalid", f"{used} is allocated of {paper['amount']}", "allocations")
    return {**paper, "base_amount": convert_to_base(Decimal(paper["amount"] or 0), paper["rate"])}


def _check_allocation(paper: Mapping[str, Any], row: Mapping[str, Any], read_named: ReadNamed) -> None:
    named = {name for name in ("invoice", "sale") if row[name]}
    fits = len(named) == 1 if row["target"] == "write_off" else named == ALLOCATED_TO[row["target"]]
    if not fits or not row["amount"]:
        raise ErpRefused("invalid", f"an allocation to {row['target']} names exactly that, with an amount", "target")
    for name in named:
        _check_customer(paper, read_named(name, row[name], f"allocations.{name}"), name)


def _check_reversed(kind: str, paper: Mapping[str, Any], read_named: ReadNamed, *, of: str) -> None:
    if not paper["reverses"]:
        return
    _check_customer(paper, read_named(kind, paper["reverses"], "reverses"), "reverses")
    if paper["type"] != of:
        raise ErpRefused("invalid", f"only a {of} takes another {kind} back", "reverses")


def _check_customer(paper: Mapping[str, Any], other: Document, field: str) -> None:
    if other["customer"] != paper["customer"]:
        raise ErpRefused("invalid", f"{other['number']} belongs to another customer", field)
