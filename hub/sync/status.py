"""How each sync stands: accepted, paused, last and next run, what is due and what waits for a person."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from hub.errors import ConfigInvalid
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Direction
from hub.store import UnitOfWork
from hub.store.rows import ConnectionState, SyncState
from hub.sync.accept import check_accepted
from hub.sync.context import Hub
from hub.sync.pause import read_pause_all
from hub.sync.todo import list_todo


@dataclass(frozen=True)
class SyncStatus:
    """One sync. ``accepted``: it may be pushed as it is configured now (always, when it only reads).
    ``waiting_count``: entries of the todo list; ``alarms``: codes of what a guard stopped or a watch noticed."""

    connection: str
    kind: str
    direction: str
    confirm: str
    accepted: bool
    paused: bool
    last_run_at: datetime | None
    next_due: datetime | None
    due_count: int
    waiting_count: int
    alarms: tuple[str, ...] = ()


def list_syncs(hub: Hub) -> list[SyncStatus]:
    """All syncs by connection and kind. Sends nothing."""
    todo = [item for item in list_todo(hub) if not item.informational]
    waiting = Counter((item.connection, item.kind) for item in todo)
    alarms = [(item.connection, item.kind, item.code) for item in todo if item.kind_of_wait in ("guard", "watch")]
    found = []
    for connection, settings in sorted(hub.config.connections.items()):
        for kind, sync in sorted(settings.syncs.items()):
            with hub.store.read() as tx:
                state = tx.get(SyncState, connection=connection, kind=kind) or SyncState(
                    connection=connection, kind=kind
                )
                found.append(
                    SyncStatus(
                        connection=connection,
                        kind=kind,
                        direction=sync.direction.value,
                        confirm=sync.confirm.value,
                        accepted=sync.direction is Direction.IN or is_accepted(tx, hub, connection, kind),
                        paused=state.paused or _is_stopped(tx, connection),
                        last_run_at=state.last_run_at,
                        next_due=state.next_due,
                        due_count=_count_due(tx, hub, connection, kind),
                        waiting_count=waiting[connection, kind],
                        alarms=tuple(code for *where, code in alarms if where == [connection, kind]),
                    )
                )
    return found


def is_accepted(tx: UnitOfWork, hub: Hub, connection: str, kind: str) -> bool:
    """Whether a person accepted a plan of this sync as it is configured now; a connection that cannot be opened (a
    secret is missing) is not ready either."""
    try:
        return check_accepted(tx, hub, connection, kind) is None
    except ConfigInvalid:
        return False


def _is_stopped(tx: UnitOfWork, connection: str) -> bool:
    state = tx.get(ConnectionState, connection=connection)
    return read_pause_all(tx) is not None or (state is not None and state.paused)


_STATES: tuple[dict[str, Any], ...] = (
    {"state__in": [BindingState.NEW, BindingState.SENDING, BindingState.UNKNOWN, BindingState.PREPARED]},
    {"state": BindingState.REVERSING},
    {"state__in": [BindingState.WAITING, BindingState.BOUND], "dirty": True},
)


def _count_due(tx: UnitOfWork, hub: Hub, connection: str, kind: str) -> int:
    """The condition of ``due_bindings``, counted without reading the rows."""
    now = hub.now()
    free: tuple[dict[str, Any], ...] = ({"not_before": None}, {"not_before__le": now})
    unleased: tuple[dict[str, Any], ...] = ({"lease_until": None}, {"lease_until__le": now})
    return sum(
        tx.count(Binding, connection=connection, kind=kind, parked=None, **state, **wait, **lease)
        for state, wait, lease in product(_STATES, free, unleased)
    )
