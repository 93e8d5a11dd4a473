"""A system that can be told of a merge is told, once, and told again when it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.protocol.binding import Binding
from hub.sync.merge import merge_records
from hub.sync.records import edit_record
from hub.sync.unmerge import unmerge_record
from tests.sync.parties import make_partner, open_scene
from tests.sync.scenes import Scene

WAYS = ("note", "call")

pytestmark = pytest.mark.slow


@pytest.fixture(params=WAYS)
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    with open_scene(tmp_path, "sqlite://", erp={"tells_merge": request.param}) as made:
        yield made


def remote_id(scene: Scene, record: Any) -> str:
    (row,) = scene.rows(Binding, kind="account", hub_id=record.id)
    return str(row.remote_id)


def read_there(scene: Scene, id: str) -> str | None:
    """What the ERP says of which partner it is part."""
    found = scene.hub.open("erp").stream_of("account").fetch(id)
    assert found is not None
    return found.merged_into


def count_told(scene: Scene) -> int:
    """How many changes of a partner by the hub were applied there."""
    return sum(entry.by == "hub" and entry.kind == "partner" and entry.action != "create" for entry in scene.erp.log)


def test_told_once_and_told_again_when_it_is_taken_back(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    here, there = remote_id(scene, kept), remote_id(scene, lost)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    assert [(line.action, line.changes) for line in scene.plan("account").items if line.side == "there"] == [
        ("change", {"merged_into": [None, here]})
    ]
    scene.settle(3)
    assert (read_there(scene, there), read_there(scene, here)) == (here, None)
    assert [row.op for row in scene.attempts()] == ["tell_merge"]
    assert not any(row.dirty for row in scene.rows(Binding, kind="account"))
    unmerge_record(scene.hub, "account", lost.id, "li")
    scene.settle(3)
    assert read_there(scene, there) is None
    assert count_told(scene) == 2
    assert not any(row.dirty for row in scene.rows(Binding, kind="account"))


def test_nothing_else_is_written_to_the_other_document(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    there = remote_id(scene, lost)
    before = scene.erp.read("partner", there)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    edit_record(scene.hub, "account", kept.id, {"phone": "021-22943501"}, "li")
    scene.settle(3)
    after = scene.erp.read("partner", there)
    assert {name for name in before if before[name] != after[name]} == {
        "remark" if scene.settings.tells_merge == "note" else "merged_into", "version", "modified_at", "changed_by"
    }  # fmt: skip


@pytest.mark.parametrize("fault", ["lost_before", "lost_after", "late", "garbage", "server_error", "refused"])
def test_an_answer_that_is_lost_is_no_second_telling(scene: Scene, fault: str) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    here, there = remote_id(scene, kept), remote_id(scene, lost)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    scene.faults.order_next(fault)
    scene.settle(4)
    assert read_there(scene, there) == here
    assert count_told(scene) == 1
    unmerge_record(scene.hub, "account", lost.id, "li")
    scene.faults.order_next(fault)
    scene.settle(4)
    assert read_there(scene, there) is None
    assert count_told(scene) == 2


def test_a_chain_of_merges_names_what_stands_for_all(scene: Scene) -> None:
    first, second, third = (make_partner(scene, name) for name in ("海岳", "海岳精密", "海岳机械"))
    ids = [remote_id(scene, record) for record in (first, second, third)]
    merge_records(scene.hub, "account", second.id, third.id, "li")
    scene.settle(3)
    assert read_there(scene, ids[2]) == ids[1]
    merge_records(scene.hub, "account", first.id, second.id, "li")
    scene.settle(3)
    assert [read_there(scene, id) for id in ids] == [None, ids[0], ids[0]]
    unmerge_record(scene.hub, "account", second.id, "li")
    scene.settle(3)
    assert [read_there(scene, id) for id in ids] == [None, None, ids[1]]


def test_what_people_there_said_stays(scene: Scene) -> None:
    kept, lost, other = (make_partner(scene, name) for name in ("海岳精密机械", "海岳精密", "海岳"))
    there, theirs = remote_id(scene, lost), remote_id(scene, other)
    if scene.settings.tells_merge == "call":
        scene.erp.merge(there, theirs, "wang")
    else:
        scene.wang.edit("partner", there, remark=f"先问老李\nisthmus: now part of {theirs} / 已并入 {theirs}")
    scene.clock.pass_time(scene.settings.lag_s + 1)
    scene.pull("account")
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    scene.settle(3)
    assert read_there(scene, there) == theirs
    unmerge_record(scene.hub, "account", lost.id, "li")
    scene.settle(3)
    assert read_there(scene, there) == theirs
    assert count_told(scene) == 0


def test_a_note_leaves_what_people_wrote_beside_it(tmp_path: Path) -> None:
    with open_scene(tmp_path, "sqlite://", erp={"tells_merge": "note"}) as scene:
        kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密", remark="先问老李")
        there = remote_id(scene, lost)
        merge_records(scene.hub, "account", kept.id, lost.id, "li")
        scene.settle(3)
        scene.wang.edit("partner", there, remark=scene.erp.read("partner", there)["remark"] + "\n月结")
        unmerge_record(scene.hub, "account", lost.id, "li")
        scene.settle(3)
        assert scene.erp.read("partner", there)["remark"] == "先问老李\n月结"


def test_who_cannot_be_told_is_not_written_to(tmp_path: Path) -> None:
    with open_scene(tmp_path, "sqlite://") as scene:
        kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
        merge_records(scene.hub, "account", kept.id, lost.id, "li")
        scene.settle(3)
        assert scene.attempts() == []
        assert not any(row.dirty for row in scene.rows(Binding, kind="account"))


def test_a_system_that_does_not_keep_it_is_told_three_times_at_most(tmp_path: Path) -> None:
    with open_scene(tmp_path, "sqlite://", erp={"tells_merge": "note", "text_max": 5}) as scene:
        kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
        merge_records(scene.hub, "account", kept.id, lost.id, "li")
        scene.settle(8)
        (row,) = [row for row in scene.rows(Binding, kind="account", hub_id=kept.id) if not row.primary]
        assert row.held == {"merged_into": "protocol.not_retained"}
        assert len(scene.attempts()) <= 3
