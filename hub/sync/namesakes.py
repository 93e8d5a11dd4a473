"""Records that the whole world knows by one id (``WORLD_ID`` of their kind): a mail that lies in several mailboxes, a
meeting in several calendars. However many copies are read, and by however many workers at once, they are one record:
its id is worked out from theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.model.ids import derive_id
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.reference import parse_reference
from hub.protocol.snapshot import Snapshot
from hub.store import Batch, UnitOfWork
from hub.store.rows import Image
from hub.sync.arrival import Arrival
from hub.sync.context import Hub


def find_namesake(hub: Hub, kind: str, values: Mapping[str, Any]) -> UUID | None:
    """The id of the record that is known by the same id, be it here already or not; None for what has no such id."""
    name = find_kind(kind).WORLD_ID
    told = str(values.get(name) or "").strip() if name else ""
    if not told:
        return None
    # What this hub sent itself carries its reference there: <reference@our domain>.
    mine = parse_reference(told.strip("<>").partition("@")[0])
    if mine is not None and mine.installation == hub.installation:
        return mine.hub_id
    return derive_id(f"{kind}|{told}")


def read_namesakes_ahead(tx: Batch, hub: Hub, kind: str, snapshots: Sequence[Snapshot]) -> None:
    """What ingest will ask about the records that the newcomers of a page may be copies of."""
    found = {id for snapshot in snapshots if (id := find_namesake(hub, kind, snapshot.values)) is not None}
    if found:
        tx.read_ahead(find_kind(kind), "id", found, lock=True)
        tx.read_ahead(Binding, "hub_id", found, kind=kind, lock=True)
        tx.read_ahead(Image, "record_id", found, record_kind=kind)


def is_here(arrival: Arrival, record_id: UUID) -> bool:
    """Whether the record is here, also as a tombstone: what a person deleted is not made again by another copy."""
    return arrival.tx.get(find_kind(arrival.kind), id=record_id) is not None


def lives_elsewhere(tx: UnitOfWork, image: Image) -> bool:
    """Whether another copy of what this image was read from is still there: then nothing has ended."""
    if not find_kind(image.record_kind).WORLD_ID:
        return False
    others = tx.find(Image, record_kind=image.record_kind, record_id=image.record_id)
    return any(
        row.source != image.source and row.connection is not None and row.values.get("state") != "void"
        for row in others
    )
