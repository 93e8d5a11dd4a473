"""Machines of a scaled-out hub: real processes that have two addresses and the master key, and no home."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.runtime.assemble import open_store
from hub.runtime.home import Home
from hub.store import Store

PROGRAM = str(Path(sys.executable).parent / "isthmus")
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="  # pragma: allowlist secret


@dataclass
class Machine:
    """One process. ``log`` is what it wrote."""

    name: str
    process: subprocess.Popen[bytes]
    file: Path

    @property
    def log(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout_s: float = 60) -> int:
        """Ask it to end; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout_s)


@dataclass
class Rack:
    """Starts machines in a folder, all with the same environment."""

    folder: Path
    environ: Mapping[str, str]
    machines: list[Machine] = field(default_factory=list)

    def start(self, name: str, *words: str) -> Machine:
        file = self.folder / f"{name}.log"
        nowhere = {"PATH": os.environ["PATH"], "LANG": "C", "ISTHMUS_HOME": str(self.folder / "nothing-here")}
        with file.open("wb") as log:
            process = subprocess.Popen(
                [PROGRAM, *words], env={**nowhere, **self.environ}, stdout=subprocess.DEVNULL, stderr=log
            )
        self.machines.append(Machine(name, process, file))
        return self.machines[-1]

    def close(self) -> None:
        for machine in self.machines:
            machine.kill()


@contextmanager
def racked(folder: Path, environ: Mapping[str, str]) -> Iterator[Rack]:
    rack = Rack(folder, environ)
    try:
        yield rack
    finally:
        rack.close()


@contextmanager
def database_of(home: Home) -> Iterator[Store]:
    store = open_store(home)
    try:
        yield store
    finally:
        store.close()


def wait_until(condition: Callable[[], object], timeout_s: float = 120) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)
