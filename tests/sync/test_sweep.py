"""The sweep finds what feeds, hints and answers lost, in steps that can be cut off anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.protocol.binding import BindingState
from hub.store.rows import Attempt, DeadRow, Orphan
from hub.sync.bindings import list_bindings
from hub.sync.pause import pause_all
from hub.sync.records import find_record, void_record
from hub.sync.sweep import SweepReport, sweep_connection
from tests.sync.test_bindings import _bare, binding_of, make_approved_order, make_order, pull, push, reload
from tests.sync.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def sweep(world: World, limit: int | None = None) -> SweepReport:
    return sweep_connection(world.hub, "erp", actor="sweep", limit=limit)


def make_spare(world: World, order: Any) -> str:
    """A second draft of ours for the order, as a request that was applied late would leave it."""
    first = world.erp.read("sale", binding_of(world, order).remote_id or "")
    values = {"customer": first["customer"], "date": first["date"], "lines": [_bare(line) for line in first["lines"]]}
    spare = world.erp.create("sale", values, our_ref=first["our_ref"])
    pull(world, "order")
    assert orphan(world).state == "due"
    return str(spare["id"])


def orphan(world: World) -> Orphan:
    with world.store.read() as tx:
        (found,) = tx.find(Orphan)
    return found


def living(world: World) -> list[str]:
    return [row["id"] for row in world.erp.documents("sale") if not row.get("deleted")]


def test_a_change_that_the_feed_never_showed_is_found(world: World) -> None:
    order = make_order(world)
    push(world)
    sale = binding_of(world, order).remote_id or ""
    world.wang.approve(sale)
    report = sweep(world)
    assert report.finished
    assert reload(world, order).state == "approved"
    assert binding_of(world, order).state is BindingState.BOUND
    assert sweep(world).counts["updated"] == 0


def test_a_deletion_is_believed_when_it_lasts(world: World) -> None:
    partner = world.make_customer()
    pull(world)
    account = find_record(world.hub, "account", partner["name"])
    world.wang.delete("partner", partner["id"])
    assert sweep(world).counts["missing"] >= 1
    world.clock.pass_time(60)
    sweep(world)
    assert binding_of(world, account).parked == "protocol.deleted_there"
    assert sweep(world).counts["missing"] == 0, "known already"


def test_a_document_that_no_feed_showed_is_taken_in_once_the_feed_was_read(tmp_path: Path) -> None:
    world = World(tmp_path, read=False)
    world.make_customer()
    sweep(world)
    assert list_bindings(world.hub) == [], "the first reading belongs to the feed and its plan"
    pull(world)
    missed = world.wang.create("partner", name="漏掉的客户", tax_id="")
    sweep(world)
    assert binding_of(world, find_record(world.hub, "account", "漏掉的客户")).remote_id == missed["id"]


def test_what_could_not_be_taken_in_is_tried_again(world: World) -> None:
    (partner, item) = world.make_customer(), world.make_item()
    lines = [{"item": item["id"], "quantity": "1", "price": "5", "tax_percent": "300"}]
    sale = world.wang.create("sale", customer=partner["id"], lines=lines)
    pull(world)
    sweep(world)
    with world.store.read() as tx:
        (dead,) = tx.find(DeadRow)
    assert dead.attempts == 2
    world.wang.edit_line(sale["id"], sale["lines"][0]["id"], tax_percent="13")
    sweep(world)
    with world.store.read() as tx:
        assert tx.find(DeadRow) == []
    assert list_bindings(world.hub, kind="order")[0].remote_id == sale["id"]


def test_a_round_is_cut_into_steps_and_reads_everything_once(world: World) -> None:
    for number in range(5):
        world.make_customer(f"客户{number}")
    pull(world)
    steps: list[SweepReport] = []
    while not steps or not steps[-1].finished:
        steps.append(sweep(world, limit=2))
    assert [step.reads for step in steps] == [2, 2, 1]
    assert sum(step.counts["unchanged"] for step in steps) == 5


def test_a_crash_loses_no_step(world: World) -> None:
    for number in range(4):
        world.make_customer(f"客户{number}")
    pull(world)
    calls: list[str] = []

    def crash(name: str) -> None:
        calls.append(name)
        if len(calls) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep_connection(world.make_hub(crash), "erp", actor="sweep")
    assert set(calls) == {"C14"}
    assert sweep(world).reads == 4 - 2, "two were read and recorded before"


def test_an_untouched_spare_draft_is_removed(world: World) -> None:
    order = make_order(world)
    push(world)
    spare = make_spare(world, order)
    report = sweep(world)
    assert report.counts["cleared"] == 1
    assert living(world) == [binding_of(world, order).remote_id]
    assert orphan(world).state == "done"
    with world.store.read() as tx:
        (attempt,) = tx.find(Attempt, op="delete")
    assert (attempt.outcome, attempt.remote_id) == ("ok", spare)


def test_a_crash_after_the_removal_is_noticed(world: World) -> None:
    order = make_order(world)
    push(world)
    make_spare(world, order)

    def crash(name: str) -> None:
        if name == "C15":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep_connection(world.make_hub(crash), "erp", actor="sweep")
    assert orphan(world).state == "due"
    sweep(world)
    assert orphan(world).state == "done"
    assert len(living(world)) == 1


def test_a_spare_draft_that_a_person_touched_is_shown(world: World) -> None:
    order = make_order(world)
    push(world)
    spare = make_spare(world, order)
    world.wang.edit("sale", spare, note="我在处理")
    sweep(world)
    assert (orphan(world).state, orphan(world).reason) == ("parked", "sync.spare_touched")
    assert spare in living(world)
    world.wang.delete("sale", spare)
    sweep(world)
    assert orphan(world).state == "done"


@pytest.mark.parametrize(("action", "reason"), [("submit", "sync.spare_submitted"), ("approve", "sync.spare_counts")])
def test_a_spare_that_people_moved_on_is_never_removed(world: World, action: str, reason: str) -> None:
    order = make_order(world)
    push(world)
    spare = make_spare(world, order)
    world.wang.do(action, spare)
    sweep(world)
    assert (orphan(world).state, orphan(world).reason) == ("parked", reason)
    assert spare in living(world)


def test_where_the_maker_is_not_shown_nothing_is_removed(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"shows_modifier": False})
    order = make_order(world)
    push(world)
    spare = make_spare(world, order)
    sweep(world)
    assert (orphan(world).state, orphan(world).reason) == ("parked", "sync.spare_unknown_maker")
    assert spare in living(world)


def test_a_spare_may_still_be_chosen_while_the_search_is_open(world: World) -> None:
    order = make_order(world)
    push(world)
    make_spare(world, order)
    open_again = binding_of(world, order).model_copy(update={"remote_id": None, "state": BindingState.UNKNOWN})
    with world.store.write() as tx:
        tx.save(open_again)
    sweep(world)
    assert orphan(world).state == "due"
    assert len(living(world)) == 2


def test_a_spare_of_an_order_that_ended_without_a_document_is_removed(world: World) -> None:
    """Nobody searches for it any more."""
    order = make_order(world)
    push(world)
    spare = make_spare(world, order)
    first = binding_of(world, order).remote_id or ""
    void_record(world.hub, "order", order.id, "li")
    ended = binding_of(world, order).model_copy(update={"remote_id": None, "state": BindingState.TOMB, "dirty": False})
    with world.store.write() as tx:
        tx.save(ended)
    world.wang.void(first)
    sweep(world)
    assert spare not in living(world)
    assert orphan_of(world, spare).state == "done"


def orphan_of(world: World, remote_id: str) -> Orphan:
    with world.store.read() as tx:
        (found,) = tx.find(Orphan, remote_id=remote_id)
    return found


def test_a_person_who_is_faster_wins(world: World) -> None:
    order = make_order(world)
    push(world)
    spare = make_spare(world, order)

    seen: list[str] = []
    last = count_reads(world)

    def approve_meanwhile(name: str) -> None:
        seen.append(name)
        if len(seen) == last:
            world.wang.approve(spare)

    sweep_connection(world.make_hub(approve_meanwhile), "erp", actor="sweep")
    assert spare in living(world)
    assert orphan(world).state == "due"
    sweep(world)
    assert orphan(world).reason == "sync.spare_counts"


def count_reads(world: World) -> int:
    """How many C14 a round has up to and with the reading of the spare: one for each list of ids and each binding."""
    return 3 + len(list_bindings(world.hub)) + 1


def test_a_pause_stops_the_sweep(world: World) -> None:
    pause_all(world.hub, "li")
    with pytest.raises(RuleBroken):
        sweep(world)


def test_a_parked_document_is_still_read(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "park"})
    order, sale = make_approved_order(world)
    with_reason = binding_of(world, order).model_copy(update={"parked": "protocol.edit_of_locked"})
    with world.store.write() as tx:
        tx.save(with_reason)
    world.wang.edit("sale", sale, note="已读")
    sweep(world)
    assert reload(world, order).note == "已读"


def test_a_cancelled_document_that_lives_again_is_noticed(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "free"})
    order, sale = make_approved_order(world)
    world.wang.void(sale)
    pull(world, "order")
    assert binding_of(world, order).state is BindingState.TOMB
    world.erp._store("sale", {**world.erp.read("sale", sale), "status": "approved"}, "wang", "revive")
    sweep(world)
    assert binding_of(world, order).state is BindingState.BOUND
