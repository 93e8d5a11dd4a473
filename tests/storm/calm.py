"""The time after the faults: people have gone home, and the hub may go on until it is quiet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hub.errors import OutcomeUnknown, Transient
from hub.protocol.binding import Binding, BindingState
from hub.store.event_rows import Event
from hub.store.rows import Cursor
from hub.sync.run import run_sync
from hub.sync.sweep import sweep_connection
from tests.storm.bells import answer_rings, take_waiting

if TYPE_CHECKING:
    from tests.storm.schedule import Storm

CALM_ROUNDS = 60
ANSWERS = (Transient, OutcomeUnknown)
"""What a worker may end with while things go wrong: an answer about the other system, not a defect."""
ENDED = (BindingState.TOMB, BindingState.FOREIGN)


class Violation(Exception):
    """The hub broke a promise."""


def calm_down(storm: Storm) -> None:
    """Let everything that is under way end, then run and sweep until neither finds anything to do."""
    storm.stop_faults()
    for _ in range(CALM_ROUNDS):
        if run_round(storm) and (not storm.setting.sweeps or sweep_all(storm)) and run_round(storm):
            return
    with storm.hub.store.read() as tx:
        rows = [show_row(row) for row in tx.find(Binding, parked=None) if has_work(row)]
    raise Violation(f"not quiet after {CALM_ROUNDS} rounds: {rows[:3]}")


def run_round(storm: Storm) -> bool:
    """One pull and push of everything; whether nothing was written, and nothing is on its way."""
    storm.world.clock.pass_time(42)
    storm.world.erp.tick()

    def work() -> Any:
        if storm.setting.bells:
            storm.bells.listen()
            answer_rings(storm.hub, storm.bells.take_due())
            take_waiting(storm.hub)
        return run_sync(storm.hub, "erp", None, "schedule", scheduled=True)

    return _look_for_changes(storm, work)


def sweep_all(storm: Storm) -> bool:
    """Look at everything again, and after a sweep that was cut off once more; whether that found nothing to do,
    and nothing of which it is not sure yet."""
    with storm.hub.store.read() as tx:
        cut_off = tx.count(Cursor, stream__prefix="sweep:", under_way=True)
    still = _look_for_changes(storm, lambda: sweep_connection(storm.hub, "erp", actor="sweep"))
    with storm.hub.store.read() as tx:
        doubted = tx.find(Binding, missing_since__null=False, parked=None)
    return still and not cut_off and all(row.state in ENDED for row in doubted)


def _look_for_changes(storm: Storm, work: Callable[[], Any]) -> bool:
    world = storm.world
    writes, length = world.api.writes, len(world.erp.log)
    try:
        report = work()
    except ANSWERS as error:
        storm.tell("calm", str(error))
        return False
    storm.tell("calm", f"{report.counts if hasattr(report, 'counts') else report.run.counts}")
    storm.tell_writes(length)
    if getattr(report, "errors", None):
        raise Violation(f"a run failed in calm weather: {report.errors[0]}")
    still = world.api.writes == writes and len(world.erp.log) == length
    with storm.hub.store.read() as tx:
        busy = any(has_work(row) for row in tx.find(Binding, parked=None))
        unread = tx.count(Event, state="new")
    return still and not busy and not unread and not world.erp.late_writes


def check_quiet(storm: Storm) -> None:
    """S3: not one further write, however often everything is looked at again."""
    before = storm.world.api.writes
    for passed_s in (60, 700):
        storm.world.clock.pass_time(passed_s)
        run_round(storm)
    if storm.world.api.writes != before:
        raise Violation(f"{storm.world.api.writes - before} writes after everything had calmed down")


def has_work(row: Binding) -> bool:
    """Whether work on this binding will be done by itself, soon. What is held back waits for people."""
    idle = row.state in (BindingState.BOUND, BindingState.WAITING) and not row.dirty
    return not row.parked and row.state not in ENDED and not idle and "*" not in row.held


def show_row(row: Any) -> str:
    facts = {name: getattr(row, name) for name in ("remote_id", "dirty", "held", "parked", "why", "not_before")}
    return f"{row.kind} {row.hub_id} {row.state.value} " + " ".join(f"{n}={v}" for n, v in facts.items() if v)
