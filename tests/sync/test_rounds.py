"""Several bindings on their way together: what one of them meets, and what that means for the others."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from hub.errors import NeedsConsent
from hub.protocol.binding import BindingState
from hub.sync import intent, rounds
from hub.sync.push import list_due, push_bindings
from hub.sync.trace import trace_number
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, allow, interrupt, is_patch


def push(scene: Scene) -> Any:
    return push_bindings(scene.hub, list_due(scene.hub, 1000, accepted_only=False), guard=allow)


def make_orders(scene: Scene, count: int) -> list[Any]:
    return [scene.make_order(note=str(number)) for number in range(count)]


def states(scene: Scene, orders: list[Any]) -> Counter[str]:
    return Counter(scene.binding(order).state.value for order in orders)


# ---- what is shared ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["draft", "unique", "plain"])
def test_transactions_do_not_grow_with_the_batch(make_scene: SceneMaker, tier: str) -> None:
    scene = make_scene({"tier": tier})
    scene.make_order()
    push(scene)
    commits: list[int] = []
    event.listen(scene.store.engine, "commit", lambda _: commits.append(1))
    counts = []
    for number in (3, 30):
        make_orders(scene, number)
        commits.clear()
        push(scene)
        counts.append(len(commits))
    assert counts[0] == counts[1] <= 5
    assert len(scene.sales()) == 34


def test_a_blind_system_has_one_document_under_way_at_a_time(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "blind"})
    orders = make_orders(scene, 4)
    with scene.crash_at("C5", after=1):
        push(scene)
    assert states(scene, orders) == {"bound": 1, "sending": 1, "new": 2}
    scene.settle()
    assert [scene.binding(order).parked for order in orders].count("protocol.blind_ambiguity") == 1


# ---- deaths in the middle ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier", ["draft", "unique", "plain"])
@pytest.mark.parametrize("place", ["C4", "C5", "C7"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_death_between_two_calls_leaves_one_document_of_each(
    make_scene: SceneMaker, tier: str, place: str, after: int
) -> None:
    scene = make_scene({"tier": tier})
    orders = make_orders(scene, 3)
    with scene.crash_at(place, after=after):
        push(scene)
    scene.settle()
    assert sorted(row["note"] for row in scene.sales(living=False)) == ["0", "1", "2"]
    assert not any(scene.binding(order).dirty for order in orders)


def test_what_may_have_been_sent_before_a_death_is_looked_for(scene: Scene) -> None:
    orders = make_orders(scene, 3)
    with scene.crash_at("C5", after=1):
        push(scene)
    assert states(scene, orders) == {"sending": 3}
    assert len(scene.sales()) == 2
    scene.settle()
    assert len(scene.attempts("create")) == 4
    assert len(scene.sales(living=False)) == 3


# ---- what is given back --------------------------------------------------------------------------------------------


def test_consent_that_ends_in_the_middle_leaves_the_others_as_they_were(scene: Scene) -> None:
    orders = make_orders(scene, 4)
    before = {order.id: scene.binding(order) for order in orders}
    with refusing_token(scene, at="C4", after=1):
        report = push(scene)
    assert [type(error) for error in report.errors] == [NeedsConsent]
    done, refused, *others = orders
    assert scene.binding(done).remote_id is not None
    assert (scene.binding(refused).state, scene.binding(refused).attempts) == (BindingState.NEW, 1)
    for order in others:
        was, now = before[order.id], scene.binding(order)
        volatile = {"fence": now.fence, "updated_at": now.updated_at}
        assert now == was.model_copy(update=volatile)
    assert Counter(row.outcome for row in scene.attempts("create")) == {"ok": 1, "consent": 1, "unsent": 2}
    for order, sent in ((done, 1), (others[0], 0)):
        told = trace_number(scene.hub, str(order.id))
        assert sum(event.what == "sent" for event in told.events) == sent, "nobody is told that it was sent"
    assert len(scene.sales()) == 1


@contextmanager
def refusing_token(scene: Scene, at: str, after: int) -> Iterator[None]:
    """The other system no longer knows our token, from the time that the hub has passed the checkpoint so often."""
    passed = 0

    def pass_by(name: str) -> None:
        nonlocal passed
        passed += name == at
        if passed > after:
            scene.erp.settings = dataclasses.replace(settings, token="another")

    settings, scene.hub.checkpoint = scene.erp.settings, pass_by
    yield
    scene.hub.checkpoint, scene.erp.settings = (lambda name: None), settings


def test_ctrl_c_records_the_answers_and_gives_back_what_was_not_sent(scene: Scene) -> None:
    orders = make_orders(scene, 4)
    wanted = ["C4", "C5", "C4", "C5"]

    def stop(at: str) -> None:
        if wanted and at == wanted[0]:
            wanted.pop(0)
            if not wanted:
                interrupt()

    scene.hub.checkpoint = stop
    with pytest.raises(KeyboardInterrupt):
        push(scene)
    scene.hub.checkpoint = lambda name: None
    answered, in_flight, *others = orders
    assert scene.binding(answered).remote_id is not None
    assert scene.binding(answered).lease_until is None
    assert scene.binding(in_flight).state is BindingState.SENDING
    assert {(scene.binding(order).state, scene.binding(order).lease_until) for order in others} == {
        (BindingState.NEW, None)
    }
    push(scene)
    assert len(scene.sales()) == 4, "two were sent, and the other two need not wait"
    scene.settle()
    assert len(scene.sales(living=False)) == 4


def test_what_changes_while_a_call_waits_outlives_its_being_given_back(scene: Scene) -> None:
    first, second = make_orders(scene, 2)
    push(scene)
    for order in (first, second):
        scene.edit(order, note="new")
    with scene.meanwhile("C8", lambda: scene.edit(second, reference="PO-1")):
        scene.faults.order_next("refused", is_patch)
        push(scene)
    assert scene.binding(second).dirty
    scene.settle()
    assert {(row["note"], row["customer_ref"]) for row in scene.sales()} == {("new", ""), ("new", "PO-1")}


def test_a_slow_system_gets_as_many_at_a_time_as_it_can_answer(scene: Scene) -> None:
    orders = make_orders(scene, 8)
    scene.hub.checkpoint = lambda name: scene.clock.pass_time(0.7) if name in ("C3", "C5") else None
    report = push(scene)
    scene.hub.checkpoint = lambda name: None
    assert len(report.touched) > 8
    assert states(scene, orders) == {"waiting": 8}
    outcomes = Counter(row.outcome for row in scene.attempts("create"))
    assert outcomes["ok"] == 8
    assert outcomes["unsent"] <= 3
    assert not any(scene.binding(order).dirty for order in orders)


# ---- one bad record ------------------------------------------------------------------------------------------------


def test_a_defect_of_the_hub_stops_one_record_and_is_told_after_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = make_orders(scene, 3)
    bad = scene.binding(orders[1])
    decide_as_shipped = intent.decide_binding

    def decide(tx: Any, hub: Any, binding: Any, *args: Any, **more: Any) -> Any:
        if binding.id == bad.id:
            raise ZeroDivisionError
        return decide_as_shipped(tx, hub, binding, *args, **more)

    monkeypatch.setattr(rounds, "decide_binding", decide)
    with pytest.raises(ZeroDivisionError):
        push(scene)
    assert len(scene.sales()) == 2
    assert [scene.binding(order).dirty for order in orders] == [False, False, False]
