"""Runs whose process died: nothing stays "running" longer than its lease, nor even that long where nobody else is left
who could hold one."""

from __future__ import annotations

from typing import Any

from hub.protocol.binding import Binding
from hub.store import UnitOfWork
from hub.store.rows import Lease, Run
from hub.sync.context import Hub
from hub.sync.turns import give_back_turns

BEACONS = "process:"
"""How the leases are named by which processes say that they live."""


def recover_runs(hub: Hub) -> int:
    """Call a run stopped whose process did not prolong its lease in time; how many were found.

    What such a run had sent and not read back is due again by itself: that is the bindings' business.
    """
    now = hub.now()
    with hub.store.read() as tx:
        if not tx.count(Run, state="running", lease_until__lt=now):
            return 0
    with hub.store.write() as tx:
        return _stop_runs(tx, hub, lease_until__lt=now)


def recover_all(hub: Hub) -> int:
    """The same for whoever knows that nobody else works on this database (``hub.runtime.presence``): all who held a
    lease are dead. What they had marked as sent is looked for as ever, after the quiet period."""
    now = hub.now()
    with hub.store.read() as tx:
        if not tx.count(Lease, until__gt=now) and not tx.count(Lease, name__prefix=BEACONS):
            return 0
    with hub.store.write() as tx:
        for lease in tx.find(Lease, until__gt=now, lock=True):
            tx.save(lease.model_copy(update={"until": now}))
        tx.delete(Lease, name__prefix=BEACONS)
        for binding in tx.find(Binding, lease_until__gt=now, lock=True):
            tx.save(binding.model_copy(update={"lease_until": None}))
        return _stop_runs(tx, hub)


def _stop_runs(tx: UnitOfWork, hub: Hub, **where: Any) -> int:
    now = hub.now()
    lost = tx.find(Run, state="running", lock=True, **where)
    for run in lost:
        tx.save(run.model_copy(update={"state": "stopped", "ended_at": now, "error_code": "runtime.run_lost"}))
        give_back_turns(tx, run, now)
        tx.journal("schedule", "run.lost", connection=run.connection, run_id=run.id)
    return len(lost)
