"""Durable webhooks against the same server that only verifies: calls a second, the longest waits, and what a SIGKILL
leaves behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.runtime.assemble import open_store
from hub.runtime.clock import SystemClock
from hub.runtime.home import Home, make_home
from hub.runtime.publish import publish
from hub.runtime.secrets import make_key
from hub.store.event_rows import Event
from tests.bench.database import Databases, open_databases
from tests.bench.hook_load import Volley, fire, load_shots
from tests.bench.measure import Verdict, read_server_cpu_s, working_folder

ROOT = Path(__file__).parents[2]
CONNECTIONS = 64
SECRET = "whsec_YmVuY2ggc2VjcmV0IG9mIHRoZSB0ZXN0cw=="  # pragma: allowlist secret
CONFIG = """
[connections.shop]
connector = "webhook"
secret = "env:BENCH_SECRET"
accepts_per_s = 1000000

[connections.shop.events]
"order.*" = "order"

[connections.shop.syncs.order]
direction = "in"
"""
MUST = {"sqlite": (0.30, 0.5), "postgresql": (0.40, 0.7)}
MOST_WAIT_MS = 100.0
WARM_UP = 256


@dataclass(frozen=True)
class Amount:
    """``count`` calls in each of ``rounds``; ``killed``: how many before the server is killed."""

    count: int = 6000
    rounds: int = 3
    killed: int = 1500


@dataclass(frozen=True)
class Round:
    """One volley, and the processor time of server and database for each call that was kept."""

    volley: Volley
    cpu_us: float


def bench_webhooks(amount: Amount, names: Sequence[str]) -> tuple[dict[str, Any], list[Verdict]]:
    """Figures by database, and whether they are what they must be."""
    figures: dict[str, Any] = {"connections": CONNECTIONS, "calls": amount.count}
    verdicts: list[Verdict] = []
    for name in names:
        with working_folder() as folder, open_databases(name, folder) as databases:
            figures[name], found = _bench_database(name, databases, folder, amount)
            verdicts += found
    return figures, verdicts


def _bench_database(
    name: str, databases: Databases, folder: Path, amount: Amount
) -> tuple[dict[str, Any], list[Verdict]]:
    sides: dict[str, list[Round]] = {"verify": [], "durable": []}
    for place in range(amount.rounds):
        for mode, rounds in sides.items():
            home = prepare_home(folder / f"{mode}-{place}", databases.make_url())
            rounds.append(_measure(home, mode, databases, amount.count))
    best = {mode: max(rounds, key=lambda one: one.volley.per_s) for mode, rounds in sides.items()}
    ratio = best["durable"].volley.per_s / best["verify"].volley.per_s
    least_cpu = {mode: min(one.cpu_us for one in rounds) for mode, rounds in sides.items()}
    wait_ms = min(one.volley.find_wait_ms(0.99) for one in sides["durable"])
    kept, answered = kill_under_load(prepare_home(folder / "killed", databases.make_url()), amount)
    figures = {
        **{mode: _show(one) for mode, one in best.items()},
        "ratio": round(ratio, 2),
        "ratio_cpu": round(least_cpu["verify"] / least_cpu["durable"], 2),
        "p99_ms": wait_ms,
        "killed": {"answered": answered, "missing": answered - kept},
    }
    must, hope = MUST[name]
    return figures, [
        Verdict(f"webhooks.{name}.ratio", round(ratio, 2), must, hope),
        Verdict(f"webhooks.{name}.p99_ms", wait_ms, MOST_WAIT_MS, at_most=True),
        Verdict(f"webhooks.{name}.missing_after_kill", answered - kept, 0, at_most=True),
    ]


def _show(one: Round) -> dict[str, float]:
    volley = one.volley
    return {
        "per_s": round(volley.per_s),
        "cpu_us": round(one.cpu_us),
        "p50_ms": volley.find_wait_ms(0.5),
        "p99_ms": volley.find_wait_ms(0.99),
        "longest_ms": volley.find_wait_ms(1.0),
    }


def _measure(home: Home, mode: str, databases: Databases, count: int) -> Round:
    with run_server(home, mode) as (process, port):
        fire(port, load_shots(WARM_UP, SECRET, "warm"), CONNECTIONS)
        shots = load_shots(count, SECRET, "shot")
        pids = [process.pid, *([databases.server_pid] if databases.server_pid else [])]
        before = sum(map(read_server_cpu_s, pids))
        volley = fire(port, shots, CONNECTIONS)
        cpu_s = sum(map(read_server_cpu_s, pids)) - before
    if len(volley.kept) != count:
        raise RuntimeError(f"{mode}: {len(volley.kept)} of {count} calls were kept, {volley.refused} refused")
    if mode == "durable" and count_kept(home, volley.kept) != count:
        raise RuntimeError("a call was told yes and is not in the table")
    return Round(volley, cpu_s / count * 1e6)


def kill_under_load(home: Home, amount: Amount) -> tuple[int, int]:
    """(how many are in the table, how many were told 2xx) after the server was killed -9 in the middle."""
    volley = Volley()
    with run_server(home, "durable") as (process, port):
        shots = load_shots(max(amount.count, amount.killed * 4), SECRET, "killed")
        firing = threading.Thread(target=fire, args=(port, shots, CONNECTIONS, volley))
        firing.start()
        while len(volley.kept) < amount.killed and firing.is_alive():
            time.sleep(0.001)
        process.kill()
        firing.join()
    if not volley.cut:
        raise RuntimeError("the server was not killed while calls were under way")
    return count_kept(home, volley.kept), len(volley.kept)


def count_kept(home: Home, keys: Sequence[str]) -> int:
    """How many of these calls are in the table."""
    store = open_store(home)
    try:
        with store.read() as tx:
            kept = {row[0] for row in tx.pluck(Event, ("key",), connection="shop")}
    finally:
        store.close()
    return len(kept & set(keys))


def prepare_home(folder: Path, database_url: str) -> Home:
    """A home with one connection that is called."""
    folder.mkdir(parents=True)
    home = Home(folder, {"ISTHMUS_DATABASE_URL": database_url, "BENCH_SECRET": SECRET})
    make_home(home)
    make_key(home)
    home.config_file.write_text(home.config_file.read_text(encoding="utf-8") + CONFIG, encoding="utf-8")
    store = open_store(home, create=True)
    publish(home, store, SystemClock(), "bench")
    store.close()
    return home


@contextmanager
def run_server(home: Home, mode: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process of its own, and its port."""
    environ: Mapping[str, str] = {**os.environ, **home.environ}
    command = [sys.executable, "-m", "tests.bench.hook_server", str(home.folder), mode]
    with (home.folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=log, text=True)
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(30)
            process.stdout.close()
