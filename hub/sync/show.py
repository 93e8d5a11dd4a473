"""Values and records as people read them: in plans, in the list of writes, in the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.model.base import Line
from hub.model.ids import show_id
from hub.model.kinds import find_kind, list_line_refs, list_refs
from hub.store import UnitOfWork

_PLAIN = (str, int, bool, dict)
_AS_TEXT: Mapping[type, Callable[[Any], Any]] = {
    **dict.fromkeys((type(None), str, bool, int), lambda value: value),
    **dict.fromkeys((Decimal, date), str),
    UUID: show_id,
}
"""What is made of the most usual values, told by their type alone."""


def show_value(value: Any) -> Any:
    """A value as JSON-ready data."""
    make = _AS_TEXT.get(type(value))
    if make is not None:
        return make(value)
    if isinstance(value, tuple | list):
        return [item.model_dump(mode="json") if hasattr(item, "model_dump") else show_value(item) for item in value]
    return value if isinstance(value, _PLAIN) else str(value)


def show_field(tx: UnitOfWork, kind: str, name: str, value: Any) -> Any:
    """A value of one field; a reference is shown by the label of its record, in lines too."""
    if isinstance(value, tuple) and value and isinstance(value[0], Line):
        targets = dict(list_line_refs(type(value[0])))
        rows: list[dict[str, Any]] = show_value(value)
        named = [{field: _name(tx, kind, getattr(line, field)) for field, kind in targets.items()} for line in value]
        return [row | names for row, names in zip(rows, named, strict=True)]
    return _name(tx, dict(list_refs(kind)).get(name), value)


def _name(tx: UnitOfWork, kind: str | None, value: Any) -> Any:
    record = None
    if kind and value:
        record = tx.get(find_kind(kind), id=value if isinstance(value, UUID) else UUID(str(value)))
    return describe_record(record, str(value))[0] if record else show_value(value)


def name_record(tx: UnitOfWork, kind: str, record_id: UUID) -> str:
    """What people call a record, or its id when there is none any more."""
    return describe_record(tx.get(find_kind(kind), id=record_id), str(record_id))[0]


def describe_record(record: Any, fallback: str) -> tuple[str, Decimal | None, str | None]:
    """What people call a record, and the money in it."""
    if record is None:
        return fallback, None, None
    told = (getattr(record, name, "") for name in (type(record).NUMBER, "name", "subject"))
    label = str(next(filter(None, told), fallback))
    name = type(record).AMOUNT
    return (label, getattr(record, name), record.currency) if name else (label, None, None)
