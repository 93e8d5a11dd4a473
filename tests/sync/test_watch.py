"""Streams that went quiet, lists that shrank, cursors that stand still: told, and over by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.store.rows import Cursor
from hub.sync.pause import pause_connection
from hub.sync.status import list_syncs
from hub.sync.todo import list_todo
from hub.sync.watch import find_longest_usual, list_alarms, note_news
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene

DAY_S = 86_400
START = datetime(2026, 1, 1, tzinfo=UTC)


def alarms(scene: Scene) -> list[str]:
    with scene.store.read() as tx:
        return [alarm.code for alarm in list_alarms(tx, scene.hub)]


def live(scene: Scene, days: int, every: int = 1) -> None:
    """One new customer every so many days; the stream is read twice a day."""
    for day in range(days):
        if day % every == 0:
            scene.make_customer(f"客户{scene.clock.now().isoformat()}")
        for _ in range(2):
            scene.clock.pass_time(DAY_S / 2)
            scene.pull("account")


def test_a_stream_that_brings_nothing_for_longer_than_declared_is_silent(make_scene: SceneMaker) -> None:
    scene = make_scene(account={"expect_change_every_s": 3 * DAY_S})
    live(scene, 2)
    assert alarms(scene) == []
    for _ in range(4):
        scene.clock.pass_time(DAY_S)
        scene.pull("account")
    assert alarms(scene) == ["sync.stream_silent"]
    (item,) = [item for item in list_todo(scene.hub) if item.kind_of_wait == "watch"]
    assert (item.connection, item.kind, item.command) == ("erp", "account", "isthmus connection check erp")
    assert "3 days" in item.text("en")
    assert "3 天" in item.text("zh")
    row = next(row for row in list_syncs(scene.hub) if row.kind == "account")
    assert row.alarms == ("sync.stream_silent",)
    scene.make_customer()
    scene.pull("account")
    assert alarms(scene) == [], "over by itself"


def test_what_is_usual_is_learned(scene: Scene) -> None:
    live(scene, 21, every=3)
    scene.clock.pass_time(DAY_S)
    scene.pull("account")
    assert alarms(scene) == [], "three days and a half are nothing new to it"
    scene.clock.pass_time(2 * DAY_S)
    scene.pull("account")
    assert alarms(scene) == ["sync.stream_silent"]


def test_a_stream_that_is_not_known_for_long_is_not_judged(scene: Scene) -> None:
    live(scene, 5)
    scene.clock.pass_time(30 * DAY_S)
    scene.pull("account")
    assert "sync.stream_silent" not in alarms(scene)


@given(st.lists(st.integers(60, 20 * DAY_S), min_size=1, max_size=60))
def test_the_memory_of_silences_is_short_and_keeps_the_longest(gaps: list[int]) -> None:
    cursor, now = Cursor(connection="erp", stream="partner"), START
    for gap in [0, *gaps]:
        now += timedelta(seconds=gap)
        cursor = cursor.model_copy(update=note_news(cursor, now))
        assert len(cursor.silences) <= 13
    recent, at = [], START
    for gap in gaps:
        at += timedelta(seconds=gap)
        if at >= now - timedelta(days=60) and gap >= 3600:
            recent.append(gap)
    usual = find_longest_usual(cursor)
    if now - START < timedelta(days=14):
        assert usual is None
    else:
        assert usual == max(timedelta(days=1), timedelta(seconds=1.5 * max(recent, default=0)))


def test_a_cursor_that_nobody_moves_is_stale(make_scene: SceneMaker) -> None:
    scene = make_scene(account={"every_s": 600})
    scene.make_customer()
    scene.pull("account")
    scene.clock.pass_time(1500)
    assert alarms(scene) == []
    scene.clock.pass_time(600)
    assert alarms(scene) == ["sync.cursor_stands"]
    pause_connection(scene.hub, "erp", "li")
    assert alarms(scene) == [], "the pause is told instead"


def test_a_cursor_that_is_only_moved_by_hand_is_not_late(scene: Scene) -> None:
    scene.make_customer()
    scene.pull("account")
    scene.clock.pass_time(3 * DAY_S)
    assert alarms(scene) == []


def test_a_cursor_that_will_be_forgotten_is_told_before(make_scene: SceneMaker) -> None:
    scene = make_scene(account={"cursor_kept_s": 10 * DAY_S})
    scene.make_customer()
    scene.pull("account")
    scene.clock.pass_time(7 * DAY_S)
    assert alarms(scene) == []
    scene.clock.pass_time(2 * DAY_S)
    assert alarms(scene) == ["sync.cursor_expires"]
    scene.pull("account")
    assert alarms(scene) == []


@pytest.mark.parametrize("change", [{"listed": 40, "expected": 40}, {"listed": 25, "expected": 40}])
def test_few_that_are_missing_are_no_drop(scene: Scene, change: dict[str, Any]) -> None:
    scene.make_customer()
    scene.pull("account")
    scene.save(scene.rows(Cursor, stream="partner")[0], **change)
    assert alarms(scene) == []
    scene.save(scene.rows(Cursor, stream="partner")[0], listed=19, expected=40)
    assert alarms(scene) == ["sync.list_dropped"]
