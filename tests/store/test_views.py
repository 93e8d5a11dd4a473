"""What an analyst sees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import text

from hub.store import Store
from hub.store.views import list_views
from tests.store.samples import NOON, StillClock, make_order


def query(store: Store, sql: str) -> list[dict[str, Any]]:
    with store.engine.connect() as connection:
        return [dict(row) for row in connection.execute(text(sql)).mappings()]


def test_the_same_sql_gives_the_same_answer_on_both_databases(store: Store, clock: StillClock) -> None:
    clock.move(0.25)
    with store.write() as tx:
        order = tx.save_record(make_order(tx, number="SO-1", gross="-1234567.891", rate=Decimal("0.1387")))
        gone = tx.save_record(make_order(tx, number="SO-2"))
        tx.save_record(gone.model_copy(update={"deleted_at": NOON}))
    found = query(store, "SELECT number, gross, net, rate, state, ordered_on FROM v_order")
    assert [{**row, "ordered_on": str(row["ordered_on"])} for row in found] == [
        {
            "number": "SO-1",
            "gross": "-1234567.891000",
            "net": "0.000000",
            "rate": "0.1387000000",
            "state": "draft",
            "ordered_on": "2025-02-28",
        }
    ]
    lines = query(store, 'SELECT o.number, l.position, l."key", l.unit_price FROM v_order o JOIN v_order_line l '
                         "ON l.order_id = o.id ORDER BY l.position")  # fmt: skip
    assert [tuple(row.values()) for row in lines] == [
        ("SO-1", 0, "l0", "9.990000"),
        ("SO-1", 1, "l1", "9.990000"),
    ], "lines of deleted orders are left out"
    assert [str(row["id"]) for row in query(store, "SELECT id FROM v_order")] == [str(order.id)]


def test_instants_can_be_read(store: Store, clock: StillClock) -> None:
    clock.move(0.25)
    with store.write() as tx:
        tx.save_record(make_order(tx))
    shown = query(store, "SELECT created_at, deleted_at FROM v_order")[0]
    assert str(shown["created_at"]).replace(" ", "T")[:23] == "2025-03-01T12:00:00.250"
    assert shown["deleted_at"] is None


def test_small_negative_and_missing_values(store: Store) -> None:
    with store.write() as tx:
        tx.save_record(make_order(tx, number="x", gross="-0.000001"))
    assert query(store, "SELECT gross FROM v_order")[0]["gross"] == "-0.000001"


def test_there_is_a_view_for_every_kind_and_its_lines(store: Store) -> None:
    names = {name for name, _ in list_views(store.engine.dialect)}
    assert {"v_order", "v_order_line", "v_account", "v_account_identifier", "v_user", "v_contact_link"} <= names
    for name in names:
        assert query(store, f"SELECT * FROM {name}") == []
