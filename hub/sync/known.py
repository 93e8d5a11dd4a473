"""Records that are read again and say nothing new: recognised before they are translated."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from operator import attrgetter
from typing import Any
from uuid import UUID

from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.store import Batch
from hub.store.rows import DeadRow, Image
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection


def digest_source(arrival: Arrival) -> str:
    """Digest of all that decides what ingest makes of a snapshot, apart from the rows of the hub itself: the payload,
    what the connector says about it, mapping, codes, configuration, and this very version of the program."""
    source = arrival.source
    facts = (
        *(source.version, source.stage.value, source.number, source.reference, source.live_children),
        *(source.created_by_us, source.touched_by_person, source.changed_by_us),
    )
    payload = arrival.tx.digest_payload(source.payload)
    text = f"{_basis_of(arrival.hub, arrival.conn, arrival.kind)}\n{payload}\n{facts}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_CALM = ("parked", "why", "missing_since", "dirty", "void_wanted", "held")
"""What of a binding is empty when nothing waits, is held or doubted. Read rather than asked for: a database that is
asked for all that is calm would look through the calm rows of the whole company."""
_BINDING = ("remote_id", "id", "hub_id", "stage", "remote_version", "state", *_CALM)
_IMAGE = ("record_id", "source", "digest", "at")


def list_settled(tx: Batch, arrivals: Sequence[Arrival]) -> dict[str, tuple[UUID, UUID]]:
    """Those of a page that ingest would find just as the last time: taken in whole, nothing waiting to be written,
    held, or doubted. External id → (binding, record)."""
    first = arrivals[0]
    conn, kind, stream = first.conn.name, first.kind, first.source.stream
    times = Counter(arrival.source.external_id for arrival in arrivals)
    ids = list(times)
    tx.read_ahead_payloads(conn, stream, ids)
    bound = tx.pluck(Binding, _BINDING, connection=conn, kind=kind, remote_id__in=ids)
    quiet = {row.remote_id: row for row in bound if row.state == BindingState.BOUND and not any(_read_calm(row))}
    if not quiet:
        return {}
    put_aside = {
        row[0] for row in tx.pluck(DeadRow, ("external_id",), connection=conn, stream=stream, external_id__in=ids)
    }
    records = [row.hub_id for row in quiet.values()]
    marks: dict[UUID, list[Any]] = defaultdict(list)
    for mark in tx.pluck(Image, _IMAGE, record_kind=kind, record_id__in=records):
        marks[mark.record_id].append(mark)
    return {
        arrival.source.external_id: (row.id, row.hub_id)
        for arrival in arrivals
        if (row := quiet.get(arrival.source.external_id)) is not None
        and times[row.remote_id] == 1
        and row.remote_id not in put_aside
        and (row.stage, row.remote_version) == (arrival.source.stage.value, arrival.source.version or 0)
        and _is_last_word(arrival, marks[row.hub_id])
    }


_read_calm = attrgetter(*_CALM)


def _is_last_word(arrival: Arrival, marks: Sequence[Any]) -> bool:
    """Whether the record's image of this source was made from this very snapshot, and nobody has had a word since."""
    source, address = arrival.source, arrival.address
    mine = next((mark for mark in marks if mark.source == address), None)
    if mine is None or not mine.digest or any(mark.at > mine.at for mark in marks):
        return False
    newest = arrival.tx.is_newest_payload(arrival.conn.name, source.stream, source.external_id, source.payload)
    return newest and bool(mine.digest == digest_source(arrival))


def _basis_of(hub: Hub, conn: OpenConnection, kind: str) -> str:
    """Configuration and code tables stand still for as long as a hub is open."""
    key = (conn.name, kind)
    if key not in hub.bases:
        parts = {
            "program": _read_version(),
            "config": hub.config.model_dump(mode="json"),
            "mapping": conn.mapping_of(kind).version,
            "codes": {name: dict(table) for name, table in conn.codes.items()},
        }
        hub.bases[key] = take_fingerprint(parts)
    return hub.bases[key]


@cache
def _read_version() -> str:
    try:
        return version("isthmus")
    except PackageNotFoundError:  # run from a folder that was never installed
        return ""
