"""Which binding a remote record belongs to: identity of parties, references of documents, rewound databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.sandbox.simulator import USER, make_uscc
from hub.model.party import Account
from hub.protocol.binding import Binding, BindingState
from hub.protocol.reference import make_reference, parse_reference
from hub.store import Store
from hub.store.rows import ConnectionState, IdentityVerdict, Orphan
from hub.sync.records import create_record
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene

NAME = "海岳精密机械有限公司"


def make_account(scene: Scene, name: str, uscc: str, **values: Any) -> Account:
    identifiers = [{"kind": "uscc", "value": uscc}]
    made = create_record(scene.hub, "account", {"name": name, "identifiers": identifiers, **values}, "li")
    assert isinstance(made, Account)
    return made


def lose_database(scene: Scene, folder: Path) -> None:
    """The hub's database is gone and replaced by an empty one; the operator has said so."""
    scene.hub.close()
    scene.store.close()
    scene.store = Store.open(f"sqlite:///{folder}/second.sqlite", clock=scene.clock, durable=False)
    scene.store.migrate()
    with scene.store.write() as tx:
        tx.save(ConnectionState(connection="erp", epoch=1))
    scene.hub = scene.make_hub()


# ---- parties -------------------------------------------------------------------------------------------------------


def test_a_valid_identifier_joins_and_says_so(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    account = make_account(scene, "Haiyue Precision", uscc)
    scene.wang.create("partner", name=NAME, tax_id=uscc)
    scene.pull("account")
    assert [row.id for row in scene.records("account")] == [account.id]
    bound = scene.binding(account)
    assert (bound.remote_id, bound.ours, bound.state) == ("P1", False, BindingState.BOUND)
    (verdict,) = scene.rows(IdentityVerdict)
    assert (verdict.record_id, verdict.verdict, verdict.source) == (account.id, "same", "erp/partner/P1")
    assert uscc in str(verdict.evidence)


def test_an_equal_name_alone_joins_nothing(scene: Scene) -> None:
    make_account(scene, NAME, make_uscc(scene.random))
    scene.make_customer(NAME)
    scene.pull("account")
    assert len(scene.records("account")) == 2


def test_an_invalid_identifier_joins_nothing(scene: Scene) -> None:
    make_account(scene, NAME, "91310000000000000X")
    scene.wang.create("partner", name="晨澜自动化设备有限公司", tax_id="91310000000000000X")
    scene.pull("account")
    assert len(scene.records("account")) == 2


def test_a_branch_is_never_joined_to_its_parent(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    account = make_account(scene, NAME, uscc)
    scene.wang.create("partner", name=f"{NAME}宁波分公司", tax_id=uscc)
    assert scene.pull("account") == {"review": 1}
    assert [row.id for row in scene.records("account")] == [account.id]
    (row,) = scene.dead()
    assert (row.state, row.code) == ("review", "identity.branch_differs")
    assert str(account.id) in row.params["candidates"]


def test_several_candidates_ask_a_person(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    partner = scene.wang.create("partner", name=NAME, tax_id=uscc)
    scene.pull("account")
    # Only another hub version or a hand could have let a twin in; it is there all the same.
    (first,) = scene.records("account")
    twin = first.model_copy(update={"id": scene.hub.new_id(), "revision": 0})
    with scene.store.write() as tx:
        tx.save_record(twin)
    scene.wang.create("partner", name=NAME, tax_id=uscc)
    assert scene.pull("account")["review"] == 1
    (row,) = scene.dead()
    assert (row.external_id, row.state, row.code) == ("P2", "review", "identity.several_candidates")
    assert scene.binding(first).remote_id == partner["id"]


def test_the_same_customer_twice_there_is_one_record_of_which_one_is_written(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    for _ in range(2):
        scene.wang.create("partner", name=NAME, tax_id=uscc)
    scene.pull("account")
    (account,) = scene.records("account")
    bound = {row.remote_id: row.primary for row in scene.rows(Binding, hub_id=account.id)}
    assert bound == {"P1": True, "P2": False}

    scene.edit(account, phone="0574-55550101")
    scene.settle()
    phones = {row["id"]: row["phone"] for row in scene.erp.documents("partner")}
    assert phones == {"P1": "0574-55550101", "P2": ""}


def test_before_a_customer_is_made_there_it_is_looked_for_by_its_identifier(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    account = make_account(scene, NAME, uscc)
    scene.wang.create("partner", name=NAME, tax_id=uscc)
    scene.push()
    assert len(scene.erp.documents("partner")) == 1
    bound = scene.binding(account)
    assert (bound.remote_id, bound.ours) == ("P1", False)
    assert [row.evidence["found_by"] for row in scene.rows(IdentityVerdict)] == ["search"]


def test_two_of_them_there_hold_the_create_and_are_named(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    account = make_account(scene, NAME, uscc)
    for _ in range(2):
        scene.wang.create("partner", name=NAME, tax_id=uscc)
    scene.push()
    bound = scene.binding(account)
    assert (bound.state, bound.held) == (BindingState.NEW, {"*": "protocol.several_matches"})
    assert bound.parked_params["ids"] == "P1, P2"
    assert len(scene.erp.documents("partner")) == 2


# ---- documents -----------------------------------------------------------------------------------------------------


def test_a_second_draft_of_ours_is_a_spare_and_never_adopted(scene: Scene) -> None:
    order = scene.make_order()
    scene.push()
    first = scene.sale()
    values = {"customer": first["customer"], "lines": [{"item": first["lines"][0]["item"], "quantity": "2"}]}
    scene.clock.pass_time(1)
    second = scene.erp.create("sale", values, USER, our_ref=first["our_ref"])
    assert scene.pull("order")["spare"] == 1
    assert scene.binding(order).remote_id == first["id"]
    assert [(row.remote_id, row.state) for row in scene.rows(Orphan)] == [(second["id"], "due")]
    assert len(scene.records("order")) == 1


def test_a_second_effective_document_of_ours_pages_a_person(make_scene: SceneMaker) -> None:
    scene = make_scene({"tier": "plain"})
    order = scene.make_order()
    scene.push()
    first = scene.sale()
    values = {"customer": first["customer"], "lines": [{"item": first["lines"][0]["item"], "quantity": "2"}]}
    scene.clock.pass_time(1)
    second = scene.erp.create("sale", values, USER, our_ref=first["our_ref"])
    scene.pull("order")
    bound = scene.binding(order)
    assert (bound.remote_id, bound.parked, bound.parked_params) == (
        first["id"], "sync.second_document", {"remote_id": second["id"]},
    )  # fmt: skip
    assert len(scene.records("order")) == 1


def test_after_a_lost_database_records_come_back_under_their_own_ids(scene: Scene, tmp_path: Path) -> None:
    order = scene.make_order(note="eilt")
    scene.push()
    sale = scene.sale()
    lose_database(scene, tmp_path)
    scene.settle()
    again = scene.records("order")
    assert [(row.id, row.note) for row in again] == [(order.id, "eilt")]
    bound = scene.binding(order.id)
    assert (bound.remote_id, bound.ours, bound.ref) == (sale["id"], True, sale["our_ref"])
    assert bound.state is BindingState.WAITING
    assert len(scene.sales(living=False)) == 1
    assert len(scene.journal("record.rebuilt")) == 1


def test_after_a_lost_database_a_cancelled_order_is_not_made_again(scene: Scene, tmp_path: Path) -> None:
    order = scene.make_order()
    scene.push()
    scene.wang.void(scene.sale()["id"])
    lose_database(scene, tmp_path)
    scene.settle()
    assert scene.binding(order.id).state is BindingState.TOMB
    assert [row["status"] for row in scene.sales(living=False)] == ["void"]


def test_a_reversal_that_was_lost_with_the_database_is_taken_over(make_scene: SceneMaker) -> None:
    scene = make_scene({"amend": "reverse"})
    order = scene.make_order()
    scene.push()
    first = scene.sale()
    scene.wang.void(first["id"])
    scene.clock.pass_time(1)
    values = {"customer": first["customer"], "lines": [{"item": first["lines"][0]["item"], "quantity": "2"}]}
    second = scene.erp.create("sale", values, USER, our_ref=make_reference("T01", order.id, 1))
    scene.settle()
    bound = scene.binding(order)
    assert (bound.remote_id, bound.revision) == (second["id"], 1)
    parsed = parse_reference(bound.ref)
    assert parsed is not None
    assert parsed.revision == 1


def test_an_order_waits_for_a_customer_under_review_and_comes_with_it(scene: Scene) -> None:
    uscc = make_uscc(scene.random)
    account = make_account(scene, NAME, uscc)
    branch = scene.wang.create("partner", name=f"{NAME}宁波分公司", tax_id=uscc)
    item = scene.make_item()
    sale = scene.wang.create("sale", customer=branch["id"], lines=[{"item": item["id"], "quantity": "1"}])
    other = scene.make_sale()
    assert scene.pull("order")["waiting"] == 1
    assert [row.number for row in scene.records("order")] == [other["number"]]
    assert {(row.external_id, row.state) for row in scene.dead()} == {
        (branch["id"], "review"), (sale["id"], "waiting"),
    }  # fmt: skip
    scene.wang.edit("partner", branch["id"], name=NAME)
    scene.pull()
    assert {row.number for row in scene.records("order")} == {other["number"], sale["number"]}
    assert scene.record_of("order", sale).account_id == account.id
    assert scene.dead() == []
