"""The record that several sources make together: which of them holds, field by field, and that it can be seen why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.store.rows import Image
from hub.sync.config import IdentitySettings
from hub.sync.explain import explain_record
from hub.sync.merge import merge_records
from hub.sync.records import edit_record, pin_fields
from hub.sync.unmerge import unmerge_record
from tests.sync.parties import make_partner, open_scene, show_all, show_images
from tests.sync.scenes import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with open_scene(tmp_path, "sqlite://") as made:
        yield made


def settle(scene: Scene, **prefer: Any) -> None:
    settings = IdentitySettings.model_validate({"prefer": {"account": prefer}})
    scene.config = scene.config.model_copy(update={"identity": settings})
    scene.hub.close()
    scene.hub = scene.make_hub()


def why(scene: Scene, record: Any, field: str) -> tuple[Any, str, list[str]]:
    (story,) = explain_record(scene.hub, "account", record.id, field)
    return story.value, story.won, [other.lost for other in story.others]


def test_a_merged_record_shows_why_each_value_holds(scene: Scene) -> None:
    settle(scene, name="complete", phone=["hub", "erp"])
    kept, lost = make_partner(scene, "上海海岳精密机械有限公司", phone="021-1"), make_partner(scene, "海岳", phone="")
    before = show_all(scene, kept, lost)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    assert why(scene, kept, "name") == ("上海海岳精密机械有限公司", "complete", ["sync.lost_complete"])
    assert why(scene, kept, "phone")[0] == "021-1"
    unmerge_record(scene.hub, "account", lost.id, "li")
    assert show_all(scene, kept, lost) == before


def test_what_is_pinned_holds_until_it_is_let_go(scene: Scene) -> None:
    record = make_partner(scene, "海岳精密机械", phone="021-1")
    images = show_images(scene, record.id)
    pin_fields(scene.hub, "account", record.id, {"phone": "021-9"}, [], "li")
    (partner,) = scene.erp.documents("partner")
    scene.clock.pass_time(1)
    scene.wang.edit("partner", partner["id"], phone="021-2")
    scene.clock.pass_time(scene.settings.lag_s + 1)
    scene.pull("account")
    assert why(scene, record, "phone") == ("021-9", "pinned", ["sync.lost_pinned"])
    edit_record(scene.hub, "account", record.id, {"phone": "021-8"}, "chen")
    assert why(scene, record, "phone")[:2] == ("021-8", "pinned")
    pin_fields(scene.hub, "account", record.id, {}, ["phone"], "li")
    assert why(scene, record, "phone")[1] != "pinned"
    told = {row.source: row.values.get("phone") for row in scene.rows(Image, record_id=record.id)}
    assert sorted(told.values()) == ["021-2", "021-8"], "nothing that was said is lost"
    assert len(images) == 1
