"""Rows about what business registries were asked, and what that cost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from hub.model.values import Amount, Instant, Value


class Lookup(Value):
    """The answer to one question, good for a while. ``found`` False: there is none."""

    connection: str
    api: str
    """search | detail"""
    key: str
    """What was asked, folded: the same question is asked once."""
    found: bool
    answer: list[dict[str, Any]] = []
    """Companies in JSON form (``hub.sdk.registry.Company``); the registry's own payload is not kept."""
    at: Instant


class LookupWait(Value):
    """A question that got no answer; gone with the next answer to it."""

    connection: str
    api: str
    key: str
    not_before: Instant
    """No paid call before this time."""
    named: bool
    """The registry named the time; else it is ours, for calls that nobody asked for."""
    code: str
    params: dict[str, Any] = {}


class LookupSpend(Value):
    """Paid calls of one day, in the zone of the connection; counted before a call leaves."""

    connection: str
    day: date
    api: str
    calls: int = 0
    cost: Amount = Decimal(0)
    """CNY, by the prices of the contract."""
