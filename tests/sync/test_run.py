"""A run does what its plan said, nothing else; and what is left when it is cut off goes on in the next."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import pytest

from hub.errors import ConfigInvalid, NotFound, RuleBroken, Transient
from hub.protocol.binding import BindingState
from hub.store.rows import ConnectionState, Run, SyncState
from hub.sync.push import list_due, push_bindings
from hub.sync.run import list_runs, load_run, run_sync
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Crashed, Scene, interrupt, make_line
from tests.sync.test_plan import set_out
from tests.sync.world import VirtualClock

WORDS = {"create": "create", "patch": "change", "void": "void", "confirm": "confirm", "reopen": "change"}


def compare(scene: Scene, view: Any, number: int) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Per binding: what the plan said would be written there, and what the run wrote."""
    told_otherwise = {"confirm", "account_id"}  # who approves; a reference is told by name
    planned = {
        item.binding_id: (
            item.action,
            {name: new for name, (_, new) in item.changes.items() if name not in told_otherwise},
        )
        for item in view.items
        if item.side == "there" and item.action != "hold"
    }
    written: dict[Any, Any] = {}
    for row in load_run(scene.hub, number)[1]:
        values = row.summary.get("new") or {name: new for name, (_, new) in row.summary.get("changes", {}).items()}
        values = {name: value for name, value in values.items() if name not in told_otherwise}
        written.setdefault(row.binding_id, (WORDS[row.op], values))
    return planned, written


@pytest.mark.parametrize("tier", ["draft", "unique", "plain"])
def test_a_run_writes_what_its_plan_said_document_by_document(make_scene: SceneMaker, tier: str) -> None:
    scene = make_scene({"tier": tier, "amend": "reverse"})
    set_out(scene)
    view, report = scene.accept()
    assert (report.run.state, report.errors, report.refused) == ("done", [], {})
    planned, written = compare(scene, view, report.run.number)
    assert len(planned) == 3
    assert written == planned


def test_a_run_takes_in_what_its_plan_said(scene: Scene) -> None:
    set_out(scene)
    before = {row.id for kind in ("account", "product", "order") for row in scene.records(kind)}
    view, report = scene.accept()
    imports = [item for item in view.items if item.action == "import"]
    fresh = [row for kind in ("account", "product", "order") for row in scene.records(kind) if row.id not in before]
    assert len(imports) == len(fresh) > 0
    assert report.run.counts["in.order.created"] == sum(item.kind == "order" for item in imports)


def test_a_second_run_writes_nothing(scene: Scene) -> None:
    set_out(scene)
    scene.accept()
    scene.clock.pass_time(60)
    writes = scene.api.writes
    report = scene.run()
    assert report.run.state == "done"
    assert scene.api.writes == writes
    assert load_run(scene.hub, report.run.number)[1] == []


# ---- several steps for one document --------------------------------------------------------------------------------


@pytest.mark.parametrize("rounding", ["line", "document"])
def test_a_document_that_needs_several_steps_goes_all_the_way(make_scene: SceneMaker, rounding: str) -> None:
    scene = make_scene({"rounding": rounding}, order={"confirm": "audit"})
    account, product = scene.trade()
    order = scene.make_order(account_id=account.id, lines=[make_line(product, "1", "0.05") for _ in range(3)])
    scene.accept()
    assert scene.sale()["status"] == "approved"
    assert scene.binding(order).parked is None


@pytest.mark.parametrize("amend", ["reopen", "reverse"])
def test_an_amended_document_goes_all_the_way(make_scene: SceneMaker, amend: str) -> None:
    scene = make_scene({"amend": amend}, order={"confirm": "audit"})
    order = scene.make_order("2")
    scene.accept()
    scene.clock.pass_time(60)
    scene.run()
    assert scene.reload(order).state == "approved"
    (line,) = scene.reload(order).lines
    scene.edit(order, lines=[{**line.model_dump(mode="json"), "quantity": "3"}])
    view, report = scene.accept()
    assert [item.action for item in view.items] == ["change"]
    (living,) = scene.sales()
    assert (living["status"], living["lines"][0]["quantity"]) == ("approved", "3")
    assert scene.binding(order).parked is None
    assert report.run.state == "done"


