"""The story of one record, by any of its numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.errors import NotFound
from hub.locale import load_texts
from hub.sync.bindings import settle_binding
from hub.sync.records import edit_record, find_record
from hub.sync.trace import TraceEvent, trace_number
from tests.sync.test_bindings import (
    binding_of,
    make_approved_order,
    make_deleted_order,
    make_order,
    pull,
    push,
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
