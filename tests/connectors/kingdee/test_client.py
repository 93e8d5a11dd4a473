"""The client at its edge: what each answer on the wire becomes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
import respx

from connectors.kingdee.client import KingdeeClient, quote_text
from connectors.kingdee.config import KingdeeConfig
from hub.errors import (
    ConfigInvalid,
    Duplicate,
    Locked,
    NeedsConsent,
    OutcomeUnknown,
    PeriodClosed,
    Rejected,
    Transient,
)
from hub.sdk import Tools
from tests.connectors.kingdee.conftest import HastyClock

URL = "https://erp.example.com/k3cloud"
SERVICE = f"{URL}/Kingdee.BOS.WebApi.ServicesStub"
QUERY = f"{SERVICE}.DynamicFormService.ExecuteBillQuery.common.kdsvc"
SAVE = f"{SERVICE}.DynamicFormService.Save.common.kdsvc"
LOGIN = f"{SERVICE}.AuthService.LoginBySign.common.kdsvc"
COOKIE = "kdservice-sessionid"
SAVED = {
    "Result": {
        "ResponseStatus": {
            "IsSuccess": True, "Errors": [], "MsgCode": 0,
            "SuccessEntitys": [{"Id": 100007, "Number": "XSDD7", "DIndex": 0}],
        },
        "Id": 100007, "Number": "XSDD7", "NeedReturnData": [{}],
    }
}  # fmt: skip


def fail(code: int, words: str = "出错", field: str | None = None) -> dict[str, Any]:
    error = {"FieldName": field, "Message": words, "DIndex": 0}
    status = {"ErrorCode": 500, "IsSuccess": False, "Errors": [error], "SuccessEntitys": [], "MsgCode": code}
    return {"Result": {"ResponseStatus": status}}


MakeClient = Callable[..., KingdeeClient]


@pytest.fixture
def clock() -> HastyClock:
    return HastyClock()


@pytest.fixture
def make_client(clock: HastyClock) -> Iterator[MakeClient]:
    made: list[KingdeeClient] = []

    def make(**config: Any) -> KingdeeClient:
        answers = {
            "url": URL + "/", "account_set": "acct01", "user": "integration", "app_id": "123456_AAECAwQF",
            "app_secret": "0123456789abcdef0123456789abcdef",  # pragma: allowlist secret
            "organisation": "100", **config,
        }  # fmt: skip
        made.append(KingdeeClient(KingdeeConfig.model_validate(answers), Tools(clock=clock, random=random.Random(1))))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> KingdeeClient:
    return make_client()


def ask(client: KingdeeClient) -> Any:
    return client.query("SAL_SaleOrder", ["FID", "FNote"], "FID > 3", "FID ASC", start=10, limit=5)


def save(client: KingdeeClient) -> Any:
    return client.save("SAL_SaleOrder", {"FNote": "x"}, {"IsDeleteEntry": False})


@respx.mock
def test_a_query_says_what_it_wants_and_numbers_stay_exact(client):
    route = respx.post(QUERY).mock(httpx.Response(200, text="[[100001, 8.849558], [100002, null]]"))
    assert ask(client) == [[100001, Decimal("8.849558")], [100002, None]]
    asked = json.loads(route.calls[0].request.content)["data"]
    assert (asked["StartRow"], asked["Limit"], asked["TopRowCount"]) == (10, 5, 15), "an absolute end"
    assert asked["FieldKeys"] == "FID,FNote"


@respx.mock
def test_a_call_is_signed_and_brings_no_old_cookie(client):
    answer = httpx.Response(200, json=[], headers={"set-cookie": f"{COOKIE}=s1; path=/"})
    route = respx.post(QUERY).mock(side_effect=[answer, httpx.Response(200, json=[])])
    ask(client)
    ask(client)
    first, second = (call.request.headers for call in route.calls)
    assert first["x-kd-appkey"] == "123456_AAECAwQF"
    assert first["x-api-nonce"] != second["x-api-nonce"]
    assert COOKIE not in first
    assert (second[COOKIE], second["cookie"]) == ("s1", f"lcid=2052;{COOKIE}=s1")


@respx.mock
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ([[fail(2, "您没有“销售订单”的“查看”权限")]], NeedsConsent),
        ([[fail(15)]], NeedsConsent),
        ([[fail(7, "许可数已用完")]], NeedsConsent),
        ([[fail(14)]], Transient),
        ([[fail(4)]], Transient),
        ([fail(6)], Transient),
        (fail(0, "元数据中标识为FX的字段不存在"), ConfigInvalid),
        (fail(0, "业务对象不存在"), ConfigInvalid),
        ([[1, 2, 3]], Transient),
        ({"success": False}, Transient),
        ([1, 2], Transient),
    ],
)
def test_what_a_failed_read_becomes(client, answer, error):
    respx.post(QUERY).mock(httpx.Response(200, json=answer))
    with pytest.raises(error) as caught:
        ask(client)
    assert type(caught.value) is error


@respx.mock
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (fail(11, "违反字段唯一性要求：编码唯一。[X]已经被使用。", "FBillNo"), Duplicate),
        (fail(11, "违反字段唯一性要求：名称唯一。", "FName"), Rejected),
        (fail(11, "编码为“X”的销售订单已审核，不允许修改"), Locked),
        (fail(12, "状态不允许"), Locked),
        (fail(11, "该日期所在的会计期间已结账"), PeriodClosed),
        (fail(10, "不存在"), Rejected),
        (fail(9, "字段不存在"), Rejected),
        (fail(8), Rejected),
        (fail(0), Rejected),
        (fail(13), Transient),
        (fail(14), Transient),
        (fail(1, "会话信息已丢失，请重新登录"), OutcomeUnknown),
        (fail(0, "会话信息已丢失，请重新登录"), OutcomeUnknown),
        (fail(4), OutcomeUnknown),
        (fail(6), OutcomeUnknown),
        (fail(2), NeedsConsent),
        (fail(7), NeedsConsent),
        (fail(15), NeedsConsent),
        ({"Result": {}}, OutcomeUnknown),
        ({"Result": {"ResponseStatus": {"IsSuccess": True, "SuccessEntitys": []}}}, OutcomeUnknown),
        ({"success": False}, OutcomeUnknown),
    ],
)
def test_what_a_failed_write_becomes(client, answer, error):
    route = respx.post(SAVE).mock(httpx.Response(200, json=answer))
    with pytest.raises(error) as caught:
        save(client)
    assert type(caught.value) is error
    assert route.call_count == 1, "a write is sent once"


@respx.mock
@pytest.mark.parametrize("text", ["response_error:服务器异常", "<html></html>", "", "[["])
def test_what_is_no_answer_of_theirs(client, text):
    respx.post(QUERY).mock(httpx.Response(200, text=text))
    respx.post(SAVE).mock(httpx.Response(200, text=text))
    with pytest.raises(Transient):
        ask(client)
    with pytest.raises(OutcomeUnknown):
        save(client)


@respx.mock
def test_a_partial_answer_of_status_206_counts(client):
    respx.post(SAVE).mock(httpx.Response(206, json=SAVED))
    assert (save(client).id, save(client).number) == ("100007", "XSDD7")


@respx.mock
def test_a_lost_session_is_replaced_and_a_wrong_login_is_left_alone(client, clock):
    lost = httpx.Response(200, json=[[fail(1, "会话信息已丢失，请重新登录")]])
    route = respx.post(QUERY).mock(side_effect=[lost, httpx.Response(200, json=[])])
    assert ask(client) == []
    route.side_effect = [lost] * 9
    with pytest.raises(NeedsConsent):
        ask(client)
    assert (route.call_count, clock.slept_s) == (5, 2.0), "three tries, the last after a moment"
    for call in (ask, save):
        with pytest.raises(NeedsConsent):
            call(client)
    assert route.call_count == 5, "nothing is sent for five minutes"


@respx.mock
def test_a_signed_login_comes_first_and_its_session_goes_along(make_client):
    client = make_client(login="login_by_sign")
    login = respx.post(LOGIN).mock(
        httpx.Response(200, json={"LoginResultType": 1, "KDSVCSessionId": "s9", "Message": None})
    )
    route = respx.post(QUERY).mock(httpx.Response(200, json=[]))
    ask(client)
    ask(client)
    assert login.call_count == 1
    values = json.loads(login.calls[0].request.content)["parameters"]
    assert (values[:3], values[5]) == (["acct01", "integration", "123456_AAECAwQF"], 2052)
    assert route.calls[0].request.headers[COOKIE] == "s9"
    assert "x-kd-signature" not in route.calls[0].request.headers


@respx.mock
def test_a_refused_login_tells_why_and_is_not_repeated(make_client):
    client = make_client(login="login_by_sign")
    login = respx.post(LOGIN).mock(
        httpx.Response(200, json={"LoginResultType": 0, "KDSVCSessionId": "", "Message": "用户不是集成用户"})
    )
    for call in (ask, save, ask):
        with pytest.raises(NeedsConsent, match="集成用户"):
            call(client)
    assert login.call_count == 1


@respx.mock
def test_amounts_travel_as_plain_numbers_or_not_at_all(client):
    route = respx.post(SAVE).mock(httpx.Response(200, json=SAVED))
    client.save("F", {"FPrice": Decimal("8.849558"), "FQty": Decimal("3.000"), "FAmount": Decimal("99999999.99")}, {})
    model = json.loads(route.calls[0].request.content, parse_float=str)["data"]["Model"]
    assert model == {"FPrice": "8.849558", "FQty": 3, "FAmount": "99999999.99"}
    with pytest.raises(Rejected):
        client.save("F", {"FPrice": Decimal("1.234567890123456789")}, {})
    assert route.call_count == 1


def test_what_a_user_typed_stays_a_text():
    assert quote_text("x' or '1'='1") == "'x'' or ''1''=''1'"
