"""After a pull from a system where reading costs nothing: what could not be taken in is tried again, and records that
have vanished are counted."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from hub.protocol.binding import Binding, BindingState
from hub.store.rows import DeadRow
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import ingest
from hub.sync.signs import forget_signs

_BATCH = 500
_STILL_ASIDE = ("dead", "waiting", "review")


def recheck_stream(
    hub: Hub, conn: OpenConnection, kind: str, read: Counter[str], actor: str, run_id: UUID | None
) -> Counter[str]:
    """What changed among the records that were set aside; ``vanished``: bound records that are no longer there, counted
    when the pull has read anything. ``read``: what the pull read."""
    stream = conn.stream_of(kind)
    counts: Counter[str] = Counter()
    if not stream.retries:
        return counts
    with hub.store.read() as tx:
        aside = tx.find(DeadRow, connection=conn.name, stream=stream.name, state__in=["dead", "waiting"])
    for row in aside:
        outcome = _try_again(hub, conn, kind, row.external_id, actor, run_id)
        counts[outcome] += outcome not in _STILL_ASIDE
    if read.total():
        counts["vanished"] += _count_vanished(hub, conn, kind)
    return +counts


def _try_again(hub: Hub, conn: OpenConnection, kind: str, external_id: str, actor: str, run_id: UUID | None) -> str:
    """A record that is no longer there leaves nothing to wait for."""
    stream = conn.stream_of(kind)
    source = stream.fetch(external_id)
    with hub.store.write() as tx:
        if source is None:
            tx.delete(DeadRow, connection=conn.name, stream=stream.name, external_id=external_id)
            forget_signs(tx, conn.name, kind, external_id)
            return "gone"
        done = ingest(Arrival(tx, hub, conn, kind, source, actor, run_id))
    hub.hint(done.due)
    return done.outcome


def _count_vanished(hub: Hub, conn: OpenConnection, kind: str) -> int:
    stream, vanished = conn.stream_of(kind), 0
    last: UUID | None = None
    while True:
        after: dict[str, Any] = {"id__gt": last} if last is not None else {}
        with hub.store.read() as tx:
            rows = tx.find(
                Binding, connection=conn.name, kind=kind, remote_id__null=False, state__ne=BindingState.TOMB,
                order=["id"], limit=_BATCH, **after,
            )  # fmt: skip
        if not rows:
            return vanished
        vanished += len(stream.find_missing([row.remote_id for row in rows if row.remote_id is not None]))
        last = rows[-1].id
