"""Claims, leases, fences, crashes: who may write, and what another worker finds afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

from hub.errors import NeedsConsent, Transient
from hub.protocol.binding import BindingState
from hub.protocol.semantics import Timing
from hub.sdk.budget import LONGEST_WRITE_SLEEP_S
from hub.store import UnitOfWork
from hub.store.rows import Attempt, ConnectionState
from hub.sync.context import Hub
from hub.sync.lease import claim_bindings
from hub.sync.push import list_due, push_bindings
from hub.sync.records import edit_record
from hub.sync.work import Work
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import QUIET_S, Scene, allow


def test_nothing_is_pushed_before_somebody_has_accepted(scene: Scene) -> None:
    order = scene.make_order()
    assert list_due(scene.hub, 10) == []
    push_bindings(scene.hub, [scene.binding(order).id])
    assert scene.sales() == []
    assert scene.api.writes == 0


def test_an_order_made_here_becomes_one_draft_there(scene: Scene) -> None:
    order = scene.make_order("3", note="eilt", reference="PO-9")
    scene.push()
    sale, bound = scene.sale(), scene.binding(order)
    assert (sale["status"], sale["note"], sale["customer_ref"]) == ("draft", "eilt", "PO-9")
    assert [(line["item"], line["quantity"], line["price"], line["tax_percent"]) for line in sale["lines"]] == [
        ("I1", "3", "12.50", "13")
    ]
    assert (sale["created_by"], sale["our_ref"]) == ("hub", bound.ref)
    assert (bound.state, bound.why, bound.dirty) == (BindingState.WAITING, "protocol.waits_for_approval", False)
    assert (bound.remote_id, bound.remote_number) == (sale["id"], sale["number"])


def test_a_doubled_or_late_hint_changes_nothing(scene: Scene) -> None:
    order = scene.make_order()
    id_ = scene.binding(order).id
    for _ in range(3):
        push_bindings(scene.hub, [id_, id_], guard=allow)
    assert len(scene.sales()) == 1
    assert len(scene.attempts()) == 1
    scene.void(order)
    scene.settle()
    push_bindings(scene.hub, [id_], guard=allow)
    assert scene.sale()["status"] == "void"


def test_a_hint_for_what_is_not_there_is_ignored(scene: Scene) -> None:
    assert push_bindings(scene.hub, [scene.hub.new_id()], guard=allow).touched == []


def test_a_binding_has_one_worker_at_a_time(scene: Scene) -> None:
    order = scene.make_order()
    id_ = scene.binding(order).id
    mine = claim(scene.hub, id_, "a")
    assert mine is not None
    assert claim(scene.make_hub(), id_, "b") is None
    scene.clock.pass_time(QUIET_S)
    theirs = claim(scene.make_hub(), id_, "b")
    assert theirs is not None
    assert theirs.fence == mine.fence + 1


def claim(hub: Hub, id_: UUID, actor: str) -> Work | None:
    found = claim_bindings(hub, hub.open("erp"), "order", [id_], actor=actor)
    return found[0] if found else None


PLACES = [(tier, place) for tier in ("draft", "unique", "plain") for place in ("C1", "C2", "C3", "C4", "C5", "C7")]
PLACES.remove(("unique", "C3"))  # there is no search before the first attempt


@pytest.mark.parametrize(("tier", "place"), PLACES)
def test_a_death_anywhere_on_the_way_leaves_one_document(make_scene: SceneMaker, tier: str, place: str) -> None:
    scene = make_scene({"tier": tier})
    order = scene.make_order()
    with scene.crash_at(place):
        scene.push()
    scene.settle()
    assert len(scene.sales(living=False)) == 1
    bound = scene.binding(order)
    assert bound.remote_id == scene.sale()["id"]
    assert bound.state is (BindingState.WAITING if tier == "draft" else BindingState.BOUND)
    assert not bound.dirty


@pytest.mark.parametrize("place", ["C7", "C8", "C9"])
def test_a_death_in_an_edit_loses_nothing(scene: Scene, place: str) -> None:
    order = scene.make_order(note="first")
    scene.push()
    scene.edit(order, note="second")
    with scene.crash_at(place):
        scene.push()
    scene.settle()
    assert scene.sale()["note"] == "second"
    assert scene.reload(order).note == "second"
    assert scene.conflicts() == []
    assert not scene.binding(order).dirty


def test_a_worker_that_slept_too_long_sends_nothing(scene: Scene) -> None:
    order = scene.make_order()
    timing: Timing = scene.hub.timing
    with scene.meanwhile("C4", lambda: scene.clock.pass_time(timing.send_window_s + 1)):
        assert scene.push(1).steps["fenced"] == 1
    assert scene.sales(living=False) == []
    assert scene.binding(order).state is BindingState.SENDING
    scene.settle()
    assert len(scene.sales()) == 1


def test_a_call_that_may_still_sleep_for_its_turn_must_be_earlier(scene: Scene) -> None:
    """What the call budget makes a write wait for counts against the send window beforehand."""
    order = scene.make_order()
    late_s = scene.hub.timing.send_window_s - LONGEST_WRITE_SLEEP_S + 0.5
    with scene.meanwhile("C4", lambda: scene.clock.pass_time(late_s)):
        assert scene.push(1).steps["fenced"] == 1
    assert scene.sales(living=False) == []
    scene.settle()
    assert scene.binding(order).remote_id == scene.sale()["id"]


class SlowDatabase:
    """The store, but for a commit of something that is about to be sent: that one takes its time."""

    def __init__(self, scene: Scene, wait_s: float) -> None:
        self._scene, self._wait_s = scene, wait_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scene.store, name)

    @contextmanager
    def write_batch(self) -> Iterator[UnitOfWork]:
        with self._scene.store.write_batch() as tx:
            before = tx.count(Attempt)
            yield tx
            slow = tx.count(Attempt) > before
        if slow:
            self._scene.clock.pass_time(self._wait_s)


def test_a_commit_that_took_too_long_sends_nothing(scene: Scene) -> None:
    order = scene.make_order(note="first")
    store, wait_s = scene.hub.store, scene.hub.timing.send_window_s + 1
    scene.hub.store = SlowDatabase(scene, wait_s)  # type: ignore[assignment]
    assert scene.push(1).steps["fenced"] == 1
    assert scene.sales(living=False) == []
    scene.hub.store = store
    scene.settle()
    scene.edit(order, note="second")
    scene.hub.store = SlowDatabase(scene, wait_s)  # type: ignore[assignment]
    assert scene.push(1).steps["fenced"] == 1
    assert scene.sale()["note"] == "first"
    scene.hub.store = store
    scene.settle()
    assert scene.sale()["note"] == "second"


def test_what_a_fenced_worker_learnt_does_not_count(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "plain"})
    order = scene.make_order()
    first = scene.hub

    def take_over() -> None:
        scene.clock.pass_time(QUIET_S)
        scene.hub = scene.make_hub()
        scene.push()
        scene.clock.pass_time(QUIET_S)
        scene.push()
        scene.hub = first

    with scene.meanwhile("C5", take_over):
        scene.push(1)
    assert len(scene.sales()) == 1
    bound = scene.binding(order)
    assert (bound.remote_id, bound.state) == (scene.sale()["id"], BindingState.BOUND)


def test_a_document_that_the_feed_found_first_is_not_forgotten_for_want_of_an_answer(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "plain"})
    order = scene.make_order()
    scene.faults.order_next("lost_after", lambda request: request.method == "POST")
    with scene.meanwhile("C5", lambda: scene.pull("order")):
        scene.push(1)
    bound = scene.binding(order)
    assert (bound.remote_id, bound.state) == (scene.sale()["id"], BindingState.BOUND)
    scene.settle()
    assert len(scene.sales(living=False)) == 1


def test_an_edit_while_the_write_is_on_its_way_is_not_lost(scene: Scene) -> None:
    order = scene.make_order(note="first")
    scene.push()
    scene.edit(order, note="second")
    other = scene.make_hub()
    with scene.meanwhile("C9", lambda: edit_record(other, "order", order.id, {"note": "third"}, "li")):
        scene.push(1)
    scene.settle()
    assert scene.sale()["note"] == "third"


def test_an_edit_between_read_and_settlement_is_not_lost(scene: Scene) -> None:
    order = scene.make_order(note="first")
    other = scene.make_hub()
    with scene.meanwhile("C7", lambda: edit_record(other, "order", order.id, {"note": "second"}, "li")):
        scene.push(1)
    scene.settle()
    assert scene.sale()["note"] == "second"


def test_a_throttled_connection_rests_as_long_as_it_asked(scene: Scene) -> None:
    first, second = scene.make_order(), scene.make_order()
    scene.faults.retry_after_s = 30
    scene.faults.order_next("refused", lambda request: request.method == "POST")
    report = scene.push(1)
    assert [type(error) for error in report.errors] == [Transient]
    assert list_due(scene.hub, 10, accepted_only=False) == []
    assert [scene.binding(order).refusals for order in (first, second)] == [0, 0]
    assert len(scene.sales(living=False)) == 0
    scene.clock.pass_time(31)
    scene.settle()
    assert len(scene.sales()) == 2


def test_refused_credentials_pause_the_connection_once(scene: Scene) -> None:
    order = scene.make_order()
    scene.erp.settings = dataclasses.replace(scene.erp.settings, token="changed")
    report = scene.push(1)
    assert [type(error) for error in report.errors] == [NeedsConsent]
    (state,) = scene.rows(ConnectionState)
    assert state.paused
    assert state.pause_code
    scene.clock.pass_time(10_000)
    before = len(scene.api.requests)
    scene.push()
    assert len(scene.api.requests) == before
    assert scene.binding(order).parked is None
    assert scene.binding(order).refusals == 0


def test_a_system_that_is_away_is_asked_less_and_less_often(scene: Scene) -> None:
    scene.make_order()
    scene.faults.rates = {"read_lost": 1.0}
    waits = []
    for _ in range(4):
        scene.push(1)
        (state,) = scene.rows(ConnectionState)
        waits.append((state.not_before - scene.clock.at).total_seconds())
        scene.clock.pass_time(waits[-1] + 10)
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]
    scene.faults.rates = {}
    scene.settle()
    assert len(scene.sales()) == 1
