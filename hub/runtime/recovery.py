"""Runs whose process died: nothing stays "running" longer than its lease."""

from __future__ import annotations

from hub.store.rows import Run
from hub.sync.context import Hub
from hub.sync.turns import give_back_turns


def recover_runs(hub: Hub) -> int:
    """Call a run stopped whose process did not prolong its lease in time; how many were found.

    What such a run had sent and not read back is due again by itself: that is the bindings' business.
    """
    now = hub.now()
    with hub.store.read() as tx:
        if not tx.count(Run, state="running", lease_until__lt=now):
            return 0
    with hub.store.write() as tx:
        lost = tx.find(Run, state="running", lease_until__lt=now, lock=True)
        for run in lost:
            tx.save(run.model_copy(update={"state": "stopped", "ended_at": now, "error_code": "runtime.run_lost"}))
            give_back_turns(tx, run, now)
            tx.journal("schedule", "run.lost", connection=run.connection, run_id=run.id)
    return len(lost)