def test_an_edit_in_the_middle_stops_before_the_next_write(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"confirm": "audit"})
    order = scene.make_order(note="as planned")
    other = scene.make_hub()
    before, scene.hub = scene.hub, other
    view = scene.plan()
    scene.hub = before
    with scene.meanwhile("C5", lambda: scene.edit(order, note="slipped in")):
        scene.run(accept=view.plan.label)
    assert (scene.sale()["status"], scene.sale()["note"]) == ("draft", "as planned")
    assert scene.binding(order).parked == "sync.plan_stale"
    scene.accept()
    assert (scene.sale()["status"], scene.sale()["note"]) == ("approved", "slipped in")


# ---- what the plan did not say ---------------------------------------------------------------------------------------


def test_a_document_that_changed_since_is_held_until_the_next_plan(scene: Scene) -> None:
    moved, kept = scene.make_order(note="planned"), scene.make_order(note="kept")
    view = scene.plan()
    scene.edit(moved, note="edited since")
    report = scene.run(accept=view.plan.label)
    assert [row["note"] for row in scene.sales()] == ["kept"]
    assert scene.binding(moved).parked == "sync.plan_stale"
    assert scene.binding(kept).remote_id is not None
    assert report.run.state == "done"

    scene.run()
    assert scene.binding(moved).parked == "sync.plan_stale"
    scene.accept()
    assert {row["note"] for row in scene.sales()} == {"kept", "edited since"}
    assert scene.binding(moved).parked is None


def test_what_was_made_after_the_plan_waits_for_the_next(scene: Scene) -> None:
    scene.make_order(note="planned")
    view = scene.plan()
    later = scene.make_order(note="later")
    scene.run(accept=view.plan.label)
    assert [row["note"] for row in scene.sales()] == ["planned"]
    assert scene.binding(later).parked is None
    scene.run()
    assert {row["note"] for row in scene.sales()} == {"planned", "later"}


def test_a_change_there_since_the_plan_is_not_overwritten(scene: Scene) -> None:
    order = scene.make_order("2", note="first")
    scene.accept()
    scene.edit(order, note="ours")
    view = scene.plan()
    scene.edit_sale(note="theirs")
    scene.run(accept=view.plan.label)
    assert scene.sale()["note"] == "theirs"
    assert [row.remote_value for row in scene.conflicts()] == ["theirs"]


# ---- who may begin -------------------------------------------------------------------------------------------------


def test_the_first_push_needs_a_plan(scene: Scene) -> None:
    scene.make_order()
    report = scene.run()
    assert report.refused == {"order": "sync.plan_required"}
    assert report.run.state == "failed"
    assert scene.api.writes == 0
    scene.accept()
    scene.make_order()
    assert scene.run().run.state == "done"
    assert len(scene.sales()) == 2


def test_reading_needs_no_plan(scene: Scene) -> None:
    scene.make_sale()
    assert scene.run().run.state == "done"
    assert len(scene.records("order")) == 1


def test_a_used_plan_is_not_used_again(scene: Scene) -> None:
    scene.make_order()
    view, _ = scene.accept()
    with pytest.raises(ConfigInvalid) as caught:
        scene.run(accept=view.plan.label)
    assert caught.value.code == "sync.plan_used"


@pytest.mark.parametrize("kind", ["account", "contact"])
def test_a_plan_holds_for_its_kinds(scene: Scene, kind: str) -> None:
    scene.make_order()
    view = scene.plan("order")
    with pytest.raises(ConfigInvalid) as caught:
        run_sync(scene.hub, "erp", [kind], "li", accept=view.plan.label)
    assert caught.value.code == "sync.plan_without_kind"


