"""A record that is new to the hub and came from one document: there is nothing to merge it with, so what folding would
come to is made at once. Most of a first load goes this way."""

from __future__ import annotations

from typing import Any

from hub.identity.survive import Resolved
from hub.model.kinds import encode_fields
from hub.protocol.binding import Binding
from hub.protocol.semantics import Stage
from hub.protocol.snapshot import Snapshot
from hub.store.rows import Image
from hub.sync.arrival import Arrival
from hub.sync.intent import base_prints
from hub.sync.known import digest_source
from hub.sync.resolve import Born, Rebuilt, keep_born, rebuild_record
from hub.sync.translate import Translated

FIRST_REVISION = 1


def make_native(arrival: Arrival, binding: Binding, translated: Translated) -> tuple[Binding, Rebuilt]:
    """Save the new ``binding`` in its final state, the image, and the record with what follows from it. Not for a
    document that has ended there."""
    tx, snapshot = arrival.tx, translated.snapshot
    binding = tx.insert(binding.model_copy(update=_settle_state(arrival, snapshot)))
    keep_born(tx, binding.hub_id, _save_first_image(arrival, binding, translated))
    rebuilt = rebuild_record(
        tx, arrival.hub, arrival.kind, binding.hub_id, actor=arrival.actor, cause=binding, run_id=arrival.run_id
    )
    return binding, rebuilt


def _settle_state(arrival: Arrival, snapshot: Snapshot) -> dict[str, Any]:
    """What people made there is agreed as it stands, and is no edit here that would have to be submitted."""
    policy = arrival.policy
    both = {name: value for name, value in snapshot.values.items() if name in policy.mapped_in}
    return {
        "remote_version": snapshot.version or 0,
        "stage": snapshot.stage.value,
        "remote_number": snapshot.number,
        "base": base_prints(both, policy),
        "held": {"gross": "protocol.total_differs"} if snapshot.total_differs is not None else {},
        "submitted_revision": FIRST_REVISION,
    }


def _save_first_image(arrival: Arrival, binding: Binding, translated: Translated) -> Born:
    source, now = arrival.source, arrival.hub.now()
    mapping = arrival.conn.mapping_of(arrival.kind)
    values = mapping.overlay({}, translated.snapshot.values)
    address = arrival.address
    image = Image.trusted(
        record_kind=arrival.kind,
        record_id=binding.hub_id,
        source=address,
        connection=arrival.conn.name,
        stream=source.stream,
        external_id=source.external_id,
        values=encode_fields(arrival.kind, values),
        origins=dict(translated.mapped.origins),
        changed=dict.fromkeys(values, (arrival.as_of or now).isoformat()),
        mapping_version=mapping.version,
        version=source.version or 0,
        digest=digest_source(arrival),
        at=now,
    )
    arrival.tx.insert(image)
    return Born(Resolved(values, dict.fromkeys(values, address)), image.values)


def is_living(snapshot: Snapshot) -> bool:
    """Whether the document counts there, as a draft or in effect."""
    return snapshot.stage not in (Stage.VOID, Stage.GONE)
