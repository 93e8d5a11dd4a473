"""Heads, owners and branches: what a registry lists becomes relations of customers, and nothing leads in a circle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.sync.enrich import list_due_accounts
from hub.sync.records import edit_record
from tests.sync.scenes import Scene
from tests.sync.test_enrich import Register

WIDE = "ECIInfoVerify/GetInfo"
HEAD, BRANCH, CHILD = 4, 5, 6
"""Places in the register: a company, its branch, and one that belongs to it."""


class Family(Register):
    """A registry whose contract includes the details with partners and branches."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene, detail_path=WIDE)
        self.head, self.branch, self.child = (self.customer(self.company(place)) for place in (HEAD, BRANCH, CHILD))

    def now(self, customer: Any) -> Any:
        return self.desk.reload(customer)

    def again(self, *customers: Any) -> None:
        self.enrich(*customers, again=True)


@pytest.fixture
def family(scene: Scene) -> Family:
    return Family(scene)


def test_a_head_tells_its_branches_without_another_call(family: Family) -> None:
    family.enrich(family.head)
    assert family.now(family.branch).branch_of_id == family.head.id
    assert family.paid == 1
    assert family.now(family.head).branch_of_id is None


def test_whoever_holds_more_than_half_is_the_parent(family: Family) -> None:
    family.enrich(family.child)
    after = family.now(family.child)
    assert after.parent_id == family.head.id
    assert after.attributes["registry_owner"] == family.head.name
    assert family.now(family.head).parent_id is None, "a person owns it"


def test_an_owner_who_is_no_customer_is_named_only(make_family: Callable[[], Register]) -> None:
    register = make_family()
    child = register.customer(register.company(CHILD))
    register.enrich(child)
    after = register.desk.reload(child)
    assert after.parent_id is None
    assert after.attributes["registry_owner"] == register.company(HEAD)["Name"]


@pytest.fixture
def make_family(scene: Scene) -> Callable[[], Register]:
    return lambda: Register(scene, detail_path=WIDE)


def test_a_branch_that_was_told_is_still_looked_up_itself(family: Family) -> None:
    family.enrich(family.head)
    assert family.branch.id in {row.id for row in list_due_accounts(family.counter, 10)}
    family.enrich(family.branch)
    after = family.now(family.branch)
    assert after.branch_of_id == family.head.id
    assert after.attributes["registry_name"] == family.branch.name


def test_the_word_of_a_person_stays(family: Family) -> None:
    edit_record(family.hub, "account", family.branch.id, {"branch_of_id": str(family.child.id)}, "li")
    family.enrich(family.head)
    assert family.now(family.branch).branch_of_id == family.child.id


def test_a_branch_that_is_none_any_more_is_let_go(family: Family) -> None:
    row = family.company(HEAD)
    listed, row["Branches"] = row["Branches"], [{"Name": family.child.name, "RegNo": "", "BelongOrg": ""}]
    family.enrich(family.head)
    assert family.now(family.child).branch_of_id == family.head.id
    row["Branches"] = listed
    family.again(family.head)
    assert family.now(family.child).branch_of_id is None
    assert family.now(family.branch).branch_of_id == family.head.id


def test_no_relation_leads_back_to_where_it_began(family: Family) -> None:
    edit_record(family.hub, "account", family.head.id, {"parent_id": str(family.child.id)}, "li")
    family.company(HEAD)["Branches"] = [{"Name": family.child.name, "RegNo": "", "BelongOrg": ""}]
    family.enrich(family.head, family.child)
    assert (family.now(family.child).parent_id, family.now(family.child).branch_of_id) == (None, None)
    assert family.now(family.head).parent_id == family.child.id
