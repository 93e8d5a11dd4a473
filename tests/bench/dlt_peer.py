"""dlt merging the same pages into the same kind of database: a program of its own, because dlt brings its own library
versions (``tests/locks/bench.lock``). ``python -m tests.bench.dlt_peer URL KIND COUNT SIZE`` prints the cost as JSON.

dlt is run once on a few rows before, so that what it imports and infers at first is not counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.measure import Cost, read_server_cpu_s
from tests.bench.source import ITEMS, KINDS, Pages, make_pages

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".cache" / "bench"


def run_dlt(url: str, kind: str, count: int, size: int, server_pid: int | None) -> tuple[Cost, dict[str, int]]:
    """Cost of the merge, and table → rows in it afterwards."""
    command = [sys.executable, "-m", "tests.bench.dlt_peer", url, kind, str(count), str(size), str(server_pid or 0)]
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache") as folder:
        env = {
            **os.environ, "PYTHONPATH": f"{PEERS}{os.pathsep}{ROOT}", "RUNTIME__DLTHUB_TELEMETRY": "false",
            "DLT_DATA_DIR": folder, "DLT_PROJECT_DIR": folder, "RUNTIME__LOG_LEVEL": "ERROR",
        }  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"dlt failed:\n{done.stderr[-3000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Cost(told["wall_s"], told["cpu_s"]), told["rows"]


def merge(url: str, name: str, stream: str, pages: Pages) -> None:
    import dlt  # type: ignore[import-not-found]  # a peer, installed by `make bench` alone

    pipeline = dlt.pipeline(name, destination=dlt.destinations.sqlalchemy(url), dataset_name=name)
    source = dlt.resource(iter(pages), name=stream, write_disposition="merge", primary_key="id")
    pipeline.run(source).raise_on_failed_jobs()


def count_rows(url: str, name: str, stream: str) -> dict[str, int]:
    from sqlalchemy import create_engine, inspect, text

    engine = create_engine(url if not url.startswith("sqlite") else url.replace(".sqlite", f"__{name}.sqlite"))
    with engine.connect() as connection:
        schema = None if url.startswith("sqlite") else name
        tables = [table for table in inspect(connection).get_table_names(schema) if table.startswith(stream)]
        prefix = f'"{schema}".' if schema else ""
        return {
            table: int(connection.execute(text(f'SELECT count(*) FROM {prefix}"{table}"')).scalar_one())
            for table in tables
        }


def _read_cpu_s() -> float:
    """dlt has children work for it."""
    return sum(os.times()[:4])


def main(url: str, kind: str, count: int, size: int, server_pid: int | None) -> dict[str, Any]:
    rows = ITEMS if kind == "product" else count
    pages, few = make_pages(kind, rows, size, partners=count), make_pages(kind, 20, size, partners=20)
    merge(url, "warm", KINDS[kind], few)
    cpu, server, wall = _read_cpu_s(), read_server_cpu_s(server_pid), time.perf_counter()
    merge(url, "peer", KINDS[kind], pages)
    wall_s = time.perf_counter() - wall
    cpu_s = _read_cpu_s() - cpu + read_server_cpu_s(server_pid) - server
    return {"wall_s": wall_s, "cpu_s": cpu_s, "rows": count_rows(url, "peer", KINDS[kind])}


if __name__ == "__main__":
    address, chosen, number, page, pid = sys.argv[1:]
    told = main(address, chosen, int(number), int(page), int(pid) or None)
    sys.stdout.write(json.dumps(told) + "\n")
