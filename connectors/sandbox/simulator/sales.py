"""Lines and allocations of a document: which of the wanted ones are old, and what the item fills in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.sandbox.simulator.shapes import ROW_DEFAULTS, ErpRefused, check_row
from connectors.sandbox.simulator.tables import Document

FROM_ITEM = {"text": "name", "unit": "unit", "price": "price", "tax_percent": "tax_percent"}
"""What a line takes from its item where it says nothing: field of the line → field of the item."""


def merge_rows(
    kind: str, wanted: Sequence[Mapping[str, Any]], old: Sequence[Document], next_id: Callable[[], str]
) -> list[dict[str, Any]]:
    """The complete new list: a row with ``id`` changes that row, one without is new, one not named is gone."""
    known = {row["id"]: row for row in old}
    named = [row["id"] for row in wanted if row.get("id")]
    if len(set(named)) < len(named) or not set(named) <= known.keys():
        raise ErpRefused("invalid", f"no such lines: {', '.join(map(str, named))}", "lines")
    rows = []
    for row in wanted:
        before = known[row["id"]] if row.get("id") else {"id": next_id(), **ROW_DEFAULTS[kind]}
        rows.append({**before, **check_row(kind, row), "id": before["id"]})
    return rows


def fill_in(line: Mapping[str, Any], read_item: Callable[[str], Document]) -> dict[str, Any]:
    """The line with what its item says; prices and rates of lines that have them are never empty."""
    filled = dict(line)
    if line["item"]:
        item = read_item(line["item"])
        filled |= {name: item[source] for name, source in FROM_ITEM.items() if name in line and not line[name]}
    defaults = {"price": "0.00", "tax_percent": "0"}
    return filled | {name: filled[name] or value for name, value in defaults.items() if name in filled}
