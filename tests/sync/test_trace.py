"""The story of one record, by any of its numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import ConfigInvalid, NotFound
from hub.locale import load_texts
from hub.store.event_rows import Event
from hub.sync.bindings import settle_binding
from hub.sync.records import create_record, edit_record, find_record
from hub.sync.trace import TraceEvent, list_matches, trace_number
from tests.sync.scenes import Scene
from tests.sync.test_bindings import (
    binding_of,
    make_approved_order,
    make_deleted_order,
    make_order,
    pull,
    push,
    reload,
)
from tests.sync.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def words(events: tuple[TraceEvent, ...]) -> list[str]:
    return [event.what for event in events]


def in_order(wanted: list[str], events: tuple[TraceEvent, ...]) -> bool:
    """Whether the wanted words come in this order, others between them."""
    rest = iter(words(events))
    return all(word in rest for word in wanted)


def test_an_order_is_followed_from_here_to_its_approval_there(world: World) -> None:
    order, _ = make_approved_order(world)
    view = trace_number(world.hub, order.number)
    assert view.record is not None
    assert view.record.id == order.id
    assert in_order(["created", "sent", "answered", "read_back", "approved_there"], view.events), words(view.events)
    sent = next(event for event in view.events if event.what == "sent")
    assert (sent.detail["op"], sent.connection) == ("create", "erp")
    assert list(view.events) == sorted(view.events, key=lambda event: event.at)


def test_the_number_there_and_the_id_there_tell_the_same(world: World) -> None:
    order, sale = make_approved_order(world)
    there = world.erp.read("sale", sale)["number"]
    expected = trace_number(world.hub, order.number)
    assert trace_number(world.hub, there, "order") == expected
    assert trace_number(world.hub, sale) == expected
    assert trace_number(world.hub, str(order.id)) == expected
    with pytest.raises(NotFound):
        trace_number(world.hub, "SO-9999")


def test_a_lost_answer_and_what_was_found_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    order = make_order(world)
    world.faults.order_next("lost_after")
    push(world)
    view = trace_number(world.hub, order.number)
    assert in_order(["sent", "no_answer", "found_again"], view.events), words(view.events)
    assert len(world.erp.documents("sale")) == 1


def test_a_conflict_and_who_decided(world: World) -> None:
    partner = world.make_customer(phone="1")
    pull(world, "account")
    account = find_record(world.hub, "account", partner["name"])
    edit_record(world.hub, "account", account.id, {"phone": "2"}, "cli:li")
    world.wang.edit("partner", partner["id"], phone="3")
    pull(world, "account")
    settle_binding(world.hub, binding_of(world, account).id, "hub", "cli:li")
    view = trace_number(world.hub, partner["name"])
    assert in_order(["seen", "taken_in", "edited", "conflict", "settled"], view.events), words(view.events)
    decided = next(event for event in view.events if event.what == "decided")
    assert decided.detail == {"field": "phone", "took": "hub", "actor": "cli:li"}


def test_what_stands_in_the_way_is_last(world: World) -> None:
    order, _ = make_deleted_order(world)
    view = trace_number(world.hub, order.number)
    parked = view.events[-1]
    assert (parked.what, parked.detail["code"]) == ("parked", "protocol.deleted_there")


def test_every_event_has_a_sentence_in_both_languages(world: World) -> None:
    order, _ = make_deleted_order(world)
    settle_binding(world.hub, binding_of(world, order).id, "remote", "li")
    for lang in ("en", "zh"):
        for event in trace_number(world.hub, order.number).events:
            assert f"sync.trace_{event.what}" in load_texts(lang)
            assert "{" not in event.text(lang)


def test_the_plan_the_run_and_the_mapping_are_told(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    order = scene.make_order()
    scene.accept()
    scene.settle(1)
    view = trace_number(scene.hub, order.number)
    assert in_order(["created", "planned", "plan_accepted", "sent", "answered", "read_back", "mapped"], view.events)
    told = {event.what: event.text("en") for event in view.events}
    assert "li, run 1" in told["sent"]
    assert "made by li: create" in told["planned"]
    assert "sale/S" in told["mapped"]


def test_several_that_fit_are_listed(world: World) -> None:
    order = make_order(world, reference="4711")
    other = create_record(world.hub, "order", {"account_id": order.account_id, "lines": [], "reference": "4711"}, "li")
    assert {record.id for record in list_matches(world.hub, "4711")} == {order.id, other.id}
    with pytest.raises(ConfigInvalid) as caught:
        trace_number(world.hub, "4711")
    assert str(order.id) in caught.value.text()
    assert list_matches(world.hub, order.number) == [reload(world, order)]


def test_what_hangs_on_an_order_is_told_with_it(world: World) -> None:
    order = make_order(world)
    invoice = create_record(
        world.hub, "invoice",
        {"account_id": order.account_id, "lines": [{"order_id": str(order.id), "quantity": "1", "unit_price": "9"}]},
        "li",
    )  # fmt: skip
    allocation = {"target": "invoice", "invoice_id": str(invoice.id), "amount": "4"}
    payment = create_record(
        world.hub, "payment", {"account_id": order.account_id, "amount": "4", "allocations": [allocation]}, "wang"
    )
    view = trace_number(world.hub, order.number)
    assert {child.id for child in view.hanging} == {invoice.id, payment.id}
    about = {event.about for event in view.events}
    assert about == {"", f"invoice {invoice.number}", f"payment {payment.number}"}  # type: ignore[attr-defined]
    assert any("wang" in event.text("zh") for event in view.events if event.about.startswith("payment"))
    assert list(view.events) == sorted(view.events, key=lambda event: event.at)


def test_what_was_never_taken_in_is_told_by_its_id_there(world: World) -> None:
    partner, item = world.make_customer(), world.make_item()
    lines = [{"item": item["id"], "quantity": "1", "price": "5", "tax_percent": "300"}]
    sale = world.wang.create("sale", customer=partner["id"], lines=lines)
    pull(world)
    view = trace_number(world.hub, sale["id"])
    assert (view.record, view.label) == (None, sale["id"])
    assert words(view.events) == ["seen", "not_taken_in"]


def test_calls_that_spoke_of_it_are_told(world: World) -> None:
    order = make_order(world)
    done = {"kind": "order", "external_id": "S1", "outcome": "updated", "record_id": str(order.id)}
    at = world.clock.now()
    with world.store.write() as tx:
        for key, outcomes in (("evt_1", [done]), ("evt_2", [{**done, "record_id": None, "external_id": "S9"}])):
            tx.insert(
                Event(
                    id=tx.make_id(), connection="erp", key=key, received_at=at, done_at=at, state="done",
                    outcomes=outcomes,
                )
            )  # fmt: skip
    told = [event for event in trace_number(world.hub, order.number).events if event.what.startswith("call")]
    assert [(event.what, event.detail["key"]) for event in told] == [("called", "evt_1"), ("call_read", "evt_1")]
    assert words(trace_number(world.hub, "S9").events) == ["called"]
