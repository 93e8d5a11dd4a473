"""Whoever meets at one record takes its locks in one order; what crosses all the same is done again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.model.party import Account
from hub.model.sales import Order
from hub.protocol.binding import Binding
from hub.store import Deadlocked, UnitOfWork
from hub.store.rows import Setting
from hub.sync.event_intake import take_events
from hub.sync.pull import take_one
from hub.sync.push import push_bindings
from hub.testkit.servers import PostgresServer
from tests.sync.scenes import Scene, allow
from tests.sync.shop import ShopWorld, customer, order

ROUNDS = 40


@pytest.fixture
def scene(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[Scene]:
    """On PostgreSQL: SQLite has one writer at a time."""
    url = postgres_server.create_database("locks")
    scene = Scene(tmp_path, url=url, syncs={"account": {}, "product": {}, "order": {}})
    yield scene
    scene.hub.close()
    scene.store.close()
    postgres_server.drop_database("locks")


def count_deadlocks(scene: Scene) -> int:
    with scene.store.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        question = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(connection.execute(text(question)).scalar_one())


def run_together(*works: Callable[[], object]) -> list[BaseException]:
    """Each in a thread of its own; what they raised."""
    raised: list[BaseException] = []

    def guard(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # told by the test
            raised.append(error)

    threads = [threading.Thread(target=guard, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_a_page_an_edit_and_a_push_of_one_record_never_lock_each_other_up(scene: Scene):
    partner, _ = scene.make_customer(), scene.make_item()
    scene.clock.pass_time(scene.settings.lag_s)
    scene.pull("account", "product")
    account = scene.record_of("account", partner)
    binding = scene.binding(account)
    conn = scene.hub.open("erp")
    stream = conn.stream_of("account")

    def read() -> None:
        for number in range(ROUNDS):
            scene.wang.edit("partner", partner["id"], phone=f"021-{number}")
            found = stream.fetch(partner["id"])
            assert found is not None
            take_one(scene.hub, conn, "account", found, "feed")

    def edit() -> None:
        for number in range(ROUNDS):
            scene.edit(account, email=f"a{number}@example.org")

    def push() -> None:
        for _ in range(ROUNDS):
            push_bindings(scene.hub, [binding.id], guard=allow)

    assert run_together(read, edit, push) == []
    assert count_deadlocks(scene) == 0
    scene.settle()
    ours, theirs = scene.reload(account), scene.erp.read("partner", partner["id"])
    assert (ours.phone, ours.email) == (f"021-{ROUNDS - 1}", f"a{ROUNDS - 1}@example.org")
    assert (theirs["phone"], theirs["email"]) == (ours.phone, ours.email)


@pytest.mark.parametrize("again", [False, True])
def test_what_crosses_is_ended_by_the_database_and_done_again(scene: Scene, again: bool):
    names = ["a", "b"]
    with scene.store.write() as tx:
        for name in names:
            tx.save(Setting(name=name, value=0))
    both = threading.Barrier(2)

    def cross(first: str, second: str) -> None:
        tries: list[int] = []

        def work(tx: UnitOfWork) -> None:
            tx.get(Setting, name=first, lock=True)
            if not tries:
                tries.append(1)
                both.wait(30)
            row = tx.get(Setting, name=second, lock=True)
            assert row is not None
            tx.save(row.model_copy(update={"value": row.value + 1}))

        if again:
            scene.store.carry_out(work)
            return
        with scene.store.write() as tx:
            work(tx)

    raised = run_together(lambda: cross("a", "b"), lambda: cross("b", "a"))
    assert [type(error) for error in raised] == ([] if again else [Deadlocked])
    with scene.store.read() as tx:
        done = sum(int(row.value) for row in tx.find(Setting, name__in=names))
    assert done == (2 if again else 1)


def test_a_page_takes_records_before_bindings(scene: Scene):
    """What made two workers lock each other up: a page that held the binding and waited for the record."""
    partner, _ = scene.make_customer(), scene.make_item()
    scene.clock.pass_time(scene.settings.lag_s)
    scene.pull("account", "product")
    account = scene.record_of("account", partner)
    waiting, free = threading.Event(), threading.Event()
    seen: list[bool] = []

    def hold() -> None:
        with scene.store.write() as tx:
            tx.hold(Account, [account.id])
            waiting.set()
            free.wait(30)
            # The page waits for the record by now: were the binding its own already, this would be a deadlock.
            seen.append(tx.get(Binding, hub_id=account.id, lock=True) is not None)

    def page() -> None:
        waiting.wait(30)
        scene.wang.edit("partner", partner["id"], phone="021-7")
        scene.clock.pass_time(scene.settings.lag_s)
        scene.pull("account")

    def release() -> None:
        waiting.wait(30)
        wait_for_lock(scene)
        free.set()

    assert run_together(hold, page, release) == []
    assert seen == [True]
    assert count_deadlocks(scene) == 0
    assert scene.reload(account).phone == "021-7"


def wait_for_lock(scene: Scene) -> None:
    """Until some transaction of this database waits for a lock."""
    question = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    for _ in range(3000):
        with scene.store.engine.connect() as connection:
            if connection.execute(question).scalar_one():
                return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waits")


def test_of_two_versions_of_something_new_the_newer_one_holds_whoever_is_faster(
    tmp_path: Path, postgres_server: PostgresServer
):
    """Two workers, and nothing in the database yet that either of them could lock."""
    world = ShopWorld(tmp_path, url=postgres_server.create_database("turns"))
    for number in range(12):
        older = world.keep(order(2, f"o{number}", note="older"))
        newer = world.keep(order(3, f"o{number}", note="newer"))
        gate = threading.Barrier(2)

        def take(ids: list[UUID], gate: threading.Barrier = gate) -> None:
            hub = world.make_hub()
            gate.wait(30)
            take_events(hub, ids, "test")
            hub.close()

        assert run_together(partial(take, older), partial(take, newer)) == []
    world.push(customer(1))
    assert Counter(found.note for found in world.all(Order)) == {"newer": 12}
    world.hub.close()
    world.store.close()
    postgres_server.drop_database("turns")
