"""A sale's lines: which of the wanted ones are old, what the item fills in, what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.sandbox.simulator.shapes import LINE_DEFAULTS, ErpRefused, check_line
from connectors.sandbox.simulator.tables import Document

FROM_ITEM = {"text": "name", "unit": "unit", "price": "price", "tax_percent": "tax_percent"}
"""What a line takes from its item where it says nothing: field of the line → field of the item."""


def merge_lines(
    wanted: Sequence[Mapping[str, Any]],
    old: Sequence[Document],
    read_item: Callable[[str], Document],
    next_id: Callable[[], str],
) -> list[dict[str, Any]]:
    """The complete new list: a line with ``id`` changes that line, one without is new, one not named is gone."""
    known = {line["id"]: line for line in old}
    named = [line["id"] for line in wanted if line.get("id")]
    if len(set(named)) < len(named) or not set(named) <= known.keys():
        raise ErpRefused("invalid", f"no such lines: {', '.join(map(str, named))}", "lines")
    lines = []
    for line in wanted:
        before = known[line["id"]] if line.get("id") else {"id": next_id(), **LINE_DEFAULTS}
        lines.append(_fill_in({**before, **check_line(line), "id": before["id"]}, read_item))
    return lines


def _fill_in(line: dict[str, Any], read_item: Callable[[str], Document]) -> dict[str, Any]:
    if line["item"]:
        item = read_item(line["item"])
        line |= {name: item[source] for name, source in FROM_ITEM.items() if not line[name]}
    return {**line, "price": line["price"] or "0.00", "tax_percent": line["tax_percent"] or "0"}
