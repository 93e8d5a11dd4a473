"""One record out of several images, and the intents that follow from its change."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from hub.protocol.binding import BindingState
from hub.store.rows import Image
from hub.sync.resolve import (
    compare_records,
    gather_fields,
    make_binding,
    mark_bindings,
    rebuild_record,
    resolve_record,
)
from hub.sync.show import show_value
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene

FAR = "2026-11-01T09:00:00+00:00"


def add_image(scene: Scene, order: Any, source: str, at: str, **values: Any) -> None:
    """What another source says about the order."""
    with scene.store.write() as tx:
        tx.save(
            Image(
                record_kind="order", record_id=order.id, source=source, connection=source.partition("/")[0] or None,
                values=values, changed=dict.fromkeys(values, at), at=scene.clock.now(),
            )
        )  # fmt: skip


def rebuild(scene: Scene, order: Any) -> Any:
    with scene.store.write() as tx:
        return rebuild_record(tx, scene.hub, "order", order.id, actor="test", cause=None, run_id=None)


def test_a_field_of_the_remote_is_taken_from_it_even_when_ours_is_newer(scene: Scene) -> None:
    order = scene.make_order()
    add_image(scene, order, "erp/sale/S1", "2020-01-01T00:00:00+00:00", fulfilment="partial")
    assert rebuild(scene, order).record.fulfilment == "partial"


def test_a_field_of_the_hub_stays_as_it_was_edited_here(scene: Scene) -> None:
    order = scene.make_order(reference="ours")
    add_image(scene, order, "erp/sale/S1", FAR, reference="theirs")
    assert rebuild(scene, order).record.reference == "ours"


@pytest.mark.parametrize(("at", "note"), [(FAR, "theirs"), ("2020-01-01T00:00:00+00:00", "ours")])
def test_of_a_shared_field_the_newest_edit_holds(scene: Scene, at: str, note: str) -> None:
    order = scene.make_order(note="ours")
    add_image(scene, order, "erp/sale/S1", at, note="theirs")
    assert rebuild(scene, order).record.note == note


def test_a_void_made_in_the_hub_holds_against_every_source(scene: Scene) -> None:
    order = scene.make_order()
    scene.void(order)
    add_image(scene, order, "erp/sale/S1", FAR, state="approved")
    assert rebuild(scene, order).record.state == "void"


def test_a_connection_that_is_gone_owns_nothing(scene: Scene) -> None:
    order = scene.make_order(reference="ours")
    add_image(scene, order, "old-erp/sale/9", "2020-01-01T00:00:00+00:00", reference="theirs", fulfilment="partial")
    record = rebuild(scene, order).record
    assert (record.reference, record.fulfilment) == ("ours", "partial")
    with scene.store.read() as tx:
        provenance = resolve_record(tx, scene.hub, "order", order.id).provenance
    assert (provenance["reference"], provenance["fulfilment"]) == ("hub", "old-erp/sale/9")


def test_the_same_images_again_are_no_change(scene: Scene) -> None:
    order = scene.make_order()
    again = rebuild(scene, order)
    assert (again.changes, again.created, again.record.revision) == ({}, False, order.revision)


def test_a_change_makes_every_other_binding_due_and_leaves_the_messenger_alone(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    bound = scene.binding(order)
    assert not bound.dirty
    with scene.store.write() as tx:
        assert mark_bindings(tx, scene.hub, order, cause=bound) == []
        assert mark_bindings(tx, scene.hub, order, cause=None) == [bound.id]
    assert scene.binding(order).dirty


def test_an_edit_wakes_what_was_held_but_not_what_must_be_quiet(scene: Scene) -> None:
    order = scene.make_order()
    later = scene.clock.now().replace(year=2027)
    bound = scene.save(scene.binding(order), not_before=later, held={"*": "sync.no_lines", "note": "protocol.locked"})
    scene.edit(order, note="x")
    assert (scene.binding(order).not_before, scene.binding(order).held) == (None, {"note": "protocol.locked"})
    scene.save(bound, state=BindingState.UNKNOWN, not_before=later)
    scene.edit(order, note="y")
    assert scene.binding(order).not_before == later


@pytest.mark.parametrize("state", [BindingState.TOMB, BindingState.FOREIGN])
def test_what_has_ended_is_not_made_due(scene: Scene, state: BindingState) -> None:
    order = scene.make_order()
    scene.save(scene.binding(order), state=state, dirty=False)
    scene.edit(order, note="x")
    assert not scene.binding(order).dirty


def test_a_binding_has_the_reference_of_its_record(make_scene: SceneMaker) -> None:
    scene = make_scene()
    record_id = scene.hub.new_id()
    one = make_binding(scene.hub, "erp", "order", record_id)
    other = make_binding(scene.hub, "erp", "order", record_id)
    assert one.id != other.id
    assert one.ref == other.ref
    assert (one.ref or "").startswith(scene.hub.ref_prefix)


def test_flat_names_are_nested_as_the_model_has_them() -> None:
    flat = {"name": "a", "custom.grade": "A", "custom.since": 3, "attributes.size": "L"}
    assert gather_fields(flat) == {"name": "a", "custom": {"grade": "A", "since": 3}, "attributes": {"size": "L"}}


def test_a_comparison_names_business_fields_only(scene: Scene) -> None:
    order = scene.make_order(note="a")
    again = order.model_copy(update={"revision": 9, "updated_at": scene.clock.now(), "note": "b"})
    assert compare_records(order, again) == {"note": ("a", "b")}
    assert "note" in compare_records(None, order)
    assert "billing" not in compare_records(None, order), "what is as it always begins is not news"


def test_values_are_shown_as_the_journal_keeps_them(scene: Scene) -> None:
    order = scene.make_order()
    id_ = uuid4()
    assert show_value(id_) == str(id_)
    assert show_value(order.gross) == "28.25"
    assert show_value(order.lines)[0]["quantity"] == "2"
    assert show_value(None) is None
