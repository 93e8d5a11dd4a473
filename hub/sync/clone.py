"""A copy of a hub that goes on beside the one it was taken from, as a hub of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.protocol.binding import Binding, BindingState
from hub.store import UnitOfWork
from hub.store.rows import Lease, Orphan

_CHUNK = 500
_LET_GO: dict[str, Any] = {
    "state": BindingState.FOREIGN, "dirty": False, "void_wanted": False, "lease_until": None, "not_before": None,
    "parked": None, "parked_params": {}, "held": {}, "why": None,
}  # fmt: skip


def let_go(tx: UnitOfWork) -> int:
    """Make every document the original's: what is there, and what may be on its way; how many they are.

    The records stay, and may still be referred to by what the clone makes itself under a name of its own.
    """
    done, last = 0, None
    while rows := _read_chunk(tx, last):
        for row in rows:
            tx.save(row.model_copy(update=_LET_GO))
        done, last = done + len(rows), rows[-1].id
    for orphan in tx.find(Orphan, state="due"):  # drafts that the original meant to remove
        tx.save(orphan.model_copy(update={"state": "done", "reason": "sync.cloned"}))
    for lease in tx.find(Lease):
        tx.delete(Lease, name=lease.name)
    return done


def _read_chunk(tx: UnitOfWork, last: UUID | None) -> list[Binding]:
    after: dict[str, Any] = {} if last is None else {"id__gt": last}
    return tx.find(Binding, order=["id"], limit=_CHUNK, **after)
