"""Streams that went quiet, lists that shrank, cursors that stand still: told to people, over by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hub.errors import ConfigInvalid
from hub.locale import Phrase
from hub.protocol.semantics import Direction
from hub.store import UnitOfWork
from hub.store.guard_rows import MassStop, Remap
from hub.store.rows import ConnectionState, Cursor, SyncState
from hub.sync.context import Hub
from hub.sync.mass import MISSING, find_excess, percent
from hub.sync.pause import read_pause_all
from hub.sync.stops import IN, LOOK_AGAIN, command_of, describe_stop, limits_of
from hub.sync.waits import TodoItem

REMEMBERED = timedelta(days=60)
LEARNT_AFTER = timedelta(days=14)
KEPT_SILENCES = 12
SHORTEST_S = 3600
"""Shorter silences are no news to anybody."""
LEAST_SILENCE = timedelta(days=1)
MISSED_TURNS = 3
LEAST_STALE = timedelta(minutes=15)
NEAR_EXPIRY = 0.8
SILENT, DROPPED, STALE = "silent", "dropped", "stale"


@dataclass(frozen=True)
class Alarm:
    """``what``: silent, dropped or stale; ``code`` with ``params`` is the sentence."""

    connection: str
    kind: str
    what: str
    code: str
    command: str
    params: Mapping[str, Any] = field(default_factory=dict)
    since: datetime | None = None


def note_news(cursor: Cursor, now: datetime) -> dict[str, Any]:
    """The cursor's memory after a pull that brought something: when, and the longest silences before."""
    kept = list(cursor.silences)
    if cursor.changed_at is not None:
        silence_s = int((now - cursor.changed_at).total_seconds())
        if silence_s >= SHORTEST_S:
            kept.append([now.isoformat(), silence_s])
    else:
        kept.append([now.isoformat(), 0])  # from here on it is watched
    oldest = (now - REMEMBERED).isoformat()
    first, *others = sorted(kept)
    longest = sorted((row for row in others if row[0] >= oldest), key=lambda row: -row[1])[:KEPT_SILENCES]
    return {"changed_at": now, "silences": [first, *sorted(longest)]}


def find_longest_usual(cursor: Cursor) -> timedelta | None:
    """How long the stream may be expected to be quiet, learned from its past; None while too little is known."""
    if cursor.changed_at is None or not cursor.silences:
        return None
    if cursor.changed_at - datetime.fromisoformat(cursor.silences[0][0]) < LEARNT_AFTER:
        return None
    longest = max((row[1] for row in cursor.silences[1:]), default=0)
    return max(LEAST_SILENCE, timedelta(seconds=1.5 * longest))


def list_alarms(tx: UnitOfWork, hub: Hub, connections: set[str] | None = None) -> list[Alarm]:
    """Every sync that reads and is not paused."""
    if read_pause_all(tx) is not None:
        return []
    found = []
    for connection, settings in sorted(hub.config.connections.items()):
        state = tx.get(ConnectionState, connection=connection)
        if (connections is not None and connection not in connections) or (state is not None and state.paused):
            continue
        for kind, sync in sorted(settings.syncs.items()):
            if sync.direction is not Direction.OUT:
                found += _watch_sync(tx, hub, connection, kind)
    return found


def _watch_sync(tx: UnitOfWork, hub: Hub, connection: str, kind: str) -> list[Alarm]:
    try:
        stream = hub.open(connection).mapping_of(kind).stream
    except ConfigInvalid:
        return []  # told as set-up that is not finished
    state = tx.get(SyncState, connection=connection, kind=kind)
    if state is not None and state.paused:
        return []
    cursor = tx.get(Cursor, connection=connection, stream=stream)
    swept = tx.get(Cursor, connection=connection, stream=f"sweep:{kind}")
    watched = [_check_silence(hub, connection, kind, cursor), _check_stale(tx, hub, connection, kind, cursor)]
    watched += [_check_drop(hub, connection, kind, listing) for listing in (swept, cursor)]
    by_what = {alarm.what: alarm for alarm in reversed(watched) if alarm is not None}
    return [by_what[what] for what in (SILENT, DROPPED, STALE) if what in by_what]


def _check_silence(hub: Hub, connection: str, kind: str, cursor: Cursor | None) -> Alarm | None:
    """Read as often as ever, and nothing new for longer than usual."""
    if cursor is None or cursor.changed_at is None or cursor.completed_at is None:
        return None
    declared = hub.sync_of(connection, kind).expect_change_every_s
    usual = timedelta(seconds=declared) if declared else find_longest_usual(cursor)
    quiet = cursor.completed_at - cursor.changed_at
    if usual is None or quiet <= usual:
        return None
    params = {"connection": connection, "kind": kind, "since": _tell(cursor.changed_at), "usual": tell_duration(usual)}
    command = f"isthmus connection check {connection}"
    return Alarm(connection, kind, SILENT, "sync.stream_silent", command, params, cursor.changed_at)


