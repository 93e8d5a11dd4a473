"""A storm that cannot fail proves nothing: every broken safeguard is noticed. The trace that noticed it is kept; a seed
repeats only at its commit, so when that no longer does, another schedule is searched within the mutant's bound
(``python -m tests.storm.renew`` keeps new traces)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.simulator import USER
from hub.sync.rewound import note_rewind
from tests.storm.mutants import MUTANTS, Mutant
from tests.storm.run import Case, Outcome, run_case
from tests.storm.traces import read_kills
from tests.sync.scenes import Scene
from tests.sync.test_skew import pull_ahead

KILLS = read_kills()
OFTEN = [mutant for mutant in MUTANTS.values() if not mutant.directed]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", OFTEN, ids=lambda mutant: mutant.name)
def test_a_broken_safeguard_is_noticed(mutant: Mutant):
    assert any(is_noticed(outcome) for outcome in blow(mutant)), (
        f"{mutant.name} was not noticed in {mutant.seeds} schedules"
    )


def blow(mutant: Mutant) -> Iterator[Outcome]:
    """What was kept, then any within the bound."""
    trace = KILLS.get(mutant.name)
    if trace is not None:
        yield trace.run()
    for seed in range(mutant.seeds):
        yield run_case(Case(seed, mutant.tier, mutant.confirm, mutant=mutant.name))


def is_noticed(outcome: Outcome) -> bool:
    return outcome.violation is not None and not outcome.defect


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(KILLS))
def test_without_the_mutant_its_trace_holds(name: str):
    outcome = KILLS[name].run_shipped()
    assert outcome.violation is None, outcome.show()


def test_every_mutant_has_a_trace_or_a_scene():
    assert {mutant.name for mutant in OFTEN} == set(KILLS)


def make_twice(scene: Scene) -> list[Any]:
    """An order of the hub whose create was applied twice there, as drafts."""
    order = scene.make_order()
    partner, item = scene.erp.documents("partner")[0], scene.erp.documents("item")[0]
    line = {"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13"}
    values = {"customer": partner["id"], "lines": [line]}
    ref = scene.binding(order).ref or ""
    return [scene.erp.create("sale", values, USER, our_ref=ref) for _ in range(2)]


def count_effective(scene: Scene) -> int:
    return sum(sale["status"] == "approved" for sale in scene.sales())


@pytest.mark.parametrize(("broken", "effective"), [(False, 1), (True, 2)], ids=["shipped", "broken"])
def test_confirm_spare_confirms_two(tmp_path: Path, broken: bool, effective: int):
    """Of two drafts with our reference the adopted one alone is confirmed."""
    scene = Scene(tmp_path, syncs={"account": {}, "product": {}, "order": {"confirm": "audit"}})
    make_twice(scene)
    with MUTANTS["confirm_spare"].breakage.applied() if broken else nullcontext():
        scene.push()
    assert count_effective(scene) == effective
    scene.store.close()


@pytest.mark.parametrize(("broken", "effective"), [(False, 1), (True, 2)], ids=["shipped", "broken"])
def test_early_adopt_confirms_a_second_one(tmp_path: Path, broken: bool, effective: int):
    """One of the two was confirmed by what the database forgot, and lists do not show it yet."""
    syncs = {"account": {}, "product": {}, "order": {"confirm": "audit"}}
    scene = Scene(tmp_path, syncs=syncs, erp={"lag_s": 50.0})
    scene.trade()
    _, second = make_twice(scene)
    scene.clock.pass_time(50)
    scene.erp.act("approve", second["id"], USER)
    note_rewind(scene.hub, "erp", "li")
    with MUTANTS["early_adopt"].breakage.applied() if broken else nullcontext():
        scene.pull()
        scene.push()
        scene.settle()
    assert count_effective(scene) == effective
    scene.store.close()


@pytest.mark.parametrize(("broken", "note"), [(False, "ours"), (True, "theirs")], ids=["shipped", "broken"])
def test_clock_alone_loses_an_edit(tmp_path: Path, broken: bool, note: str):
    """A worker whose clock is ahead took in what a person then edits."""
    scene = Scene(tmp_path, erp={"amend": "free"})
    sale = scene.make_sale("approved", note="theirs")
    scene.pull("account", "product")
    with MUTANTS["clock_alone"].breakage.applied() if broken else nullcontext():
        pull_ahead(scene, 1)
        order = scene.record_of("order", sale)
        scene.edit(order, note="ours")
    assert scene.reload(order).note == note
    scene.store.close()
