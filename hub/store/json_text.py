"""JSON as the store writes it: decimals, ids and times as text, never a float for what was a decimal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel


def dump_json(value: Any) -> str:
    """Compact JSON text."""
    return json.dumps(value, default=_encode_other, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dump_canonical(value: Any) -> bytes:
    """The same value always gives the same bytes: keys are sorted."""
    text = json.dumps(
        value, default=_encode_other, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    )
    return text.encode("utf-8", "surrogatepass")  # vendors do send halves of surrogate pairs


def load_json(text: str | bytes) -> Any:
    """The inverse; a number with a point comes back as ``Decimal``."""
    return json.loads(text, parse_float=Decimal)


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
