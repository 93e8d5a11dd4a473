"""Notes, tags and appointments as they are written: once, by the keeper, and nothing else with them."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.wecom.schedules import mark_text, shape_schedule
from hub.errors import Locked, OutcomeUnknown, Rejected, Stale, Transient
from hub.sdk import Draft, Stage, Written
from tests.connectors.wecom.conftest import Company, MakeCompany

DAY = {"starts_at": "2026-12-01T09:00:00+08:00", "ends_at": "2026-12-01T10:00:00+08:00"}


@pytest.fixture
def customer(company: Company) -> str:
    more: dict[str, Any] = {"remark": "王伟", "remark_mobiles": ["13800000001", "13800000002"], "tags": ["A类"]}
    return company.meet(**more).external_userid


def patch(there: Company, id: str, **values: Any) -> Any:
    return there.sink("contact").patch(id, values, if_version=None)


def paths(company: Company) -> list[str]:
    return [trace.path.rpartition("/")[2] for trace in company.api.writes]


def test_only_what_is_named_is_written_and_by_the_keeper(company: Company, customer: str):
    company.person.meet("li.si", "大伟", customer, remark="李的", createtime=company.corp.now_s() + 60)
    patch(company, customer, note="要样品")
    mine, other = (company.corp.customers[customer].follows[userid] for userid in ("zhang.san", "li.si"))
    assert (mine.remark, mine.description, mine.remark_mobiles) == ("王伟", "要样品", ["13800000001", "13800000002"])
    assert (other.remark, other.description) == ("李的", "")
    assert paths(company) == ["remark"]


def test_the_first_mobile_changes_and_the_others_stay(company: Company, customer: str):
    follow = company.corp.customers[customer].follows["zhang.san"]
    patch(company, customer, mobile="13900000009")
    assert follow.remark_mobiles == ["13900000009", "13800000002"]
    with pytest.raises(Rejected) as caught:
        patch(company, customer, mobile="")
    assert caught.value.code == "wecom.mobiles_left"
    follow.remark_mobiles = ["13900000009"]
    patch(company, customer, mobile="")
    assert follow.remark_mobiles == []


def test_tags_are_set_by_difference_and_foreign_ones_stay(company: Company, customer: str):
    follow = company.corp.customers[customer].follows["zhang.san"]
    follow.own_tags = ["爱喝茶"]
    patch(company, customer, tags=["B类", "经销商"])
    assert [company.corp.name_tag(id) for id in follow.tags] == [("客户等级", "B类"), ("客户类型", "经销商")]
    assert follow.own_tags == ["爱喝茶"]
    patch(company, customer, tags=["经销商", "B类"])
    assert paths(company) == ["mark_tag"], "nothing to do, nothing sent"
    patch(company, customer, tags=[])
    assert follow.tags == []


def test_a_tag_that_the_company_lacks_is_refused_or_made_where_the_admin_says(make_company: MakeCompany):
    company = make_company()
    id = company.meet().external_userid
    with pytest.raises(Rejected) as caught:
        patch(company, id, name="王伟", tags=["展会"])
    assert caught.value.code == "wecom.tag_unknown"
    assert paths(company) == [], "not one half of it"
    connector = company.open(tag_group="由中枢创建")
    connector.sinks()["contact"].patch(id, {"tags": ["展会", "A类"]}, if_version=None)
    group = next(group for group in company.corp.groups.values() if group.name == "由中枢创建")
    assert list(group.tags.values()) == ["展会"]
    names = {company.corp.name_tag(tag) for tag in company.corp.customers[id].follows["zhang.san"].tags}
    assert names == {("客户等级", "A类"), ("由中枢创建", "展会")}


def test_half_of_a_change_is_never_called_nothing(company: Company, customer: str):
    company.api.faults.order_next("limit", lambda path: path == "externalcontact/mark_tag")
    with pytest.raises(OutcomeUnknown) as caught:
        patch(company, customer, note="x", tags=["B类"])
    assert caught.value.code == "wecom.half_written"
    company.api.faults.order_next("limit", lambda path: path == "externalcontact/mark_tag")
    with pytest.raises(Transient):
        patch(company, customer, tags=["B类"])


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"name": ""}, "wecom.name_empty"),
        ({"name": "王" * 21}, "wecom.refused"),
        ({"note": "x" * 151}, "wecom.refused"),
    ],
)
def test_what_is_refused(company: Company, customer: str, values: Any, code: str):
    with pytest.raises(Rejected) as caught:
        patch(company, customer, **values)
    assert caught.value.code == code
    assert company.corp.customers[customer].follows["zhang.san"].remark == "王伟"


def test_the_company_of_somebody_on_wecom_is_their_own(company: Company, customer: str):
    patch(company, customer, company="远山集团")
    assert company.corp.customers[customer].follows["zhang.san"].remark_corp_name == "远山集团"
    theirs = company.meet(type=2, corp_name="启明").external_userid
    with pytest.raises(Rejected) as caught:
        patch(company, theirs, company="别名")
    assert caught.value.code == "wecom.company_their_own"


def test_a_stale_view_writes_nothing(company: Company, customer: str):
    seen = company.customers.fetch(customer)
    company.person.note("zhang.san", customer, description="neu")
    with pytest.raises(Stale):
        company.sink("contact").patch(customer, {"note": "alt"}, if_version=seen.version)
    assert paths(company) == []


def test_nobody_is_made_or_removed(company: Company, customer: str):
    (refused,) = company.sink("contact").create([Draft("IH-1", {"name": "王"})])
    assert (type(refused), refused.code) == (Rejected, "wecom.cannot_create")
    with pytest.raises(Locked):
        company.sink("contact").void(customer, if_version=None)
    with pytest.raises(Rejected):
        patch(company, "wm-unknown", note="x")
    assert company.sink("contact").find("IH-") == ()
    assert paths(company) == []


# ---------------------------------------------------------------- appointments


def make(company: Company, ref: str = "IH-1", **values: Any) -> str:
    (made,) = company.sink("activity").create([Draft(ref, {"summary": "拜访", **DAY, **values})])
    assert isinstance(made, Written), made
    return made.external_id


def test_a_change_sends_the_whole_and_changes_what_it_names(company: Company):
    id = make(company, description="带样品", owner="li.si")
    there = company.corp.schedules[id]
    there.values["attendees"].append({"userid": "wang.wu"})
    company.sink("activity").patch(id, {"location": "苏州"}, if_version=None)
    assert (there.values["summary"], there.values["location"]) == ("拜访", "苏州")
    assert there.values["description"] == "带样品\n〔IH-1〕"
    assert [person["userid"] for person in there.values["attendees"]] == ["li.si", "wang.wu"]
    company.sink("activity").patch(id, {"description": "", "owner": "zhao.liu"}, if_version=None)
    assert there.values["description"] == "〔IH-1〕"
    assert [person["userid"] for person in there.values["attendees"]] == ["zhao.liu", "wang.wu"]
    assert company.schedules.fetch(id).payload["description"] == ""
    company.sink("activity").patch(id, {"ends_at": None}, if_version=None)
    assert there.values["end_time"] == there.values["start_time"]


def test_one_without_an_end_ends_when_it_begins_there_and_has_none_here(company: Company):
    id = make(company, ends_at=None)
    there = company.corp.schedules[id]
    assert there.values["end_time"] == there.values["start_time"]
    assert company.schedules.fetch(id).payload["ends_at"] is None
    company.sink("activity").patch(id, {"starts_at": DAY["ends_at"]}, if_version=None)
    assert there.values["end_time"] == there.values["start_time"]
    assert company.schedules.fetch(id).payload["ends_at"] is None
    company.sink("activity").patch(id, {"starts_at": DAY["starts_at"], "ends_at": DAY["ends_at"]}, if_version=None)
    assert company.schedules.fetch(id).payload["ends_at"] is not None


def test_found_by_the_reference_in_the_text_cancelled_ones_too(company: Company):
    ids = [make(company, ref) for ref in ("IH-1A", "IH-1B", "IH-2")]
    company.sink("activity").void(ids[1], if_version=None)
    found = company.sink("activity").find("ih-1")
    assert {(hit.external_id, hit.stage) for hit in found} == {(ids[0], Stage.EFFECTIVE), (ids[1], Stage.VOID)}
    assert company.sink("activity").void(ids[1], if_version=None).external_id == ids[1]
    with pytest.raises(Locked):
        company.sink("activity").patch(ids[1], {"summary": "x"}, if_version=None)


def test_more_than_a_page_of_appointments_are_all_found(company: Company):
    for number in range(7):
        make(company, f"IH-{number}")
    stream = company.schedules
    found, position = [], None
    while True:
        page = stream.read_page(None, position, 3)
        found += [record.external_id for record in page.records]
        position = page.position
        if position is None:
            break
    assert found == list(company.corp.schedules) == list(stream.list_ids())


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"starts_at": None}, "wecom.time_missing"),
        ({"summary": ""}, "wecom.subject_empty"),
        ({"owner": "nobody"}, "wecom.gone"),
        ({"summary": "x" * 129}, "wecom.refused"),
    ],
)
def test_what_cannot_be_an_appointment(company: Company, values: Any, code: str):
    (refused,) = company.sink("activity").create([Draft("IH-1", {"summary": "拜访", **DAY, **values})])
    assert isinstance(refused, Rejected)
    assert refused.code == code


def test_without_a_calendar_nothing_is_made_or_read(make_company: MakeCompany):
    company = make_company(config={"calendar": "", "organiser": ""})
    (refused,) = company.sink("activity").create([Draft("IH-1", {"summary": "拜访", **DAY})])
    assert isinstance(refused, Rejected)
    assert company.schedules.read_page(None, None, 5).records == []
    assert company.sink("activity").find("IH") == []


def test_what_stands_in_another_calendar_is_not_ours(company: Company):
    id = make(company)
    company.corp.schedules[id].values["cal_id"] = "wc-other"
    assert company.schedules.fetch(id) is None


def test_the_reference_is_no_part_of_the_text():
    assert mark_text("", "IH-1") == "〔IH-1〕"
    assert mark_text(" a ", "") == "a"
    told = shape_schedule(
        {"schedule_id": "ws1", "description": "a〔b〕\n〔IH-1〕", "status": 0, "start_time": 1700000000}
    )
    assert (told["description"], "state" in told, told["ends_at"]) == ("a〔b〕", False, None)
