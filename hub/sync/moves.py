"""A record that has another id now: people moved it to another place there, such as a meeting to another calendar."""

from __future__ import annotations

from typing import Any

from hub.protocol.binding import Binding
from hub.store.rows import Image
from hub.sync.arrival import Arrival
from hub.sync.locks import lock_binding
from hub.sync.look import SECOND


def follow_move(arrival: Arrival) -> None:
    """The binding of the old id goes along, with what the system last said. Where the new id is known already there is
    nothing to follow: the old one is gone, and a copy lives on."""
    tx, source = arrival.tx, arrival.source
    key: dict[str, Any] = {"connection": arrival.conn.name, "kind": arrival.kind}
    if source.moved_from is None or tx.count(Binding, **key, remote_id=source.external_id):
        return
    old = lock_binding(tx, connection=arrival.conn.name, kind=arrival.kind, remote_id=source.moved_from)
    if old is None:
        return
    update: dict[str, Any] = {
        "remote_id": source.external_id, "missing_since": None, "remote_version": 0, "acked_version": 0,
    }  # fmt: skip
    if old.parked == SECOND and old.parked_params.get("remote_id") == source.external_id:
        update |= {"parked": None, "parked_params": {}}
    tx.save(old.model_copy(update=update))
    _move_image(arrival, old, source.moved_from)


def _move_image(arrival: Arrival, binding: Binding, before: str) -> None:
    tx, source = arrival.tx, arrival.source
    root = f"{arrival.conn.name}/{source.stream}/"
    key: dict[str, Any] = {"record_kind": binding.kind, "record_id": binding.hub_id}
    image = tx.get(Image, **key, source=root + before)
    if image is not None:
        tx.delete(Image, **key, source=image.source)
        tx.save(image.model_copy(update={"source": root + source.external_id, "external_id": source.external_id}))
