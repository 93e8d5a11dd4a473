"""The records that one document is made of there (a sale and its lines), with who touched each of them and when.

Tryton moves neither clock nor lock of a parent when a child changes, so both are taken over all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Row = Mapping[str, Any]

BOOKKEEPING = ("create_uid", "create_date", "write_uid", "write_date", "_timestamp")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Child:
    """A field that holds further records of the document. ``locked``: they count for its version and its lock; the
    others (the invoices of a sale) only make it changed."""

    path: str
    model: str
    fields: tuple[str, ...]
    locked: bool = True


@dataclass(frozen=True)
class Member:
    """One record: ``changed_at`` is its last write, or its creation while it was never written."""

    model: str
    id: int
    stamp: str | None
    changed_at: datetime
    changed_by: int | None
    path: str = ""
    """The field that holds it; empty for the record itself."""
    locked: bool = True
    active: bool = True

    @property
    def resource(self) -> str:
        """How Tryton names it in locks and in its log."""
        return f"{self.model},{self.id}"


def name_fields(header: Sequence[str], children: Sequence[Child]) -> list[str]:
    """The names to ask for: header, children, and the bookkeeping of both."""
    nested = [f"{child.path}.{name}" for child in children for name in (*child.fields, *BOOKKEEPING)]
    return [*header, *BOOKKEEPING, *nested]


def list_members(row: Row, model: str, children: Sequence[Child]) -> list[Member]:
    """The record itself first, then its children."""
    members = [_make_member(row, model)]
    for child in children:
        held = row.get(f"{child.path}.")
        rows = held if isinstance(held, list) else [held] if held else []
        members += [_make_member(item, child.model, child.path, locked=child.locked) for item in rows]
    return members


def _make_member(row: Row, model: str, path: str = "", *, locked: bool = True) -> Member:
    changed_at = row.get("write_date") or row["create_date"]
    changed_by = row.get("write_uid") if row.get("write_date") else row.get("create_uid")
    return Member(
        model, row["id"], row.get("_timestamp"), changed_at, changed_by or row.get("create_uid"), path, locked,
        active=bool(row.get("active", True)),
    )  # fmt: skip


def find_version(members: Iterable[Member]) -> int:
    """Microseconds since 1970 of the newest change of what the lock covers."""
    newest = max(member.changed_at for member in members if member.locked)
    return (newest - EPOCH) // timedelta(microseconds=1)


def find_changed_at(members: Iterable[Member]) -> datetime:
    """The newest change of all of them."""
    return max(member.changed_at for member in members)


def was_changed_by(members: Sequence[Member], user_id: int) -> bool:
    """Whether the newest change was made by this user alone."""
    locked = [member for member in members if member.locked]
    newest = max(member.changed_at for member in locked)
    return all(member.changed_by == user_id for member in locked if member.changed_at == newest)


def list_stamps(members: Iterable[Member]) -> dict[str, str]:
    """What a write names so that it is refused when any of them has moved."""
    return {member.resource: member.stamp for member in members if member.locked and member.stamp is not None}


def search_changed(since: datetime, children: Sequence[Child]) -> list[Any]:
    """A domain: the record or any of its children was created or written at or after ``since``."""
    paths = ["", *(f"{child.path}." for child in children)]
    return ["OR", *([f"{path}{name}", ">=", since] for path in paths for name in ("create_date", "write_date"))]
