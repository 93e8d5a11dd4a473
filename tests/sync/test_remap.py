"""A mapping or a code table was changed: what was read before is computed anew, shown first, and only then written."""

from __future__ import annotations

import pytest

from hub.errors import ConfigInvalid, NotFound
from hub.protocol.binding import Binding
from hub.store.guard_rows import Remap
from hub.store.rows import Image, Payload, SyncState
from hub.sync.guards import hold_back
from hub.sync.push import list_due, push_bindings
from hub.sync.remap import accept_remap, list_next, load_remap, preview_remap
from hub.sync.todo import list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Crashed, Scene
from tests.sync.test_explain import use_layer
from tests.sync.test_plan import dump

FROM_NOTE = 'phone = { from = "note", direction = "in" }'
LAYER = '[mapping]\nkind = "{kind}"\n[fields]\n{rules}\n'


def change_mapping(scene: Scene, kind: str, rules: str, codes: dict[str, dict[str, str]] | None = None) -> None:
    use_layer(scene, kind, LAYER.format(kind=kind, rules=rules), codes or {})


def preview(scene: Scene, kind: str = "account") -> Remap:
    return preview_remap(scene.hub, kind, None, "li")


def calls(scene: Scene) -> int:
    return len(scene.api.requests)


@pytest.fixture
def filled(scene: Scene) -> Scene:
    """Six customers, the phone of each in another field there as well."""
    for number in range(6):
        scene.make_customer(f"客户{number}", phone=f"139{number:08}", note=f"021-{number:08}")
    scene.pull("account")
    return scene


def test_a_preview_writes_nothing_and_asks_nobody(filled: Scene) -> None:
    change_mapping(filled, "account", FROM_NOTE)
    before, asked = dump(filled), calls(filled)
    remap = preview(filled)
    after = dump(filled)
    assert after.pop("remap") != before.pop("remap")
    assert after == before
    assert calls(filled) == asked
    assert remap.summary["counts"] == {"looked": 6, "changed": 6}
    row = remap.summary["fields"]["phone"]
    assert (row["count"], row["emptied"], len(row["examples"])) == (6, 0, 3)
    for example in row["examples"]:
        place = example["number"].removeprefix("客户")
        assert (example["old"], example["new"]) == (f"139{int(place):08}", f"021-{int(place):08}")
    assert load_remap(filled.hub, remap.label.upper()) == remap


def test_accepting_writes_exactly_what_was_shown(filled: Scene) -> None:
    change_mapping(filled, "account", FROM_NOTE)
    remap = preview(filled)
    asked = calls(filled)
    done = accept_remap(filled.hub, remap.label, "li")
    assert calls(filled) == asked, "nothing was fetched"
    assert (done.state, done.counts, done.accepted_by) == ("done", {"looked": 6, "changed": 6}, "li")
    assert {row.phone for row in filled.records("account")} == {f"021-{number:08}" for number in range(6)}
    version = filled.hub.open("erp").mapping_of("account").version
    assert {row.mapping_version for row in filled.rows(Image, record_kind="account")} == {version}
    assert [row.actor for row in filled.journal("remap.accepted") + filled.journal("remap.done")] == ["li", "li"]
    assert preview(filled).summary["counts"] == {"looked": 6}
    filled.clock.pass_time(60)
    assert filled.pull("account").get("updated", 0) == 0, "reading it again finds nothing new"


