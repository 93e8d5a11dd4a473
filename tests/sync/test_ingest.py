"""Remote data on its way in: what becomes of the record, the binding and the page around it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.sandbox.simulator import USER
from hub.locale import render
from hub.protocol.binding import BindingState
from hub.protocol.reference import make_reference
from hub.store.rows import JournalEntry, Orphan
from hub.sync.pull import take_one
from hub.sync.records import create_record
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_line


def read_sale(scene: Scene, id: str) -> Any:
    """The sale as the connector reads it now."""
    found = scene.hub.open("erp").streams["sale"].fetch(id)
    assert found is not None
    return found


def take(scene: Scene, source: Any) -> str:
    return take_one(scene.hub, scene.hub.open("erp"), "order", source, "test").outcome


# ---- records -------------------------------------------------------------------------------------------------------


def test_a_customer_becomes_a_record_with_everything_that_is_mapped(scene: Scene) -> None:
    partner = scene.make_customer(city="宁波", street="石桥巷7号", phone="0574-55550101", note="老客户")
    assert scene.pull("account") == {"created": 1}
    account = scene.record_of("account", partner)
    assert account.phone == "0574-55550101"
    assert account.note == "老客户"
    assert [(row.kind, row.value, row.validity) for row in account.identifiers] == [
        ("uscc", partner["tax_id"], "valid")
    ]
    assert [(row.city, row.street) for row in account.addresses] == [("宁波", "石桥巷7号")]
    assert scene.binding(account).remote_id == partner["id"]


def test_an_order_made_there_brings_its_customer_its_items_and_its_own_figures(scene: Scene) -> None:
    sale = scene.make_sale(note="急件", customer_ref="PO-7")
    assert scene.pull("order") == {"created": 1}
    (order,) = scene.records("order")
    (account,) = scene.records("account")
    (product,) = scene.records("product")
    assert (order.number, order.note, order.reference, order.state) == (sale["number"], "急件", "PO-7", "draft")
    assert order.account_id == account.id
    assert [line.product_id for line in order.lines] == [product.id]
    assert (order.net, order.tax, order.gross) == (Decimal("25.00"), Decimal("3.25"), Decimal("28.25"))
    assert scene.binding(order).state is BindingState.BOUND


def test_reading_the_same_again_changes_nothing(scene: Scene) -> None:
    scene.make_sale()
    scene.pull()
    before = (scene.records("order"), scene.rows(JournalEntry))
    assert scene.pull() == {"unchanged": 3}
    assert (scene.records("order"), scene.rows(JournalEntry)) == before


def test_our_own_write_coming_back_is_no_change_and_causes_no_write(scene: Scene) -> None:
    order = scene.make_order(note="急件")
    scene.push()
    journal, writes = scene.rows(JournalEntry), scene.api.writes
    scene.settle()
    assert scene.rows(JournalEntry) == journal
    assert scene.api.writes == writes
    assert scene.reload(order).revision == order.revision


def test_an_old_snapshot_that_arrives_late_is_ignored(scene: Scene) -> None:
    sale = scene.make_sale(note="first")
    old = read_sale(scene, sale["id"])
    scene.edit_sale(note="second")
    scene.pull()
    assert take(scene, old) == "stale"
    assert scene.records("order")[0].note == "second"


def test_a_document_of_another_hub_is_left_alone(scene: Scene) -> None:
    account, product = scene.trade()
    partner, item = (scene.binding(row).remote_id for row in (account, product))
    foreign = make_reference("T02", scene.hub.new_id())
    line = {"item": item, "quantity": "1", "price": "3.00"}
    scene.erp.create("sale", {"customer": partner, "lines": [line]}, USER, our_ref=foreign)
    assert scene.pull("order") == {"foreign": 1}
    assert scene.records("order") == []
    assert [(row.state, row.code) for row in scene.dead()] == [("foreign", "sync.foreign_document")]
    writes = scene.api.writes
    scene.settle()
    assert (scene.api.writes, scene.records("order"), len(scene.sales())) == (writes, [], 1)


def test_a_copy_made_by_a_person_is_an_order_of_its_own_with_an_alert(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    sale = scene.sale()
    scene.clock.pass_time(1)
    copy = scene.wang.copy(sale["id"])
    scene.settle()
    assert len(scene.records("order")) == 2
    assert scene.binding(order).remote_id == sale["id"]
    other = next(row for row in scene.records("order") if row.id != order.id)
    bound = scene.binding(other)
    assert (bound.remote_id, bound.ref, bound.ours, bound.state) == (copy["id"], None, False, BindingState.BOUND)
    (alert,) = scene.journal("document.copied")
    assert (alert.remote_id, alert.detail["reference"]) == (copy["id"], sale["our_ref"])
    assert scene.rows(Orphan) == []
    assert len(scene.sales()) == 2


def test_a_customer_flows_both_ways(scene: Scene) -> None:
    account, _ = scene.trade()
    scene.edit(account, phone="0574-55550101")
    scene.settle(1)
    assert scene.erp.documents("partner")[0]["phone"] == "0574-55550101"
    scene.wang.edit("partner", "P1", phone="0574-55550202", city="宁波")
    scene.settle(1)
    taken = scene.reload(account)
    assert (taken.phone, [row.city for row in taken.addresses]) == ("0574-55550202", ["宁波"])
    writes = scene.api.writes
    scene.settle()
    assert (scene.api.writes, scene.conflicts()) == (writes, [])


@pytest.mark.parametrize("status", ["draft", "approved"])
def test_an_order_made_there_may_be_edited_and_voided_here(make_scene: SceneMaker, status: str) -> None:
    scene = make_scene({"amend": "reverse"})
    sale = scene.make_sale(status, note="theirs")
    scene.pull()
    (order,) = scene.records("order")
    scene.edit(order, note="ours", reference="PO-9")
    scene.settle(2)
    assert (scene.sale()["note"], scene.sale()["customer_ref"], scene.sale()["status"]) == ("ours", "PO-9", status)
    scene.void(order)
    scene.settle(2)
    assert [(row["id"], row["status"]) for row in scene.sales(living=False)] == [(sale["id"], "void")]
    assert scene.binding(order).state is BindingState.TOMB


HABITS: list[dict[str, Any]] = [
    {"versioned": False},
    {"shows_modifier": False},
    {"confirms_version": False},
    {"granularity_s": 3.0},
    {"lag_s": 8.0},
    {"lists_deleted": True},
    {"master_tier": "plain"},
    {"master_tier": "blind"},
    {"tier": "plain", "versioned": False, "amend": "reverse"},
]


@pytest.mark.parametrize("habits", HABITS, ids="-".join)
def test_whatever_the_erp_is_like_both_sides_end_equal(make_scene: SceneMaker, habits: dict[str, Any]) -> None:
    scene = make_scene(habits)
    order, voided = scene.make_order("2"), scene.make_order("3")
    scene.settle(2)
    there = scene.binding(order).remote_id
    if habits.get("tier") != "plain":
        scene.wang.approve(there or "")
    scene.settle(2)
    assert scene.reload(order).state == "approved"
    scene.edit_sale(there, note="theirs")
    scene.settle(2)
    assert scene.reload(order).note == "theirs"
    scene.edit(order, note="ours")
    scene.void(voided)
    scene.settle(3)
    assert scene.sale(there)["note"] == "ours"
    assert scene.sale(scene.binding(voided).remote_id)["status"] == "void"
    assert len(scene.sales(living=False)) == 2
    writes = scene.api.writes
    scene.settle(2)
    assert scene.api.writes == writes, "quiet at last"
    assert [row.parked for row in (scene.binding(order), scene.binding(voided))] == [None, None]
    assert scene.conflicts() == []


# ---- states --------------------------------------------------------------------------------------------------------


def test_an_approval_there_reaches_the_hub(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    assert scene.binding(order).state is BindingState.WAITING
    scene.clock.pass_time(1)
    scene.wang.approve(scene.sale()["id"])
    scene.settle(1)
    assert scene.reload(order).state == "approved"
    assert scene.binding(order).state is BindingState.BOUND


def test_an_approval_that_is_taken_back_waits_for_that_person(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    scene.wang.approve(scene.sale()["id"])
    scene.settle(1)
    scene.wang.send_back(scene.sale()["id"])
    scene.settle(1)
    bound = scene.binding(order)
    assert (bound.state, bound.why) == (BindingState.WAITING, "protocol.approval_taken_back")
    assert scene.reload(order).state == "draft"


def test_a_document_voided_there_is_void_here_and_stays_so(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    scene.clock.pass_time(1)
    scene.wang.void(scene.sale()["id"])
    scene.settle()
    assert scene.reload(order).state == "void"
    assert scene.binding(order).state is BindingState.TOMB
    assert len(scene.sales(living=False)) == 1


def test_a_document_deleted_there_is_shown_to_a_person_and_never_made_again(make_scene: SceneMaker) -> None:
    scene = make_scene({"lists_deleted": True})
    order = scene.make_order()
    scene.push()
    scene.clock.pass_time(1)
    scene.wang.delete("sale", scene.sale()["id"])
    scene.settle()
    assert scene.binding(order).parked == "protocol.deleted_there"
    assert len(scene.sales(living=False)) == 1


def test_where_lists_hide_deleted_documents_the_next_write_notices(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    scene.wang.delete("sale", scene.sale()["id"])
    scene.settle(1)
    scene.edit(order, note="noch da?")
    scene.settle()
    assert scene.binding(order).parked == "protocol.deleted_there"
    assert len(scene.sales(living=False)) == 1


# ---- the rest of the page ------------------------------------------------------------------------------------------


def test_a_value_that_cannot_be_translated_holds_one_record_until_it_is_repaired(scene: Scene) -> None:
    good, bad = scene.make_sale(), scene.make_sale()
    scene.erp.mark(scene.wang.approve(bad["id"])["id"], "wang", shipping="teleported")
    assert scene.pull("order") == {"created": 1, "dead": 1}
    assert [row.number for row in scene.records("order")] == [good["number"]]
    (row,) = scene.dead()
    assert (row.external_id, row.state, row.params["field"]) == (bad["id"], "dead", "fulfilment")
    assert "teleported" in render(row.code, "en", **row.params)

    scene.erp.mark(bad["id"], "wang", shipping="partial")
    assert scene.pull("order")["created"] == 1
    assert scene.dead() == []


def test_an_order_whose_customer_is_nowhere_waits_and_the_rest_goes_on(scene: Scene) -> None:
    sale, other = scene.make_sale(), scene.make_sale()
    scene.wang.void(sale["id"])
    scene.wang.delete("partner", sale["customer"])
    assert scene.pull("order") == {"created": 1, "waiting": 1}
    (row,) = scene.dead()
    assert (row.external_id, row.state) == (sale["id"], "waiting")
    assert [order.number for order in scene.records("order")] == [other["number"]]


def test_a_record_that_cannot_be_taken_in_counts_how_often_it_was_tried(scene: Scene) -> None:
    sale = scene.make_sale("approved")
    scene.erp.mark(sale["id"], "wang", shipping="teleported")
    scene.pull("order")
    first = scene.dead()[0]
    scene.pull("order")
    again = scene.dead()[0]
    assert (first.attempts, again.attempts) == (1, 2)
    assert again.first_at == first.first_at


# ---- shared fields -------------------------------------------------------------------------------------------------


def edit_both(scene: Scene) -> Any:
    """The note of one order, edited here and there."""
    order = scene.make_order(note="agreed")
    scene.push()
    scene.edit(order, note="ours")
    scene.edit_sale(note="theirs")
    scene.settle()
    return order


def test_an_edit_on_one_side_reaches_the_other(scene: Scene) -> None:
    order = scene.make_order(note="agreed")
    scene.push()
    scene.edit_sale(note="theirs")
    scene.settle(1)
    assert scene.reload(order).note == "theirs"
    scene.edit(order, note="ours")
    scene.settle(1)
    assert scene.sale()["note"] == "ours"
    assert scene.conflicts() == []


def test_a_note_edited_on_both_sides_keeps_both_values_and_takes_theirs(scene: Scene) -> None:
    order = edit_both(scene)
    assert (scene.reload(order).note, scene.sale()["note"]) == ("theirs", "theirs")
    (row,) = scene.conflicts()
    assert (row.field, row.hub_value, row.remote_value, row.took) == ("note", "ours", "theirs", "remote")
    assert row.record_id == order.id
    assert row.decided_at is None


def test_the_configuration_may_say_that_ours_wins(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"remote_wins": False})
    order = edit_both(scene)
    assert (scene.reload(order).note, scene.sale()["note"]) == ("ours", "ours")
    (row,) = scene.conflicts()
    assert (row.hub_value, row.remote_value, row.took) == ("ours", "theirs", "hub")


def test_the_same_edit_on_both_sides_is_no_conflict(scene: Scene) -> None:
    order = scene.make_order(note="agreed")
    scene.push()
    scene.edit(order, note="same")
    scene.edit_sale(note="same")
    scene.settle()
    assert (scene.reload(order).note, scene.conflicts()) == ("same", [])


def test_a_late_write_of_ours_is_not_mistaken_for_somebodys_edit(scene: Scene) -> None:
    order = scene.make_order(note="agreed")
    scene.push()
    scene.edit(order, note="first")
    scene.faults.order_next("late", lambda request: request.method == "PATCH")
    scene.push(1)
    scene.edit(order, note="second")
    scene.settle()
    assert (scene.reload(order).note, scene.sale()["note"]) == ("second", "second")
    assert scene.conflicts() == []


def test_an_edit_in_a_field_of_ours_is_put_right(scene: Scene) -> None:
    order = scene.make_order("2")
    scene.push()
    scene.wang.edit_line(scene.sale()["id"], scene.sale()["lines"][0]["id"], quantity="9")
    scene.settle()
    assert scene.sale()["lines"][0]["quantity"] == "2"
    assert scene.reload(order).lines[0].quantity == 2


def test_what_the_state_there_forbids_is_held_and_lifts_itself(scene: Scene) -> None:
    order = scene.make_order("2")
    scene.push()
    sale = scene.sale()
    scene.wang.edit_line(sale["id"], sale["lines"][0]["id"], quantity="9")
    scene.wang.approve(sale["id"])
    scene.settle()
    assert scene.binding(order).held == {"lines": "protocol.locked"}
    assert scene.sale()["lines"][0]["quantity"] == "9"
    scene.wang.send_back(sale["id"])
    scene.settle()
    assert scene.binding(order).held == {}
    assert scene.sale()["lines"][0]["quantity"] == "2"


# ---- going live on what both sides have ----------------------------------------------------------------------------


def meet(scene: Scene, note: str) -> Any:
    """The same customer, made on both sides by hand, with a note of its own there."""
    partner = scene.make_customer(note=note)
    identifier = {"kind": "uscc", "value": partner["tax_id"]}
    account = create_record(
        scene.hub, "account", {"name": partner["name"], "note": "from here", "identifiers": [identifier]}, "li"
    )
    scene.pull("account")
    scene.push()
    return account


def test_the_same_party_on_both_sides_is_bound_and_waits_when_values_differ(scene: Scene) -> None:
    account = meet(scene, "from there")
    writes = scene.api.writes
    bound = scene.binding(account)
    assert (bound.remote_id, bound.parked) == ("P1", "sync.values_differ")
    assert bound.parked_params["fields"] == "note"
    scene.settle()
    assert scene.api.writes == writes
    assert scene.erp.documents("partner")[0]["note"] == "from there"
    assert scene.reload(account).note == "from here"
    assert {row.field for row in scene.conflicts()} == {"note"}


def test_the_same_party_with_equal_values_just_agrees(scene: Scene) -> None:
    account = meet(scene, "from here")
    assert scene.binding(account).parked is None
    assert len(scene.erp.documents("partner")) == 1
    assert scene.conflicts() == []


# ---- figures -------------------------------------------------------------------------------------------------------


def test_figures_are_the_erps_while_the_lines_are(make_scene: SceneMaker) -> None:
    scene = make_scene({"rounding": "document"})
    scene.config = scene.config.model_copy(
        update={"connections": {"erp": scene.config.connections["erp"].model_copy(update={"rounding": "document"})}}
    )
    scene.hub = scene.make_hub()
    account, product = scene.trade()
    # Half-up per line: 3 × 0.01 = 0.03 of tax; half-even on the sum: 0.02.
    lines = [make_line(product, "1", "0.05") for _ in range(3)]
    order = scene.make_order(account_id=account.id, lines=lines)
    assert order.tax == Decimal("0.03")
    scene.push()
    assert scene.sale()["tax"] == "0.02"
    taken = scene.reload(order)
    assert (taken.tax, taken.gross) == (Decimal("0.02"), Decimal("0.17"))
    assert scene.binding(order).held == {}

    changed = scene.edit(order, lines=[make_line(product, "3", "0.05")])
    assert changed.gross == Decimal("0.17")
    assert changed.tax == Decimal("0.02")
    changed = scene.edit(order, lines=[make_line(product, "4", "0.05")])
    assert (changed.net, changed.tax, changed.gross) == (Decimal("0.20"), Decimal("0.03"), Decimal("0.23"))


def test_totals_that_the_lines_do_not_give_are_held(make_scene: SceneMaker) -> None:
    scene = make_scene({"rounding": "document"})
    account, product = scene.trade()
    within, beyond = (
        scene.make_order(account_id=account.id, lines=[make_line(product, "1", "0.05") for _ in range(count)])
        for count in (3, 20)
    )
    scene.push()
    assert scene.binding(within).held == {}
    assert scene.binding(beyond).held == {"gross": "protocol.total_differs"}


def test_a_void_here_and_an_edit_there_end_void(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    scene.void(order)
    scene.edit_sale(note="noch schnell")
    scene.settle()
    assert scene.sale()["status"] == "void"
    assert scene.reload(order).state == "void"
    assert scene.binding(order).state is BindingState.TOMB


@pytest.mark.parametrize("tier", ["draft", "unique", "plain"])
def test_the_number_stays_where_it_was_first_given(make_scene: SceneMaker, tier: str) -> None:
    scene = make_scene({"tier": tier})
    ours, theirs = scene.make_order(), scene.make_sale()
    scene.settle()
    assert scene.reload(ours).number == "SO-0001"
    assert scene.binding(ours).remote_number == "SO0002"
    assert {order.number for order in scene.records("order")} == {"SO-0001", theirs["number"]}
