"""Records that were here before a sync was: they get their place in its outbox, so that a plan shows them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.semantics import Direction
from hub.store import UnitOfWork
from hub.store.rows import SyncState
from hub.sync.context import Hub
from hub.sync.intent import find_start
from hub.sync.resolve import belongs_there, is_void, make_binding
from hub.sync.signs import HERE, replace_signs, sign_record

_CHUNK = 500


def backfill_bindings(hub: Hub, connection: str, kind: str) -> int:
    """A new binding for every living record that has none with this connection; how many. Records older than the start
    date of the sync are left out. Nothing is sent by this: a sync that was accepted earlier (and was away meanwhile)
    needs a plan that names them."""
    if hub.sync_of(connection, kind).direction is Direction.IN:
        return 0
    made, last = 0, None
    while True:
        after: dict[str, Any] = {"id__gt": last} if last is not None else {}
        with hub.store.read() as tx:
            records = tx.find(find_kind(kind), order=["id"], limit=_CHUNK, **after)
            missing = _list_missing(tx, hub, connection, records)
        if missing:
            made += _make(hub, connection, kind, missing)
        if len(records) < _CHUNK:
            return made
        last = records[-1].id


def _list_missing(tx: UnitOfWork, hub: Hub, connection: str, records: list[Entity]) -> list[UUID]:
    wanted = {
        record.id
        for record in records
        if not is_void(record) and not _is_older(hub, connection, record) and belongs_there(hub, connection, record)
    }
    if not wanted:
        return []
    kind = records[0].KIND
    rows = tx.find(Binding, connection=connection, kind=kind, hub_id__in=sorted(wanted))
    return sorted(wanted - {row.hub_id for row in rows})


def _make(hub: Hub, connection: str, kind: str, ids: list[UUID]) -> int:
    """Looked at again in the transaction that writes: another process may have been faster."""
    with hub.store.write() as tx:
        there = {row.hub_id for row in tx.find(Binding, connection=connection, kind=kind, hub_id__in=ids)}
        for record_id in ids:
            if record_id not in there:
                tx.insert(make_binding(hub, connection, kind, record_id))
        for record in tx.find(find_kind(kind), id__in=[id_ for id_ in ids if id_ not in there]):
            replace_signs(tx, kind, HERE, str(record.id), sign_record(record))
        state = tx.get(SyncState, connection=connection, kind=kind, lock=True)
        if len(there) < len(ids) and state is not None and state.accepted_settings is not None:
            tx.save(state.model_copy(update={"accepted_settings": None}))
    return len(ids) - len(there)


def _is_older(hub: Hub, connection: str, record: Entity) -> bool:
    start = find_start(hub, connection, record)
    if start is None:
        return False
    day = getattr(record, record.DAY)
    return day is None or day < start
