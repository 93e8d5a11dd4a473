"""Rows about events that a ledger could not book yet."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.model.values import Instant, Value


class VoucherHold(Value):
    """One event of a document that could not be booked. Gone once it is booked, or is no event any more."""

    ledger: str
    source_id: UUID
    trigger: str
    source_kind: str
    source: str
    """Number of the document."""
    state: str = "held"
    """held: tried again and again; dropped: a person gave it up, and nothing books it."""
    code: str
    params: dict[str, Any] = {}
    since: Instant
