"""The conditions of ``find`` on rows in memory: they mean what the database means by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from hub.model.values import Value

M = TypeVar("M", bound=Value)

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "": lambda found, wanted: bool(found == wanted),
    "lt": lambda found, wanted: bool(found < wanted),
    "le": lambda found, wanted: bool(found <= wanted),
    "gt": lambda found, wanted: bool(found > wanted),
    "ge": lambda found, wanted: bool(found >= wanted),
    "in": lambda found, wanted: found in wanted,
    "folded": lambda found, wanted: str(found).lower() in wanted,
    "prefix": lambda found, wanted: str(found).startswith(wanted),
}
"""None of them holds for NULL."""


def matches(row: Value, where: Mapping[str, Any]) -> bool:
    """Whether a row meets every condition."""
    values = row.__dict__
    for key, wanted in where.items():
        if "__" in key or wanted is None:
            if not _holds(values, key, wanted):
                return False
        elif values[key] is not wanted and values[key] != wanted:
            return False
    return True


def _holds(values: Mapping[str, Any], key: str, wanted: Any) -> bool:
    field, _, operator = key.partition("__")
    found = values[field]
    if operator == "null":
        return (found is None) is bool(wanted)
    if operator == "ne":
        return bool(found != wanted)
    if wanted is None and operator == "":
        return found is None
    return found is not None and _COMPARE[operator](found, wanted)


def sort_rows(rows: list[M], order: Sequence[str]) -> list[M]:
    """In the order that ``find`` was asked for; NULL is the smallest value."""
    for name in reversed(order):
        field = name.removeprefix("-")
        rows = sorted(rows, key=lambda row: _sort_key(row.__dict__[field]), reverse=name[0] == "-")
    return rows


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, 0 if value is None else value)
