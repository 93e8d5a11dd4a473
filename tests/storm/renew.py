"""``python -m tests.storm.renew [MUTANT ...]``: for each mutant the first schedule that notices it, made smaller and
kept in ``tests/storm/traces/mutants.jsonl``. Called when the schedules have changed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.storm.mutants import MUTANTS, Mutant
from tests.storm.run import Case, open_pool, run_case
from tests.storm.traces import FOLDER, Trace, minimise, read_kills

MUTANTS_FILE = FOLDER / "mutants.jsonl"
MOST_TRIES = 8
JOBS = 2


def main(names: Sequence[str]) -> int:
    """0: every mutant was noticed, 1: one was not within its bound, 2: there is no such mutant."""
    if set(names) - set(MUTANTS):
        print(f"no such mutant: {', '.join(sorted(set(names) - set(MUTANTS)))}", file=sys.stderr)
        return 2
    wanted = [MUTANTS[name] for name in names] or [mutant for mutant in MUTANTS.values() if not mutant.directed]
    kept = read_kills()
    unnoticed = 0
    with open_pool(JOBS) as pool:
        for mutant, trace in zip(wanted, pool.map(find_kill, [mutant.name for mutant in wanted]), strict=True):
            print(mutant.name, "not noticed" if trace is None else f"{trace.case.seed}: {trace.what}", flush=True)
            unnoticed += trace is None
            if trace is not None:
                kept[mutant.name] = trace
                write_traces(MUTANTS_FILE, [kept[name] for name in sorted(kept)])
    return 1 if unnoticed else 0


def write_traces(file: Path, traces: Sequence[Trace]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text("".join(trace.write() + "\n" for trace in traces), encoding="utf-8")


def find_kill(name: str) -> Trace | None:
    """The first schedule within the mutant's bound in which its promise breaks, and breaks only because of it."""
    mutant = MUTANTS[name]
    for seed in range(mutant.seeds):
        trace = try_seed(mutant, seed)
        if trace is not None:
            return trace
    return None


def try_seed(mutant: Mutant, seed: int) -> Trace | None:
    case = Case(seed, mutant.tier, mutant.confirm, mutant=mutant.name)
    outcome = run_case(case)
    if outcome.violation is None or outcome.defect:
        return None
    steps = minimise(range(outcome.setting.steps), lambda some: breaks(case, some), most_tries=MOST_TRIES)
    trace = Trace(case, steps)
    if trace.run_shipped().violation is not None:
        return None
    return replace(trace, what=run_case(case, steps).violation or "")


def breaks(case: Case, steps: Sequence[int]) -> bool:
    outcome = run_case(case, steps)
    return outcome.violation is not None and not outcome.defect


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
