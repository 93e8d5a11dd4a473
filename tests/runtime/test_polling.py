"""Work is found in the database by itself: late rows while messages come, everything while none can."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from pathlib import Path

import pytest

from connectors.sandbox.simulator import make_uscc
from hub.model.party import Account
from hub.runtime.actors import Actors, declare_actors
from hub.runtime.assemble import Outfit
from hub.runtime.broker import open_broker
from hub.runtime.polling import LATE_S, Poller
from hub.runtime.pool import HubPool
from hub.store.rows import Cursor, Run, SyncState
from hub.sync.accept import current_settings
from hub.sync.push import list_due
from hub.sync.records import create_record
from hub.sync.turns import call_due_turns
from tests.commands.stage import TOKEN, Erp, running_erp
from tests.runtime.stage import SANDBOX, TurnedClock, prepare_home

USCC = make_uscc(random.Random(1))


@pytest.fixture
def erp() -> Iterator[Erp]:
    with running_erp() as erp:
        yield erp


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def pool(tmp_path: Path, erp: Erp, clock: TurnedClock) -> Iterator[HubPool]:
    home = prepare_home(tmp_path, SANDBOX.replace("http://127.0.0.1:9", erp.url), {"SANDBOX_TOKEN": TOKEN})
    pool = HubPool(home, Outfit(clock=clock))
    yield pool
    pool.close()


@pytest.fixture
def actors(pool: HubPool) -> Actors:
    return declare_actors(open_broker(None), pool, heard=False)


@pytest.fixture
def make_poller(pool: HubPool, actors: Actors) -> Iterator[Callable[[bool], Poller]]:
    made: list[Poller] = []

    def make(hears: bool) -> Poller:
        made.append(Poller(pool, actors, workers=2, hears=lambda: hears, look_s=0.02))
        return made[-1]

    yield make
    for poller in made:
        poller.stop(30)


def finish(poller: Poller) -> None:
    wait(poller.jobs, 60)


def run_states(pool: HubPool) -> list[str]:
    with pool.store.read() as tx:
        return [run.state for run in tx.find(Run, order=["number"])]


def make_due_account(pool: HubPool) -> None:
    with pool.lend() as hub:
        with hub.store.write() as tx:
            settings = current_settings(hub, "erp", "account")
            tx.save(SyncState(connection="erp", kind="account", accepted_settings=settings))
            tx.save(Cursor(connection="erp", stream="partner", complete_once=True))
        create_record(
            hub, "account", {"name": "海岳精密机械有限公司", "identifiers": [{"kind": "uscc", "value": USCC}]}, "test"
        )
        assert list_due(hub, 10)


def test_a_turn_whose_message_was_lost_is_begun(
    pool: HubPool, make_poller: Callable[[bool], Poller], erp: Erp, clock: TurnedClock
):
    erp.make_customer("海岳精密机械有限公司")
    with pool.lend() as hub:
        call_due_turns(hub)
    poller = make_poller(True)
    assert poller.look() == 0, "its message may still be on the way"
    clock.turn(LATE_S + 1)
    assert poller.look() == 1
    finish(poller)
    assert run_states(pool) == ["done"]
    with pool.store.read() as tx:
        assert tx.count(Account) == 1


def test_without_a_broker_turns_rows_and_sweeps_are_found_at_once(
    pool: HubPool, make_poller: Callable[[bool], Poller], erp: Erp
):
    make_due_account(pool)
    with pool.lend() as hub:
        call_due_turns(hub)
    poller = make_poller(False)
    assert poller.look() == 3, "a turn, a batch of rows, a sweep"
    finish(poller)
    assert run_states(pool) == ["done"]
    assert [row["name"] for row in erp.erp.documents("partner")] == ["海岳精密机械有限公司"]
    assert make_poller(False).look() == 0, "the sweep had its step"


def test_rows_that_became_due_just_now_are_left_to_their_message(
    pool: HubPool, make_poller: Callable[[bool], Poller], clock: TurnedClock, erp: Erp
):
    make_due_account(pool)
    poller = make_poller(True)
    assert poller.look() == 0
    clock.turn(LATE_S + 1)
    assert poller.look() == 1
    finish(poller)
    assert len(erp.erp.documents("partner")) == 1


def test_what_was_not_begun_is_not_waited_for(pool: HubPool, actors: Actors):
    make_due_account(pool)
    with pool.lend() as hub:
        call_due_turns(hub)
    poller = Poller(pool, actors, workers=1, hears=lambda: False)
    assert poller.look() > 1
    began = time.monotonic()
    poller.stop(60)
    assert time.monotonic() - began < 50


def test_what_is_under_way_is_not_begun_again(pool: HubPool, make_poller: Callable[[bool], Poller]):
    with pool.lend() as hub:
        call_due_turns(hub)
    poller = make_poller(False)
    poller.look()
    poller.look()
    finish(poller)
    assert len(run_states(pool)) == 1


def test_it_looks_by_itself_and_ends(pool: HubPool, make_poller: Callable[[bool], Poller], erp: Erp):
    make_due_account(pool)
    poller = make_poller(False)
    poller.start()
    end = time.monotonic() + 60
    while not erp.erp.documents("partner"):
        assert time.monotonic() < end
        time.sleep(0.02)
    poller.stop(30)
    assert poller.last_look is not None
