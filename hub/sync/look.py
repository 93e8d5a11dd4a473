"""What must be read there before a person's decision is carried out; no transaction is open meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from hub.errors import RuleBroken
from hub.protocol.binding import Binding
from hub.protocol.semantics import Stage
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Image
from hub.sync.arrival import Arrival
from hub.sync.context import Hub

SECOND = "sync.second_document"
VALUES_DIFFER = "sync.values_differ"


@dataclass(frozen=True)
class Pair:
    """Two documents there for one record, as they are now; None: gone."""

    bound: SourceRecord | None
    second: SourceRecord | None


def look_at_pair(hub: Hub, binding_id: UUID) -> Pair | None:
    """Read both documents, before any transaction."""
    with hub.store.read() as tx:
        binding = tx.get(Binding, id=binding_id)
    if binding is None or binding.parked != SECOND or binding.remote_id is None:
        return None
    hub.open(binding.connection).load_codes()
    stream = hub.open(binding.connection).stream_of(binding.kind)
    return Pair(stream.fetch(binding.remote_id), stream.fetch(binding.parked_params["remote_id"]))


def look_at_unread(hub: Hub, binding_id: UUID) -> Callable[[UnitOfWork], Arrival] | None:
    """What was bound without being read (``isthmus sync adopt``) is read before a person decides about its values."""
    with hub.store.read() as tx:
        binding = tx.get(Binding, id=binding_id)
        if binding is None or binding.remote_id is None or binding.ours or binding.parked != VALUES_DIFFER:
            return None
        conn, kind = hub.open(binding.connection), binding.kind
        address = f"{conn.name}/{conn.stream_of(kind).name}/{binding.remote_id}"
        if tx.count(Image, record_kind=kind, record_id=binding.hub_id, source=address):
            return None
    conn.load_codes()
    source = conn.stream_of(kind).fetch(binding.remote_id) if conn.stream_of(kind).fetches else None
    if source is None:
        raise RuleBroken("sync.settle_unread", connection=conn.name, remote_id=binding.remote_id)
    return lambda tx: Arrival(tx, hub, conn, kind, source, "settle")


def counts(source: SourceRecord | None) -> bool:
    return source is not None and source.stage in (Stage.EFFECTIVE, Stage.SUBMITTED)
