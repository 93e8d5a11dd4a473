"""What kept calls say, taken in: the record is read there (a call is a hint), or is the document itself where nothing
can be read. From here on it goes the way of a pull."""

from __future__ import annotations

import contextlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.errors import ConnectorDefect, IsthmusError, MappingError, NeedsConsent, OutcomeUnknown, Transient
from hub.locale import keep_params
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.semantics import Stage
from hub.sdk import SourceRecord
from hub.sdk.webhooks import Call, Notice
from hub.store import UnitOfWork
from hub.store.event_rows import Event
from hub.store.rows import Cursor, DeadRow, Image, Payload
from hub.sync.accept import order_kinds
from hub.sync.awaited import take_awaited
from hub.sync.burial import note_missing
from hub.sync.context import Hub, OpenConnection
from hub.sync.events import digest_rules
from hub.sync.ingest import Ingested
from hub.sync.intake import gather_refs, take_in, write_page
from hub.sync.locks import lock_binding
from hub.sync.pause import is_resting
from hub.sync.pull import fetch_parents
from hub.sync.push import note_trouble
from hub.sync.watch import note_news

AT_ONCE = 50
"""Events in one transaction."""
MOST_FAILURES = 3
PUT_OFF = timedelta(seconds=5)
OLDER, NOTHING_KNOWN = "older", "unknown"
"""Outcomes beside those of ingest: a newer version was here already; deleted there and never known here."""
_READINGS = 4
"""How often a record is read that others keep taking in meanwhile."""
_NEWS = timedelta(minutes=1)


@dataclass
class EventReport:
    """What became of the events, and of the records that they speak of; ``defects``: mistakes in code, to be logged."""

    events: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    defects: list[Exception] = field(default_factory=list)


@dataclass(frozen=True)
class _Read:
    """An event and what it says, in order."""

    event: Event
    notices: Sequence[tuple[str, Notice]]
    """Kind and notice."""


def take_events(hub: Hub, ids: Sequence[UUID], actor: str) -> EventReport:
    """Read these events and take in what they say. Those that are not due any more are left alone: a lost, doubled or
    late hint changes nothing."""
    report = EventReport()
    with hub.store.read() as tx:
        found = tx.find(Event, id__in=list(ids), state__in=["new", "unfit"], order=["received_at", "id"])
        names = {event.connection for event in found} & set(hub.config.connections)
        awake = sorted(name for name in names if not is_resting(tx, hub, name))
    for name in awake:
        mine = [event for event in found if event.connection == name]
        for start in range(0, len(mine), AT_ONCE):
            _take_part(hub, name, mine[start : start + AT_ONCE], actor, report)
    return report


def _take_part(hub: Hub, name: str, events: Sequence[Event], actor: str, report: EventReport) -> None:
    """Some events of one connection in one transaction; when that fails, one by one, so that one harms no other."""
    try:
        conn = hub.open(name)
        conn.load_codes()
        read = [_read_event(hub, conn, event) for event in events]
        fit = [one for one in read if isinstance(one, _Read)]
        _save_unfit(hub, [one for one in read if isinstance(one, Event)], report)
        if fit:
            _take_in(hub, conn, fit, actor, report)
    except (Transient, NeedsConsent, OutcomeUnknown) as error:
        if not error.code.startswith("store."):  # our own database says nothing about the other system
            note_trouble(hub, name, error)
        _put_off(hub, events)
        report.events["put_off"] += len(events)
    except Exception as error:  # one at a time it shows whose fault it is; that one is kept for a person, and logged
        if len(events) > 1:
            for event in events:
                _take_part(hub, name, [event], actor, report)
        else:
            _note_failure(hub, events[0], error, report)


# ---------------------------------------------------------------- reading


def _read_event(hub: Hub, conn: OpenConnection, event: Event) -> _Read | Event:
    """What it says, or the event with the reason why it fits nothing."""
    try:
        if conn.receiver is None:
            raise MappingError("sync.event_no_receiver", connector=conn.settings.connector)
        notices = conn.receiver.read(make_call(event))
        return _Read(event, [(_find_kind(conn, notice), notice) for notice in notices])
    except MappingError as error:
        return event.model_copy(
            update={
                "state": "unfit", "code": error.code, "params": keep_params(error.params), "words": error.vendor,
                "basis": digest_rules(hub, conn.name),
            }
        )  # fmt: skip


def make_call(event: Event) -> Call:
    """The call of an event, as it came."""
    return Call(event.method, event.target, event.headers, event.body, event.received_at)


