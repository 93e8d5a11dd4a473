"""``python -m tests.storm.record FILE``: a long run in parts. Each part is a line of the file; called again, it goes on
after the last one, until so many checkpoints were crossed. Every second part puts an older database back."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.storm.__main__ import Total, list_cases, read_arguments
from tests.storm.run import run_cases

ENOUGH = 5_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """0: enough was crossed, and every promise held; 1: one was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm.record", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--crossings", type=int, default=ENOUGH, help="how many are enough")
    parser.add_argument("--first", type=int, default=1_000_000, help="first seed")
    parser.add_argument("--size", type=int, default=270, help="schedules in a part")
    parser.add_argument("--parts", type=int, default=None, help="stop after so many parts of this call")
    parser.add_argument("--jobs", "-j", type=int, default=2, help="processes")
    asked = parser.parse_args(argv)
    done = read_parts(asked.file)
    made = 0
    while sum_up(done)["crossings"] < asked.crossings and made != asked.parts:
        part = run_part(len(done), asked.first, asked.size, asked.jobs)
        done.append(part)
        made += 1
        with asked.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(part) + "\n")
    told = sum_up(done)
    print(json.dumps(told))
    return 1 if told["violations"] else 0


def run_part(number: int, first: int, size: int, jobs: int) -> dict[str, Any]:
    """One part; which seeds, and of which commit the code was, stands beside its figures."""
    start = first + number // 2 * size
    command = ["--seeds", f"{start}-{start + size - 1}", *(["--rewind"] if number % 2 else [])]
    total = Total()
    for outcome in run_cases(list_cases(read_arguments(command)), jobs):
        total.add(outcome)
    return {"command": " ".join(command), "commit": read_commit(), **total.show()}


def read_commit() -> str:
    """Of the code that runs; a ``+`` when files differ from it."""
    root = Path(__file__).parents[2]
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=root, capture_output=True, text=True, check=False
    )
    return described.stdout.strip()


def read_parts(file: Path) -> list[dict[str, Any]]:
    """Parts that have ended; a line that was cut off is none, and is dropped from the file."""
    if not file.exists():
        return []
    whole = [line for line in file.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
    file.write_text("".join(whole), encoding="utf-8")
    return [json.loads(line) for line in whole]


def sum_up(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All parts as one."""
    figures: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for part in parts:
        figures.update({name: part[name] for name in ("schedules", "crossings", "crashes", "seconds")})
        faults.update(part["faults"])
    unseen = [set(part["coverage"]["unseen"]) for part in parts]
    return {
        "parts": len(parts),
        "commits": sorted({part["commit"] for part in parts}),
        "schedules": figures["schedules"],
        "crossings": figures["crossings"],
        "crashes": figures["crashes"],
        "seconds": figures["seconds"],
        "faults": dict(sorted(faults.items())),
        "violations": [item for part in parts for item in part["violations"]],
        "unseen": sorted(set.intersection(*unseen)) if unseen else [],
    }


if __name__ == "__main__":
    sys.exit(main())
