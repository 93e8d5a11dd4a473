"""The row of a call that another system made (a webhook)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.model.values import Instant, Value


class Event(Value):
    """One call of another system, as it came. The row is there before the call is answered; ``key`` is its sender's id
    of the delivery, or a digest of the body, and tells it from all others of its connection."""

    id: UUID
    connection: str
    key: str
    received_at: Instant
    method: str = "POST"
    target: str = ""
    """Path and query."""
    headers: dict[str, str] = {}
    body: bytes = b""
    state: str = "new"
    """new | done | unfit: no rule of the connection fits it, it is read again when the configuration changes; dead: it
    failed and a person must look at it; dropped: a person gave it up"""
    not_before: Instant | None = None
    attempts: int = 0
    """Times that it failed."""
    code: str | None = None
    """Why it is unfit or dead; ``params`` fill the sentence."""
    params: dict[str, Any] = {}
    words: str | None = None
    basis: str = ""
    """Digest of the configuration by which it was found unfit."""
    outcomes: list[dict[str, Any]] = []
    """What became of each record that it speaks of: kind, external_id, outcome, record_id."""
    done_at: Instant | None = None
    replays: int = 0
    """How often a person had it read again."""
    replayed_by: str | None = None
