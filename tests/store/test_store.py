"""Transactions: how they begin, end, and are abandoned."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from hub.errors import ConfigInvalid, OutcomeUnknown, Transient
from hub.store import Store, UnitOfWork
from hub.store.rows import Setting
from tests.store.samples import StillClock, open_store


def names(store: Store) -> list[str]:
    with store.read() as tx:
        return [row.name for row in tx.find(Setting, order=["name"])]


def test_a_block_that_raises_is_undone(store: Store) -> None:
    with pytest.raises(KeyboardInterrupt), store.write() as tx:
        tx.save(Setting(name="a", value=1))
        raise KeyboardInterrupt
    assert names(store) == []
    with store.write() as tx:
        tx.save(Setting(name="b", value=1))
    assert names(store) == ["b"]


def test_a_rehearsal_sees_its_own_writes_and_leaves_none(store: Store) -> None:
    with store.rehearse() as tx:
        tx.save(Setting(name="a", value=1))
        assert tx.count(Setting) == 1
    assert names(store) == []
    with pytest.raises(ZeroDivisionError), store.rehearse() as tx:
        _ = 1 // 0
    with store.write() as tx:
        tx.save(Setting(name="b", value=1))
    assert names(store) == ["b"]


def test_units_of_work_do_not_nest(store: Store) -> None:
    with store.write(), pytest.raises(RuntimeError, match="nest"), store.read():
        pass
    with store.write() as tx:
        tx.save(Setting(name="a", value=1))
    assert names(store) == ["a"]


def test_a_snapshot_stands_still_and_is_not_written(store: Store) -> None:
    def write_elsewhere() -> None:
        with store.write() as tx:
            tx.save(Setting(name="b", value=1))

    with store.read() as snapshot:
        assert snapshot.count(Setting) == 0
        writer = threading.Thread(target=write_elsewhere)
        writer.start()
        writer.join()
        assert snapshot.count(Setting) == 0
        for forbidden in (
            lambda tx: tx.save(Setting(name="c", value=1)),
            lambda tx: tx.insert(Setting(name="c", value=1)),
            lambda tx: tx.delete(Setting),
            lambda tx: tx.find(Setting, lock=True),
            lambda tx: tx.next_number("order", "SO", 3),
        ):
            with pytest.raises(RuntimeError, match="write"):
                forbidden(snapshot)
    assert names(store) == ["b"]


def test_an_abandoned_transaction_leaves_nothing_and_blocks_nobody(store: Store) -> None:
    """As when a worker is killed: its thread stands still for ever inside the block, its connection is dropped."""
    inside, never = threading.Event(), threading.Event()

    def hang(tx: UnitOfWork) -> None:
        tx.save(Setting(name="half", value=1))
        inside.set()
        never.wait(60)

    failed: list[BaseException] = []

    def work() -> None:
        try:
            with store.write() as tx:
                hang(tx)
        except Transient as error:
            failed.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    assert inside.wait(10)
    store.abandon_transactions()
    with store.write() as tx:
        tx.save(Setting(name="next", value=1))
    assert names(store) == ["next"]
    never.set()
    worker.join(10)
    assert failed, "a worker that wakes up again is told that nothing was committed"
    assert names(store) == ["next"]


def test_a_thread_that_died_inside_leaves_the_store_usable(store: Store) -> None:
    with pytest.raises(GeneratorExit), store.write() as tx:
        tx.save(Setting(name="half", value=1))
        raise GeneratorExit
    assert names(store) == []


def test_ids_sort_in_the_order_they_were_made(store: Store, clock: StillClock) -> None:
    made = []
    for step in range(2000):
        made.append(store.make_id())
        if step % 100 == 0:
            clock.move(0.0004)
        if step == 1000:
            clock.move(-1)
    assert made == sorted(set(made))
    assert {id_.version for id_ in made} == {7}


def test_ids_come_from_the_random_source_that_was_handed_in() -> None:
    def open_seeded() -> Store:
        return Store.open("sqlite://", clock=StillClock(), random_bits=lambda bits: (1 << bits) - 5)

    with open_seeded() as one, open_seeded() as other:
        assert [one.make_id() for _ in range(20)] == [other.make_id() for _ in range(20)]


def test_migrating_again_changes_nothing(store: Store) -> None:
    with store.write() as tx:
        tx.save(Setting(name="a", value=1))
    store.migrate()
    store.check()
    assert names(store) == ["a"]


def test_an_empty_or_strange_database_is_named(database_url: str) -> None:
    with Store.open(database_url, clock=StillClock()) as store:
        with pytest.raises(ConfigInvalid) as missing:
            store.check()
        assert missing.value.code == "store.schema_missing"
        store.migrate()
        store.check()
        with store.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(ConfigInvalid) as differs:
            store.check()
        assert differs.value.params == {"found": "9999", "wanted": "0002"}


def test_looking_makes_no_file(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/none.sqlite", clock=StillClock()) as store, pytest.raises(ConfigInvalid):
        store.check()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense", "sqlite:////no/such/folder/hub.sqlite", ""])
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ConfigInvalid):
        Store.open(url, clock=StillClock())


def test_a_server_that_is_away_is_transient() -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    with Store.open(url, clock=StillClock()) as store, pytest.raises(Transient) as away, store.write():
        pass
    assert away.value.code == "store.unreachable"


def test_temporary_databases_are_apart_and_leave_nothing() -> None:
    with open_store("sqlite://") as one, open_store("sqlite://") as other:
        with one.write() as tx:
            tx.save(Setting(name="a", value=1))
        assert names(one) == ["a"]
        assert names(other) == []
        file = Path(str(one.engine.url.database))
        assert file.exists()
    assert not file.exists()
    with open_store("sqlite://") as next_one:
        assert names(next_one) == []


def test_who_waits_too_long_is_told_and_nothing_is_changed(tmp_path: Path) -> None:
    """Within a process it is the turn that is waited for, between processes SQLite's own lock."""
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    with open_store(url) as one, Store.open(url, clock=StillClock(), busy_timeout_s=0.05) as other:
        failed: list[Transient] = []

        def write_beside(name: str) -> None:
            try:
                with other.write() as tx:
                    tx.save(Setting(name=name, value=1))
                    if name == "holds":
                        again = threading.Thread(target=write_beside, args=["waits for the turn"])
                        again.start()
                        again.join()
            except Transient as error:
                failed.append(error)

        with one.write() as tx:
            tx.save(Setting(name="first", value=1))
            worker = threading.Thread(target=write_beside, args=["waits for the lock"])
            worker.start()
            worker.join()
        write_beside("holds")
        assert [error.code for error in failed] == ["store.busy", "store.busy"]
        assert names(one) == ["first", "holds"]


def test_a_commit_that_nobody_answered_is_unknown(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        return  # no server that could go away
    with pytest.raises(OutcomeUnknown) as unknown, store.write() as tx:
        tx.save(Setting(name="a", value=1))
        _end_other_connections(store)
    assert unknown.value.code == "store.commit_unknown"
    with pytest.raises(Transient), store.write() as tx:
        _end_other_connections(store)
        tx.save(Setting(name="b", value=1))
    assert names(store) == [], "the store goes on with a new connection"


def _end_other_connections(store: Store) -> None:
    with store.engine.connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_sqlite_is_opened_for_safety(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/hub.sqlite", durable=True) as store, store.engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 30_000]
