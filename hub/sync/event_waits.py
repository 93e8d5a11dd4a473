"""Events that wait for a person, as entries of the todo list: each that failed, and in one entry those that fit nothing
for the same reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.store import UnitOfWork
from hub.store.event_rows import Event
from hub.sync.waits import TodoItem


def list_event_waits(tx: UnitOfWork, wanted: set[str]) -> Iterator[TodoItem]:
    """On these connections."""
    yield from _list_failed(tx, wanted)
    yield from _list_unfit(tx, wanted)


def _list_failed(tx: UnitOfWork, wanted: set[str]) -> Iterator[TodoItem]:
    names = ("id", "connection", "key", "code", "params", "received_at")
    for row in tx.pluck(Event, names, connection__in=sorted(wanted), state="dead"):
        yield TodoItem(
            "event",
            row.connection,
            row.code or "sync.event_failed",
            f"isthmus event show {row.id}",
            number=row.key,
            params={"connection": row.connection, **row.params},
            since=row.received_at,
            thing=f"event:{row.id}",
        )


def _list_unfit(tx: UnitOfWork, wanted: set[str]) -> Iterator[TodoItem]:
    names = ("connection", "code", "params", "received_at")
    groups: dict[tuple[str, str, str], list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
    for row in tx.pluck(Event, names, connection__in=sorted(wanted), state="unfit"):
        groups[row.connection, row.code or "", str(row.params.get("type", ""))].append((row.received_at, row.params))
    for (connection, code, type_), rows in sorted(groups.items()):
        first_at, params = min(rows, key=lambda row: row[0])
        reason = {"code": code, "params": params}
        yield TodoItem(
            "event",
            connection,
            "sync.events_unfit",
            f"isthmus event list --connection {connection} --state unfit",
            number=type_ or None,
            params={"connection": connection, "count": str(len(rows)), "reason": reason},
            since=first_at,
            thing=f"unfit:{code}:{type_}",
        )
