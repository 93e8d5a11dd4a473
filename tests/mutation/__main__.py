"""``python -m tests.mutation --room protocol --sample 300 --seed 1 --json``: breaks the source of a room in so many
places, one at a time, and runs the tests that come by. Goes on where it was stopped; ``--again`` tries once more what
survived. Exit code 1 when fewer than ``--least`` per cent were noticed."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.mutation.covering import Covering, measure
from tests.mutation.draw import draw_sample
from tests.mutation.mutants import Mutant, list_mutants
from tests.mutation.results import Results
from tests.mutation.tree import copied
from tests.mutation.trying import Trying
from tests.mutation.typing_check import check_unbroken, refuses

PLACES = {
    "protocol": ("tests/protocol", "tests/sync"),
    "crm": ("tests/crm", "tests/sync"),
    "sync": ("tests/sync",),
}


def main() -> int:
    asked = _read_arguments()
    places = tuple(asked.tests) or PLACES[asked.room]
    with copied() as tree:
        measure(tree, places)
        results = Results(asked.room, asked.seed)
        drawn = _draw(tree, asked)
        with Trying(tree, asked.room, Covering(tree, places), asked.cap) as trying:
            left = [mutant for mutant in drawn if not results.knows(mutant, again=asked.again)]
            trying.check_calm(left)
            for mutant in left:
                row = results.add(mutant, trying.try_mutant(mutant))
                print(f"{row['outcome']:9} {mutant.name}  {row['by'][-100:]}", file=sys.stderr, flush=True)
        if asked.types:
            _ask_types(tree, results, drawn)
    told = summarise(asked, results.rows_of(drawn))
    _print(told, asked)
    return 0 if told["killed"] >= asked.least / 100 * told["mutants"] else 1


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--room", choices=sorted(PLACES), required=True)
    parser.add_argument("--sample", type=int, default=300, help="mutants over all files; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="files whose name contains this")
    parser.add_argument("--tests", action="append", default=[], metavar="PLACE", help="other tests than the usual ones")
    parser.add_argument("--cap", type=float, default=60.0, help="seconds of tests for one mutant, the quickest first")
    parser.add_argument("--again", action="store_true", help="try once more what survived")
    parser.add_argument("--types", action="store_true", help="say of what survived whether the type check refuses it")
    parser.add_argument("--least", type=float, default=85.0, metavar="PERCENT")
    parser.add_argument("--json", action="store_true", help="one object, last")
    return parser.parse_args()


def _ask_types(tree: Path, results: Results, drawn: Sequence[Mutant]) -> None:
    left = [mutant for mutant in drawn if results.asks_types(mutant)]
    for mutant in left[:1]:
        check_unbroken(tree, mutant)
    for mutant in left:
        row = results.add_types(mutant, refuses(tree, mutant, mutant.write()))
        print(f"{'types' if row['types'] else 'survived':9} {mutant.name}", file=sys.stderr, flush=True)


def _draw(tree: Path, asked: argparse.Namespace) -> list[Mutant]:
    files = sorted(path for path in (tree / "hub" / asked.room).rglob("*.py") if asked.only in path.name)
    names = {str(path.relative_to(tree)): path.read_text(encoding="utf-8") for path in files}
    return draw_sample({name: list_mutants(name, text) for name, text in names.items()}, asked.sample, asked.seed)


def summarise(asked: argparse.Namespace, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of a run; ``between``: 95 per cent interval of the share (Wilson); ``types``: of those that no test
    noticed, how many the type check refuses."""
    outcomes = Counter(row["outcome"] for row in rows)
    killed, total = outcomes["killed"], len(rows)
    low, high = interval(killed, total)
    missed = [row for row in rows if row["outcome"] != "killed"]
    return {
        "room": asked.room, "sample": asked.sample, "seed": asked.seed, "mutants": total, "killed": killed,
        "share": round(killed / total, 4) if total else 1.0, "between": [round(low, 4), round(high, 4)],
        "unseen": outcomes["unseen"], "types": sum(row.get("types", False) for row in missed),
        "operators": _count_by(rows, "operator"),
        "survivors": [
            {"name": row["name"], "change": row["change"], "outcome": row["outcome"], "types": row.get("types")}
            for row in missed
        ],
    }  # fmt: skip


def _count_by(rows: Sequence[dict[str, Any]], name: str) -> dict[str, list[int]]:
    total, killed = Counter(row[name] for row in rows), Counter(row[name] for row in rows if row["outcome"] == "killed")
    return {key: [killed[key], count] for key, count in total.most_common()}


def interval(killed: int, total: int) -> tuple[float, float]:
    """Wilson's, 95 per cent."""
    if not total:
        return 0.0, 1.0
    z, share = 1.96, killed / total
    centre, scale = share + z * z / (2 * total), 1 + z * z / total
    width = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return max(0.0, (centre - width) / scale), min(1.0, (centre + width) / scale)


def _print(told: dict[str, Any], asked: argparse.Namespace) -> None:
    if asked.json:
        print(json.dumps(told, ensure_ascii=False))
        return
    for row in told["survivors"]:
        print(f"{row['outcome']}: {row['name']}\n{row['change']}\n")
    low, high = told["between"]
    print(f"{told['killed']} of {told['mutants']} noticed: {told['share']:.1%} ({low:.1%} to {high:.1%})")
    print(f"of the others, the type check refuses {told['types']}")


if __name__ == "__main__":
    sys.exit(main())
