"""What explains a difference, and what does not: one cause after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from hub.errors import ConfigInvalid
from hub.sync.findings import AMOUNT, DOUBLE, FIELD, MISSING_HERE, MISSING_THERE, STATE, UNREADABLE
from hub.sync.reconcile import Reconciliation, reconcile
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_approved, requote


def look(scene: Scene, **options: Any) -> Reconciliation:
    return reconcile(scene.hub, "erp", ["order"], **options)


def sorts(found: Reconciliation) -> list[str]:
    return [row.sort for row in found.findings]


def settled(make_scene: SceneMaker, **options: Any) -> Scene:
    """One order made here and approved there."""
    scene = make_scene(**options)
    scene.trade()
    scene.accept()
    make_approved(scene)
    assert look(scene).agrees
    return scene


def wrap(scene: Scene, change: Any) -> None:
    """What the list of sales shows is changed on the way."""
    stream = scene.hub.open("erp").stream_of("order")
    read_page = stream.read_page

    def read(*words: Any) -> Any:
        page = read_page(*words)
        return replace(page, records=change(page.records))

    vars(stream)["read_page"] = read


def test_an_edit_here_that_is_not_written_yet_is_not_due(make_scene: SceneMaker) -> None:
    scene = settled(make_scene)
    (order,) = scene.records("order")
    scene.edit(order, reference="PO-9")
    found = look(scene)
    assert (sorts(found), dict(found.reasons)) == ([], {("not_due", "sync.to_be_written"): 1})
    assert found.explained[0].command.startswith("isthmus binding show")


def test_an_edit_that_the_state_there_forbids_waits_for_a_person(make_scene: SceneMaker) -> None:
    scene = settled(make_scene, erp={"amend": "park"})
    (order,) = scene.records("order")
    requote(scene, order, "9")
    scene.push()
    assert dict(look(scene).reasons) == {("todo", "protocol.edit_of_locked"): 1}
    scene.edit_sale(note="改过")
    assert dict(look(scene).reasons) == {("todo", "protocol.edit_of_locked"): 1}, "whatever else changes there"


def test_a_conflict_that_nobody_has_decided_explains_its_field_alone(make_scene: SceneMaker) -> None:
    scene = settled(make_scene, order={"remote_wins": False})
    (order,) = scene.records("order")
    scene.edit(order, note="ours")
    scene.edit_sale(note="theirs")
    scene.pull("order")
    assert scene.conflicts()
    found = look(scene)
    assert sorts(found) == []
    assert {why for why, _ in found.reasons} <= {"conflict", "not_due"}


def test_void_on_one_side_alone(make_scene: SceneMaker) -> None:
    scene = settled(make_scene)
    scene.clock.pass_time(1)
    scene.wang.void(scene.sale()["id"])
    found = look(scene)
    assert sorts(found) == [STATE]
    assert found.findings[0].fields == {"state": ["approved", "void"]}
    scene.pull("order")
    assert look(scene).agrees


def test_what_is_older_than_the_start_date_is_history(make_scene: SceneMaker) -> None:
    today = date(2026, 11, 1)
    scene = make_scene(order={"start_date": today})
    scene.trade()
    scene.accept()
    scene.make_order(ordered_on=today - timedelta(days=9))
    found = look(scene)
    assert (sorts(found), [why for why, _ in found.reasons]) == ([], ["before_start"])


def test_documents_dated_earlier_are_left_out_on_request(make_scene: SceneMaker) -> None:
    scene = settled(make_scene)
    scene.make_sale("approved", date="2026-01-05")
    scene.make_sale("approved", date="2026-10-05")
    assert sorts(look(scene)) == [MISSING_HERE, MISSING_HERE]
    found = look(scene, since=date(2026, 10, 1))
    assert sorts(found) == [MISSING_HERE]
    assert {row.day for row in found.days} == {date(2026, 10, 5), date(2026, 11, 1)}
    assert [(row.day, row.remote_count) for row in found.days if row.differs] == [(date(2026, 10, 5), 1)]


def test_one_number_on_two_documents_is_told_once(make_scene: SceneMaker) -> None:
    scene = settled(make_scene)
    sale = scene.make_sale("approved")
    number = next(row["number"] for row in scene.sales() if row["id"] != sale["id"])
    wrap(scene, lambda records: [replace(row, number=number) for row in records])
    found = look(scene)
    (finding,) = found.findings
    assert (finding.sort, finding.label, len(finding.others)) == (DOUBLE, number, 2)


def test_what_a_list_does_not_show_is_asked_for_before_it_is_missing(make_scene: SceneMaker) -> None:
    scene = settled(make_scene)
    wrap(scene, lambda records: [])
    assert look(scene).agrees


def test_a_document_that_is_gone_is_missing_until_that_is_believed(make_scene: SceneMaker) -> None:
    scene = make_scene()
    scene.trade()
    scene.accept()
    order = scene.make_order()
    scene.push()
    scene.clock.pass_time(1)
    scene.wang.delete("sale", scene.sale()["id"])
    found = look(scene)
    assert (sorts(found), found.findings[0].label) == ([MISSING_THERE], order.number)
    assert found.findings[0].command == "isthmus sync sweep erp"


def test_a_new_state_that_no_mapping_understands_cannot_be_read(make_scene: SceneMaker) -> None:
    scene = settled(make_scene)
    scene.erp.mark(scene.sale()["id"], "wang", shipping="teleported")
    found = look(scene)
    assert sorts(found) == [UNREADABLE]
    assert found.findings[0].command == f"isthmus mapping explain erp order {scene.sale()['id']}"
    scene.pull("order")
    assert look(scene).findings == []
    assert [why for why, _ in look(scene).reasons] == ["todo"]


def test_a_sync_that_only_reads_asks_for_nothing_there(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"direction": "in"})
    scene.make_sale("approved")
    scene.pull()
    scene.make_order()
    assert look(scene).agrees
    assert not look(scene).reasons


def test_a_sync_that_only_writes_leaves_what_is_there(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"direction": "out"})
    scene.make_sale("approved")
    scene.pull()
    assert dict(look(scene).reasons) == {("left", "sync.left_there"): 1}


def test_masters_are_compared_too(make_scene: SceneMaker) -> None:
    scene = settled(make_scene)
    partner = scene.erp.documents("partner")[0]
    scene.clock.pass_time(1)
    scene.wang.edit("partner", partner["id"], phone="021-99999999")
    found = reconcile(scene.hub, "erp", ["account"])
    assert [(row.sort, row.fields) for row in found.findings] == [(FIELD, {"phone": ["", "021-99999999"]})]


def test_a_currency_that_differs_is_an_amount_that_differs(make_scene: SceneMaker) -> None:
    scene = settled(make_scene)
    (order,) = scene.records("order")
    with scene.store.write() as tx:
        tx.save(order.model_copy(update={"currency": "USD"}))
    found = look(scene)
    assert sorts(found) == [AMOUNT]
    assert {row.currency for row in found.rows} == {"CNY", "USD"}


def test_a_kind_that_is_not_synced_is_refused(make_scene: SceneMaker) -> None:
    with pytest.raises(ConfigInvalid):
        reconcile(make_scene().hub, "erp", ["contact"])
