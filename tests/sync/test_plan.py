"""A plan reads, decides and writes nothing; it says what a run would do, document by document."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy

from hub.errors import ConfigInvalid, NotFound
from hub.sync.accept import order_kinds
from hub.sync.plan import load_plan, make_plan
from hub.sync.records import create_record
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_line

PLAN_TABLES = {"plan", "plan_item"}


def dump(scene: Scene) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but those that plans are kept in."""
    engine = scene.store._writing
    found: dict[str, list[tuple[Any, ...]]] = {}
    with engine.connect() as connection:
        for name in sqlalchemy.inspect(engine).get_table_names():
            if name not in PLAN_TABLES:
                rows = connection.execute(sqlalchemy.text(f'SELECT * FROM "{name}"')).all()
                found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def set_out(scene: Scene) -> None:
    """A bit of everything: new and changed on both sides, a conflict, a void, a hold, something unreadable."""
    scene.make_sale(note="new there")
    changed, voided, fought = scene.make_order(note="a"), scene.make_order(), scene.make_order(note="c")
    scene.make_order(note="new here")
    scene.accept()
    scene.edit(changed, note="changed here")
    scene.void(voided)
    scene.edit(fought, note="ours")
    scene.edit_sale(scene.binding(fought).remote_id, note="theirs")
    create_record(scene.hub, "account", {"name": "无证客户"}, "li")
    scene.make_order(note="newer here")
    scene.make_sale(note="newer there")
    bad = scene.make_sale("approved")
    scene.erp.mark(bad["id"], "wang", shipping="teleported")
    scene.make_customer("云栖商贸有限公司")


def tell(scene: Scene, view: Any) -> list[tuple[str, str, str]]:
    return [(item.side, item.kind, item.action) for item in view.items]


def test_a_plan_changes_nothing_anywhere(scene: Scene) -> None:
    set_out(scene)
    before, writes, log = dump(scene), scene.api.writes, len(scene.erp.log)
    assert before["binding"]
    view = scene.plan()
    assert len(view.items) > 6
    assert dump(scene) == before
    assert (scene.api.writes, len(scene.erp.log)) == (writes, log)


def test_the_same_plan_twice_says_the_same(scene: Scene) -> None:
    set_out(scene)
    first, second = scene.plan(), scene.plan()
    assert first.plan.label != second.plan.label
    assert first.plan.summary == second.plan.summary

    def strip(item: Any) -> Any:
        # Records that are not there yet have another id in every rehearsal.
        told = item.model_dump(exclude={"plan_id", "binding_id", "record_id"})
        for line in told["changes"].get("lines", [None, None])[1] or ():
            line.pop("product_id")
        return told

    assert [strip(item) for item in first.items] == [strip(item) for item in second.items]


def test_a_plan_names_every_document_on_both_sides(scene: Scene) -> None:
    set_out(scene)
    told = tell(scene, scene.plan())
    assert {
        ("there", "order", "create"), ("there", "order", "change"), ("there", "order", "void"),
        ("there", "account", "hold"), ("here", "order", "conflict"), ("here", "order", "import"),
        ("here", "order", "hold"), ("here", "account", "import"), ("here", "product", "import"),
    } <= set(told)  # fmt: skip
    assert told.count(("there", "order", "create")) == 1
    assert told.count(("here", "order", "conflict")) == 1


def test_a_plan_shows_old_and_new_values_and_sums(scene: Scene) -> None:
    order = scene.make_order(note="first")
    view, _ = scene.accept()
    (create,) = view.items
    assert (create.action, create.label, create.amount, create.currency) == (
        "create", "SO-0001", Decimal("28.25"), "CNY",
    )  # fmt: skip
    assert view.plan.summary == {"there.order.create": {"count": 1, "amounts": {"CNY": "28.25"}}}
    assert create.changes["note"] == [None, "first"]
    scene.edit(order, note="second")
    (change,) = scene.plan().items
    assert (change.action, change.changes, change.record_id) == ("change", {"note": ["first", "second"]}, order.id)


