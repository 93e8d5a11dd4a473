"""What a round will ask about its bindings, read ahead in a few questions for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from hub.crm.rules import rules_for
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.sdk import SourceRecord
from hub.store import Batch, UnitOfWork
from hub.store.rows import ConnectionState, Cursor, IdentityVerdict, Image, Sign
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.intake import read_ahead_page
from hub.sync.intent import list_parents
from hub.sync.sending import read_ahead_attempts
from hub.sync.signs import sign_record
from hub.sync.work import Work


def read_ahead_round(tx: UnitOfWork, hub: Hub, conn: OpenConnection, turns: Sequence[tuple[Work, Any]]) -> None:
    """``turns``: bindings of one kind, each with what its last call gave back. Records are locked first, then their
    bindings, as everywhere (``hub.sync.locks``)."""
    if not isinstance(tx, Batch) or not turns:
        return
    kind = turns[0][0].kind
    records = [work.hub_id for work, _ in turns]
    tx.read_ahead(find_kind(kind), "id", records, lock=True)
    tx.read_ahead(Binding, "hub_id", records, kind=kind, lock=True)
    tx.read_ahead(Image, "record_id", records, record_kind=kind)
    tx.read_ahead(ConnectionState, "connection", [conn.name])
    read_ahead_attempts(tx, [work.binding_id for work, _ in turns])
    found = tx.find(find_kind(kind), id__in=records, with_deleted=True)
    _read_ahead_relations(tx, kind, found, conn.policies[kind].mapped_out)
    fresh = [row.hub_id for row in tx.find(Binding, kind=kind, hub_id__in=records) if row.remote_id is None]
    if fresh:
        _read_ahead_fresh(tx, conn, kind, [record for record in found if record.id in set(fresh)])
    arrivals = [
        Arrival(tx, hub, conn, kind, came, work.actor, work.run_id) for work, came in turns
        if isinstance(came, SourceRecord)
    ]  # fmt: skip
    if arrivals:
        read_ahead_page(tx, arrivals)
        _read_ahead_feeders(tx, kind, records)


def _read_ahead_relations(tx: Batch, kind: str, records: Iterable[Entity], fields: frozenset[str]) -> None:
    """What the records refer to, and what stands for it there."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for record in records:
        for target, record_id in list_parents(record, fields):
            wanted[target].add(record_id)
    for target, ids in sorted(wanted.items()):
        if target != kind:
            tx.read_ahead(find_kind(target), "id", ids)
            tx.read_ahead(Binding, "hub_id", ids, kind=target)


def _read_ahead_fresh(tx: Batch, conn: OpenConnection, kind: str, records: Sequence[Entity]) -> None:
    """What could keep a document from being made."""
    signs = {sign for record in records for sign in sign_record(record)}
    tx.read_ahead(Sign, "sign", signs, record_kind=kind)
    tx.read_ahead(IdentityVerdict, "record_id", [record.id for record in records], record_kind=kind)
    tx.read_ahead(Cursor, "stream", [conn.stream_of(kind).name], connection=conn.name)


def _read_ahead_feeders(tx: Batch, kind: str, records: Sequence[UUID]) -> None:
    """What the derived values of the records follow from."""
    for feeder in rules_for(kind).feeders:
        model = find_kind(feeder.kind)
        if feeder.lines is None:
            tx.read_ahead(model, feeder.field, records)
        else:
            tx.read_ahead_lines(model, feeder.lines, feeder.field, records, (feeder.field,))
