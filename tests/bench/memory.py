"""Memory of a long pull, and of ``isthmus up`` with nothing to do; time of ``isthmus --help``."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.bench import ours
from tests.bench.measure import Cost, Verdict, pick_best, read_rss_mb, working_folder
from tests.bench.source import Row, make_rows

ROOT = Path(__file__).parents[2]
LIMIT_MB = 150
PAGE_SIZE = 500
WARM = 0.2
"""Share of the pull after which its memory should not grow any more."""
GROWTH = 1.15


class LazyPages:
    """The pages of many accounts, each made when it is read."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._rows = make_rows("account", count)
        self._at = 0

    def __len__(self) -> int:
        return (self._count + PAGE_SIZE - 1) // PAGE_SIZE

    def __getitem__(self, at: int) -> list[Row]:
        if at != self._at:
            raise IndexError("pages are read in order")
        self._at += 1
        return [row for _, row in zip(range(PAGE_SIZE), self._rows, strict=False)]


def pull_many(url: str, count: int) -> None:
    """The work of the child process."""
    with ours.open_hub(url, {"account": LazyPages(count)}) as hub:  # type: ignore[dict-item]  # as good as a list
        told = ours.pull(hub, "account")
        rows = ours.count_rows(hub.store)
    sys.stdout.write(json.dumps({"told": told, "accounts": rows["crm_account"]}) + "\n")


def _did_all(told: dict[str, Any], count: int) -> bool:
    """Tax numbers are drawn: in a million, one or two come twice, and those customers are joined."""
    created, joined = told["told"].get("created", 0), told["told"].get("unchanged", 0) + told["told"].get("updated", 0)
    return created + joined == count and told["accounts"] == created and joined <= count // 100_000


def bench_memory(count: int) -> tuple[dict[str, Any], list[Verdict]]:
    """A pull in a process of its own, whose memory is looked at all the time."""
    with working_folder() as folder:
        command = [sys.executable, "-m", "tests.bench.memory", f"sqlite:///{folder}/hub.sqlite", str(count)]
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        samples = list(_watch(process))
        took_s = time.perf_counter() - started
        output = process.stdout.read() if process.stdout else ""
    if process.returncode or not _did_all(json.loads(output), count):
        raise SystemExit(f"the pull did not do its work: {output}")
    warm = samples[: max(1, int(len(samples) * WARM))]
    late = samples[int(len(samples) * 0.8) :]
    growth = round(max(late) / max(warm), 2)
    figures = {
        "records": count, "peak_mb": round(max(samples), 1), "warm_mb": round(max(warm), 1),
        "late_mb": round(max(late), 1), "growth": growth, "samples": len(samples), "took_s": round(took_s, 1),
    }  # fmt: skip
    verdicts = [Verdict("memory/peak_mb", figures["peak_mb"], LIMIT_MB, at_most=True)]
    verdicts.append(Verdict("memory/growth", growth, GROWTH, at_most=True))
    return figures, verdicts


def _watch(process: subprocess.Popen[str], every_s: float = 0.1) -> Iterator[float]:
    while process.poll() is None:
        found = read_rss_mb(process.pid)
        if found:
            yield found
        time.sleep(every_s)


# ---------------------------------------------------------------- start-up


def bench_startup(rounds: int = 15) -> tuple[dict[str, Any], list[Verdict]]:
    """``isthmus --help`` against a Python that does nothing, one after the other."""
    program = Path(sys.executable).parent / "isthmus"
    helps, nothings = [], []
    for _ in range(rounds):
        helps.append(_run([str(program), "--help"]))
        nothings.append(_run([sys.executable, "-c", "pass"]))
    ours_best, theirs = pick_best(helps), pick_best(nothings)
    figures = {
        "help_ms": round(ours_best.wall_s * 1e3, 1), "help_cpu_ms": round(ours_best.cpu_s * 1e3, 1),
        "python_ms": round(theirs.wall_s * 1e3, 1), "python_cpu_ms": round(theirs.cpu_s * 1e3, 1),
        "times": round(ours_best.wall_s / theirs.wall_s, 1), "times_cpu": round(ours_best.cpu_s / theirs.cpu_s, 1),
    }  # fmt: skip
    return figures, [Verdict("startup/times_cpu", figures["times_cpu"], 25, 12, at_most=True)]


def _run(command: list[str]) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if command[-1] == "--help" and b"sync" not in done.stdout:
        raise SystemExit("the help does not help")
    return Cost(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


# ---------------------------------------------------------------- standing by


def bench_idle(settle_s: float = 20.0) -> tuple[dict[str, Any], list[Verdict]]:
    """``isthmus up`` on SQLite, with a connection and nothing to do."""
    program = str(Path(sys.executable).parent / "isthmus")
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "ISTHMUS_HOME": f"{folder}/home"}
        subprocess.run([program, "init"], env=env, check=True, capture_output=True)
        process = subprocess.Popen(
            [program, "up", "--port", "0"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
        )
        try:
            samples = _settle(process, settle_s)
        finally:
            process.terminate()
            process.wait(20)
    figures = {"rss_mb": round(samples[-1], 1), "peak_mb": round(max(samples), 1), "after_s": settle_s}
    return figures, [Verdict("idle/peak_mb", figures["peak_mb"], LIMIT_MB, at_most=True)]


def _settle(process: subprocess.Popen[str], settle_s: float) -> list[float]:
    samples, end = [], time.monotonic() + settle_s
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit("isthmus up has ended by itself")
        samples.append(read_rss_mb(process.pid))
        time.sleep(0.25)
    return samples


if __name__ == "__main__":
    pull_many(sys.argv[1], int(sys.argv[2]))
