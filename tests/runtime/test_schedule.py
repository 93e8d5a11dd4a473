from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dramatiq import Broker

from hub.errors import Transient
from hub.model.task import Task
from hub.runtime.actors import Actors, declare_actors
from hub.runtime.assemble import Outfit, close_hub, open_hub
from hub.runtime.broker import open_broker
from hub.runtime.pool import HubPool
from hub.runtime.recovery import recover_runs
from hub.runtime.schedule import (
    HINT_AGAIN_S,
    LEASE_NAME,
    LEASE_S,
    PAYLOADS_KEPT,
    PAYLOADS_KEPT_FOR,
    PRUNE_EVERY,
    SWEEP_ROUND_S,
    SWEEP_STEP_S,
    Scheduler,
    list_sweeps,
    prune_old_payloads,
)
from hub.store.rows import ConnectionState, Cursor, JournalEntry, Lease, Run, SyncState
from hub.sync.context import Hub
from hub.sync.pause import pause_all, pause_connection, resume_all
from hub.sync.push import note_trouble
from hub.sync.records import create_record, edit_record
from hub.sync.turns import CALL_AGAIN_S, TurnTaken, call_due_turns, list_called, read_next_turn, run_turns
from tests.runtime.stage import SANDBOX, TurnedClock, prepare_home


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def pool(tmp_path: Path, clock: TurnedClock, database_url: str) -> Iterator[HubPool]:
    """On SQLite and on PostgreSQL: nothing but the address differs."""
    pool = HubPool(prepare_home(tmp_path, SANDBOX, {"ISTHMUS_DATABASE_URL": database_url}), Outfit(clock=clock))
    yield pool
    pool.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = open_broker(None)
    yield broker
    broker.close()


@pytest.fixture
def actors(broker: Broker, pool: HubPool) -> Actors:
    return declare_actors(broker, pool)


@pytest.fixture
def hub(tmp_path: Path, pool: HubPool) -> Iterator[Hub]:
    with pool.lend() as hub:
        yield hub


def queued(broker: Broker, name: str) -> list[Any]:
    """Arguments of the messages that wait, oldest first."""
    from dramatiq import Message

    waiting = broker.queues[name].queue
    return [Message.decode(encoded).args for encoded in list(waiting)]


def make_run(hub: Hub, number: int, *, lease_s: float, state: str = "running") -> Run:
    run = Run(
        id=hub.new_id(),
        number=number,
        connection="erp",
        kinds=["order"],
        actor="test",
        state=state,
        started_at=hub.now(),
        lease_until=hub.now() + timedelta(seconds=lease_s),
    )
    with hub.store.write() as tx:
        tx.insert(run)
    return run


# ---------------------------------------------------------------- which syncs are due


def begin(hub: Hub, connection: str, *kinds: str) -> list[str]:
    """What a worker does when it is told: the kinds of the run that began. The system itself is away."""
    try:
        return run_turns(hub, connection, kinds).run.kinds
    except TurnTaken:
        return []
    finally:
        resume(hub)


def resume(hub: Hub) -> None:
    with hub.store.write() as tx:
        tx.delete(ConnectionState, connection="erp")


def test_a_sync_is_due_at_once_and_then_after_its_interval(hub: Hub, clock: TurnedClock):
    assert call_due_turns(hub) == {"erp": ["account", "order"]}
    assert call_due_turns(hub) == {}
    assert begin(hub, "erp", "account", "order") == ["account", "order"]
    clock.turn(61)
    assert call_due_turns(hub) == {"erp": ["account"]}
    assert begin(hub, "erp", "account") == ["account"]
    clock.turn(240)
    assert call_due_turns(hub) == {"erp": ["account", "order"]}


def test_turns_that_were_missed_are_taken_once(hub: Hub, clock: TurnedClock):
    call_due_turns(hub)
    begin(hub, "erp", "account", "order")
    clock.turn(24 * 3600)
    assert call_due_turns(hub) == {"erp": ["account", "order"]}
    begin(hub, "erp", "account", "order")
    assert call_due_turns(hub) == {}


