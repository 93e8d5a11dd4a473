"""Systems beside the hub, and the hub itself, as processes of their own; started by public commands."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from hub.errors import ConfigInvalid

START_S = 60.0
STOP_S = 20.0


@dataclass(frozen=True)
class RunningSystem:
    """Where it listens, and what an administrator would type into the connection."""

    url: str
    credentials: Mapping[str, str]


@contextmanager
def start_simulator(
    folder: Path, name: str, seed: int, options: Mapping[str, str], faults: Sequence[str] = ()
) -> Iterator[RunningSystem]:
    """``isthmus simulate NAME`` on a free port, with its log in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["--home", str(folder), "simulate", name, "--seed", str(seed)]
    words += [word for key, value in options.items() for word in ("--option", f"{key}={value}")]
    words += [word for fault in faults for word in ("--faults", fault)]
    with _start(words, folder / f"{name}.log") as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        line = process.stdout.readline()
        if not line:
            raise ConfigInvalid("demo.system_failed", name=name, file=str(folder / f"{name}.log"))
        told = json.loads(line)
        yield RunningSystem(told["url"], told["credentials"])


@contextmanager
def start_up(home: Path, port: int, log: Path) -> Iterator[None]:
    """``isthmus up`` on that port."""
    with _start(["--home", str(home), "up", "--port", str(port)], log) as process:
        end = time.monotonic() + START_S
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
                break
            except httpx.TransportError as error:
                if process.poll() is not None or time.monotonic() > end:
                    raise ConfigInvalid("demo.system_failed", name="isthmus up", file=str(log)) from error
                time.sleep(0.1)
        yield


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def _start(words: Sequence[str], log: Path) -> Iterator[subprocess.Popen[str]]:
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli", *words], stdout=subprocess.PIPE, stderr=errors, text=True
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            finally:
                process.kill()
                process.wait()
