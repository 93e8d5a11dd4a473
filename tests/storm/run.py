"""Running one schedule, or many over the cores."""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from tests.storm.calm import Violation, calm_down, check_quiet
from tests.storm.checks import check_effects, check_end, check_everything
from tests.storm.coverage import Cell
from tests.storm.mutants import MUTANTS
from tests.storm.schedule import Distort, Storm
from tests.storm.setting import Setting, draw_setting

EVERYTHING_EVERY = 50


@dataclass(frozen=True)
class Case:
    """One schedule by name; ``more`` goes to the setting. ``mutant``: what is broken in it."""

    seed: int
    tier: str
    confirm: str
    amend: str | None = None
    more: tuple[tuple[str, Any], ...] = ()
    mutant: str | None = None

    def make_setting(self) -> Setting:
        if self.mutant is not None:
            return replace(MUTANTS[self.mutant].make_setting(self.seed, self.tier, self.confirm), **dict(self.more))
        return draw_setting(self.seed, self.tier, self.confirm, amend=self.amend, **dict(self.more))


@dataclass
class Outcome:
    """What became of a schedule; ``violation`` None when every promise held. ``defect``: the hub, or the storm, raised
    something of its own."""

    setting: Setting
    violation: str | None = None
    defect: bool = False
    figures: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    cells: set[Cell] = field(default_factory=set)

    @property
    def crossings(self) -> int:
        """Checkpoints that workers crossed, in the storm and in the calm after it."""
        return sum(count for name, count in self.figures.items() if name == "calm" or name.startswith("cross "))

    def show(self) -> str:
        """For a person who wants to understand a failure."""
        return "\n".join([f"{self.setting.title}: {self.violation or 'all promises held'}", *self.story])


def run_setting(
    setting: Setting,
    *,
    distort: Distort | None = None,
    rig: Callable[[Storm], None] | None = None,
    steps: Sequence[int] | None = None,
) -> Outcome:
    """Blow, calm down, check. ``steps``: of the blow only these; ``rig``: what is done to the storm first."""
    storm = Storm(setting, distort=distort)
    outcome = Outcome(setting, figures=storm.figures, story=storm.story, cells=storm.cells)
    try:
        if rig is not None:
            rig(storm)
        storm.accept()
        storm.watch = _Watch().look
        storm.blow(steps)
        calm_down(storm)
        outcome.figures.update(check_end(storm))
        check_quiet(storm)
        check_end(storm)
    except Violation as violation:
        outcome.violation = str(violation)
    except Exception:  # a defect of the hub (or of the storm) is a finding like any other
        outcome.violation, outcome.defect = traceback.format_exc(), True
    finally:
        storm.close()
    count_faults(storm, outcome.figures)
    return outcome


class _Watch:
    """Looks at what was touched after every step, at everything now and then."""

    def __init__(self) -> None:
        self._steps = 0
        self._length = -1

    def look(self, storm: Storm) -> None:
        self._steps += 1
        if self._steps % EVERYTHING_EVERY == 0:
            check_everything(storm)
        elif len(storm.world.erp.log) != self._length:
            check_effects(storm)
        self._length = len(storm.world.erp.log)


def count_faults(storm: Storm, figures: Counter[str]) -> None:
    for trace in storm.world.api.requests:
        if trace.fault:
            figures[f"fault {trace.fault}"] += 1
    figures["fault poison"] += storm.door.poisoned
    figures["fault webhook_lost"] += storm.bells.lost
    figures["fault webhook_doubled"] += storm.bells.doubled
    figures["fault pause"] += figures["pauses"]
    figures["writes"] += storm.world.api.writes
    figures["schedules"] += 1


def run_case(case: Case, steps: Sequence[int] | None = None) -> Outcome:
    """``steps``: of the blow only these."""
    if case.mutant is None:
        return run_setting(case.make_setting(), steps=steps)
    breakage = MUTANTS[case.mutant].breakage
    with breakage.applied():
        return run_setting(case.make_setting(), distort=breakage.distort, rig=breakage.rig, steps=steps)


def open_pool(processes: int = 2) -> ProcessPoolExecutor:
    """Processes of their own: started afresh, so that a schedule finds the same everywhere."""
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))


def run_cases(
    cases: Iterable[Case], processes: int = 2, run: Callable[[Case], Outcome] = run_case
) -> Iterator[Outcome]:
    """Outcomes in the order of the cases."""
    if processes == 1:
        yield from map(run, cases)
        return
    with open_pool(processes) as pool:
        yield from pool.map(run, list(cases), chunksize=2)
