"""What push does at the other system, step by step, and what it makes of the answers."""

from __future__ import annotations

import random

import pytest

from connectors.sandbox.simulator import USER, make_uscc
from hub.errors import ConfigInvalid
from hub.protocol.binding import BindingState
from hub.store.rows import Orphan
from hub.sync.records import create_record
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, is_create, make_line, requote

AUDIT = {"confirm": "audit"}
SUBMIT = {"confirm": "submit"}


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
    fourth = scene.make_order("7")  # of another total: nothing there looks like it
    scene.faults.order_next("refused", is_create)
    scene.push()
    assert (scene.binding(fourth).attempts, scene.binding(fourth).parked) == (0, None), "certainly not applied"
    scene.settle()
    assert scene.binding(fourth).state is BindingState.BOUND
    assert len(scene.sales()) == 4
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


@pytest.mark.parametrize("by_person", [False, True])
def test_an_approval_that_got_half_way_is_finished_unless_a_person_had_a_hand_in_it(
    make_scene: SceneMaker, by_person: bool
) -> None:
    scene = make_scene(order=AUDIT)
    order = scene.make_order()
    scene.faults.order_next("lost_before", lambda request: request.path.endswith("/approve"))
    scene.push(1)
    if by_person:
        scene.wang.edit("sale", scene.sale()["id"], note="still checking")
    scene.hub.open("erp").sinks["order"].submit(str(scene.sale()["id"]), if_version=None)
    assert (scene.sale()["status"], scene.binding(order).state) == ("submitted", BindingState.PREPARED)
    scene.settle()
    bound = scene.binding(order)
    waits = ("submitted", BindingState.WAITING, "protocol.submitted")
    assert (scene.sale()["status"], bound.state, bound.why) == (waits if by_person else ("approved", "bound", None))


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
