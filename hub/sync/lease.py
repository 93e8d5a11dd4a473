"""Claiming: the leases of some due bindings are taken in one transaction, before anything is decided about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Direction
from hub.store import Batch, UnitOfWork
from hub.sync.context import Hub, OpenConnection
from hub.sync.intake import write_page
from hub.sync.pause import is_resting
from hub.sync.work import Fences, Guard, Work


def claim_bindings(
    hub: Hub,
    conn: OpenConnection,
    kind: str,
    binding_ids: Sequence[UUID],
    *,
    actor: str,
    run_id: UUID | None = None,
    guard: Guard | None = None,
) -> list[Work]:
    """Take the lease of those of one sync that are due: a lost, doubled or late hint changes nothing."""
    if kind not in conn.policies or conn.policies[kind].direction is Direction.IN:
        return []

    def claim(tx: UnitOfWork) -> list[Work]:
        if is_resting(tx, hub, conn.name):
            return []
        if isinstance(tx, Batch):
            tx.read_ahead(Binding, "id", binding_ids, lock=True)
        claimed = [row for id_ in dict.fromkeys(binding_ids) if (row := _claim_one(tx, hub, id_)) is not None]
        fences = Fences(hub, [row.id for row in claimed])
        return [Work(hub, conn, row.id, kind, row.hub_id, row.fence, fences, actor, run_id, guard) for row in claimed]

    return write_page(hub.store, claim)


def _claim_one(tx: UnitOfWork, hub: Hub, binding_id: UUID) -> Binding | None:
    binding = tx.get(Binding, id=binding_id, lock=True)
    if binding is None or not is_due(hub, binding):
        return None
    now = hub.now()
    lease = now + timedelta(seconds=hub.timing.lease_s)
    update = {"fence": binding.fence + 1, "lease_until": lease, "updated_at": now}
    return tx.save(binding.model_copy(update=update))


def is_due(hub: Hub, binding: Binding) -> bool:
    """The same condition as the poller's query."""
    now = hub.now()
    if binding.parked or binding.connection not in hub.config.connections:
        return False
    if any(until is not None and until > now for until in (binding.not_before, binding.lease_until)):
        return False
    if binding.state in (BindingState.WAITING, BindingState.BOUND):
        return binding.dirty
    return binding.state not in (BindingState.TOMB, BindingState.FOREIGN)
