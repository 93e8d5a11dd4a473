"""Storms on the shipped code against the sandbox, on a database of its own for each schedule."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from tests.storm.__main__ import Total, list_cases, main, read_arguments
from tests.storm.deciding import VERBS
from tests.storm.run import Case, Outcome, open_pool, run_case
from tests.storm.setting import TIERS

SCHEDULES = int(os.environ.get("STORM_SCHEDULES", "120"))
"""With a rewind, and as many without: every combination of tier, confirm and amend comes more than four times."""
BATCHES = 10
CROSSINGS = 625
"""A schedule crosses at least so many checkpoints on average: 240 make 150,000."""
FAULTS = (
    "lost_before", "lost_after", "late", "refused", "server_error", "server_error_after", "read_stale", "rewind",
    "pause", "hint_lost", "hint_doubled", "webhook_lost", "webhook_doubled", "poison", "outage", "spare",
)  # fmt: skip


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with open_pool(os.cpu_count() or 2) as opened:
        yield opened


@pytest.fixture(scope="module")
def total() -> Total:
    """What happened in all batches of this module."""
    return Total()


def fail_aloud(outcomes: list[Outcome]) -> None:
    broken = [outcome.show() for outcome in outcomes if outcome.violation is not None]
    assert not broken, "\n\n".join(broken)


def test_a_seed_decides_everything():
    first, second = run_case(Case(7, "draft", "audit")), run_case(Case(7, "draft", "audit"))
    assert first.story == second.story
    assert first.figures == second.figures
    assert first.cells == second.cells


@pytest.mark.parametrize("tier", TIERS)
def test_a_storm_breaks_no_promise(tier: str):
    fail_aloud([run_case(Case(3, tier, "save"))])


def test_the_last_line_is_one_object(capsys: pytest.CaptureFixture[str]):
    assert main(["--seeds", "5-6", "--tier", "blind", "--json", "--jobs", "1"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["schedules"] == 2
    assert told["violations"] == []
    assert told["coverage"]["reachable"] >= told["coverage"]["seen"] > 0


def test_what_cannot_be_combined_is_said(capsys: pytest.CaptureFixture[str]):
    assert main(["--tier", "plain", "--amend", "reopen"]) == 2
    assert "no such combination" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("rewind", [False, True], ids=["", "rewind"])
@pytest.mark.parametrize("batch", range(BATCHES))
def test_storms_break_no_promise(batch: int, rewind: bool, pool: ProcessPoolExecutor, total: Total):
    first = batch * SCHEDULES // BATCHES
    last = (batch + 1) * SCHEDULES // BATCHES - 1
    asked = ["--seeds", f"{first}-{last}", *(["--rewind"] if rewind else [])]
    outcomes = list(pool.map(run_case, list_cases(read_arguments(asked))))
    for outcome in outcomes:
        total.add(outcome)
    fail_aloud(outcomes)


@pytest.mark.slow
def test_every_fault_came_and_workers_died_everywhere(total: Total):
    """Runs after the batches of this file; alone it has nothing to look at."""
    if total.figures["schedules"] < 2 * SCHEDULES:
        pytest.skip("needs every batch of this file")
    shown = total.show()
    assert [name for name in FAULTS if not shown["faults"].get(name)] == []
    assert shown["crossings"] >= CROSSINGS * shown["schedules"]
    assert [verb for verb in VERBS if not total.figures[f"decided {verb}"]] == []
    ends: Counter[str] = Counter(shown["ends"])
    assert ends["equal"] > ends.total() / 2
    assert shown["coverage"]["seen"] >= 0.95 * shown["coverage"]["reachable"], shown["coverage"]["unseen"]
