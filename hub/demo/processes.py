"""Systems beside the hub, and the hub itself, as processes of their own; started by public commands, side by side."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from hub.errors import ConfigInvalid

START_S = 60.0
STOP_S = 30.0
LOOK_S = 0.04


@dataclass(frozen=True)
class RunningSystem:
    """Where it listens, and what an administrator would type into the connection."""

    url: str
    credentials: Mapping[str, str]

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2].partition("/")[0]


@dataclass
class Started:
    """A process that was started; what it says on stderr is in ``log``."""

    name: str
    process: subprocess.Popen[str]
    log: Path

    def await_system(self) -> RunningSystem:
        """The one line in which a simulator says that it is ready."""
        assert self.process.stdout is not None  # noqa: S101 - it is a pipe
        line = self.process.stdout.readline()
        if not line:
            raise self.failure()
        told = json.loads(line)
        return RunningSystem(told["url"], told["credentials"])

    def await_port(self, port: int) -> None:
        """Until it answers there."""
        end = time.monotonic() + START_S
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
                return
            except httpx.TransportError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise self.failure() from error
                time.sleep(0.05)

    def await_end(self) -> int:
        """Its exit code."""
        return self.process.wait(START_S)

    def kill_when(self, is_time: Callable[[], bool]) -> bool:
        """Kill it (SIGKILL: it cannot say goodbye) at the right moment; False when it ended by itself before that."""
        while self.process.poll() is None:
            if is_time():
                self.process.kill()
                self.process.wait()
                return True
            time.sleep(LOOK_S)
        return False

    def ask_to_end(self) -> None:
        self.process.terminate()

    def failure(self) -> ConfigInvalid:
        return ConfigInvalid("demo.system_failed", name=self.name, file=str(self.log))


@dataclass
class Beside:
    """Starts processes; whatever still runs in the end is ended."""

    started: list[Started] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in self.started:
            one.ask_to_end()
        end = time.monotonic() + STOP_S
        for one in self.started:
            try:
                one.process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()

    def start_simulator(
        self, folder: Path, name: str, seed: int, options: Mapping[str, str], faults: Sequence[str] = ()
    ) -> Started:
        """``isthmus simulate NAME`` on a free port."""
        words = ["simulate", name, "--seed", str(seed)]
        words += [word for key, value in options.items() for word in ("--option", f"{key}={value}")]
        words += [word for fault in faults for word in ("--faults", fault)]
        return self.start(folder, folder / f"{name}.log", *words)

    def start(self, home: Path, log: Path, *words: str) -> Started:
        """``isthmus --home HOME WORDS``."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8") as errors:
            command = [sys.executable, "-m", "cli", "--home", str(home), *words]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        made = Started("isthmus " + " ".join(words[:2]), process, log)
        self.started.append(made)
        return made


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
