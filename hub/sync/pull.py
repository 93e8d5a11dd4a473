"""Pull: read a stream page by page; one page is one transaction with its cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.errors import ConnectorDefect, CursorExpired, IsthmusError
from hub.protocol.binding import Binding
from hub.sdk import Page, SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Cursor
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import Ingested, ingest
from hub.sync.intake import Refs, find_missing, gather_refs, take_in, write_page
from hub.sync.keepable import make_keepable
from hub.sync.lookahead import NO_CONSENT, Consent, LookAhead, ReadGuard, advance_tally
from hub.sync.recheck import recheck_stream
from hub.sync.signs import prepare_signs
from hub.sync.sweep import look_for_deleted, make_sweep_due

Progress = Callable[[str, int, int | None], None]
_PARENT_DEPTH = 4


@dataclass
class PullReport:
    """What one pull of one stream took in, by outcome."""

    kind: str
    stream: str
    counts: Counter[str] = field(default_factory=Counter)
    pages: int = 0


def pull_stream(
    hub: Hub,
    connection: str,
    kind: str,
    *,
    actor: str,
    run_id: UUID | None = None,
    progress: Progress | None = None,
    keep_alive: Callable[[], None] | None = None,
    consent: Consent = NO_CONSENT,
) -> PullReport:
    """Read what changed since the cursor less the overlap, or continue a pull that was cut off at its last page.

    ``RuleBroken`` when it would lose or change more than people here take for granted, or than ``consent`` lets pass.
    """
    conn = hub.open(connection)
    conn.load_codes()
    prepare_signs(hub, connection, kind)
    stream = conn.stream_of(kind)
    report = PullReport(kind, stream.name)
    restarted = False
    guard = ReadGuard(hub, conn, kind, actor, consent=consent).begin()
    cursor = _follow_up(hub, conn, kind, _begin(hub, conn, kind), report)
    while cursor is not None and cursor.under_way:
        page = _read_page(hub, conn, kind, cursor)
        hub.checkpoint("C12")
        if page is None:
            cursor, restarted = _restart(hub, cursor, kind), True
            continue
        before = cursor
        try:
            cursor = _take_page(guard, page, cursor, report, run_id)
        except LookAhead:
            cursor = _save_tally(hub, before, guard.look_ahead(before, page))
            continue
        hub.checkpoint("C13")
        if cursor is not None:
            cursor = _follow_up(hub, conn, kind, cursor, report)
        report.pages += 1
        if progress:
            progress(kind, report.counts.total(), None)
        if keep_alive:
            keep_alive()
    report.counts.update(recheck_stream(hub, conn, kind, report.counts, actor, run_id))
    if restarted:
        report.counts.update(look_for_deleted(hub, connection, kind, actor, run_id))
    return report


def _begin(hub: Hub, conn: OpenConnection, kind: str) -> Cursor:
    """The cursor of a pull that starts now; of one that was cut off, as it stands."""
    stream = conn.stream_of(kind)
    with hub.store.write() as tx:
        cursor = tx.get(Cursor, connection=conn.name, stream=stream.name, lock=True)
        cursor = cursor or Cursor(connection=conn.name, stream=stream.name)
        if cursor.under_way:
            return cursor
        overlap = timedelta(seconds=conn.policies[kind].overlap_s)
        since = _reach_back(cursor.high_water - overlap, hub.zone_of(conn.name)) if cursor.high_water else None
        update = {"since": since, "position": cursor.resume, "reading_high": cursor.high_water, "under_way": True}
        return tx.save(cursor.model_copy(update=update | {"tally": {}, "updated_at": hub.now()}))


def _reach_back(since: datetime, zone: ZoneInfo) -> datetime:
    """Where clocks are put back, an hour comes twice: a system that tells no zone shows its second half as if it were
    the first, and changes in it seem older than what was read before. The whole of it is read again."""
    local = since.astimezone(zone)
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return since - (first - second) if first is not None and second is not None else since


def _read_page(hub: Hub, conn: OpenConnection, kind: str, cursor: Cursor) -> Page | None:
    """The next page; None when the other side no longer accepts the cursor."""
    try:
        return conn.stream_of(kind).read_page(cursor.since, cursor.position, hub.page_size)
    except CursorExpired:
        if cursor.since is None and cursor.position is None:
            raise
        return None


def _is_overtaken(tx: UnitOfWork, cursor: Cursor) -> bool:
    """Whether another pull of the stream went on while this one slept: its reading is the one that counts now, and the
    cursor must not go back."""
    stored = tx.get(Cursor, connection=cursor.connection, stream=cursor.stream, lock=True)
    return stored is None or stored.updated_at != cursor.updated_at


def _restart(hub: Hub, cursor: Cursor, kind: str) -> Cursor | None:
    """Read everything again from the start; None when another pull is at it. What was deleted meanwhile no page will
    ever show, so a sweep over all ids is due as well, whatever becomes of this pull."""
    with hub.store.write() as tx:
        if _is_overtaken(tx, cursor):
            return None
        make_sweep_due(tx, hub, cursor.connection, kind)
        update = {"since": None, "position": None, "resume": None, "updated_at": hub.now()}
        return tx.save(cursor.model_copy(update=update | {"tally": {}}))


def _save_tally(hub: Hub, cursor: Cursor, tally: Mapping[str, int]) -> Cursor | None:
    """The rest was looked at and may be taken in; None when another pull is at it."""
    with hub.store.write() as tx:
        if _is_overtaken(tx, cursor):
            return None
        return tx.save(cursor.model_copy(update={"tally": dict(tally), "updated_at": hub.now()}))


def _take_page(guard: ReadGuard, page: Page, cursor: Cursor, report: PullReport, run_id: UUID | None) -> Cursor | None:
    """Ingest every row and move the cursor in one transaction. Missing parents are fetched before it, outside. None
    when another pull is at it; ``LookAhead`` when it may be part of something too large."""
    hub, conn, kind, actor = guard.hub, guard.conn, guard.kind, guard.actor
    refs = gather_refs(conn, kind, page.records)
    fetch_parents(hub, conn, refs, actor, run_id)

    def work(tx: UnitOfWork) -> tuple[Cursor, list[Ingested]] | None:
        if _is_overtaken(tx, cursor):
            return None
        dones = take_in(tx, hub, conn, kind, page.records, actor, run_id, refs)
        tally = guard.weigh_page(tx, cursor, page, dones)
        return tx.save(_advance(hub, page, cursor, advance_tally(hub, cursor, page, tally, guard.known))), dones

    taken = write_page(hub.store, work)
    if taken is None:
        return None
    for done in taken[1]:
        report.counts[done.outcome] += 1
        report.counts["conflicts"] += len(done.conflicts)
    hub.hint([id for done in taken[1] for id in done.due])
    return taken[0]


def _follow_up(hub: Hub, conn: OpenConnection, kind: str, cursor: Cursor, report: PullReport) -> Cursor | None:
    """What the connector was asked to do over there with what is kept now; the cursor then says that it was done. None
    when another pull is at it."""

    def find_kept(ids: Sequence[str]) -> set[str]:
        with hub.store.read() as tx:
            rows = tx.pluck(Binding, ("remote_id",), connection=conn.name, kind=kind, remote_id__in=list(ids))
        return {row.remote_id for row in rows}

    done = conn.stream_of(kind).follow_up(cursor.position if cursor.under_way else cursor.resume, find_kept)
    if done is None:
        return cursor
    report.counts.update({"marked": done.marked, "unmarked": done.unmarked})
    update = {"position" if cursor.under_way else "resume": done.position, "updated_at": hub.now()}
    with hub.store.write() as tx:
        return None if _is_overtaken(tx, cursor) else tx.save(cursor.model_copy(update=update))


def _advance(hub: Hub, page: Page, cursor: Cursor, update: Mapping[str, object]) -> Cursor:
    highs = [high for high in (cursor.reading_high, page.high_water) if high is not None]
    high = max(highs) if highs else None
    update = {**update, "position": page.position, "reading_high": high, "updated_at": hub.now()}
    if page.position is None:
        update |= {"under_way": False, "high_water": high, "since": None, "complete_once": True, "resume": page.resume}
    return cursor.model_copy(update=update)


def fetch_parents(
    hub: Hub,
    conn: OpenConnection,
    refs: Refs,
    actor: str,
    run_id: UUID | None,
    depth: int = 0,
) -> None:
    """Records that a page refers to and the hub has not seen yet come first (their own page may be later)."""
    with hub.store.read() as tx:
        wanted = find_missing(tx, conn, refs)
    if depth >= _PARENT_DEPTH:
        return
    for parent_kind, external_id in sorted(wanted):
        if parent_kind not in conn.policies or not conn.stream_of(parent_kind).fetches:
            continue  # without a sync nothing of that kind is taken in: what refers to it waits, and says so
        try:
            found = conn.stream_of(parent_kind).fetch(external_id)
        except ConnectorDefect:
            continue  # told in the log; what refers to it waits
        if found is None:
            continue
        fetch_parents(hub, conn, gather_refs(conn, parent_kind, [found]), actor, run_id, depth + 1)
        take_one(hub, conn, parent_kind, found, actor, run_id)


def take_one(
    hub: Hub, conn: OpenConnection, kind: str, source: SourceRecord, actor: str, run_id: UUID | None = None
) -> Ingested:
    """Ingest one record in a transaction of its own."""
    (kept,) = make_keepable([source])
    done = hub.store.carry_out(lambda tx: ingest(Arrival(tx, hub, conn, kind, kept, actor, run_id)))
    hub.hint(done.due)
    return done


__all__ = ["IsthmusError", "PullReport", "fetch_parents", "pull_stream", "take_one"]
