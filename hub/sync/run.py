"""Run: pull, then push, over the syncs of one connection; with ``accept`` exactly what a plan said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, IsthmusError, NotFound, RuleBroken, Transient
from hub.locale import keep_params
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Direction
from hub.store import UnitOfWork
from hub.store.guard_rows import MassStop
from hub.store.rows import Attempt, ConnectionState, Plan, Run, SyncState
from hub.sync.accept import AcceptedGuard, PlanGuard, check_accepted, current_settings
from hub.sync.context import Hub
from hub.sync.evidence import check_probed
from hub.sync.guards import pass_outbound
from hub.sync.lookahead import Consent
from hub.sync.pause import RESTED, check_paused
from hub.sync.plan import PlanView, choose_kinds, load_plan
from hub.sync.pull import Progress, pull_stream
from hub.sync.push import list_due, note_trouble, push_bindings
from hub.sync.stops import AGAIN, GONE, IN, OUT, allow_stop, make_error
from hub.sync.work import Guard

Check = Callable[[UnitOfWork, Hub, str, str], str | None]
"""What forbids pushing a kind, as a code."""
Begin = Callable[[UnitOfWork], list[str]]
"""The kinds that a run does, decided in the transaction that makes it; what it raises keeps the run from beginning."""
LEASE_S = 120.0
_CHUNK = 20
_WAIT_S = LEASE_S + 5.0


@dataclass
class RunReport:
    """The finished run, errors that cut it short, and kinds that were not pushed with the reason."""

    run: Run
    errors: list[IsthmusError] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def run_sync(
    hub: Hub,
    connection: str,
    kinds: Sequence[str] | None,
    actor: str,
    *,
    accept: str | None = None,
    scheduled: bool = False,
    progress: Progress | None = None,
    begin: Begin | None = None,
) -> RunReport:
    """One run. Raises when it cannot begin: unknown names, a pause, a plan that no longer holds, another run under way.
    What goes wrong with the other system later stands in the report. ``begin`` says which of the kinds are run, in the
    transaction that makes the run."""
    check_paused(hub, connection)
    view = _check_plan(hub, connection, kinds, accept) if accept else None
    chosen = choose_kinds(hub, connection, view.plan.kinds if view and not kinds else kinds)
    plan_id = view.plan.id if view else None
    draft = Run(
        id=hub.new_id(), number=0, connection=connection, kinds=chosen, actor=actor, plan_id=plan_id,
        started_at=hub.now(),
    )  # fmt: skip
    try:
        run = _begin_run(hub, draft, wait=not scheduled, progress=progress, begin=begin)
        return _carry_out(hub, run, view, scheduled=scheduled, progress=progress)
    except (KeyboardInterrupt, SystemExit):  # may come between any two steps, also just before or after the run itself
        _stop_run(hub, draft.id)
        raise


def _carry_out(hub: Hub, run: Run, view: PlanView | None, *, scheduled: bool, progress: Progress | None) -> RunReport:
    connection, chosen, actor = run.connection, run.kinds, run.actor
    under_way = _UnderWay(hub, run, progress)
    report = RunReport(run)
    try:
        under_way.pull(chosen, actor, masses=view.plan.masses if view else None, patient=scheduled)
        guard = _accept(hub, view, chosen, actor) if view else AcceptedGuard(hub)
        report.refused = list_refused(hub, connection, chosen, check_probed if view else check_accepted)
        under_way.push([kind for kind in chosen if kind not in report.refused], guard, actor)
        if view and not under_way.errors:
            pass_outbound(hub, connection, [mass["kind"] for mass in view.plan.masses if mass["way"] == OUT], actor)
    except IsthmusError as error:
        report.errors.append(error)
        if not isinstance(error, RuleBroken | ConfigInvalid):
            note_trouble(hub, connection, error)
    except BaseException:  # whatever ends the process must not leave the run "running"; it is raised again
        _end_run(hub, under_way, [], "stopped")
        raise
    report.errors += [*under_way.errors, *map(make_error, under_way.stops.values())]
    failed = bool(report.errors) or (bool(report.refused) and not scheduled)
    report.run = _end_run(hub, under_way, report.errors, "failed" if failed else "done")
    return report


def _check_plan(hub: Hub, connection: str, kinds: Sequence[str] | None, label: str) -> PlanView:
    view = load_plan(hub, label)
    if view.plan.connection != connection:
        raise ConfigInvalid("sync.plan_of_other", label=label, connection=view.plan.connection)
    if view.plan.used_at is not None:
        raise ConfigInvalid("sync.plan_used", label=label, connection=connection)
    for kind in kinds or ():
        if kind not in view.plan.kinds:
            raise ConfigInvalid("sync.plan_without_kind", label=label, kind=kind)
    for kind, accepted in view.plan.settings.items():
        if kind not in hub.settings_of(connection).syncs or current_settings(hub, connection, kind) != accepted:
            raise ConfigInvalid("sync.plan_settings_changed", label=label, kind=kind, connection=connection)
    return view


def _begin_run(hub: Hub, draft: Run, *, wait: bool, progress: Progress | None, begin: Begin | None) -> Run:
    """One run of a connection at a time. A person's run waits for another one to end, or for the lease of one whose
    process died."""
    connection, waited_s = draft.connection, 0.0
    while True:
        now = hub.now()
        until = now + timedelta(seconds=LEASE_S)
        with hub.store.write() as tx:
            if tx.acquire_lease(f"run:{connection}", str(draft.id), until) is not None:
                kinds = begin(tx) if begin else draft.kinds
                number = int(tx.next_number("run", "", 1))  # runs of several connections may begin at the same moment
                update = {"number": number, "kinds": kinds, "started_at": now, "lease_until": until}
                return tx.insert(draft.model_copy(update=update))
        if not wait or waited_s >= _WAIT_S:
            raise Transient("sync.run_under_way", connection=connection)
        if progress:
            progress("wait", int(waited_s), int(_WAIT_S))
        hub.clock.sleep(1.0)
        waited_s += 1.0


def _accept(hub: Hub, view: PlanView, kinds: Sequence[str], actor: str) -> Guard:
    """The plan becomes accepted: from now on the syncs that are run by it may be pushed as they are configured now."""
    now = hub.now()
    with hub.store.write() as tx:
        plan = tx.get(Plan, id=view.plan.id, lock=True)
        if plan is None or plan.used_at is not None:
            raise ConfigInvalid("sync.plan_used", label=view.plan.label, connection=view.plan.connection)
        tx.save(plan.model_copy(update={"accepted_at": now, "accepted_by": actor, "used_at": now}))
        for kind, settings in plan.settings.items():
            if kind not in kinds:
                continue
            state = tx.get(SyncState, connection=plan.connection, kind=kind, lock=True)
            state = state or SyncState(connection=plan.connection, kind=kind)
            tx.save(state.model_copy(update={"accepted_settings": settings}))
        tx.journal(actor, "plan.accepted", connection=plan.connection, plan=plan.label)
        for mass in plan.masses:
            if mass["way"] in (AGAIN, GONE):
                allow_stop(tx, plan.connection, mass["kind"], mass["way"], mass["counts"], actor)
            tx.journal(
                actor, "guard.accepted", connection=plan.connection, kind=mass["kind"], plan=plan.label,
                way=mass["way"], counts=mass["counts"], known=mass["known"],
            )  # fmt: skip
        for item in view.items:
            if item.binding_id is not None:
                _wake(tx, item.binding_id)
    return PlanGuard(hub, view.items)


QUIET = (BindingState.SENDING, BindingState.UNKNOWN, BindingState.REVERSING)
"""What may be under way: its quiet period is never cut short."""


def _wake(tx: UnitOfWork, binding_id: UUID) -> None:
    """What waited for a plan (or for a better time) is looked at in this run."""
    binding = tx.get(Binding, id=binding_id, lock=True)
    if binding is None:
        return
    update: dict[str, object] = {}
    if binding.state in (BindingState.WAITING, BindingState.BOUND) and binding.not_before is not None:
        update |= {"not_before": None}  # a guard may have put it off
    if "*" in binding.held:
        update |= {"held": {name: code for name, code in binding.held.items() if name != "*"}}
        if binding.state not in QUIET:
            update |= {"not_before": None}
    if binding.parked == "sync.plan_stale":
        update |= {"parked": None, "parked_params": {}, "dirty": True}
    if update:
        tx.save(binding.model_copy(update=update))


def list_refused(hub: Hub, connection: str, kinds: Sequence[str], check: Check) -> dict[str, str]:
    """Kinds that wait to be pushed and may not be, with the reason."""
    refused = {}
    for kind in kinds:
        if hub.sync_of(connection, kind).direction is Direction.IN:
            continue
        with hub.store.read() as tx:
            code = check(tx, hub, connection, kind)
            due = code is not None and tx.due_bindings(hub.now(), 1, connection=connection, kinds=[kind])
        if code is not None and due:
            refused[kind] = code
    return refused


class _UnderWay:
    """A run and its counters; renews its lease as it goes."""

    def __init__(self, hub: Hub, run: Run, progress: Progress | None) -> None:
        self.hub = hub
        self.run = run
        self.progress = progress
        self.counts: Counter[str] = Counter()
        self.errors: list[IsthmusError] = []
        self.stops: dict[tuple[str, str], MassStop] = {}

    def pull(
        self, kinds: Sequence[str], actor: str, *, masses: Sequence[Mapping[str, Any]] | None, patient: bool
    ) -> None:
        """``masses``: what an accepted plan says is too large to be taken for granted (None: no plan). Without one, a
        kind whose reading stops is left alone and the others go on."""
        for kind in kinds:
            allowed = [mass["counts"] for mass in masses or () if (mass["kind"], mass["way"]) == (kind, IN)]
            try:
                done = pull_stream(
                    self.hub, self.run.connection, kind, actor=actor, run_id=self.run.id, progress=self.progress,
                    keep_alive=self.keep_alive, consent=Consent(allowed[0] if allowed else {}, patient),
                )  # fmt: skip
            except RuleBroken as stop:
                if masses is not None:
                    raise
                self.errors.append(stop)
                continue
            self.counts.update({f"in.{kind}.{outcome}": count for outcome, count in done.counts.items() if count})
        with self.hub.store.write() as tx:
            state = tx.get(ConnectionState, connection=self.run.connection)
            if state is not None and (state.failures or state.not_before):
                tx.save(state.model_copy(update=RESTED))

    def push(self, kinds: Sequence[str], guard: Guard, actor: str) -> None:
        """Rounds over what is due, parents first, until a round finds nothing that was not looked at already."""
        looked: Counter[UUID] = Counter()
        while kinds:
            ids = self._list_round(kinds, looked)
            if not ids:
                return
            for start in range(0, len(ids), _CHUNK):
                chunk = ids[start : start + _CHUNK]
                looked.update(chunk)
                done = push_bindings(self.hub, chunk, run_id=self.run.id, guard=guard, actor=actor)
                self.counts.update({f"out.{op}": count for op, count in done.steps.items()})
                self.keep_alive()
                if self.progress:
                    self.progress("push", looked.total(), None)
                self.stops |= {(stop.kind, stop.way): stop for stop in done.stops}
                if done.errors:
                    self.errors += done.errors
                    return

    def _list_round(self, kinds: Sequence[str], looked: Counter[UUID]) -> list[UUID]:
        ids: list[UUID] = []
        for kind in kinds:
            found = list_due(self.hub, 100_000, connection=self.run.connection, kinds=[kind], accepted_only=False)
            ids += [id_ for id_ in found if looked[id_] < 3]
        return ids

    def keep_alive(self) -> None:
        until = self.hub.now() + timedelta(seconds=LEASE_S)
        with self.hub.store.write() as tx:
            if tx.acquire_lease(f"run:{self.run.connection}", str(self.run.id), until) is None:
                raise Transient("sync.run_lost", connection=self.run.connection)
            self.run = tx.save(self.run.model_copy(update={"lease_until": until}))


def _end_run(hub: Hub, under_way: _UnderWay, errors: Sequence[IsthmusError], state: str) -> Run:
    now = hub.now()
    update: dict[str, object] = {
        "state": state,
        "ended_at": now,
        "lease_until": None,
        "counts": dict(under_way.counts),
    }
    if errors:
        params = keep_params(errors[0].params)
        update |= {"error_code": errors[0].code, "error_params": params, "error_words": errors[0].vendor}
    with hub.store.write() as tx:
        tx.release_lease(f"run:{under_way.run.connection}", str(under_way.run.id))
        for kind in under_way.run.kinds:
            connection = under_way.run.connection
            held = tx.get(SyncState, lock=True, connection=connection, kind=kind)
            sync = held or SyncState(connection=connection, kind=kind)
            moved: dict[str, object] = {"last_run_at": now, **({"last_ok_at": now} if state == "done" else {})}
            tx.save(sync.model_copy(update=moved))
        return tx.save(under_way.run.model_copy(update=update))


def _stop_run(hub: Hub, run_id: UUID) -> None:
    """The same for a run of which nothing is known but its id; nothing happens when it never began, or has ended."""
    with hub.store.write() as tx:
        run = tx.get(Run, id=run_id, lock=True)
        if run is not None and run.state == "running":
            tx.release_lease(f"run:{run.connection}", str(run_id))
            tx.save(run.model_copy(update={"state": "stopped", "ended_at": hub.now(), "lease_until": None}))


def list_runs(hub: Hub, limit: int = 20) -> list[Run]:
    """The newest runs."""
    with hub.store.read() as tx:
        return list(tx.find(Run, order=["-number"], limit=limit))


def load_run(hub: Hub, number: int) -> tuple[Run, list[Attempt]]:
    """A run and every call that it made to write; what was put back before it left is none."""
    with hub.store.read() as tx:
        found = tx.find(Run, number=number, limit=1)
        if not found:
            raise NotFound("sync.run_unknown", number=number)
        return found[0], list(tx.find(Attempt, run_id=found[0].id, outcome__ne="unsent", order=["id"]))