def reconfigure(scene: Scene, **changes: Any) -> None:
    """Another configuration of the order sync is published."""
    settings = scene.config.connections["erp"]
    layers = changes.pop("mapping", None)
    sync = type(settings.syncs["order"]).model_validate({**settings.syncs["order"].model_dump(), **changes})
    mappings = {"order": (("site.toml", layers),)} if layers else {}
    settings = settings.model_copy(update={"syncs": {**settings.syncs, "order": sync}, "mappings": mappings})
    scene.config = scene.config.model_copy(update={"connections": {"erp": settings}})
    scene.hub = scene.make_hub()


SITE = """
[mapping]
kind = "order"
[fields]
note = "customer_ref"
reference = "note"
"""


@pytest.mark.parametrize(
    "changes",
    [
        {"confirm": "audit"},
        {"create": True},
        {"start_date": "2026-01-01"},
        {"owners": {"note": "hub"}},
        {"amend": "park"},
        {"direction": "out"},
        {"mapping": SITE},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_other_settings_need_another_plan(scene: Scene, changes: dict[str, Any]) -> None:
    scene.accept()
    order, view = scene.make_order(), scene.plan()
    reconfigure(scene, **changes)
    with pytest.raises(ConfigInvalid) as caught:
        scene.run(accept=view.plan.label)
    assert caught.value.code == "sync.plan_settings_changed"
    assert scene.run(scheduled=True).refused == {"order": "sync.settings_changed"}
    push_bindings(scene.hub, [scene.binding(order).id])
    assert list_due(scene.hub, 10) == []
    assert scene.api.writes == 0
    scene.accept()
    assert len(scene.sales()) == 1


def test_the_schedule_alone_changes_nothing_about_the_plan(scene: Scene) -> None:
    scene.accept()
    scene.make_order()
    reconfigure(scene, every_s=60)
    assert scene.run(scheduled=True).run.state == "done"
    assert len(scene.sales()) == 1


def test_two_runs_at_once_take_turns(scene: Scene) -> None:
    scene.make_order()
    view = scene.plan()
    other = scene.make_hub()
    refused: list[BaseException] = []

    def run_too() -> None:
        with pytest.raises(Transient) as caught:
            run_sync(other, "erp", None, "schedule", scheduled=True)
        refused.append(caught.value)

    with scene.meanwhile("C4", run_too):
        report = scene.run(accept=view.plan.label)
    assert [error.code for error in refused if isinstance(error, Transient)] == ["sync.run_under_way"]
    assert (report.run.state, len(scene.sales())) == ("done", 1)
    assert run_sync(other, "erp", None, "schedule", scheduled=True).run.state == "done"


def test_runs_of_two_connections_do_not_wait_for_each_other(scene: Scene) -> None:
    with scene.store.write() as tx:
        until = scene.clock.now().replace(year=2027)
        assert tx.acquire_lease("run:crm", "somebody", until) is not None
    assert scene.run().run.state == "done"


# ---- cut off -------------------------------------------------------------------------------------------------------


class Gone:
    """The database, as a dead process sees it."""

    def __getattr__(self, name: str) -> Any:
        raise Crashed


def kill_at(scene: Scene, name: str, **options: Any) -> None:
    """A run whose process dies at this checkpoint, without a word to the database."""
    hub = scene.hub

    def die(at: str) -> None:
        if at == name:
            hub.store = Gone()  # type: ignore[assignment]
            raise Crashed

    hub.checkpoint = die
    with pytest.raises(Crashed):
        scene.run(**options)
    scene.hub = scene.make_hub()


@pytest.mark.parametrize("place", ["C12", "C13", "C1", "C2", "C3", "C4", "C5", "C7"])
def test_a_killed_run_is_continued_by_the_next(scene: Scene, place: str) -> None:
    ours = [scene.make_order(note=str(count)) for count in range(3)]
    scene.make_sale(note="there")
    view = scene.plan()
    kill_at(scene, place, accept=view.plan.label)
    assert [row.state for row in list_runs(scene.hub)] == ["running"]
    scene.clock.pass_time(130)
    if scene.rows(SyncState) and scene.rows(SyncState)[0].accepted_settings:
        scene.run()
    else:
        scene.accept()
    scene.clock.pass_time(60)
    scene.run()
    assert sorted(row["note"] for row in scene.sales(living=False)) == ["0", "1", "2", "there"]
    assert [scene.binding(order).state for order in ours] == [BindingState.WAITING] * 3
    assert len(scene.records("order")) == 4


def test_an_interrupted_run_says_so(scene: Scene) -> None:
    scene.make_order()
    view = scene.plan()
    with pytest.raises(KeyboardInterrupt), scene.meanwhile("C4", interrupt):
        scene.run(accept=view.plan.label)
    assert [row.state for row in list_runs(scene.hub)] == ["stopped"]
    scene.clock.pass_time(60)
    scene.run()
    assert len(scene.sales()) == 1


def test_a_system_that_goes_away_fails_the_run_and_nothing_is_lost(scene: Scene) -> None:
    orders = [scene.make_order() for _ in range(3)]
    view = scene.plan()
    posts: list[str] = []

    def is_second_create(request: Any) -> bool:
        posts.append(request.path) if request.method == "POST" else None
        return request.method == "POST" and len(posts) == 2

    scene.faults.order_next("unreachable", is_second_create)
    report = scene.run(accept=view.plan.label)
    assert report.run.state == "failed"
    assert [error.code for error in report.errors] == [report.run.error_code]
    assert isinstance(report.errors[0], Transient)
    assert len(scene.sales()) == 1
    assert [scene.binding(order).parked for order in orders] == [None] * 3
    scene.clock.pass_time(60)
    assert scene.run().run.state == "done"
    assert len(scene.sales()) == 3


def test_a_system_that_cannot_be_read_fails_the_run(scene: Scene) -> None:
    scene.make_sale()
    scene.faults.rates = {"read_error": 1.0}
    report = scene.run()
    assert (report.run.state, bool(report.run.error_code)) == ("failed", True)
    scene.faults.rates = {}
    scene.clock.pass_time(60)
    assert scene.run().run.state == "done"
    assert len(scene.records("order")) == 1


def test_refused_credentials_pause_the_connection(scene: Scene) -> None:
    scene.make_order()
    view = scene.plan()
    settings = scene.erp.settings
    scene.erp.settings = dataclasses.replace(settings, token="changed")
    report = scene.run(accept=view.plan.label)
    assert report.run.state == "failed"
    (state,) = scene.rows(ConnectionState)
    assert (state.paused, state.pause_code) == (True, report.run.error_code)
    before = len(scene.api.requests)
    with pytest.raises(RuleBroken):
        scene.run()
    assert len(scene.api.requests) == before


# ---- looking back ---------------------------------------------------------------------------------------------------


def test_runs_are_numbered_and_listed_newest_first(scene: Scene) -> None:
    for _ in range(3):
        scene.run()
    assert [row.number for row in list_runs(scene.hub)] == [3, 2, 1]
    assert [row.number for row in list_runs(scene.hub, 1)] == [3]
    with pytest.raises(NotFound):
        load_run(scene.hub, 99)


def test_a_run_tells_its_progress(scene: Scene) -> None:
    scene.make_order()
    view = scene.plan()
    told: list[str] = []
    scene.run(accept=view.plan.label, progress=lambda what, done, total: told.append(what))
    assert told == ["account", "product", "order", "push"]
    run = scene.rows(Run)[0]
    assert (run.actor, run.plan_id, run.counts["out.create"]) == ("li", view.plan.id, 1)


class Interrupted(VirtualClock):
    """Somebody presses Ctrl-C at the n-th look at the clock."""

    left = 0

    def now(self) -> datetime:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().now()


def test_ctrl_c_at_any_moment_leaves_no_run_running(scene: Scene):
    scene.make_order()
    scene.accept()
    scene.clock.__class__ = Interrupted
    ended = 0
    for moment in range(1, 400, 7):
        scene.make_sale()
        scene.clock.left = moment  # type: ignore[attr-defined]
        try:
            scene.run(scheduled=True)
            ended += 1
        except KeyboardInterrupt:
            pass
        scene.clock.left = 0  # type: ignore[attr-defined]
        assert scene.rows(Run, state="running") == [], moment
        if ended > 3:
            break
    assert scene.run(scheduled=True).run.state == "done"
