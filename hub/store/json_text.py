"""JSON as the store writes it: decimals, ids and times as text, never a float for what was a decimal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from pydantic import BaseModel

_decoder: Any = json.JSONDecoder(parse_float=Decimal)
_scan = _decoder.scan_once
DEEPEST = 100
"""Levels of a payload that are kept in any case."""
_LONGEST_BITS = 14_000
"""Below the 4,300 digits that Python writes without complaint."""
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def dump_json(value: Any) -> str:
    """Compact JSON text. The rows of the hub hold no float, so that a null in a mapping is no NaN."""
    found = _dump_quickly(value, _OPTIONS)
    if found is None or (b"null" in found and not isinstance(value, dict)):
        return _dump(value, sort_keys=False)
    return found.decode()


def dump_rows(rows: list[dict[str, Any]]) -> str:
    """Rows of the hub, which hold no float."""
    found = _dump_quickly(rows, _OPTIONS)
    return _dump(rows, sort_keys=False) if found is None else found.decode()


def dump_canonical(value: Any) -> bytes:
    """The same value always gives the same bytes: keys are sorted."""
    found = _dump_quickly(value, _OPTIONS | orjson.OPT_SORT_KEYS)
    if found is None or b"null" in found:  # orjson writes NaN as null; vendors do send halves of surrogate pairs
        try:
            text = _dump(value, sort_keys=True, allow_nan=True)
        except (RecursionError, ValueError):  # nested too deeply, or a number with thousands of digits
            text = _dump(_flatten(value), sort_keys=True, allow_nan=True)
        return text.encode("utf-8", "surrogatepass")
    return found


def _dump_quickly(value: Any, options: int) -> bytes | None:
    """None for what orjson refuses."""
    try:
        return orjson.dumps(value, default=_encode_other, option=options)
    except TypeError:
        return None


def _dump(value: Any, *, sort_keys: bool, allow_nan: bool = False) -> str:
    return json.dumps(
        value,
        default=_encode_other,
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=sort_keys,
        allow_nan=allow_nan,
    )


def _flatten(value: Any, depth: int = 0) -> Any:
    """The same to a depth at which nobody means anything any more; whole numbers that Python does not write as text
    are written in sixteens."""
    if isinstance(value, Mapping | list | tuple) and depth >= DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {str(name): _flatten(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_flatten(inner, depth + 1) for inner in value]
    return hex(value) if isinstance(value, int) and value.bit_length() > _LONGEST_BITS else value


def load_json(text: str | bytes) -> Any:
    """The inverse; a number with a point comes back as ``Decimal``."""
    if text in ("{}", b"{}"):
        return {}
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogatepass")
    if not isinstance(text, str):
        raise TypeError("not a text")  # SQLAlchemy asks, and keeps what SQLite has made a number of
    try:
        found, end = _scan(text, 0)
    except StopIteration:
        end = -1
    return found if end == len(text) else _decoder.decode(text)  # white space around it, or no JSON


def _encode_other(value: Any) -> Any:
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")
