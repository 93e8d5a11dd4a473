"""``python -m tests.storm --seeds A-B``: storms from the command line. Each seed has one schedule; without a tier (or
confirm, or amend) the seeds take every combination in turn."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.storm.coverage import REACHABLE, Cell, sum_up
from tests.storm.mutants import MUTANTS
from tests.storm.run import Case, Outcome, run_cases
from tests.storm.setting import AMENDS, CONFIRMS, TIERS, list_policies
from tests.storm.traces import Trace, minimise_trace, save_trace


def main(argv: Sequence[str] | None = None) -> int:
    """0: every promise held, 1: one was broken, 2: anything else."""
    asked = read_arguments(argv)
    cases = list_cases(asked)
    if not cases:
        print("there is no such combination of tier, confirm and amend", file=sys.stderr)
        return 2
    total = Total()
    for case, outcome in zip(cases, run_cases(cases, min(asked.jobs, len(cases))), strict=True):
        total.add(outcome)
        if outcome.violation is not None and case.mutant is None:
            keep_trace(case, outcome, smaller=asked.minimise)
        if outcome.violation is not None or (asked.v and len(cases) == 1):
            told = outcome.show() if asked.v else f"{outcome.setting.title}: {outcome.violation}"
            print(told, file=sys.stderr, flush=True)
    print(json.dumps(total.show()) if asked.json else total.tell())
    if total.defects and asked.mutant is None:
        return 2
    return 1 if total.violations else 0


def keep_trace(case: Case, outcome: Outcome, *, smaller: bool) -> None:
    """The schedule's decisions, to be looked at; in tests/storm/traces they are run by every test run."""
    trace = Trace.of(case, outcome)
    file = save_trace(minimise_trace(trace) if smaller else trace, KEPT)
    print(f"kept: {file}", file=sys.stderr)


def read_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seeds", default="0-49", help="one seed, or A-B inclusive")
    parser.add_argument("--tier", choices=TIERS)
    parser.add_argument("--confirm", choices=CONFIRMS)
    parser.add_argument("--amend", choices=AMENDS)
    parser.add_argument("--rewind", action="store_true", help="put an older database back once in each schedule")
    parser.add_argument("--money", action="store_true", help="receipts and refunds in each schedule")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="a safeguard that is replaced by a broken one")
    parser.add_argument("--jobs", "-j", type=int, default=2, help="processes")
    parser.add_argument("--json", action="store_true", help="one JSON object last")
    parser.add_argument("--minimise", action="store_true", help="keep of a failing schedule only the steps that matter")
    parser.add_argument("-v", action="store_true", help="tell the story of one schedule, and of every failure")
    return parser.parse_args(argv)


def list_cases(asked: argparse.Namespace) -> list[Case]:
    """One for each seed."""
    if asked.mutant is not None:
        return list_mutated(asked)
    policies = list_policies(asked.tier, asked.confirm, asked.amend)
    more = (("rewind", True),) * asked.rewind + (("money", True),) * asked.money
    seeds = list_seeds(asked.seeds)
    return [Case(seed, *policies[seed % len(policies)], more) for seed in seeds] if policies else []


def list_mutated(asked: argparse.Namespace) -> list[Case]:
    """In the setting where the mutant bites, unless another is named."""
    mutant = MUTANTS[asked.mutant]
    more: dict[str, Any] = {"rewind": True} if asked.rewind else {}
    if asked.amend is not None:
        more |= {"amend": asked.amend}
    tier, confirm = asked.tier or mutant.tier, asked.confirm or mutant.confirm
    return [Case(seed, tier, confirm, None, tuple(more.items()), mutant.name) for seed in list_seeds(asked.seeds)]


def list_seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class Total:
    """What many schedules came to."""

    def __init__(self) -> None:
        self.figures: Counter[str] = Counter()
        self.cells: set[Cell] = set()
        self.crossings = 0
        self.violations: list[dict[str, Any]] = []
        self.defects = 0
        self._started = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        self.figures.update(outcome.figures)
        self.cells |= outcome.cells
        self.crossings += outcome.crossings
        self.defects += outcome.defect
        if outcome.violation is not None:
            setting = outcome.setting
            told = {"seed": setting.seed, "tier": setting.tier, "confirm": setting.confirm, "amend": setting.amend}
            self.violations.append({**told, "what": outcome.violation})

    def show(self) -> dict[str, Any]:
        """The figures, as JSON has them."""
        seen, unseen = sum_up(self.cells)
        return {
            "schedules": self.figures["schedules"],
            "crossings": self.crossings,
            "crashes": self._sum("crash "),
            "faults": {name[6:]: count for name, count in sorted(self.figures.items()) if name.startswith("fault ")},
            "violations": self.violations,
            "coverage": {"reachable": len(REACHABLE), "seen": seen, "unseen": unseen},
            "decisions": {name[8:]: n for name, n in sorted(self.figures.items()) if name.startswith("decided ")},
            "ends": {name: self.figures[name] for name in ENDS},
            "seconds": round(time.monotonic() - self._started, 1),
        }

    def tell(self) -> str:
        shown = self.show()
        lines = [f"{name}: {shown[name]}" for name in ("schedules", "crossings", "crashes", "seconds")]
        groups = {group: ", ".join(f"{name} {n}" for name, n in shown[group].items()) for group in ("faults", "ends")}
        lines += [f"{group}: {told}" for group, told in groups.items()]
        coverage = shown["coverage"]
        lines.append(f"cells: {coverage['seen']} of {coverage['reachable']}; never: {', '.join(coverage['unseen'])}")
        return "\n".join([*lines, f"violations: {len(self.violations)}"])

    def _sum(self, prefix: str) -> int:
        return sum(count for name, count in self.figures.items() if name.startswith(prefix))


KEPT = Path(".cache") / "storm"
"""Where traces of failing schedules are put."""
ENDS = ("equal", "waiting", "held", "held back", "parked", "ended", "conflicts")

if __name__ == "__main__":
    sys.exit(main())
