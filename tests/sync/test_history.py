"""Documents from before the start date are read, and never written: not made, not changed, not voided."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.protocol.binding import BindingState
from hub.sync.settle import settle_binding
from hub.sync.todo import list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_line

START = "2026-11-01"


def make_old(scene: Scene, status: str | None = None) -> tuple[Any, Any]:
    """A sale of October that people made there, and its record."""
    sale = scene.make_sale(status, date="2026-10-05")
    scene.pull()
    return sale, scene.record_of("order", sale)


@pytest.fixture
def scene(make_scene: SceneMaker) -> Scene:
    return make_scene(order={"start_date": START}, erp={"amend": "free"})


def test_it_is_taken_in_and_follows_what_is_changed_there(scene: Scene) -> None:
    sale, order = make_old(scene)
    scene.edit_sale(sale["id"], note="bezahlt")
    scene.pull("order")
    assert scene.reload(order).note == "bezahlt"


def test_an_edit_here_is_refused_naming_the_start_date(scene: Scene) -> None:
    sale, order = make_old(scene)
    with pytest.raises(RuleBroken) as refused:
        scene.edit(order, note="eilt")
    assert refused.value.code == "sync.edit_before_start"
    assert START in refused.value.text()
    assert sale["number"] in refused.value.text()
    scene.edit(order, tags=["alt"])
    assert scene.reload(order).tags == ("alt",), "what nobody would write there is free"


def test_a_date_moved_past_the_start_does_not_help(scene: Scene) -> None:
    _, order = make_old(scene)
    with pytest.raises(RuleBroken):
        scene.edit(order, ordered_on="2026-11-20")


def test_a_void_here_is_refused(scene: Scene) -> None:
    sale, order = make_old(scene)
    with pytest.raises(RuleBroken) as refused:
        scene.void(order)
    assert refused.value.code == "sync.void_before_start"
    scene.wang.void(sale["id"])
    scene.pull("order")
    assert scene.binding(order).state is BindingState.TOMB


def test_what_the_hub_owns_is_not_asserted_against_history(scene: Scene) -> None:
    sale, order = make_old(scene)
    other = scene.make_item("密封圈", "0.35")
    scene.pull("product")
    product = scene.record_of("product", other)
    # As if the hub had said so before the start date was set.
    scene.config = scene.config.model_copy(update={"connections": _without_start(scene)})
    scene.hub = scene.make_hub()
    scene.edit(order, lines=[make_line(product, "3")])
    scene.config = scene.config.model_copy(update={"connections": _without_start(scene, date.fromisoformat(START))})
    scene.hub = scene.make_hub()
    before = scene.api.writes
    scene.settle()
    assert scene.api.writes == before
    assert scene.binding(order).held == {"lines": "sync.is_history"}
    assert not scene.binding(order).dirty
    (item,) = [item for item in list_todo(scene.hub) if item.kind_of_wait == "held"]
    assert item.code == "sync.held_before_start"
    settle_binding(scene.hub, scene.binding(order).id, "remote", "li")
    scene.settle()
    assert scene.api.writes == before
    assert scene.binding(order).held == {}
    assert [line.quantity for line in scene.reload(order).lines] == [2]
    assert scene.sale(sale["id"])["lines"][0]["quantity"] == "2"


def _without_start(scene: Scene, start: date | None = None) -> Any:
    connection = scene.config.connections["erp"]
    order = connection.syncs["order"].model_copy(update={"start_date": start})
    return {"erp": connection.model_copy(update={"syncs": {**connection.syncs, "order": order}})}


def test_what_is_younger_is_written_as_ever(scene: Scene) -> None:
    order = scene.make_order(ordered_on=START)
    scene.push()
    scene.edit(order, note="eilt")
    scene.settle()
    assert scene.sale()["note"] == "eilt"


def test_what_is_older_is_never_made_there(scene: Scene) -> None:
    order = scene.make_order(ordered_on="2026-10-31")
    scene.push()
    assert scene.sales() == []
    assert scene.binding(order).held == {"*": "sync.before_start"}
    assert scene.edit(order, note="frei").note == "frei", "no document, nothing to keep equal"
