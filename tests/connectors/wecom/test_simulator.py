"""The simulated company behaves as the vendor's documents say, also where the connector never goes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.wecom.connector import WecomConnector
from connectors.wecom.simulator import FAULTS, Bustle, Corp, Faults, Refused, WecomSettings, seed_company, simulator
from connectors.wecom.simulator.bustle import DEEDS
from hub.errors import ConfigInvalid
from hub.sdk.simulator import Request, Response, load_simulator, serve
from hub.sdk.webhooks import Call
from tests.connectors.wecom.conftest import Company, MakeCompany
from tests.connectors.wecom.test_receiver import make_receiver
from tests.house.source import ROOT


class Caller:
    """Somebody with nothing but the vendor's documents."""

    def __init__(self, company: Company) -> None:
        self.base, self.token = company.credentials["url"], ""
        self.asked = {"corpid": company.credentials["corp_id"], "corpsecret": company.credentials["secret"]}

    def get(self, path: str, **query: Any) -> Any:
        found = httpx.get(f"{self.base}/{path}", params={"access_token": self.token, **query}, trust_env=False)
        assert found.status_code == 200, "whatever happens"
        return found.json()

    def post(self, path: str, **body: Any) -> Any:
        return httpx.post(f"{self.base}/{path}", params={"access_token": self.token}, json=body, trust_env=False).json()

    def log_in(self, **query: Any) -> Any:
        answer = self.get("gettoken", **{**self.asked, **query})
        self.token = answer.get("access_token", self.token)
        return answer


@pytest.fixture
def caller(company: Company) -> Caller:
    made = Caller(company)
    made.log_in()
    return made


def test_a_token_stays_the_same_until_it_ends(company: Company):
    caller = Caller(company)
    first = caller.log_in()
    assert (first["errcode"], first["expires_in"]) == (0, 7200)
    assert caller.log_in()["access_token"] == first["access_token"]
    company.clock.slept_s += 7201
    assert caller.get("department/list")["errcode"] == 42001
    assert caller.log_in()["access_token"] != first["access_token"]
    caller.token = first["access_token"]
    assert caller.get("department/list")["errcode"] == 40014
    caller.token = ""
    assert caller.get("department/list")["errcode"] == 41001


def test_an_address_that_repeats_a_wrong_secret_is_blocked_for_an_hour(make_company: MakeCompany):
    company = make_company(wrong_secrets=3)
    caller = Caller(company)
    codes = [caller.log_in(corpsecret="secret1")["errcode"] for _ in range(4)]  # pragma: allowlist secret
    assert codes == [40001, 40001, 40001, 45009]
    assert caller.log_in()["errcode"] == 45009, "the right one helps nobody now"
    company.clock.slept_s += 3601
    assert caller.log_in()["errcode"] == 0


def test_limits_are_those_of_one_api_in_a_minute(make_company: MakeCompany):
    company = make_company(per_minute=3)
    caller = Caller(company)
    caller.log_in()
    assert [caller.get("department/list")["errcode"] for _ in range(4)] == [0, 0, 0, 45009]
    assert caller.get("user/list", department_id=1)["errcode"] == 0
    company.clock.slept_s += 61
    assert caller.get("department/list")["errcode"] == 0


def test_words_of_a_refusal_are_for_people(caller: Caller):
    answer = caller.get("externalcontact/get", external_userid="wm-unknown")
    assert answer["errcode"] == 40096
    assert "from ip: 127.0.0.1" in answer["errmsg"]
    assert "more info at" in answer["errmsg"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("externalcontact/batch/get_by_user", {"userid_list": []}, 40058),
        ("externalcontact/batch/get_by_user", {"userid_list": ["zhang.san"], "limit": 101}, 40058),
        ("externalcontact/batch/get_by_user", {"userid_list": ["zhang.san"], "cursor": "?"}, 40058),
        ("externalcontact/batch/get_by_user", {"userid_list": ["nobody"]}, 60111),
        ("externalcontact/remark", {"userid": "zhang.san", "external_userid": "wm-unknown", "remark": "x"}, 40096),
        ("externalcontact/add_corp_tag", {"tag": [{"name": "x"}]}, 40058),
        ("externalcontact/add_corp_tag", {"group_name": "客户等级", "tag": [{"name": "A类"}]}, 40071),
        ("oa/schedule/add", {"schedule": {"organizer": "zhang.san", "start_time": 2, "end_time": 1}}, 90468),
        ("oa/schedule/get_by_calendar", {"cal_id": "wc-of-a-person"}, 90457),
        ("message/send", {"agentid": 1000002, "touser": "li.si", "msgtype": "file"}, 40008),
        ("no/such/call", {}, 40066),
    ],
)
def test_what_is_refused(caller: Caller, path: str, body: Any, code: int):
    assert caller.post(path, **body)["errcode"] == code


def test_only_wechat_users_have_a_noted_company(company: Company, caller: Caller):
    theirs = company.meet(type=2, corp_name="启明").external_userid
    asked = {"userid": "zhang.san", "external_userid": theirs, "remark_company": "别名"}
    assert caller.post("externalcontact/remark", **asked)["errcode"] == 40058


def test_what_people_do_is_called_back_and_what_the_api_does_is_not(company: Company, caller: Caller):
    heard: list[str] = []
    company.corp.tell = lambda event: heard.append(event.get("ChangeType", ""))
    id = company.meet().external_userid
    company.person.note("zhang.san", id, remark="王伟")
    company.person.note("zhang.san", id, remark_mobiles=["13800000001"])
    company.person.label("zhang.san", id, "A类")
    before = list(heard)
    asked = {"userid": "zhang.san", "external_userid": id}
    assert caller.post("externalcontact/remark", **asked, remark="大伟")["errcode"] == 0
    assert caller.post("externalcontact/mark_tag", **asked, add_tag=[company.corp.find_tag("B类")])["errcode"] == 0
    company.person.part("zhang.san", id, by="customer")
    assert before == ["add_external_contact", "edit_external_contact", "edit_external_contact"]
    assert heard == [*before, "del_follow_user"]


