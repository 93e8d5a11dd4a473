"""What push does at the other system, step by step, and what it makes of the answers."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import pytest

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import USER, make_uscc
from hub.errors import ConfigInvalid, RuleBroken
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Op
from hub.protocol.reference import parse_reference
from hub.runtime.assemble import equip_connection
from hub.sdk import Tools
from hub.sdk.simulator import HandlerTransport
from hub.store import UnitOfWork
from hub.store.rows import Orphan
from hub.sync.pull import take_one
from hub.sync.push import claim_binding, decide_binding
from hub.sync.records import create_record
from hub.sync.steps import STEPS
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import QUIET_S, Scene, make_line

AUDIT = {"confirm": "audit"}
SUBMIT = {"confirm": "submit"}


def is_create(request: Any) -> bool:
    return request.method == "POST" and request.path == "/api/sale"


def is_patch(request: Any) -> bool:
    return request.method == "PATCH" and request.path.startswith("/api/sale/")


def requote(scene: Scene, order: Any, quantity: str) -> Any:
    """The order with another quantity: a field that an approved document locks."""
    (line,) = scene.reload(order).lines
    return scene.edit(order, lines=[{**line.model_dump(mode="json"), "quantity": quantity}])


def make_approved(scene: Scene) -> Any:
    """An order made here and approved there, in agreement."""
    order = scene.make_order("2")
    scene.push()
    if scene.sale()["status"] != "approved":
        scene.clock.pass_time(1)
        scene.wang.approve(scene.sale()["id"])
    scene.settle(2)
    assert scene.binding(order).state is BindingState.BOUND
    return order


# ---- create --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["draft", "unique", "plain"])
@pytest.mark.parametrize("fault", ["lost_after", "server_error_after", "garbage", "lost_before", "server_error"])
def test_a_create_without_an_answer_is_looked_for_and_never_doubled(
    make_scene: SceneMaker, tier: str, fault: str
) -> None:
    scene = make_scene({"tier": tier})
    order = scene.make_order()
    scene.faults.order_next(fault, is_create)
    scene.push(1)
    assert scene.binding(order).state is BindingState.UNKNOWN
    assert [row.outcome for row in scene.attempts("create")] == ["unknown"]
    scene.settle()
    assert len(scene.sales(living=False)) == 1
    assert scene.binding(order).remote_id == scene.sale()["id"]
    applied = fault in ("lost_after", "server_error_after", "garbage")
    assert len(scene.attempts("create")) == (1 if applied else 2)


@pytest.mark.parametrize("tier", ["draft", "plain"])
def test_a_create_that_is_applied_late_is_waited_for(make_scene: SceneMaker, tier: str) -> None:
    scene = make_scene({"tier": tier})
    order = scene.make_order()
    scene.faults.d_max_s = 20
    scene.faults.random = LastMoment()
    scene.faults.order_next("late", is_create)
    scene.push(1)
    for _ in range(10):
        scene.clock.pass_time(3)
        scene.push()
    scene.settle()
    assert len(scene.sales(living=False)) == 1
    assert len(scene.attempts("create")) == 1
    assert scene.binding(order).remote_id == scene.sale()["id"]


class LastMoment(random.Random):
    """A source of chance that always takes the longest."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_an_early_second_send_meets_the_unique_reference(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "unique"})
    order = scene.make_order()
    scene.faults.random = LastMoment()
    scene.faults.order_next("late", is_create)
    scene.push(1)
    scene.settle()
    assert len(scene.sales(living=False)) == 1
    assert scene.binding(order).remote_id == scene.sale()["id"]


def test_a_document_that_exists_after_all_is_adopted(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "unique"})
    order = scene.make_order()
    account = scene.erp.documents("partner")[0]
    values = {"customer": account["id"], "lines": [{"item": "I1", "quantity": "2"}]}
    made = scene.erp.create("sale", values, USER, our_ref=scene.binding(order).ref or "")
    scene.push(1)
    assert [row.outcome for row in scene.attempts("create")] == ["duplicate"]
    scene.settle()
    assert scene.binding(order).remote_id == made["id"]
    assert len(scene.sales(living=False)) == 1