def _find_kind(conn: OpenConnection, notice: Notice) -> str:
    kind = next((kind for kind, mapping in conn.mappings.items() if mapping.stream == notice.stream), None)
    if kind is None or notice.stream not in conn.streams:
        raise MappingError("sync.event_no_mapping", stream=notice.stream, connection=conn.name)
    if kind not in conn.policies:
        raise MappingError("sync.event_no_sync", kind=kind, connection=conn.name)
    return kind


def _save_unfit(hub: Hub, events: Sequence[Event], report: EventReport) -> None:
    if not events:
        return
    with hub.store.write() as tx:
        ids = [event.id for event in events]
        due = {row.id for row in tx.find(Event, id__in=ids, state__in=["new", "unfit"], order=["id"], lock=True)}
        for event in events:
            if event.id in due:  # else somebody gave it up, or took it in, meanwhile
                tx.save(event)
    report.events["unfit"] += len(due)


# ---------------------------------------------------------------- taking in


def _take_in(hub: Hub, conn: OpenConnection, read: Sequence[_Read], actor: str, report: EventReport) -> None:
    fetched: Mapping[tuple[str, str], SourceRecord | None] = {}
    readings = 0

    def work(tx: UnitOfWork) -> list[tuple[str, Ingested]]:
        living = _lock_due(tx, read)
        dones: list[tuple[str, Ingested]] = []
        outcomes: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        for kind in order_kinds({kind for one in living for kind, _ in one.notices}):
            mine = [(one.event, notice) for one in living for name, notice in one.notices if name == kind]
            if readings < _READINGS and _is_overtaken(tx, conn, kind, [notice for _, notice in mine], fetched):
                raise _Overtaken
            for event, notice, done in _take_kind(tx, hub, conn, kind, mine, fetched, actor):
                dones.append((kind, done))
                outcomes[event.id].append(_describe(kind, notice, done))
        for one in living:
            _end_event(tx, hub, one.event, outcomes[one.event.id])
        return dones

    dones: list[tuple[str, Ingested]] | None = None
    while dones is None:
        fetched, readings = _fetch_records(hub, conn, read, actor), readings + 1
        with contextlib.suppress(_Overtaken):
            dones = write_page(hub.store, work)
    _note_news(hub, conn, dones)
    report.events["done"] += len(read)
    report.records.update(done.outcome for _, done in dones)
    hub.hint([id_ for _, done in dones for id_ in done.due])
    if any(done.outcome in ("created", "waiting") for _, done in dones):
        report.records.update(take_awaited(hub, conn, actor))


class _Overtaken(Exception):
    """Another worker has taken in a record since we began to read it: ours may be the older reading."""


def _is_overtaken(
    tx: UnitOfWork,
    conn: OpenConnection,
    kind: str,
    notices: Sequence[Notice],
    fetched: Mapping[tuple[str, str], SourceRecord | None],
) -> bool:
    """Of two readings without a version that rises, nothing tells which is the older one; so what was taken in since
    ours began is read again. The records are held before it is asked."""
    found = (fetched.get((notice.stream, notice.external_id)) for notice in notices)
    rising = conn.policies[kind].semantics.versioned
    begun = {one.external_id: one.read_at for one in found if one is not None and not (rising and one.version)}
    if not begun:
        return False
    bound = tx.pluck(Binding, ("hub_id",), connection=conn.name, kind=kind, remote_id__in=sorted(begun))
    ids = sorted({row[0] for row in bound})
    tx.hold(find_kind(kind), ids)
    names = ("external_id", "at")
    seen = tx.pluck(Image, names, record_kind=kind, record_id__in=ids, connection=conn.name)
    return any(row.external_id in begun and row.at > begun[row.external_id] for row in seen)


def _lock_due(tx: UnitOfWork, read: Sequence[_Read]) -> list[_Read]:
    """Those that nobody else has taken in meanwhile, locked until the end."""
    ids = [one.event.id for one in read]
    due = {event.id for event in tx.find(Event, id__in=ids, state__in=["new", "unfit"], order=["id"], lock=True)}
    return [one for one in read if one.event.id in due]


