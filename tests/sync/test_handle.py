"""What people do with entries of the todo list: take a side or a value, give up, correct, and take it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.simulator import make_uscc
from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.protocol.binding import Binding, BindingState
from hub.store.decision_rows import Correction, Decision
from hub.store.rows import Conflict, DeadRow, Image, JournalEntry, Orphan, Sign
from hub.sync.correct import edit_item, preview_edit
from hub.sync.decisions import deciding, list_decisions, undo_decision
from hub.sync.handle import drop_item, list_verbs, take_item
from hub.sync.records import apply_edit, create_record
from hub.sync.retry import replay_items, retry_items
from hub.sync.todo import TodoFilter, TodoItem, find_item, list_todo, shorten_ids
from hub.sync.trace import trace_number
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_approved, requote


def only(scene: Scene, *kinds: str, **chosen: Any) -> TodoItem:
    """The only entry of this kind."""
    (item,) = [item for item in list_todo(scene.hub, TodoFilter(**chosen)) if item.kind_of_wait in kinds]
    return item


def waits(scene: Scene, *kinds: str) -> list[TodoItem]:
    return [item for item in list_todo(scene.hub) if item.kind_of_wait in kinds]


def make_conflict(scene: Scene, *fields: str) -> Any:
    """A customer of which both sides changed these fields; the account here."""
    partner = scene.make_customer(phone="1", city="上海")
    scene.pull("account")
    scene.settle(1)
    account = scene.record_of("account", partner)
    for field in fields:
        ours, theirs = {"phone": ("2", "3"), "email": ("a@x.cn", "b@x.cn")}[field]
        scene.edit(account, **{field: ours})
        scene.wang.edit("partner", partner["id"], **{field: theirs})
    scene.pull("account")
    return account


def make_dead(scene: Scene) -> Any:
    """An approved sale whose shipping state no mapping knows."""
    sale = scene.make_sale()
    scene.erp.mark(scene.wang.approve(sale["id"])["id"], "wang", shipping="teleported")
    scene.pull()
    return sale


def dump(scene: Scene, *models: Any) -> list[Any]:
    """Rows without what moves by itself."""
    volatile = {"at", "updated_at", "revision", "fence", "lease_until", "last_at"}
    rows = []
    for model in models:
        for row in scene.rows(model):
            moving = volatile - {"revision"} if isinstance(row, Binding) else volatile
            rows.append((model.__name__, row.model_dump(exclude=moving)))
    return sorted(rows, key=str)


# ---------------------------------------------------------------- ids


@given(st.lists(st.integers(0, 16**12 - 1).map(lambda number: f"{number:012x}"), unique=True, max_size=60))
def test_short_ids_are_unique_beginnings(ids: list[str]) -> None:
    shorts = shorten_ids(ids)
    assert set(shorts) == set(ids)
    for id_, short in shorts.items():
        assert id_.startswith(short)
        assert [other for other in ids if other.startswith(short)] == [id_]


def test_an_entry_keeps_its_id_when_the_reason_changes(make_scene: SceneMaker) -> None:
    scene = make_scene(erp={"amend": "park"})
    order = make_approved(scene)
    requote(scene, order, "5")
    scene.push()
    parked = only(scene, "parked")
    assert find_item(scene.hub, parked.short).record_id == order.id
    assert find_item(scene.hub, str(scene.binding(order).id)).id == parked.id, "the binding's own id will do"
    scene.save(scene.binding(order), parked=None, parked_params={}, held={"lines": "protocol.locked"})
    assert only(scene, "held").id == parked.id


def test_an_unknown_or_ambiguous_id_is_refused(scene: Scene) -> None:
    for text in ("", "zzzz", "0" * 12):
        with pytest.raises(NotFound):
            find_item(scene.hub, text)
    for _ in range(17):  # more than there are digits
        scene.make_order()
    scene.push()
    for order in scene.records("order"):
        scene.save(scene.binding(order), parked="protocol.deleted_there")
    digits = [item.id[0] for item in list_todo(scene.hub)]
    shared = next(digit for digit in digits if digits.count(digit) > 1)
    with pytest.raises(ConfigInvalid) as refused:
        find_item(scene.hub, shared)
    assert refused.value.code == "todo.ambiguous"


def test_the_list_can_be_narrowed(scene: Scene) -> None:
    make_dead(scene)
    make_conflict(scene, "phone")
    everything = list_todo(scene.hub)
    assert {item.kind for item in list_todo(scene.hub, TodoFilter(kind="account"))} == {"account"}
    (found,) = list_todo(scene.hub, TodoFilter(code="value_unknown"))
    assert (found.kind_of_wait, found.code) == ("dead", "sync.cannot_read"), "also by the reason inside the reason"
    assert list_todo(scene.hub, TodoFilter(code="sync.cannot_read")) == [found]
    assert list_todo(scene.hub, TodoFilter(code="cannot")) == []
    assert len(list_todo(scene.hub, limit=1)) == 1 < len(everything)
    assert list_todo(scene.hub, TodoFilter(code="cannot_read", since=scene.clock.now())) == []


# ---------------------------------------------------------------- take


def test_a_value_for_one_field_of_a_conflict_is_an_edit_and_is_written_there(scene: Scene) -> None:
    account = make_conflict(scene, "phone")
    take_item(scene.hub, only(scene, "conflict"), "13900000000", "cli:li")
    assert waits(scene, "conflict") == []
    assert scene.reload(account).phone == "13900000000"
    (hub,) = scene.rows(Image, record_kind="account", record_id=account.id, source="hub")
    assert (hub.values["phone"], hub.origins["phone"]) == ("13900000000", "cli:li")
    scene.settle(2)
    assert scene.erp.documents("partner")[0]["phone"] == "13900000000"
    assert (scene.conflicts()[0].decided_by, scene.conflicts()[0].took) == ("cli:li", "hub")


def test_each_field_of_a_conflict_can_be_decided_by_itself(scene: Scene) -> None:
    account = make_conflict(scene, "phone", "email")
    with pytest.raises(ConfigInvalid) as refused:
        take_item(scene.hub, only(scene, "conflict"), "13900000000", "li")
    assert (refused.value.code, refused.value.params["known"]) == ("todo.which_field", "email, phone")
    take_item(scene.hub, only(scene, "conflict"), "hub", "li", field_name="phone")
    left = only(scene, "conflict")
    assert left.params["fields"] == "email"
    take_item(scene.hub, left, "remote", "li", field_name="email")
    scene.settle(2)
    now = scene.reload(account)
    partner = scene.erp.documents("partner")[0]
    assert (now.phone, now.email) == ("2", "b@x.cn") == (partner["phone"], partner["email"])


def test_a_value_that_the_field_cannot_hold_is_refused(make_scene: SceneMaker) -> None:
    scene = make_scene(erp={"amend": "park"})
    order = make_approved(scene)
    scene.edit(order, ordered_on="2026-10-01")
    scene.push()
    item = only(scene, "parked")
    with pytest.raises(RuleBroken) as refused:
        take_item(scene.hub, item, "someday", "li")
    assert refused.value.code == "model.value_invalid"
    with pytest.raises(ConfigInvalid) as unknown:
        take_item(scene.hub, item, "hub", "li", field_name="note")
    assert unknown.value.code == "todo.field_not_disputed"
    assert only(scene, "parked") == item


def test_what_a_verb_cannot_do_is_refused_with_what_can_be_done(scene: Scene) -> None:
    make_dead(scene)
    dead = only(scene, "dead")
    assert list_verbs(dead) == ("edit", "retry", "drop")
    with pytest.raises(RuleBroken) as refused:
        take_item(scene.hub, dead, "hub", "li")
    assert (refused.value.code, refused.value.params["command"]) == ("todo.cannot", dead.command)


# ---------------------------------------------------------------- undo


@pytest.mark.parametrize("choice", ["hub", "remote", "13900000000"])
def test_undo_puts_everything_back(scene: Scene, choice: str) -> None:
    account = make_conflict(scene, "phone")
    before = dump(scene, Binding, Image, Conflict), scene.reload(account).phone
    item = only(scene, "conflict")
    take_item(scene.hub, item, choice, "li")
    assert dump(scene, Binding, Image, Conflict) != before[0]
    undone = undo_decision(scene.hub, item.short, "wang")
    assert (undone.verb, undone.undone_by) == ("take", "wang")
    assert (dump(scene, Binding, Image, Conflict), scene.reload(account).phone) == before
    assert only(scene, "conflict") == item
    assert [row.action for row in scene.rows(JournalEntry) if row.action.startswith("todo.")] == [
        "todo.take",
        "todo.undo",
    ]
    with pytest.raises(NotFound):
        undo_decision(scene.hub, item.short, "wang")


def test_decisions_are_kept_and_undone_the_same_on_every_database(make_scene: SceneMaker, database_url: str) -> None:
    scene = make_scene(url=database_url)
    account = make_conflict(scene, "phone", "email")
    make_dead(scene)
    before = dump(scene, Binding, Image, Conflict, DeadRow)
    conflict, dead = only(scene, "conflict"), only(scene, "dead")
    take_item(scene.hub, conflict, "13900000000", "li", field_name="phone")
    edit_item(scene.hub, dead, {"fulfilment": "complete"}, "li")
    assert scene.reload(account).phone == "13900000000"
    told = [event.text("zh") for event in trace_number(scene.hub, str(scene.records("order")[0].id)).events]
    assert any("complete" in text for text in told)
    undo_decision(scene.hub, dead.short, "li")
    undo_decision(scene.hub, conflict.short, "li")
    assert dump(scene, Binding, Image, Conflict, DeadRow) == before


def test_undo_is_refused_once_the_other_system_was_told(scene: Scene) -> None:
    make_conflict(scene, "phone")
    item = only(scene, "conflict")
    take_item(scene.hub, item, "hub", "li")
    scene.push()
    assert scene.attempts("patch")
    with pytest.raises(RuleBroken) as refused:
        undo_decision(scene.hub, item.short, "li")
    assert refused.value.code == "todo.undo_written"
    assert "erp" in refused.value.text("zh")


def test_undo_is_refused_once_the_record_has_changed(scene: Scene) -> None:
    account = make_conflict(scene, "phone")
    item = only(scene, "conflict")
    take_item(scene.hub, item, "remote", "li")
    scene.edit(account, email="new@x.cn")
    with pytest.raises(RuleBroken) as refused:
        undo_decision(scene.hub, item.short, "li")
    assert refused.value.code == "todo.undo_changed"


def test_the_newest_decision_is_taken_back_first(scene: Scene) -> None:
    make_conflict(scene, "phone", "email")
    item = only(scene, "conflict")
    take_item(scene.hub, item, "remote", "li", field_name="phone")
    take_item(scene.hub, only(scene, "conflict"), "remote", "li", field_name="email")
    assert waits(scene, "conflict") == []
    undo_decision(scene.hub, item.short, "li")
    assert only(scene, "conflict").params["fields"] == "email"
    undo_decision(scene.hub, item.short, "li")
    assert only(scene, "conflict").params["fields"] == "email, phone"
    assert [row.undone_at is not None for row in list_decisions(scene.hub)] == [True, True]


# ---------------------------------------------------------------- drop


def test_an_import_that_is_given_up_stays_out_until_it_is_taken_back(scene: Scene) -> None:
    sale = make_dead(scene)
    drop_item(scene.hub, only(scene, "dead"), "a test of the vendor", "li")
    assert waits(scene, "dead", "dropped") == []
    dropped = only(scene, "dropped", dropped=True)
    assert (dropped.params["reason"], dropped.params["actor"]) == ("a test of the vendor", "li")
    scene.erp.mark(sale["id"], "wang", shipping="complete")
    assert scene.pull("order") == {"dropped": 1}
    assert scene.records("order") == []
    assert not scene.sale(sale["id"]).get("deleted"), "nothing is deleted there"
    undo_decision(scene.hub, dropped.short, "li")
    scene.clock.pass_time(1)
    scene.settle(1)
    assert [order.number for order in scene.records("order")] == [sale["number"]]


def test_a_bound_import_that_is_given_up_comes_back_when_it_changes_there(scene: Scene) -> None:
    sale = scene.make_sale("approved")
    scene.pull()
    scene.erp.mark(sale["id"], "wang", shipping="teleported")
    scene.pull("order")
    drop_item(scene.hub, only(scene, "dead"), "as it is", "li")
    scene.pull("order")
    assert waits(scene, "dead") == []
    scene.erp.mark(sale["id"], "wang", shipping="beamed")
    scene.pull("order")
    assert "beamed" in only(scene, "dead").text()


def test_a_write_that_is_given_up_makes_no_document(scene: Scene) -> None:
    scene.trade()
    made = create_record(scene.hub, "account", {"name": "无码客户"}, "li")
    scene.push()
    held = only(scene, "held")
    drop_item(scene.hub, held, "a walk-in", "li")
    assert waits(scene, "held") == []
    assert only(scene, "dropped", dropped=True).short == held.short
    scene.edit(made, identifiers=[{"kind": "uscc", "value": make_uscc(scene.random)}])
    scene.settle(2)
    assert len(scene.erp.documents("partner")) == 1
    undo_decision(scene.hub, held.short, "li")
    scene.clock.pass_time(700)
    scene.settle(1)
    assert len(scene.erp.documents("partner")) == 2, "and with the decision gone it is made"


def test_a_write_that_may_have_arrived_is_not_given_up_blindly(scene: Scene) -> None:
    order = scene.make_order()
    unknown = {"state": BindingState.UNKNOWN, "attempts": 1, "parked": "protocol.refused_by_remote"}
    scene.save(scene.binding(order), **unknown)
    with pytest.raises(RuleBroken) as refused:
        drop_item(scene.hub, only(scene, "parked"), "never mind", "li")
    assert refused.value.code == "sync.still_searching"


@pytest.mark.parametrize("verb", ["retry", "edit"])
def test_trying_again_does_not_cut_the_quiet_period_short(make_scene: SceneMaker, verb: str) -> None:
    scene = make_scene(erp={"tier": "plain"})
    order = scene.make_order()
    later = scene.clock.now() + timedelta(seconds=90)
    unknown = {"state": BindingState.UNKNOWN, "attempts": 1, "parked": "protocol.refused_by_remote"}
    scene.save(scene.binding(order), **unknown, not_before=later)
    item = only(scene, "parked")
    if verb == "retry":
        retry_items(scene.hub, [item], "li")
    else:
        edit_item(scene.hub, item, {"note": "x"}, "li")
    scene.push(1)
    found = scene.binding(order)
    assert (found.state, found.not_before, found.parked) == (BindingState.UNKNOWN, later, None)
    assert scene.sales() == [], "the first call may still arrive"


def test_giving_up_a_held_edit_takes_the_values_there(make_scene: SceneMaker) -> None:
    scene = make_scene(erp={"amend": "park"})
    order = make_approved(scene)
    requote(scene, order, "5")
    scene.push()
    item = only(scene, "parked")
    drop_item(scene.hub, item, "too late", "li")
    assert str(scene.reload(order).lines[0].quantity.normalize()) == "2"
    (row,) = scene.rows(Decision)
    assert (row.verb, row.reason) == ("drop", "too late")
    undo_decision(scene.hub, item.short, "li")
    assert str(scene.reload(order).lines[0].quantity.normalize()) == "5"
    assert only(scene, "parked").id == item.id


def test_a_spare_draft_can_be_left_alone(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    spare = Orphan(
        connection="erp", kind="order", remote_id="S99", binding_id=scene.binding(order).id, state="parked",
        reason="sync.spare_touched", at=scene.clock.now(),
    )  # fmt: skip
    with scene.store.write() as tx:
        tx.insert(spare)
    item = only(scene, "orphan")
    drop_item(scene.hub, item, "wang keeps it", "li")
    assert waits(scene, "orphan") == []
    assert [row.state for row in scene.rows(Orphan)] == ["left"]
    undo_decision(scene.hub, item.short, "li")
    assert only(scene, "orphan") == item


# ---------------------------------------------------------------- edit


def test_a_correction_is_shown_first_and_takes_the_record_in(scene: Scene) -> None:
    sale = make_dead(scene)
    item = only(scene, "dead")
    seen = preview_edit(scene.hub, item, {"fulfilment": "complete"}, "li")
    assert str(seen.changes["fulfilment"][1]) == "complete"
    assert scene.records("order") == []
    assert scene.rows(Correction) == []
    edit_item(scene.hub, item, {"fulfilment": "complete"}, "li")
    (order,) = scene.records("order")
    assert (order.number, order.fulfilment) == (sale["number"], "complete")
    assert waits(scene, "dead") == []


def test_a_correction_holds_while_the_record_says_the_same_and_no_longer(scene: Scene) -> None:
    sale = make_dead(scene)
    edit_item(scene.hub, only(scene, "dead"), {"fulfilment": "complete"}, "li")
    scene.wang.edit("sale", sale["id"], note="another matter")
    scene.clock.pass_time(1)
    assert scene.pull("order") == {"updated": 1}, "still teleported there: the correction holds"
    scene.erp.mark(sale["id"], "wang", shipping="beamed")
    assert scene.pull("order") == {"dead": 1}, "something new there: a person must look again"
    scene.erp.mark(sale["id"], "wang", shipping="partial")
    scene.pull("order")
    assert scene.records("order")[0].fulfilment == "partial", "the record speaks for itself again"


def test_a_field_of_a_line_can_be_corrected_where_a_rule_failed(scene: Scene) -> None:
    partner, item = scene.make_customer(), scene.make_item()
    lines = [{"item": item["id"], "quantity": "1", "price": "5", "tax_percent": "300"}]
    scene.make_sale(customer=partner["id"], lines=lines)
    scene.pull()
    dead = only(scene, "dead")
    (line,) = scene.sale()["lines"]
    with pytest.raises(RuleBroken) as refused:
        edit_item(scene.hub, dead, {f"lines[{line['id']}].quantity": "2"}, "li")
    assert refused.value.code == "todo.edit_not_enough"
    assert scene.rows(Correction) == [], "what does not help is not kept"
    with pytest.raises(ConfigInvalid):
        edit_item(scene.hub, dead, {"lines[none].tax_rate": "0.13"}, "li")
    right = {"tax_rate": "0.13", "tax": "0.65", "gross": "5.65"}
    values = {f"lines[{line['id']}].{name}": value for name, value in right.items()}
    edit_item(scene.hub, dead, {**values, "tax": "0.65", "gross": "5.65"}, "li")
    assert str(scene.records("order")[0].gross.normalize()) == "5.65"


def test_undo_of_a_correction_takes_the_record_out_again(scene: Scene) -> None:
    make_dead(scene)
    item = only(scene, "dead")
    edit_item(scene.hub, item, {"fulfilment": "complete"}, "li")
    undo_decision(scene.hub, item.short, "li")
    assert (scene.records("order"), scene.rows(Correction)) == ([], [])
    assert scene.rows(Binding, kind="order") == []
    assert only(scene, "dead") == item


def test_undo_of_a_correction_keeps_the_signs_of_what_is_left_outside_again(scene: Scene) -> None:
    make_dead(scene)
    item = only(scene, "dead")
    before = dump(scene, Sign)
    assert [row for row in scene.rows(Sign) if row.side == "erp"]
    edit_item(scene.hub, item, {"fulfilment": "complete"}, "li")
    undo_decision(scene.hub, item.short, "li")
    kept = [row for row in before if row[1]["side"] == "erp"]
    assert [row for row in dump(scene, Sign) if row[1]["side"] == "erp"] == kept, "or the same would be made there"


def test_undo_takes_the_money_back_from_what_was_paid(scene: Scene) -> None:
    order = scene.make_order("2")
    rows = [{"target": "order", "order_id": str(order.id), "amount": "5"}]
    values = {"account_id": str(order.account_id), "amount": "5", "allocations": rows}
    payment = create_record(scene.hub, "payment", values, "li")
    item = TodoItem("held", "erp", "sync.fields_held", "", kind="payment", record_id=payment.id)
    with scene.store.write() as tx, deciding(tx, scene.hub, item, "edit", "li"):
        apply_edit(tx, scene.hub, "payment", payment.id, {"state": "succeeded"}, "li")
    assert scene.reload(order).paid == 5
    undo_decision(scene.hub, item.id, "li")
    assert (scene.reload(payment).state, scene.reload(order).paid) == ("draft", 0)


def test_a_refused_record_is_corrected_here_and_sent_with_the_same_reference(scene: Scene) -> None:
    order = scene.make_order()
    scene.save(
        scene.binding(order), parked="protocol.refused_by_remote", parked_params={"words": "no such colour"}, refusals=5
    )
    ref = scene.binding(order).ref
    item = only(scene, "parked")
    assert item.command == f"isthmus todo retry {item.short}"
    done = edit_item(scene.hub, item, {"note": "blue"}, "li")
    assert done.changes["note"] == ("", "blue")
    scene.push()
    assert scene.binding(order).ref == ref
    assert scene.sale()["our_ref"] == ref


# ---------------------------------------------------------------- retry and replay


def test_a_retry_reads_the_record_there_again(scene: Scene) -> None:
    sale = make_dead(scene)
    scene.erp.mark(sale["id"], "wang", shipping="partial")
    (done,) = retry_items(scene.hub, [only(scene, "dead")], "li")
    assert (done.outcome, done.done) == ("created", True)
    assert waits(scene, "dead") == []


def test_a_retry_that_cannot_help_says_so_and_stops_no_other(scene: Scene) -> None:
    make_conflict(scene, "phone")
    make_dead(scene)
    items = [only(scene, "conflict"), only(scene, "dead")]
    skipped, dead = retry_items(scene.hub, items, "li")
    assert (skipped.outcome, skipped.code) == ("skipped", "todo.cannot")
    assert (dead.outcome, dead.code) == ("dead", "sync.cannot_read")
    assert "teleported" in dead.text("zh")


BROKEN = '[fields]\nstate = { from = "active", as = "boolean", values = { false = "inactive" }, direction = "in" }\n'


def test_a_replay_takes_in_from_what_is_kept_and_what_waited_for_it(scene: Scene) -> None:
    """The mapping of customers is put right; nobody is asked again."""
    erp = scene.config.connections["erp"]
    use_layers(scene, erp, {"account": (("mappings/erp/account.toml", BROKEN),)})
    scene.make_sale()
    scene.pull()
    assert {item.kind: item.kind_of_wait for item in waits(scene, "dead", "waiting")} == {
        "account": "dead", "order": "waiting",
    }  # fmt: skip
    use_layers(scene, erp, {})
    asked = len(scene.api.requests)
    done = replay_items(scene.hub, TodoFilter(kind="account"), "li")
    assert {tried.item.kind: tried.outcome for tried in done} == {"account": "created", "order": "created"}
    assert len(scene.api.requests) == asked
    assert len(scene.records("order")) == 1


def use_layers(scene: Scene, erp: Any, layers: Any) -> None:
    """Another mapping from now on."""
    scene.config = scene.config.model_copy(update={"connections": {"erp": erp.model_copy(update={"mappings": layers})}})
    scene.hub = scene.make_hub()


def test_a_replay_keeps_the_reference(scene: Scene) -> None:
    order = scene.make_order()
    scene.save(scene.binding(order), parked="protocol.refused_by_remote", refusals=5, attempts=1)
    before = scene.binding(order)
    (done,) = replay_items(scene.hub, TodoFilter(code="refused_by_remote"), "li")
    assert done.outcome == "going"
    after = scene.binding(order)
    assert (after.ref, after.revision, after.attempts, after.parked) == (before.ref, 0, 1, None)
    assert scene.sales() == [], "nothing is sent by it"
    scene.push()
    assert [row["our_ref"] for row in scene.sales()] == [before.ref]
