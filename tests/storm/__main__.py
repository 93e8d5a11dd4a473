"""``python -m tests.storm --seeds A-B --tier draft --confirm save``: storms from the command line."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter

from tests.storm.run import Case, run_case, run_cases, run_money_case


def main() -> int:
    """Exit code 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm", description=__doc__)
    parser.add_argument("--seeds", default="0-49", help="one seed, or A-B inclusive")
    parser.add_argument("--tier", choices=("draft", "unique"), action="append")
    parser.add_argument("--confirm", choices=("save", "submit", "audit"), action="append")
    parser.add_argument("--money", action="store_true", help="with receipts and refunds")
    parser.add_argument("-j", type=int, default=2, help="processes")
    parser.add_argument("-v", action="store_true", help="tell the story of every failure")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    asked = parser.parse_args()
    cases = list_cases(asked)
    started = time.monotonic()
    figures: Counter[str] = Counter()
    failures = 0
    run = run_money_case if asked.money else run_case
    for outcome in map(run, cases) if len(cases) == 1 else run_cases(cases, asked.j, run):
        figures.update(outcome.figures)
        failures += outcome.violation is not None
        if outcome.violation is not None or (asked.v and len(cases) == 1):
            print(outcome.show() if asked.v else f"{outcome.title}: {outcome.violation}", file=sys.stderr, flush=True)
    report(figures, failures, time.monotonic() - started, as_json=asked.json)
    return 1 if failures else 0


def list_cases(asked: argparse.Namespace) -> list[Case]:
    first, _, last = asked.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    confirms = {"draft": asked.confirm or ["save", "submit", "audit"], "unique": ["save"]}
    return [
        (seed, tier, confirm) for tier in asked.tier or ["draft", "unique"] for confirm in confirms[tier]
        for seed in seeds
    ]  # fmt: skip


def report(figures: Counter[str], failures: int, seconds: float, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"violations": failures, "seconds": round(seconds, 1), **dict(sorted(figures.items()))}))
        return
    groups: dict[str, list[str]] = {}
    for name, count in sorted(figures.items()):
        group, _, what = name.partition(" ")
        groups.setdefault(group, []).append(f"{what or group} {count}" if what else str(count))
    print(f"violations: {failures} in {seconds:.0f} s")
    for group, items in groups.items():
        print(f"{group}: {', '.join(items)}")


if __name__ == "__main__":
    sys.exit(main())
