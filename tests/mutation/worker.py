"""``python -m tests.mutation.worker ROOM``, in a copy of the project: takes broken sources, line by line, and says for
each whether a test fails. What stands below the room is loaded once; each source gets a child of its own."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import hypothesis
import pytest

MODEL = ("hub.locale", "hub.errors", "hub.model.sales", "hub.model.finance", "hub.model.party", "sqlalchemy", "orjson")
BELOW = {
    "protocol": MODEL,
    "crm": MODEL,
    "sync": (*MODEL, "hub.store", "hub.sdk", "hub.mapping", "hub.identity", "hub.crm", "hub.protocol"),
}
MEMORY = 3 * 2**30
OPTIONS = (
    *("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "timeout=0", "--hypothesis-seed=0"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # pytest's plugins are there before it starts
)
WALL_TIMES = 15
"""A child that waits, and does not work, is given so many times the processor time that it may use."""


@dataclass(frozen=True)
class Job:
    """``rounds``: tests that are run together, the next ones only when all of these pass. ``cpu_s``: what all of them
    may take."""

    path: str
    source: str
    rounds: Sequence[Sequence[str]]
    cpu_s: int


class First:
    """The first test that fails."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_configure(self) -> None:
        """A broken source needs no small example."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutation", hypothesis.settings.get_profile("isthmus"), phases=phases)
        hypothesis.settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.name:
            self.name = f"cannot be read: {report.nodeid}"


def main(room: str) -> int:
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    for name in BELOW[room]:
        import_module(name)
    for line in sys.stdin:
        print(json.dumps(try_job(Job(**json.loads(line)))), flush=True)
    return 0


def try_job(job: Job) -> dict[str, Any]:
    """``killed`` by a test, by ``time`` or by the ``end`` of the process; or it ``survived``."""
    path = Path(job.path)
    before = path.read_bytes()
    _forget_compiled(path)
    path.write_text(job.source, encoding="utf-8")
    began = time.monotonic()
    try:
        outcome, words = _run(job)
    finally:
        path.write_bytes(before)
        _forget_compiled(path)
        shutil.rmtree(".hypothesis", ignore_errors=True)
    return {"outcome": outcome, "by": words, "seconds": round(time.monotonic() - began, 2)}


def _forget_compiled(path: Path) -> None:
    """Python tells two sources apart by their second and their length only."""
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


def _run(job: Job) -> tuple[str, str]:
    told = Path("mutation.told")
    told.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        _be_the_child(job, told)
    end = time.monotonic() + job.cpu_s * WALL_TIMES
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "killed", "time"
        time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # what tests have left behind
    if os.WIFSIGNALED(status):
        by_time = os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL)
        return "killed", "time" if by_time else "end"
    if not told.exists():
        return "killed", "end"
    words = told.read_text(encoding="utf-8")
    return ("killed", words) if words else ("survived", "")


def _be_the_child(job: Job, told: Path) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (job.cpu_s, job.cpu_s + 5))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    code = 3
    try:
        told.write_text(_try_rounds(job.rounds), encoding="utf-8")
        code = 0
    finally:
        os._exit(code)


def _try_rounds(rounds: Sequence[Sequence[str]]) -> str:
    for tests in rounds:
        first = First()
        code = pytest.main([*OPTIONS, *tests], plugins=[first])
        if code == pytest.ExitCode.USAGE_ERROR and not first.name:
            return "the conftest breaks"
        if code != pytest.ExitCode.OK:
            return first.name or f"pytest ended with {code}"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
