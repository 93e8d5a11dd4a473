"""What the hub wants of the other system for one record."""

from __future__ import annotations

from typing import Any

import pytest

from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.snapshot import Intent, Parent
from hub.sync.intent import add_sent, base_prints, build_intent, list_parents, list_values
from hub.sync.records import create_record
from tests.protocol.build import make_binding, make_policy, make_snapshot
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_line


def intent_of(scene: Scene, record: Any, binding: Binding | None = None, seen: Any = None) -> Intent:
    policy = scene.hub.open("erp").policies[record.KIND]
    bound = binding or scene.binding(record)
    with scene.store.read() as tx:
        return build_intent(tx, scene.hub, bound, policy, seen)[0]


def test_before_there_is_a_document_everything_is_claimed(scene: Scene) -> None:
    order = scene.make_order(note="eilt")
    intent = intent_of(scene, order)
    assert intent.claims == frozenset(intent.values)
    assert intent.values["note"] == "eilt"
    assert (intent.void, intent.hold, intent.parent, intent.revision) == (False, None, Parent.READY, 1)


def test_what_the_document_said_itself_is_not_claimed_against_it(scene: Scene) -> None:
    scene.make_sale(note="theirs")
    scene.pull()
    (order,) = scene.records("order")
    scene.edit(order, reference="PO-9")
    claims = intent_of(scene, order).claims
    assert "reference" in claims
    assert not claims & {"note", "lines", "account_id", "currency"}


def test_a_binding_without_a_record_is_held(scene: Scene) -> None:
    scene.hub.open("erp")
    lost = make_binding(BindingState.NEW)
    with scene.store.read() as tx:
        intent, record = build_intent(tx, scene.hub, lost, scene.hub.open("erp").policies["order"])
    assert (intent.hold, record) == ("sync.record_missing", None)


@pytest.mark.parametrize(
    ("update", "parent"),
    [
        ({}, Parent.READY),
        ({"remote_id": None, "state": BindingState.NEW}, Parent.MISSING),
        ({"remote_id": None, "state": BindingState.NEW, "parked": "x"}, Parent.HOPELESS),
        ({"state": BindingState.TOMB}, Parent.HOPELESS),
        ({"state": BindingState.REVERSING}, Parent.MISSING),
        ({"parked": "x"}, Parent.READY),
        ({"held": {"note": "x"}}, Parent.READY),
    ],
)
def test_an_order_waits_for_a_customer_that_can_take_it(scene: Scene, update: Any, parent: Parent) -> None:
    account, product = scene.trade()
    order = scene.make_order(account_id=account.id, lines=[make_line(product)])
    scene.save(scene.binding(account), **update)
    assert intent_of(scene, order).parent is parent


def test_one_of_several_bindings_of_a_party_is_enough(scene: Scene) -> None:
    account, product = scene.trade()
    order = scene.make_order(account_id=account.id, lines=[make_line(product)])
    bound = scene.binding(account)
    scene.save(bound, id=scene.hub.new_id(), ref=None, remote_id="P2", primary=False, state=BindingState.TOMB)
    assert intent_of(scene, order).parent is Parent.READY


def test_lines_have_parents_too(scene: Scene) -> None:
    order = scene.make_order()
    found = dict(list_parents(order, frozenset({"account_id", "lines"})))
    assert found == {"account": order.account_id, "product": order.lines[0].product_id}
    assert dict(list_parents(order, frozenset({"note"}))) == {}


def test_holds_are_for_creates_alone(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"start_date": "2026-10-01"})
    account, product = scene.trade()
    common = {"account_id": account.id, "lines": [make_line(product)]}
    old = scene.make_order(ordered_on="2026-09-30", **common)
    intent = intent_of(scene, old)
    assert (intent.hold, intent.hold_params) == ("sync.before_start", {"start_date": "2026-10-01"})
    assert intent_of(scene, old, scene.binding(old).model_copy(update={"remote_id": "S1"})).hold is None


def test_a_party_needs_an_identifier_or_a_decision(make_scene: SceneMaker) -> None:
    scene = make_scene()
    bare = create_record(scene.hub, "account", {"name": "无证"}, "li")
    wrong = create_record(
        scene.hub, "account", {"name": "错证", "identifiers": [{"kind": "uscc", "value": "123"}]}, "li"
    )
    assert intent_of(scene, bare).hold == intent_of(scene, wrong).hold == "sync.needs_match"
    free = make_scene(account={"create": True})
    assert intent_of(free, create_record(free.hub, "account", {"name": "无证"}, "li")).hold is None


def test_our_own_values_are_known_by_what_we_sent() -> None:
    policy = make_policy()
    binding = make_binding(sent=add_sent(make_binding(), {"note": "ours", "currency": "CNY"}, policy))
    assert set(binding.sent) == {"note", "currency"}
    assert binding.sent["note"] == [take_fingerprint("ours")]
    again = add_sent(binding, {"note": "ours"}, policy)
    assert again["note"] == binding.sent["note"]
    for number in range(12):
        binding = binding.model_copy(update={"sent": add_sent(binding, {"note": str(number)}, policy)})
    assert binding.sent["note"] == [take_fingerprint(str(number)) for number in range(4, 12)]


def test_a_value_in_the_document_is_ours_when_we_sent_it(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "reverse"})
    order = scene.make_order(note="ours")
    scene.push()
    ours = intent_of(scene, order, seen=make_snapshot(fields={"note": "ours"})).own_values
    theirs = intent_of(scene, order, seen=make_snapshot(fields={"note": "theirs"})).own_values
    assert "note" in ours
    assert "note" not in theirs


def test_only_shared_fields_have_a_base() -> None:
    assert set(base_prints({"note": "a", "currency": "CNY", "reference": "x"}, make_policy())) == {"note"}


def test_values_are_flat(scene: Scene) -> None:
    account, _ = scene.trade()
    record = account.model_copy(update={"attributes": {"size": "L"}, "custom": {"grade": "A"}})
    flat = list_values(record)
    assert (flat["attributes.size"], flat["custom.grade"]) == ("L", "A")
    assert "custom" not in flat