def test_a_void_order_whose_create_applies_late_is_voided_there(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "unique", "amend": "reverse"})
    order = scene.make_order()
    scene.faults.random = LastMoment()
    scene.faults.order_next("late", is_create)
    scene.push(1)
    scene.void(order)
    scene.clock.pass_time(5)
    scene.push()
    scene.settle(6)
    assert [row["status"] for row in scene.sales(living=False)] in ([], ["void"])


def test_throttling_is_no_refusal(scene: Scene) -> None:
    order = scene.make_order()
    for _ in range(5):
        scene.faults.order_next("refused", is_create)
        scene.push(1)
        scene.clock.pass_time(40)
    bound = scene.binding(order)
    assert (bound.refusals, bound.parked, bound.attempts) == (0, None, 5)
    scene.settle(1)
    assert len(scene.sales()) == 1


def test_a_refused_order_is_parked_with_the_vendors_words(scene: Scene) -> None:
    account, product = scene.trade()
    bad = scene.make_order(account_id=account.id, lines=[make_line(product)], currency="EUR")
    # Somebody deletes the item: the ERP refuses every sale of it.
    scene.wang.delete("item", scene.binding(product).remote_id or "")
    good = scene.make_order()
    scene.settle(8)
    parked = scene.binding(bad)
    assert parked.parked == "protocol.refused_by_remote"
    assert "there is no item" in parked.parked_params["words"]
    assert parked.refusals == scene.hub.timing.max_refusals
    assert [row.outcome for row in scene.attempts("create") if row.binding_id == parked.id] == ["refused"] * 3
    assert scene.binding(good).remote_id is not None
    attempts = len(scene.attempts())
    scene.settle()
    assert len(scene.attempts()) == attempts


def test_a_refused_document_goes_through_once_it_is_repaired(scene: Scene) -> None:
    order = scene.make_order()
    scene.wang.delete("item", "I1")
    scene.push(1)
    assert scene.binding(order).refusals == 1
    item = scene.make_item("密封圈")
    scene.pull("product")
    scene.edit(order, lines=[make_line(scene.record_of("product", item))])
    scene.settle(1)
    assert scene.sale()["lines"][0]["item"] == item["id"]
    assert (scene.binding(order).refusals, scene.binding(order).parked) == (0, None)


def test_a_blind_system_is_told_once_and_then_a_person_must_look(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "blind"})
    sure, unsure = scene.make_order(), scene.make_order()
    scene.push(1)
    scene.settle(1)
    assert scene.binding(sure).state is BindingState.BOUND
    third = scene.make_order()
    scene.faults.order_next("lost_after", is_create)
    scene.push()
    scene.settle()
    assert scene.binding(third).parked == "protocol.blind_ambiguity"
    assert len(scene.sales()) == 3
    assert scene.binding(unsure).state is BindingState.BOUND


def test_a_spare_draft_is_remembered_and_never_approved(make_scene: SceneMaker) -> None:
    scene = make_scene(order=AUDIT)
    order = scene.make_order()
    ref = scene.binding(order).ref or ""
    values = {"customer": "P1", "lines": [{"item": "I1", "quantity": "2", "price": "12.50", "tax_percent": "13"}]}
    drafts = [scene.erp.create("sale", values, USER, our_ref=ref)["id"] for _ in range(2)]
    scene.push()
    scene.settle()
    assert scene.binding(order).remote_id == drafts[0]
    assert [row["status"] for row in scene.sales()] == ["approved", "draft"]
    assert [row.remote_id for row in scene.rows(Orphan)] == drafts[1:]