def test_a_turn_is_over_only_when_a_run_of_it_began(hub: Hub, clock: TurnedClock):
    assert call_due_turns(hub) == {"erp": ["account", "order"]}
    clock.turn(CALL_AGAIN_S - 1)
    assert call_due_turns(hub) == {}, "its message may still be on the way"
    assert list_called(hub, clock.now()) == {"erp": ["account", "order"]}
    clock.turn(2)
    assert call_due_turns(hub) == {"erp": ["account", "order"]}, "message or worker were lost"
    assert begin(hub, "erp", "account", "order") == ["account", "order"]
    assert list_called(hub, clock.now()) == {}


def test_a_message_that_comes_twice_begins_one_run(hub: Hub):
    call_due_turns(hub)
    assert begin(hub, "erp", "account", "order") == ["account", "order"]
    assert begin(hub, "erp", "account", "order") == []
    with hub.store.read() as tx:
        assert tx.count(Run) == 1


def test_late_beginnings_do_not_add_up(hub: Hub, clock: TurnedClock):
    began = clock.now()
    call_due_turns(hub)
    begin(hub, "erp", "account", "order")
    for turn in range(1, 5):
        clock.at = began + timedelta(seconds=60 * turn)
        assert "account" in call_due_turns(hub)["erp"]
        clock.turn(7)
        begin(hub, "erp", "account", "order")
        assert read_next_turn(hub) == min(began + timedelta(seconds=60 * (turn + 1)), began + timedelta(seconds=300))


def test_a_scheduled_run_whose_process_died_is_done_once_more_soon(hub: Hub, clock: TurnedClock):
    call_due_turns(hub)
    begin(hub, "erp", "account", "order")
    with hub.store.write() as tx:
        (run,) = tx.find(Run)
        tx.save(run.model_copy(update={"state": "running", "lease_until": clock.now() + timedelta(seconds=5)}))
    clock.turn(6)
    assert call_due_turns(hub) == {}
    recover_runs(hub)
    assert call_due_turns(hub) == {"erp": ["account", "order"]}


def test_a_run_under_way_keeps_the_turn_for_later(hub: Hub, clock: TurnedClock):
    make_run(hub, 1, lease_s=120)
    assert call_due_turns(hub) == {}
    clock.turn(121)
    recover_runs(hub)
    assert call_due_turns(hub) == {"erp": ["account", "order"]}


def test_a_pause_keeps_the_turn_for_later(hub: Hub):
    pause_all(hub, "test")
    assert call_due_turns(hub) == {}
    resume_all(hub, "test")
    pause_connection(hub, "erp", "test")
    assert call_due_turns(hub) == {}


def test_a_connection_that_rests_keeps_its_turn_for_later(hub: Hub, clock: TurnedClock):
    note_trouble(hub, "erp", Transient("sdk.throttled", retry_after_s=600, status=429, where="GET /"))
    assert call_due_turns(hub) == {}
    assert list_sweeps(hub) == []
    clock.turn(601)
    assert call_due_turns(hub) == {"erp": ["account", "order"]}
    assert list_sweeps(hub) == ["erp"]


def test_a_sync_that_is_paused_by_itself_is_left_out(hub: Hub):
    with hub.store.write() as tx:
        tx.save(SyncState(connection="erp", kind="order", paused=True))
    assert call_due_turns(hub) == {"erp": ["account"]}


# ---------------------------------------------------------------- runs whose process died


def test_a_run_is_called_stopped_when_its_lease_has_run_out(hub: Hub, clock: TurnedClock):
    lost, alive = make_run(hub, 1, lease_s=60), make_run(hub, 2, lease_s=600)
    clock.turn(61)
    assert recover_runs(hub) == 1
    assert recover_runs(hub) == 0
    with hub.store.read() as tx:
        found = tx.get(Run, id=lost.id)
        assert found is not None
        assert (found.state, found.ended_at, found.error_code) == ("stopped", clock.now(), "runtime.run_lost")
        untouched = tx.get(Run, id=alive.id)
        assert untouched is not None
        assert untouched.state == "running"
        assert tx.count(JournalEntry, action="run.lost", run_id=lost.id) == 1


