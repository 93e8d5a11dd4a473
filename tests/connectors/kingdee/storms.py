"""All storms of one policy, one after the other, and what they show together. Each policy has a test file of its own,
so that they blow on every core at once."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.connectors.kingdee.storm import RATES, run_storm

CROSSINGS = int(os.environ.get("ISTHMUS_KINGDEE_CROSSINGS", "20000"))
"""How often a worker is stopped between two of its steps, in the storms of all policies together."""
POLICIES = ("save", "submit", "audit")
SHARE = -(-CROSSINGS // len(POLICIES))
SIZE = 840
"""Crossings of one storm: enough that many orders live through its faults, and no more dead workers than fit in."""
LONG = 6_000
CRASHABLE = ("C1", "C2", "C3", "C4", "C5", "C7", "C12", "C13")
"""Where workers surely die in so many crossings."""


def blow_all(confirm: str) -> None:
    """Storms of one policy until its share is crossed; raises ``AssertionError`` with every promise that was broken."""
    total, broken = Counter[str](), list[str]()
    with _collect_less():
        for seed in range(1, 2 + 2 * SHARE // SIZE):
            if total["crossings"] >= SHARE:
                break
            outcome = run_storm(seed, confirm, min(SIZE, SHARE - total["crossings"]))
            total += outcome.figures
            if outcome.violation is not None:
                broken.append(f"{outcome.title}: {outcome.violation}")
    assert not broken, "\n".join(broken)
    check_wind(total)


def check_wind(total: Counter[str]) -> None:
    """A storm without wind shows nothing."""
    assert total["crossings"] >= SHARE
    assert sum(total[f"fault {name}"] for name in RATES) > total["crossings"] / 40
    assert total["equal"] > total["held"] + total["waits for a person"]
    if SHARE >= LONG:
        assert [name for name in CRASHABLE if not total[f"crash {name}"]] == []
        assert [name for name in RATES if not total[f"fault {name}"]] == []


@contextmanager
def _collect_less() -> Iterator[None]:
    """What a test process has already loaded is not looked through for garbage again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
