"""Tryton's JSON: how dates, decimals and bytes travel, and plain data made of them.

Read in ``trytond/protocols/jsonrpc.py`` (8.2) and measured; see docs/connectors/tryton-facts.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hub import sdk


def write_json(value: Any) -> bytes:
    """A request body. ``Decimal`` and dates in Tryton's own notation; instants become UTC without a zone."""
    return json.dumps(value, default=_encode, ensure_ascii=False).encode()


def read_json(content: bytes) -> Any:
    """An answer; plain numbers with a point are ``Decimal``, instants aware. ``ValueError`` when it is no JSON of
    Tryton's."""
    try:
        return sdk.read_json(content, object_hook=_decode)
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ValueError(f"not Tryton's notation: {error}") from error


def make_plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON-ready data: decimals and dates as text, and what Tryton puts under ``"lines."`` (the records
    behind the ids) under ``"lines"``."""
    plain = {name: _plain(value) for name, value in row.items() if f"{name}." not in row}
    return {name.removesuffix("."): value for name, value in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return make_plain(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value


def _encode(value: object) -> dict[str, Any]:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            parts = {name: getattr(moment, name) for name in ("hour", "minute", "second", "microsecond")}
            return {"__class__": "datetime", **_encode_day(moment), **parts}
        case date():
            return {"__class__": "date", **_encode_day(value)}
    raise TypeError(f"Tryton has no notation for {type(value).__name__}")


def _encode_day(value: date) -> dict[str, int]:
    return {"year": value.year, "month": value.month, "day": value.day}


def _decode(value: dict[str, Any]) -> Any:
    kind = value.get("__class__")
    if kind is None:
        return value
    parts = {name: item for name, item in value.items() if name != "__class__"}
    match kind:
        case "Decimal":
            return Decimal(parts["decimal"])
        case "datetime":
            return datetime(**parts, tzinfo=UTC)
        case "date":
            return date(**parts)
        case "time":
            return time(**parts)
        case "timedelta":
            return timedelta(seconds=float(parts["seconds"]))
        case "bytes":
            return parts["base64"]
    raise ValueError(f"unknown notation {kind}")
