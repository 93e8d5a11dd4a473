"""``wechatpy`` as an independent client of the simulator: the same scenario through it and through the connector has
the same result."""

from __future__ import annotations

from typing import Any

import pytest
from wechatpy.exceptions import (  # type: ignore[import-untyped]  # it ships no types
    APILimitedException,
    WeChatClientException,
)

from connectors.wecom.connector import WecomConnector
from connectors.wecom.messages import compose
from connectors.wecom.simulator import WecomSettings
from hub.errors import NeedsConsent, Rejected, Transient
from hub.sdk import Draft, Stage, Written
from tests.connectors.wecom.conftest import Company, MakeCompany
from tests.connectors.wecom.oracles import make_client
from tests.connectors.wecom.test_messages import DIGEST


@pytest.fixture
def oracle(company: Company) -> Any:
    return make_client(company.credentials)


def refusal(call: Any) -> int:
    with pytest.raises(WeChatClientException) as caught:
        call()
    code: int = caught.value.errcode
    return code


def test_members_and_departments_are_the_same(company, oracle):
    told = {row["userid"]: row for row in oracle.user.list(1, fetch_child=True)}
    records = company.connector.streams()["member"].read_page(None, None, 100).records
    assert {record.external_id for record in records} == told.keys()
    assert {record.payload["name"] for record in records} == {row["name"] for row in told.values()}
    names = {row["id"]: row["name"] for row in oracle.department.get()}
    (li,) = [record for record in records if record.external_id == "li.si"]
    assert li.payload["department"] == f"{names[2]}; {names[2]}/{names[4]}"
    assert oracle.user.get("li.si")["name"] == li.payload["name"]


def test_customers_are_the_same_in_lists_alone_and_in_pages(make_company: MakeCompany):
    company = make_company(customers=9)
    oracle = make_client(company.credentials)
    api = oracle.external_contact
    ids = {id for userid in api.get_follow_user_list()["follow_user"] for id in list_of(api, userid)}
    page = company.customers.read_page(None, None, 100)
    assert {record.external_id for record in page.records} == ids
    for record in page.records:
        told = api.get(record.external_id)
        assert record.payload["nickname"] == told["external_contact"]["name"]
        keeper = min(told["follow_user"], key=lambda row: row["createtime"])
        assert (record.payload["keeper"], record.payload["note"]) == (keeper["userid"], keeper["description"])
        assert record.payload["tags"] == sorted(tag["tag_name"] for tag in keeper["tags"] if tag["type"] == 1)
        assert record.payload["followers"] == "; ".join(sorted(row["userid"] for row in told["follow_user"]))
    rows: list[Any] = []
    cursor = ""
    while True:  # the call that the library does not know, through its own machinery
        asked = {"userid_list": ["zhang.san", "li.si", "wang.wu", "zhao.liu"], "cursor": cursor, "limit": 2}
        answer = oracle.post("externalcontact/batch/get_by_user", data=asked)
        rows += answer["external_contact_list"]
        cursor = answer["next_cursor"]
        if not cursor:
            break
    assert {row["external_contact"]["external_userid"] for row in rows} == ids


def test_companies_are_those_that_the_library_reads_at_customers(make_company: MakeCompany):
    company = make_company(customers=9)
    api = make_client(company.credentials).external_contact
    told, known = set[str](), dict[str, tuple[int, str]]()
    for id in {id for userid in api.get_follow_user_list()["follow_user"] for id in list_of(api, userid)}:
        answer = api.get(id)
        keeper = min(answer["follow_user"], key=lambda row: row["createtime"])
        name = answer["external_contact"].get("corp_full_name") or keeper["remark_corp_name"]
        told.add(name)
        known[name] = min(known.get(name, (2**40, "")), (keeper["createtime"], keeper["userid"]))
    stream: Any = company.connector.streams()["company"]
    records = stream.read_page(None, None, 100).records
    assert {record.payload["name"] for record in records} == told - {""} == set(stream.list_ids())
    assert len(records) == 4
    assert {record.payload["name"]: record.payload["owner"] for record in records} == {
        name: userid for name, (_, userid) in known.items() if name
    }
    assert all(stream.fetch(record.external_id) is not None for record in records)


def list_of(api: Any, userid: str) -> list[str]:
    try:
        found: list[str] = api.list(userid)["external_userid"]
    except WeChatClientException as none:
        if none.errcode != 84061:
            raise
        return []
    return found


