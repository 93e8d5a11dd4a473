"""What becomes of a lead."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.sandbox.simulator import make_uscc
from tests.sync.scenes import Scene
from tests.sync.selling import Desk
from tests.sync.test_records import refuse

PERSON = {"person": "李明", "mobile": "13800001111", "email": "li@haiyue.example"}


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


def lead(desk: Desk, **values: Any) -> Any:
    return desk.make(
        "lead", **{"name": "海岳精密机械有限公司", "source": "展会", "wants": "轴承 200 件", **PERSON, **values}
    )


def count(desk: Desk) -> tuple[int, ...]:
    return tuple(len(desk.scene.records(kind)) for kind in ("account", "contact", "opportunity"))


def test_a_lead_becomes_a_customer_a_person_and_an_opportunity(desk: Desk) -> None:
    fang = desk.person()
    done = desk.act(lead(desk, owner_id=fang.id), "convert", amount="8000")
    account, contact, opportunity = done.results
    assert [row.KIND for row in done.results] == ["account", "contact", "opportunity"]
    assert (account.name, account.state, account.owner_id) == ("海岳精密机械有限公司", "prospect", fang.id)
    assert (contact.name, contact.mobile, contact.links[0].account_id) == ("李明", "13800001111", account.id)
    assert contact.links[0].primary
    assert (opportunity.name, opportunity.amount, opportunity.currency) == ("轴承 200 件", Decimal(8000), "CNY")
    assert (opportunity.account_id, opportunity.contact_id, opportunity.owner_id) == (account.id, contact.id, fang.id)
    became = done.record
    assert (became.state, became.account_id, became.contact_id, became.opportunity_id) == (
        "converted", account.id, contact.id, opportunity.id,
    )  # fmt: skip


def test_converting_twice_makes_nothing_new(desk: Desk) -> None:
    found = lead(desk)
    first = desk.act(found, "convert")
    again = desk.act(found, "convert")
    assert ((again.made, again.changed), count(desk)) == (((), ()), (1, 1, 1))
    assert [row.id for row in again.results] == [row.id for row in first.results]


@pytest.mark.parametrize(
    ("known", "signs"),
    [
        ({"name": "海岳精密机械 有限公司"}, "海岳精密机械有限公司"),
        ({"name": "海岳集团", "email": "li@haiyue.example"}, "li@haiyue.example"),
        ({"name": "海岳集团", "phone": "0574-8800"}, "0574-8800"),
    ],
)
def test_a_customer_that_looks_alike_is_shown_and_a_person_says(desk: Desk, known: Any, signs: str) -> None:
    account = desk.make("account", **known)
    found = lead(desk, phone="0574-8800")
    with refuse("lead.alike") as caught:
        desk.act(found, "convert")
    told = str(caught.value.params["candidates"])
    assert signs in told
    assert str(account.id)[:13] in told
    assert (count(desk), desk.reload(found).state) == ((1, 0, 0), "new")
    done = desk.act(found, "convert", account_id=account.id)
    assert done.record.account_id == account.id
    assert count(desk) == (1, 1, 1)


def test_a_customer_by_another_name_is_shown_where_the_weights_say_so(desk: Desk) -> None:
    account = desk.account("上海海岳精密机械有限公司")
    found = lead(desk, name="海岳精密機械", mobile="", email="")
    with refuse("lead.alike") as caught:
        desk.act(found, "convert")
    assert str(account.id)[:13] in str(caught.value.params["candidates"])
    assert desk.act(found, "convert", new_account=True).made


def test_or_says_that_it_is_another(desk: Desk) -> None:
    desk.account("海岳精密机械有限公司")
    desk.act(lead(desk), "convert", new_account=True)
    assert count(desk) == (2, 1, 1)


def test_a_branch_is_another(desk: Desk) -> None:
    desk.account("海岳精密机械有限公司宁波分公司")
    desk.act(lead(desk), "convert")
    assert count(desk)[0] == 2


def test_the_same_credit_code_is_the_same_customer_whatever_is_said(desk: Desk) -> None:
    code = [{"kind": "uscc", "value": make_uscc(desk.scene.random)}]
    account = desk.account("海岳", identifiers=code)
    found = lead(desk, identifiers=code)
    with refuse("lead.alike") as caught:
        desk.act(found, "convert")
    assert code[0]["value"] in str(caught.value.params["candidates"])
    with refuse("sync.same_identifier"):
        desk.act(found, "convert", new_account=True)
    assert desk.act(found, "convert", account_id=account.id).record.state == "converted"


def test_a_deleted_customer_is_no_candidate(desk: Desk) -> None:
    desk.scene.void(desk.account("海岳精密机械有限公司"))
    assert desk.act(lead(desk), "convert").made


def test_a_known_person_is_linked_to_the_customer(desk: Desk) -> None:
    other = desk.account("别家")
    contact = desk.make("contact", name="李明", mobile="13800001111", links=[{"account_id": other.id, "primary": True}])
    found = lead(desk)
    with refuse("lead.alike") as caught:
        desk.act(found, "convert")
    assert caught.value.params["kind"] == "contact"
    assert desk.scene.records("opportunity") == [], "the customer was not left behind either"
    assert count(desk)[0] == 1
    done = desk.act(found, "convert", contact_id=contact.id)
    links = desk.reload(contact).links
    assert [link.account_id for link in links] == [other.id, done.record.account_id]
    assert [link.primary for link in links] == [True, False]
    assert desk.act(lead(desk, name="又一家"), "convert", new_contact=True).made[1].id != contact.id


def test_a_namesake_is_no_candidate(desk: Desk) -> None:
    desk.make("contact", name="李明", mobile="13900002222")
    assert len(desk.act(lead(desk), "convert").made) == 3


def test_one_of_two_answers(desk: Desk) -> None:
    account = desk.account("别家")
    with refuse("lead.choose_one"):
        desk.act(lead(desk), "convert", account_id=account.id, new_account=True)


def test_without_a_person_and_without_an_opportunity(desk: Desk) -> None:
    done = desk.act(lead(desk, person=""), "convert", without_opportunity=True)
    assert [row.KIND for row in done.made] == ["account"]
    assert done.made[0].email == "li@haiyue.example", "there is nobody else whose it could be"


def test_the_state_alone_converts_nothing(desk: Desk) -> None:
    with refuse("lead.convert_first"):
        desk.edit(lead(desk), state="converted")


def test_a_lost_lead_says_why_and_may_come_back(desk: Desk) -> None:
    found = lead(desk)
    with refuse("crm.reason_missing"):
        desk.edit(found, state="lost")
    desk.edit(found, state="lost", lost_reason="没有预算")
    with refuse("crm.action_refused"):
        desk.act(found, "convert")
    desk.edit(found, state="working")
    desk.act(found, "convert")


def test_a_converted_lead_fills_no_place_in_its_pool(desk: Desk) -> None:
    pool, fang = desk.make("pool", name="线索池", members="lead", limit=1), desk.person()
    first = lead(desk, pool_id=pool.id)
    second = lead(desk, name="青松商行", pool_id=pool.id, person="")
    desk.act(first, "claim", owner_id=fang.id)
    with refuse("pool.full"):
        desk.act(second, "claim", owner_id=fang.id)
    desk.act(first, "convert")
    desk.act(second, "claim", owner_id=fang.id)


@pytest.mark.parametrize("score", [-1, 101, "high"])
def test_an_impossible_score_is_refused(desk: Desk, score: Any) -> None:
    with refuse("model.value_invalid"):
        lead(desk, score=score)
