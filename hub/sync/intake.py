"""Taking in a page: what ingest will ask is read ahead in a few questions, and a record that is just as it was when it
was last taken in is left alone."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar
from uuid import UUID

from hub.errors import MappingError, RuleBroken
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.reference import parse_reference
from hub.sdk import SourceRecord
from hub.store import Batch, BatchRefused, Deadlocked, Store, UnitOfWork
from hub.store.rows import DeadRow, IdentityVerdict, Image, Sign
from hub.sync.aliases import IDENTIFIED
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import Ingested, ingest
from hub.sync.keepable import make_keepable
from hub.sync.known import list_settled
from hub.sync.namesakes import read_namesakes_ahead
from hub.sync.references import find_referred
from hub.sync.signs import mark_self, sign_snapshot
from hub.sync.strangers import Newcomer, note_strangers
from hub.sync.translate import BOUND, make_context, read_source

T = TypeVar("T")
Refs = Mapping[str, set[str]]
"""Kind → external ids of what records refer to."""


@contextmanager
def _without_collector() -> Iterator[None]:
    """A page makes a hundred thousand objects that live as long as its transaction, hardly any of them in a circle: a
    sixth of the time would go into looking for circles. Let the batch be gone when it ends, or they are all looked
    through then."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_page(store: Store, work: Callable[[UnitOfWork], T]) -> T:
    """One transaction for a page; when the database refuses some row of it, the same once more row by row, so that only
    the one at fault is put aside."""
    try:
        with _without_collector():
            return _write_batch(store, work)
    except (BatchRefused, Deadlocked):
        return store.carry_out(work)


def _write_batch(store: Store, work: Callable[[UnitOfWork], T]) -> T:
    with store.write_batch() as batch:
        return work(batch)


class _Undone(Exception):
    """Ends the rehearsal of a page."""


def rehearse_page(store: Store, work: Callable[[UnitOfWork], T]) -> T:
    """What :func:`write_page` would come to, without its happening."""
    result: list[T] = []
    try:
        with _without_collector(), store.write_batch() as batch:
            result.append(work(batch))
            raise _Undone
    except _Undone:
        return result[0]
    except BatchRefused:
        with store.rehearse() as tx:
            return work(tx)


def take_in(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    kind: str,
    records: Sequence[SourceRecord],
    actor: str,
    run_id: UUID | None = None,
    refs: Refs | None = None,
) -> list[Ingested]:
    """What became of each record, in order. ``refs``: what they refer to, where that is known already."""
    arrivals = [Arrival(tx, hub, conn, kind, record, actor, run_id) for record in make_keepable(records)]
    if not isinstance(tx, Batch) or not arrivals:
        return [ingest(arrival) for arrival in arrivals]
    settled = list_settled(tx, arrivals)
    different = [arrival for arrival in arrivals if arrival.source.external_id not in settled]
    if different:
        read_ahead_page(tx, different, refs if len(different) == len(arrivals) else None)
    return [
        Ingested("unchanged", *settled[arrival.source.external_id])
        if arrival.source.external_id in settled
        else ingest(arrival)
        for arrival in arrivals
    ]


def read_ahead_page(tx: Batch, arrivals: Sequence[Arrival], refs: Refs | None = None) -> None:
    """Records are locked first, then their bindings, as everywhere (``hub.sync.locks``)."""
    first = arrivals[0]
    conn, kind, stream = first.conn.name, first.kind, first.source.stream
    ids = [arrival.source.external_id for arrival in arrivals]
    bound = find_referred(tx, conn, kind, ids)
    records = {*bound.values(), *_list_named(arrivals)}
    tx.read_ahead(find_kind(kind), "id", records, lock=True)
    tx.read_ahead(Binding, "hub_id", records, kind=kind, lock=True)
    tx.read_ahead(Binding, "remote_id", ids, connection=conn, kind=kind, lock=True)
    tx.read_ahead(Image, "record_id", records, record_kind=kind)
    tx.read_ahead(DeadRow, "external_id", ids, connection=conn, stream=stream)
    _read_ahead_refs(tx, arrivals, refs)
    _read_ahead_new(tx, [arrival for arrival in arrivals if arrival.source.external_id not in bound])


def _list_named(arrivals: Iterable[Arrival]) -> set[UUID]:
    """Records that the documents name by our reference."""
    parsed = (parse_reference(arrival.source.reference) for arrival in arrivals if arrival.source.reference)
    return {reference.hub_id for reference in parsed if reference is not None}


def find_missing(tx: UnitOfWork, conn: OpenConnection, wanted: Refs) -> set[tuple[str, str]]:
    """(kind, external id) of what is referred to and the hub has not taken in."""
    found = {(ref_kind, id) for ref_kind, ids in wanted.items() for id in find_referred(tx, conn.name, ref_kind, ids)}
    return {(ref_kind, id) for ref_kind, ids in wanted.items() for id in ids} - found


def gather_refs(conn: OpenConnection, kind: str, records: Iterable[SourceRecord]) -> Refs:
    """What the records refer to."""
    wanted: dict[str, set[str]] = defaultdict(set)
    mapping = conn.mapping_of(kind)
    for record in records:
        for ref_kind, external_id in mapping.find_refs(record.payload):
            wanted[ref_kind].add(external_id)
    return wanted


def _read_ahead_refs(tx: Batch, arrivals: Sequence[Arrival], refs: Refs | None) -> None:
    conn, kind = arrivals[0].conn, arrivals[0].kind
    lend_refs(tx, conn, gather_refs(conn, kind, (arrival.source for arrival in arrivals)) if refs is None else refs)


def lend_refs(tx: UnitOfWork, conn: OpenConnection, refs: Refs) -> None:
    """What is referred to, asked for at once: translations under this transaction need not ask again."""
    for ref_kind, ids in refs.items():
        for external_id, hub_id in find_referred(tx, conn.name, ref_kind, ids).items():
            tx.notes[BOUND, conn.name, ref_kind, external_id] = hub_id


def _read_ahead_new(tx: Batch, arrivals: Sequence[Arrival]) -> None:
    """What decides who a newcomer is. They are translated for it; ingest uses the same translation."""
    if not arrivals:
        return
    kind = arrivals[0].kind
    tx.read_ahead(IdentityVerdict, "source", [arrival.address for arrival in arrivals], record_kind=kind)
    context = make_context(tx, arrivals[0].hub, arrivals[0].conn, None)
    newcomers: list[Newcomer] = []
    broken: set[str] = set()
    for arrival in arrivals:
        try:
            translated = read_source(tx, arrival.hub, arrival.conn, kind, arrival.source, None, context=context)
        except (RuleBroken, MappingError):  # ingest comes to the same, and puts this one aside alone
            broken.add(arrival.source.external_id)
            continue
        tx.notes[read_source, id(arrival.source)] = (None, translated)
        newcomers.append((arrival, translated))
    snapshots = [translated.snapshot for _, translated in newcomers]
    read_namesakes_ahead(tx, arrivals[0].hub, kind, snapshots)
    taken: set[str] = set()
    if kind in IDENTIFIED:
        codes = {line.value for snapshot in snapshots for line in snapshot.values.get("identifiers", ())}
        names = ("kind", "validity", "value")
        taken = tx.read_ahead_lines(find_kind(kind), "identifiers", "value", codes, names)
    signs = {mark_self(snapshot.external_id) for snapshot in snapshots}
    signs.update(*(sign_snapshot(tx, kind, snapshot) for snapshot in snapshots))
    tx.read_ahead(Sign, "sign", signs, record_kind=kind)
    note_strangers(tx, [one for one in newcomers if one[0].source.external_id not in broken], taken)
