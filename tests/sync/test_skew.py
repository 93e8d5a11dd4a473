"""Machines whose clocks differ: whoever speaks last has the last word."""

from __future__ import annotations

from hub.store.rows import Cursor
from hub.sync.pull import pull_stream
from hub.sync.sweep import sweep_connection
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene
from tests.sync.world import SkewedClock


def pull_ahead(scene: Scene, seconds: float) -> None:
    """A pull by a worker whose clock is ahead."""
    hub = scene.make_hub()
    hub.clock = SkewedClock(scene.clock, seconds)
    pull_stream(hub, "erp", "order", actor="ahead")


def test_an_edit_here_comes_after_what_a_clock_ahead_took_in(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "free"})
    sale = scene.make_sale("approved", note="theirs")
    scene.pull("account", "product")
    pull_ahead(scene, 1)
    order = scene.record_of("order", sale)
    scene.edit(order, note="ours")
    assert scene.reload(order).note == "ours"
    scene.settle()
    assert scene.sale()["note"] == "ours"


def test_an_edit_there_comes_after_what_a_clock_ahead_wrote_here(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "free"})
    sale = scene.make_sale("approved", note="theirs")
    scene.pull()
    order = scene.record_of("order", sale)
    usual, scene.hub.clock = scene.hub.clock, SkewedClock(scene.clock, 200)
    scene.edit(order, note="ours")
    scene.hub.clock = usual
    scene.push()
    scene.pull()
    scene.wang.edit("sale", sale["id"], note="newer")
    scene.pull()
    assert scene.reload(order).note == "newer"


def test_a_round_that_a_slower_clock_ends_does_not_go_back(make_scene: SceneMaker) -> None:
    scene = make_scene()
    ahead = scene.make_hub()
    ahead.clock = SkewedClock(scene.clock, 5)
    sweep_connection(ahead, "erp", actor="ahead")
    (before,) = scene.rows(Cursor, stream="sweep:order")
    sweep_connection(scene.hub, "erp", actor="behind")
    (after,) = scene.rows(Cursor, stream="sweep:order")
    assert after.high_water >= before.high_water
