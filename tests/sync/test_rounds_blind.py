"""A batch for a system where nothing can be looked for: decided and read together, marked and sent one by one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import event

from hub.protocol.binding import Binding, BindingState
from hub.sync.pause import pause_connection, resume_connection
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, interrupt
from tests.sync.test_rounds import push, refusing_token, states


@pytest.fixture
def scene(make_scene: SceneMaker) -> Scene:
    return make_scene({"tier": "blind"})


def make_orders(scene: Scene, count: int) -> list[Any]:
    """Of different totals: what looks alike waits for a person."""
    return [scene.make_order(str(number + 1), note=str(number)) for number in range(count)]


def notes(scene: Scene) -> list[str]:
    return [row["note"] for row in scene.sales()]


def count_marked(scene: Scene) -> int:
    with scene.store.read() as tx:
        return tx.count(Binding, state=BindingState.SENDING)


def are_as_before(scene: Scene, orders: list[Any]) -> bool:
    rows = [scene.binding(order) for order in orders]
    return all((row.state, row.attempts, row.lease_until) == (BindingState.NEW, 0, None) for row in rows)


def test_each_document_has_one_transaction_and_shares_the_others(scene: Scene) -> None:
    scene.make_order()
    push(scene)
    commits: list[int] = []
    event.listen(scene.store.engine, "commit", lambda _: commits.append(1))
    for number in (3, 30):
        make_orders(scene, number)
        commits.clear()
        push(scene)
        assert len(commits) <= number + 4
    assert len(scene.sales()) == 34


def test_no_two_are_marked_at_any_time(scene: Scene) -> None:
    orders = make_orders(scene, 5)
    seen: list[tuple[str, int, int]] = []

    def look(at: str) -> None:
        seen.append((at, count_marked(scene), len(scene.sales())))

    scene.hub.checkpoint = look
    push(scene)
    scene.hub.checkpoint = lambda name: None
    assert [(marked, made) for at, marked, made in seen if at == "C4"] == [(1, made) for made in range(5)]
    assert [(marked, made) for at, marked, made in seen if at == "C5"] == [(1, made + 1) for made in range(5)]
    assert [marked for at, marked, _ in seen if at == "C7"] == [0] * 5
    assert states(scene, orders) == {"bound": 5}
    assert not any(scene.binding(order).dirty for order in orders)


@pytest.mark.parametrize("place", ["C4", "C5"])
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_death_leaves_one_question_and_nothing_twice(scene: Scene, place: str, after: int) -> None:
    orders = make_orders(scene, 4)
    with scene.crash_at(place, after=after):
        push(scene)
    assert states(scene, orders)["sending"] == 1
    scene.settle()
    parked = [scene.binding(order).parked for order in orders]
    assert parked.count("protocol.blind_ambiguity") == 1
    assert parked.count(None) == 3
    assert len(scene.sales(living=False)) == (3 if place == "C4" else 4)


def test_a_death_among_the_readings_leaves_no_question(scene: Scene) -> None:
    orders = make_orders(scene, 3)
    with scene.crash_at("C7", after=1):
        push(scene)
    scene.settle()
    assert not any(scene.binding(order).parked or scene.binding(order).dirty for order in orders)
    assert len(scene.sales(living=False)) == 3


def test_what_is_edited_before_its_turn_is_sent_as_it_is_then(scene: Scene) -> None:
    orders = make_orders(scene, 3)
    with scene.meanwhile("C4", lambda: [scene.edit(orders[-1], note=note) for note in ("new", "newest")]):
        push(scene)
    assert sorted(notes(scene)) == ["0", "1", "newest"]
    assert Counter(row.op for row in scene.attempts()) == {"create": 3}


def test_what_is_cancelled_before_its_turn_is_never_made(scene: Scene) -> None:
    orders = make_orders(scene, 3)
    with scene.meanwhile("C4", lambda: scene.void(orders[-1])):
        push(scene)
    assert notes(scene) == ["0", "1"]
    assert scene.binding(orders[-1]).state is BindingState.TOMB


def test_a_pause_ends_it_after_the_document_under_way(scene: Scene) -> None:
    first, *others = orders = make_orders(scene, 4)
    with scene.meanwhile("C4", lambda: pause_connection(scene.hub, "erp", "li")):
        push(scene)
    assert scene.binding(first).remote_id is not None
    assert are_as_before(scene, others)
    assert len(scene.sales()) == 1
    resume_connection(scene.hub, "erp", "li")
    scene.settle()
    assert len(scene.sales(living=False)) == 4
    assert not any(scene.binding(order).dirty for order in orders)


def test_missing_rights_in_the_middle_leave_the_others_unmarked(scene: Scene) -> None:
    done, refused, *others = make_orders(scene, 4)
    with refusing_token(scene, at="C4", after=1):
        push(scene)
    assert scene.binding(done).remote_id is not None
    assert scene.binding(refused).state is BindingState.NEW
    assert are_as_before(scene, others)
    assert Counter(row.outcome for row in scene.attempts("create")) == {"ok": 1, "consent": 1}


@pytest.mark.parametrize("place", ["C5", "C7"])
def test_a_slow_system_is_asked_for_no_more_than_it_answers(scene: Scene, place: str) -> None:
    orders = make_orders(scene, 8)
    scene.hub.checkpoint = lambda name: scene.clock.pass_time(0.9) if name == place else None
    report = push(scene)
    scene.hub.checkpoint = lambda name: None
    assert len(report.touched) > 8, "some were given back, and claimed again"
    assert Counter(row.outcome for row in scene.attempts("create")) == {"ok": 8}
    assert not any(scene.binding(order).dirty for order in orders)


def test_ctrl_c_gives_back_what_was_not_marked(scene: Scene) -> None:
    answered, in_flight, *others = make_orders(scene, 4)
    passed: list[str] = []

    def stop(at: str) -> None:
        passed.append(at)
        if passed.count("C5") == 2:
            interrupt()

    scene.hub.checkpoint = stop
    with pytest.raises(KeyboardInterrupt):
        push(scene)
    scene.hub.checkpoint = lambda name: None
    assert scene.binding(answered).remote_id is not None
    assert scene.binding(answered).lease_until is None
    assert scene.binding(in_flight).state is BindingState.SENDING
    assert are_as_before(scene, others)
