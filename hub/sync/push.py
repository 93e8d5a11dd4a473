"""Push: the only way out. Claim some bindings, decide, carry out one step of each, decide again, until there is nothing
to do."""

from __future__ import annotations

import functools
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hub.errors import IsthmusError, NeedsConsent, NotReady, OutcomeUnknown, Transient
from hub.locale import keep_params
from hub.protocol.binding import Binding
from hub.store.guard_rows import MassStop
from hub.store.rows import ConnectionState
from hub.sync.accept import AcceptedGuard, list_accepted, order_kinds
from hub.sync.context import Hub, OpenConnection
from hub.sync.guards import HeldBack, hold_back
from hub.sync.lease import claim_bindings
from hub.sync.pause import read_pause_all, rests
from hub.sync.rounds import Rounds, Turn
from hub.sync.work import Guard, Work

BATCH_SIZE = 50
"""Bindings that a worker claims at a time: enough to share reading and writing, few enough to leave others some."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST_REST_S = 1.0
"""A system that says "come back in 0 seconds" gets that long."""


@dataclass
class PushReport:
    """What pushing some bindings came to: steps by name, and errors of the connection."""

    steps: Counter[str] = field(default_factory=Counter)
    errors: list[IsthmusError] = field(default_factory=list)
    touched: list[UUID] = field(default_factory=list)
    stops: list[MassStop] = field(default_factory=list)
    """Why updates were held back that nobody has accepted one by one."""


def list_due(
    hub: Hub,
    limit: int,
    *,
    connection: str | None = None,
    kinds: Sequence[str] | None = None,
    accepted_only: bool = True,
    since: datetime | None = None,
) -> list[UUID]:
    """Ids of bindings with work that may be done now: what the poller re-derives, whatever became of the hints.

    ``accepted_only``: leave out syncs whose first push nobody has accepted, or that were reconfigured since. ``since``:
    only those that could have been done at that time already.
    """
    accepted = list_accepted(hub) if accepted_only else None
    now = hub.now()
    rows: list[Binding] = []
    with hub.store.read() as tx:
        if read_pause_all(tx) is not None:
            return []
        stopped = {row.connection for row in tx.find(ConnectionState) if rests(row, hub)}
        # One by one: what may not be done on one connection, however much it is, does not keep others from their turn.
        for name in sorted({connection} if connection is not None else hub.config.connections):
            chosen = kinds if accepted is None else _choose(accepted, name, kinds)
            if name in hub.config.connections and name not in stopped and chosen != []:
                rows += tx.due_bindings(now, limit, connection=name, kinds=chosen)
    rows.sort(key=lambda row: (row.updated_at or _LONG_AGO, row.id))
    return [row.id for row in rows[:limit] if since is None or _waits_since(row) <= since]


def _choose(accepted: Collection[tuple[str, str]], connection: str, kinds: Sequence[str] | None) -> list[str]:
    return sorted(kind for name, kind in accepted if name == connection and (kinds is None or kind in kinds))


def _waits_since(row: Binding) -> datetime:
    return max((at for at in (row.not_before, row.updated_at) if at is not None), default=_LONG_AGO)


def push_bindings(
    hub: Hub,
    binding_ids: Sequence[UUID],
    *,
    run_id: UUID | None = None,
    guard: Guard | None = None,
    actor: str = "push",
) -> PushReport:
    """Work on these bindings, sync by sync, a batch at a time. Errors of a connection end the work on it and stand in
    the report.

    Without a ``guard``, only syncs that a person has accepted are pushed, and no mass of changes that nobody has seen.
    """
    hub.checkpoint("C1")
    guard = guard or AcceptedGuard(hub)
    report = PushReport()
    held = hold_back(hub, binding_ids, actor) if isinstance(guard, AcceptedGuard) else HeldBack()
    report.stops = held.stops
    down: set[str] = set()
    claim = functools.partial(claim_bindings, hub, actor=actor, run_id=run_id, guard=guard)
    for (connection, kind), ids in _sort_by_sync(hub, [id_ for id_ in binding_ids if id_ not in held.ids]):
        error = _push_sync(hub, hub.open(connection), kind, ids, claim, report) if connection not in down else None
        if error is not None:
            report.errors.append(error)
            note_trouble(hub, connection, error)
            down.add(connection)
    return report


def _sort_by_sync(hub: Hub, binding_ids: Collection[UUID]) -> list[tuple[tuple[str, str], list[UUID]]]:
    """By (connection, kind): kinds that others refer to come first."""
    with hub.store.read() as tx:
        rows = tx.pluck(Binding, ("id", "connection", "kind"), id__in=list(binding_ids)) if binding_ids else []
    known = {row.id: (row.connection, row.kind) for row in rows if row.connection in hub.config.connections}
    found: dict[tuple[str, str], list[UUID]] = {}
    for id_ in dict.fromkeys(binding_ids):
        if id_ in known:
            found.setdefault(known[id_], []).append(id_)
    places = {kind: place for place, kind in enumerate(order_kinds(kind for _, kind in found))}
    return sorted(found.items(), key=lambda item: places[item[0][1]])


def _push_sync(
    hub: Hub, conn: OpenConnection, kind: str, ids: Sequence[UUID], claim: Callable[..., list[Work]], report: PushReport
) -> IsthmusError | None:
    """Bindings of one sync; why its connection had better be left alone, if so."""
    try:
        conn.load_codes()
    except (Transient, OutcomeUnknown, NeedsConsent) as error:
        return error
    waiting, size = deque(ids), BATCH_SIZE
    while waiting:
        works = claim(conn, kind, [waiting.popleft() for _ in range(min(size, len(waiting)))])
        if not works:
            continue
        for work in works:
            hub.checkpoint("C2")
            report.touched.append(work.binding_id)
        rounds = Rounds(hub, conn, [Turn(work) for work in works], report.steps)
        rounds.run()
        if rounds.trouble is not None:
            return rounds.trouble
        # A slow system gets as many at a time as it could answer; a quick one soon has the full size again.
        waiting.extendleft(reversed(rounds.cut))
        size = max(1, len(works) - len(rounds.cut)) if rounds.cut else min(BATCH_SIZE, 2 * size)
    return None


def note_trouble(hub: Hub, connection: str, error: IsthmusError) -> None:
    """Missing rights pause the connection until a person resumes it; a throttled or absent system is left alone for
    as long as it asked."""
    with hub.store.write() as tx:
        state = tx.get(ConnectionState, connection=connection, lock=True) or ConnectionState(connection=connection)
        if isinstance(error, NeedsConsent):
            params = keep_params(error.params)
            update = {"paused": True, "pause_code": error.code, "pause_params": params}
        else:
            named = error.retry_after_s if isinstance(error, Transient | NotReady) else None
            wait_s = max(named, SHORTEST_REST_S) if named is not None else min(2.0**state.failures, 300.0)
            reason: dict[str, object] = {"wait_code": None, "wait_params": {}}
            if named is not None:
                reason = {"wait_code": error.code, "wait_params": keep_params(error.params)}
            until = hub.now() + timedelta(seconds=wait_s)
            update = {"failures": state.failures + 1, "not_before": until, **reason}
        tx.save(state.model_copy(update=update))
