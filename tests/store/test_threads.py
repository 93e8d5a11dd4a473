"""Nothing is lost when several threads write at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hub.errors import Stale
from hub.model.sales import Order
from hub.protocol.binding import Binding
from hub.store import Store
from hub.store.rows import Setting
from tests.store.samples import make_binding, make_order, open_store

THREADS = 4
ROUNDS = 150


def in_threads(work: Callable[[int], object]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))


def test_read_then_write_loses_no_update(store: Store) -> None:
    """600 transactions that read a counter and write it back: the driver's default ends at 150 on SQLite."""
    with store.write() as tx:
        tx.insert(binding := make_binding(tx))

    def count(_: int) -> None:
        for _ in range(ROUNDS):
            with store.write() as tx:
                read = tx.get(Binding, id=binding.id, lock=True)
                assert read is not None
                tx.save(read.model_copy(update={"attempts": read.attempts + 1}))

    in_threads(count)
    with store.read() as tx:
        found = tx.get(Binding, id=binding.id)
    assert found is not None
    assert found.attempts == THREADS * ROUNDS


def test_optimistic_edits_are_refused_rather_than_lost(store: Store) -> None:
    """Read in one transaction, write in the next: whoever was overtaken is told, reads again, and nothing is lost."""
    with store.write() as tx:
        order = tx.save_record(make_order(tx))
    refused = []

    def edit(worker: int) -> None:
        done = 0
        while done < 25:
            with store.read() as tx:
                read = tx.get(Order, id=order.id)
            assert read is not None
            try:
                with store.write() as tx:
                    tx.save_record(read.model_copy(update={"note": read.note + str(worker)}))
                done += 1
            except Stale:
                refused.append(worker)

    in_threads(edit)
    with store.read() as tx:
        found = tx.get(Order, id=order.id)
    assert found is not None
    assert sorted(found.note) == sorted("0123" * 25)
    assert found.revision == 1 + THREADS * 25


def test_every_thread_gets_numbers_of_its_own(store: Store) -> None:
    taken: list[str] = []

    def take(_: int) -> None:
        for _ in range(40):
            with store.write() as tx:
                number = tx.next_number("order", "SO", 4)
            taken.append(number)

    in_threads(take)
    assert sorted(taken) == [f"SO{number:04d}" for number in range(1, THREADS * 40 + 1)]


def test_one_thread_at_a_time_holds_a_lease(store: Store) -> None:
    def acquire(worker: int) -> bool:
        with store.write() as tx:
            return tx.acquire_lease("sweep", f"worker {worker}", store_end) is not None

    from tests.store.samples import NOON

    store_end = NOON.replace(hour=13)
    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(acquire, range(THREADS))) == 1


@pytest.fixture
def two_stores(tmp_path: Path) -> Iterator[tuple[Store, Store]]:
    """One SQLite file opened twice, so that only SQLite's own lock stands between the writers."""
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    with open_store(url) as one, open_store(url) as other:
        yield one, other


def test_two_stores_on_one_file_lose_nothing(two_stores: tuple[Store, Store]) -> None:
    with two_stores[0].write() as tx:
        tx.save(Setting(name="count", value=0))

    def count(worker: int) -> None:
        for _ in range(50):
            with two_stores[worker % 2].write() as tx:
                read = tx.get(Setting, name="count")
                assert read is not None
                tx.save(Setting(name="count", value=read.value + 1))

    in_threads(count)
    with two_stores[0].read() as tx:
        found = tx.get(Setting, name="count")
    assert found is not None
    assert found.value == THREADS * 50
