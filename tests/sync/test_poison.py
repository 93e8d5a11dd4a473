"""One poison record never blocks others: each of them waits alone, with the reason, and the rest goes on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connectors.sandbox.connector import SandboxConnector
from hub.errors import MappingError, Rejected
from hub.protocol.binding import BindingState
from hub.runtime import defects
from hub.runtime.assemble import equip_connection
from hub.runtime.defects import guard_functions
from hub.sync.context import OpenConnection
from hub.sync.plan import make_plan
from hub.sync.retry import retry_items
from hub.sync.sweep import sweep_connection
from hub.sync.todo import TodoItem, list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene
from tests.sync.world import TIMING

CALLS = '[fields]\nnote = { from = "note", call = "read_note" }\n'


class Clumsy(SandboxConnector):
    """Some records make its own code fail."""

    def functions(self) -> Any:
        def read_note(value: Any, payload: Any) -> str:
            if value == "untranslatable":
                raise MappingError("mapping.call_refused", function="read_note", value="-", what="no")
            if value == "poison":
                self._fall_over()
            return str(value or "")

        return {"read_note": read_note, "read_note_out": lambda value, record: value}

    def _fall_over(self) -> None:
        raise RuntimeError("fell over a note")


@contextmanager
def clumsy(scene: Scene) -> Iterator[None]:
    """The scene's connection by a connector with defects."""
    usual = scene._open

    def open_clumsy(name: str) -> OpenConnection:
        opened = usual(name)
        connector = Clumsy(opened.connector.config, opened.connector.tools)
        settings = opened.settings.model_copy(update={"mappings": {"order": (("mappings/erp/order.toml", CALLS),)}})
        return equip_connection(name, settings, connector, TIMING)

    scene._open = open_clumsy  # type: ignore[method-assign]  # another connector for this scene alone
    scene.hub = scene.make_hub()
    yield
    scene._open = usual  # type: ignore[method-assign]  # as it was
    scene.hub = scene.make_hub()


def dead(scene: Scene) -> list[TodoItem]:
    return [item for item in list_todo(scene.hub) if item.kind_of_wait == "dead"]