def test_many_followers_come_with_a_cursor(company: Company, caller: Caller):
    id = company.meet().external_userid
    for number in range(520):
        company.corp.add_member(f"m{number}", f"成员 {number}", [3])
        company.person.meet(f"m{number}", "大伟", id)
    first = caller.get("externalcontact/get", external_userid=id)
    rest = caller.get("externalcontact/get", external_userid=id, cursor=first["next_cursor"])
    assert (len(first["follow_user"]), len(rest["follow_user"]), rest.get("next_cursor")) == (500, 21, None)
    record = company.customers.fetch(id)
    assert len(record.payload["followers"].split("; ")) == 521


def test_people_act_over_http_and_faults_are_ordered(company: Company, caller: Caller):
    there = company.credentials["url"].removesuffix("/cgi-bin")
    done = httpx.post(f"{there}/people/meet", json={"userid": "li.si", "name": "小芳"}, trust_env=False)
    assert done.status_code == 200
    (row,) = httpx.get(f"{there}/people/customers", trust_env=False).json()["items"]
    assert row["follows"].keys() == {"li.si"}
    wrong = httpx.post(f"{there}/people/fly", json={}, trust_env=False)
    assert (wrong.status_code, "no action" in wrong.text) == (422, True)
    assert httpx.post(f"{there}/people/meet", json={"userid": "nobody", "name": "x"}, trust_env=False).is_error
    httpx.post(f"{there}/simulator/faults", json={"fault": "read_limit"}, trust_env=False)
    assert [caller.get("department/list")["errcode"] for _ in range(2)] == [45009, 0]
    assert httpx.get(f"{there}/simulator/ledger", trust_env=False).json()["tokens_asked"] == 1


def test_same_seed_same_company_and_unknown_options_are_named():
    one, other = (simulator().start(0, 5, {}, {"customers": "8"}) for _ in range(2))
    try:
        items = [httpx.get(f"{run.url}/people/customers", trust_env=False).json()["items"] for run in (one, other)]
        for row in (row for rows in items for row in rows):
            for follow in row["follows"].values():
                del follow["createtime"]
        assert items[0] == items[1]
        assert len(items[0]) == 8
    finally:
        one.stop()
        other.stop()
    for options in ({"nonsense": "1"}, {"trusted": "perhaps"}, {"customers": "many"}):
        with pytest.raises(ConfigInvalid):
            simulator().start(0, 1, {}, options)
    with pytest.raises(ConfigInvalid):
        simulator().start(0, 1, {"nonsense": 0.1}, {})
    assert load_simulator(WecomConnector) is not None
    assert set(simulator().faults) == set(FAULTS)
    assert "customers" in simulator().options
    with pytest.raises(ValueError, match="unknown fault"):
        Faults().order_next("nonsense")
    with pytest.raises(ValueError, match="token_s"):
        WecomSettings.from_texts({"token_s": "soon"})


def test_what_happens_by_itself_is_the_same_for_the_same_seed_and_is_called_back(company: Company):
    other = Corp(company.corp.settings, company.clock)
    seed_company(other, 0)
    heard: list[str] = []
    company.corp.tell = lambda event: heard.append(event["ChangeType"])
    one, two = Bustle(company.corp, 4), Bustle(other, 4)
    done = [one.step() for _ in range(60)]
    assert done == [two.step() for _ in range(60)]
    assert set(done) == set(DEEDS)
    assert len(heard) == 60 - done.count("mobile")


def test_an_address_is_entered_as_soon_as_it_answers():
    receiver = make_receiver()
    got: list[str] = []

    def answer(request: Request) -> Response:
        call = Call(request.method, request.target, request.headers, request.body, datetime.now(UTC))
        received = receiver.receive(call)
        if received.answer is not None:
            return Response(200, received.answer.body)
        got.append(received.key or "")
        return Response(200)

    server = serve(answer)
    options = {"customers": "0", "target": f"{server.url}/hooks/wecom", "steps": "3", "every_s": "0.6"}
    started = simulator().start(0, 1, {}, options)
    try:
        end = time.monotonic() + 30
        while not got:
            assert time.monotonic() < end, "nothing was called back"
            time.sleep(0.05)
    finally:
        started.stop()
        server.stop()
    assert got[0].startswith("change_external_contact")


def test_faults_are_drawn_by_their_rates(company: Company, caller: Caller):
    company.api.faults.rates = {"read_busy": 0.5}
    codes = [caller.get("department/list")["errcode"] for _ in range(40)]
    assert {0, -1} == set(codes)


def test_the_command_prints_one_line_when_it_is_ready():
    command = [sys.executable, "-m", "cli", "simulate", "wecom", "--port", "0", "--seed", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert told["credentials"]["url"] == f"{told['url']}/cgi-bin"
        query = {"corpid": told["credentials"]["corp_id"], "corpsecret": told["credentials"]["secret"]}
        assert httpx.get(f"{told['url']}/cgi-bin/gettoken", params=query, trust_env=False).json()["errcode"] == 0
        process.terminate()


def test_people_cannot_do_what_makes_no_sense(company: Company):
    with pytest.raises(Refused):
        company.person.label("zhang.san", company.meet().external_userid, "unbekannt")
    with pytest.raises(Refused):
        company.person.cancel("ws-unknown")
