"""A database that lost its last commits: nothing that was written since is written again."""

from __future__ import annotations

import pytest

from connectors.sandbox.simulator import USER
from hub.protocol.binding import BindingState
from hub.store.rows import ConnectionState
from hub.sync.rewound import note_rewind
from hub.sync.settle import settle_binding
from tests.sync.conftest import SceneMaker
from tests.sync.snapshots import DatabaseSnapshot


@pytest.mark.parametrize("tier", ["unique", "draft", "plain"])
def test_what_was_made_since_is_found_and_not_made_again(make_scene: SceneMaker, tier: str) -> None:
    scene = make_scene({"tier": tier})
    order = scene.make_order()
    before = DatabaseSnapshot(scene.store)
    scene.settle()
    before.put_back()
    assert scene.binding(order).attempts == 0
    assert note_rewind(scene.hub, "erp", "li") == len(scene.rows(type(scene.binding(order))))
    scene.settle()
    assert len(scene.sales(living=False)) == 1
    assert scene.binding(order).remote_id == scene.sale()["id"]


def test_an_order_that_the_database_forgot_is_rebuilt_from_its_document(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "plain"})
    scene.trade()
    before = DatabaseSnapshot(scene.store)
    order = scene.make_order("7")
    scene.settle()
    before.put_back()
    note_rewind(scene.hub, "erp", "li")
    scene.settle()
    assert len(scene.sales(living=False)) == 1
    (known,) = scene.records("order")
    assert (known.id, known.lines[0].quantity) == (order.id, order.lines[0].quantity)


def test_a_system_without_a_search_is_told_nothing_twice(make_scene: SceneMaker) -> None:
    """What may have been sent waits for a person."""
    scene = make_scene({"tier": "blind"})
    order = scene.make_order()
    before = DatabaseSnapshot(scene.store)
    scene.settle()
    before.put_back()
    note_rewind(scene.hub, "erp", "li")
    scene.settle()
    assert len(scene.sales(living=False)) == 1
    assert scene.binding(order).parked == "protocol.blind_ambiguity"


def test_the_quiet_period_comes_before_the_search(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "plain"})
    order = scene.make_order()
    note_rewind(scene.hub, "erp", "li")
    row, quiet_s = scene.binding(order), scene.hub.open("erp").policies["order"].quiet_s
    assert row.state is BindingState.UNKNOWN
    assert row.not_before is not None
    assert (row.not_before - scene.hub.now()).total_seconds() == pytest.approx(quiet_s, abs=1)
    with scene.store.read() as tx:
        state = tx.get(ConnectionState, connection="erp")
    assert state is not None
    assert state.epoch == 1


def test_a_worker_of_before_is_fenced_off(make_scene: SceneMaker) -> None:
    scene = make_scene()
    order = scene.make_order()
    before = DatabaseSnapshot(scene.store)
    scene.push(1)
    claimed = scene.binding(order).fence
    before.put_back()
    note_rewind(scene.hub, "erp", "li")
    assert scene.binding(order).fence > claimed


@pytest.mark.parametrize("take", ["remote", "hub"])
def test_a_reversal_that_the_database_forgot_is_a_question(make_scene: SceneMaker, take: str) -> None:
    """The document was voided by us, and nothing says why: the order lives until a person has answered."""
    scene = make_scene({"tier": "plain", "amend": "reverse"})
    order = scene.make_order()
    scene.settle()
    old = scene.sale()
    before = DatabaseSnapshot(scene.store)
    scene.erp.act("void", old["id"], USER)
    before.put_back()
    note_rewind(scene.hub, "erp", "li")
    scene.settle()
    assert scene.binding(order).parked == "protocol.reversal_lost"
    assert scene.reload(order).state != "void"
    settle_binding(scene.hub, scene.binding(order).id, take=take, actor="li")
    scene.settle()
    assert (scene.reload(order).state == "void") is (take == "remote")
    assert len(scene.sales()) == (1 if take == "hub" else 0)


def test_what_people_made_and_we_reversed_is_not_taken_in_anew(make_scene: SceneMaker) -> None:
    """Nothing in it says that it gave way to the document which we made in its place."""
    scene = make_scene({"tier": "plain", "amend": "reverse"})
    theirs = scene.make_sale("approved")
    scene.settle()
    (order,) = scene.records("order")
    before = DatabaseSnapshot(scene.store)
    scene.erp.act("void", theirs["id"], USER)
    before.put_back()
    note_rewind(scene.hub, "erp", "li")
    scene.settle()
    assert scene.binding(order).parked == "protocol.reversal_lost"
    settle_binding(scene.hub, scene.binding(order).id, take="hub", actor="li")
    scene.settle()
    scene.settle()
    assert [record.id for record in scene.records("order")] == [order.id]
    assert len(scene.sales()) == 1
