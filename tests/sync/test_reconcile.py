"""What both sides have, counted and added up; every difference is explained or named."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from hub.errors import ConfigInvalid
from hub.sync.reconcile import reconcile
from hub.sync.records import create_record, edit_record, void_record
from hub.sync.tallies import ReconcileRow
from tests.sync.test_bindings import binding_of, make_approved_order, make_order, pull, push
from tests.sync.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


ZERO = Decimal(0)


def orders(world: World, currency: str = "CNY") -> ReconcileRow:
    found = {row.currency: row for row in reconcile(world.hub, "erp", ["order"]).rows}
    row = found[currency]
    assert row.unexplained_sum == row.hub_sum - row.remote_sum - row.waiting_sum
    return row


def add_order(world: World, like: object, quantity: str, currency: str = "CNY") -> object:
    line = {"product_id": str(like.lines[0].product_id), "quantity": quantity, "unit_price": "0.1"}  # type: ignore[attr-defined]
    values = {"account_id": str(like.account_id), "lines": [line], "currency": currency}  # type: ignore[attr-defined]
    if currency != "CNY":
        values["rate"] = "7"
    return create_record(world.hub, "order", values, "test")


def test_what_was_pushed_agrees(world: World) -> None:
    make_order(world)
    push(world)
    row = orders(world)
    assert (row.hub_count, row.remote_count, row.waiting_count) == (1, 1, 0)
    assert (row.hub_sum, row.remote_sum) == (Decimal("28.25"), Decimal("28.25"))
    assert (row.unexplained_count, row.unexplained_sum, row.unexplained) == (0, ZERO, ())


def test_what_is_not_yet_pushed_waits(world: World) -> None:
    first = make_order(world)
    push(world)
    add_order(world, first, "3")
    add_order(world, first, "7", currency="USD")
    row = orders(world)
    assert (row.hub_count, row.remote_count, row.waiting_here) == (2, 1, 1)
    assert (row.waiting_sum, row.unexplained_sum) == (Decimal("0.3"), ZERO)
    dollars = orders(world, "USD")
    assert (dollars.hub_sum, dollars.waiting_sum, dollars.unexplained_sum) == (Decimal("0.7"), Decimal("0.7"), ZERO)


def test_a_change_there_that_nobody_told_is_unexplained(world: World) -> None:
    order = make_order(world)
    push(world)
    pull(world, "order")
    sale = world.erp.read("sale", binding_of(world, order).remote_id or "")
    world.wang.edit_line(sale["id"], sale["lines"][0]["id"], quantity="4")
    row = orders(world)
    assert (row.unexplained_count, row.unexplained_sum) == (0, Decimal("-28.25"))
    assert row.unexplained == (order.number,)


def test_a_document_that_nobody_told_is_unexplained(world: World) -> None:
    make_order(world)
    push(world)
    (partner,), (item,) = world.erp.documents("partner"), world.erp.documents("item")
    lines = [{"item": item["id"], "quantity": "1", "price": "5"}]
    sale = world.wang.create("sale", customer=partner["id"], lines=lines)
    row = orders(world)
    assert (row.unexplained_count, row.unexplained_sum, row.unexplained) == (-1, Decimal(-5), (sale["number"],))
    pull(world, "order")
    assert orders(world).unexplained == ()


def test_differences_that_cancel_out_are_still_named(world: World) -> None:
    order = make_order(world)
    push(world)
    (partner,), (item,) = world.erp.documents("partner"), world.erp.documents("item")
    lines = [{"item": item["id"], "quantity": "1", "price": "28.25"}]
    world.wang.delete("sale", binding_of(world, order).remote_id or "")
    sale = world.wang.create("sale", customer=partner["id"], lines=lines)
    row = orders(world)
    assert (row.unexplained_count, row.unexplained_sum) == (0, ZERO)
    assert set(row.unexplained) == {sale["number"], order.number}


def test_an_edit_that_is_held_waits(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "park"})
    order, _ = make_approved_order(world)
    push(world)
    lines = [{**line.model_dump(mode="json"), "quantity": "10"} for line in order.lines]
    bare = [{name: line[name] for name in line if name not in ("net", "tax", "gross")} for line in lines]
    edit_record(world.hub, "order", order.id, {"lines": bare}, "test")
    push(world)
    row = orders(world)
    assert (row.waiting_count, row.waiting_here, row.waiting_there) == (1, 0, 0)
    assert (row.waiting_sum, row.unexplained_sum) == (Decimal("113.00"), ZERO)


def test_void_documents_count_on_neither_side(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "free"})
    order, _ = make_approved_order(world)
    void_record(world.hub, "order", order.id, "test")
    row = orders(world)
    assert (row.hub_count, row.remote_count, row.waiting_there, row.unexplained_sum) == (0, 1, 1, ZERO)
    push(world)
    assert reconcile(world.hub, "erp", ["order"]).rows == []


def test_what_cannot_be_read_waits(world: World) -> None:
    (partner, item) = world.make_customer(), world.make_item()
    lines = [{"item": item["id"], "quantity": "1", "price": "5", "tax_percent": "300"}]
    world.wang.create("sale", customer=partner["id"], lines=lines)
    pull(world)
    row = orders(world)
    assert (row.hub_count, row.remote_count, row.waiting_there, row.unexplained) == (0, 1, 1, ())
    assert (row.waiting_sum, row.unexplained_sum, row.unexplained_count) == (Decimal(-20), ZERO, 0)


def test_parties_are_counted_without_money(world: World) -> None:
    make_order(world)
    create_record(world.hub, "account", {"name": "新客户"}, "test")
    rows = {row.kind: row for row in reconcile(world.hub, "erp").rows}
    account = rows["account"]
    assert (account.currency, account.hub_count, account.remote_count, account.waiting_here) == (None, 2, 1, 1)
    assert (account.unexplained_count, account.hub_sum) == (0, ZERO)
    with pytest.raises(ConfigInvalid):
        reconcile(world.hub, "erp", ["contact"])
