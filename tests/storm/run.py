"""Running one schedule, or many over the cores."""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from tests.storm.checks import check_effects, check_end, check_quiet
from tests.storm.schedule import Distort, Storm, Violation
from tests.storm.setting import Setting, draw_setting

Case = tuple[int, str, str]
"""(seed, tier, confirm)"""


@dataclass
class Outcome:
    """What became of a schedule; ``violation`` None when every promise held. ``defect``: the hub, or the storm, raised
    something of its own."""

    title: str
    violation: str | None = None
    defect: bool = False
    figures: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)

    def show(self) -> str:
        """For a person who wants to understand a failure."""
        return "\n".join([f"{self.title}: {self.violation or 'all promises held'}", *self.story])


def run_setting(setting: Setting, *, distort: Distort | None = None) -> Outcome:
    """Blow, calm down, check."""
    storm = Storm(setting, distort=distort)
    outcome = Outcome(setting.title, figures=storm.figures, story=storm.story)
    try:
        storm.accept()
        storm.watch = check_effects
        storm.blow()
        storm.calm_down()
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


def count_faults(storm: Storm, figures: Counter[str]) -> None:
    for trace in storm.world.api.requests:
        if trace.fault:
            figures[f"fault {trace.fault}"] += 1
    figures["writes"] += storm.world.api.writes
    figures["schedules"] += 1


def run_case(case: Case) -> Outcome:
    return run_setting(draw_setting(*case))


def run_money_case(case: Case) -> Outcome:
    """The same with receipts and refunds."""
    return run_setting(draw_setting(*case, money=True, steps=44))


def open_pool(processes: int = 2) -> ProcessPoolExecutor:
    """Processes of their own: started afresh, so that a schedule finds the same everywhere."""
    return ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn"))


def run_cases(
    cases: Iterable[Case], processes: int = 2, run: Callable[[Case], Outcome] = run_case
) -> Iterator[Outcome]:
    """Outcomes in the order of the cases."""
    with open_pool(processes) as pool:
        yield from pool.map(run, list(cases), chunksize=4)
