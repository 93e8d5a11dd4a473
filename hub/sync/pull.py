"""Pull: read a stream page by page; one page is one transaction with its cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from hub.errors import CursorExpired, IsthmusError
from hub.sdk import Page, SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Cursor
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import Ingested, ingest
from hub.sync.recheck import recheck_stream
from hub.sync.signs import prepare_signs

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
) -> PullReport:
    """Read what changed since the cursor less the overlap, or continue a pull that was cut off at its last page."""
    conn = hub.open(connection)
    conn.load_codes()
    prepare_signs(hub, connection, kind)
    stream = conn.stream_of(kind)
    report = PullReport(kind, stream.name)
    cursor: Cursor | None = _begin(hub, conn, kind)
    while cursor is not None and cursor.under_way:
        page = _read_page(hub, conn, kind, cursor)
        hub.checkpoint("C12")
        if page is None:
            cursor = _restart(hub, cursor)
            continue
        cursor = _take_page(hub, conn, kind, page, cursor, report, actor, run_id)
        hub.checkpoint("C13")
        report.pages += 1
        if progress:
            progress(kind, report.counts.total(), None)
        if keep_alive:
            keep_alive()
    report.counts.update(recheck_stream(hub, conn, kind, report.counts, actor, run_id))
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
        since = cursor.high_water - overlap if cursor.high_water else None
        update = {"since": since, "position": None, "reading_high": cursor.high_water, "under_way": True}
        return tx.save(cursor.model_copy(update=update | {"updated_at": hub.now()}))


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


def _restart(hub: Hub, cursor: Cursor) -> Cursor | None:
    """Read everything again from the start; None when another pull is at it."""
    with hub.store.write() as tx:
        if _is_overtaken(tx, cursor):
            return None
        update = {"since": None, "position": None, "updated_at": hub.now()}
        return tx.save(cursor.model_copy(update=update))


def _take_page(
    hub: Hub,
    conn: OpenConnection,
    kind: str,
    page: Page,
    cursor: Cursor,
    report: PullReport,
    actor: str,
    run_id: UUID | None,
) -> Cursor | None:
    """Ingest every row and move the cursor in one transaction. Missing parents are fetched before it, outside. None
    when another pull is at it."""
    _fetch_parents(hub, conn, kind, page.records, actor, run_id)
    due: list[UUID] = []
    counts: Counter[str] = Counter()
    with hub.store.write() as tx:
        if _is_overtaken(tx, cursor):
            return None
        for source in page.records:
            done = ingest(Arrival(tx, hub, conn, kind, source, actor, run_id))
            counts[done.outcome] += 1
            counts["conflicts"] += len(done.conflicts)
            due.extend(done.due)
        moved = tx.save(_advance(hub, page, cursor))
    report.counts.update(counts)
    hub.hint(due)
    return moved


def _advance(hub: Hub, page: Page, cursor: Cursor) -> Cursor:
    highs = [high for high in (cursor.reading_high, page.high_water) if high is not None]
    high = max(highs) if highs else None
    update = {"position": page.position, "reading_high": high, "updated_at": hub.now()}
    if page.position is None:
        update |= {"under_way": False, "high_water": high, "since": None, "complete_once": True}
    return cursor.model_copy(update=update)


def _fetch_parents(
    hub: Hub, conn: OpenConnection, kind: str, records: list[SourceRecord] | tuple[SourceRecord, ...] | object,
    actor: str, run_id: UUID | None, depth: int = 0,
) -> None:  # fmt: skip
    """Records that the page refers to and the hub has not seen yet come first (their own page may be later)."""
    wanted = _list_missing(hub, conn, kind, records)
    if depth >= _PARENT_DEPTH:
        return
    for parent_kind, external_id in sorted(wanted):
        if parent_kind not in conn.mappings:
            continue
        found = conn.stream_of(parent_kind).fetch(external_id)
        if found is None:
            continue
        _fetch_parents(hub, conn, parent_kind, [found], actor, run_id, depth + 1)
        take_one(hub, conn, parent_kind, found, actor, run_id)


def _list_missing(hub: Hub, conn: OpenConnection, kind: str, records: object) -> set[tuple[str, str]]:
    from hub.sync.translate import make_context

    missing: set[tuple[str, str]] = set()
    with hub.store.read() as tx:
        context = make_context(tx, hub, conn, None)
        for source in records if isinstance(records, list | tuple) else ():
            mapped = conn.mapping_of(kind).to_canonical(source.payload, context)
            missing |= {
                (problem.ref_kind, problem.external_id)
                for problem in mapped.problems
                if problem.kind == "reference" and problem.ref_kind and problem.external_id
            }
    return missing


def take_one(
    hub: Hub, conn: OpenConnection, kind: str, source: SourceRecord, actor: str, run_id: UUID | None = None
) -> Ingested:
    """Ingest one record in a transaction of its own."""
    with hub.store.write() as tx:
        done = ingest(Arrival(tx, hub, conn, kind, source, actor, run_id))
    hub.hint(done.due)
    return done


__all__ = ["IsthmusError", "PullReport", "pull_stream", "take_one"]
