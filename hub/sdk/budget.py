"""The calls that a connection may make: what a connector asks before it calls, whoever keeps the count."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

LONGEST_SLEEP_S = 5.0
"""A read sleeps this long for its turn, or for a system that asks for a moment; longer waits park the connection."""
LONGEST_WRITE_SLEEP_S = 3.0
"""A write sleeps less: it is marked as being sent, and that mark is good for a short time only."""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What a vendor allows one account; None: no limit is known. An admin's ``calls_per_s`` and ``calls_per_day`` of
    the connection win over it. ``per_s`` may be a fraction: ``0.5`` is one call in two seconds."""

    per_s: Decimal | None = None
    """Calls in any second."""
    per_day: int | None = None
    """Calls from midnight to midnight in the connection's zone."""
    per_minute: int | None = None
    """Calls in any minute, as close together as they come."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What a system gave out for a while, such as an access token: ``value`` is good for ``life_s`` seconds more."""

    value: str
    life_s: float


class Budget(Protocol):
    """The calls of one connection, shared by all its workers on all machines.

    ``HttpClient`` asks by itself; a connector that calls in another way (a vendor's library, IMAP, SOAP) asks for
    every call.
    """

    def call(self, longest_sleep_s: float = LONGEST_SLEEP_S) -> AbstractContextManager[None]:
        """Around one call, from before its first byte leaves until its answer is there: sleeps until it may leave.

        Raises ``Transient`` (nothing was sent, ``retry_after_s`` says when to come back) when its turn is further away
        than ``longest_sleep_s`` seconds, or when the day's calls are used up.
        """
        ...

    def share(self, name: str, ask: Callable[[], Grant], stale: str = "") -> Grant:
        """What all workers of the connection use together, on all machines; kept encrypted. One of them calls ``ask``
        when there is none, or the last has ended, or is ``stale`` because the system would not have it; the others
        wait for the answer. A ``NeedsConsent`` of ``ask`` is raised to all of them for a while, without asking again.

        ``name`` tells values of different credentials apart and is no secret. Raises what ``ask`` raises, and
        ``Transient`` when another worker has been asking for too long.
        """
        ...


class NoBudget:
    """Calls without limit, not counted: an account that is only being tried, and tests."""

    def call(self, longest_sleep_s: float = LONGEST_SLEEP_S) -> AbstractContextManager[None]:
        """May leave at once."""
        return nullcontext()

    def share(self, name: str, ask: Callable[[], Grant], stale: str = "") -> Grant:
        """There is nobody to share with."""
        return ask()