def test_both_databases_remap_chunk_by_chunk(
    make_scene: SceneMaker, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.sync.remap.CHUNK", 2)
    scene = make_scene(url=database_url)
    for number in range(5):
        scene.make_customer(f"客户{number}", phone=f"139{number:08}", note=f"021-{number:08}")
    scene.pull("account")
    change_mapping(scene, "account", FROM_NOTE)
    remap = preview(scene)
    assert accept_remap(scene.hub, remap.label, "li").counts == remap.summary["counts"] == {"looked": 5, "changed": 5}
    assert {row.phone for row in scene.records("account")} == {f"021-{number:08}" for number in range(5)}


def test_what_was_accepted_is_accepted_once_and_as_it_was_shown(filled: Scene) -> None:
    change_mapping(filled, "account", FROM_NOTE)
    remap = preview(filled)
    change_mapping(filled, "account", 'phone = { from = "email", direction = "in" }')
    with pytest.raises(ConfigInvalid) as caught:
        accept_remap(filled.hub, remap.label, "li")
    assert caught.value.code == "sync.remap_changed"
    change_mapping(filled, "account", FROM_NOTE)
    accept_remap(filled.hub, remap.label, "li")
    with pytest.raises(ConfigInvalid) as caught:
        accept_remap(filled.hub, remap.label, "li")
    assert caught.value.code == "sync.remap_used"
    with pytest.raises(NotFound):
        load_remap(filled.hub, "zzzz")


def test_a_code_table_is_reason_enough(scene: Scene) -> None:
    rule = 'unit = { from = "unit", code = "unit" }'
    change_mapping(scene, "product", rule, {"unit": {"pcs": "piece"}})
    for _ in range(3):
        scene.make_item()
    scene.pull("product")
    change_mapping(scene, "product", rule, {"unit": {"pcs": "个"}})
    remap = preview(scene, "product")
    assert remap.summary["fields"]["unit"]["count"] == 3
    accept_remap(scene.hub, remap.label, "li")
    assert {row.unit for row in scene.records("product")} == {"个"}


def test_money_is_told_before_and_after(scene: Scene) -> None:
    scene.make_sale("approved")
    scene.pull()
    change_mapping(scene, "order", 'note = { from = "number", direction = "in" }')
    remap = preview(scene, "order")
    assert set(remap.summary["fields"]) == {"note"}
    assert remap.summary["amounts"] == {"CNY": ["28.25", "28.25"]}


def test_a_reading_of_old_does_not_outdate_an_edit_made_since(filled: Scene) -> None:
    record = filled.record_of("account", filled.erp.documents("partner")[0])
    filled.edit(record, phone="10086")
    change_mapping(filled, "account", FROM_NOTE)
    remap = preview(filled)
    assert remap.summary["counts"]["changed"] == 5
    accept_remap(filled.hub, remap.label, "li")
    assert filled.reload(record).phone == "10086"


def test_what_is_due_afterwards_needs_a_plan_of_the_new_settings(filled: Scene) -> None:
    filled.accept()
    assert filled.rows(SyncState, kind="account")[0].accepted_settings is not None
    change_mapping(filled, "account", FROM_NOTE)
    remap = preview(filled)
    accept_remap(filled.hub, remap.label, "li")
    assert dict(list_next(filled.hub, remap)) in ({}, {"erp": "sync.settings_changed"})
    push_bindings(filled.hub, list_due(filled.hub, 100), actor="worker")
    assert {row["phone"][:3] for row in filled.erp.documents("partner")} == {"139"}, "nothing without a plan"


def test_payloads_that_were_removed_are_listed(filled: Scene) -> None:
    change_mapping(filled, "account", FROM_NOTE)
    with filled.store.write() as tx:
        tx.delete(Payload, connection="erp", stream="partner", external_id="P1")
    remap = preview(filled)
    assert remap.summary["counts"] == {"looked": 6, "changed": 5, "no_raw": 1}
    assert remap.summary["no_raw"] == ["erp/partner/P1"]
    accept_remap(filled.hub, remap.label, "li")
    assert sum(row.phone.startswith("139") for row in filled.records("account")) == 1


def test_what_the_new_mapping_cannot_read_keeps_its_values(filled: Scene) -> None:
    change_mapping(
        filled, "account", 'phone = { from = "note", direction = "in", values = { a = "1" }, otherwise = "hold" }'
    )
    remap = preview(filled)
    assert remap.summary["counts"] == {"looked": 6, "unreadable": 6}
    assert {row["code"] for row in remap.summary["unreadable"]} == {"sync.cannot_read"}
    assert filled.dead() == []
    accept_remap(filled.hub, remap.label, "li")
    assert {row.phone[:3] for row in filled.records("account")} == {"139"}
    assert len(filled.dead()) == 6


@pytest.mark.parametrize("died_after", [1, 2])
def test_one_that_was_cut_off_goes_on_where_it_stood(
    filled: Scene, monkeypatch: pytest.MonkeyPatch, died_after: int
) -> None:
    monkeypatch.setattr("hub.sync.remap.CHUNK", 2)
    change_mapping(filled, "account", FROM_NOTE)
    remap = preview(filled)
    assert remap.summary["counts"] == {"looked": 6, "changed": 6}
    seen = 0

    def die(step: str, done: int, total: int | None) -> None:
        nonlocal seen
        seen += 1
        if seen == died_after:
            raise Crashed

    with pytest.raises(Crashed):
        accept_remap(filled.hub, remap.label, "li", die)
    assert 0 < sum(row.phone.startswith("021") for row in filled.records("account")) < 6
    due = [row.id for row in filled.rows(Binding, kind="account")]
    assert hold_back(filled.hub, due, "worker").ids == set(due), "half of it is judged by nobody"
    filled.clock.pass_time(3600)
    (item,) = [item for item in list_todo(filled.hub) if item.code == "sync.remap_unended"]
    assert item.command == f"isthmus remap account --accept {remap.label}"
    done = accept_remap(filled.hub, remap.label, "li")
    assert done.counts == {"looked": 6, "changed": 6}
    assert len(filled.journal("remap.accepted")) == 1


def test_a_kind_that_nobody_reads_is_named(scene: Scene) -> None:
    with pytest.raises(ConfigInvalid) as caught:
        preview_remap(scene.hub, "contact", None, "li")
    assert caught.value.code == "sync.remap_nothing"
