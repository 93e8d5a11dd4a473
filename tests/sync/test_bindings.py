"""Explaining, matching by hand, parting and settling, on a hub and an ERP in one process."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import make_uscc
from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.locale import load_texts
from hub.model.sales import Order
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Op
from hub.runtime.assemble import CodeTables
from hub.sdk import Tools
from hub.store.rows import Conflict, IdentityVerdict
from hub.sync.bindings import add_binding, list_bindings, remove_binding, settle_binding, show_binding
from hub.sync.context import OpenConnection
from hub.sync.matching import VETOES
from hub.sync.pull import pull_stream
from hub.sync.push import list_due, push_bindings
from hub.sync.records import create_record, edit_record, find_record, void_record
from hub.sync.waits import HELD_TEXTS
from tests.sync.world import World


def allow(*_: object) -> None:
    """A guard that lets every write pass."""


def pull(world: World, *kinds: str) -> None:
    for kind in kinds or ("account", "product", "order"):
        pull_stream(world.hub, "erp", kind, actor="test")


def push(world: World, rounds: int = 6) -> None:
    for _ in range(rounds):
        ids = list_due(world.hub, 1000, accepted_only=False)
        push_bindings(world.hub, ids, guard=allow)
        world.clock.pass_time(80)


def binding_of(world: World, record: Any) -> Binding:
    (found,) = list_bindings(world.hub, record_id=record.id)
    return found


def reload(world: World, record: Any) -> Any:
    with world.store.read() as tx:
        return tx.get(type(record), id=record.id)


def make_order(world: World, *, quantity: str = "2", **values: Any) -> Any:
    """An order on a customer and an item that are known on both sides."""
    world.make_customer()
    item = world.make_item()
    pull(world, "account", "product")
    account = find_record(world.hub, "account", "海岳精密机械有限公司")
    product = find_record(world.hub, "product", item["name"])
    line = {"product_id": str(product.id), "quantity": quantity, "unit_price": "12.50", "tax_rate": "0.13"}
    return create_record(world.hub, "order", {"account_id": str(account.id), "lines": [line], **values}, "test")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_binding_is_found_by_the_beginning_of_its_id(world: World) -> None:
    order = make_order(world)
    binding = binding_of(world, order)
    assert show_binding(world.hub, str(binding.id)[:30]).binding == binding
    assert show_binding(world.hub, str(binding.id)).next_step == "search"
    with pytest.raises(NotFound):
        show_binding(world.hub, "ffffffff")
    with pytest.raises(ConfigInvalid):
        show_binding(world.hub, str(binding.id)[0])


def test_a_pushed_binding_explains_that_people_approve(world: World) -> None:
    order = make_order(world)
    push(world)
    view = show_binding(world.hub, str(binding_of(world, order).id))
    assert view.code == "protocol.waits_for_approval"
    assert view.number == "SO-0001"
    assert list_bindings(world.hub, state="waiting") == [view.binding]
    with pytest.raises(ConfigInvalid):
        list_bindings(world.hub, state="lost")


def test_a_party_without_identifier_is_matched_by_hand(world: World) -> None:
    partner = world.wang.create("partner", name="海岳精密", tax_id="")
    account = create_record(world.hub, "account", {"name": "海岳精密"}, "test")
    push(world)
    assert binding_of(world, account).held["*"] == "sync.needs_match"

    bound = add_binding(world.hub, "erp", "account", str(account.id), partner["id"], "li")

    assert (bound.remote_id, bound.state, bound.ours, bound.parked) == (partner["id"], BindingState.BOUND, False, None)
    push(world)
    assert [row["name"] for row in world.erp.documents("partner")] == ["海岳精密"]
    with world.store.read() as tx:
        (verdict,) = tx.find(IdentityVerdict, record_id=account.id)
    assert (verdict.verdict, verdict.decided_by) == ("same", "li")


def test_a_match_with_differing_values_is_parked_and_settled(world: World) -> None:
    partner = world.wang.create("partner", name="海岳精密", phone="021-1", tax_id="")
    account = create_record(world.hub, "account", {"name": "海岳精密", "phone": "010-2"}, "test")
    bound = add_binding(world.hub, "erp", "account", str(account.id), partner["id"], "li")
    assert (bound.parked, bound.parked_params) == ("sync.values_differ", {"fields": "phone"})
    push(world)
    assert world.erp.read("partner", partner["id"])["phone"] == "021-1"

    settle_binding(world.hub, bound.id, "remote", "li")
    push(world)

    assert reload(world, account).phone == "021-1"
    assert world.erp.read("partner", partner["id"])["phone"] == "021-1"
    with world.store.read() as tx:
        (conflict,) = tx.find(Conflict, binding_id=bound.id)
    assert (conflict.decided_by, conflict.took) == ("li", "remote")
    with pytest.raises(RuleBroken):
        settle_binding(world.hub, bound.id, "remote", "li")


def test_keeping_ours_writes_it_there(world: World) -> None:
    partner = world.wang.create("partner", name="海岳精密", phone="021-1", tax_id="")
    account = create_record(world.hub, "account", {"name": "海岳精密", "phone": "010-2"}, "test")
    bound = add_binding(world.hub, "erp", "account", str(account.id), partner["id"], "li")

    settle_binding(world.hub, bound.id, "hub", "li")
    push(world)

    assert reload(world, account).phone == "010-2"
    assert world.erp.read("partner", partner["id"])["phone"] == "010-2"
    assert not binding_of(world, account).dirty


def test_an_order_made_on_both_sides_is_not_overwritten_when_matched(world: World) -> None:
    order = make_order(world, reference="PO-7")
    (partner,) = world.erp.documents("partner")
    (item,) = world.erp.documents("item")
    lines = [{"item": item["id"], "quantity": "3", "price": "12.50", "tax_percent": "13"}]
    sale = world.wang.create("sale", customer=partner["id"], lines=lines, customer_ref="PO-7")

    bound = add_binding(world.hub, "erp", "order", order.number, sale["id"], "li")

    assert bound.parked == "sync.values_differ"
    assert "lines" in bound.parked_params["fields"]
    settle_binding(world.hub, bound.id, "remote", "li")
    push(world)
    assert [line.quantity for line in reload(world, order).lines] == [3]
    assert world.erp.read("sale", sale["id"])["version"] == sale["version"]
    assert len(world.erp.documents("sale")) == 1


def test_two_legal_entities_are_not_joined(world: World) -> None:
    mine, theirs = make_uscc(world.random), make_uscc(world.random)
    partner = world.wang.create("partner", name="海岳精密", tax_id=theirs)
    identifiers = [{"kind": "uscc", "value": mine}]
    account = create_record(world.hub, "account", {"name": "海岳精密", "identifiers": identifiers}, "test")
    with pytest.raises(RuleBroken) as refused:
        add_binding(world.hub, "erp", "account", str(account.id), partner["id"], "li")
    assert refused.value.code == "sync.veto_codes_differ"
    assert binding_of(world, account).remote_id is None


def test_a_document_belongs_to_one_record(world: World) -> None:
    partner = world.make_customer()
    pull(world, "account")
    other = create_record(world.hub, "account", {"name": "其他公司"}, "test")
    with pytest.raises(RuleBroken) as refused:
        add_binding(world.hub, "erp", "account", str(other.id), partner["id"], "li")
    assert refused.value.code == "sync.remote_taken"
    with pytest.raises(NotFound):
        add_binding(world.hub, "erp", "account", str(other.id), "P99", "li")


def test_a_match_is_undone_and_not_made_again(world: World) -> None:
    uscc = make_uscc(world.random)
    identifiers = [{"kind": "uscc", "value": uscc}]
    account = create_record(world.hub, "account", {"name": "海岳精密", "identifiers": identifiers}, "test")
    partner = world.wang.create("partner", name="海岳精密", tax_id=uscc, phone="021-1")
    pull(world, "account")
    bound = binding_of(world, account)
    assert bound.remote_id == partner["id"]
    assert reload(world, account).phone == "021-1"

    remove_binding(world.hub, bound.id, "li")

    assert reload(world, account).phone == ""
    assert binding_of(world, account).parked == "sync.unbound"
    world.wang.edit("partner", partner["id"], phone="021-3")
    pull(world, "account")
    push(world)
    (native,) = [row for row in list_bindings(world.hub, kind="account") if row.remote_id == partner["id"]]
    assert native.hub_id != account.id
    assert reload(world, account).phone == ""
    assert len(world.erp.documents("partner")) == 1


def test_a_document_that_we_made_stays_bound(world: World) -> None:
    order = make_order(world)
    push(world)
    with pytest.raises(RuleBroken) as refused:
        remove_binding(world.hub, binding_of(world, order).id, "li")
    assert refused.value.code == "sync.cannot_unbind_own"


def test_the_only_source_stays_bound(world: World) -> None:
    world.make_customer()
    pull(world, "account")
    account = find_record(world.hub, "account", "海岳精密机械有限公司")
    with pytest.raises(RuleBroken) as refused:
        remove_binding(world.hub, binding_of(world, account).id, "li")
    assert refused.value.code == "sync.only_source"


def make_approved_order(world: World, **values: Any) -> tuple[Any, str]:
    order = make_order(world, **values)
    push(world)
    sale = binding_of(world, order).remote_id or ""
    world.wang.approve(sale)
    pull(world, "order")
    return order, sale


def test_an_edit_that_the_state_forbids_is_given_up(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "park"})
    order, sale = make_approved_order(world)
    edit_record(world.hub, "order", order.id, {"ordered_on": "2026-10-01"}, "test")
    push(world)
    parked = binding_of(world, order)
    assert parked.parked == "protocol.edit_of_locked"

    settle_binding(world.hub, parked.id, "remote", "li")
    push(world)

    assert str(reload(world, order).ordered_on) == world.erp.read("sale", sale)["date"]
    settled = binding_of(world, order)
    assert (settled.parked, settled.held, settled.dirty) == (None, {}, False)


def test_an_edit_that_the_state_forbids_is_kept_until_the_state_allows_it(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "park"})
    order, sale = make_approved_order(world)
    edit_record(world.hub, "order", order.id, {"ordered_on": "2026-10-01"}, "test")
    push(world)
    world.wang.send_back(sale)

    settle_binding(world.hub, binding_of(world, order).id, "hub", "li")
    push(world)

    assert world.erp.read("sale", sale)["date"] == "2026-10-01"
    assert binding_of(world, order).parked is None


def test_a_void_of_ours_is_taken_back(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "park"})
    order, sale = make_approved_order(world)
    void_record(world.hub, "order", order.id, "test")
    push(world)
    assert binding_of(world, order).parked == "protocol.void_refused"

    settle_binding(world.hub, binding_of(world, order).id, "remote", "li")
    push(world)

    assert reload(world, order).state == "approved"
    assert world.erp.read("sale", sale)["status"] == "approved"
    settled = binding_of(world, order)
    assert (settled.parked, settled.void_wanted, settled.dirty) == (None, False, False)


def test_a_void_of_ours_is_tried_again(tmp_path: Path) -> None:
    world = World(tmp_path, erp={"amend": "park"})
    order, sale = make_approved_order(world)
    void_record(world.hub, "order", order.id, "test")
    push(world)
    world.wang.send_back(sale)

    settle_binding(world.hub, binding_of(world, order).id, "hub", "li")
    push(world)

    assert world.erp.read("sale", sale)["status"] == "void"
    assert binding_of(world, order).state is BindingState.TOMB


def make_deleted_order(world: World) -> tuple[Any, Binding]:
    order = make_order(world, reference="PO-1")
    push(world)
    world.wang.delete("sale", binding_of(world, order).remote_id or "")
    edit_record(world.hub, "order", order.id, {"note": "请尽快"}, "test")
    push(world)
    parked = binding_of(world, order)
    assert parked.parked == "protocol.deleted_there"
    return order, parked


def test_a_document_deleted_there_ends_here(world: World) -> None:
    order, parked = make_deleted_order(world)
    settle_binding(world.hub, parked.id, "remote", "li")
    push(world)
    assert reload(world, order).state == "void"
    assert binding_of(world, order).state is BindingState.TOMB
    assert [row for row in world.erp.documents("sale") if not row.get("deleted")] == []


def test_a_document_deleted_there_is_made_once_more(world: World) -> None:
    order, parked = make_deleted_order(world)
    settle_binding(world.hub, parked.id, "hub", "li")
    push(world)
    (sale,) = [row for row in world.erp.documents("sale") if not row.get("deleted")]
    again = binding_of(world, order)
    assert (again.remote_id, again.revision) == (sale["id"], parked.revision + 1)
    assert (sale["note"], sale["customer_ref"]) == ("请尽快", "PO-1")
    assert reload(world, order).number == order.number


def test_a_document_of_theirs_is_made_once_more_with_its_lines(world: World) -> None:
    """Each of them had an id of the document that is gone."""
    partner = world.make_customer()
    line = {"text": "packing", "quantity": "2", "price": "4.00", "tax_percent": "13"}
    lost = world.wang.create("sale", customer=partner["id"], lines=[line])
    world.clock.pass_time(30)
    pull(world)
    with world.store.read() as tx:
        (order,) = tx.find(Order)
    world.wang.delete("sale", lost["id"])
    edit_record(world.hub, "order", order.id, {"note": "请尽快"}, "test")
    push(world)
    parked = binding_of(world, order)
    assert parked.parked == "protocol.deleted_there"

    settle_binding(world.hub, parked.id, "hub", "li")
    push(world)

    (sale,) = [row for row in world.erp.documents("sale") if not row.get("deleted")]
    again = binding_of(world, order)
    assert (again.remote_id, again.parked) == (sale["id"], None)
    assert [(row["text"], row["quantity"], row["price"]) for row in sale["lines"]] == [("packing", "2", "4.00")]
    assert again.lines == {reload(world, order).lines[0].key: sale["lines"][0]["id"]}


def test_a_customer_deleted_there_ends_here(world: World) -> None:
    partner = world.make_customer()
    pull(world, "account")
    account = find_record(world.hub, "account", partner["name"])
    world.wang.delete("partner", partner["id"])
    edit_record(world.hub, "account", account.id, {"note": "x"}, "test")
    push(world)
    parked = binding_of(world, account)
    assert parked.parked == "protocol.deleted_there"
    settle_binding(world.hub, parked.id, "remote", "li")
    assert reload(world, account).deleted_at is not None


def test_a_native_customer_deleted_there_is_made_again_with_all_it_had(world: World) -> None:
    partner = world.make_customer(phone="021-1")
    pull(world, "account")
    account = find_record(world.hub, "account", partner["name"])
    world.wang.delete("partner", partner["id"])
    edit_record(world.hub, "account", account.id, {"note": "x"}, "test")
    push(world)
    settle_binding(world.hub, binding_of(world, account).id, "hub", "li")
    push(world)
    (again,) = [row for row in world.erp.documents("partner") if not row.get("deleted")]
    assert (again["name"], again["phone"], again["note"]) == (partner["name"], "021-1", "x")
    assert reload(world, account).phone == "021-1"


def test_an_ambiguous_create_on_a_blind_system_is_matched_or_sent_again(tmp_path: Path) -> None:
    for take in ("match", "hub"):
        folder = tmp_path / take
        folder.mkdir()
        world = World(folder, erp={"tier": "blind"}, faults={})
        order = make_order(world)
        with world.store.write() as tx:
            row = tx.find(Binding, hub_id=order.id)[0]
            tx.save(row.model_copy(update={"state": BindingState.SENDING, "attempts": 1, "sent_at": world.clock.now()}))
        push(world)
        parked = binding_of(world, order)
        assert parked.parked == "protocol.blind_ambiguity"
        with pytest.raises(RuleBroken):
            settle_binding(world.hub, parked.id, "remote", "li")
        if take == "hub":
            settle_binding(world.hub, parked.id, "hub", "li")
            push(world)
            assert len(world.erp.documents("sale")) == 1
        else:
            (partner,), (item,) = world.erp.documents("partner"), world.erp.documents("item")
            lines = [{"item": item["id"], "quantity": "2", "price": "12.50", "tax_percent": "13"}]
            values = {"customer": partner["id"], "lines": lines, "date": str(order.ordered_on)}
            sale = world.erp.create("sale", values)
            bound = add_binding(world.hub, "erp", "order", order.number, sale["id"], "li")
            assert (bound.remote_id, bound.ours, bound.parked) == (sale["id"], True, None)
            push(world)
            assert len(world.erp.documents("sale")) == 1


def make_second_document(world: World) -> tuple[Any, Binding, str]:
    """An order whose draft exists twice, both approved by a person."""
    order, sale = make_approved_order(world)
    twin = {**world.erp.read("sale", sale)}
    values = {"customer": twin["customer"], "date": twin["date"], "lines": [_bare(line) for line in twin["lines"]]}
    second = world.erp.create("sale", values, our_ref=twin["our_ref"])
    world.wang.approve(second["id"])
    pull(world, "order")
    parked = binding_of(world, order)
    assert (parked.parked, parked.parked_params) == ("sync.second_document", {"remote_id": second["id"]})
    return order, parked, second["id"]


def _bare(line: Any) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name not in ("id", "net", "tax", "gross")}


def test_the_second_document_is_void_before_the_first_is_kept(world: World) -> None:
    order, parked, second = make_second_document(world)
    with pytest.raises(RuleBroken) as refused:
        settle_binding(world.hub, parked.id, "hub", "li")
    assert refused.value.code == "sync.both_count"
    world.wang.void(second)
    settle_binding(world.hub, parked.id, "hub", "li")
    push(world)
    kept = binding_of(world, order)
    assert (kept.remote_id, kept.parked, kept.dirty) == (parked.remote_id, None, False)


def test_the_second_document_is_taken_when_the_first_is_void(world: World) -> None:
    order, parked, second = make_second_document(world)
    world.wang.void(parked.remote_id or "")
    settle_binding(world.hub, parked.id, "remote", "li")
    push(world)
    taken = binding_of(world, order)
    assert (taken.remote_id, taken.parked, taken.state) == (second, None, BindingState.BOUND)
    assert reload(world, order).state == "approved"


def test_code_tables_are_asked_for_before_the_decision_is_written(world: World) -> None:
    """A call in the midst of a transaction would wait for its turn in the call budget, which is a row."""
    order, parked, second = make_second_document(world)
    world.wang.void(parked.remote_id or "")

    class Connector(SandboxConnector):
        def code_tables(self) -> Mapping[str, Mapping[str, str]]:
            with world.store.write():
                return {}

    def open_it(name: str) -> OpenConnection:
        found = opener(name)
        connector = Connector(found.connector.config, Tools(clock=world.clock, random=random.Random(1)))
        return dataclasses.replace(found, codes=CodeTables(connector, {}))

    world.hub = world.make_hub()
    opener, world.hub.opener = world.hub.opener, open_it
    settle_binding(world.hub, parked.id, "remote", "li")
    assert binding_of(world, order).remote_id == second


def test_a_conflict_that_the_rule_decided_is_turned_round(world: World) -> None:
    partner = world.make_customer(phone="1")
    pull(world, "account")
    account = find_record(world.hub, "account", partner["name"])
    edit_record(world.hub, "account", account.id, {"phone": "2"}, "test")
    world.wang.edit("partner", partner["id"], phone="3")
    pull(world, "account")
    assert reload(world, account).phone == "3"
    push(world)
    view = show_binding(world.hub, str(binding_of(world, account).id))
    assert (view.code, view.params.get("fields")) == ("sync.conflict_undecided", "phone"), "agreed, undecided"

    settle_binding(world.hub, binding_of(world, account).id, "hub", "li")
    push(world)

    assert reload(world, account).phone == "2"
    assert world.erp.read("partner", partner["id"])["phone"] == "2"
    with world.store.read() as tx:
        assert tx.count(Conflict, decided_at=None) == 0


def test_what_a_person_parted_is_not_found_again_by_its_identifier(world: World) -> None:
    uscc = make_uscc(world.random)
    identifiers = [{"kind": "uscc", "value": uscc}]
    account = create_record(world.hub, "account", {"name": "海岳精密", "identifiers": identifiers}, "test")
    partner = world.wang.create("partner", name="海岳精密", tax_id=uscc)
    push(world)
    bound = binding_of(world, account)
    assert bound.remote_id == partner["id"]
    remove_binding(world.hub, bound.id, "li")
    settle_binding(world.hub, binding_of(world, account).id, "hub", "li")
    push(world)
    assert binding_of(world, account).remote_id != partner["id"]
    assert len(world.erp.documents("partner")) == 2


def test_a_sync_that_only_reads_is_matched_too(tmp_path: Path) -> None:
    world = World(tmp_path, syncs={"account": {"direction": "in"}, "product": {}, "order": {}})
    partner = world.wang.create("partner", name="海岳精密", phone="021-1", tax_id="")
    account = create_record(world.hub, "account", {"name": "海岳精密"}, "test")
    assert list_bindings(world.hub) == []
    bound = add_binding(world.hub, "erp", "account", str(account.id), partner["id"], "li")
    assert (bound.primary, bound.parked) == (True, None)
    assert reload(world, account).phone == "021-1"


def test_what_comes_next_has_a_sentence_in_both_languages() -> None:
    codes = {f"sync.next_{op.value}" for op in Op} | set(HELD_TEXTS.values()) | set(VETOES.values())
    for lang in ("en", "zh"):
        assert codes <= load_texts(lang).keys()


def test_each_rest_is_explained(world: World) -> None:
    partner = world.make_customer()
    pull(world, "account")
    account = find_record(world.hub, "account", partner["name"])
    push(world)
    assert show_binding(world.hub, str(binding_of(world, account).id)).code == "sync.in_agreement"
    waiting = create_record(world.hub, "account", {"name": "无码"}, "test")
    push_bindings(world.hub, list_due(world.hub, 10, accepted_only=False), guard=allow)
    view = show_binding(world.hub, str(binding_of(world, waiting).id))
    assert (view.next_step, view.code) == ("wait", "sync.needs_match")
    world.hub.config = world.hub.config.model_copy(update={"connections": {}})
    assert show_binding(world.hub, str(view.binding.id)).code == "sync.connection_gone"