def test_a_search_sees_every_revision_and_takes_the_newest(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "plain", "amend": "reverse"})
    order = scene.make_order("2")
    forgotten = scene.binding(order)
    scene.push()
    requote(scene, order, "3")
    scene.push()
    (living,) = scene.sales()
    # The database is rewound to before the first create was answered.
    with scene.store.write() as tx:
        tx.save(forgotten.model_copy(update={"state": BindingState.UNKNOWN, "attempts": 1}))
    scene.push()
    bound = scene.binding(order)
    assert (bound.remote_id, bound.revision, bound.state) == (living["id"], 1, BindingState.BOUND)
    assert len(scene.sales(living=False)) == 2


# ---- who approves --------------------------------------------------------------------------------------------------


def test_by_default_people_approve(scene: Scene) -> None:
    scene.make_order()
    scene.settle()
    assert scene.sale()["status"] == "draft"


def test_the_hub_submits_and_people_approve(make_scene: SceneMaker) -> None:
    scene = make_scene(order=SUBMIT)
    order = scene.make_order()
    scene.settle()
    assert scene.sale()["status"] == "submitted"
    bound = scene.binding(order)
    assert (bound.state, bound.why) == (BindingState.WAITING, "protocol.submitted")
    scene.wang.approve(scene.sale()["id"])
    scene.settle(1)
    assert scene.binding(order).state is BindingState.BOUND


def test_what_was_sent_back_is_submitted_again_only_after_an_edit_here(make_scene: SceneMaker) -> None:
    scene = make_scene(order=SUBMIT)
    order = scene.make_order("2")
    scene.settle()
    scene.wang.send_back(scene.sale()["id"])
    scene.settle()
    bound = scene.binding(order)
    assert (scene.sale()["status"], bound.state, bound.why) == ("draft", BindingState.WAITING, "protocol.sent_back")
    requote(scene, order, "3")
    scene.settle()
    assert (scene.sale()["status"], scene.sale()["lines"][0]["quantity"]) == ("submitted", "3")


def test_the_hub_approves_what_it_has_read(make_scene: SceneMaker) -> None:
    scene = make_scene(order=AUDIT)
    order = scene.make_order()
    scene.settle(1)
    assert scene.sale()["status"] == "approved"
    assert scene.binding(order).state is BindingState.BOUND
    assert scene.reload(order).state == "approved"
    assert [row.op for row in scene.attempts()] == ["create", "confirm"]


def test_a_draft_that_a_person_works_on_is_his_to_approve(make_scene: SceneMaker) -> None:
    scene = make_scene(order=AUDIT)
    order = scene.make_order()
    with scene.meanwhile("C7", lambda: scene.wang.edit("sale", scene.sale()["id"], note="still checking")):
        scene.push(1)
    scene.settle()
    bound = scene.binding(order)
    assert (scene.sale()["status"], bound.state, bound.why) == ("draft", BindingState.WAITING, "protocol.person_works")


def test_a_draft_that_changed_since_it_was_read_is_not_approved_as_it_is(make_scene: SceneMaker) -> None:
    scene = make_scene(order=AUDIT)
    scene.make_order("2")

    def slip_in() -> None:
        sale = scene.sale()
        scene.wang.edit_line(sale["id"], sale["lines"][0]["id"], quantity="99")

    with scene.meanwhile("C8", slip_in):
        scene.push(1)
    assert scene.sale()["status"] == "draft"
    assert [row.outcome for row in scene.attempts("confirm")] == ["stale"]


def test_a_lost_answer_to_an_approval_is_found_out_by_reading(make_scene: SceneMaker) -> None:
    scene = make_scene(order=AUDIT)
    order = scene.make_order()
    scene.faults.order_next("lost_after", lambda request: request.path.endswith("/approve"))
    scene.push(1)
    scene.settle()
    assert scene.sale()["status"] == "approved"
    assert scene.binding(order).state is BindingState.BOUND


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
    work = claim_binding(scene.hub, id_, actor="a", run_id=None, guard=None, down=set())
    assert work is not None
    source = scene.hub.open("erp").streams["sale"].fetch(scene.sale()["id"])
    assert source is not None
    seen = take_one(scene.hub, work.conn, "order", source, "a").snapshot
    with scene.store.read() as tx:
        intent, action, binding = decide_binding(tx, scene.hub, load_binding(tx, id_), seen)
    assert action.op is Op.SETTLE
    scene.edit(order, note="third")
    assert STEPS[action.op](work, binding, intent, action).done
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
    order = make_approved(scene)
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


