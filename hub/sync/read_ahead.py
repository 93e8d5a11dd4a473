"""What a round will ask about its bindings, read ahead in a few questions for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hub.crm.rules import rules_for
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.sdk import SourceRecord
from hub.store import Batch, UnitOfWork
from hub.store.rows import ConnectionState, Cursor, IdentityVerdict, Image, Sign
from hub.sync.arrival import Arrival
from hub.sync.context import OpenConnection
from hub.sync.intake import read_ahead_page
from hub.sync.intent import list_parents
from hub.sync.lookup import Found
from hub.sync.sending import read_ahead_attempts, read_ahead_revisions
from hub.sync.signs import sign_record
from hub.sync.work import Work


def read_ahead_start(tx: UnitOfWork, conn: OpenConnection, works: Sequence[Work]) -> None:
    """Before the first decision about bindings of one kind. One that has a document is only looked at: it is read
    first, whatever the hub wants of it."""
    if isinstance(tx, Batch) and works:
        new = tx.pluck(Binding, ("hub_id",), id__in=[work.binding_id for work in works], state=BindingState.NEW)
        records = {row.hub_id for row in new}
        _read_ahead_records(tx, conn, works[0].kind, sorted(records))
        _read_ahead_rows(tx, [work for work in works if work.hub_id not in records])
        read_ahead_attempts(tx, [work.binding_id for work in works])
        tx.read_ahead(ConnectionState, "connection", [conn.name])


def read_ahead_answers(tx: UnitOfWork, conn: OpenConnection, answers: Sequence[tuple[Work, Any]]) -> None:
    """Before bindings of one kind go on, each with what its call gave back. What was written is only noted."""
    if not isinstance(tx, Batch) or not answers:
        return
    kind = answers[0][0].kind
    arrivals = [
        Arrival(tx, work.hub, conn, kind, came, work.actor, work.run_id) for work, came in answers
        if isinstance(came, SourceRecord)
    ]  # fmt: skip
    found = [work.hub_id for work, came in answers if isinstance(came, Found)]
    if arrivals:
        _read_ahead_arrivals(tx, conn, kind, arrivals)
    _read_ahead_records(tx, conn, kind, found)
    _read_ahead_rows(tx, [work for work, came in answers if not isinstance(came, SourceRecord | Found)])
    read_ahead_attempts(tx, [work.binding_id for work, _ in answers])
    tx.read_ahead(ConnectionState, "connection", [conn.name])


def read_ahead_marks(tx: UnitOfWork, works: Sequence[Work]) -> None:
    """Before what was decided in an earlier transaction is marked."""
    if isinstance(tx, Batch) and works:
        read_ahead_revisions(tx, works[0].kind, [work.hub_id for work in works])


def _read_ahead_arrivals(tx: Batch, conn: OpenConnection, kind: str, arrivals: Sequence[Arrival]) -> None:
    """As for a page that is taken in, and what is asked of a record that is there already."""
    read_ahead_page(tx, arrivals)
    ids = [arrival.source.external_id for arrival in arrivals]
    tx.read_ahead_payloads(conn.name, arrivals[0].source.stream, ids)
    records = [row.hub_id for row in tx.find(Binding, connection=conn.name, kind=kind, remote_id__in=ids)]
    _read_ahead_feeders(tx, kind, records)
    _read_ahead_relations(tx, conn, kind, records)


def _read_ahead_records(tx: Batch, conn: OpenConnection, kind: str, ids: Sequence[UUID]) -> None:
    """Records are locked first, then their bindings, as everywhere (``hub.sync.locks``)."""
    if ids:
        tx.read_ahead(find_kind(kind), "id", ids, lock=True)
        tx.read_ahead(Binding, "hub_id", ids, kind=kind, lock=True)
        tx.read_ahead(Image, "record_id", ids, record_kind=kind)
        _read_ahead_relations(tx, conn, kind, ids)
        _read_ahead_obstacles(tx, conn, kind, ids)


def _read_ahead_rows(tx: Batch, works: Sequence[Work]) -> None:
    """The bindings alone."""
    if works:
        tx.read_ahead(Binding, "id", [work.binding_id for work in works], lock=True)


def _read_ahead_relations(tx: Batch, conn: OpenConnection, kind: str, ids: Sequence[UUID]) -> None:
    """What the records refer to, and what stands for it there."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for id_ in ids:
        record = tx.get(find_kind(kind), id=id_)
        for target, record_id in list_parents(record, conn.policies[kind].mapped_out) if record is not None else ():
            wanted[target].add(record_id)
    for target, targets in sorted(wanted.items()):
        if target != kind:
            tx.read_ahead(find_kind(target), "id", targets)
            tx.read_ahead(Binding, "hub_id", targets, kind=target)


def _read_ahead_obstacles(tx: Batch, conn: OpenConnection, kind: str, ids: Sequence[UUID]) -> None:
    """What could keep a document from being made."""
    records = (tx.get(find_kind(kind), id=id_) for id_ in ids)
    signs = {sign for record in records if record is not None for sign in sign_record(record)}
    tx.read_ahead(Sign, "sign", signs, record_kind=kind, side=conn.name)
    tx.read_ahead(IdentityVerdict, "record_id", ids, record_kind=kind)
    tx.read_ahead(Cursor, "stream", [conn.stream_of(kind).name], connection=conn.name)


def _read_ahead_feeders(tx: Batch, kind: str, records: Sequence[UUID]) -> None:
    """What the derived values of the records follow from."""
    for feeder in rules_for(kind).feeders:
        model = find_kind(feeder.kind)
        if feeder.lines is None:
            tx.read_ahead(model, feeder.field, records)
        else:
            tx.read_ahead_lines(model, feeder.lines, feeder.field, records, (feeder.field,))
