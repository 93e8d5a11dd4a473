"""Messages on the embedded broker and on Redis: they carry names and ids, and losing one changes nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dramatiq
import pytest
from dramatiq import Broker, Worker

from hub.errors import ConfigInvalid
from hub.runtime.actors import BATCH_SIZE, Actors, declare_actors
from hub.runtime.assemble import Outfit
from hub.runtime.broker import MOST_WAITING, Line, open_broker
from hub.runtime.pool import HubPool
from hub.store.rows import Cursor, Run, SyncState
from hub.testkit.servers import RedisServer
from tests.commands.stage import TOKEN, Erp, running_erp
from tests.runtime.stage import SANDBOX, prepare_home


@pytest.fixture
def erp() -> Iterator[Erp]:
    with running_erp() as erp:
        yield erp


@pytest.fixture
def pool(tmp_path: Path, erp: Erp) -> Iterator[HubPool]:
    home = prepare_home(tmp_path, SANDBOX.replace("http://127.0.0.1:9", erp.url), {"SANDBOX_TOKEN": TOKEN})
    pool = HubPool(home, Outfit())
    yield pool
    pool.close()


@contextmanager
def working(broker: Broker) -> Iterator[None]:
    worker = Worker(broker, worker_threads=2, worker_timeout=50)
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        broker.close()


def wait_until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def call_run(pool: HubPool, actors: Actors) -> None:
    """As the scheduler does: the row first, then the message."""
    with pool.lend() as hub, hub.store.write() as tx:
        tx.save(SyncState(connection="erp", kind="account", called_at=hub.now()))
    actors.call_run("erp", ["account"])


def run_states(pool: HubPool) -> list[str]:
    with pool.store.read() as tx:
        return [run.state for run in tx.find(Run, order=["number"])]


def test_a_message_makes_a_worker_run_a_sync(pool: HubPool, erp: Erp):
    erp.make_customer("海岳精密机械有限公司")
    broker = open_broker(None)
    actors = declare_actors(broker, pool)
    with working(broker):
        call_run(pool, actors)
        wait_until(lambda: run_states(pool) == ["done"])
    with pool.store.read() as tx:
        from hub.model.party import Account

        assert [account.name for account in tx.find(Account)] == ["海岳精密机械有限公司"]


def test_a_message_makes_a_worker_sweep(pool: HubPool, erp: Erp):
    customer = erp.make_customer("海岳精密机械有限公司")
    broker = open_broker(None)
    actors = declare_actors(broker, pool)
    with working(broker):
        call_run(pool, actors)
        wait_until(lambda: run_states(pool) == ["done"])
        erp.wang.edit("partner", customer["id"], phone="021-5555")
        actors.sweep.send("erp")
        wait_until(lambda: finished_sweep(pool))
    with pool.store.read() as tx:
        from hub.model.party import Account

        assert [account.phone for account in tx.find(Account)] == ["021-5555"]


def finished_sweep(pool: HubPool) -> bool:
    with pool.store.read() as tx:
        return tx.count(Cursor, connection="erp", stream="sweep:account", complete_once=True) == 1


def test_the_same_over_redis(pool: HubPool, redis_server: RedisServer, erp: Erp):
    broker = open_broker(redis_server.url)
    broker.flush_all()
    actors = declare_actors(broker, pool)
    call_run(pool, actors)
    with working(broker):
        wait_until(lambda: run_states(pool) == ["done"])


def test_a_message_holds_names_and_ids_and_nothing_else(pool: HubPool):
    broker = open_broker(None)
    actors = declare_actors(broker, pool)
    with pool.lend() as hub:
        ids = [hub.new_id() for _ in range(45)]
    actors.hint(ids)
    queue = broker.queues["push_bindings"].queue
    messages = [json.loads(encoded) for encoded in queue]
    assert [len(message["args"][0]) for message in messages] == [20, 20, 5]
    assert [text for message in messages for text in message["args"][0]] == [str(binding_id) for binding_id in ids]
    assert all(message["kwargs"] == {} for message in messages)
    broker.close()


def test_actors_do_not_retry_and_have_time_limits(pool: HubPool):
    broker = open_broker(None)
    actors = declare_actors(broker, pool)
    for actor in (actors.push, actors.run, actors.sweep):
        assert actor.options["max_retries"] == 0
        assert actor.options["time_limit"] > 0
    broker.close()


def test_importing_the_actors_binds_no_broker():
    declared = {name for name in dramatiq.get_broker().actors if name in ("push_bindings", "run_sync")}
    assert declared == set()


def test_a_message_about_nothing_is_harmless(pool: HubPool):
    broker = open_broker(None)
    actors = declare_actors(broker, pool)
    with pool.lend() as hub:
        unknown = hub.new_id()
    with working(broker):
        actors.hint([unknown])
        actors.run.send("nosuch", ["order"])
        broker.join("push_bindings")
        broker.join("run_sync")
    assert run_states(pool) == []


def test_a_run_ends_at_its_next_step_when_the_process_stops(pool: HubPool, erp: Erp):
    stop = threading.Event()
    stop.set()
    broker = open_broker(None)
    actors: Actors = declare_actors(broker, pool, stop)
    with working(broker):
        call_run(pool, actors)
        wait_until(lambda: run_states(pool) == ["stopped"])


def test_dead_letters_of_the_embedded_broker_do_not_pile_up():
    broker = open_broker(None)

    @dramatiq.actor(broker=broker, max_retries=0)
    def fail() -> None:
        raise RuntimeError("as planned")

    with working(broker):
        fail.send()
        with pytest.raises(RuntimeError, match="as planned"):
            broker.join(fail.queue_name)
        assert len(broker.dead_letters) == 1  # type: ignore[attr-defined] # only the embedded broker has them
        Line(broker).drop_dead_letters()
        assert broker.dead_letters == []  # type: ignore[attr-defined] # only the embedded broker has them


def test_an_address_that_is_none_is_refused_without_its_password():
    with pytest.raises(ConfigInvalid) as caught:
        open_broker("amqp://user:hunter2-hunter2@queue")  # pragma: allowlist secret
    assert "hunter2" not in caught.value.text()


def test_a_broker_that_is_away_costs_a_hint_and_is_said_once(pool: HubPool, caplog: pytest.LogCaptureFixture):
    actors = declare_actors(open_broker("redis://127.0.0.1:1/0"), pool)
    with pool.lend() as hub:
        ids = [hub.new_id() for _ in range(45)]
    with caplog.at_level("INFO", "isthmus"):
        assert actors.hint(ids) == 0
        actors.call_run("erp", ["account"])
        actors.call_sweep("erp")
    assert [record.message for record in caplog.records] == ["broker.away"]
    assert actors.line is not None
    assert not actors.line.is_up()


def test_a_queue_that_nobody_empties_does_not_grow_for_ever(pool: HubPool, redis_server: RedisServer):
    for broker in (open_broker(None), open_broker(redis_server.url)):
        actors = declare_actors(broker, pool)
        broker.flush_all()
        with pool.lend() as hub:
            ids = [hub.new_id() for _ in range(BATCH_SIZE * (MOST_WAITING + 3))]
        assert actors.hint(ids) == BATCH_SIZE * MOST_WAITING
        assert actors.hint(ids) == 0
        broker.flush_all()
        broker.close()
