"""A failing schedule as the decisions that matter: its case, and which of its steps are kept. Each step has chances of
its own, so that any of them can be left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from tests.storm.run import Case, Outcome, run_case, run_setting

FOLDER = Path(__file__).parent / "traces"
"""One line each: what once broke the hub and holds now (``hub.jsonl``), and for each mutant what notices it
(``mutants.jsonl``)."""


@dataclass(frozen=True)
class Trace:
    """``what``: the promise that was broken."""

    case: Case
    steps: tuple[int, ...]
    what: str = ""

    @classmethod
    def of(cls, case: Case, outcome: Outcome) -> Self:
        return cls(case, tuple(range(outcome.setting.steps)), (outcome.violation or "").splitlines()[-1])

    def write(self) -> str:
        """One line."""
        told = {"case": asdict(self.case), "steps": write_ranges(self.steps), "what": self.what}
        return json.dumps(told, ensure_ascii=False)

    @classmethod
    def read(cls, line: str) -> Self:
        told = json.loads(line)
        more = tuple((name, value) for name, value in told["case"].pop("more"))
        return cls(Case(**told["case"], more=more), read_ranges(told["steps"]), told["what"])

    def run(self) -> Outcome:
        return run_case(self.case, self.steps)

    def run_shipped(self) -> Outcome:
        """The same schedule with nothing broken."""
        return run_setting(self.case.make_setting(), steps=self.steps)


def read_traces(folder: Path = FOLDER) -> list[Trace]:
    files = sorted(folder.glob("*.jsonl"))
    return [Trace.read(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]


def read_kills(folder: Path = FOLDER) -> dict[str, Trace]:
    """Mutant → the trace that notices it."""
    return {trace.case.mutant: trace for trace in read_traces(folder) if trace.case.mutant is not None}


def write_ranges(steps: Sequence[int]) -> str:
    """``0-7 12 15-16``."""
    told: list[list[int]] = []
    for step in steps:
        if told and told[-1][1] == step - 1:
            told[-1][1] = step
        else:
            told.append([step, step])
    return " ".join(str(first) if first == last else f"{first}-{last}" for first, last in told)


def read_ranges(text: str) -> tuple[int, ...]:
    ranges = [part.partition("-") for part in text.split()]
    return tuple(step for first, _, last in ranges for step in range(int(first), int(last or first) + 1))


def save_trace(trace: Trace, folder: Path) -> Path:
    """Keep it where it can be run again from: one file for each schedule."""
    folder.mkdir(parents=True, exist_ok=True)
    case = trace.case
    parts = (case.seed, case.tier, case.confirm, case.amend, case.mutant)
    file = folder / f"{'-'.join(str(part) for part in parts if part is not None)}.jsonl"
    file.write_text(trace.write() + "\n", encoding="utf-8")
    return file


def minimise(steps: Sequence[int], fails: Callable[[Sequence[int]], bool], *, most_tries: int = 200) -> tuple[int, ...]:
    """Fewer steps with which it still fails: parts are left out, halves first, single steps last."""
    kept, size, tries = list(steps), max(1, len(steps) // 2), 0
    while size >= 1 and tries < most_tries:
        start, shrunk = 0, False
        while start < len(kept) and tries < most_tries:
            fewer = kept[:start] + kept[start + size :]
            tries += 1
            if fails(fewer):
                kept, shrunk = fewer, True
            else:
                start += size
        size = size // 2 if not shrunk or size > 1 else size
    return tuple(kept)


def minimise_trace(trace: Trace, *, most_tries: int = 200) -> Trace:
    """The same broken promise in as few steps as can be found."""

    def fails(steps: Sequence[int]) -> bool:
        return run_case(trace.case, steps).violation is not None

    steps = minimise(trace.steps, fails, most_tries=most_tries)
    return Trace(trace.case, steps, run_case(trace.case, steps).violation or trace.what)