def test_notes_and_tags_lead_both_to_the_same_place(company, oracle):
    one, other = company.meet(name="大伟").external_userid, company.meet(name="小芳").external_userid
    company.sink("contact").patch(one, {"name": "王伟", "note": "要样品", "tags": ["A类", "经销商"]}, if_version=None)
    tags = {tag["name"]: tag["id"] for group in oracle.external_contact.get_corp_tag_list()["tag_group"]
            for tag in group["tag"]}  # fmt: skip
    asked = {"userid": "zhang.san", "external_userid": other, "remark": "王伟", "description": "要样品"}
    oracle.post("externalcontact/remark", data=asked)
    oracle.external_contact.mark_tag("zhang.san", other, add_tag=[tags["A类"], tags["经销商"]])
    left, right = (company.corp.customers[id].follows["zhang.san"] for id in (one, other))
    assert (left.remark, left.description, set(left.tags)) == (right.remark, right.description, set(right.tags))
    shown = [company.customers.fetch(id).payload for id in (one, other)]
    assert [row["tags"] for row in shown] == [["A类", "经销商"]] * 2
    company.sink("contact").patch(one, {"tags": ["A类"]}, if_version=None)
    oracle.external_contact.mark_tag("zhang.san", other, remove_tag=[tags["经销商"]])
    assert left.tags == right.tags == [tags["A类"]]


def test_appointments_are_the_same(company, oracle):
    calendar = company.credentials["calendar"]
    day = {"starts_at": "2026-12-01T09:00:00+08:00", "ends_at": "2026-12-01T10:00:00+08:00"}
    values = {"summary": "拜访", "description": "带样品", "location": "苏州", "owner": "li.si", **day}
    (made,) = company.sink("activity").create([Draft("IH-1", values)])
    assert isinstance(made, Written)
    told = oracle.schedule.add(
        "zhang.san", 1796086800, 1796090400, ["li.si"], "拜访", "带样品", location="苏州", calendar_id=calendar
    )
    ours, theirs = (company.schedules.fetch(id).payload for id in (made.external_id, told))
    assert {**ours, "id": ""} == {**theirs, "id": ""}
    listed = {row["schedule_id"]: row for row in oracle.schedule.get_by_calendar(calendar)}
    assert listed.keys() == set(company.schedules.list_ids())
    assert listed[made.external_id]["attendees"] == listed[told]["attendees"]
    assert listed[made.external_id]["description"].endswith("〔IH-1〕")
    company.sink("activity").void(made.external_id, if_version=None)
    oracle.schedule.delete(told)
    assert [company.schedules.fetch(id).stage for id in (made.external_id, told)] == [Stage.VOID] * 2
    assert [row["status"] for row in oracle.schedule.get([made.external_id, told])] == [1, 1]
    assert refusal(lambda: oracle.schedule.get(["ws-unknown"])) == 90463
    assert company.schedules.fetch("ws-unknown") is None


def test_a_calendar_that_the_library_made_serves(make_company):
    company = make_company()
    made = make_client(company.credentials).calendar.add("li.si", "拜访", "#00FF00", "", ["zhang.san"])
    connector = company.open(calendar=made, organiser="li.si")
    assert all(item.ok for item in connector.check())
    (found,) = connector.sinks()["activity"].create([Draft("IH-2", {"summary": "x", "starts_at": "2026-12-01T01:00Z"})])
    assert isinstance(found, Written)
    assert company.corp.schedules[found.external_id].cal_id == made


def test_a_calendar_is_made_as_the_library_makes_it(company, oracle):
    told = oracle.calendar.add("li.si", "Isthmus", "#0000FF")
    (item,) = [item for item in company.open(calendar="new", organiser="li.si").check() if not item.ok]
    assert item.code == "wecom.calendar_made"
    ours, theirs = (company.corp.calendars[id] for id in (item.params["calendar"], told))
    asked = ("organizer", "summary", "color")
    assert [ours[name] for name in asked] == [theirs[name] for name in asked]
    (shown,) = oracle.calendar.get([item.params["calendar"]])
    assert shown["summary"] == "Isthmus"
    assert all(item.ok for item in company.open(calendar=ours["cal_id"], organiser="li.si").check())


def test_messages_reach_the_same_people(company, oracle):
    agent = int(company.credentials["agent_id"])
    told = oracle.message.send_text(agent, ["li.si", "Nobody"], "请查看")
    assert told["invaliduser"] == "nobody", "in small letters, and no failure"
    oracle.message.send_markdown(agent, ["li.si"], "**请查看**")
    assert [(row["to"], row["type"]) for row in company.corp.sent] == [(["li.si"], "text"), (["li.si"], "markdown")]
    assert refusal(lambda: oracle.message.send_text(agent, ["Nobody"], "x")) == 81013
    assert refusal(lambda: oracle.message.send_text(agent + 1, ["li.si"], "x")) == 40056