def test_records_that_fail_in_each_way_wait_alone(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """A mapping that fails, a rule that fails, and a function of the connector that falls over: the rest comes in."""
    partner, item = scene.make_customer(), scene.make_item()
    lines = [{"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13"}]
    broken = [{**lines[0], "tax_percent": "300"}]
    sales = {
        "fine": scene.wang.create("sale", customer=partner["id"], lines=lines),
        "mapping": scene.wang.create("sale", customer=partner["id"], lines=lines, note="untranslatable"),
        "rule": scene.wang.create("sale", customer=partner["id"], lines=broken),
        "defect": scene.wang.create("sale", customer=partner["id"], lines=lines, note="poison"),
        "last": scene.wang.create("sale", customer=partner["id"], lines=lines),
    }
    with clumsy(scene), caplog.at_level(logging.ERROR, "isthmus"):
        found = scene.pull()
        assert (found["created"], found["dead"]) == (4, 3), "partner, item and two sales"
        reasons = {item.remote_id: item.text("en") for item in dead(scene)}
        assert set(reasons) == {sales[name]["id"] for name in ("mapping", "rule", "defect")}
        assert "RuntimeError: fell over a note" in reasons[sales["defect"]["id"]]
    (entry,) = [row for row in caplog.records if row.message == "connector.defect"]
    assert entry.exc_info is not None, "the traceback is in the log"
    assert entry.exc_info[0] is RuntimeError
    asked = {item.remote_id: item for item in dead(scene)}[sales["defect"]["id"]]
    (done,) = retry_items(scene.hub, [asked], "li")
    assert done.outcome == "created", "and a better connector takes it in"


def test_a_refused_document_is_parked_with_the_vendors_words_and_the_rest_is_written(scene: Scene) -> None:
    first, bad, last = (scene.make_order() for _ in range(3))
    sink = scene.hub.open("erp").sinks["order"]
    create = sink.create

    def refuse(drafts: Any) -> Any:
        if drafts[0].ref == scene.binding(bad).ref:
            raise Rejected("sandbox.refused", vendor="颜色不存在")
        return create(drafts)

    scene.hub.open("erp").sinks["order"].__dict__["create"] = refuse
    for _ in range(8):
        scene.push(1)
        scene.clock.pass_time(600)
    assert {row["our_ref"] for row in scene.sales()} == {scene.binding(order).ref for order in (first, last)}
    (item,) = [item for item in list_todo(scene.hub) if item.kind_of_wait == "parked"]
    assert (item.record_id, item.params["words"]) == (bad.id, "颜色不存在")
    assert "颜色不存在" in item.text("zh")


@pytest.mark.parametrize("arrives", [False, True])
def test_a_connector_that_falls_over_while_it_writes_is_looked_for_before_anything_is_sent_again(
    make_scene: SceneMaker, arrives: bool, caplog: pytest.LogCaptureFixture
) -> None:
    scene = make_scene(erp={"tier": "unique"})
    bad, fine = scene.make_order(), scene.make_order()
    inner = scene.hub.open("erp").sinks["order"]._inner  # type: ignore[attr-defined]  # the guard's own
    create = inner.create

    def fall_over(drafts: Any) -> Any:
        if drafts[0].ref != scene.binding(bad).ref:
            return create(drafts)
        if arrives:
            create(drafts)
        raise KeyError("id")

    inner.create = fall_over
    with caplog.at_level(logging.ERROR, "isthmus"):
        for _ in range(10):
            scene.push(1)
            scene.clock.pass_time(600)
    assert any(row.message == "connector.defect" and row.exc_info for row in caplog.records)
    wanted = [fine, bad] if arrives else [fine]
    assert sorted(row["our_ref"] for row in scene.sales()) == sorted(str(scene.binding(row).ref) for row in wanted)
    if not arrives:
        (item,) = [item for item in list_todo(scene.hub) if item.kind_of_wait == "parked"]
        assert (item.record_id, item.code) == (bad.id, "runtime.connector_defect")
        assert "KeyError" in item.text("zh")
        inner.create = create
        (done,) = retry_items(scene.hub, [item], "li")
        assert done.outcome in ("going", "waits")
        for _ in range(3):
            scene.push(1)
            scene.clock.pass_time(600)
        assert len(scene.sales()) == 2


def test_a_connector_that_falls_over_while_it_reads_parks_the_one_document(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    orders = [scene.make_order() for _ in range(3)]
    scene.push()
    poison = scene.binding(orders[1]).remote_id
    inner = scene.hub.open("erp").streams["sale"]._inner  # type: ignore[attr-defined]  # the guard's own
    fetch = inner.fetch

    def fall_over(external_id: str) -> Any:
        if external_id == poison:
            raise IndexError("list index out of range")
        return fetch(external_id)

    inner.fetch = fall_over
    for order in orders:
        scene.edit(order, note="neu")
    with caplog.at_level(logging.ERROR, "isthmus"):
        scene.push()
        view = make_plan(scene.hub, "erp", ["order"], "li")
        report = sweep_connection(scene.hub, "erp", actor="li")
    assert report.counts["defect"] == 1
    assert report.finished
    assert sorted(row["note"] for row in scene.sales()) == ["", "neu", "neu"]
    assert scene.binding(orders[1]).parked == "runtime.connector_defect"
    assert [item.action for item in view.items if item.record_id == orders[1].id] == ["hold"]
    assert {scene.binding(order).state for order in orders} <= {BindingState.WAITING, BindingState.BOUND}


def test_the_traceback_of_a_function_is_logged_once_for_each_place(caplog: pytest.LogCaptureFixture) -> None:
    def fail(value: Any, payload: Any) -> Any:
        raise RuntimeError(value)

    guarded = guard_functions({"fail": fail}, "erp")["fail"]
    with caplog.at_level(logging.ERROR, "isthmus"):
        for value in range(5):
            with pytest.raises(RuntimeError):
                guarded(value, {})
    assert len(caplog.records) == 1


def test_errors_of_ours_pass_the_border_as_they_are() -> None:
    class Refusing:
        name = "x"

        def create(self, drafts: Any) -> Any:
            raise Rejected("sandbox.refused")

    guarded: Any = defects.guard(Refusing(), "erp")  # type: ignore[type-var]  # as good as a sink here
    with pytest.raises(Rejected):
        guarded.create([])
    assert guarded.name == "x"
