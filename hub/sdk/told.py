"""Small facts that streams and connectors tell: where a row stands, what could not be read, what was done afterwards,
and which organisation a connection is confined to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hub.errors import IsthmusError


@dataclass(frozen=True)
class Place:
    """Where a person finds a row: the ``file``, its ``sheet`` (empty where it has none), the ``row`` counted from 1
    (0: the file as a whole)."""

    file: str
    row: int
    sheet: str = ""


@dataclass(frozen=True)
class Unreadable:
    """What could not be read (at ``place``) and why (``error``). With ``whole`` the record is kept aside for this
    reason; else it is one cell, which matters only where the mapping needs its ``column``."""

    error: IsthmusError
    place: Place
    column: str = ""
    whole: bool = True


@dataclass(frozen=True)
class FollowUp:
    """What ``Stream.follow_up`` did."""

    position: Any
    """The position that it was given, without what has been done."""
    marked: int = 0
    """Records that say over there that they are kept here."""
    unmarked: int = 0
    """Records that the system does not let us mark."""


@dataclass(frozen=True)
class Scope:
    """That a connection is confined to one of our organisations in an account that holds several."""

    account: str
    """The same for every connection to the account."""
    part: str
    """The organisation's number there. A code table ``organisation`` says what the hub calls it."""
