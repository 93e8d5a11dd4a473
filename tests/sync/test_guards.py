"""What is too large to be taken for granted stops before anything is applied, shows why, and passes once accepted."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.protocol.binding import Binding
from hub.store.guard_rows import MassStop
from hub.store.rows import Cursor
from hub.sync.lookahead import Consent
from hub.sync.plan import make_plan
from hub.sync.pull import pull_stream
from hub.sync.push import list_due, push_bindings
from hub.sync.run import run_sync
from hub.sync.sweep import SweepReport, sweep_connection
from hub.sync.todo import TodoItem, list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene

PAGE = 10
FULL = 40


@pytest.fixture
def scene(make_scene: SceneMaker) -> Scene:
    """Forty customers with a telephone number, known on both sides; pages of ten."""
    scene = make_scene()
    scene.hub.page_size = PAGE
    fill(scene)
    return scene


def fill(scene: Scene) -> None:
    for number in range(FULL):
        scene.make_customer(f"客户{number}", phone=f"139{number:08}")
        scene.clock.pass_time(1)
    scene.pull("account")
    scene.clock.pass_time(600)


def partners(scene: Scene, count: int = FULL) -> list[Any]:
    return scene.erp.documents("partner")[:count]


def empty_phones(scene: Scene, count: int = FULL) -> None:
    for row in partners(scene, count):
        scene.wang.edit("partner", row["id"], phone="")
        scene.clock.pass_time(1)


def restore_phones(scene: Scene) -> None:
    for number, row in enumerate(partners(scene)):
        scene.wang.edit("partner", row["id"], phone=f"139{number:08}")
    scene.clock.pass_time(600)


def phones(scene: Scene) -> int:
    return sum(bool(row.phone) for row in scene.records("account"))


def pull(scene: Scene, **options: Any) -> Any:
    return pull_stream(scene.hub, "erp", "account", actor="test", **options)


def sweep(scene: Scene, limit: int | None = None) -> SweepReport:
    return sweep_connection(scene.hub, "erp", actor="sweep", limit=limit)


def stops(scene: Scene) -> dict[str, MassStop]:
    return {row.way: row for row in scene.rows(MassStop)}


def guard_items(scene: Scene) -> list[TodoItem]:
    return [item for item in list_todo(scene.hub) if item.kind_of_wait == "guard"]


# ---------------------------------------------------------------- what a feed brings


def test_an_emptied_column_is_not_taken_in(scene: Scene) -> None:
    empty_phones(scene)
    with pytest.raises(RuleBroken) as caught:
        pull(scene)
    assert caught.value.code == "sync.mass_in"
    assert phones(scene) == FULL, "nothing of it was applied"
    stop = stops(scene)["in"]
    assert (stop.over, stop.counts, stop.known, stop.fields) == (["emptied"], {"emptied": FULL}, FULL, {"phone": FULL})
    assert stop.examples[0]["changes"] == {"phone": ["13900000000", ""]}
    assert len(stop.examples) == 5
    assert "40" in caught.value.text()
    assert "100 %" in caught.value.text()
    assert "13900000000" in caught.value.text()
    (item,) = guard_items(scene)
    assert item.command == "isthmus sync plan erp --kind account"
    assert "13900000000" in item.text("zh")
    assert [row.detail["counts"] for row in scene.journal("guard.stopped")] == [{"emptied": FULL}]


def test_it_is_told_once_and_nobody_reads_on_at_every_turn(scene: Scene) -> None:
    empty_phones(scene)
    alone = Consent(patient=True)
    for _ in range(3):
        with pytest.raises(RuleBroken):
            pull(scene, consent=alone)
    reads = len([row for row in scene.api.requests if row.method == "GET"])
    with pytest.raises(RuleBroken):
        pull(scene, consent=alone)
    assert len([row for row in scene.api.requests if row.method == "GET"]) == reads
    assert len(scene.journal("guard.stopped")) == 1
    with pytest.raises(RuleBroken):
        pull(scene)
    assert len([row for row in scene.api.requests if row.method == "GET"]) > reads, "a person who asks is answered anew"


def test_it_is_over_when_the_other_side_is_as_it_was(scene: Scene) -> None:
    empty_phones(scene)
    with pytest.raises(RuleBroken):
        pull(scene)
    restore_phones(scene)
    pull(scene)
    assert stops(scene) == {}
    assert guard_items(scene) == []
    assert len(scene.journal("guard.lifted")) == 1
    assert phones(scene) == FULL


def test_a_person_lets_it_pass_once(scene: Scene) -> None:
    empty_phones(scene)
    report = run_sync(scene.hub, "erp", ["account"], "li")
    assert [error.code for error in report.errors] == ["sync.mass_in"]
    assert (report.run.state, phones(scene)) == ("failed", FULL)
    view = make_plan(scene.hub, "erp", ["account"], "li")
    (mass,) = view.plan.masses
    assert (mass["way"], mass["counts"], mass["known"]) == ("in", {"emptied": FULL}, FULL)
    done = run_sync(scene.hub, "erp", ["account"], "li", accept=view.plan.label)
    assert done.errors == []
    assert phones(scene) == 0
    assert stops(scene) == {}
    assert [row.actor for row in scene.journal("guard.accepted") + scene.journal("guard.passed")] == ["li", "li"]
    restore_phones(scene)
    pull(scene)  # filling what was empty loses nothing
    empty_phones(scene)
    with pytest.raises(RuleBroken):
        pull(scene)


def test_more_than_was_accepted_stops_again(scene: Scene) -> None:
    empty_phones(scene, 21)
    view = make_plan(scene.hub, "erp", ["account"], "li")
    assert view.plan.masses
    for row in partners(scene):
        scene.wang.edit("partner", row["id"], email="x@example.com", phone="1")
        scene.wang.edit("partner", row["id"], note="", phone="2")
    scene.clock.pass_time(1)
    report = run_sync(scene.hub, "erp", ["account"], "li", accept=view.plan.label)
    assert [error.code for error in report.errors] == ["sync.mass_in"]
    assert {row.phone[:3] for row in scene.records("account")} == {"139"}


@pytest.mark.parametrize(("count", "guard"), [(20, {}), (30, {"lost": "0.8"}), (30, {"minimum": 30})])
def test_what_is_within_the_limits_is_taken_in(make_scene: SceneMaker, count: int, guard: dict[str, Any]) -> None:
    scene = make_scene(account={"guard": guard})
    scene.hub.page_size = PAGE
    fill(scene)
    empty_phones(scene, count)
    pull(scene)
    assert phones(scene) == FULL - count
    assert stops(scene) == {}


def test_a_mass_of_other_values_has_a_limit_of_its_own(make_scene: SceneMaker) -> None:
    scene = make_scene(account={"guard": {"changed": "0.6"}})
    scene.hub.page_size = PAGE
    fill(scene)
    for row in partners(scene, 24):
        scene.wang.edit("partner", row["id"], name=f"{row['name']}（新）")
    pull(scene)
    for row in partners(scene, 25):
        scene.wang.edit("partner", row["id"], name=f"{row['name']}（更新）")
    with pytest.raises(RuleBroken):
        pull(scene)
    assert stops(scene)["in"].over == ["changed"]


def test_the_first_pages_wait_until_the_last_was_looked_at(scene: Scene) -> None:
    """Every page by itself is within the minimum; the whole is not."""
    empty_phones(scene)
    scene.hub.page_size = 5
    with pytest.raises(RuleBroken):
        pull(scene)
    assert FULL - phones(scene) <= 20, "no more than what is never too much"
    assert stops(scene)["in"].counts == {"emptied": FULL}, "with what was applied before"


def test_a_mass_of_cancelled_orders_tells_the_money(make_scene: SceneMaker) -> None:
    scene = make_scene()
    sales = [scene.make_sale("approved") for _ in range(24)]
    scene.settle(1)
    assert len(scene.records("order")) == 24
    for sale in sales[:22]:
        scene.wang.void(sale["id"])
    scene.clock.pass_time(1)
    with pytest.raises(RuleBroken) as caught:
        pull_stream(scene.hub, "erp", "order", actor="test")
    assert caught.value.code == "sync.mass_in"
    stop = stops(scene)["in"]
    assert (stop.over, stop.counts["lost"]) == (["lost"], 22)
    assert Decimal(stop.amounts["CNY"]) == Decimal("28.25") * 22
    (item,) = guard_items(scene)
    assert (item.amount, item.currency) == (Decimal("621.50"), "CNY")
    assert {row.state for row in scene.records("order")} == {"approved"}


def test_both_databases_keep_the_evidence(make_scene: SceneMaker, database_url: str) -> None:
    scene = make_scene(url=database_url)
    scene.hub.page_size = PAGE
    fill(scene)
    empty_phones(scene)
    with pytest.raises(RuleBroken):
        pull(scene)
    sweep(scene)
    found = stops(scene)
    assert {way: stop.counts for way, stop in found.items()} == {
        "again": {"emptied": FULL},
        "in": {"emptied": FULL},
    }
    assert len(guard_items(scene)) == 2
    run_sync(scene.hub, "erp", ["account"], "li", accept=make_plan(scene.hub, "erp", ["account"], "li").plan.label)
    sweep(scene)
    assert stops(scene) == {}
    assert phones(scene) == 0


def test_other_kinds_go_on(scene: Scene) -> None:
    empty_phones(scene)
    scene.make_item()
    report = scene.run()
    assert [error.code for error in report.errors] == ["sync.mass_in"]
    assert len(scene.records("product")) == 1


# ---------------------------------------------------------------- lists that end early


def test_a_list_that_ends_early_gives_nothing_up(scene: Scene) -> None:
    """The list of ids is short and the documents are not found: for a while, or for days."""
    lists = ("/api/partner", "/api/partner/ids")
    broken = True
    scene.faults.order_next("list_short", lambda request: broken and request.path in lists, 900)
    hidden = [row["id"] for row in partners(scene)[PAGE:]]
    scene.faults.order_next("read_hidden", lambda request: broken and request.path.split("/")[-1] in hidden, 900)
    for _ in range(4):
        sweep(scene)
        scene.clock.pass_time(86_400)
    assert [row.parked for row in scene.rows(Binding, kind="account") if row.parked] == []
    stop = stops(scene)["gone"]
    assert stop.over == ["missing"]
    assert stop.counts["missing"] > 20
    (item,) = guard_items(scene)
    assert item.code == "sync.mass_gone"
    assert {alarm.code for alarm in list_todo(scene.hub) if alarm.kind_of_wait == "watch"} == {"sync.list_dropped"}

    broken = False
    sweep(scene)
    assert stops(scene) == {}, "found again: over by itself"
    assert [row.missing_since for row in scene.rows(Binding, kind="account") if row.missing_since] == []
    assert [item for item in list_todo(scene.hub) if item.kind_of_wait in ("guard", "watch")] == []


def test_documents_that_are_really_gone_are_given_up_once_a_person_says_so(scene: Scene) -> None:
    for row in partners(scene, 25):
        scene.wang.delete("partner", row["id"])
    for _ in range(3):
        sweep(scene)
        scene.clock.pass_time(3600)
    assert [row.parked for row in scene.rows(Binding, kind="account") if row.parked] == []
    view = make_plan(scene.hub, "erp", ["account"], "li")
    assert [mass["way"] for mass in view.plan.masses] == ["gone"]
    assert sum(item.action == "gone" for item in view.items) == 25
    run_sync(scene.hub, "erp", ["account"], "li", accept=view.plan.label)
    scene.clock.pass_time(3600)
    sweep(scene)
    assert sum(row.parked == "protocol.deleted_there" for row in scene.rows(Binding, kind="account")) == 25
    sweep(scene)
    assert stops(scene) == {}


def test_a_full_reading_that_ends_after_page_3_is_not_taken_for_the_whole(scene: Scene) -> None:
    scene.hub.page_size = 5
    with scene.store.write() as tx:  # as after a cursor that expired
        cursor = tx.get(Cursor, connection="erp", stream="partner")
        assert cursor is not None
        high = cursor.high_water
        again: dict[str, Any] = {"under_way": True, "since": None, "position": None, "reading_high": high, "tally": {}}
        tx.save(cursor.model_copy(update=again))
    after_second = next(row["id"] for row in partners(scene) if row["name"] == "客户9")
    scene.faults.order_next("list_short", lambda request: request.query.get("after_id") == after_second)
    with pytest.raises(RuleBroken) as caught:
        pull(scene)
    assert caught.value.code == "sync.mass_in"
    assert stops(scene)["in"].counts == {"missing": 25}
    assert len(scene.records("account")) == FULL
    pull(scene)
    (cursor,) = scene.rows(Cursor, stream="partner")
    assert (cursor.under_way, cursor.listed) == (False, FULL)
    assert stops(scene) == {}


# ---------------------------------------------------------------- a sweep


def test_a_sweep_takes_in_no_mass_either(scene: Scene) -> None:
    empty_phones(scene)
    report = sweep(scene)
    assert [stop.code for stop in report.stops] == ["sync.mass_again"]
    assert report.finished
    left = phones(scene)
    assert left >= FULL - 20
    for _ in range(3):
        sweep(scene)
        scene.clock.pass_time(3600)
    assert phones(scene) == left, "not bit by bit either"
    assert [item.code for item in guard_items(scene)] == ["sync.mass_again"]


def test_what_a_sweep_stopped_at_is_shown_and_passes_once_accepted(scene: Scene) -> None:
    empty_phones(scene)
    sweep(scene)
    left = phones(scene)
    view = make_plan(scene.hub, "erp", ["account"], "li")
    assert [(mass["way"], mass["counts"]) for mass in view.plan.masses] == [("again", {"emptied": left})]


# ---------------------------------------------------------------- writes there


def accept_all(scene: Scene) -> None:
    _, report = scene.accept()
    assert report.errors == []


def push_alone(scene: Scene) -> Any:
    """As a worker does, without anybody standing by."""
    return push_bindings(scene.hub, list_due(scene.hub, 1000), actor="worker")


def test_a_mass_of_changes_is_not_written(scene: Scene) -> None:
    accept_all(scene)
    writes = scene.api.writes
    for record in scene.records("account")[:30]:
        scene.edit(record, phone="10086")
    report = push_alone(scene)
    assert [stop.way for stop in report.stops] == ["out"]
    assert scene.api.writes == writes
    stop = stops(scene)["out"]
    assert (stop.counts, stop.fields) == ({"changed": 30}, {"phone": 30})
    assert {len(example["changes"]["phone"]) for example in stop.examples} == {2}
    assert [item.code for item in guard_items(scene)] == ["sync.mass_out"]
    assert [item for item in list_todo(scene.hub) if item.kind_of_wait == "held"] == [], "one entry, not thirty"
    scene.clock.pass_time(700)
    again = scene.run()
    assert [error.code for error in again.errors] == ["sync.mass_out"]
    assert scene.api.writes == writes

    view, report = scene.accept()
    assert [mass["way"] for mass in view.plan.masses] == ["out"]
    assert report.errors == []
    assert {row["phone"] for row in partners(scene)} > {"10086"}
    assert sum(row["phone"] == "10086" for row in partners(scene)) == 30
    assert stops(scene) == {}
    assert len(scene.journal("guard.passed")) == 1


def test_new_documents_and_a_few_changes_are_written(scene: Scene) -> None:
    accept_all(scene)
    for record in scene.records("account")[:12]:
        scene.edit(record, phone="10086")
    report = push_alone(scene)
    assert report.stops == []
    assert sum(row["phone"] == "10086" for row in partners(scene)) == 12


def test_undoing_it_here_lifts_the_stop(scene: Scene) -> None:
    accept_all(scene)
    before = {record.id: record.phone for record in scene.records("account")[:30]}
    for record in scene.records("account")[:30]:
        scene.edit(record, phone="10086")
    push_alone(scene)
    for record in scene.records("account")[:30]:
        scene.edit(record, phone=before[record.id])
    scene.clock.pass_time(700)
    report = push_alone(scene)
    assert (report.stops, stops(scene)) == ([], {})


def test_nothing_is_changed_there_while_its_reading_is_stopped(scene: Scene) -> None:
    accept_all(scene)
    empty_phones(scene)
    with pytest.raises(RuleBroken):
        pull(scene)
    record = scene.records("account")[0]
    scene.edit(record, email="new@example.com")
    writes = scene.api.writes
    push_alone(scene)
    assert scene.api.writes == writes
    assert scene.reload(record).phone, "not even by reading the one document"
