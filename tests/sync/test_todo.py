"""Everything that waits for a person stands in one list, with money and a command."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigInvalid, NeedsConsent
from hub.locale import load_texts
from hub.store.rows import Orphan, SyncState
from hub.sync.bindings import add_binding
from hub.sync.context import OpenConnection
from hub.sync.pause import pause_all
from hub.sync.push import note_trouble
from hub.sync.records import create_record, edit_record, find_record, list_records, void_record
from hub.sync.todo import TodoItem, list_todo
from tests.sync.test_bindings import binding_of, make_approved_order, make_deleted_order, make_order, pull, push
from tests.sync.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def waits(world: World, *kinds: str) -> list[TodoItem]:
    return [item for item in list_todo(world.hub) if item.kind_of_wait in kinds]


def only(world: World, kind: str) -> TodoItem:
    (item,) = waits(world, kind)
    return item


def test_a_first_push_waits_for_a_plan_with_what_is_at_stake(world: World) -> None:
    make_order(world)
    item = next(item for item in waits(world, "plan") if item.kind == "order")
    assert (item.code, item.params["count"], item.command) == ("sync.plan_required", "1", "isthmus sync plan erp")
    assert (item.amount, item.currency) == (Decimal("28.25"), "CNY")


def test_a_draft_that_people_approve_is_only_counted(world: World) -> None:
    order = make_order(world)
    push(world)
    item = only(world, "approval")
    assert item.informational
    assert (item.number, item.amount, item.record_id) == (order.number, Decimal("28.25"), order.id)
    assert list_todo(world.hub)[-1] == item


def test_an_approval_taken_back_waits(world: World) -> None:
    _, sale = make_approved_order(world)
    world.wang.send_back(sale)
    pull(world, "order")
    push(world)
    item = only(world, "returned")
    assert (item.code, item.informational) == ("protocol.approval_taken_back", False)


def test_parked_and_held_say_the_command_that_settles(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "park"})
    order, _ = make_approved_order(world)
    edit_record(world.hub, "order", order.id, {"ordered_on": "2026-10-01"}, "test")
    push(world)
    item = only(world, "parked")
    assert item.code == "protocol.edit_of_locked"
    assert item.command == f"isthmus todo take {item.short} hub|remote"
    assert (item.params["fields"], item.amount) == ("ordered_on", Decimal("28.25"))


def test_a_held_field_names_the_state_there(world: World) -> None:
    order = make_order(world)
    push(world)
    world.wang.approve(binding_of(world, order).remote_id or "")
    void_record(world.hub, "order", order.id, "test")
    push(world)
    item = only(world, "held")
    assert (item.code, item.params["fields"], item.params["stage"]) == ("sync.held_void_refused", "state", "effective")


def test_a_customer_to_be_matched_waits_and_so_does_its_order(world: World) -> None:
    item = world.make_item()
    pull(world, "product")
    account = create_record(world.hub, "account", {"name": "新客户"}, "test")
    product = find_record(world.hub, "product", item["name"])
    line = {"product_id": str(product.id), "quantity": "1", "unit_price": "100"}
    create_record(world.hub, "order", {"account_id": str(account.id), "lines": [line]}, "test")
    push(world)
    order, customer = waits(world, "held")
    assert (order.code, order.amount) == ("sync.parent_waits", Decimal(100))
    assert order.command == f"isthmus record show account {account.id}"
    assert customer.code == "sync.needs_match"
    assert customer.command == f"isthmus binding add erp account {account.id} REMOTE"


def test_a_parent_that_is_only_late_waits_for_nobody(tmp_path: Path) -> None:
    world = World(tmp_path, syncs={"account": {"create": True}, "product": {}, "order": {}})
    item = world.make_item()
    pull(world, "product")
    account = create_record(world.hub, "account", {"name": "新客户"}, "test")
    product = find_record(world.hub, "product", item["name"])
    line = {"product_id": str(product.id), "quantity": "1", "unit_price": "100"}
    order = create_record(world.hub, "order", {"account_id": str(account.id), "lines": [line]}, "test")
    held = binding_of(world, order).model_copy(update={"held": {"*": "protocol.parent_missing"}})
    with world.store.write() as tx:
        tx.save(held)
    assert waits(world, "held") == []


def test_conflicts_dead_rows_and_reviews_are_listed(world: World) -> None:
    partner = world.make_customer(phone="1")
    pull(world, "account")
    account = find_record(world.hub, "account", partner["name"])
    edit_record(world.hub, "account", account.id, {"phone": "2"}, "test")
    world.wang.edit("partner", partner["id"], phone="3")
    twin = world.wang.create("partner", name="海岳精密北京分公司", tax_id=partner["tax_id"])
    pull(world, "account")
    conflict = only(world, "conflict")
    assert (conflict.code, conflict.params["fields"]) == ("sync.conflict_took_remote", "phone")
    review = only(world, "review")
    assert review.command == f"isthmus binding add erp account new {twin['id']}"
    bound = add_binding(world.hub, "erp", "account", "new", twin["id"], "li")
    assert bound.hub_id != account.id
    assert waits(world, "review") == []


def test_a_record_that_cannot_be_read_is_listed(world: World) -> None:
    (partner, item) = world.make_customer(), world.make_item()
    lines = [{"item": item["id"], "quantity": "1", "price": "5", "tax_percent": "300"}]
    sale = world.wang.create("sale", customer=partner["id"], lines=lines)
    pull(world)
    dead = only(world, "dead")
    assert (dead.kind, dead.remote_id) == ("order", sale["id"])
    assert dead.command == f"isthmus todo show {dead.short}"


@pytest.mark.parametrize("shape", ["rule", "mapping"])
def test_why_a_record_cannot_be_read_is_told_in_the_language_of_the_reader(world: World, shape: str) -> None:
    (partner, item) = world.make_customer(), world.make_item()
    tax = {"rule": "300", "mapping": "13"}[shape]
    lines = [{"item": item["id"], "quantity": "1", "price": "5", "tax_percent": tax}]
    sale = world.wang.create("sale", customer=partner["id"], lines=lines)
    if shape == "mapping":
        world.erp.mark(world.wang.approve(sale["id"])["id"], "wang", shipping="teleported")
    pull(world)
    dead = only(world, "dead")
    assert ("teleported" in dead.text("zh")) == (shape == "mapping")
    assert (dead.amount, dead.currency) == ({"rule": Decimal(20), "mapping": Decimal("5.65")}[shape], "CNY")
    assert re.search(ENGLISH, dead.text("en"))
    assert not re.search(ENGLISH, dead.text("zh")), dead.text("zh")


ENGLISH = r"[a-z]+ [a-z]+ [a-z]+"
"""Three words in a row."""


def test_a_parked_orphan_is_listed(world: World) -> None:
    order = make_order(world)
    binding = binding_of(world, order)
    orphan = Orphan(
        connection="erp", kind="order", remote_id="S9", binding_id=binding.id, state="parked",
        reason="sync.spare_touched", at=world.clock.now(),
    )  # fmt: skip
    with world.store.write() as tx:
        tx.insert(orphan)
    item = only(world, "orphan")
    assert (item.code, item.remote_id, item.amount) == ("sync.spare_touched", "S9", Decimal("28.25"))


def test_pauses_are_listed_with_the_command_that_goes_on(world: World) -> None:
    note_trouble(world.hub, "erp", NeedsConsent("sdk.refused_login", status=401, where="http://erp"))
    pause_all(world.hub, "li")
    found = {item.command: item.code for item in waits(world, "paused")}
    assert found == {"isthmus resume --all": "sync.all_paused", "isthmus connection resume erp": "sdk.refused_login"}


def test_most_money_comes_first_then_the_oldest(world: World) -> None:
    small, _ = make_deleted_order(world)
    world.clock.pass_time(60)
    line = {"product_id": str(small.lines[0].product_id), "quantity": "900", "unit_price": "12.50"}
    large = create_record(world.hub, "order", {"account_id": str(small.account_id), "lines": [line]}, "test")
    push(world)
    world.wang.delete("sale", binding_of(world, large).remote_id or "")
    edit_record(world.hub, "order", large.id, {"note": "x"}, "test")
    push(world)
    account = create_record(world.hub, "account", {"name": "无钱"}, "test")
    push(world)
    ranked = [item.record_id for item in waits(world, "parked", "held")]
    assert ranked == [large.id, small.id, account.id]


def test_one_connection_can_be_asked_for(world: World) -> None:
    make_order(world)
    assert list_todo(world.hub, connection="erp")
    assert list_todo(world.hub, connection="other") == []


def test_a_connection_that_cannot_be_opened_is_named(world: World) -> None:
    def refuse(name: str) -> OpenConnection:
        raise ConfigInvalid("sync.stream_unknown", connection=name, kind="order", stream="sales")

    with world.store.write() as tx:
        for kind in world.config.connections["erp"].syncs:
            tx.save(SyncState(connection="erp", kind=kind, accepted_settings="as it was"))
    hub = world.make_hub()
    hub.opener = refuse
    (item,) = list_todo(hub)
    assert (item.kind_of_wait, item.code, item.command) == (
        "setup", "sync.stream_unknown", "isthmus connection check erp",
    )  # fmt: skip


def test_the_list_is_the_same_on_every_database(tmp_path: Path, database_url: str) -> None:
    world = World(tmp_path, url=database_url)
    make_approved_order(world)
    order = make_order_like(world)
    void_record(world.hub, "order", order.id, "test")
    push(world)
    assert [(item.kind_of_wait, item.kind) for item in list_todo(world.hub)] == [
        ("held", "order"), ("plan", "account"), ("plan", "order"), ("plan", "product"),
    ]  # fmt: skip
    world.store.close()


def make_order_like(world: World) -> Any:
    """Another order on the same customer and item, approved there without our knowledge."""
    (first,) = list_records(world.hub, "order")
    line = {"product_id": str(first.lines[0].product_id), "quantity": "1", "unit_price": "1"}  # type: ignore[attr-defined]
    account = str(first.account_id)  # type: ignore[attr-defined]
    order = create_record(world.hub, "order", {"account_id": account, "lines": [line]}, "test")
    push(world)
    world.wang.approve(binding_of(world, order).remote_id or "")
    return order


def test_every_entry_reads_as_a_sentence_in_both_languages(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "park"})
    order, _ = make_approved_order(world)
    edit_record(world.hub, "order", order.id, {"ordered_on": "2026-10-01"}, "test")
    partner = world.wang.create("partner", name="甲", phone="1")
    account = create_record(world.hub, "account", {"name": "甲", "phone": "2"}, "test")
    create_record(world.hub, "account", {"name": "乙"}, "test")
    add_binding(world.hub, "erp", "account", str(account.id), partner["id"], "li")
    push(world)
    pause_all(world.hub, "li")
    items = list_todo(world.hub)
    assert {item.kind_of_wait for item in items} >= {"parked", "held", "plan", "paused"}
    for lang in ("en", "zh"):
        for item in items:
            assert item.code in load_texts(lang)
            assert "{" not in item.text(lang), item.code
        assert datetime(2026, 1, 1, tzinfo=UTC) < (items[0].since or datetime.max.replace(tzinfo=UTC))
