"""Members, customers and companies as they are read: every shape, every page, whoever follows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.wecom.shapes import choose_keeper, find_company, list_tag_ids, shape_customer, write_moment
from hub.sdk import SourceRecord
from tests.connectors.wecom.conftest import Company, MakeCompany


def read_all(stream: Any, limit: int = 100) -> list[SourceRecord]:
    records: list[SourceRecord] = []
    position: Any = None
    while True:
        page = stream.read_page(None, position, limit)
        records += page.records
        position = page.position
        if position is None:
            return records


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_every_customer_is_told_once_as_it_is_alone(make_company: MakeCompany, limit: int):
    company = make_company(customers=13)
    found = read_all(company.customers, limit)
    assert sorted(record.external_id for record in found) == sorted(company.corp.customers)
    for record in found:
        alone = company.customers.fetch(record.external_id)
        assert (dict(alone.payload), alone.version) == (dict(record.payload), record.version)


def test_a_reading_costs_a_call_for_each_salesperson_and_each_shared_customer(make_company: MakeCompany):
    company = make_company(customers=40)
    shared = sum(len(customer.follows) > 1 for customer in company.corp.customers.values())
    read_all(company.customers)
    assert company.count("externalcontact/list") == 4
    assert company.count("externalcontact/batch/get_by_user") == 1
    assert company.count("externalcontact/get") == shared == 10


def test_more_members_than_fit_in_one_call_are_read_in_groups(company: Company):
    for number in range(230):
        company.corp.add_member(f"m{number:03}", f"成员 {number}", [3])
        if number % 10 == 0:
            company.meet(f"m{number:03}")
    assert len(read_all(company.customers)) == 23
    assert company.count("externalcontact/batch/get_by_user") == 1, "only those who sell are asked for"
    for member in company.corp.members.values():
        member.sells = True
    assert len(read_all(company.customers)) == 23
    assert company.count("externalcontact/batch/get_by_user") == 1 + 3


def test_the_keeper_speaks_and_another_one_takes_over(company: Company):
    id = company.meet("li.si", remark="李的", createtime=1_700_000_100, tags=["A类"]).external_userid
    company.person.meet("zhang.san", "大伟", id, remark="张的", createtime=1_700_000_000, tags=["B类"])
    told = company.customers.fetch(id).payload
    assert (told["name"], told["tags"], told["keeper"], told["followers"]) == (
        "张的", ["B类"], "zhang.san", "li.si; zhang.san",
    )  # fmt: skip
    company.person.part("zhang.san", id)
    told = company.customers.fetch(id).payload
    assert (told["name"], told["tags"], told["followers"]) == ("李的", ["A类"], "li.si")
    company.person.leave("li.si")
    assert company.customers.fetch(id) is None
    assert id not in company.customers.list_ids()


def test_a_customer_won_while_the_list_is_read_is_asked_for_alone(company: Company):
    for _ in range(3):
        company.meet()
    first = company.customers.read_page(None, None, 2)
    late = company.meet().external_userid
    rest = company.customers.read_page(None, first.position, 2)
    assert late in {record.external_id for record in rest.records}


def test_tags_of_one_name_are_told_with_their_group_and_own_tags_are_left_out(company: Company):
    group = company.corp.add_tag_group("渠道", "A类")
    follow = company.meet().follows["zhang.san"]
    follow.own_tags = ["爱喝茶"]
    follow.tags = list(group.tags)
    (record,) = read_all(company.customers)
    assert record.payload["tags"] == ["渠道/A类"]


def test_a_tag_that_is_new_is_known_when_it_is_met(company: Company):
    id = company.meet().external_userid
    assert company.customers.fetch(id).payload["tags"] == []
    company.corp.add_tag_group("渠道", "展会")
    company.person.label("zhang.san", id, "展会")
    assert company.customers.fetch(id).payload["tags"] == ["展会"]
    assert read_all(company.customers)[0].payload["tags"] == ["展会"]


def test_a_tag_that_was_deleted_is_asked_about_once(company: Company):
    for _ in range(5):
        company.meet().follows["zhang.san"].tags = ["et-deleted"]
    assert {tuple(record.payload["tags"]) for record in read_all(company.customers)} == {()}
    assert company.count("externalcontact/get_corp_tag_list") == 2


def test_companies_are_those_that_customers_name(company: Company):
    stream: Any = company.connector.streams()["company"]
    id = company.meet(remark_corp_name=" 远山  轴承有限公司 ").external_userid
    company.meet(type=2, corp_name="启明", corp_full_name="宁波启明机械有限公司")
    company.meet()
    assert [record.external_id for record in read_all(stream, 1)] == ["宁波启明机械有限公司", "远山 轴承有限公司"]
    assert stream.fetch("远山 轴承有限公司").payload == {"name": "远山 轴承有限公司", "owner": "zhang.san"}
    company.person.note("zhang.san", id, remark_corp_name="远山集团")
    assert stream.fetch("远山 轴承有限公司") is None
    assert stream.fetch("远山集团") is not None
    assert stream.list_ids() == ["宁波启明机械有限公司", "远山集团"]


def test_a_company_belongs_to_whoever_has_known_a_customer_of_it_longest(company: Company):
    stream: Any = company.connector.streams()["company"]
    late = company.meet("li.si", remark_corp_name="远山集团", createtime=1_700_000_100).external_userid
    assert company.customers.fetch(late).payload["company"] == "远山集团"
    assert stream.fetch("远山集团").payload == {"name": "远山集团"}, "one customer says nothing of the others"
    first = company.meet("zhao.liu", remark_corp_name="远山集团", createtime=1_700_000_000).external_userid
    for limit in (1, 100):
        (record,) = read_all(stream, limit)
        assert record.payload["owner"] == "zhao.liu"
        assert stream.fetch("远山集团") is not None
        assert stream.fetch("远山集团").version == record.version
    company.person.note("zhao.liu", first, remark_corp_name="别家")
    assert {record.external_id: record.payload["owner"] for record in read_all(stream)} == {
        "远山集团": "li.si", "别家": "zhao.liu",
    }  # fmt: skip
    company.person.rename("li.si", "li.xiaosi")
    assert [record.payload["owner"] for record in read_all(stream)] == ["zhao.liu", "li.xiaosi"]


def test_a_company_that_was_just_read_costs_one_look_and_no_reading_of_all(company: Company):
    for _ in range(3):
        company.meet()
    id = company.meet(remark_corp_name="远山集团").external_userid
    stream: Any = company.connector.streams()["company"]
    assert company.customers.fetch(id).payload["company"] == "远山集团"
    assert stream.fetch("远山集团") is not None
    assert (company.count("externalcontact/get"), company.count("externalcontact/batch/get_by_user")) == (2, 0)


def test_members_of_several_departments_are_told_once_with_their_paths(company: Company):
    stream: Any = company.connector.streams()["member"]
    found = {record.external_id: record.payload for record in read_all(stream, 2)}
    assert len(found) == 4
    assert found["li.si"]["department"] == "销售部; 销售部/华东区"
    assert stream.fetch("LI.SI").payload == found["li.si"], "ids are matched without regard to case"
    company.person.rename("wang.wu", "wang.xiaowu")
    assert stream.fetch("wang.wu") is None
    assert stream.fetch("wang.xiaowu").payload["name"] == "王五"
    assert sorted(stream.list_ids()) == ["li.si", "wang.xiaowu", "zhang.san", "zhao.liu"]


follows = st.lists(
    st.fixed_dictionaries({"userid": st.sampled_from("abcd"), "createtime": st.integers(0, 3)}),
    min_size=1, max_size=4, unique_by=lambda row: row["userid"],
)  # fmt: skip


@given(follows, st.randoms())
@settings(max_examples=60)
def test_the_keeper_does_not_depend_on_the_order(rows, rng):
    mixed = list(rows)
    rng.shuffle(mixed)
    keeper = choose_keeper(rows)
    assert keeper is not None
    assert keeper == choose_keeper(mixed)
    assert keeper["createtime"] == min(row["createtime"] for row in rows)


def test_both_shapes_of_tags_and_older_samples():
    assert list_tag_ids({"tag_id": ["e1", 2]}) == ["e1", "2"]
    assert list_tag_ids({"tags": [{"tag_id": "e1", "type": 1}, {"tag_name": "x", "type": 2}, {"tag_id": "e3"}]}) == [
        "e1", "e3",
    ]  # fmt: skip
    assert list_tag_ids({}) == []
    old = {"userid": "a", "createtime": "1700000000", "remark_company": "远山", "remark_mobiles": [13800000001, None]}
    told = shape_customer({"external_userid": "wm1"}, [old], {})
    assert (told["company"], told["mobile"], told["name"], told["app"]) == ("远山", "13800000001", "wm1", "wechat")
    assert told["added_at"] == "2023-11-14T22:13:20+00:00"
    assert find_company({"corp_name": "启明"}, {"remark_corp_name": "别名"}) == "启明"
    assert write_moment("soon") is None
