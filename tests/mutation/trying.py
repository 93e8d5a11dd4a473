"""One mutant after the other, given to the worker with the tests that come by it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any, Self

from tests.mutation.covering import READERS, Covering
from tests.mutation.mutants import Mutant

ROUNDS = (6, 40)
"""How many tests are run together at first, and then; reading a test file takes longer than most tests."""
START_S = 30
CALM = 3
TIMES = 6


class NotCalm(Exception):
    """Tests fail although nothing is broken."""


class Trying:
    """``cap``: seconds that the tests of a mutant may take together when nothing is broken."""

    def __init__(self, tree: Path, room: str, covering: Covering, cap: float) -> None:
        self._tree, self._covering, self._cap = tree, covering, cap
        command = [sys.executable, "-m", "tests.mutation.worker", room]
        self._worker = subprocess.Popen(
            command, cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def try_mutant(self, mutant: Mutant, *, broken: bool = True) -> dict[str, Any]:
        """What the worker says, and how many tests there were; ``unseen`` where there is none. A source that is not
        ``broken`` must survive the first of them: else what is noticed is something else."""
        come_by, seconds = self._choose(mutant)
        tests = [*come_by, *READERS] if broken else come_by[: sum(ROUNDS)]
        source = mutant.write() if broken else mutant.module.code
        bounds = (0, ROUNDS[0], sum(ROUNDS), len(tests))
        rounds = [tests[first:last] for first, last in pairwise(bounds) if tests[first:last]]
        cpu_s = int(START_S + TIMES * seconds)
        job = {"path": mutant.file, "source": source, "rounds": rounds, "cpu_s": cpu_s}
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        self._worker.stdin.write(json.dumps(job) + "\n")
        answer: dict[str, Any] = json.loads(self._worker.stdout.readline())
        unseen = {} if come_by or answer["outcome"] == "killed" else {"outcome": "unseen"}
        return {**answer, **unseen, "tests": len(come_by)}

    def check_calm(self, mutants: Sequence[Mutant]) -> None:
        """Some of them, unbroken, are not noticed."""
        for mutant in mutants[:CALM]:
            found = self.try_mutant(mutant, broken=False)
            if found["outcome"] == "killed":
                raise NotCalm(f"{mutant.file} is not broken, and yet: {found['by']}")

    def _choose(self, mutant: Mutant) -> tuple[list[str], float]:
        spent = 0.0

        def fits(item: tuple[str, float]) -> bool:
            nonlocal spent
            spent += item[1]
            return spent <= self._cap

        found = list(takewhile(fits, self._covering.find(mutant.file, mutant.first, mutant.last)))
        return [test for test, _ in found], sum(took for _, took in found)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._worker.stdin is not None
        self._worker.stdin.close()
        self._worker.wait(60)
