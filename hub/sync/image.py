"""The image: what one source says of a record, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hub.identity.survive import HUB
from hub.model.kinds import encode_fields, find_kind
from hub.protocol.binding import Binding
from hub.protocol.semantics import Owner
from hub.protocol.snapshot import Snapshot
from hub.store.rows import Image
from hub.sync.arrival import Arrival
from hub.sync.claims import date_changes
from hub.sync.known import digest_source
from hub.sync.resolve import keep_values
from hub.sync.translate import Translated


def save_image(
    arrival: Arrival,
    binding: Binding,
    translated: Translated,
    snapshot: Snapshot,
    keep: Mapping[str, bool],
    known: Mapping[str, Any],
) -> bool:
    """The source's image; ``changed`` moves only for fields whose value is truly new there. Whether each of its values
    is what the image said before, what the record holds, or one that the record does not take from here."""
    source, now = arrival.source, arrival.hub.now()
    key: dict[str, Any] = {
        "record_kind": arrival.kind,
        "record_id": binding.hub_id,
        "source": arrival.address,
    }
    old = arrival.tx.get(Image, **key)
    laid = arrival.conn.mapping_of(arrival.kind).overlay(known, snapshot.values)
    values = encode_fields(arrival.kind, {name: laid[name] for name in snapshot.values})
    changed: dict[str, str] = {}
    fresh: list[str] = []
    told = old is None or old.values.keys() == values.keys()
    deaf = _list_deaf(arrival, binding)
    # a value that must not win over the hub's is dated long ago
    long_ago = (now - _LONG_AGO).isoformat()
    for name, value in values.items():
        was = old.changed.get(name) if old else None
        same = old is not None and old.values.get(name) == value
        told = told and (same or name in deaf or (name in known and known[name] == laid[name]))
        if was and (same or keep.get(name) or arrival.as_of is not None):
            changed[name] = was
        elif keep.get(name) or arrival.as_of is not None:
            changed[name] = long_ago if keep.get(name) else (arrival.as_of or now).isoformat()
        else:
            fresh.append(name)
    changed |= date_changes(arrival.tx, arrival.kind, binding.hub_id, arrival.address, fresh, now)
    image = Image.trusted(
        **key,
        connection=arrival.conn.name,
        stream=source.stream,
        external_id=source.external_id,
        values=values,
        origins=dict(translated.mapped.origins),
        changed=changed,
        mapping_version=arrival.conn.mapping_of(arrival.kind).version,
        version=source.version or 0,
        digest=digest_source(arrival),
        at=now,
        home_id=binding.home_id,
    )
    if old is None or image.model_copy(update={"at": old.at}) != old:
        keep_values(arrival.tx, arrival.tx.save(image), {name: laid[name] for name in snapshot.values})
    return told


def _list_deaf(arrival: Arrival, binding: Binding) -> frozenset[str]:
    """Fields that people have filled here and in which this document has no say (``hub.identity.survive``)."""
    own = arrival.tx.get(Image, record_kind=arrival.kind, record_id=binding.hub_id, source=HUB)
    if own is None:
        return frozenset()
    number = find_kind(arrival.kind).NUMBER
    return frozenset(name for name in own.values if name == number or arrival.policy.owner_of(name) is Owner.HUB)


_LONG_AGO = timedelta(days=36_500)
