"""Taking in a page: what ingest will ask is read ahead in a few questions, and a record that is just as it was when it
was last taken in is left alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from hub.identity.likeness import list_signs
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.reference import parse_reference
from hub.sdk import SourceRecord
from hub.store import Batch, BatchRefused, Store, UnitOfWork
from hub.store.rows import DeadRow, IdentityVerdict, Image, Sign
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import Ingested, ingest
from hub.sync.known import find_settled
from hub.sync.match import IDENTIFIED
from hub.sync.signs import mark_self
from hub.sync.translate import read_source

T = TypeVar("T")


def write_page(store: Store, work: Callable[[UnitOfWork], T]) -> T:
    """One transaction for a page; when the database refuses some row of it, the same once more row by row, so that only
    the one at fault is put aside."""
    try:
        with store.write_batch() as batch:
            return work(batch)
    except BatchRefused:
        with store.write() as tx:
            return work(tx)


def take_in(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    kind: str,
    records: Sequence[SourceRecord],
    actor: str,
    run_id: UUID | None = None,
) -> list[Ingested]:
    """What became of each record, in order."""
    arrivals = [Arrival(tx, hub, conn, kind, record, actor, run_id) for record in records]
    if isinstance(tx, Batch) and arrivals:
        _read_ahead(tx, arrivals)
    return [_recall(arrival) or ingest(arrival) for arrival in arrivals]


def _recall(arrival: Arrival) -> Ingested | None:
    binding = find_settled(arrival)
    return Ingested("unchanged", binding.id, binding.hub_id) if binding is not None else None


def _read_ahead(tx: Batch, arrivals: Sequence[Arrival]) -> None:
    """Bindings and records are locked in the order in which a single ingest locks them."""
    first = arrivals[0]
    conn, kind, stream = first.conn.name, first.kind, first.source.stream
    ids = [arrival.source.external_id for arrival in arrivals]
    tx.read_ahead(Binding, "remote_id", ids, connection=conn, kind=kind, lock=True)
    bound = {row.remote_id: row.hub_id for row in tx.find(Binding, connection=conn, kind=kind, remote_id__in=ids)}
    records = {*bound.values(), *_list_named(arrivals)}
    tx.read_ahead(Binding, "hub_id", records, kind=kind, lock=True)
    tx.read_ahead(find_kind(kind), "id", records, lock=True)
    tx.read_ahead(Image, "record_id", records, record_kind=kind)
    tx.read_ahead_payloads(conn, stream, ids)
    tx.read_ahead(DeadRow, "external_id", ids, connection=conn, stream=stream)
    different = [arrival for arrival in arrivals if find_settled(arrival) is None]
    _read_ahead_refs(tx, different)
    _read_ahead_new(tx, [arrival for arrival in different if arrival.source.external_id not in bound])


def _list_named(arrivals: Iterable[Arrival]) -> set[UUID]:
    """Records that the documents name by our reference."""
    parsed = (parse_reference(arrival.source.reference) for arrival in arrivals if arrival.source.reference)
    return {reference.hub_id for reference in parsed if reference is not None}


def find_refs(
    tx: UnitOfWork, conn: OpenConnection, kind: str, records: Iterable[SourceRecord]
) -> tuple[list[Binding], set[tuple[str, str]]]:
    """Bindings of what the records refer to, and (kind, external id) of what is not bound."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for ref_kind, external_id in conn.mapping_of(kind).find_refs(record.payload):
            wanted[ref_kind].add(external_id)
    found: list[Binding] = []
    for ref_kind, ids in wanted.items():
        if isinstance(tx, Batch):
            tx.read_ahead(Binding, "remote_id", ids, connection=conn.name, kind=ref_kind)
        found += tx.find(Binding, connection=conn.name, kind=ref_kind, remote_id__in=sorted(ids))
    known = {(row.kind, row.remote_id) for row in found}
    return found, {(name, id) for name, ids in wanted.items() for id in ids} - known


def _read_ahead_refs(tx: Batch, arrivals: Sequence[Arrival]) -> None:
    if not arrivals:
        return
    found, _ = find_refs(tx, arrivals[0].conn, arrivals[0].kind, [arrival.source for arrival in arrivals])
    by_kind: dict[str, set[UUID]] = defaultdict(set)
    for row in found:
        by_kind[row.kind].add(row.hub_id)
    for kind, ids in by_kind.items():
        tx.read_ahead(Binding, "hub_id", ids, kind=kind)


def _read_ahead_new(tx: Batch, arrivals: Sequence[Arrival]) -> None:
    """What decides who a newcomer is. They are translated for it; ingest uses the same translation."""
    if not arrivals:
        return
    kind = arrivals[0].kind
    tx.read_ahead(IdentityVerdict, "source", [arrival.address for arrival in arrivals], record_kind=kind)
    values = {}
    for arrival in arrivals:
        translated = read_source(tx, arrival.hub, arrival.conn, kind, arrival.source, None)
        tx.notes[read_source, id(arrival.source)] = (None, translated)
        values[arrival.source.external_id] = translated.snapshot.values
    if kind in IDENTIFIED:
        codes = {line.value for found in values.values() for line in found.get("identifiers", ())}
        tx.read_ahead_lines(find_kind(kind), "identifiers", "value", codes, ("kind", "validity", "value"))
    signs = {mark_self(external_id) for external_id in values}
    for arrival in arrivals:
        signs |= list_signs(kind, values[arrival.source.external_id], arrival.source.number)
    tx.read_ahead(Sign, "sign", signs, record_kind=kind)