def _fetch_records(
    hub: Hub, conn: OpenConnection, read: Sequence[_Read], actor: str
) -> Mapping[tuple[str, str], SourceRecord | None]:
    """(stream, id) → the record as it is there now, once for each, however many events speak of it; before any
    transaction. What records refer to is fetched too, where it can be."""
    fetched: dict[tuple[str, str], SourceRecord | None] = {}
    by_kind: dict[str, list[SourceRecord]] = defaultdict(list)
    for one in read:
        for kind, notice in one.notices:
            place = (notice.stream, notice.external_id)
            if conn.streams[notice.stream].fetches and place not in fetched:
                fetched[place] = conn.streams[notice.stream].fetch(notice.external_id)
                by_kind[kind] += [record] if (record := fetched[place]) is not None else []
    hub.checkpoint("C11")
    for kind, records in by_kind.items():
        fetch_parents(hub, conn, gather_refs(conn, kind, records), actor, None)
    return fetched


def _take_kind(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    kind: str,
    notices: Sequence[tuple[Event, Notice]],
    fetched: Mapping[tuple[str, str], SourceRecord | None],
    actor: str,
) -> Iterator[tuple[Event, Notice, Ingested]]:
    """What became of each notice about this kind, in order."""
    _take_turns(tx, conn, kind, [notice for _, notice in notices])
    known = _read_versions(tx, conn, kind, [notice for _, notice in notices])
    newest = _read_arrivals(tx, conn, kind, notices)
    chosen: list[tuple[Event, Notice, SourceRecord]] = []
    last = {(notice.stream, notice.external_id): event.id for event, notice in notices}
    for event, notice in notices:
        place = (notice.stream, notice.external_id)
        if place in fetched:
            record = fetched[place]
            if last[place] != event.id:
                yield event, notice, Ingested("unchanged")  # a later event of these speaks of it too: read once
            elif record is None:
                yield event, notice, _note_gone(tx, hub, conn, kind, notice, actor)
            else:
                chosen.append((event, notice, record))
            continue
        version = notice.record.version if notice.record is not None else None
        is_late = version is None and event.received_at < newest.get(notice.external_id, event.received_at)
        if is_late or (version is not None and version < known.get(notice.external_id, 0)):
            yield event, notice, Ingested(OLDER)
            continue
        told = _complete(tx, conn, kind, notice)
        if told is None:
            yield event, notice, Ingested(NOTHING_KNOWN)
        else:
            known[notice.external_id] = max(version or 0, known.get(notice.external_id, 0))
            chosen.append((event, notice, told))
    dones = take_in(tx, hub, conn, kind, [record for _, _, record in chosen], actor)
    for (event, notice, _), done in zip(chosen, dones, strict=True):
        yield event, notice, done


def _take_turns(tx: UnitOfWork, conn: OpenConnection, kind: str, notices: Sequence[Notice]) -> None:
    """What is not bound yet has no row to lock: of two workers with two versions of it, the second waits here, and then
    knows which one the first has taken."""
    ids = {notice.external_id for notice in notices}
    bound = tx.pluck(Binding, ("remote_id",), connection=conn.name, kind=kind, remote_id__in=sorted(ids))
    stream = conn.stream_of(kind).name
    tx.hold_names(f"{conn.name}/{stream}/{external_id}" for external_id in ids - {row[0] for row in bound})


def _read_versions(tx: UnitOfWork, conn: OpenConnection, kind: str, notices: Sequence[Notice]) -> dict[str, int]:
    """External id → the newest version that was ever taken in, also of what waits or was deleted."""
    ids = sorted({notice.external_id for notice in notices if notice.record is not None})
    if not ids:
        return {}
    stream = conn.stream_of(kind).name
    kept = tx.pluck(Payload, ("external_id", "version"), connection=conn.name, stream=stream, external_id__in=ids)
    bound = tx.pluck(Binding, ("remote_id", "remote_version"), connection=conn.name, kind=kind, remote_id__in=ids)
    newest: dict[str, int] = {}
    for external_id, version in (*kept, *bound):
        newest[external_id] = max(version, newest.get(external_id, 0))
    return newest


def _read_arrivals(
    tx: UnitOfWork, conn: OpenConnection, kind: str, notices: Sequence[tuple[Event, Notice]]
) -> dict[str, datetime]:
    """External id → when the newest call about it came that was taken in: where documents have no version, the order
    in which they came tells old from new, whichever worker is faster. The records are held before it is asked."""
    bare = [(event, notice) for event, notice in notices if notice.record and notice.record.version is None]
    if not bare:
        return {}
    ids = {notice.external_id for _, notice in bare}
    bound = tx.pluck(Binding, ("hub_id",), connection=conn.name, kind=kind, remote_id__in=sorted(ids))
    tx.hold(find_kind(kind), sorted({row[0] for row in bound}))
    since = min(event.received_at for event, _ in bare)
    newest: dict[str, datetime] = {}
    where: dict[str, Any] = {"connection": conn.name, "state": "done", "received_at__gt": since}
    for received_at, outcomes in tx.pluck(Event, ("received_at", "outcomes"), **where):
        for told in outcomes:
            if told["kind"] == kind and told["external_id"] in ids:
                newest[told["external_id"]] = max(received_at, newest.get(told["external_id"], received_at))
    return newest


