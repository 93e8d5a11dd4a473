"""Speed and memory against yardsticks, both sides in the same minutes: ``make bench``, or
``python -m tests.bench.run NAME --json``. The exit code is 1 when a figure is not what it must be.

What each benchmark measures, and the last figures: ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.bench import database, memory, webhooks
from tests.bench.demo import bench_demo
from tests.bench.floor import bench_floor
from tests.bench.identity import bench_identity
from tests.bench.identity_lookup import bench_identity_lookup
from tests.bench.mailbox import bench_mailbox
from tests.bench.mails import bench_mails
from tests.bench.mapping import bench_mapping
from tests.bench.measure import Verdict, describe_machine
from tests.bench.outbound import bench_outbound
from tests.bench.pull import Amount, bench_pull, bench_resync
from tests.bench.workers import bench_latency, bench_workers

Result = tuple[dict[str, Any], list[Verdict]]
Bench = Callable[[argparse.Namespace], Result]
QUICK = Amount(count=400, rounds=1)

BENCHES: Mapping[str, Bench] = {
    "mapping": lambda asked: (bench_mapping(asked.calls, asked.lines), []),
    "pull": lambda asked: bench_pull(read_amount(asked), read_databases(asked)),
    "resync": lambda asked: bench_resync(read_amount(asked), read_databases(asked)),
    "floor": lambda asked: (bench_floor(read_amount(asked)), []),
    "memory": lambda asked: memory.bench_memory(asked.records or (20_000 if asked.quick else 1_000_000)),
    "webhooks": lambda asked: webhooks.bench_webhooks(read_calls(asked), read_databases(asked)),
    "outbound": lambda asked: bench_outbound(
        asked.records or (10 if asked.quick else 100), read_databases(asked), asked.rounds or (1 if asked.quick else 3)
    ),
    "workers": lambda asked: bench_workers(
        asked.records or (10 if asked.quick else 60), asked.rounds or (1 if asked.quick else 2)
    ),
    "mail": lambda asked: bench_mails(asked.records or (300 if asked.quick else 10_000), asked.rounds or 3),
    "mailbox": lambda asked: bench_mailbox(asked.records or (1_000 if asked.quick else 100_000)),
    "latency": lambda asked: bench_latency(asked.records or (5 if asked.quick else 100)),
    "identity_lookup": lambda asked: bench_identity_lookup(
        asked.records or (2_000 if asked.quick else 1_000_000), 50 if asked.quick else 1_000
    ),
    "identity": lambda asked: judge_lists(asked.data, quick=asked.quick),
    "demo": lambda asked: bench_demo(asked.rounds or 1),
    "startup": lambda asked: memory.bench_startup(5 if asked.quick else 15),
    "idle": lambda asked: memory.bench_idle(5.0 if asked.quick else 20.0),
}
USUAL = tuple(name for name in BENCHES if name not in ("memory", "floor", "mailbox", "identity", "identity_lookup"))
"""Without a name: everything but what takes a quarter of an hour, or data of its own."""


def read_amount(asked: argparse.Namespace) -> Amount:
    usual = QUICK if asked.quick else Amount()
    return Amount(asked.records or usual.count, asked.rounds or usual.rounds)


def read_calls(asked: argparse.Namespace) -> webhooks.Amount:
    usual = webhooks.Amount(count=600, rounds=1, killed=150) if asked.quick else webhooks.Amount()
    return dataclasses.replace(usual, count=asked.records or usual.count, rounds=asked.rounds or usual.rounds)


def read_databases(asked: argparse.Namespace) -> tuple[str, ...]:
    return (asked.database,) if asked.database else database.NAMES


def judge_lists(data: Path | None, *, quick: bool) -> Result:
    with tempfile.TemporaryDirectory() as out:
        return bench_identity(data, Path(out), quick=quick)


def read_arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"one or more of {', '.join(BENCHES)}")
    parser.add_argument("--json", action="store_true", help="one document with the figures and the verdicts")
    parser.add_argument("--quick", action="store_true", help="few records, one round: only to see that it works")
    parser.add_argument("--records", type=int, help="how many records (most), calls (webhooks) or edits (latency)")
    parser.add_argument(
        "--rounds", type=int, help="how often each side runs; the best counts (pull, resync, outbound, webhooks)"
    )
    parser.add_argument(
        "--database", choices=database.NAMES, help="one of the two only (pull, resync, outbound, webhooks)"
    )
    parser.add_argument("--calls", type=int, default=300, help="calls in a round (mapping)")
    parser.add_argument("--lines", type=int, default=5, help="lines of the order (mapping)")
    parser.add_argument("--data", type=Path, help="the folder with the labelled lists (identity)")
    asked = parser.parse_args(words)
    unknown = [name for name in asked.names if name not in BENCHES]
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    return asked


def main(words: list[str] | None = None, benches: Mapping[str, Bench] = BENCHES) -> int:
    """The exit code: 1 when a figure is not what it must be."""
    asked = read_arguments(words)
    figures: dict[str, Any] = {}
    verdicts: list[Verdict] = []
    for name in asked.names or USUAL:
        figures[name], found = benches[name](asked)
        verdicts += found
    told = {
        "schema": "isthmus/bench.run/1",
        "machine": describe_machine(),
        "item": figures,
        "verdicts": [verdict.show() for verdict in verdicts],
    }
    if asked.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(json.dumps(told, ensure_ascii=False, indent=2))
    for verdict in verdicts:
        if not verdict.met:
            print(f"missed: {json.dumps(verdict.show())}", file=sys.stderr)
    return 0 if all(verdict.met for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
