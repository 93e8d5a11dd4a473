"""The machines of a scaled-out hub: ``python -m tests.journeys.machines`` imports the hub once and forks a real process
for each machine that is asked for on its standard input, so that a company of five starts in a moment.

A machine runs the product's own parts, without a home, on the journey's shared time; it looks for work while the gate
is open, so that a journey can say what happens between two looks.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hub.commands.app import build_app
from hub.runtime.assemble import Outfit
from hub.runtime.home import find_home
from hub.runtime.logs import set_up_logs
from hub.runtime.polling import Poller
from hub.runtime.schedule import Scheduler
from hub.runtime.up import ALL_PARTS, SCHEDULER, WEB, WORKER, Engine, build_engine, run_engine
from hub.web.app import make_app
from tests.journeys.shared_time import SharedTime

ROOT = Path(__file__).parents[2]
PARTS = (SCHEDULER, SCHEDULER, WORKER, WORKER)
"""Those that look for work; the web does not."""
EVERYTHING = "everything"
"""A machine that does it all."""
LOOK_S = 0.03
PR_SET_PDEATHSIG = 1


class GatedScheduler(Scheduler):
    """Ticks while the gate is open."""

    time: SharedTime
    index: int

    def tick(self) -> bool:
        return self.time.may_look(self.index) and super().tick()


class GatedPoller(Poller):
    """Looks while the gate is open."""

    time: SharedTime
    index: int

    def look(self) -> int:
        self._tell_busy()
        started = super().look() if self.time.may_look(self.index) else 0
        self._tell_busy()
        return started

    def _tell_busy(self) -> None:
        self.time.tell_busy(self.index, sum(not job.done() for job in self.jobs))


def gate(engine: Engine, shared: SharedTime, index: int, look_s: float = LOOK_S) -> Engine:
    """The engine, looking only while the gate is open, and often. Sweeps are for tests of their own."""
    pool, actors = engine.pool, engine.actors
    if engine.scheduler is not None:
        scheduler = GatedScheduler(pool, actors, tick_s=look_s, sweep_step_s=None)
        scheduler.time, scheduler.index = shared, index
        engine.scheduler = scheduler
    if engine.poller is not None and actors.line is not None:
        poller = GatedPoller(pool, actors, workers=2, hears=actors.line.is_up, look_s=look_s)
        poller.time, poller.index = shared, index
        engine.poller = poller
    return engine


def run_machine(order: Mapping[str, Any]) -> None:
    """Be one machine until a signal asks to stop."""
    set_up_logs()
    shared = SharedTime(Path(order["time"]))
    outfit = Outfit(clock=shared, random=random.Random())
    parts = ALL_PARTS if order["part"] == EVERYTHING else frozenset({order["part"]})
    engine = build_engine(find_home(None, order["environ"]), workers=2, outfit=outfit, parts=parts)
    if engine.worker is not None:
        engine.worker.worker_timeout = 60
    listener = socket.create_server(("127.0.0.1", order.get("port", 0))) if WEB in parts else None
    gated = gate(engine, shared, order["index"], order.get("look_s", LOOK_S))
    run_engine(gated, make_app, listener=listener, ready=lambda _: None)


def fork_machine(order: Mapping[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # tests that are cut off leave no machine behind
    try:
        with Path(order["log"]).open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        run_machine(order)
        status = 0
    except BaseException:  # a forked child must never go on as its parent
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    build_app()  # imports what the first machine would import
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        print(fork_machine(json.loads(line)), flush=True)


class MachineRoom:
    """Where machines are started, from the tests' side."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.journeys.machines"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def start(self, order: Mapping[str, Any]) -> int:
        """The process id of a new machine."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


class Machines:
    """A web, two schedulers and two workers on one database and one Redis."""

    def __init__(self, room: MachineRoom, folder: Path, environ: Mapping[str, str], shared: SharedTime) -> None:
        self.time = shared
        self.folder = folder
        self.pids: list[int] = []
        nowhere = {**environ, "ISTHMUS_HOME": str(folder / "no-home")}
        for index, part in enumerate((*PARTS, WEB)):
            self.pids.append(
                room.start({
                    "part": part, "index": index, "environ": nowhere,
                    "time": str(folder / "time"), "log": str(folder / f"{part}-{index}.log"),
                })
            )  # fmt: skip

    def pause(self) -> None:
        self.time.close_gate(len(PARTS))

    def stop(self) -> None:
        for pid in self.pids:
            signal_process(pid, signal.SIGTERM)
        end = time.monotonic() + 20
        while any(signal_process(pid, 0) for pid in self.pids) and time.monotonic() < end:
            time.sleep(0.01)
        for pid in self.pids:
            signal_process(pid, signal.SIGKILL)

    def read_logs(self) -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted(self.folder.glob("*.log")))


def signal_process(pid: int, number: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
