"""What was merged is parted again, exactly, whatever happened since."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.errors import NotFound
from hub.protocol.binding import Binding
from hub.store.identity_rows import Merge, MergeRef, PairVerdict
from hub.store.rows import Image, Payload
from hub.sync.merge import merge_records
from hub.sync.pairs import is_apart
from hub.sync.records import create_record, edit_record, find_record
from hub.sync.unmerge import preview_unmerge, unmerge_record
from tests.sync.parties import (
    make_contact,
    make_partner,
    make_sale_at,
    make_sale_for,
    open_scene,
    show_all,
)
from tests.sync.scenes import Scene

MANY = int(os.environ.get("ISTHMUS_TEST_MERGES", "60"))
"""Merges on top of the one that is taken back; 10,000 take some minutes."""


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with open_scene(tmp_path, database_url) as made:
        yield made


def make_world(scene: Scene) -> tuple[Any, Any, list[Any]]:
    """Two customers, both known there, with an order each, a contact of both, a branch, a task."""
    kept = make_partner(scene, "海岳精密机械", phone="010-66554433")
    lost = make_partner(scene, "海岳精密", phone="021-22943501")
    edit_record(scene.hub, "account", kept.id, {"website": "haiyue.example"}, "li")
    edit_record(scene.hub, "account", lost.id, {"note": "老客户", "tags": ["vip"]}, "li")
    about = [
        make_sale_for(scene, kept),
        make_sale_for(scene, lost),
        make_contact(scene, "王芳", lost, kept),
        make_contact(scene, "陈立", lost),
        create_record(scene.hub, "account", {"name": "海岳（苏州）", "parent_id": str(lost.id)}, "li", anyway=True),
        create_record(scene.hub, "task", {"subject": "回访", "about_kind": "account", "about_id": str(lost.id)}, "li"),
    ]
    scene.settle(2)
    return kept, lost, about


def test_merge_then_unmerge_restores_everything(scene: Scene) -> None:
    kept, lost, about = make_world(scene)
    before = show_all(scene, kept, lost, *about)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    assert show_all(scene, kept, lost, *about) != before
    seen = preview_unmerge(scene.hub, "account", lost.id, "li")
    done = unmerge_record(scene.hub, "account", lost.id, "li")
    assert show_all(scene, kept, lost, *about) == before
    assert (done.references, done.conflicts, done.staying) == (
        {"account": 1, "contact": 2, "order": 1, "task": 1},
        (),
        (),
    )
    assert seen.references == done.references
    scene.settle(2)
    assert show_all(scene, kept, lost, *about) == before
    with pytest.raises(NotFound):
        unmerge_record(scene.hub, "account", lost.id, "li")


def test_what_came_while_they_were_one_goes_where_it_belongs(scene: Scene) -> None:
    kept, lost, _ = make_world(scene)
    rows = {row.hub_id: row for row in scene.rows(Binding, kind="account") if row.remote_id}
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    ours, theirs = (make_sale_at(scene, str(rows[record.id].remote_id), "5") for record in (kept, lost))
    assert ours.account_id == theirs.account_id == kept.id
    scene.clock.pass_time(1)
    scene.wang.edit("partner", rows[lost.id].remote_id, phone="0512-80001111")
    scene.clock.pass_time(scene.settings.lag_s + 1)
    scene.pull("account")
    here = make_contact(scene, "周敏", kept)
    unmerge_record(scene.hub, "account", lost.id, "li")
    assert scene.reload(theirs).account_id == lost.id
    assert scene.reload(ours).account_id == kept.id
    assert scene.reload(lost).phone == "0512-80001111"
    assert scene.reload(kept).phone == "010-66554433"
    assert scene.reload(here).links[0].account_id == kept.id
    scene.settle(3)
    assert scene.reload(theirs).account_id == lost.id
    assert not scene.conflicts()


def test_edits_since_stay_with_the_survivor_and_are_told(scene: Scene) -> None:
    kept, lost, about = make_world(scene)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    edit_record(scene.hub, "account", lost.id, {"note": "大客户", "email": "sale@haiyue.example"}, "chen")
    contact = about[3]
    edit_record(scene.hub, "contact", contact.id, {"links": [{"account_id": str(kept.id), "role": "采购"}]}, "chen")
    done = unmerge_record(scene.hub, "account", lost.id, "li")
    assert [(row.field, row.survivor_value, row.loser_value) for row in done.conflicts] == [
        ("note", "大客户", "老客户")
    ]
    assert (scene.reload(kept).note, scene.reload(lost).note) == ("大客户", "老客户")
    assert scene.reload(kept).email == "sale@haiyue.example"
    assert [(row.record_id, row.code) for row in done.staying] == [(contact.id, "identity.changed_since")]
    assert scene.reload(contact).links[0].account_id == kept.id


def test_nobody_can_say_whose_it_is_without_what_was_sent(scene: Scene) -> None:
    kept, lost, _ = make_world(scene)
    rows = {row.hub_id: row for row in scene.rows(Binding, kind="account") if row.remote_id}
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    order = make_sale_at(scene, str(rows[lost.id].remote_id), "5")
    with scene.store.write() as tx:
        tx.delete(Payload, stream="sale")
    done = unmerge_record(scene.hub, "account", lost.id, "li")
    assert (order.id, "identity.unsure") in [(row.record_id, row.code) for row in done.staying]
    assert scene.reload(order).account_id == kept.id


def test_the_inner_of_two_merges_is_taken_back_first(scene: Scene) -> None:
    first, second, third = (make_partner(scene, name) for name in ("海岳", "海岳精密", "海岳机械"))
    orders = [make_sale_for(scene, record) for record in (first, second, third)]
    before = show_all(scene, first, second, third, *orders)
    merge_records(scene.hub, "account", second.id, third.id, "li")
    merge_records(scene.hub, "account", first.id, second.id, "li")
    assert {scene.reload(order).account_id for order in orders} == {first.id}
    unmerge_record(scene.hub, "account", third.id, "li")
    assert [scene.reload(order).account_id for order in orders] == [first.id, first.id, third.id]
    assert find_record(scene.hub, "account", str(second.id)).id == first.id
    unmerge_record(scene.hub, "account", second.id, "li")
    assert show_all(scene, first, second, third, *orders) == before


def test_the_outer_of_two_merges_is_taken_back_first(scene: Scene) -> None:
    first, second, third = (make_partner(scene, name) for name in ("海岳", "海岳精密", "海岳机械"))
    orders = [make_sale_for(scene, record) for record in (first, second, third)]
    before = show_all(scene, first, second, third, *orders)
    merge_records(scene.hub, "account", second.id, third.id, "li")
    merge_records(scene.hub, "account", first.id, second.id, "li")
    unmerge_record(scene.hub, "account", second.id, "li")
    assert [scene.reload(order).account_id for order in orders] == [first.id, second.id, second.id]
    assert find_record(scene.hub, "account", str(third.id)).id == second.id
    unmerge_record(scene.hub, "account", third.id, "li")
    assert show_all(scene, first, second, third, *orders) == before


def test_merged_again_elsewhere_it_stays_there(scene: Scene) -> None:
    first, second, third = (make_partner(scene, name) for name in ("海岳", "海岳精密", "海岳机械"))
    before = show_all(scene, first, second, third)
    merge_records(scene.hub, "account", second.id, third.id, "li")
    merge_records(scene.hub, "account", first.id, second.id, "li")
    unmerge_record(scene.hub, "account", third.id, "li")
    merge_records(scene.hub, "account", first.id, third.id, "li")
    unmerge_record(scene.hub, "account", second.id, "li")
    assert find_record(scene.hub, "account", str(third.id)).id == first.id
    assert show_all(scene, second) == before[1:2]
    unmerge_record(scene.hub, "account", third.id, "li")
    assert show_all(scene, first, second, third) == before


def test_parted_by_a_person_they_are_different(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    unmerge_record(scene.hub, "account", lost.id, "chen")
    with scene.store.read() as tx:
        said = is_apart(tx, "account", kept.id, lost.id)
    assert said is not None
    assert (said.decided_by, scene.rows(Merge)[0].undone_by) == ("chen", "chen")


def test_what_was_never_sent_waits_to_be_made_again(scene: Scene) -> None:
    bound = make_partner(scene, "海岳精密机械")
    unsent = create_record(scene.hub, "account", {"name": "海岳精密"}, "li", anyway=True)
    before = show_all(scene, bound, unsent)
    for survivor, loser in ((unsent, bound), (bound, unsent)):
        merge_records(scene.hub, "account", survivor.id, loser.id, "li")
        unmerge_record(scene.hub, "account", loser.id, "li")
        assert show_all(scene, bound, unsent) == before


def test_contacts_are_merged_and_parted_too(scene: Scene) -> None:
    account = make_partner(scene, "海岳精密机械")
    kept, lost = make_contact(scene, "王芳", account), make_contact(scene, "王 芳", account, mobile="13812345678")
    activity = create_record(
        scene.hub, "activity",
        {"subject": "拜访", "people": [{"name": "王芳", "contact_id": str(lost.id)}],
         "topics": [{"kind": "contact", "record_id": str(lost.id)}]},
        "li",
    )  # fmt: skip
    before = show_all(scene, kept, lost, activity)
    merge_records(scene.hub, "contact", kept.id, lost.id, "li")
    moved = scene.reload(activity)
    assert (moved.people[0].contact_id, moved.topics[0].record_id) == (kept.id, kept.id)
    assert scene.reload(kept).mobile == "13812345678"
    unmerge_record(scene.hub, "contact", lost.id, "li")
    assert show_all(scene, kept, lost, activity) == before


def test_any_order_of_merges_and_partings_ends_where_it_began(scene: Scene) -> None:
    """Drawn by seed: trees of merges, taken back in any order."""
    records = [make_partner(scene, f"海岳{number}") for number in range(5)]
    orders = [make_sale_for(scene, record) for record in records]
    before = show_all(scene, *records, *orders)
    for seed in range(6):
        draw = random.Random(seed)
        merged: list[Any] = []
        for _ in range(4):
            alive = [record for record in records if record.id not in {gone.id for gone in merged}]
            survivor, loser = draw.sample(alive, 2)
            merge_records(scene.hub, "account", survivor.id, loser.id, "li")
            merged.append(loser)
        assert len({scene.reload(order).account_id for order in orders}) == 1
        draw.shuffle(merged)
        for loser in merged:
            unmerge_record(scene.hub, "account", loser.id, "li")
        assert show_all(scene, *records, *orders) == before


def test_many_merges_on_top_change_nothing(scene: Scene) -> None:
    kept, lost, about = make_world(scene)
    before = show_all(scene, lost, *about)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    top = create_record(scene.hub, "account", {"name": "海岳集团"}, "li", anyway=True)
    merge_records(scene.hub, "account", top.id, kept.id, "li")
    base = None
    for number in range(MANY):
        other = create_record(scene.hub, "account", {"name": f"江北贸易{number}"}, "li", anyway=True)
        if number % 20 == 0:  # every twentieth on the very same record, the rest beside it
            merge_records(scene.hub, "account", top.id, other.id, "li")
        elif base is None or number % 20 == 1:
            base = other
        else:
            merge_records(scene.hub, "account", base.id, other.id, "li")
    done = unmerge_record(scene.hub, "account", lost.id, "li")
    assert (done.conflicts, done.staying) == ((), ())
    after = show_all(scene, lost, *about)
    survivor = str(top.id)
    assert str(after).replace(survivor, str(kept.id)) == str(before)
    assert scene.rows(MergeRef)
    assert len(scene.rows(PairVerdict, verdict="different")) == 1


def pile_up(scene: Scene, top: Any, count: int) -> None:
    """What so many merges into a record leave behind, without making each of them."""
    with scene.store.write() as tx:
        for number in range(count):
            gone = scene.hub.new_id()
            told: dict[str, Any] = {"record_kind": "account", "at": scene.hub.now()}
            tx.insert(
                Merge(id=scene.hub.new_id(), loser_id=gone, survivor_id=top.id, root_id=top.id, actor="li", **told)
            )
            values = {"name": f"江北贸易{number}", "phone": f"1390000{number:04d}"}
            changed = dict.fromkeys(values, told["at"].isoformat())
            source = f"hub#{gone}"
            tx.insert(Image(record_id=top.id, source=source, values=values, changed=changed, home_id=gone, **told))


@pytest.mark.slow
def test_ten_thousand_merges_on_top_change_nothing(tmp_path: Path) -> None:
    with open_scene(tmp_path, "sqlite://") as scene:
        kept, lost, about = make_world(scene)
        before = show_all(scene, lost, *about)
        merge_records(scene.hub, "account", kept.id, lost.id, "li")
        pile_up(scene, kept, 10_000)
        edit_record(scene.hub, "account", kept.id, {"note": "改过"}, "chen")
        done = unmerge_record(scene.hub, "account", lost.id, "li")
        assert [row.field for row in done.conflicts] == ["note"]
        assert show_all(scene, lost, *about) == before
        assert len(scene.rows(Merge, undone_at=None)) == 10_000
        assert len(scene.rows(Image, record_id=kept.id)) >= 10_000
