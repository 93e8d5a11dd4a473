"""A connection's calls: whatever threads, processes and machines do, the other side never sees too many."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Transient
from hub.runtime.budget import DAY_BATCH, Budgets, Pace, SharedBudget, choose_pace, count_calls
from hub.runtime.clock import SystemClock
from hub.sdk import CallLimits
from hub.sdk.simulator import Request, Response, serve
from hub.store import Store
from tests.runtime.stage import TurnedClock

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def store(clock: TurnedClock) -> Iterator[Store]:
    with Store.open("sqlite://", clock=clock) as store:
        store.migrate()
        yield store


def make_budget(
    store: Store, clock: TurnedClock, holder: str = "a", per_s: str | None = None, per_day: int | None = None,
    per_minute: int | None = None,
) -> SharedBudget:  # fmt: skip
    limits = CallLimits(None if per_s is None else Decimal(per_s), per_day, per_minute)
    return SharedBudget("erp", store, clock, SHANGHAI, limits, holder)


def find_most(at: list[float], window_s: float) -> int:
    """The most moments within any window of that length."""
    ordered = sorted(at)
    return max(
        (sum(1 for other in ordered[i:] if other - first < window_s) for i, first in enumerate(ordered)), default=0
    )


def used(store: Store, clock: TurnedClock) -> int:
    with store.read() as tx:
        return count_calls(tx, "erp", clock.now(), SHANGHAI)


# ---------------------------------------------------------------- calls a second


@pytest.mark.parametrize(
    ("per_s", "at_once", "window_s"), [("5", 5, 1), ("2.5", 2, 1), ("1", 1, 1), ("0.5", 1, 2), ("0.1", 1, 10)]
)
def test_a_fraction_is_never_rounded_up(per_s: str, at_once: int, window_s: float):
    assert choose_pace(CallLimits(Decimal(per_s))) == Pace(at_once, window_s)


def test_a_second_and_a_minute_hold_together():
    assert choose_pace(CallLimits()) is None
    assert choose_pace(CallLimits(per_minute=30)) == Pace(30, 60)
    assert choose_pace(CallLimits(Decimal(5), per_minute=30)) == Pace(1, 2)
    assert choose_pace(CallLimits(Decimal(2), per_minute=600)) == Pace(2, 1)


@pytest.mark.parametrize("per_s", ["7", "2.5", "0.5"])
def test_one_worker_keeps_the_pace(store: Store, clock: TurnedClock, per_s: str):
    budget, at = make_budget(store, clock, per_s=per_s), []
    for _ in range(30):
        with budget.call():
            at.append(clock.monotonic())
            clock.turn(0.01)
    pace = choose_pace(budget.limits)
    assert pace is not None
    assert find_most(at, pace.window_s) == pace.at_once
    assert at[-1] - at[0] < 30 / float(per_s) * 1.3, "and it is not much slower than it may be"


def test_a_turn_that_is_far_away_is_told_not_slept(store: Store, clock: TurnedClock):
    budget = make_budget(store, clock, per_s="0.05")
    with budget.call():
        pass
    before = clock.at
    with pytest.raises(Transient) as caught, budget.call():
        pass
    assert caught.value.retry_after_s == pytest.approx(20)
    assert clock.at == before
    clock.turn(caught.value.retry_after_s or 0)
    with budget.call():
        pass


class SlowStore:
    """A database that makes everybody wait."""

    def __init__(self, store: Store, clock: TurnedClock, wait_s: float) -> None:
        self._store, self._clock, self._wait_s = store, clock, wait_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self) -> Any:
        self._clock.turn(self._wait_s)
        return self._store.write()


def test_a_call_that_the_database_kept_waiting_does_not_leave_late(store: Store, clock: TurnedClock):
    """A write is marked as being sent: its bytes leave soon, or not at all."""
    budget = make_budget(SlowStore(store, clock, 4.0), clock, per_day=10)  # type: ignore[arg-type]
    left = False
    with pytest.raises(Transient) as caught, budget.call(3.0):
        left = True
    assert not left
    assert caught.value.code == "runtime.turn_far"
    with budget.call(3.0):
        left = True
    assert left


steps = st.lists(
    st.tuples(st.integers(0, 2), st.floats(0, 0.4), st.floats(0.001, 3), st.floats(0, 1)), min_size=20, max_size=120
)


@settings(max_examples=60)
@given(st.sampled_from([("1", None), ("2", None), ("5", None), ("0.5", None), (None, 2), (None, 9)]), steps)
def test_no_order_of_calls_of_three_processes_exceeds_it(
    limits: tuple[str | None, int | None], steps: list[tuple[int, float, float, float]]
):
    """Each step: a process asks after a while; if it may call, the call lasts some time and arrives somewhere in it."""
    clock = TurnedClock()
    with Store.open("sqlite://", clock=clock) as store:
        store.migrate()
        per_s, per_minute = limits
        budgets = [make_budget(store, clock, name, per_s, per_minute=per_minute) for name in "abc"]
        flying: list[tuple[float, SharedBudget]] = []
        arrived: list[float] = []
        for who, wait_s, lasts_s, when in steps:
            clock.turn(wait_s * (20 if per_minute else 1))
            for budget in budgets if per_minute else ():
                budget.keep()
            for ends, budget in sorted(flying, key=lambda call: call[0]):
                if ends <= clock.monotonic():
                    flying.remove((ends, budget))
                    budget._land()
            if budgets[who]._take() == 0:
                started = clock.monotonic()
                # A process that falls silent with a call under way has a moment for it to arrive.
                arrived.append(started + min(when * lasts_s, 0.6))
                flying.append((started + lasts_s, budgets[who]))
    pace = choose_pace(budgets[0].limits)
    assert pace is not None
    assert find_most(arrived, pace.window_s - 1e-6) <= pace.at_once


@pytest.mark.parametrize("per_s", ["1", "5"])
def test_nobody_starves(store: Store, clock: TurnedClock, per_s: str):
    budgets = {name: make_budget(store, clock, name, per_s) for name in "abc"}
    calls = dict.fromkeys(budgets, 0)
    for _ in range(1200):
        clock.turn(0.05)
        for name, budget in budgets.items():
            if budget._take() == 0:
                calls[name] += 1
                budget._land()
    total = 60 * int(per_s)
    assert sum(calls.values()) <= total + int(per_s)
    assert sum(calls.values()) > total * 0.5
    assert min(calls.values()) > sum(calls.values()) / 3 * 0.6


def count_now(budget: SharedBudget) -> int:
    """How many calls may leave at this moment."""
    count = 0
    while budget._take() == 0:
        budget._land()
        count += 1
    return count


def test_a_minute_is_shared_and_what_nobody_used_of_it_is_free(store: Store, clock: TurnedClock):
    one, other = (make_budget(store, clock, name, per_minute=5) for name in "ab")
    for _ in range(2):
        with one.call():
            pass
    assert count_now(other) == 0, "the first holds the whole minute for a moment"
    clock.turn(2)
    one.keep()
    assert count_now(other) == 3
    clock.turn(57)
    assert (count_now(one), count_now(other)) == (0, 0)
    clock.turn(2)
    other.keep()
    assert count_now(one) == 2
    clock.turn(1)
    one.give_back()
    assert count_now(other) == 3


def test_what_a_silent_process_held_passes_on(store: Store, clock: TurnedClock):
    silent, other = make_budget(store, clock, "a", "1"), make_budget(store, clock, "b", "1")
    with silent.call():
        pass
    before = clock.at
    with other.call():
        pass
    assert timedelta(seconds=1) <= clock.at - before < timedelta(seconds=3)


def test_a_call_that_lasts_longer_than_a_share_counts_as_long_as_it_lasts(store: Store, clock: TurnedClock):
    slow, other = make_budget(store, clock, "a", "1"), make_budget(store, clock, "b", "1")
    with slow.call():
        for _ in range(100):
            clock.turn(0.1)
            slow.keep()
            assert other._take() > 0, "it is still under way"
    ended = clock.monotonic()
    while other._take() > 0:
        clock.turn(0.1)
    assert 1 <= clock.monotonic() - ended < 4


# ---------------------------------------------------------------- calls a day


def test_the_day_is_spent_exactly_and_ends_at_midnight_there(store: Store, clock: TurnedClock):
    clock.at = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
    budget = make_budget(store, clock, per_day=130)
    for _ in range(130):
        with budget.call():
            pass
    with pytest.raises(Transient) as caught, budget.call():
        pass
    assert caught.value.retry_after_s == 1800
    assert caught.value.code == "runtime.calls_used"
    assert "130" in caught.value.text()
    assert "2026-11-03 00:00" in caught.value.text("zh")
    assert used(store, clock) == 130
    clock.turn(1800)
    assert used(store, clock) == 0
    with budget.call():
        pass


def test_two_processes_never_spend_more_than_the_day(store: Store, clock: TurnedClock):
    budgets = [make_budget(store, clock, name, per_day=200) for name in "ab"]
    rng, made = random.Random(3), 0
    spent: set[SharedBudget] = set()
    while len(spent) < 2:
        budget = rng.choice(budgets)
        try:
            with budget.call():
                made += 1
        except Transient:
            spent.add(budget)
    assert 195 <= made <= 200


def test_what_is_left_of_a_batch_is_given_back(store: Store, clock: TurnedClock):
    budget = make_budget(store, clock, per_day=10_000)
    for _ in range(7):
        with budget.call():
            pass
    assert used(store, clock) == DAY_BATCH
    budget.give_back()
    budget.give_back()
    assert used(store, clock) == 7


def test_a_process_that_died_loses_its_batch_and_nothing_else(store: Store, clock: TurnedClock):
    with make_budget(store, clock, "dead", per_day=1000).call():
        pass
    other = make_budget(store, clock, "alive", per_day=1000)
    with other.call():
        pass
    other.give_back()
    assert used(store, clock) == DAY_BATCH + 1


def test_calls_are_counted_without_a_limit(store: Store, clock: TurnedClock):
    budget = make_budget(store, clock)
    for _ in range(123):
        with budget.call():
            pass
    budget.give_back()
    assert used(store, clock) == 123


def test_asking_costs_far_less_than_a_transaction_each(store: Store, clock: TurnedClock):
    counted, paced = make_budget(store, clock), make_budget(store, clock, per_s="100")
    for _ in range(1000):
        for budget in (counted, paced):
            with budget.call():
                clock.turn(0.005)
    assert counted.transactions <= 1000 / DAY_BATCH / 2
    assert paced.transactions <= 50


def test_threads_of_a_process_share_one_budget(store: Store, clock: TurnedClock):
    budgets = Budgets("a")
    limits = CallLimits(per_day=5)
    first = budgets.lend("erp", store, clock, SHANGHAI, limits)
    assert budgets.lend("erp", store, clock, SHANGHAI, limits) is first
    with first.call():
        pass
    changed = budgets.lend("erp", store, clock, SHANGHAI, replace(limits, per_day=6))
    assert changed is not first
    assert used(store, clock) == 1, "what the old one had left was given back"


# ---------------------------------------------------------------- real time, threads, processes

WORKER = """
import json, random, sys, threading, time
from decimal import Decimal
from zoneinfo import ZoneInfo
from hub.errors import Transient
from hub.runtime.budget import Budgets
from hub.runtime.clock import SystemClock
from hub.sdk import CallLimits, HttpClient, Tools
from hub.store import Store

