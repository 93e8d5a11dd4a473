"""A pause stops every call; what waits goes on afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.errors import ConfigInvalid, NeedsConsent, RuleBroken, Transient
from hub.protocol.binding import Binding
from hub.store.rows import ConnectionState, JournalEntry
from hub.sync.config import HubConfig
from hub.sync.pause import check_paused, is_paused, pause_all, pause_connection, resume_all, resume_connection
from hub.sync.plan import make_plan
from hub.sync.push import list_due, note_trouble, push_bindings
from hub.sync.reconcile import reconcile
from hub.sync.records import create_record, find_record
from hub.sync.resolve import make_binding
from hub.sync.run import run_sync
from hub.sync.sweep import sweep_connection
from hub.sync.todo import list_todo
from tests.sync.scenes import Scene
from tests.sync.test_bindings import allow, make_order
from tests.sync.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_paused_connection_is_not_written_even_when_hinted(world: World) -> None:
    make_order(world)
    ids = list_due(world.hub, 10, accepted_only=False)
    pause_connection(world.hub, "erp", "li")

    assert list_due(world.hub, 10, accepted_only=False) == []
    assert push_bindings(world.hub, ids, guard=allow).touched == []
    assert world.erp.documents("sale") == []
    with pytest.raises(RuleBroken) as refused:
        check_paused(world.hub, "erp")
    assert refused.value.code == "sync.paused_by"
    assert "li" in refused.value.text()

    resume_connection(world.hub, "erp", "li")
    check_paused(world.hub, "erp")
    push_bindings(world.hub, list_due(world.hub, 10, accepted_only=False), guard=allow)
    assert len(world.erp.documents("sale")) == 1


@pytest.mark.parametrize("accepted_only", [True, False])
def test_what_one_connection_may_not_do_keeps_no_other_from_its_turn(tmp_path: Path, accepted_only: bool) -> None:
    """A new system with a long list that nobody has accepted yet, or one that is away, beside one that works."""
    scene = Scene(tmp_path, syncs={"account": {"create": True}})
    settings = scene.config.connections["erp"]
    scene.config = HubConfig(connections={"erp": settings, "away": settings})
    scene.hub = scene.make_hub()
    with scene.store.write() as tx:
        for _ in range(3):
            tx.insert(make_binding(scene.hub, "away", "account", scene.hub.new_id()))
    if accepted_only:
        scene.accept()
    else:
        pause_connection(scene.hub, "away", "li")
    scene.clock.pass_time(60)
    account = create_record(scene.hub, "account", {"name": "海岳"}, "li")
    (mine,) = scene.rows(Binding, hub_id=account.id, connection="erp")
    assert list_due(scene.hub, 2, accepted_only=accepted_only) == [mine.id]


def test_everything_stops_and_a_single_pause_outlives_it(world: World) -> None:
    make_order(world)
    ids = list_due(world.hub, 10, accepted_only=False)
    pause_all(world.hub, "li")
    pause_all(world.hub, "wang")
    pause_connection(world.hub, "erp", "li")
    assert is_paused(world.hub)
    assert push_bindings(world.hub, ids, guard=allow).touched == []
    with pytest.raises(RuleBroken) as refused:
        check_paused(world.hub, "erp")
    assert refused.value.params["actor"] == "li"

    resume_all(world.hub, "li")
    assert (is_paused(world.hub), is_paused(world.hub, "erp")) == (False, True)
    resume_connection(world.hub, "erp", "li")
    assert not is_paused(world.hub, "erp")
    with world.store.read() as tx:
        done = [row.action for row in tx.find(JournalEntry, actor="li", order=["at"])]
    assert done == ["hub.paused", "connection.paused", "hub.resumed", "connection.resumed"]


def test_resuming_forgets_missing_rights_and_failures(world: World) -> None:
    note_trouble(world.hub, "erp", NeedsConsent("sdk.refused_login", status=401, where="http://erp"))
    with pytest.raises(RuleBroken) as refused:
        check_paused(world.hub, "erp")
    assert refused.value.params["reason"] == "sdk.refused_login"
    resume_connection(world.hub, "erp", "li")
    with world.store.read() as tx:
        state = tx.get(ConnectionState, connection="erp")
    assert state == ConnectionState(connection="erp")


def test_records_are_still_kept_while_paused(world: World) -> None:
    pause_all(world.hub, "li")
    made = create_record(world.hub, "account", {"name": "新客户"}, "li")
    assert find_record(world.hub, "account", "新客户") == made


def test_an_unknown_connection_is_named(world: World) -> None:
    with pytest.raises(ConfigInvalid):
        pause_connection(world.hub, "nowhere", "li")


def throttle(world: World, wait_s: float | None) -> None:
    note_trouble(world.hub, "erp", Transient("sdk.throttled", retry_after_s=wait_s, status=429, where="GET /api/sale"))


def test_a_system_that_asked_to_be_left_alone_is_by_everybody(world: World) -> None:
    make_order(world)
    throttle(world, 1200)
    before = len(world.api.requests)
    assert list_due(world.hub, 10, accepted_only=False) == []
    calls: tuple[Callable[[], object], ...] = (
        lambda: run_sync(world.hub, "erp", None, "li"),
        lambda: sweep_connection(world.hub, "erp", actor="li"),
        lambda: make_plan(world.hub, "erp", None, "li"),
        lambda: reconcile(world.hub, "erp"),
    )
    for call in calls:
        with pytest.raises(Transient) as refused:
            call()
        assert refused.value.code == "sync.connection_rests"
        assert "isthmus connection resume erp" in refused.value.text()
        assert "429" in refused.value.text("zh")
        assert 1190 < (refused.value.retry_after_s or 0) <= 1200
    assert len(world.api.requests) == before
    world.clock.pass_time(1201)
    assert run_sync(world.hub, "erp", None, "li").errors == []
    with world.store.read() as tx:
        assert tx.get(ConnectionState, connection="erp") == ConnectionState(connection="erp")


def test_somebody_may_try_all_the_same(world: World) -> None:
    throttle(world, 1200)
    resume_connection(world.hub, "erp", "li")
    assert run_sync(world.hub, "erp", None, "li").errors == []


def test_a_system_that_is_merely_away_may_be_tried_by_a_person(world: World) -> None:
    for _ in range(6):
        throttle(world, None)
    assert list_due(world.hub, 10, accepted_only=False) == []
    check_paused(world.hub, "erp")
    assert run_sync(world.hub, "erp", None, "li").errors == []


def test_a_long_rest_is_told_a_short_one_is_not(world: World) -> None:
    throttle(world, 60)
    assert [item for item in list_todo(world.hub) if item.kind_of_wait == "resting"] == []
    throttle(world, 3600)
    (item,) = [item for item in list_todo(world.hub) if item.kind_of_wait == "resting"]
    assert (item.connection, item.command) == ("erp", "isthmus connection resume erp")
    assert "429" in item.text()


def test_come_back_at_once_is_not_taken_literally(world: World) -> None:
    throttle(world, 0)
    with world.store.read() as tx:
        state = tx.get(ConnectionState, connection="erp")
    assert state is not None
    assert state.not_before is not None
    assert (state.not_before - world.clock.at).total_seconds() == pytest.approx(1, abs=0.01)


def test_a_plan_that_was_told_to_come_back_later_leaves_the_system_alone(world: World) -> None:
    world.faults.retry_after_s = 900
    world.faults.rates = {"read_refused": 1.0}
    with pytest.raises(Transient) as told:
        make_plan(world.hub, "erp", None, "li")
    assert told.value.retry_after_s == 900
    before = len(world.api.requests)
    with pytest.raises(Transient, match="resume"):
        make_plan(world.hub, "erp", None, "li")
    assert len(world.api.requests) == before
