"""Probe: one marked draft is measured and removed, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ConfigInvalid, OutcomeUnknown, RuleBroken, Transient
from hub.model.sales import Order
from hub.store.rows import JournalEntry, Probe
from hub.sync.evidence import NOT_PROBED
from hub.sync.measure import Verdict
from hub.sync.pause import pause_connection
from hub.sync.probe import choose_probes, probe_kind
from hub.sync.push import list_due, push_bindings
from hub.sync.run import run_sync
from hub.sync.todo import list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene
from tests.sync.world import World

MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path) -> Any:
    """A world with one customer and one item in its ERP."""
    made: list[World] = []

    def make(**settings: Any) -> World:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        world = World(folder, **settings)
        world.make_customer()
        world.make_item()
        made.append(world)
        return world

    yield make
    for world in made:
        world.hub.close()
        world.store.close()


def living_sales(world: World) -> list[Any]:
    return [sale for sale in world.erp.documents("sale") if not sale.get("deleted")]


def read_row(world: World) -> Probe | None:
    with world.store.read() as tx:
        return tx.get(Probe, connection="erp", kind="order")


def test_one_draft_is_made_measured_and_removed(make_world: MakeWorld) -> None:
    world = make_world()
    report = probe_kind(world.hub, "erp", "order", "ada")
    assert report.passed, report.measured.sentences()
    made = [entry for entry in world.erp.log if entry.kind == "sale"]
    assert [entry.action for entry in made if entry.action != "change"] == ["create", "delete"]
    assert len({entry.id for entry in made}) == 1
    assert living_sales(world) == []
    facts = {finding.fact: (finding.declared, finding.measured) for finding in report.measured.findings if finding.fact}
    assert facts["tier"] == ("draft", "draft")
    assert facts["compare_and_set"] == facts["versioned"] == facts["delete draft"] == ("yes", "yes")
    assert facts["reference"] == ("our_ref", "yes")
    assert facts["editable draft lines"] == ("yes", "yes")


def test_the_draft_says_what_it_is_and_is_tiny(make_world: MakeWorld) -> None:
    world = make_world()
    sent: list[dict[str, Any]] = []
    world.api.handle = listening(world, sent)  # type: ignore[method-assign,assignment]
    probe_kind(world.hub, "erp", "order", "ada")
    (created,) = [body for body in sent if "our_ref" in body]
    assert created["our_ref"].startswith("IPRB")
    assert all("probe" in created[name].lower() for name in ("note", "customer_ref"))
    assert [(line["quantity"], line["price"]) for line in created["lines"]] == [("1", "0.01")]
    (sale,) = world.erp.documents("sale")
    assert float(sale["gross"]) <= 0.02, "later edits leave it tiny"


def listening(world: World, sent: list[dict[str, Any]]) -> Callable[[Any], Any]:
    """Notes the body of every request."""

    def handle(request: Any) -> Any:
        sent.append(request.json() if request.body else {})
        return type(world.api).handle(world.api, request)

    return handle


def test_it_is_journalled_with_its_actor(make_world: MakeWorld) -> None:
    world = make_world()
    probe_kind(world.hub, "erp", "order", "ada")
    with world.store.read() as tx:
        told = [(entry.action, entry.actor) for entry in tx.find(JournalEntry, order=["id"])]
    assert told == [("probe.begun", "ada"), ("probe.removed", "ada"), ("probe.ended", "ada")]
    row = read_row(world)
    assert row is not None
    assert row.passed
    assert row.left_ref is None
    assert {"fact": "tier", "declared": "draft", "measured": "draft", "verdict": "ok"} in row.facts


def test_what_was_measured_is_kept_on_both_databases(tmp_path: Path, database_url: str) -> None:
    world = World(tmp_path, url=database_url)
    world.make_customer()
    report = probe_kind(world.hub, "erp", "order", "ada")
    row = read_row(world)
    assert row is not None
    assert row.facts == [
        {"fact": one.fact, "declared": one.declared, "measured": one.measured, "verdict": one.verdict.value}
        for one in report.measured.findings
        if one.fact
    ]
    world.hub.close()
    world.store.close()


@pytest.mark.parametrize("amend", ["free", "reopen", "reverse", "park"])
def test_every_way_to_amend_can_be_probed(make_world: MakeWorld, amend: str) -> None:
    world = make_world(erp={"amend": amend, "text_max": 30, "text_upper": True})
    assert probe_kind(world.hub, "erp", "order", "ada").passed
    assert living_sales(world) == []


@pytest.mark.parametrize("tier", ["unique", "plain", "blind"])
def test_it_refuses_where_the_document_would_stay(make_world: MakeWorld, tier: str) -> None:
    world = make_world(erp={"tier": tier})
    with pytest.raises(ConfigInvalid) as caught:
        probe_kind(world.hub, "erp", "order", "ada")
    assert caught.value.code == "sync.probe_stays"
    assert living_sales(world) == []
    with pytest.raises(ConfigInvalid) as nothing:
        choose_probes(world.hub, "erp", None)
    assert nothing.value.code == "sync.probe_nothing"


def test_it_is_chosen_which_kinds_can_be_probed(make_world: MakeWorld) -> None:
    world = make_world()
    assert choose_probes(world.hub, "erp", None) == ["order"]
    for kind, code in (("account", "sync.probe_stays"), ("contact", "sync.probe_kind_unknown")):
        with pytest.raises(ConfigInvalid) as caught:
            choose_probes(world.hub, "erp", [kind])
        assert caught.value.code == code


def test_it_can_be_probed_before_anything_is_written(make_world: MakeWorld) -> None:
    world = make_world(syncs={"order": {"direction": "in"}, "account": {}})
    assert choose_probes(world.hub, "erp", None) == ["order"]
    assert probe_kind(world.hub, "erp", "order", "ada").passed
    reading = make_world(syncs={"account": {}})
    with pytest.raises(ConfigInvalid):
        choose_probes(reading.hub, "erp", None)
    assert choose_probes(reading.hub, "erp", ["order"]) == ["order"]


def test_a_paused_connection_is_not_probed(make_world: MakeWorld) -> None:
    world = make_world()
    pause_connection(world.hub, "erp", "ada")
    with pytest.raises(RuleBroken):
        probe_kind(world.hub, "erp", "order", "ada")
    assert world.erp.documents("sale") == []


def test_a_declaration_that_promises_too_much_does_not_pass(make_world: MakeWorld) -> None:
    world = make_world(erp={"compare_and_set": False}, declare={"compare_and_set": True})
    report = probe_kind(world.hub, "erp", "order", "ada")
    assert not report.passed
    assert [finding.fact for finding in report.measured.findings if finding.verdict is Verdict.BAD] == [
        "compare_and_set"
    ]
    assert living_sales(world) == []
    row = read_row(world)
    assert row is not None
    assert not row.passed


def test_a_sync_that_runs_meanwhile_leaves_the_draft_alone(make_world: MakeWorld) -> None:
    world = make_world()
    world.faults.order_next("lost_after", lambda request: request.method == "POST")
    with pytest.raises(OutcomeUnknown):
        probe_kind(world.hub, "erp", "order", "ada")
    assert len(living_sales(world)) == 1
    run_sync(world.hub, "erp", None, "ada")
    with world.store.read() as tx:
        assert tx.find(Order) == []


def test_a_lost_answer_is_cleared_by_the_next_probe(make_world: MakeWorld) -> None:
    world = make_world()
    world.faults.order_next("lost_after", lambda request: request.method == "POST")
    with pytest.raises(OutcomeUnknown):
        probe_kind(world.hub, "erp", "order", "ada")
    assert len(living_sales(world)) == 1
    assert probe_kind(world.hub, "erp", "order", "ada").passed
    assert living_sales(world) == []


def test_a_draft_that_may_still_come_is_waited_for(make_world: MakeWorld) -> None:
    world = make_world()
    world.faults.order_next("late", lambda request: request.method == "POST")
    with pytest.raises(OutcomeUnknown):
        probe_kind(world.hub, "erp", "order", "ada")
    with pytest.raises(Transient) as caught:
        probe_kind(world.hub, "erp", "order", "ada")
    assert caught.value.code == "sync.probe_unsure"
    world.clock.pass_time(60)
    assert probe_kind(world.hub, "erp", "order", "ada").passed
    assert living_sales(world) == []


@pytest.mark.parametrize("writes", range(1, 12, 2))
def test_a_process_that_dies_leaves_a_trace_and_the_next_probe_clears_it(make_world: MakeWorld, writes: int) -> None:
    """The answer to its last write is still there, nothing after it."""
    world = make_world()
    world.api.handle = dying_after(world, writes)  # type: ignore[method-assign,assignment]
    with pytest.raises(KeyboardInterrupt):
        probe_kind(world.hub, "erp", "order", "ada")
    assert len(living_sales(world)) == 1
    world.api.handle = type(world.api).handle.__get__(world.api)  # type: ignore[method-assign]
    world.clock.pass_time(3600)
    assert probe_kind(world.make_hub(), "erp", "order", "ada").passed
    assert living_sales(world) == []


def dying_after(world: World, writes: int) -> Callable[[Any], Any]:
    """After so many writes nothing gets through any more: the process is as good as dead."""
    left = writes

    def handle(request: Any) -> Any:
        nonlocal left
        if left <= 0:
            raise KeyboardInterrupt
        left -= request.method != "GET"
        return type(world.api).handle(world.api, request)

    return handle


def test_an_interruption_by_the_keyboard_leaves_nothing(make_world: MakeWorld) -> None:
    world = make_world()

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    world.clock.sleep = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        probe_kind(world.hub, "erp", "order", "ada")
    assert len(world.erp.documents("sale")) == 1
    assert living_sales(world) == []
    row = read_row(world)
    assert row is not None
    assert (row.left_ref, row.passed) == (None, False)


def test_a_draft_that_a_person_touched_is_left_alone(make_world: MakeWorld) -> None:
    world = make_world()
    world.faults.order_next("lost_after", lambda request: request.method == "POST")
    with pytest.raises(OutcomeUnknown):
        probe_kind(world.hub, "erp", "order", "ada")
    (sale,) = living_sales(world)
    world.wang.edit("sale", sale["id"], note="whose is this?")
    with pytest.raises(ConfigInvalid) as caught:
        probe_kind(world.hub, "erp", "order", "ada")
    assert caught.value.code == "sync.probe_left"
    assert sale["number"] in caught.value.text()
    assert len(living_sales(world)) == 1


def test_without_a_customer_nothing_is_written(tmp_path: Path) -> None:
    world = World(tmp_path)
    with pytest.raises(ConfigInvalid) as caught:
        probe_kind(world.hub, "erp", "order", "ada")
    assert (caught.value.code, caught.value.params["parent"]) == ("sync.probe_parent_missing", "account")
    assert world.erp.documents("sale") == []
    world.store.close()


def test_without_an_item_the_line_stands_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.make_customer()
    assert probe_kind(world.hub, "erp", "order", "ada").passed
    world.store.close()


def test_two_probes_do_not_meet(make_world: MakeWorld) -> None:
    world = make_world()
    with world.store.write() as tx:
        tx.acquire_lease("probe:erp", "somebody", world.clock.now() + timedelta(minutes=5))
    with pytest.raises(Transient) as caught:
        probe_kind(world.hub, "erp", "order", "ada")
    assert caught.value.code == "sync.probe_under_way"


# ---------------------------------------------------------------- what was only recalled


@pytest.fixture
def recalled(make_scene: SceneMaker) -> Scene:
    """A scene whose connector only recalls what its ERP does."""
    return make_scene(declare={"evidence": "recalled"})


def test_recalled_facts_keep_writing_off_until_probed(recalled: Scene) -> None:
    recalled.make_order()
    assert recalled.pull("order") == {}, "reading goes on"
    _, report = recalled.accept()
    assert living_sales(recalled) == [], "an accepted plan does not help"
    assert report.refused == {"order": NOT_PROBED}
    (item,) = [one for one in list_todo(recalled.hub) if one.code == NOT_PROBED and one.kind == "order"]
    assert item.command == "isthmus connection probe erp --kind order"
    assert probe_kind(recalled.hub, "erp", "order", "ada").passed
    assert recalled.run().refused == {}
    assert len(living_sales(recalled)) == 1


def test_hints_and_the_poller_do_not_get_past_it(recalled: Scene) -> None:
    recalled.make_order()
    recalled.accept()
    due = list_due(recalled.hub, 10, accepted_only=False)
    assert due
    assert list_due(recalled.hub, 10) == []
    push_bindings(recalled.hub, due)
    assert living_sales(recalled) == []


def test_a_probe_that_does_not_pass_keeps_writing_off(make_scene: SceneMaker) -> None:
    scene = make_scene({"compare_and_set": False}, declare={"evidence": "recalled", "compare_and_set": True})
    scene.make_order()
    scene.accept()
    assert not probe_kind(scene.hub, "erp", "order", "ada").passed
    assert scene.run().refused["order"] == NOT_PROBED
    assert living_sales(scene) == []


def test_another_declaration_is_to_be_probed_again(recalled: Scene) -> None:
    assert probe_kind_with_parents(recalled).passed
    recalled.make_order()
    recalled.accept()
    assert len(living_sales(recalled)) == 1
    recalled.declare = {"evidence": "recalled", "d_max_s": 33}
    recalled.hub = recalled.make_hub()
    recalled.make_order()
    recalled.accept()
    assert recalled.run().refused["order"] == NOT_PROBED
    assert len(living_sales(recalled)) == 1


def probe_kind_with_parents(scene: Scene) -> Any:
    scene.trade()
    return probe_kind(scene.hub, "erp", "order", "ada")


def test_what_was_measured_needs_no_probe(make_scene: SceneMaker) -> None:
    scene = make_scene(declare={"evidence": "read"})
    scene.make_order()
    scene.accept()
    assert len(living_sales(scene)) == 1
