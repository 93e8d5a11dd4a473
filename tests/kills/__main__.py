"""``python -m tests.kills --kills 300``: towns one after the other, until so many processes were killed. A line of JSON
for each town, and one that adds them up; exit code 1 when a promise was broken."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from itertools import count
from pathlib import Path

from tests.kills.storm import Figures, add_up, play

TIERS = ("draft", "unique", "plain")
APART_KILLS, ALONE_KILLS = 24, 12


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1, help="of the first town")
    wanted = parser.parse_args()
    done: list[Figures] = []
    broken = 0
    for town in _play_towns(wanted.seed):
        broken += town is None
        if town is not None:
            done.append(town)
        killed = sum(sum(one.kills.values()) for one in done)
        if killed >= wanted.kills or broken:
            break
    print(json.dumps({**add_up(done), "broken": broken}))
    return 1 if broken else 0


def _play_towns(first: int) -> Iterator[Figures | None]:
    """Two over PostgreSQL and Redis, then one on SQLite, and so on, over the tiers; None where one was broken."""
    for seed in count(first):
        apart, tier = seed % 3 != 0, TIERS[seed % len(TIERS)] if seed % 3 else TIERS[seed // 3 % len(TIERS)]
        folder = Path(tempfile.mkdtemp(prefix="isthmus-"))
        folder.chmod(0o755)  # PostgreSQL runs as somebody else
        told = {"seed": seed, "apart": apart, "tier": tier}
        try:
            kills = APART_KILLS if apart else ALONE_KILLS
            figures = play(folder / "town", kills=kills, seed=seed, apart=apart, tier=tier)
            print(json.dumps({**told, **asdict(figures)}), flush=True)
            yield figures
        except AssertionError as error:
            print(json.dumps({**told, "broken": str(error)[:4000]}), flush=True)
            yield None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
