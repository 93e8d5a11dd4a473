"""``python -m tests.kills --kills 300``: towns one after the other, until so many processes were killed. A line of JSON
for each town, and one that adds them up; exit code 1 when a promise was broken."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from hub.testkit.tryton import provision_tryton
from tests.conftest import TRYTON_CACHE
from tests.kills.ledger import Books, Ledger
from tests.kills.storm import Figures, add_up, play
from tests.kills.tryton_books import COMPANY, TrytonBooks

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
    """Two over PostgreSQL and Redis, one on SQLite, one beside a real Tryton, and so on, over the tiers; None where one
    was broken."""
    for seed in count(first):
        folder = Path(tempfile.mkdtemp(prefix="isthmus-"))
        folder.chmod(0o755)  # PostgreSQL runs as somebody else
        told, settings = _choose_town(seed, folder)
        try:
            figures = play(folder / "town", seed=seed, **settings)
            print(json.dumps({**told, **asdict(figures)}), flush=True)
            yield figures
        except AssertionError as error:
            print(json.dumps({**told, "broken": str(error)[:4000]}), flush=True)
            yield None
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _choose_town(seed: int, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is told of it, and what it is played with."""
    turn, place = divmod(seed, 4)
    apart = place < 2 or (place == 3 and turn % 2 == 1)
    kills = APART_KILLS if apart else ALONE_KILLS
    if place == 3:
        prepared = provision_tryton(TRYTON_CACHE, progress=print)
        books: Callable[[], Books] = partial(TrytonBooks, prepared, folder / "tryton")
        told = {"seed": seed, "apart": apart, "erp": "tryton"}
        return told, {"kills": kills, "apart": apart, "open_books": books, "company": COMPANY}
    tier = TIERS[(turn + place) % len(TIERS)]
    told = {"seed": seed, "apart": apart, "erp": "sandbox", "tier": tier}
    return told, {"kills": kills, "apart": apart, "open_books": partial(Ledger, tier=tier)}


if __name__ == "__main__":
    sys.exit(main())
