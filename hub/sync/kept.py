"""Records as they were read, rebuilt from what is kept: nothing is asked of the other system."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from hub.protocol.binding import Binding
from hub.protocol.semantics import Stage
from hub.sdk import SourceRecord
from hub.sdk.told import Place
from hub.store import UnitOfWork
from hub.store.bookkeeping import open_payload
from hub.store.rows import DeadRow, Image, Payload
from hub.sync.context import Hub, OpenConnection

_TIMES = ("read_at", "modified_at")
_KEPT_ELSEWHERE = ("stream", "external_id", "payload", "unreadable")
"""What the dead row knows by itself, the payload row does, or makes a record one that must be read again."""


def keep_facts(source: SourceRecord) -> dict[str, Any]:
    """What a reading said beside the payload, as JSON-ready data; nothing of a record with unreadable cells."""
    if source.unreadable:
        return {}
    facts = {field.name: getattr(source, field.name) for field in dataclasses.fields(source)}
    times = {name: facts[name].isoformat() for name in _TIMES if facts[name] is not None}
    places = {name: dataclasses.asdict(place) for name, place in source.places.items()}
    return {name: value for name, value in facts.items() if name not in _KEPT_ELSEWHERE} | times | {"places": places}


def load_kept(tx: UnitOfWork, row: DeadRow) -> SourceRecord | None:
    """The record of a dead row as it was last read; None when it is no longer kept."""
    if not row.facts:
        return None
    payload = _load_payload(tx, row)
    if payload is None:
        return None
    facts: dict[str, Any] = dict(row.facts)
    facts |= {name: datetime.fromisoformat(facts[name]) for name in _TIMES if facts.get(name)}
    facts["stage"] = Stage(facts["stage"])
    facts["places"] = {name: Place(**place) for name, place in facts["places"].items()}
    return SourceRecord(stream=row.stream, external_id=row.external_id, payload=payload, **facts)


def _load_payload(tx: UnitOfWork, row: DeadRow) -> dict[str, Any] | None:
    """That of the version at which it was put aside; an older one may have been read after it."""
    where: dict[str, Any] = {"connection": row.connection, "stream": row.stream, "external_id": row.external_id}
    version = row.facts.get("version")
    found = tx.find(Payload, version=version, order=["-at", "-id"], limit=1, **where) if version is not None else []
    return open_payload(found[0]) if found else tx.latest_payload(**where)


def revive_bound(tx: UnitOfWork, image: Image, binding: Binding) -> SourceRecord | None:
    """The document of a binding as it was last read: its newest payload, and what the binding remembers of it. None
    when the payload is no longer kept."""
    if image.connection is None or image.stream is None or image.external_id is None:
        return None
    where: dict[str, Any] = {"stream": image.stream, "external_id": image.external_id}
    kept = tx.find(Payload, connection=image.connection, order=["-at", "-id"], limit=1, **where)
    if not kept:
        return None
    return SourceRecord(
        stream=image.stream,
        external_id=image.external_id,
        payload=open_payload(kept[0]),
        read_at=max(image.at, kept[0].at),
        version=max(image.version, kept[0].version) or None,
        stage=Stage(binding.stage or Stage.EFFECTIVE),
        number=binding.remote_number,
        reference=binding.ref if binding.ours else None,
        created_by_us=True if binding.ours else None,
    )


def read_record(hub: Hub, conn: OpenConnection, kind: str, external_id: str) -> SourceRecord | None:
    """One record as it is there now; where nothing can be asked, as it was last read. None when there is none. Not
    inside a transaction."""
    stream = conn.stream_of(kind)
    if stream.fetches:
        return stream.fetch(external_id)
    with hub.store.read() as tx:
        row = tx.get(DeadRow, connection=conn.name, stream=stream.name, external_id=external_id)
        if row is not None:
            return load_kept(tx, row)
        binding = tx.get(Binding, connection=conn.name, kind=kind, remote_id=external_id)
        if binding is None:
            return None
        address = f"{conn.name}/{stream.name}/{external_id}"
        image = tx.get(Image, record_kind=kind, record_id=binding.hub_id, source=address)
        return revive_bound(tx, image, binding) if image is not None else None