# ---------------------------------------------------------------- one scheduler at a time


def test_a_second_scheduler_stands_by_and_takes_over_when_the_first_died(
    pool: HubPool, actors: Actors, clock: TurnedClock
):
    first, second = Scheduler(pool, actors, holder="first"), Scheduler(pool, actors, holder="second")
    assert first.tick()
    clock.turn(LEASE_S - 1)
    assert not second.tick()
    assert first.tick(), "the holder prolongs its lease"
    clock.turn(LEASE_S - 1)
    assert not second.tick()
    clock.turn(2)
    assert second.tick(), "nobody prolonged it: the first has died"
    assert not first.tick(), "the first comes back too late"


def test_a_scheduler_that_stops_gives_its_lease_back(pool: HubPool, actors: Actors, clock: TurnedClock):
    first, second = Scheduler(pool, actors, holder="first"), Scheduler(pool, actors, holder="second")
    assert first.tick()
    first.stop()
    clock.turn(0.001)
    assert second.tick()
    with pool.store.read() as tx:
        lease = tx.get(Lease, name=LEASE_NAME)
        assert lease is not None
        assert lease.holder == "second"


def test_a_tick_starts_what_is_due_by_names_only(pool: HubPool, actors: Actors, broker: Broker):
    Scheduler(pool, actors).tick()
    assert queued(broker, "run_sync") == [("erp", ["account", "order"])]


def test_the_loop_ticks_by_itself_and_ends(pool: HubPool, actors: Actors):
    scheduler = Scheduler(pool, actors, tick_s=0.01)
    ticks = threading.Semaphore(0)
    scheduler.after_tick = ticks.release
    scheduler.start()
    for _ in range(3):
        assert ticks.acquire(timeout=60)
    scheduler.stop()
    assert scheduler.last_tick is not None


# ---------------------------------------------------------------- rows that are due


def accept(hub: Hub, kind: str) -> None:
    """As if a person had accepted a plan of this sync."""
    from hub.sync.accept import current_settings

    settings = current_settings(hub, "erp", kind)
    with hub.store.write() as tx:
        tx.save(SyncState(connection="erp", kind=kind, accepted_settings=settings))


def test_due_rows_are_hinted_again_only_after_a_while(
    pool: HubPool, hub: Hub, actors: Actors, broker: Broker, clock: TurnedClock
):
    accept(hub, "account")
    create_record(hub, "account", {"name": "海岳精密机械有限公司"}, "test")
    scheduler = Scheduler(pool, actors)
    scheduler.tick()
    assert len(queued(broker, "push_bindings")) == 1
    scheduler.tick()
    assert len(queued(broker, "push_bindings")) == 1
    clock.turn(HINT_AGAIN_S + 1)
    scheduler.tick()
    messages = queued(broker, "push_bindings")
    assert len(messages) == 2, "the message may be lost, so the row is found again"
    assert messages[0] == messages[1]


def test_rows_of_a_sync_that_nobody_accepted_are_not_hinted(pool: HubPool, hub: Hub, actors: Actors, broker: Broker):
    create_record(hub, "account", {"name": "海岳精密机械有限公司"}, "test")
    Scheduler(pool, actors).tick()
    assert queued(broker, "push_bindings") == []


def test_a_new_configuration_reaches_the_next_loan(tmp_path: Path, pool: HubPool, clock: TurnedClock):
    from hub.runtime.home import Home
    from hub.runtime.publish import publish
    from tests.runtime.stage import TOKEN

    with pool.lend() as before, pool.lend() as again:
        assert before is again
    home = Home(tmp_path / "home", TOKEN)  # checking a configuration needs no database
    home.config_file.write_text(SANDBOX.replace("5m", "9m"), encoding="utf-8")
    publish(home, pool.store, clock, "test")
    with pool.lend() as after:
        assert after is not before
        assert after.config.connections["erp"].syncs["order"].every_s == 540