url, database, holder, per_s, seconds, threads = json.loads(sys.argv[1])
clock = SystemClock()
store = Store.open(database, clock=clock)
budget = Budgets(holder).lend("erp", store, clock, ZoneInfo("UTC"), CallLimits(Decimal(per_s)))
ends = time.monotonic() + seconds
made = []

def work():
    client = HttpClient(url, Tools(clock=clock, random=random.Random(1), budget=budget))
    while time.monotonic() < ends:
        try:
            client.read("GET", "/")
        except Transient:  # its turn was too far away, on a machine that is busy with something else
            continue
        made.append(1)
    client.close()

workers = [threading.Thread(target=work) for _ in range(threads)]
for worker in workers: worker.start()
for worker in workers: worker.join()
budget.give_back()
store.close()
print(json.dumps({"calls": len(made), "transactions": budget.transactions}))
"""


@pytest.mark.parametrize(
    ("per_s", "lasts_s", "processes"), [(12, 0.0, 2), (3, 3.5, 3)], ids=["quick answers", "slow answers"]
)
def test_threads_of_several_processes_never_exceed_it_at_the_other_side(
    database_url: str, per_s: int, lasts_s: float, processes: int
):
    seconds, day = 6, datetime.now(UTC).date()
    with Store.open(database_url, clock=SystemClock()) as store:
        store.migrate()
    arrived: list[float] = []
    here = [0, 0]
    lock = threading.Lock()

    def handle(request: Request) -> Response:
        with lock:
            arrived.append(time.monotonic())
            here[0] += 1
            here[1] = max(here)
        time.sleep(lasts_s)
        with lock:
            here[0] -= 1
        return Response(200, b"{}")

    with serve(handle) as server:
        orders = [json.dumps([server.url, database_url, name, str(per_s), seconds, 4]) for name in "abc"[:processes]]
        running = [
            subprocess.Popen(
                [sys.executable, "-c", WORKER, order], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
            )
            for order in orders
        ]
        told = [json.loads(process.communicate(timeout=120)[0]) for process in running]
    assert all(process.returncode == 0 for process in running)
    assert sum(one["calls"] for one in told) == len(arrived)
    assert lasts_s or min(one["calls"] for one in told) > 0, "each had its part"
    assert find_most(arrived, 1.0) <= per_s
    assert here[1] <= per_s, "calls under way count, however long they last"
    assert len(arrived) > per_s, "and the budget was used"
    with Store.open(database_url, clock=SystemClock()) as store, store.read() as tx:
        counted = count_calls(tx, "erp", datetime.now(UTC), ZoneInfo("UTC"))
    assert counted == len(arrived) or datetime.now(UTC).date() != day, "midnight begins a new count"
