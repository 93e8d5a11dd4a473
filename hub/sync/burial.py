"""A document that is no longer there: when that is believed, and what it means for the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hub.model.kinds import check_fields, encode_fields
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Policy, Stage
from hub.store import UnitOfWork
from hub.store.rows import Image
from hub.sync.context import Hub
from hub.sync.guards import may_vanish
from hub.sync.namesakes import lives_elsewhere
from hub.sync.resolve import rebuild_record
from hub.sync.stops import LOOK_AGAIN


def note_missing(hub: Hub, tx: UnitOfWork, binding: Binding, policy: Policy, actor: str) -> Binding:
    """A read said that the document does not exist: believed only when it lasts longer than the declared lag, and not
    while a mass of documents is missing."""
    now = hub.now()
    if binding.missing_since is None:
        later = now + timedelta(seconds=max(policy.lag_s, policy.timing.retry_s))
        return tx.save(binding.model_copy(update={"missing_since": now, "not_before": later}))
    if now < binding.missing_since + timedelta(seconds=policy.lag_s):
        later = binding.missing_since + timedelta(seconds=policy.lag_s)
        return tx.save(binding.model_copy(update={"not_before": later}))
    if not may_vanish(hub, tx, binding, actor):
        return tx.save(binding.model_copy(update={"not_before": now + LOOK_AGAIN}))
    ended: dict[str, Any] = {"dirty": False, "held": {}, "stage": Stage.GONE.value, "lease_until": None}
    if not binding.void_wanted and not policy.reads.deletion_voids:
        return tx.save(binding.model_copy(update=ended | {"parked": "protocol.deleted_there"}))
    buried = tx.save(binding.model_copy(update=ended | {"state": BindingState.TOMB, "parked": None, "why": None}))
    if not binding.void_wanted:
        void_image(tx, hub, buried)
        rebuild_record(tx, hub, buried.kind, buried.hub_id, actor=actor, cause=buried, run_id=None)
    return buried


def void_image(tx: UnitOfWork, hub: Hub, binding: Binding) -> None:
    """What the other system last said of it, now cancelled: it has no other way to say so than deleting. A copy whose
    like is still somewhere has nothing more to say."""
    address = f"{binding.connection}/{hub.open(binding.connection).stream_of(binding.kind).name}/{binding.remote_id}"
    image = tx.get(Image, record_kind=binding.kind, record_id=binding.hub_id, source=address)
    if image is None or image.values.get("state") == "void":
        return
    if lives_elsewhere(tx, image):
        key = {"record_kind": image.record_kind, "record_id": image.record_id, "source": image.source}
        tx.delete(Image, **key)
        return
    now = hub.now()
    values = {**image.values, **encode_fields(binding.kind, check_fields(binding.kind, {"state": "void"}))}
    changed = {**image.changed, "state": now.isoformat()}
    tx.save(image.model_copy(update={"values": values, "changed": changed, "digest": "", "at": now}))