def test_a_plan_says_who_will_approve(make_scene: SceneMaker) -> None:
    scene = make_scene(order={"confirm": "audit"})
    scene.make_order()
    (create,) = scene.plan().items
    assert create.changes["confirm"] == [None, "audit"]


def test_an_order_on_a_new_customer_is_planned_with_it(scene: Scene) -> None:
    _, product = scene.trade()
    account = create_record(
        scene.hub, "account",
        {"name": "新客户", "identifiers": [{"kind": "uscc", "value": "91310115MA1K3P8X7T"}]}, "li",
    )  # fmt: skip
    order = scene.make_order(account_id=account.id, lines=[make_line(product)])
    identified = scene.reload(account).identifiers[0].validity
    told = tell(scene, scene.plan())
    expected = "create" if identified == "valid" else "hold"
    assert ("there", "account", expected) in told
    assert ("there", "order", expected) in told
    assert scene.binding(order).remote_id is None


def test_a_hold_says_why(scene: Scene) -> None:
    create_record(scene.hub, "account", {"name": "无证客户"}, "li")
    (item,) = scene.plan().items
    assert (item.action, item.label, item.reason) == ("hold", "无证客户", "sync.needs_match")


def test_what_is_on_its_way_is_not_planned_again(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "plain"})
    scene.make_order()
    scene.faults.order_next("late", lambda request: request.method == "POST")
    scene.accept()
    (item,) = scene.plan().items
    assert (item.action, item.reason) == ("hold", "protocol.in_flight")


def test_after_a_run_there_is_nothing_to_plan(scene: Scene) -> None:
    set_out(scene)
    scene.accept()
    scene.clock.pass_time(1)
    left = {(item.side, item.action) for item in scene.plan().items}
    assert left <= {("there", "hold"), ("here", "hold")}


def test_one_way_plans_keep_to_their_side(scene: Scene) -> None:
    set_out(scene)
    view = make_plan(scene.hub, "erp", None, "li", out_only=True)
    assert {item.side for item in view.items} == {"there"}


def test_a_plan_is_found_by_its_short_name(scene: Scene) -> None:
    scene.make_order()
    view = scene.plan("order")
    assert view.plan.kinds == ["order"]
    assert load_plan(scene.hub, f" {view.plan.label.upper()} ") == view
    with pytest.raises(NotFound):
        load_plan(scene.hub, "zzzz")


def test_unknown_names_are_named(scene: Scene) -> None:
    for connection, kind, code in (("nope", "order", "connection"), ("erp", "invoice", "sync")):
        with pytest.raises(ConfigInvalid) as caught:
            make_plan(scene.hub, connection, [kind], "li")
        assert caught.value.code == f"sync.{code}_unknown"


def test_kinds_that_others_refer_to_come_first() -> None:
    assert order_kinds(["order", "account", "product"]) == ["account", "product", "order"]
    ordered = order_kinds(["order", "contact", "account"])
    assert ordered.index("account") < min(ordered.index("contact"), ordered.index("order"))


def test_what_says_nothing_new_is_not_rehearsed(make_scene: SceneMaker) -> None:
    """A feed shows again what changed a moment ago; a plan of nothing must not take as long as taking it in."""
    asked: list[int] = []
    for count in (4, 44):
        scene = make_scene()
        for place in range(count):
            scene.make_customer(f"云栖商贸 {place} 号有限公司")
        scene.accept()
        engine = scene.store._writing
        statements: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any, into: list[str] = statements) -> None:
            into.append(statement)

        sqlalchemy.event.listen(engine, "before_cursor_execute", note)
        view = scene.plan()
        sqlalchemy.event.remove(engine, "before_cursor_execute", note)
        assert list(view.items) == []
        asked.append(len(statements))
    assert asked[1] - asked[0] < 40, "less than one statement for each record"
