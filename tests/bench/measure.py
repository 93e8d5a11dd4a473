"""What a piece of work costs: seconds on the clock, and seconds of processor time, those of the database server too."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True)
class Cost:
    wall_s: float
    cpu_s: float

    def per(self, count: int) -> dict[str, float]:
        """Microseconds for each of ``count`` records."""
        return {"wall_us": round(self.wall_s / count * 1e6, 1), "cpu_us": round(self.cpu_s / count * 1e6, 1)}


@dataclass(frozen=True)
class Verdict:
    """A figure against what it must be: at least (``at_most``: at most) that."""

    name: str
    value: float
    must: float
    hope: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.value <= self.must if self.at_most else self.value >= self.must

    def show(self) -> dict[str, Any]:
        sign = "<=" if self.at_most else ">="
        return {
            "name": self.name,
            "value": self.value,
            "must": f"{sign} {self.must:g}",
            "hope": self.hope,
            "met": self.met,
        }


def measure(work: Callable[[], object], server_pid: int | None = None) -> Cost:
    """Run it once. The collector starts from an empty table, so that no side pays for what another left behind."""
    gc.collect()
    cpu, server, wall = time.process_time(), read_server_cpu_s(server_pid), time.perf_counter()
    work()
    wall = time.perf_counter() - wall
    return Cost(wall, time.process_time() - cpu + read_server_cpu_s(server_pid) - server)


def pick_best(costs: Sequence[Cost]) -> Cost:
    """The least of each: what the machine can do when nobody disturbs it."""
    return Cost(min(cost.wall_s for cost in costs), min(cost.cpu_s for cost in costs))


def read_server_cpu_s(pid: int | None) -> float:
    """Processor seconds of a server, of its children that live, and of those that ended; 0 where there is no /proc."""
    if pid is None or not Path("/proc/self/stat").exists():
        return 0.0
    own = _read_stat(pid)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (sum(own) + sum(sum(_read_stat(int(child))[:2]) for child in children)) / _TICKS_PER_S


def _read_stat(pid: int) -> tuple[int, int, int, int]:
    """User and system time, then those of the children that were waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # it has ended meanwhile
        return (0, 0, 0, 0)
    return (int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14]))


def read_rss_mb(pid: int) -> float:
    """Resident memory of a process; 0 when it has ended."""
    return _read_memory_mb(pid, "VmRSS")


def read_peak_mb(pid: int) -> float:
    """The most that it ever held; 0 when it has ended."""
    return _read_memory_mb(pid, "VmHWM")


def _read_memory_mb(pid: int, name: str) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    line = next((line for line in text.splitlines() if line.startswith(f"{name}:")), f"{name}: 0 kB")
    return int(line.split()[1]) / 1024


def describe_machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = next(
        (line.partition(":")[2].strip() for line in _read_cpu_lines() if line.startswith("model name")),
        platform.machine(),
    )
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.platform(terse=True),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _read_cpu_lines() -> Iterator[str]:
    path = Path("/proc/cpuinfo")
    yield from path.read_text().splitlines() if path.exists() else ()


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder on the disk of the project (not in memory, as /tmp may be), removed afterwards."""
    import shutil
    import tempfile

    base = Path(__file__).parents[2] / ".cache" / "bench-run"
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=base))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