# ---- what a create waits for ---------------------------------------------------------------------------------------


def test_an_order_waits_for_its_customer(make_scene: SceneMaker) -> None:
    scene = make_scene()
    account = create_record(scene.hub, "account", {"name": "无证客户"}, "li")
    _, product = scene.trade()
    order = scene.make_order(account_id=account.id, lines=[make_line(product)])
    scene.settle()
    assert scene.binding(account).held == {"*": "sync.needs_match"}
    assert scene.binding(order).held == {"*": "protocol.parent_missing"}
    assert scene.sales() == []
    partners = len(scene.erp.documents("partner"))

    scene.edit(account, identifiers=[{"kind": "uscc", "value": make_uscc(scene.random)}])
    scene.settle()
    assert len(scene.erp.documents("partner")) == partners + 1
    assert scene.sale()["customer"] == scene.binding(account).remote_id
    assert scene.binding(order).held == {}


def test_creating_without_an_identifier_is_a_choice(make_scene: SceneMaker) -> None:
    scene = make_scene(account={"create": True})
    account = create_record(scene.hub, "account", {"name": "无证客户"}, "li")
    scene.push()
    assert [row["name"] for row in scene.erp.documents("partner")] == ["无证客户"]
    assert scene.binding(account).state is BindingState.BOUND


def test_an_order_whose_customer_can_never_come_is_shown(scene: Scene) -> None:
    account, product = scene.trade()
    order = scene.make_order(account_id=account.id, lines=[make_line(product)])
    scene.save(scene.binding(account), remote_id=None, parked="protocol.refused_by_remote")
    scene.push()
    assert scene.binding(order).parked == "protocol.parent_hopeless"
    assert scene.sales() == []


def test_older_orders_are_history(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"start_date": "2026-10-01"})
    account, product = scene.trade()
    common = {"account_id": account.id, "lines": [make_line(product)]}
    old = scene.make_order(ordered_on="2026-09-30", **common)
    new = scene.make_order(ordered_on="2026-10-01", **common)
    scene.settle()
    assert scene.binding(old).held == {"*": "sync.before_start"}
    assert scene.binding(new).remote_id == scene.sale()["id"]


def test_an_order_without_lines_is_not_sent(scene: Scene) -> None:
    account, product = scene.trade()
    order = scene.make_order(account_id=account.id, lines=[])
    scene.settle()
    assert scene.binding(order).held == {"*": "sync.no_lines"}
    scene.edit(order, lines=[make_line(product)])
    scene.settle()
    assert len(scene.sales()) == 1


# ---- lists that lag ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["draft", "plain"])
def test_a_lagging_search_does_not_lead_to_a_second_document(make_scene: SceneMaker, tier: str) -> None:
    scene = make_scene({"tier": tier, "lag_s": 30.0})
    order = scene.make_order()
    scene.faults.order_next("lost_after", is_create)
    scene.push(1)
    for _ in range(20):
        scene.clock.pass_time(5)
        scene.push()
    scene.settle()
    assert len(scene.sales(living=False)) == 1
    assert scene.binding(order).remote_id == scene.sale()["id"]


def test_unsafe_choices_do_not_even_open(make_scene: SceneMaker) -> None:
    scene = make_scene({"compare_and_set": False})
    with pytest.raises(ConfigInvalid) as caught:
        scene.pull("order")
    assert caught.value.code == "protocol.shared_needs_cas"