def test_a_card_of_ours_goes_through_the_library_to_the_same_people(make_company):
    company = make_company(config={"robot_key": None, "notify_to": "li.si|zhang.san", "notify_as": "card"})
    oracle, agent = make_client(company.credentials), int(company.credentials["agent_id"])
    company.connector.notify(DIGEST)
    oracle.message.send(agent, ["li.si", "zhang.san"], msg=compose(company.connector.config, DIGEST))
    ours, theirs = company.corp.sent
    assert ours == theirs
    assert (ours["to"], ours["type"]) == (["li.si", "zhang.san"], "template_card")
    oracle.message.send_text_card(agent, ["li.si"], DIGEST.title, DIGEST.text, "https://example.org/")
    assert company.corp.sent[2]["content"]["title"] == ours["content"]["main_title"]["title"] == DIGEST.title
    bare = {"msgtype": "template_card", "template_card": {"card_type": "text_notice"}}
    assert refusal(lambda: oracle.message.send(agent, ["li.si"], msg=bare)) == 40058


def test_what_one_member_gets_too_much_of_is_dropped_and_neither_is_told(make_company):
    company = make_company(config={"robot_key": None, "notify_to": "li.si|zhang.san"}, member_per_minute=2)
    oracle, agent = make_client(company.credentials), int(company.credentials["agent_id"])
    for number in range(2):
        oracle.message.send_text(agent, ["li.si"], f"请查看 {number}")
    assert oracle.message.send_text(agent, ["li.si"], "请查看 2")["errcode"] == 0
    company.connector.notify(DIGEST)
    assert [row["to"] for row in company.corp.sent] == [["li.si"], ["li.si"], ["zhang.san"]]
    company.clock.sleep(61)
    oracle.message.send_text(agent, ["li.si"], "请查看 3")
    assert company.corp.sent[-1]["to"] == ["li.si"]


def test_an_api_has_a_limit_by_the_hour_beside_that_by_the_minute(make_company):
    company = make_company(per_minute=3, per_hour=5)
    oracle = make_client(company.credentials)
    for _ in range(3):
        oracle.department.get()
    assert refusal(oracle.department.get) == 45009
    company.clock.sleep(61)
    for _ in range(2):
        oracle.department.get()
    assert refusal(oracle.department.get) == 45009, "of the hour"
    member: Any = company.connector.streams()["member"]
    with pytest.raises(Transient) as caught:
        member.fetch("li.si")
    assert (caught.value.params["errcode"], caught.value.retry_after_s) == (45009, 60)
    company.clock.sleep(3600)
    assert member.fetch("li.si").payload["name"] == "李四"


def test_at_its_usual_pace_a_connection_passes_neither_limit_whatever_it_calls():
    per_s, limits = WecomConnector.limits.per_s, WecomSettings()
    assert per_s is not None
    assert per_s * 60 <= limits.per_minute == 10_000
    assert per_s * 3600 <= limits.per_hour == 150_000


def test_a_token_that_ends_early_is_replaced_by_both(company, oracle):
    for call in (company.connector.streams()["member"].list_ids, oracle.department.get):
        call()
        asked = company.api.gate.asked
        company.api.gate.end_token()
        call()
        assert company.api.gate.asked == asked + 1


@pytest.mark.parametrize(
    ("settings", "credentials", "code", "error"),
    [
        ({}, {"secret": "secret1"}, 40001, NeedsConsent),  # pragma: allowlist secret
        ({}, {"corp_id": "ww0"}, 40013, NeedsConsent),
        ({"trusted": False}, {}, 60020, NeedsConsent),
        ({"enabled": False}, {}, 50003, NeedsConsent),
        ({"denied": "externalcontact"}, {}, 48002, NeedsConsent),
        ({"per_minute": 0}, {}, 45009, Transient),
    ],
)
def test_the_same_refusals(make_company, settings, credentials, code, error):
    company = make_company(**settings)
    oracle = make_client({**company.credentials, **credentials})
    with pytest.raises(WeChatClientException) as caught:
        oracle.external_contact.get_follow_user_list()
    assert caught.value.errcode == code
    assert isinstance(caught.value, APILimitedException) == (error is Transient)
    with pytest.raises(error) as ours:
        company.open(**credentials).streams()["external_contact"].read_page(None, None, 5)
    if code not in (40001, 40013):
        assert ours.value.params["errcode"] == code


def test_what_is_not_there_is_told_alike(company, oracle):
    assert refusal(lambda: oracle.external_contact.get("wm-unknown")) == 40096
    assert company.customers.fetch("wm-unknown") is None
    assert refusal(lambda: oracle.user.get("nobody")) == 60111
    assert company.connector.streams()["member"].fetch("nobody") is None
    alone = company.meet().external_userid
    company.person.part("zhang.san", alone)
    assert refusal(lambda: oracle.external_contact.get(alone)) == 84061
    with pytest.raises(Rejected):
        company.sink("contact").patch(alone, {"note": "x"}, if_version=None)
