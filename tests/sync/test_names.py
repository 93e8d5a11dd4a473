"""Who a record is, who stands for it, who belongs to it and who refers to it: small questions, answered from rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.model.base import Entity
from hub.model.finance import Invoice, InvoiceLine
from hub.model.party import Account, Contact, ContactLink
from hub.model.sales import Order
from hub.model.task import Task
from hub.sdk.registry import Company
from hub.store.identity_rows import Merge
from hub.sync.aliases import find_root, find_roots, list_below, list_members
from hub.sync.referrers import find_referrer
from hub.sync.relatives import find_relations, list_branches
from hub.sync.show import describe_record, name_record, show_field, show_value
from tests.sync.scenes import Scene

A, B, C, D, E = (UUID(int=number) for number in range(1, 6))


def keep(scene: Scene, *rows: Any) -> None:
    with scene.store.write() as tx:
        for row in rows:
            tx.insert(row)


def account(id_: UUID, name: str, **more: Any) -> Account:
    return Account.model_validate({"id": id_, "name": name, **more})


# ------------------------------------------------------------ who stands for whom


def merge(number: int, loser: UUID, survivor: UUID, root: UUID, scene: Scene, **more: Any) -> Merge:
    told = {"record_kind": "account", "actor": "li", "at": scene.clock.now(), **more}
    return Merge.model_validate(
        {"id": UUID(int=number), "loser_id": loser, "survivor_id": survivor, "root_id": root, **told}
    )


def test_what_was_merged_leads_to_what_it_became(scene: Scene) -> None:
    with scene.store.read() as tx:
        assert find_root(tx, "account", A) == A
        assert list_members(tx, "account", A) == [A]
    gone = {"undone_at": scene.clock.now()}
    keep(
        scene, merge(91, D, B, A, scene), merge(92, B, A, A, scene), merge(93, E, A, A, scene, **gone),
        merge(94, C, A, A, scene, record_kind="contact"),
    )  # fmt: skip
    with scene.store.read() as tx:
        assert find_roots(tx, "account", [A, B, C, D, E]) == {B: A, D: A}
        assert find_roots(tx, "account", [D]) == {D: A}
        assert find_roots(tx, "contact", [B, C]) == {C: A}
        assert find_roots(tx, "order", [B]) == {}
        assert (find_root(tx, "account", B), find_root(tx, "account", E)) == (A, E)
        assert list_members(tx, "account", A) == [A, B, D]
        assert list_members(tx, "order", A) == [A]
        assert [row.loser_id for row in list_below(tx, "account", A)] == [B, D]
        assert [row.loser_id for row in list_below(tx, "account", B)] == [D]
        assert list_below(tx, "account", C) == []


# ------------------------------------------------------------ who belongs to whom


CODE, OTHER_CODE = "914403001922038216", "9144030071526726XG"


def code(value: str) -> dict[str, Any]:
    return {"identifiers": [{"key": "1", "kind": "uscc", "value": value}]}


def relate(scene: Scene, of: Account, **told: Any) -> dict[str, UUID]:
    company = Company(key="1", **{"name": of.name, **told})
    with scene.store.read() as tx:
        return dict(find_relations(tx, of, company))


def test_a_head_is_found_by_its_code_or_by_its_name(scene: Scene) -> None:
    branch = account(A, "海岳精密有限公司深圳分公司")
    keep(
        scene,
        branch,
        account(B, "海岳精密有限公司", **code(CODE)),
        account(C, "海岳"),
        account(D, "远山有限公司", **code(OTHER_CODE)),
    )
    assert relate(scene, branch) == {"branch_of_id": B}, "the longest name that it begins with"
    assert relate(scene, branch, head_code=OTHER_CODE) == {"branch_of_id": D}, "a code says more than a name"
    assert relate(scene, branch, head_code=f" {CODE.lower()} ") == {"branch_of_id": B}
    assert relate(scene, branch, head_code="91440300708461136T") == {}
    plain = account(E, "海岳精密有限公司深圳")
    assert relate(scene, plain) == {}, "no branch"
    assert relate(scene, plain, type_text="有限责任公司分公司") == {"branch_of_id": B}


def test_an_owner_is_found_by_its_code_or_by_its_name(scene: Scene) -> None:
    child = account(A, "小海有限公司")
    keep(scene, child, account(B, "海岳有限公司", **code(CODE)), account(C, "远山有限公司"), account(D, "远山有限公司"))
    assert relate(scene, child, parent_name="海岳有限公司") == {"parent_id": B}
    assert relate(scene, child, parent_code=CODE, parent_name="远山有限公司") == {"parent_id": B}
    assert relate(scene, child, parent_name="远山有限公司") == {}, "two are called so"
    assert relate(scene, child, parent_code=OTHER_CODE, parent_name="海岳有限公司") == {"parent_id": B}
    assert relate(scene, child, parent_name=" ") == {}


def test_nobody_stands_above_himself(scene: Scene) -> None:
    top = account(A, "海岳有限公司")
    keep(scene, top, account(B, "中山有限公司", parent_id=A), account(C, "远山有限公司", branch_of_id=B))
    assert relate(scene, top, parent_name="远山有限公司") == {}
    assert relate(scene, top, parent_name="海岳有限公司") == {}
    with scene.store.read() as tx:
        company = Company(key="1", name="远山有限公司", branches=("海岳有限公司", "中山有限公司"))
        assert list_branches(tx, account(C, "远山有限公司"), company) == [], "it is a branch of theirs"
        company = company.model_copy(update={"name": "海岳有限公司", "branches": ("中山有限公司", "海岳有限公司", "x")})
        assert list_branches(tx, top, company) == [B]
        assert list_branches(tx, top, company.model_copy(update={"branches": ()})) == []


# ------------------------------------------------------------ who refers to it


REFERRERS: list[tuple[str, Entity | None, str]] = [
    ("account", Order(id=B, number="SO-1", account_id=A, currency="CNY"), "SO-1"),
    ("account", Contact(id=B, name="李四", links=(ContactLink(key="1", account_id=A),)), "李四"),
    ("account", account(B, "下属", parent_id=A), "下属"),
    ("order", Invoice(id=B, number="IN-1", account_id=C, currency="CNY",
                      lines=(InvoiceLine(key="1", quantity=Decimal(1), unit_price=Decimal(1), order_id=A),)), "IN-1"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "record", "name"), REFERRERS)
def test_who_refers_to_a_record_is_named(scene: Scene, kind: str, record: Entity, name: str) -> None:
    with scene.store.read() as tx:
        assert find_referrer(tx, kind, A) is None
    keep(scene, record)
    with scene.store.read() as tx:
        assert find_referrer(tx, kind, A) == name
        assert find_referrer(tx, "product", A) is None
        assert find_referrer(tx, kind, D) is None


def test_a_deleted_record_still_refers(scene: Scene) -> None:
    keep(scene, Order(id=B, number="SO-1", account_id=A, currency="CNY", deleted_at=scene.clock.now()))
    with scene.store.read() as tx:
        assert find_referrer(tx, "account", A) == "SO-1"


# ------------------------------------------------------------ what it is called


def test_what_people_call_a_record(scene: Scene) -> None:
    order = Order(id=B, number="SO-1", account_id=A, currency="CNY", gross=Decimal(5))
    assert describe_record(order, "?") == ("SO-1", Decimal(5), "CNY")
    assert describe_record(order.model_copy(update={"number": ""}), "?")[0] == "?"
    assert describe_record(account(A, "海岳", number="C-1"), "?") == ("C-1", None, None)
    assert describe_record(account(A, "海岳"), "?") == ("海岳", None, None)
    assert describe_record(Task(id=A, subject="回电"), "?") == ("回电", None, None)
    assert describe_record(None, "?") == ("?", None, None)
    keep(scene, account(A, "海岳"))
    with scene.store.read() as tx:
        assert name_record(tx, "account", A) == "海岳"
        assert name_record(tx, "account", B) == str(B)


def test_what_a_value_looks_like(scene: Scene) -> None:
    keep(scene, account(A, "海岳"))
    link = ContactLink(key="1", account_id=A, role="采购")
    with scene.store.read() as tx:
        assert show_field(tx, "order", "account_id", A) == "海岳"
        assert show_field(tx, "order", "account_id", str(A)) == "海岳"
        assert show_field(tx, "order", "account_id", None) is None
        assert show_field(tx, "order", "account_id", B) == show_value(B)
        assert show_field(tx, "order", "gross", Decimal("1.50")) == "1.50"
        (row,) = show_field(tx, "contact", "links", (link,))
        assert (row["account_id"], row["role"], row["key"]) == ("海岳", "采购", "1")
        assert show_field(tx, "contact", "links", ()) == []
    assert [show_value(value) for value in (None, True, 3, "x", {"a": 1}, ["b", Decimal(1)])] == [
        None, True, 3, "x", {"a": 1}, ["b", "1"],
    ]  # fmt: skip
    assert show_value((link,))[0]["account_id"] == str(A)
