"""Storms over HTTP against the account, with faults and the accountant: nothing twice, nothing lost, and then quiet."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.connectors.kingdee.storm import RATES, run_case

CROSSINGS = int(os.environ.get("ISTHMUS_KINGDEE_CROSSINGS", "1500"))
"""Set it to 20000 for a long storm, which every fault and every death has to be part of."""
LONG = 20_000
CONFIRMS = ("save", "audit", "submit", "save", "audit")
CRASHABLE = ("C1", "C2", "C3", "C4", "C5", "C7", "C12", "C13")
"""Where workers surely die in so many crossings."""


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_storms_break_no_promise() -> None:
    share = -(-CROSSINGS // len(CONFIRMS))
    cases = [(seed, confirm, share) for seed, confirm in enumerate(CONFIRMS)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcomes = list(pool.map(run_case, cases))
    broken = [f"{outcome.title}: {outcome.violation}" for outcome in outcomes if outcome.violation is not None]
    assert not broken, "\n".join(broken)
    figures = sum((outcome.figures for outcome in outcomes), Counter[str]())
    assert figures["crossings"] >= CROSSINGS
    assert sum(figures[f"fault {name}"] for name in RATES) > 50, "a storm without wind shows nothing"
    assert figures["equal"] > figures["held"] + figures["waits for a person"]
    if CROSSINGS >= LONG:
        assert [name for name in CRASHABLE if not figures[f"crash {name}"]] == []
        assert [name for name in RATES if not figures[f"fault {name}"]] == []
