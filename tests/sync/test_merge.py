"""Two records become one, with everything that hangs on them; the preview is what happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sandbox.simulator import make_uscc
from hub.errors import NotFound, RuleBroken
from hub.protocol.binding import Binding, BindingState
from hub.store.rows import JournalEntry
from hub.sync.merge import KEPT, NEEDLESS, merge_records, preview_merge
from hub.sync.records import create_record, edit_record, find_record
from tests.sync.parties import make_contact, make_partner, make_sale_at, make_sale_for, open_scene, show_all
from tests.sync.scenes import Scene


@pytest.fixture
def scene(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with open_scene(tmp_path, database_url) as made:
        yield made


def test_everything_of_the_loser_belongs_to_the_survivor(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密", phone="021-22943501")
    order, contact = make_sale_for(scene, lost), make_contact(scene, "王芳", lost, kept)
    branch = create_record(scene.hub, "account", {"name": "海岳（苏州）", "parent_id": str(lost.id)}, "li", anyway=True)
    task = create_record(
        scene.hub, "task", {"subject": "回访", "about_kind": "account", "about_id": str(lost.id)}, "li"
    )
    done = merge_records(scene.hub, "account", kept.id, lost.id, "li")
    assert done.references == {"account": 1, "contact": 1, "order": 1, "task": 1}
    assert scene.reload(order).account_id == kept.id
    assert scene.reload(branch).parent_id == kept.id
    assert scene.reload(task).about_id == kept.id
    (link,) = scene.reload(contact).links
    assert (link.account_id, link.primary) == (kept.id, True)
    assert scene.reload(kept).phone == "021-22943501"
    assert scene.reload(lost).deleted_at is not None
    assert sorted(row.primary for row in scene.rows(Binding, kind="account", hub_id=kept.id)) == [False, True]
    assert not scene.rows(Binding, hub_id=lost.id)


def test_a_preview_is_what_happens_and_changes_nothing(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密", phone="021-22943501")
    order = make_sale_for(scene, lost)
    before = show_all(scene, kept, lost, order)
    seen = preview_merge(scene.hub, "account", kept.id, lost.id, "li")
    assert show_all(scene, kept, lost, order) == before
    done = merge_records(scene.hub, "account", kept.id, lost.id, "li")
    told = ("survivor_id", "loser_id", "changes", "lost", "bindings", "references")
    assert {name: getattr(seen, name) for name in told} == {name: getattr(done, name) for name in told}
    assert [row.role for row in seen.bindings] == [KEPT]
    assert seen.lost["name"] == "海岳精密"
    assert seen.changes["phone"] == ("", "021-22943501")


def test_the_losers_id_reaches_the_survivor(scene: Scene) -> None:
    first, second, third = (make_partner(scene, name) for name in ("海岳", "海岳精密", "海岳机械"))
    merge_records(scene.hub, "account", second.id, third.id, "li")
    merge_records(scene.hub, "account", first.id, second.id, "li")
    for gone in (second, third):
        assert find_record(scene.hub, "account", str(gone.id)).id == first.id
    assert edit_record(scene.hub, "account", third.id, {"website": "haiyue.example"}, "li").id == first.id
    order = create_record(scene.hub, "order", {"account_id": str(third.id)}, "li")
    assert order.account_id == first.id  # type: ignore[attr-defined]  # an order
    with pytest.raises(RuleBroken, match="already"):
        merge_records(scene.hub, "account", second.id, third.id, "li")


def test_later_documents_of_the_loser_reach_the_survivor(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    (bound,) = scene.rows(Binding, kind="account", hub_id=lost.id)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    assert make_sale_at(scene, bound.remote_id).account_id == kept.id
    scene.clock.pass_time(1)
    scene.wang.edit("partner", bound.remote_id, phone="010-66554433")
    scene.clock.pass_time(scene.settings.lag_s + 1)
    assert scene.pull("account")["updated"] == 1
    assert scene.reload(kept).phone == "010-66554433"


def test_writes_go_to_one_document_and_orders_stay_where_they_are(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    order = make_sale_for(scene, lost)
    (second,) = scene.rows(Binding, kind="account", hub_id=lost.id)
    scene.settle(2)
    before = scene.sale()["customer"]
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    scene.settle(3)
    assert scene.sale()["customer"] == before == second.remote_id
    asked = len(scene.attempts())
    edit_record(scene.hub, "account", kept.id, {"website": "haiyue.example"}, "li")
    scene.settle(2)
    rows = {row.remote_id: row for row in scene.rows(Binding, kind="account", hub_id=kept.id)}
    assert not rows[second.remote_id].primary
    assert not any(row.dirty for row in rows.values())
    assert all(row.binding_id != second.id for row in scene.attempts()[asked:])
    assert scene.reload(order).account_id == kept.id


def test_a_party_that_was_still_to_be_made_there_is_not_made_twice(scene: Scene) -> None:
    bound = make_partner(scene, "海岳精密机械")
    unsent = create_record(scene.hub, "account", {"name": "海岳精密", "phone": "021-22943501"}, "li", anyway=True)
    done = merge_records(scene.hub, "account", unsent.id, bound.id, "li")
    (row,) = scene.rows(Binding, kind="account", hub_id=unsent.id)
    assert (row.remote_id is not None, row.primary, row.dirty, row.home_id) == (True, True, True, bound.id)
    assert [moved.role for moved in done.bindings] == ["primary"]
    scene.settle(3)
    (partner,) = scene.erp.documents("partner")
    assert partner["phone"] == "021-22943501"
    other = create_record(scene.hub, "account", {"name": "海岳"}, "li", anyway=True)
    assert [moved.role for moved in merge_records(scene.hub, "account", unsent.id, other.id, "li").bindings] == [
        NEEDLESS
    ]


def test_two_legal_entities_are_never_one(scene: Scene) -> None:
    one, other = (
        create_record(
            scene.hub, "account",
            {"name": name, "identifiers": [{"kind": "uscc", "value": make_uscc(scene.random)}]}, "li", anyway=True,
        )
        for name in ("海岳精密", "海岳机械")
    )  # fmt: skip
    branch = create_record(scene.hub, "account", {"name": "海岳精密苏州分公司"}, "li", anyway=True)
    for loser in (other, branch):
        with pytest.raises(RuleBroken):
            merge_records(scene.hub, "account", one.id, loser.id, "li")
    with pytest.raises(NotFound):
        merge_records(scene.hub, "account", one.id, scene.hub.new_id(), "li")
    assert {record.id for record in scene.records("account")} == {one.id, other.id, branch.id}


def test_a_write_under_way_is_waited_for(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    (row,) = scene.rows(Binding, kind="account", hub_id=lost.id)
    scene.save(row, state=BindingState.UNKNOWN)
    with pytest.raises(RuleBroken, match="under way"):
        merge_records(scene.hub, "account", kept.id, lost.id, "li")
    assert scene.rows(Binding, hub_id=lost.id)


def test_a_merge_is_in_the_journal_of_both(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    done = merge_records(scene.hub, "account", kept.id, lost.id, "li", {"rule": "exact"})
    rows = scene.rows(JournalEntry, action="record.merged")
    assert {row.record_id for row in rows} == {kept.id, lost.id}
    assert {row.detail["merge"] for row in rows} == {str(done.merge_id)}
    assert rows[0].detail["evidence"] == {"rule": "exact"}


def test_orders_that_were_sent_are_not_submitted_again(scene: Scene) -> None:
    kept, lost = make_partner(scene, "海岳精密机械"), make_partner(scene, "海岳精密")
    make_sale_for(scene, lost)
    order = scene.make_order("3", account_id=str(lost.id), lines=[])
    (row,) = scene.rows(Binding, kind="order", hub_id=order.id)
    scene.save(row, submitted_revision=order.revision)
    merge_records(scene.hub, "account", kept.id, lost.id, "li")
    (row,) = scene.rows(Binding, kind="order", hub_id=order.id)
    assert row.submitted_revision == scene.reload(order).revision > order.revision
