"""Totals that another system's lines do not give: held with the difference in sight, and never fixed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.protocol.semantics import Direction
from hub.sync.settle import settle_binding
from hub.sync.todo import list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene

LINE = {"quantity": "1", "price": "0.05", "tax_percent": "13", "text": "垫片"}


@pytest.fixture
def scene(make_scene: SceneMaker) -> Scene:
    """Declared as rounding each line, in truth by the document: 20 × 13 % of 0.05 is 0.13 and not 0.20."""
    return make_scene({"rounding": "document"})


def make(scene: Scene, kind: str, direction: Direction = Direction.BOTH) -> Any:
    partner = scene.make_customer()
    syncs = scene.config.connections["erp"].syncs
    if kind == "invoice":
        wanted = {**syncs, "invoice": syncs["order"].model_copy(update={"direction": direction})}
        connection = scene.config.connections["erp"].model_copy(update={"syncs": wanted})
        scene.config = scene.config.model_copy(update={"connections": {"erp": connection}})
        scene.hub = scene.make_hub()
    made = scene.wang.create("sale" if kind == "order" else kind, customer=partner["id"], lines=[LINE] * 20)
    scene.pull("account", kind)
    return made


@pytest.mark.parametrize(
    ("kind", "direction"), [("order", Direction.BOTH), ("invoice", Direction.BOTH), ("invoice", Direction.IN)]
)
def test_a_document_of_theirs_is_held_until_somebody_accepts_it(scene: Scene, kind: str, direction: Direction) -> None:
    made = make(scene, kind, direction)
    record = scene.record_of(kind, made)
    assert (record.tax, record.gross) == (Decimal("0.13"), Decimal("1.13")), "their own tax, never fixed"
    assert list_held(scene) == [(kind, "sync.held_total_differs")]
    binding = scene.binding(record)
    settle_binding(scene.hub, binding.id, "remote", "li")
    scene.clock.pass_time(1)
    table = "sale" if kind == "order" else kind
    scene.wang.edit(table, made["id"], note="geprüft")
    scene.pull(kind)
    assert list_held(scene) == [], "accepted as it is"
    scene.clock.pass_time(1)
    more = [{"id": line["id"]} for line in scene.erp.read(table, made["id"])["lines"]]
    scene.wang.edit(table, made["id"], lines=[*more, LINE])
    scene.pull(kind)
    assert list_held(scene) == [(kind, "sync.held_total_differs")], "another total, another question"


def list_held(scene: Scene) -> list[tuple[str, str]]:
    return [(item.kind, item.code) for item in list_todo(scene.hub) if item.kind_of_wait == "held"]


def test_it_lifts_itself_when_the_lines_give_the_total(scene: Scene) -> None:
    made = make(scene, "order")
    assert scene.binding(scene.record_of("order", made)).held
    scene.clock.pass_time(1)
    scene.wang.edit("sale", made["id"], lines=[LINE])
    scene.pull("order")
    assert scene.binding(scene.record_of("order", made)).held == {}