def test_opening_twice_gives_two_hubs_on_one_database(tmp_path: Path):
    home = prepare_home(tmp_path, SANDBOX)
    first, second = open_hub(home), open_hub(home)
    create_record(first, "account", {"name": "A", "number": "C1"}, "test")
    with second.store.read() as tx:
        from hub.model.party import Account

        assert tx.count(Account) == 1
    close_hub(first)
    close_hub(second)


# ---------------------------------------------------------------- sweeps


def end_round(hub: Hub) -> None:
    with hub.store.write() as tx:
        for kind in ("account", "order"):
            tx.save(Cursor(connection="erp", stream=f"sweep:{kind}", high_water=hub.now(), complete_once=True))


def test_a_sweep_is_due_at_first_and_an_hour_after_its_round(hub: Hub, clock: TurnedClock):
    assert list_sweeps(hub) == ["erp"]
    end_round(hub)
    assert list_sweeps(hub) == []
    clock.turn(SWEEP_ROUND_S + 1)
    assert list_sweeps(hub) == ["erp"]


def test_a_sweep_under_way_goes_on(hub: Hub):
    end_round(hub)
    with hub.store.write() as tx:
        tx.save(Cursor(connection="erp", stream="sweep:order", position=["ids", "7"], under_way=True))
    assert list_sweeps(hub) == ["erp"]
    pause_all(hub, "test")
    assert list_sweeps(hub) == []


def test_sweeps_go_step_by_step(pool: HubPool, actors: Actors, broker: Broker, clock: TurnedClock):
    scheduler = Scheduler(pool, actors)
    scheduler.tick()
    scheduler.tick()
    assert queued(broker, "sweep_connection") == [("erp",)]
    clock.turn(SWEEP_STEP_S)
    scheduler.tick()
    assert queued(broker, "sweep_connection") == [("erp",), ("erp",)]


def test_old_payloads_go_once_a_day_and_the_newest_stay(hub: Hub, clock: TurnedClock):
    with hub.store.write() as tx:
        for version in range(PAYLOADS_KEPT + 3):
            tx.put_payload("erp", "sale", "S1", version, {"version": version})
    assert prune_old_payloads(hub) == 0
    clock.turn((PAYLOADS_KEPT_FOR + PRUNE_EVERY).total_seconds())
    assert prune_old_payloads(hub) == 3
    with hub.store.read() as tx:
        assert tx.latest_payload("erp", "sale", "S1") == {"version": PAYLOADS_KEPT + 2}
    clock.turn((PRUNE_EVERY / 2).total_seconds())
    assert prune_old_payloads(hub) == 0


def test_what_is_done_daily_is_done_by_ticks(pool: HubPool, actors: Actors, clock: TurnedClock):
    """A part in each, and once a day, whichever process holds the lease."""
    with pool.lend() as hub:
        account = create_record(hub, "account", {"name": "海岳"}, "li")
        dates = {"valid_from": "2026-01-01", "valid_until": "2026-11-20"}
        made = [create_record(hub, "contract", {"account_id": account.id, **dates}, "li") for _ in range(2)]
        for contract in made:
            for state in ("submitted", "approved"):
                edit_record(hub, "contract", contract.id, {"state": state}, "li")
    for holder in ("one", "two"):
        scheduler = Scheduler(pool, actors, holder=holder)
        assert scheduler.tick()
        clock.turn(LEASE_S + 1)
        with pool.store.read() as tx:
            assert {task.about_id for task in tx.find(Task)} == {contract.id for contract in made}
            assert tx.count(Task) == 2
            assert {row.actor for row in tx.find(JournalEntry, action="record.acted")} == {"daily"}
