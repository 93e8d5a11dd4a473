"""Conditions, order and limits give the same rows on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from hub.model.party import Account, Identifier, IdentifierKind
from hub.model.sales import Order, OrderState
from hub.protocol.binding import Binding, BindingState
from hub.store import Store
from tests.store.samples import NOON, make_binding, make_order, open_store


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({}, "abcd"),
        ({"remote_id": "A%1"}, "a"),
        ({"remote_id": None}, "d"),
        ({"remote_id__null": True}, "d"),
        ({"remote_id__null": False}, "abc"),
        ({"remote_id__ne": "A%1"}, "bcd"),
        ({"remote_id__ne": None}, "abc"),
        ({"remote_id__prefix": "A%"}, "a"),
        ({"remote_id__prefix": "a"}, "b"),
        ({"remote_id__prefix": ""}, "abc"),
        ({"remote_id__in": ["A%1", "a_2"]}, "ab"),
        ({"remote_id__in": []}, ""),
        ({"state": BindingState.BOUND}, "bc"),
        ({"state": "bound"}, "bc"),
        ({"state__in": [BindingState.NEW, "bound"], "dirty": True}, "b"),
        ({"attempts__lt": 2}, "ab"),
        ({"attempts__le": 2}, "abc"),
        ({"attempts__gt": 2}, "d"),
        ({"attempts__ge": 2}, "cd"),
        ({"not_before__le": NOON}, "ab"),
        ({"not_before__gt": NOON, "attempts__ne": 3}, "c"),
    ],
)
def test_conditions(store: Store, where: dict[str, Any], expected: str) -> None:
    with store.write() as tx:
        for number, (name, remote_id, state) in enumerate(
            [("a", "A%1", "new"), ("b", "a_2", "bound"), ("c", "C3", "bound"), ("d", None, "tomb")]
        ):
            later = NOON + timedelta(seconds=number - 1)
            binding = make_binding(tx, remote_number=name, remote_id=remote_id, attempts=number, not_before=later)
            tx.insert(binding.model_copy(update={"state": BindingState(state), "dirty": name == "b"}))
    with store.read() as tx:
        assert "".join(row.remote_number or "" for row in tx.find(Binding, order=["id"], **where)) == expected
        assert tx.count(Binding, **where) == len(expected)


def test_the_start_of_an_id_finds_its_row(store: Store) -> None:
    with store.write() as tx:
        tx.insert(binding := make_binding(tx))
        assert tx.find(Binding, id__prefix=str(binding.id)[:13]) == [binding]
        assert tx.find(Binding, id__prefix="ffffffff") == []


def test_null_is_the_smallest_value(store: Store) -> None:
    with store.write() as tx:
        for name in ("b", None, "a"):
            tx.insert(make_binding(tx, remote_id=name))
        assert [row.remote_id for row in tx.find(Binding, order=["remote_id"])] == [None, "a", "b"]
        assert [row.remote_id for row in tx.find(Binding, order=["-remote_id"])] == ["b", "a", None]
        assert [row.remote_id for row in tx.find(Binding, order=["-remote_id"], limit=2)] == ["b", "a"]
        assert tx.find(Binding, limit=0) == []


@pytest.mark.parametrize("where", [{"colour": 1}, {"state__like": "b%"}, {"state__none": True}])
def test_a_question_that_cannot_be_asked_is_a_mistake(store: Store, where: dict[str, Any]) -> None:
    with store.read() as tx, pytest.raises(TypeError):
        tx.find(Binding, **where)


def test_get_wants_one_row(store: Store) -> None:
    with store.write() as tx:
        tx.insert(first := make_binding(tx, remote_id="1"))
        tx.insert(make_binding(tx, remote_id="2"))
        assert tx.get(Binding, connection="erp", kind="order", remote_id="1") == first
        assert tx.get(Binding, connection="erp", remote_id="3") is None
        with pytest.raises(ValueError, match="several"):
            tx.get(Binding, connection="erp")


def test_deleted_records_are_hidden_unless_wanted(store: Store) -> None:
    with store.write() as tx:
        order = tx.save_record(make_order(tx))
        gone = tx.save_record(order.model_copy(update={"deleted_at": NOON}))
        assert tx.find(Order) == []
        assert tx.count(Order) == 0
        assert tx.sum_amounts(Order, "gross") == []
        assert tx.find(Order, with_deleted=True) == [gone]
        assert tx.count(Order, with_deleted=True) == 1
        assert tx.get(Order, id=order.id) == gone, "a tombstone must be found, or the record would be made again"


def test_accounts_are_found_by_identifier(store: Store) -> None:
    def make_account(name: str, *values: str) -> Account:
        identifiers = (
            Identifier(key=str(number), kind=IdentifierKind.USCC, value=value) for number, value in enumerate(values)
        )
        return tx.save_record(Account(id=tx.make_id(), name=name, identifiers=tuple(identifiers)))

    with store.write() as tx:
        first, second = make_account("甲", "91A", "91B"), make_account("乙", "91B")
        make_account("丙")
        assert tx.find_by_line(Account, "identifiers", kind=IdentifierKind.USCC, value="91B") == [first, second]
        assert tx.find_by_line(Account, "identifiers", kind=IdentifierKind.VAT, value="91B") == []
        assert tx.find_by_line(Account, "identifiers", value="91A") == [first]


@pytest.mark.parametrize("name", ["remote_id", "hub_id"])
def test_a_question_about_many_looks_into_an_index(name: str) -> None:
    """SQLite looked through every row of the kind, page by page, for as long as the condition was compared with 1."""
    where = {"kind": "order", f"{name}__in": [UUID(int=1)]} | ({"connection": "erp"} if name == "remote_id" else {})
    with open_store("sqlite://") as store, store.read() as tx:
        asked: list[tuple[str, Any]] = []
        event.listen(store.engine, "before_cursor_execute", lambda *call: asked.append((call[2], call[3])))
        tx.pluck(Binding, ("id",), **where)
        ((text, params),) = asked
        plan = tx._connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", params).all()
    assert any(f"{name}=?" in row[3] for row in plan), plan


def test_more_records_than_one_statement_takes(store: Store) -> None:
    with store.write() as tx:
        for _ in range(1100):
            tx.insert(make_order(tx, lines=1, state=OrderState.DRAFT))
        assert sum(len(order.lines) for order in tx.find(Order)) == 1100
