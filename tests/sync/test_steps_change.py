"""Edits and voids of documents that are there: patches, locked states, reversals."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from connectors.sandbox.connector import SandboxConnector
from hub.errors import RuleBroken
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Op
from hub.protocol.reference import parse_reference
from hub.runtime.assemble import equip_connection
from hub.sdk import Tools
from hub.sdk.simulator import HandlerTransport
from hub.store import UnitOfWork
from hub.sync.intent import decide_binding
from hub.sync.lease import claim_bindings
from hub.sync.pull import take_one
from hub.sync.steps import STEPS
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import QUIET_S, Scene, is_patch, make_approved, requote

# ---- change --------------------------------------------------------------------------------------------------------


def test_only_what_differs_is_written(scene: Scene) -> None:
    order = scene.make_order(note="first", reference="PO-1")
    scene.push()
    scene.edit(order, note="second")
    scene.push()
    (patch,) = scene.attempts("patch")
    assert patch.summary == {"changes": {"note": ["first", "second"]}}


def test_a_lost_race_reads_again_and_never_overwrites_unseen(scene: Scene) -> None:
    order = scene.make_order("2", note="first")
    scene.push()
    requote(scene, order, "5")
    with scene.meanwhile("C8", lambda: scene.wang.edit("sale", scene.sale()["id"], note="theirs")):
        scene.push(1)
    assert scene.sale()["lines"][0]["quantity"] == "2"
    assert [row.outcome for row in scene.attempts("patch")] == ["stale"]
    scene.settle()
    assert (scene.sale()["lines"][0]["quantity"], scene.sale()["note"]) == ("5", "theirs")
    assert scene.reload(order).note == "theirs"


@pytest.mark.parametrize("fault", ["lost_after", "lost_before", "late", "garbage", "server_error_after"])
def test_an_edit_without_an_answer_ends_in_agreement(scene: Scene, fault: str) -> None:
    order = scene.make_order(note="first")
    scene.push()
    scene.edit(order, note="second")
    scene.faults.order_next(fault, is_patch)
    scene.push(1)
    scene.settle()
    assert (scene.sale()["note"], scene.reload(order).note) == ("second", "second")
    assert (scene.binding(order).dirty, scene.conflicts()) == (False, [])


def test_lines_keep_their_identity_there(scene: Scene) -> None:
    order = scene.make_order("2")
    scene.push()
    (line,) = scene.sale()["lines"]
    kept = scene.reload(order).lines[0].model_dump(mode="json")
    scene.edit(order, lines=[{**kept, "quantity": "3"}, {**kept, "key": "2", "quantity": "7"}])
    scene.push()
    after = scene.sale()["lines"]
    assert [(row["quantity"], row["id"] == line["id"]) for row in after] == [("3", True), ("7", False)]
    scene.edit(order, lines=[{**kept, "key": "2", "quantity": "7"}])
    scene.push()
    assert [row["id"] for row in scene.sale()["lines"]] == [after[1]["id"]]


def test_a_value_that_is_not_kept_is_held_after_three_patches(make_scene: SceneMaker) -> None:
    scene = make_scene({"text_max": 5}, order={"owners": {"note": "hub"}})
    config = scene.hub.open("erp").connector.config
    declare_anew(scene, config.model_copy(update={"text_max": 0}))
    order = scene.make_order(note="much too long")
    scene.settle(6)
    bound = scene.binding(order)
    assert scene.sale()["note"] == "much"
    assert bound.held == {"note": "protocol.not_retained"}
    assert len(scene.attempts("patch")) == 3
    scene.settle()
    assert len(scene.attempts("patch")) == 3
    scene.edit(order, note="ok")
    scene.settle()
    assert (scene.sale()["note"], scene.binding(order).held) == ("ok", {})


def declare_anew(scene: Scene, config: Any) -> None:
    """The connector declares something that is not so."""
    tools = Tools(clock=scene.clock, random=scene.random, transport=HandlerTransport(scene.api.handle), http_total_s=20)
    connector = SandboxConnector(config, tools)
    opened = equip_connection("erp", scene.config.connections["erp"], connector, scene.hub.timing)
    scene.hub.opener = lambda name: opened
    scene.hub.close()


@pytest.mark.parametrize("owner", ["hub", "shared"])
def test_a_declared_habit_of_the_erp_is_no_difference(make_scene: SceneMaker, owner: str) -> None:
    scene = make_scene({"text_max": 5, "text_upper": True}, order={"owners": {"note": owner}})
    order = scene.make_order(note="much too long")
    scene.settle()
    assert scene.sale()["note"] == "MUCH"
    assert scene.attempts("patch") == []
    assert (scene.binding(order).held, scene.conflicts()) == ({}, [])
    scene.edit(order, note="other")
    scene.settle()
    assert scene.sale()["note"] == "OTHER"
    assert len(scene.attempts("patch")) == 1


def test_an_edit_just_before_the_settlement_is_not_settled_with_it(scene: Scene) -> None:
    order = scene.make_order(note="first")
    scene.push()
    scene.edit(order, note="second")
    id_ = scene.binding(order).id
    with scene.crash_at("C9"):
        scene.push()
    scene.clock.pass_time(QUIET_S)
    (work,) = claim_bindings(scene.hub, scene.hub.open("erp"), "order", [id_], actor="a")
    source = scene.hub.open("erp").streams["sale"].fetch(scene.sale()["id"])
    assert source is not None
    seen = take_one(scene.hub, work.conn, "order", source, "a").snapshot
    with scene.store.read() as tx:
        intent, action, _ = decide_binding(tx, scene.hub, load_binding(tx, id_), seen)
    assert action.op is Op.SETTLE
    scene.edit(order, note="third")
    with scene.store.write() as tx:
        assert STEPS[action.op](tx, work, work.own(tx), intent, action).done
    assert scene.binding(order).dirty
    scene.settle()
    assert scene.sale()["note"] == "third"


def load_binding(tx: UnitOfWork, id_: UUID) -> Binding:
    found = tx.get(Binding, id=id_)
    assert found is not None
    return found


# ---- amend ---------------------------------------------------------------------------------------------------------


def test_refuse_says_no_at_once_where_the_state_is_known(scene: Scene) -> None:
    order = make_approved(scene)
    with pytest.raises(RuleBroken) as caught:
        requote(scene, order, "3")
    assert caught.value.code == "sync.edit_refused"
    assert caught.value.params["fields"] == "lines"
    scene.edit(order, note="an open field")
    scene.settle()
    assert scene.sale()["note"] == "an open field"


def test_refuse_holds_the_field_and_lets_the_others_flow(scene: Scene) -> None:
    order = scene.make_order("2")
    scene.push()
    scene.wang.approve(scene.sale()["id"])
    # The hub has not seen the approval yet.
    requote(scene, order, "3")
    scene.edit(order, note="flows")
    scene.settle()
    bound = scene.binding(order)
    assert (bound.held, bound.parked, bound.dirty) == ({"lines": "protocol.locked"}, None, False)
    assert (scene.sale()["lines"][0]["quantity"], scene.sale()["note"]) == ("2", "flows")
    writes = scene.api.writes
    scene.settle()
    assert scene.api.writes == writes


def test_park_stops_the_record(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "park"})
    order = make_approved(scene)
    requote(scene, order, "3")
    scene.settle()
    bound = scene.binding(order)
    assert (bound.parked, bound.parked_params["fields"]) == ("protocol.edit_of_locked", "lines")
    writes = scene.api.writes
    scene.edit(order, note="must wait too")
    scene.settle()
    assert scene.api.writes == writes


@pytest.mark.parametrize(("confirm", "status"), [("audit", "approved"), ("submit", "submitted"), ("save", "draft")])
def test_reopen_takes_the_approval_back_and_goes_the_usual_way(
    make_scene: SceneMaker, confirm: str, status: str
) -> None:
    scene = make_scene({"amend": "reopen"}, order={"confirm": confirm})
    order = make_approved(scene)
    requote(scene, order, "3")
    scene.settle()
    assert (scene.sale()["lines"][0]["quantity"], scene.sale()["status"]) == ("3", status)
    assert len(scene.sales(living=False)) == 1
    assert scene.binding(order).held == {}


@pytest.mark.parametrize("tier", ["draft", "unique", "plain"])
def test_reverse_voids_and_makes_the_next_revision(make_scene: SceneMaker, tier: str) -> None:
    scene = make_scene({"amend": "reverse", "tier": tier})
    order = make_approved(scene)
    old = scene.sale()
    requote(scene, order, "3")
    scene.settle()
    (new,) = scene.sales()
    assert scene.sale(old["id"])["status"] == "void"
    assert new["lines"][0]["quantity"] == "3"
    first, second = parse_reference(old["our_ref"]), parse_reference(new["our_ref"])
    assert first is not None
    assert second is not None
    assert (first.hub_id, first.revision, second.revision) == (second.hub_id, 0, 1)
    bound = scene.binding(order)
    assert (bound.remote_id, bound.revision) == (new["id"], 1)
    assert len(scene.records("order")) == 1
    assert scene.reload(order).state != "void"


def test_lines_that_a_person_removed_there_are_written_as_new_ones(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "free", "tier": "unique"})
    order = make_approved(scene)
    scene.wang.edit("sale", scene.sale()["id"], lines=[])
    requote(scene, order, "3")
    scene.settle(8)
    assert scene.binding(order).parked is None
    assert [row["quantity"] for row in scene.sale()["lines"]] == ["3"]


def test_what_gave_way_on_a_blind_system_is_no_document_of_its_own(make_scene: SceneMaker) -> None:
    """Nothing there says that the void one was ours."""
    scene = make_scene({"amend": "reverse", "tier": "blind"})
    order = make_approved(scene)
    old = scene.sale()
    requote(scene, order, "3")
    scene.settle()
    scene.clock.pass_time(3600)
    scene.settle()
    (new,) = scene.sales()
    assert scene.sale(old["id"])["status"] == "void"
    assert scene.binding(order).remote_id == new["id"]
    assert len(scene.records("order")) == 1


@pytest.mark.parametrize("place", ["C8", "C9", "C4", "C5"])
def test_a_death_in_a_reversal_leaves_one_living_document(make_scene: SceneMaker, place: str) -> None:
    scene = make_scene({"amend": "reverse", "tier": "plain"})
    order = make_approved(scene)
    requote(scene, order, "3")
    with scene.crash_at(place):
        scene.push()
    scene.settle(6)
    (new,) = scene.sales()
    assert new["lines"][0]["quantity"] == "3"
    assert scene.binding(order).remote_id == new["id"]


def test_a_reversal_that_is_refused_goes_back_with_the_edit_held(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "reverse"})
    order = make_approved(scene)
    requote(scene, order, "3")
    # The invoice comes after the read.
    with scene.meanwhile("C8", lambda: scene.wang.invoice(scene.sale()["id"])):
        scene.push(1)
    scene.settle(6)
    bound = scene.binding(order)
    assert (scene.sale()["status"], scene.sale()["lines"][0]["quantity"]) == ("approved", "2")
    assert (bound.state, bound.held, bound.parked) == (BindingState.BOUND, {"lines": "protocol.locked"}, None)
    writes = scene.api.writes
    scene.settle()
    assert scene.api.writes == writes


def test_a_value_that_a_person_put_there_is_never_reversed(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "reverse"})
    order = scene.make_order("2")
    scene.push()
    sale = scene.sale()
    scene.wang.edit_line(sale["id"], sale["lines"][0]["id"], quantity="9")
    scene.wang.approve(sale["id"])
    scene.settle()
    assert scene.binding(order).held == {"lines": "protocol.locked"}
    assert (scene.sale()["status"], scene.sale()["lines"][0]["quantity"]) == ("approved", "9")


# ---- void ----------------------------------------------------------------------------------------------------------


def test_an_order_voided_before_it_was_sent_never_appears_there(scene: Scene) -> None:
    order = scene.make_order()
    scene.void(order)
    scene.settle()
    assert scene.sales(living=False) == []
    assert scene.binding(order).state is BindingState.TOMB


@pytest.mark.parametrize("tier", ["draft", "unique", "plain"])
def test_an_order_voided_here_is_voided_there(make_scene: SceneMaker, tier: str) -> None:
    scene = make_scene({"tier": tier, "amend": "reverse"})
    order = scene.make_order()
    scene.push()
    scene.void(order)
    scene.settle()
    assert scene.sale()["status"] == "void"
    assert (scene.binding(order).state, scene.binding(order).parked) == (BindingState.TOMB, None)


@pytest.mark.parametrize("fault", ["lost_after", "lost_before", "late"])
def test_a_void_without_an_answer_ends_void(scene: Scene, fault: str) -> None:
    order = scene.make_order()
    scene.push()
    scene.void(order)
    scene.faults.order_next(fault, lambda request: request.path.endswith("/void"))
    scene.push(1)
    scene.settle()
    assert scene.sale()["status"] == "void"
    assert scene.binding(order).state is BindingState.TOMB


def test_a_void_that_the_state_forbids_is_held_and_done_as_soon_as_it_may_be(scene: Scene) -> None:
    order = scene.make_order("2")
    scene.push()
    scene.clock.pass_time(1)
    scene.wang.approve(scene.sale()["id"])
    scene.void(order)
    scene.settle()
    assert scene.sale()["status"] == "approved"
    assert scene.binding(order).held == {"state": "protocol.void_refused"}
    assert scene.attempts("void") == []
    scene.wang.send_back(scene.sale()["id"])
    scene.settle()
    assert scene.sale()["status"] == "void"


def test_an_order_with_an_invoice_is_not_voided(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "reverse"})
    order = make_approved(scene)
    scene.wang.invoice(scene.sale()["id"])
    scene.void(order)
    scene.settle()
    assert (scene.sale()["status"], scene.binding(order).parked) == ("approved", "protocol.has_children")