def _complete(tx: UnitOfWork, conn: OpenConnection, kind: str, notice: Notice) -> SourceRecord | None:
    """The document of a notice; a deletion that brings none is about the last one. None: a deletion of something that
    was never here, which is remembered, so that an older version that comes late does not bring it to life."""
    record = notice.record
    if record is None:
        raise MappingError("sync.event_without_record", stream=notice.stream, id=notice.external_id)
    if record.stage is not Stage.GONE:
        return record
    last = tx.latest_payload(conn.name, record.stream, record.external_id)
    bound = tx.count(Binding, connection=conn.name, kind=kind, remote_id=record.external_id)
    if last is None or not bound:
        tx.put_payload(conn.name, record.stream, record.external_id, record.version, record.payload)
        tx.delete(DeadRow, connection=conn.name, stream=record.stream, external_id=record.external_id)
        return None
    return record if record.payload else replace(record, payload=last)


def _note_gone(tx: UnitOfWork, hub: Hub, conn: OpenConnection, kind: str, notice: Notice, actor: str) -> Ingested:
    """A read said that there is no such record: believed as a sweep believes it."""
    row = lock_binding(tx, connection=conn.name, kind=kind, remote_id=notice.external_id)
    if row is None:
        return Ingested(NOTHING_KNOWN)
    note_missing(hub, tx, row, conn.policies[kind], actor)
    return Ingested("missing", row.id, row.hub_id)


def _describe(kind: str, notice: Notice, done: Ingested) -> dict[str, Any]:
    record = str(done.record_id) if done.record_id else None
    return {"kind": kind, "external_id": notice.external_id, "outcome": done.outcome, "record_id": record}


def _end_event(tx: UnitOfWork, hub: Hub, event: Event, outcomes: Sequence[dict[str, Any]]) -> None:
    ended: dict[str, Any] = {"state": "done", "code": None, "params": {}, "words": None, "not_before": None}
    tx.save(event.model_copy(update={**ended, "outcomes": list(outcomes), "done_at": hub.now()}))


def _note_news(hub: Hub, conn: OpenConnection, dones: Sequence[tuple[str, Ingested]]) -> None:
    """Streams have news, whoever brought them; a watch that notes silence hears of it. Not in the page's own
    transaction: a pull locks the cursor before the records, and this comes after them."""
    for kind in sorted({kind for kind, done in dones if done.outcome in ("created", "updated", "ended")}):
        where = {"connection": conn.name, "stream": conn.stream_of(kind).name}
        with hub.store.write() as tx:
            cursor = tx.get(Cursor, **where, lock=True) or Cursor(**where)  # type: ignore[arg-type]
            if cursor.changed_at is None or hub.now() - cursor.changed_at > _NEWS:
                tx.save(cursor.model_copy(update=note_news(cursor, hub.now())))


# ---------------------------------------------------------------- what went wrong


def _put_off(hub: Hub, events: Sequence[Event]) -> None:
    """The other system is away: nothing counts against the events."""
    later = hub.now() + PUT_OFF
    with hub.store.write() as tx:
        for event in tx.find(Event, id__in=[event.id for event in events], state="new", order=["id"], lock=True):
            tx.save(event.model_copy(update={"not_before": later}))


def _note_failure(hub: Hub, event: Event, error: Exception, report: EventReport) -> None:
    """A definite refusal is kept for a person at once; anything else after a few failures."""
    definite = isinstance(error, IsthmusError) and not isinstance(error, ConnectorDefect)
    told = error if isinstance(error, IsthmusError) else None
    attempts = event.attempts + 1
    dead = definite or attempts >= MOST_FAILURES
    update = {
        "state": "dead" if dead else "new",
        "attempts": attempts,
        "not_before": hub.now() + PUT_OFF * attempts,
        "code": told.code if told else "sync.event_failed",
        "params": keep_params(told.params) if told else {"what": f"{type(error).__name__}: {error}"[:500]},
        "words": told.vendor if told else None,
    }
    with hub.store.write() as tx:
        now = tx.get(Event, id=event.id, lock=True)
        if now is not None and now.state in ("new", "unfit"):
            tx.save(now.model_copy(update=update))
    report.events["dead" if dead else "failed"] += 1
    if not definite:
        report.defects.append(error)
