"""Records as people handle them in the hub."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from connectors.sandbox.simulator import make_uscc
from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.protocol.binding import Binding
from hub.store.rows import Image
from hub.sync.records import create_record, edit_record, find_record, list_records
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene, make_approved, make_line


def make(scene: Scene, kind: str, **values: Any) -> Any:
    return create_record(scene.hub, kind, values, "li", anyway=True)


def refuse(code: str, kind: type[Exception] = RuleBroken) -> Any:
    return pytest.raises(kind, check=lambda error: getattr(error, "code", "") == code)


# ---- create --------------------------------------------------------------------------------------------------------


def test_an_order_gets_a_number_a_date_a_currency_and_its_sums(scene: Scene) -> None:
    account, product = scene.trade()
    order = make(scene, "order", account_id=account.id, lines=[make_line(product, "3")])
    assert (order.number, str(order.ordered_on), order.currency) == ("SO-0001", "2026-11-01", "CNY")
    assert (order.net, order.tax, order.gross) == (Decimal("37.50"), Decimal("4.88"), Decimal("42.38"))
    assert make(scene, "order", account_id=account.id).number == "SO-0002"


def test_a_line_takes_from_its_product_what_it_does_not_say(scene: Scene) -> None:
    account, product = scene.trade()
    bare, told = (
        {"product_id": product.id, "quantity": "1", "unit_price": "2"},
        {"product_id": product.id, "quantity": "1", "unit_price": "2", "name": "自定", "unit": "box", "tax_rate": "0"},
    )
    order = make(scene, "order", account_id=account.id, lines=[bare, told])
    assert [(line.key, line.name, line.unit) for line in order.lines] == [
        ("1", product.name, product.unit), ("2", "自定", "box"),
    ]  # fmt: skip


def test_every_outbound_sync_gets_its_intent_with_the_record(make_scene: SceneMaker) -> None:
    scene = make_scene(product={"direction": "in"})
    account, product = make(scene, "account", name="一号"), make(scene, "product", name="螺栓")
    assert [row.hub_id for row in scene.rows(Binding)] == [account.id]
    assert scene.rows(Binding, hub_id=product.id) == []


def test_what_breaks_a_rule_leaves_nothing_behind(scene: Scene) -> None:
    account, _ = scene.trade()
    before = (len(scene.rows(Binding)), len(scene.rows(Image)))
    with refuse("crm.rate_impossible"):
        make(scene, "order", account_id=account.id, rate="0")
    assert (len(scene.rows(Binding)), len(scene.rows(Image))) == before
    assert make(scene, "order", account_id=account.id).number == "SO-0001", "the number was given back"


@pytest.mark.parametrize(
    ("values", "code", "kind"),
    [
        ({"gross": "5"}, "sync.field_derived", RuleBroken),
        ({"fulfilment": "complete"}, "sync.field_derived", RuleBroken),
        ({"colour": "red"}, "model.field_unknown", ConfigInvalid),
    ],
)
def test_fields_that_nobody_may_write_are_named(scene: Scene, values: Any, code: str, kind: type[Exception]) -> None:
    account, _ = scene.trade()
    with refuse(code, kind):
        make(scene, "order", account_id=account.id, **values)


def test_an_order_on_a_customer_that_is_not_there_is_refused(scene: Scene) -> None:
    account, product = scene.trade()
    nowhere = scene.hub.new_id()
    for values in (
        {"account_id": nowhere},
        {"account_id": account.id, "lines": [{**make_line(product), "product_id": nowhere}]},
    ):
        with refuse("sync.record_unknown", NotFound) as caught:
            make(scene, "order", **values)
        assert caught.value.params["text"] == str(nowhere)
    assert scene.records("order") == []


def test_the_same_identifier_is_the_same_party(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    first = make(scene, "account", name="一号", identifiers=[{"kind": "uscc", "value": uscc}])
    with refuse("sync.same_identifier") as caught:
        make(scene, "account", name="二号", identifiers=[{"kind": "uscc", "value": f" {uscc.lower()}"}])
    assert caught.value.params["record"] == str(first.id)
    make(scene, "account", name="三号", identifiers=[{"kind": "uscc", "value": "not valid"}])
    make(scene, "account", name="四号", identifiers=[{"kind": "uscc", "value": "not valid"}])


def test_a_number_is_given_once(scene: Scene) -> None:
    account, _ = scene.trade()
    make(scene, "order", account_id=account.id, number="X-1")
    with refuse("sync.same_number"):
        make(scene, "order", account_id=account.id, number="X-1")


# ---- edit and void -------------------------------------------------------------------------------------------------


def test_an_edit_raises_the_revision_and_is_journalled_with_old_and_new(scene: Scene) -> None:
    account, _ = scene.trade()
    edited = scene.edit(account, phone="0574-55550101")
    assert (edited.revision, edited.phone) == (account.revision + 1, "0574-55550101")
    entry = scene.journal("record.changed")[-1]
    assert (entry.actor, entry.record_id) == ("li", account.id)
    assert entry.detail["changes"] == {"phone": ["", "0574-55550101"]}
    assert entry.detail["sources"] == {"phone": "hub"}


def test_an_edit_that_changes_nothing_is_none(scene: Scene) -> None:
    account, _ = scene.trade()
    entries = len(scene.journal("record.changed"))
    assert scene.edit(account, name=account.name).revision == account.revision
    assert len(scene.journal("record.changed")) == entries


def test_what_is_gone_cannot_be_edited(scene: Scene) -> None:
    account = make(scene, "account", name="一号")
    scene.void(account)
    with refuse("sync.record_unknown", NotFound):
        scene.edit(account, name="二号")
    assert list_records(scene.hub, "account") == []


def test_a_void_order_stays_void_and_as_it_was(scene: Scene) -> None:
    order = scene.make_order()
    assert scene.void(order).state == "void"
    with refuse("crm.order_void"):
        scene.edit(order, note="too late")
    assert scene.void(order).revision == order.revision + 1


def test_a_void_that_the_other_system_is_known_to_refuse_is_refused_here(scene: Scene) -> None:
    order = make_approved(scene)
    with refuse("sync.void_refused") as caught:
        scene.void(order)
    assert caught.value.params == {
        "connection": "erp", "stage": "effective", "number": scene.sale()["number"],
    }  # fmt: skip
    assert scene.reload(order).state == "approved"
    assert scene.binding(order).held == {}


@pytest.mark.parametrize("amend", ["reverse", "reopen", "park"])
def test_a_void_is_taken_where_the_other_system_has_a_way_or_a_person(make_scene: SceneMaker, amend: str) -> None:
    scene = make_scene({"amend": amend})
    assert scene.void(make_approved(scene)).state == "void"


# ---- find and list -------------------------------------------------------------------------------------------------


def test_a_record_is_found_by_what_people_type(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    text = str(order.id)
    for typed in (text, text.upper(), text.replace("-", ""), order.number, scene.sale()["number"]):
        assert find_record(scene.hub, "order", typed).id == order.id
    with refuse("sync.record_unknown", NotFound):
        find_record(scene.hub, "order", "SO-9999")


def test_an_ambiguous_name_names_the_candidates(scene: Scene) -> None:
    one, other = make(scene, "account", name="同名"), make(scene, "account", name="同名")
    with refuse("sync.record_ambiguous", ConfigInvalid) as caught:
        find_record(scene.hub, "account", "同名")
    assert {UUID(text) for text in str(caught.value.params["ids"]).split(", ")} == {one.id, other.id}


def test_records_are_listed_newest_first_or_by_the_beginning_of_a_name(scene: Scene) -> None:
    for name in ("海一", "海二", "云一"):
        make(scene, "account", name=name)
        scene.clock.pass_time(1)
    listed: list[Any] = list_records(scene.hub, "account", limit=2)
    assert [row.name for row in listed] == ["云一", "海二"]
    listed = [*list_records(scene.hub, "account", text="海")]
    assert [row.name for row in listed] == ["海一", "海二"]


def test_a_field_that_another_system_decides_is_not_edited_in_vain(scene: Scene) -> None:
    account, product = scene.trade()
    order = scene.make_order(account_id=account.id, lines=[make_line(product, "1", "10.00")])
    scene.accept()
    with pytest.raises(RuleBroken) as refused:
        edit_record(scene.hub, "order", order.id, {"state": "closed"}, "test")
    assert refused.value.code == "sync.field_theirs"
    assert refused.value.params["fields"] == "state"
