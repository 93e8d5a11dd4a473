"""What explains that two sides differ: the state of the binding, before anything about one field."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.model.base import Entity
from hub.model.sales import Order
from hub.protocol.binding import Binding
from hub.protocol.semantics import Direction, Stage
from hub.protocol.snapshot import Snapshot
from hub.store.rows import Image
from hub.sync.agreement import Pair, explain_difference, explain_ended, explain_state, explain_unsent, list_differences
from hub.sync.findings import BEFORE_START, CONFLICT, NOT_DUE, TODO, Reason
from tests.sync.scenes import Scene

AT = datetime(2026, 11, 1, 8, tzinfo=UTC)
ID, ACME = UUID(int=10), UUID(int=1)
HERE = "erp/sale/S1"


def bind(state: str = "bound", **more: Any) -> Binding:
    told = {"id": UUID(int=20), "connection": "erp", "kind": "order", "hub_id": ID, "remote_id": "S1", "state": state}
    return Binding.model_validate({**told, **more})


def order(**more: Any) -> Order:
    return Order.model_validate({"id": ID, "number": "SO-1", "account_id": ACME, "currency": "CNY", **more})


def image(source: str, **values: Any) -> Image:
    connection = source.partition("/")[0]
    return Image(record_kind="order", record_id=ID, source=source, values=values, at=AT,
                 connection=None if source == "hub" else connection)  # fmt: skip


def pair(binding: Binding, record: Entity | None = None, *images: Image, **seen: Any) -> Pair:
    stage = seen.pop("stage", Stage.EFFECTIVE)
    asked = seen.pop("asked", ())
    return Pair(binding, record or order(), images, Snapshot("S1", seen, stage, AT, version=seen.pop("at", 0)), asked)


STATES: list[tuple[Binding, Reason | None]] = [
    (bind(parked="sync.x", parked_params={"a": "b"}), Reason(TODO, "sync.x", {"a": "b"})),
    (bind(parked="sync.is_history"), Reason(BEFORE_START, "sync.is_history")),
    (bind(parked="sync.before_start", missing_since=AT), Reason(BEFORE_START, "sync.before_start")),
    (bind("sending", missing_since=AT), Reason(NOT_DUE, "sync.looked_for_again")),
    (bind("sending"), Reason(NOT_DUE, "sync.on_its_way")),
    (bind(), None),
    (bind("waiting"), None),
    (bind("tomb"), None),
]


@pytest.mark.parametrize(("binding", "reason"), STATES)
def test_what_holds_for_the_document_as_a_whole(scene: Scene, binding: Binding, reason: Reason | None) -> None:
    conn = scene.hub.open("erp")
    assert explain_state(conn.policies["order"], pair(binding)) == reason
    if reason is not None:
        assert explain_difference(scene.hub, conn, pair(binding), "note") == reason
        assert explain_ended(scene.hub, conn, pair(binding)) == reason


UNSENT: list[tuple[Binding, str | None, Reason | None]] = [
    (bind("new", parked="sync.x", parked_params={"a": 1}, held={"*": "z"}), None, Reason(TODO, "sync.x", {"a": 1})),
    (bind("new", held={"*": "sync.y"}, parked_params={"a": "b"}), None, Reason(TODO, "sync.y", {"a": "b"})),
    (bind("new", held={"*": "protocol.parent_missing"}), None, Reason(NOT_DUE, "protocol.parent_missing")),
    (bind("new", held={"*": "sync.not_in_plan"}), None, Reason(NOT_DUE, "sync.not_in_plan")),
    (bind("new", held={"*": "sync.before_start"}), None, Reason(BEFORE_START, "sync.before_start")),
    (bind("new", held={"note": "sync.y"}), "sync.plan_first", Reason(NOT_DUE, "sync.plan_first")),
    (bind("new"), None, Reason(NOT_DUE, "sync.not_sent_yet")),
    (bind("sending"), "sync.plan_first", Reason(NOT_DUE, "sync.on_its_way")),
    (bind("tomb"), "sync.plan_first", None),
]  # fmt: skip


@pytest.mark.parametrize(("binding", "not_accepted", "reason"), UNSENT)
def test_why_there_is_no_document_yet(binding: Binding, not_accepted: str | None, reason: Reason | None) -> None:
    assert explain_unsent(binding, not_accepted) == reason


def test_why_one_field_may_differ(scene: Scene) -> None:
    conn = scene.hub.open("erp")

    def explain(name: str, binding: Binding, **more: Any) -> Reason | None:
        return explain_difference(scene.hub, conn, pair(binding, **more), name)

    assert explain("note", bind(held={"*": "sync.y"})) == Reason(TODO, "sync.y")
    assert explain("note", bind(held={"note": "sync.z"})) == Reason(TODO, "sync.z")
    assert explain("gross", bind(held={"lines": "sync.z"})) == Reason(TODO, "sync.z"), "sums follow the lines"
    assert explain("note", bind(held={"lines": "sync.z"})) is None
    assert explain("note", bind(), asked=("note",)) == Reason(CONFLICT, "sync.edited_twice", {"fields": "note"})
    assert explain("note", bind(dirty=True)) == Reason(NOT_DUE, "sync.to_be_written")
    assert explain("gross", bind(dirty=True)) == Reason(NOT_DUE, "sync.to_be_written")
    assert explain("note", bind()) is None
    assert explain("note", bind(dirty=True, primary=False)) is None, "it is not written there"
    assert explain("nothing", bind(dirty=True)) is None


def test_why_one_side_may_have_ended(scene: Scene) -> None:
    conn = scene.hub.open("erp")
    void = order(state="void")
    there, elsewhere = image(HERE, state="void"), image("shop/sale/S7", state="void")

    def explain(binding: Binding, record: Entity | None, *images: Image) -> Reason | None:
        return explain_ended(scene.hub, conn, pair(binding, record, *images))

    assert explain(bind(held={"state": "sync.y"}), void) == Reason(TODO, "sync.y")
    assert explain(bind(void_wanted=True, dirty=True), void) == Reason(NOT_DUE, "sync.to_be_written")
    assert explain(bind(void_wanted=True), void) is None
    assert explain(bind("tomb"), order(), elsewhere) == Reason(NOT_DUE, "protocol.ended_there")
    assert explain(bind("tomb"), order(), there) is None
    assert explain(bind("tomb"), void, elsewhere) is None
    assert explain(bind(), void, elsewhere) is None, "it is written there, so it must be equal"
    assert conn.policies["order"].direction is not Direction.IN


def test_what_ours_says_and_theirs(scene: Scene) -> None:
    conn = scene.hub.open("erp")

    def differ(record: Entity, *images: Image, binding: Binding | None = None, **seen: Any) -> dict[str, Any]:
        return list_differences(scene.hub, conn, pair(binding or bind(), record, *images, **seen))

    note = order(note="ours", state="approved")
    assert differ(note, image(HERE, note="x"), note="theirs") == {"note": ("ours", "theirs")}
    assert differ(note, image("hub", note="x"), note="theirs") == {"note": ("ours", "theirs")}
    assert differ(note, image("hub", note="x"), binding=bind(primary=False), note="theirs") == {}
    assert differ(note, image("shop/sale/S1", account_id="x"), note="theirs", account_id=ACME) == {}, (
        "nobody said it there"
    )
    assert differ(note, image(HERE, note="x"), note="ours") == {}
    assert differ(order(gross=Decimal(5)), image(HERE, gross="x"), gross=Decimal(5)) == {}


def test_who_lives(scene: Scene) -> None:
    assert (pair(bind()).lives_here, pair(bind()).lives_there) == (True, True)
    assert not pair(bind(), order(state="void")).lives_here
    assert not pair(bind(), stage=Stage.VOID).lives_there
    assert not pair(bind(), stage=Stage.GONE).lives_there
    assert not pair(bind(), state="void").lives_there
    assert pair(bind(), state="approved", stage=Stage.DRAFT).lives_there
