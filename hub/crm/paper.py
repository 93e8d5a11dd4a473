"""What a document looks like on paper, as data: texts in the reader's language, put in their places by the kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.crm.actions import Look
from hub.locale import render
from hub.model.base import Entity
from hub.model.money import format_money
from hub.model.sales import PricedLine

Row = tuple[str, ...]
COLUMNS = ("position", "name", "quantity", "unit", "unit_price", "tax_rate", "net", "gross")
WIDTHS = (5, 30, 10, 8, 14, 8, 14, 14)
NUMERIC = ("quantity", "unit_price", "tax_rate", "net", "gross")


@dataclass(frozen=True)
class Column:
    """``width``: in relation to the others. ``numeric``: to the right."""

    head: str
    width: int
    numeric: bool = False


@dataclass(frozen=True)
class Paper:
    """A page or more: a heading, facts in pairs, one table, totals, and a closing text."""

    title: str
    number: str
    seller: str
    facts: Sequence[tuple[str, str]]
    columns: Sequence[Column]
    rows: Sequence[Row]
    totals: Sequence[tuple[str, str]]
    closing: str = ""


def list_columns(lang: str) -> tuple[Column, ...]:
    """The columns of priced lines."""
    heads = (render(f"paper.{name}", lang) for name in COLUMNS)
    return tuple(Column(head, width, name in NUMERIC) for head, width, name in zip(heads, WIDTHS, COLUMNS, strict=True))


def list_rows(lines: Sequence[PricedLine], currency: str, look: Look) -> list[Row]:
    """Priced lines, numbered from one."""
    return [
        (
            str(place), _name_line(line, look), _show_number(line.quantity), line.unit,
            format_money(line.unit_price, currency), f"{_show_number(line.tax_rate * 100)} %",
            format_money(line.net, currency), format_money(line.gross, currency),
        )
        for place, line in enumerate(lines, 1)
    ]  # fmt: skip


def list_totals(record: Any, lang: str) -> list[tuple[str, str]]:
    """Without tax, tax, and what is to be paid."""
    return [
        (render(f"paper.{name}", lang), format_money(getattr(record, name), record.currency))
        for name in ("net", "tax", "gross")
    ]


def tell_facts(rows: Sequence[tuple[str, object]], lang: str) -> list[tuple[str, str]]:
    """(name of the fact, value), empty ones left out."""
    return [(render(f"paper.{name}", lang), str(value)) for name, value in rows if value not in (None, "")]


def name_of(look: Look, kind: str, record_id: Any) -> str:
    """What a record is called, or nothing."""
    found: Entity | None = look.get(kind, record_id) if record_id is not None else None
    return str(getattr(found, "name", ""))


def _name_line(line: PricedLine, look: Look) -> str:
    product = look.get("product", line.product_id) if line.product_id is not None else None
    name = line.name or str(getattr(product, "name", ""))
    number = str(getattr(product, "number", ""))
    return f"{name} ({number})" if number and number != name else name


def _show_number(value: Decimal) -> str:
    return f"{value.normalize():,f}"
