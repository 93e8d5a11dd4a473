"""Payloads, numbers, leases and due bindings."""

from __future__ import annotations

import zlib
from datetime import timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event

from hub.protocol.binding import Binding, BindingState
from hub.store import Store
from hub.store.rows import Payload
from tests.store.samples import NOON, StillClock, make_binding

HOUR = timedelta(hours=1)
SALE = {"number": "SO1", "total": Decimal("113.10"), "lines": [{"name": "甲" * 200, "odd": "\ud800"}]}


# ---------------------------------------------------------------- payloads


def test_a_payload_is_kept_compressed_and_once(store: Store, clock: StillClock) -> None:
    with store.write() as tx:
        assert tx.put_payload("erp", "sale", "1", 7, SALE)
        assert not tx.put_payload("erp", "sale", "1", 8, dict(reversed(SALE.items())))
        assert tx.put_payload("erp", "sale", "2", None, SALE), "another record"
        found = tx.latest_payload("erp", "sale", "1")
        rows = tx.find(Payload, external_id="1")
    assert found == {**SALE, "total": "113.10"}
    assert len(rows) == 1
    assert len(rows[0].body) < 150 < len(zlib.decompress(rows[0].body))
    assert (rows[0].version, rows[0].at) == (7, clock.now())


def test_each_version_is_kept_and_the_newest_counts(store: Store, clock: StillClock) -> None:
    with store.write() as tx:
        for total in ("1", "2", "1"):
            assert tx.put_payload("erp", "sale", "1", 1, {"total": total}), "going back is a change too"
        assert tx.latest_payload("erp", "sale", "1") == {"total": "1"}
        assert tx.count(Payload) == 3
        assert tx.latest_payload("erp", "sale", "9") is None


def test_pruning_keeps_the_newest_and_the_young(store: Store, clock: StillClock) -> None:
    with store.write() as tx:
        for number in range(6):
            for external_id in "ab" if number < 4 else "a":
                tx.put_payload("erp", "sale", external_id, number, {"number": number})
            clock.move(3600)
        assert tx.prune_payloads(2, NOON + 3 * HOUR) == 5
        left = {name: [row.version for row in tx.find(Payload, external_id=name, order=["version"])] for name in "ab"}
        assert left == {"a": [3, 4, 5], "b": [2, 3]}
        assert tx.prune_payloads(2, NOON + 3 * HOUR) == 0


# ---------------------------------------------------------------- numbers and leases


def test_numbers_count_up_by_kind_and_prefix(store: Store) -> None:
    with store.write() as tx:
        assert [tx.next_number("order", "SO-", 4) for _ in range(3)] == ["SO-0001", "SO-0002", "SO-0003"]
        assert tx.next_number("order", "SX-", 1) == "SX-1"
        assert tx.next_number("account", "SO-", 2) == "SO-01"
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        assert tx.next_number("order", "SO-", 4) == "SO-0004"
        _ = 1 // 0
    with store.write() as tx:
        assert tx.next_number("order", "SO-", 4) == "SO-0004", "an undone transaction leaves no gap"


def test_a_lease_has_one_holder_and_a_rising_fence(store: Store, clock: StillClock) -> None:
    def acquire(holder: str) -> int | None:
        with store.write() as tx:
            lease = tx.acquire_lease("schedule", holder, clock.now() + HOUR)
        return None if lease is None else lease.fence

    assert acquire("a") == 1
    assert acquire("b") is None
    assert acquire("a") == 1, "prolonged"
    clock.move(3600)
    assert acquire("b") == 2
    assert acquire("a") is None
    with store.write() as tx:
        tx.release_lease("schedule", "a")
    assert acquire("a") is None, "only the holder gives it back"
    with store.write() as tx:
        tx.release_lease("schedule", "b")
    assert acquire("b") == 3, "whoever held it before may have been away in between"


# ---------------------------------------------------------------- due bindings


@pytest.mark.parametrize(
    ("values", "due"),
    [
        *(({"state": state}, True) for state in ("new", "sending", "unknown", "prepared", "reversing")),
        *(({"state": state}, False) for state in ("waiting", "bound", "tomb", "foreign")),
        *(({"state": state, "dirty": True}, True) for state in ("waiting", "bound")),
        *(({"state": state, "dirty": True}, False) for state in ("tomb", "foreign")),
        ({"parked": "push.rejected"}, False),
        ({"not_before": NOON}, True),
        ({"not_before": NOON + timedelta(microseconds=1)}, False),
        ({"lease_until": NOON}, True),
        ({"lease_until": NOON + timedelta(microseconds=1)}, False),
    ],
)
def test_which_bindings_are_due(store: Store, values: dict[str, Any], due: bool) -> None:
    with store.write() as tx:
        tx.insert(make_binding(tx, **{**values, "state": BindingState(values.get("state", "new"))}))
    with store.read() as tx:
        assert bool(tx.due_bindings(NOON, 10)) is due


def test_due_bindings_by_connection_and_kind_least_recently_touched_first(store: Store) -> None:
    with store.write() as tx:
        for name, connection, kind, age in [
            ("young", "erp", "order", 1),
            ("old", "erp", "order", 9),
            ("untouched", "erp", "account", None),
            ("other", "crm", "order", 5),
        ]:
            touched = None if age is None else NOON - age * HOUR
            tx.insert(make_binding(tx, remote_number=name, connection=connection, kind=kind, updated_at=touched))

        def ask(limit: int = 10, **limits: Any) -> list[str | None]:
            return [row.remote_number for row in tx.due_bindings(NOON, limit, **limits)]

        assert ask() == ["untouched", "old", "other", "young"]
        assert ask(2) == ["untouched", "old"]
        assert ask(connection="erp") == ["untouched", "old", "young"]
        assert ask(kinds=["order"]) == ["old", "other", "young"]
        assert ask(connection="erp", kinds=["order", "account"], limit=2) == ["untouched", "old"]
        assert ask(kinds=[]) == []


def test_due_bindings_are_found_by_index(store: Store) -> None:
    """With a great many quiet bindings, asking for the due ones must not read them all."""
    with store.write() as tx:
        for number in range(3000):
            tx.insert(make_binding(tx, state=BindingState.BOUND, remote_id=str(number)))
        for _ in range(3):
            tx.insert(make_binding(tx))
    asked: list[tuple[str, Any]] = []
    if store.engine.dialect.name == "postgresql":  # which does it by itself after a while
        with store.engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")

    @event.listens_for(store.engine, "before_cursor_execute")
    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    with store.read() as tx:
        assert len(tx.due_bindings(NOON, 10)) == 3
    statement, parameters = asked[-1]
    explain = "EXPLAIN QUERY PLAN " if store.engine.dialect.name == "sqlite" else "EXPLAIN "
    with store.engine.connect() as connection:
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(explain + statement, parameters))
    assert "SCAN binding" not in plan, plan
    assert "Seq Scan" not in plan, plan


def test_workers_on_postgresql_share_due_bindings(store: Store) -> None:
    if store.engine.dialect.name == "sqlite":
        with store.write() as tx:
            assert tx.find(Binding, lock=True, skip_locked=True) == [], "locking means nothing here, and harms nothing"
        return
    with store.write() as tx:
        for _ in range(4):
            tx.insert(make_binding(tx))
    taken: list[Binding] = []

    def take_two() -> None:
        with store.write() as other:
            taken.extend(other.due_bindings(NOON, 2))

    with store.write() as tx:
        mine = tx.due_bindings(NOON, 2)
        worker = Thread(target=take_two)
        worker.start()
        worker.join(20)
    assert len({row.id for row in [*mine, *taken]}) == 4
