"""Push: the only way out. Claim a binding, decide, carry out one step, decide again, until there is nothing to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hub.errors import ConnectorDefect, Duplicate, IsthmusError, NeedsConsent, OutcomeUnknown, Transient
from hub.locale import keep_params
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Action, Op, Seen, decide
from hub.protocol.semantics import Direction
from hub.protocol.snapshot import Intent
from hub.store import UnitOfWork
from hub.store.guard_rows import MassStop
from hub.store.rows import ConnectionState
from hub.sync.accept import AcceptedGuard, list_accepted
from hub.sync.context import Hub
from hub.sync.guards import HeldBack, hold_back
from hub.sync.intent import build_intent
from hub.sync.pause import is_resting, read_pause_all, rests
from hub.sync.sending import follow_failed_read, tell_defect
from hub.sync.steps import STEPS
from hub.sync.work import Fenced, Guard, Work

_STEP_LIMIT = 16
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
    """Work on these bindings one by one. Errors of a connection end the work on it and stand in the report.

    Without a ``guard``, only syncs that a person has accepted are pushed, and no mass of changes that nobody has seen.
    """
    hub.checkpoint("C1")
    guard = guard or AcceptedGuard(hub)
    report = PushReport()
    down: set[str] = set()
    held = hold_back(hub, binding_ids, actor) if isinstance(guard, AcceptedGuard) else HeldBack()
    report.stops = held.stops
    for binding_id in binding_ids:
        if binding_id in held.ids:
            continue
        work = claim_binding(hub, binding_id, actor=actor, run_id=run_id, guard=guard, down=down)
        if work is None:
            continue
        hub.checkpoint("C2")
        report.touched.append(binding_id)
        try:
            _work_through(work, report)
        except Fenced:
            report.steps["fenced"] += 1
        except Duplicate:
            report.steps["raced"] += 1  # another worker joined the same document first; the next look sees it
        except ConnectorDefect as error:
            report.steps["defect"] += 1
            work.release(parked=error.code, parked_params=tell_defect(error))
        except (NeedsConsent, Transient) as error:
            report.errors.append(error)
            note_trouble(hub, work.conn.name, error)
            down.add(work.conn.name)
    return report


def claim_binding(
    hub: Hub, binding_id: UUID, *, actor: str, run_id: UUID | None, guard: Guard | None, down: set[str]
) -> Work | None:
    """Take the lease if the binding is due: a lost, doubled or late hint changes nothing."""
    now = hub.now()
    with hub.store.write() as tx:
        binding = tx.get(Binding, id=binding_id, lock=True)
        if binding is None or not is_due(hub, binding) or binding.connection in down:
            return None
        if is_resting(tx, hub, binding.connection):
            return None
        lease = now + timedelta(seconds=hub.timing.lease_s)
        update = {"fence": binding.fence + 1, "lease_until": lease, "updated_at": now}
        claimed = tx.save(binding.model_copy(update=update))
    conn = hub.open(claimed.connection)
    if claimed.kind not in conn.policies or conn.policies[claimed.kind].direction is Direction.IN:
        return None
    return Work(hub, conn, binding_id, claimed.kind, claimed.fence, actor, run_id, guard)


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


def _work_through(work: Work, report: PushReport) -> None:
    try:
        work.conn.load_codes()
    except (Transient, OutcomeUnknown, NeedsConsent) as error:
        follow_failed_read(work, error)
        return
    seen: Seen = None
    for _ in range(_STEP_LIMIT):
        intent, action, binding = _decide_next(work, seen)
        report.steps[action.op.value] += 1
        step = STEPS[action.op](work, binding, intent, action)
        if step.done:
            return
        seen = step.seen
    work.release(not_before=work.later_s(work.policy.timing.retry_s))


def _decide_next(work: Work, seen: Seen) -> tuple[Intent, Action, Binding]:
    with work.hub.store.read() as tx:
        binding = tx.get(Binding, id=work.binding_id)
        if binding is None or binding.fence != work.fence:
            raise Fenced
        return decide_binding(tx, work.hub, binding, seen, guard=work.guard)


def decide_binding(
    tx: UnitOfWork, hub: Hub, binding: Binding, seen: Seen, *, guard: Guard | None = None
) -> tuple[Intent, Action, Binding]:
    """Gather what ``decide`` needs from the store and ask it; a run's guard may turn a write into a wait."""
    from hub.protocol.snapshot import Snapshot

    policy = hub.open(binding.connection).policies[binding.kind]
    snapshot = seen if isinstance(seen, Snapshot) else None
    intent, _ = build_intent(tx, hub, binding, policy, snapshot)
    state = tx.get(ConnectionState, connection=binding.connection)
    action = decide(binding, intent, seen, policy, hub.now(), epoch=state.epoch if state else 0)
    if guard is not None and action.op in GUARDED:
        code = guard(tx, binding, intent, action)
        if code is not None:
            action = Action(Op.PARK if code == "sync.plan_stale" else Op.NOTHING, code)
    return intent, action, binding


GUARDED = frozenset(
    {Op.CREATE, Op.PATCH, Op.SUBMIT, Op.CONFIRM, Op.REOPEN, Op.VOID, Op.BEGIN_REVERSE, Op.NEXT_REVISION}
)


def note_trouble(hub: Hub, connection: str, error: IsthmusError) -> None:
    """Missing rights pause the connection until a person resumes it; a throttled or absent system is left alone for
    as long as it asked."""
    with hub.store.write() as tx:
        state = tx.get(ConnectionState, connection=connection, lock=True) or ConnectionState(connection=connection)
        if isinstance(error, NeedsConsent):
            params = keep_params(error.params)
            update = {"paused": True, "pause_code": error.code, "pause_params": params}
        else:
            named = error.retry_after_s if isinstance(error, Transient) else None
            wait_s = max(named, SHORTEST_REST_S) if named is not None else min(2.0**state.failures, 300.0)
            reason: dict[str, object] = {"wait_code": None, "wait_params": {}}
            if named is not None:
                reason = {"wait_code": error.code, "wait_params": keep_params(error.params)}
            until = hub.now() + timedelta(seconds=wait_s)
            update = {"failures": state.failures + 1, "not_before": until, **reason}
        tx.save(state.model_copy(update=update))
