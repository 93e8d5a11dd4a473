"""The database is an older one than the one that went (a restore, a failover that lost commits): what the hub wrote
since then stands over there, and nothing here says so. Whatever could be doubled by that waits, and looks first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hub.errors import ConfigInvalid, NeedsConsent, Transient
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Policy
from hub.store import UnitOfWork
from hub.store.rows import ConnectionState
from hub.sync.context import Hub

UNSENT = (BindingState.NEW, BindingState.SENDING, BindingState.UNKNOWN)
JOINED = (BindingState.BOUND, BindingState.WAITING)
FENCE_STEP = 1_000_000
"""Beyond every fence that the lost database can have given to a worker that still lives."""
LONGEST_QUIET_S = 3600.0
"""Where nobody can say now how long a request may still be on its way."""
_CHUNK = 500


def note_rewind(hub: Hub, connection: str, actor: str) -> int:
    """Tell the hub that commits of this connection were lost; how many bindings will be looked at again.

    What has no document waits out the quiet period and is then searched, because its create may have been sent; every
    other document is read again, whatever version was known of it. Calling it again only costs another look.
    """
    policies, looked_at = _read_policies(hub, connection), 0
    with hub.store.write() as tx:
        state = tx.get(ConnectionState, connection=connection, lock=True) or ConnectionState(connection=connection)
        tx.save(state.model_copy(update={"epoch": state.epoch + 1}))
        rows = _read_chunk(tx, connection, None)
        while rows:
            for row in rows:
                update = _look_again(row, policies.get(row.kind), hub.now())
                tx.save(row.model_copy(update=update))
                looked_at += row.state is not BindingState.TOMB
            rows = _read_chunk(tx, connection, rows[-1])
        tx.journal(actor, "connection.rewound", connection=connection, epoch=state.epoch + 1)
    return looked_at


def note_all_rewound(hub: Hub, actor: str) -> int:
    """The same for every connection, those that are configured no longer included."""
    with hub.store.read() as tx:
        bound = _list_connections(tx)
    return sum(note_rewind(hub, name, actor) for name in sorted({*bound, *hub.config.connections}))


def _list_connections(tx: UnitOfWork) -> list[str]:
    names: list[str] = []
    after: dict[str, Any] = {}
    while found := tx.find(Binding, order=["connection"], limit=1, **after):
        names.append(found[0].connection)
        after = {"connection__gt": names[-1]}
    return names


def _read_policies(hub: Hub, connection: str) -> Mapping[str, Policy]:
    """A connection that cannot be opened now (a secret is missing, its connector asks the system) has none."""
    if connection not in hub.config.connections:
        return {}
    try:
        return hub.open(connection).policies
    except (ConfigInvalid, NeedsConsent, Transient):
        return {}


def _read_chunk(tx: UnitOfWork, connection: str, last: Binding | None) -> list[Binding]:
    after: dict[str, Any] = {"id__gt": last.id} if last is not None else {}
    return tx.find(Binding, connection=connection, order=["id"], limit=_CHUNK, lock=True, **after)


def _look_again(row: Binding, policy: Policy | None, now: datetime) -> dict[str, Any]:
    later = now + timedelta(seconds=policy.quiet_s if policy is not None else LONGEST_QUIET_S)
    update: dict[str, Any] = {
        "remote_version": 0, "acked_version": 0, "acked_patch": "", "same_patches": 0,
        "fence": row.fence + FENCE_STEP, "lease_until": None,
    }  # fmt: skip
    if row.state in UNSENT and row.remote_id is None:
        return update | {"state": BindingState.UNKNOWN, "not_before": later, "attempts": row.attempts + 1}
    if row.state is BindingState.REVERSING:
        return update | {"not_before": later}
    return update | {"dirty": True} if row.state in JOINED else update
