"""Rows about what people decided."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.model.values import Instant, Value


class Correction(Value):
    """A value that a person gave for what the mapping or a rule refused in one remote record. It holds as long as the
    record says there what it said then (``raw``)."""

    connection: str
    stream: str
    external_id: str
    field: str
    """Canonical field; of a line: ``lines[<remote line id>].unit``."""
    value: Any = None
    """The canonical value in JSON form."""
    raw: str = ""
    actor: str
    at: Instant


class Decision(Value):
    """What a person decided about something that waited, with the rows as they were before and after it, so that
    exactly this can be undone."""

    id: UUID
    item: str
    """Id of the entry of the todo list."""
    verb: str
    """take | drop | edit"""
    choice: str = ""
    """hub, remote, or the fields that were given a value."""
    reason: str = ""
    code: str = ""
    """Why it waited."""
    label: str = ""
    actor: str
    at: Instant
    connection: str
    kind: str
    record_id: UUID | None = None
    remote_id: str | None = None
    before: list[dict[str, Any]] = []
    """[{"table", "key", "row"}]; a row that was not there is null."""
    after: list[dict[str, Any]] = []
    undone_at: Instant | None = None
    undone_by: str | None = None
