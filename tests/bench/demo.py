"""The demo as a newcomer waits for it: ``isthmus demo`` with its simulators, workers and kills, from the first line to
the last."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.measure import Verdict, working_folder

MOST_S = 60.0
PROGRAM = str(Path(sys.executable).parent / "isthmus")


def bench_demo(rounds: int) -> tuple[dict[str, Any], list[Verdict]]:
    """The slowest of some rounds; processor seconds are those of all its processes."""
    figures = [_play(seed) for seed in range(1, rounds + 1)]
    slowest = max(figures, key=lambda told: float(told["wall_s"]))
    verdict = Verdict("demo: seconds", slowest["wall_s"], MOST_S, at_most=True)
    return {**slowest, "rounds": rounds}, [verdict]


def _play(seed: int) -> dict[str, Any]:
    with working_folder() as folder:
        command = [PROGRAM, "demo", "--folder", str(folder / "demo"), "--seed", str(seed), "--json"]
        cpu, wall = _read_cpu_s(), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        wall, cpu = time.perf_counter() - wall, _read_cpu_s() - cpu
    item = json.loads(done.stdout)["item"]
    return {
        "wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "written": item["plan"]["planned"],
        "written_twice": item["run"]["written_twice"], "killed": item["run"]["killed"],
    }  # fmt: skip


def _read_cpu_s() -> float:
    """Of the processes that ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
