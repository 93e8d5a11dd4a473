"""Records that are read again and say nothing new: recognised before they are translated."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
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


def find_settled(arrival: Arrival) -> Binding | None:
    """The binding of a snapshot that ingest would find just as the last one: taken in whole, nothing waiting to be
    written, held, or doubted. None when it must be looked at."""
    tx, source = arrival.tx, arrival.source
    found = tx.find(Binding, connection=arrival.conn.name, kind=arrival.kind, remote_id=source.external_id, limit=1)
    if not found or not _is_quiet(found[0], arrival):
        return None
    images = tx.find(Image, record_kind=arrival.kind, record_id=found[0].hub_id)
    image = next((row for row in images if row.source == arrival.address), None)
    if image is None or not image.digest or image.digest != digest_source(arrival):
        return None
    if any(row.at > image.at for row in images):
        return None  # somebody else has had a word since
    newest = tx.is_newest_payload(arrival.conn.name, source.stream, source.external_id, source.payload)
    return found[0] if newest and tx.get(DeadRow, **arrival.key) is None else None


def _is_quiet(binding: Binding, arrival: Arrival) -> bool:
    source = arrival.source
    doubts = (binding.parked, binding.why, binding.missing_since, binding.held, binding.dirty, binding.void_wanted)
    return (
        binding.state is BindingState.BOUND
        and binding.stage == source.stage.value
        and binding.remote_version == (source.version or 0)
        and not any(doubts)
    )


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
