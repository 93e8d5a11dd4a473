"""Rows about what is held until a person has seen it as a whole."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.model.values import Instant, Value


class MassStop(Value):
    """A diff that is too large to be taken for granted: nothing of it is applied before a person has seen it.

    ``way``: ``in`` (what a feed brings), ``again`` (what reading documents again brings that no feed showed), ``gone``
    (documents there are no longer found), ``out`` (writes there).
    """

    connection: str
    kind: str
    way: str
    over: list[str]
    """The measures that are too much: lost, missing, emptied, changed."""
    counts: dict[str, int]
    known: int
    """How many records of the kind are bound there in all."""
    fields: dict[str, int] = {}
    """Field → in how many records it would change."""
    amounts: dict[str, str] = {}
    """Money in the documents concerned: currency → decimal text."""
    examples: list[dict[str, Any]] = []
    """``number``, ``remote_id``, ``measure``, ``changes`` (field → [old, new]), ``amount``, ``currency``."""
    cause: str = ""
    """``mapping``: the mapping was changed, so it is our own reading that differs."""
    first_at: Instant
    last_at: Instant
    look_again_at: Instant | None = None
    """No schedule looks ahead again before this time."""
    allowed: dict[str, int] = {}
    """What a person has let pass once, by measure."""
    allowed_by: str | None = None


class Remap(Value):
    """Images computed anew from kept payloads: shown first, written when a person accepts it."""

    id: UUID
    label: str
    """Short id that people type."""
    kind: str
    connections: list[str]
    versions: dict[str, str]
    """Connection → fingerprint of the mapping and code tables that the preview was made with."""
    state: str = "shown"
    """shown | running | done"""
    summary: dict[str, Any] = {}
    position: list[str] | None = None
    """Where writing stands: [connection, id of the last record]."""
    counts: dict[str, int] = {}
    made_at: Instant
    made_by: str
    accepted_at: Instant | None = None
    accepted_by: str | None = None
    ended_at: Instant | None = None
