"""What people have accepted, and what a plan lets through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hub.protocol.decide import Action, Op
from hub.protocol.snapshot import Intent
from hub.store.rows import SyncState
from hub.sync.accept import (
    AcceptedGuard,
    PlanGuard,
    check_accepted,
    current_settings,
    fingerprint_write,
    list_accepted,
    name_action,
)
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene

WANTED = Intent({"note": "b", "currency": "CNY"})
CHANGE = Action(Op.PATCH, patch={"note": "b"}, old={"note": "a"})


def test_only_accepted_outbound_syncs_are_pushed_by_themselves(make_scene: SceneMaker) -> None:
    scene = make_scene(product={"direction": "in"})
    assert list_accepted(scene.hub) == set()
    scene.accept()
    assert list_accepted(scene.hub) == {("erp", "account"), ("erp", "order")}


def test_acceptance_is_for_the_settings_as_they_were(scene: Scene) -> None:
    with scene.store.read() as tx:
        assert check_accepted(tx, scene.hub, "erp", "order") == "sync.plan_required"
    scene.accept()
    with scene.store.read() as tx:
        assert check_accepted(tx, scene.hub, "erp", "order") is None
    (state,) = scene.rows(SyncState, kind="order")
    scene.save(state, accepted_settings="something else")
    with scene.store.read() as tx:
        assert check_accepted(tx, scene.hub, "erp", "order") == "sync.settings_changed"
        assert check_accepted(tx, scene.hub, "erp", "account") is None


def test_settings_of_two_kinds_differ(scene: Scene) -> None:
    assert current_settings(scene.hub, "erp", "order") == current_settings(scene.make_hub(), "erp", "order")
    assert current_settings(scene.hub, "erp", "order") != current_settings(scene.hub, "erp", "account")


@pytest.mark.parametrize(
    ("intent", "action"),
    [
        (WANTED, replace(CHANGE, patch={"note": "c"})),
        (WANTED, replace(CHANGE, old={"note": "z"})),
        (WANTED, replace(CHANGE, patch={"note": "b", "currency": "CNY"})),
        (WANTED, replace(CHANGE, op=Op.CREATE)),
        (replace(WANTED, void=True), CHANGE),
    ],
)
def test_a_write_is_known_by_its_word_and_every_value_old_and_new(intent: Intent, action: Action) -> None:
    assert fingerprint_write(intent, action) != fingerprint_write(WANTED, CHANGE)
    assert fingerprint_write(WANTED, replace(CHANGE, if_version=9)) == fingerprint_write(WANTED, CHANGE)


def test_every_write_has_a_word() -> None:
    words = {op: name_action(Action(op)) for op in Op}
    assert words[Op.VOID] == "void"
    assert words[Op.CREATE] == "create"
    assert {op for op, word in words.items() if word == "change"} == {
        *(Op.PATCH, Op.REOPEN, Op.BEGIN_REVERSE, Op.TELL_MERGE)
    }
    assert words[Op.SETTLE] == "hold"


def guard_for(scene: Scene) -> tuple[PlanGuard, Any]:
    """A guard for a plan that changes the note of one order, and that order's binding."""
    order = scene.make_order(note="a")
    scene.accept()
    scene.edit(order, note="b")
    return PlanGuard(scene.hub, scene.plan().items), scene.binding(order)


def ask(scene: Scene, guard: Any, binding: Any, intent: Intent, action: Action) -> str | None:
    with scene.store.read() as tx:
        found = guard(tx, binding, intent, action)
    assert found is None or isinstance(found, str)
    return found


def test_what_was_planned_passes_once_and_in_all_its_steps(scene: Scene) -> None:
    guard, binding = guard_for(scene)
    assert ask(scene, guard, binding, WANTED, CHANGE) is None
    assert ask(scene, guard, binding, WANTED, Action(Op.CONFIRM)) is None
    assert ask(scene, guard, binding, replace(WANTED, revision=9), CHANGE) is None
    other = replace(WANTED, values={"note": "c"})
    assert ask(scene, guard, binding, other, replace(CHANGE, patch={"note": "c"})) == "sync.plan_stale"
    assert ask(scene, guard, binding, replace(WANTED, void=True), Action(Op.VOID)) == "sync.plan_stale"


def test_anything_else_is_stale_and_other_documents_are_not_in_the_plan(scene: Scene) -> None:
    guard, binding = guard_for(scene)
    assert ask(scene, guard, binding, WANTED, replace(CHANGE, patch={"note": "c"})) == "sync.plan_stale"
    other = binding.model_copy(update={"id": scene.hub.new_id()})
    assert ask(scene, guard, other, WANTED, CHANGE) == "sync.not_in_plan"


def test_without_a_plan_whole_syncs_pass_or_do_not(scene: Scene) -> None:
    order = scene.make_order()
    guard, binding = AcceptedGuard(scene.hub), scene.binding(order)
    assert ask(scene, guard, binding, WANTED, CHANGE) == "sync.plan_required"
    scene.accept()
    assert ask(scene, guard, binding, WANTED, CHANGE) is None