def _check_drop(hub: Hub, connection: str, kind: str, cursor: Cursor | None) -> Alarm | None:
    """The last complete list was much shorter than what is bound there."""
    if cursor is None or cursor.listed is None or cursor.expected is None:
        return None
    missing = cursor.expected - cursor.listed
    if not find_excess({MISSING: missing}, cursor.expected, limits_of(hub, connection, kind)):
        return None
    params = {
        "connection": connection, "kind": kind, "listed": cursor.listed, "expected": cursor.expected,
        "share": percent(missing, cursor.expected),
    }  # fmt: skip
    command = f"isthmus reconcile {connection} --kind {kind}"
    return Alarm(connection, kind, DROPPED, "sync.list_dropped", command, params, cursor.updated_at)


def _check_stale(tx: UnitOfWork, hub: Hub, connection: str, kind: str, cursor: Cursor | None) -> Alarm | None:
    """No pull has come to its end for several turns, or the other side will soon have forgotten the cursor."""
    sync = hub.sync_of(connection, kind)
    stopped = tx.get(MassStop, connection=connection, kind=kind, way=IN)  # which says itself why it stands still
    if cursor is None or cursor.completed_at is None or stopped is not None:
        return None
    now, last = hub.now(), cursor.completed_at
    params = {"connection": connection, "kind": kind, "since": _tell(last)}
    command = f"isthmus sync run {connection} --kind {kind}"
    if sync.cursor_kept_s and (now - last).total_seconds() > NEAR_EXPIRY * sync.cursor_kept_s:
        kept = tell_duration(timedelta(seconds=sync.cursor_kept_s))
        return Alarm(connection, kind, STALE, "sync.cursor_expires", command, {**params, "kept": kept}, last)
    if sync.every_s and now - last > max(LEAST_STALE, timedelta(seconds=MISSED_TURNS * sync.every_s)):
        return Alarm(connection, kind, STALE, "sync.cursor_stands", command, params, last)
    return None


def list_guarded(tx: UnitOfWork, hub: Hub, wanted: set[str]) -> Iterator[TodoItem]:
    """Entries of the todo list: what a guard stopped, and alarms."""
    for stop in list_stops(tx, hub, wanted):
        yield _about_stop(stop)
    for remap in tx.find(Remap, state="running", order=["made_at"]):
        begun = remap.accepted_at or remap.made_at
        if wanted & set(remap.connections) and hub.now() - begun > LOOK_AGAIN:
            params = {"kind": remap.kind, "label": remap.label, "since": _tell(begun)}
            command = f"isthmus remap {remap.kind} --accept {remap.label}"
            yield TodoItem(
                "guard",
                remap.connections[0],
                "sync.remap_unended",
                command,
                kind=remap.kind,
                params=params,
                since=begun,
            )
    for alarm in list_alarms(tx, hub, wanted):
        yield TodoItem(
            "watch", alarm.connection, alarm.code, alarm.command, kind=alarm.kind, params=alarm.params,
            since=alarm.since,
        )  # fmt: skip


def list_stops(tx: UnitOfWork, hub: Hub, wanted: set[str] | None = None) -> list[MassStop]:
    """What guards stopped and nobody has let pass yet, the oldest first."""
    known = hub.config.connections
    chosen = sorted(name for name in known if wanted is None or name in wanted)
    rows = tx.find(MassStop, connection__in=chosen, order=["first_at"])
    return [stop for stop in rows if not stop.allowed and stop.kind in known[stop.connection].syncs]


def _about_stop(stop: MassStop) -> TodoItem:
    code, params = describe_stop(stop)
    single = len(stop.amounts) == 1
    currency, amount = next(iter(stop.amounts.items())) if single else (None, None)
    return TodoItem(
        "guard", stop.connection, code, command_of(stop), kind=stop.kind, params=params, since=stop.first_at,
        amount=None if amount is None else Decimal(amount), currency=currency,
        base_amount=None if amount is None else Decimal(amount),
    )  # fmt: skip


def _tell(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def tell_duration(length: timedelta) -> str:
    """``3 days`` or ``5 hours``, in the reader's language."""
    hours = round(length.total_seconds() / 3600)
    if hours < 1:
        return Phrase("sync.span_minutes", count=round(length.total_seconds() / 60))
    return Phrase("sync.span_days", count=round(hours / 24)) if hours >= 48 else Phrase("sync.span_hours", count=hours)
