"""Rows about who was told what."""

from __future__ import annotations

from typing import Any

from hub.model.values import Instant, Value


class Told(Value):
    """One thing that a target was told. ``print``: why it waited then; another reason is told anew."""

    target: str
    thing: str
    print: str
    at: Instant


class NotifyTarget(Value):
    """How it goes with one target."""

    target: str
    sent_at: Instant | None = None
    """When it last took a message."""
    failures: int = 0
    """In a row."""
    failing_since: Instant | None = None
    not_before: Instant | None = None
    """It is not tried again before this."""
    error_code: str | None = None
    error_params: dict[str, Any] = {}
    error_words: str | None = None
