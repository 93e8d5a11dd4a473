"""What could be there already is not made, here or there, until a person says so."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sandbox.simulator import make_uscc
from hub.errors import RuleBroken
from hub.protocol.binding import BindingState
from hub.store.rows import DeadRow, IdentityVerdict, Sign
from hub.sync.adopt import adopt
from hub.sync.bindings import add_binding, show_binding
from hub.sync.context import Hub
from hub.sync.plan import make_plan
from hub.sync.pull import pull_stream
from hub.sync.records import create_record
from hub.sync.sweep import sweep_connection
from hub.sync.todo import TodoItem, list_todo
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_line

NAME = "海岳精密机械有限公司"
CREATE: dict[str, Any] = {"create": True}


def make_account(scene: Scene, name: str = NAME, uscc: str | None = None, **values: Any) -> Any:
    if uscc is not None:
        values["identifiers"] = [{"kind": "uscc", "value": uscc}]
    return create_record(scene.hub, "account", {"name": name, **values}, "li", anyway=True)


def todo(hub: Hub) -> list[TodoItem]:
    return [item for item in list_todo(hub) if item.kind_of_wait not in ("plan", "approval")]


def make_twins(scene: Scene) -> tuple[Any, Any]:
    """An order in the hub that was never sent, and the same sale made by people there."""
    order = scene.make_order("2", ordered_on="2026-10-05")
    customer, item = scene.erp.documents("partner")[0], scene.erp.documents("item")[0]
    line = {"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13"}
    sale = scene.wang.create("sale", customer=customer["id"], date="2026-10-05", lines=[line])
    return order, sale


# ---- documents -----------------------------------------------------------------------------------------------------


def test_the_same_customer_day_and_total_hold_both_ways(scene: Scene) -> None:
    order, sale = make_twins(scene)
    assert scene.pull("order") == {"review": 1}
    scene.push()
    assert [row.id for row in scene.records("order")] == [order.id]
    assert [row["id"] for row in scene.sales()] == [sale["id"]]
    assert scene.binding(order).held == {"*": "sync.alike_there"}
    (asked,) = todo(scene.hub)
    assert (asked.kind_of_wait, asked.code, asked.amount) == ("review", "sync.alike_here", order.gross)
    assert asked.command == f"isthmus binding add erp order {order.id}|new {sale['id']}"
    assert order.number in asked.text()


@pytest.mark.parametrize("number", ["SO-77", "so-77 "])
def test_an_equal_number_holds_whatever_else_differs(make_scene: SceneMaker, number: str) -> None:
    scene = make_scene(account=CREATE)
    make_account(scene, "晨澜自动化设备有限公司", number=number)
    scene.wang.create("partner", name="完全不同的名字", code="SO-77")
    assert scene.pull("account") == {"review": 1}
    scene.push()
    assert len(scene.erp.documents("partner")) == 1


def test_they_are_the_same(scene: Scene) -> None:
    order, sale = make_twins(scene)
    scene.pull("order")
    scene.push()
    add_binding(scene.hub, "erp", "order", order.number, sale["id"], "li")
    assert todo(scene.hub) == []
    assert (scene.binding(order).remote_id, scene.binding(order).ours) == (sale["id"], False)
    scene.settle()
    assert len(scene.sales()) == 1
    assert len(scene.records("order")) == 1
    assert scene.rows(Sign, side="erp") == [], "what is bound is left outside no more"


@pytest.mark.parametrize("said_there", [True, False])
def test_they_are_different(scene: Scene, said_there: bool) -> None:
    order, sale = make_twins(scene)
    scene.pull("order")
    scene.push()
    record, remote_id = ("new", sale["id"]) if said_there else (order.number, "new")
    add_binding(scene.hub, "erp", "order", record, remote_id, "li")
    assert todo(scene.hub) == []
    scene.push()
    assert len(scene.sales()) == 2
    assert len(scene.records("order")) == 2
    (verdict,) = scene.rows(IdentityVerdict, verdict="different", undone_at=None)
    assert (verdict.record_id, verdict.decided_by) == (order.id, "li")
    (asked,) = scene.rows(IdentityVerdict, verdict="maybe")
    assert asked.undone_at is not None
    scene.settle()
    assert len(scene.sales()) == 2


def test_only_what_resembles_something_can_be_told_apart(scene: Scene) -> None:
    order = scene.make_order()
    with pytest.raises(RuleBroken) as refused:
        add_binding(scene.hub, "erp", "order", order.number, "new", "li")
    assert refused.value.code == "sync.nothing_alike"


def test_a_later_edit_of_the_total_does_not_release_it(scene: Scene) -> None:
    order, sale = make_twins(scene)
    scene.pull("order")
    scene.push()
    (line,) = order.lines
    scene.edit(order, lines=[{**line.model_dump(mode="json"), "quantity": "5"}])
    scene.clock.pass_time(1)
    scene.wang.edit_line(sale["id"], sale["lines"][0]["id"], quantity="9")
    scene.settle()
    assert scene.binding(order).held == {"*": "sync.alike_there"}
    assert len(scene.sales()) == 1
    assert len(scene.records("order")) == 1


def test_an_edit_after_going_live_that_makes_it_look_alike_sets_it(make_scene: SceneMaker) -> None:
    scene = make_scene(account=CREATE)
    partner = scene.wang.create("partner", name=NAME, tax_id="")
    item = scene.make_item()
    scene.pull()
    account, product = scene.record_of("account", partner), scene.record_of("product", item)
    # A sale that cannot be taken in: its customer waits for a review of its own.
    other = make_account(scene, "屿岚电子科技有限公司")
    stranger = scene.wang.create("partner", name="屿岚电子科技有限公司", tax_id="")
    line = {"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13"}
    scene.wang.create("sale", customer=stranger["id"], date="2026-10-05", lines=[line])
    assert scene.pull()["waiting"] == 1
    order = create_record(
        scene.hub, "order", {"account_id": account.id, "lines": [make_line(product)], "ordered_on": "2026-10-05"}, "li"
    )
    scene.edit(order, number=scene.erp.documents("sale")[0]["number"])
    scene.push()
    assert scene.binding(order).held == {"*": "sync.alike_there"}
    assert len(scene.sales()) == 1
    assert other.id in {row.record_id for row in scene.rows(IdentityVerdict, verdict="maybe")}


def test_a_void_document_there_is_not_made_again(scene: Scene) -> None:
    order, sale = make_twins(scene)
    scene.wang.void(sale["id"])
    scene.pull("order")
    scene.push()
    assert scene.binding(order).held == {"*": "sync.alike_there"}
    scene.void(order)
    scene.settle()
    assert scene.binding(order).state is BindingState.TOMB
    sweep_connection(scene.hub, "erp", actor="test")
    assert todo(scene.hub) == [], "there is no question about a record that ended"
    assert [row["status"] for row in scene.sales(living=False)] == ["void"]


def test_what_is_bound_or_on_its_way_is_no_candidate(scene: Scene) -> None:
    order = scene.make_order("2", ordered_on="2026-10-05")
    scene.push()
    sale = scene.sale()
    scene.clock.pass_time(1)
    scene.wang.copy(sale["id"])
    assert scene.pull("order")["created"] == 1, "a second deal of the same day, when the first is bound"
    assert scene.binding(order).remote_id == sale["id"]


# ---- parties -------------------------------------------------------------------------------------------------------


def test_an_equal_name_holds_both_ways_and_joins_nothing(make_scene: SceneMaker) -> None:
    scene = make_scene(account=CREATE)
    account = make_account(scene)
    partner = scene.wang.create("partner", name=f" {NAME} ", tax_id="")
    assert scene.pull("account") == {"review": 1}
    scene.push()
    assert scene.binding(account).remote_id is None
    assert len(scene.erp.documents("partner")) == 1
    add_binding(scene.hub, "erp", "account", NAME, partner["id"], "li")
    scene.settle()
    assert len(scene.erp.documents("partner")) == 1


def test_two_different_codes_explain_an_equal_name_away(make_scene: SceneMaker) -> None:
    scene = make_scene(account=CREATE)
    make_account(scene, uscc=make_uscc(scene.random))
    scene.wang.create("partner", name=NAME, tax_id=make_uscc(scene.random))
    assert scene.pull("account") == {"created": 1}
    scene.push()
    assert len(scene.erp.documents("partner")) == 2


def test_one_of_two_records_is_bound_and_the_other_stays_held(make_scene: SceneMaker) -> None:
    scene = make_scene(account=CREATE)
    one, two = make_account(scene), make_account(scene)
    partner = scene.wang.create("partner", name=NAME, tax_id="")
    scene.pull("account")
    scene.push()
    add_binding(scene.hub, "erp", "account", str(one.id), partner["id"], "li")
    scene.settle()
    assert scene.binding(two).held == {"*": "sync.alike_there"}
    (asked,) = todo(scene.hub)
    assert asked.command == f"isthmus binding add erp account {two.id} REMOTE|new"
    add_binding(scene.hub, "erp", "account", str(two.id), "new", "li")
    scene.push()
    assert len(scene.erp.documents("partner")) == 2


# ---- before everything was read ------------------------------------------------------------------------------------


def test_nothing_is_made_before_everything_there_was_read_once(make_scene: SceneMaker) -> None:
    scene = make_scene(account=CREATE, read=False)
    account = make_account(scene)
    scene.push()
    assert scene.binding(account).held == {"*": "sync.not_read_yet"}
    assert todo(scene.hub) == [], "it ends by itself"
    scene.pull("account")
    scene.clock.pass_time(700)
    scene.push()
    assert scene.binding(account).remote_id is not None


def test_a_plan_reckons_with_the_reading_of_its_run(make_scene: SceneMaker) -> None:
    scene = make_scene(account=CREATE, read=False)
    account = make_account(scene)
    view, report = scene.accept()
    assert [item.action for item in view.items if item.side == "there"] == ["create"]
    assert not report.errors
    assert scene.binding(account).remote_id is not None


def test_a_sync_that_only_writes_looks_as_well_and_takes_nothing_in(make_scene: SceneMaker) -> None:
    scene = make_scene(account={**CREATE, "direction": "out"}, read=False)
    account = make_account(scene)
    scene.wang.create("partner", name=NAME, tax_id="")
    scene.wang.create("partner", name="别的客户", tax_id="")
    view, report = scene.accept()
    assert [(item.action, item.reason) for item in view.items] == [("hold", "sync.alike_there")]
    assert not report.errors
    assert scene.binding(account).remote_id is None
    assert [row.id for row in scene.records("account")] == [account.id]
    assert sweep_connection(scene.hub, "erp", actor="test").counts["created"] == 0


# ---- plans and explanations ----------------------------------------------------------------------------------------


def test_a_plan_counts_what_looks_alike_with_its_money(scene: Scene) -> None:
    order, _ = make_twins(scene)
    view = make_plan(scene.hub, "erp", None, "li")
    expected = {"count": 1, "amounts": {"CNY": str(order.gross)}}
    assert view.plan.summary["there.order.alike"] == expected
    assert view.plan.summary["here.order.alike"] == expected
    scene.run(accept=view.plan.label)
    assert len(scene.sales()) == 1
    assert "SO" in show_binding(scene.hub, str(scene.binding(order).id)).text()


def test_records_from_before_the_sync_have_signs_when_it_reads_first(make_scene: SceneMaker) -> None:
    scene = make_scene(account=CREATE, read=False)
    account = make_account(scene)
    with scene.store.write() as tx:
        tx.delete(Sign, record_kind="account")
    scene.wang.create("partner", name=NAME, tax_id="")
    assert scene.pull("account") == {"review": 1}
    assert [row.id for row in scene.records("account")] == [account.id]


def test_a_second_entry_that_is_deleted_here_waits_no_longer(make_scene: SceneMaker) -> None:
    scene = make_scene(account=CREATE)
    one, two = make_account(scene), make_account(scene)
    partner = scene.wang.create("partner", name=NAME, tax_id="")
    scene.pull("account")
    scene.push()
    add_binding(scene.hub, "erp", "account", str(one.id), partner["id"], "li")
    scene.void(two)
    scene.push()
    assert todo(scene.hub) == []
    assert len(scene.erp.documents("partner")) == 1


def test_equal_ids_of_another_kind_are_no_answer(scene: Scene) -> None:
    """Systems count each kind from one: a customer 1 under review says nothing about an order that resembles sale 1."""
    order, sale = make_twins(scene)
    scene.pull("order")
    scene.push()
    with scene.store.write() as tx:
        (row,) = tx.find(DeadRow)
        tx.delete(DeadRow, stream=row.stream)
        tx.save(row.model_copy(update={"stream": "partner"}))
    assert order.number in {item.number for item in todo(scene.hub)}
    assert sale["id"] == row.external_id


# ---- more than one system ------------------------------------------------------------------------------------------


def add_connection(scene: Scene, name: str) -> None:
    """A second account, whose books happen to hold the same."""
    connection = scene.config.connections["erp"]
    scene.config = scene.config.model_copy(update={"connections": {"erp": connection, name: connection}})
    scene.hub = scene.make_hub()


@pytest.mark.parametrize("first", [True, False])
def test_a_second_system_with_the_same_customers_doubles_nothing(make_scene: SceneMaker, first: bool) -> None:
    """Whether it is configured before the records come in, or after."""
    scene = make_scene(account=CREATE, read=False)
    if first:
        add_connection(scene, "two")
    for place in range(5):
        scene.wang.create("partner", name=f"客户{place}", tax_id="", code=f"K-{place}")
    scene.pull("account")
    if not first:
        add_connection(scene, "two")
    counts = pull_stream(scene.hub, "two", "account", actor="test").counts
    assert counts["review"] == 5
    assert len(scene.records("account")) == 5
    assert adopt(scene.hub, "two", ["account"], "li", by="number").kinds[0].sums["bound"].there == 5
    assert pull_stream(scene.hub, "two", "account", actor="test").counts["unchanged"] == 5
    assert len(scene.records("account")) == 5
    scene.push()
    assert len(scene.erp.documents("partner")) == 5
