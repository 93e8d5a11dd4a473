"""Tokens, refusals and what each failure means, against the simulator on a port."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import respx

from connectors.wecom.outcomes import CONSENT, GONE_CODES, explain, find_address
from connectors.wecom.tokens import TokenSource, name_app, share_source
from hub.errors import IsthmusError, Locked, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk import Grant
from tests.connectors.wecom.conftest import Company, MakeCompany

BODY = {"userid": "zhang.san"}


def ask(connector: Any) -> Any:
    return connector.streams()["member"].list_ids()


def fail_all(connectors: Any) -> list[IsthmusError]:
    """Everybody asks at once; what each was told."""

    def one(connector: Any) -> IsthmusError:
        with pytest.raises(IsthmusError) as caught:
            ask(connector)
        return caught.value

    with ThreadPoolExecutor(len(connectors)) as callers:
        return list(callers.map(one, connectors))


def test_one_token_for_all_threads_and_instances(company: Company):
    connectors = [company.connector, *(company.open() for _ in range(5))]
    with ThreadPoolExecutor(12) as callers:
        done = list(callers.map(ask, connectors * 2))
    assert {len(ids) for ids in done} == {4}
    assert company.api.gate.asked == 1
    company.api.gate.end_token()
    with ThreadPoolExecutor(12) as callers:
        list(callers.map(ask, connectors * 2))
    assert company.api.gate.asked == 2, "the token that was refused is replaced once for everybody"


def test_a_token_is_replaced_before_it_ends(make_company: MakeCompany):
    company = make_company(token_s=7200)
    ask(company.connector)
    company.clock.slept_s += 6800
    ask(company.connector)
    assert company.api.gate.asked == 1
    company.clock.slept_s += 200
    ask(company.connector)
    assert company.api.gate.asked == 2
    assert 42001 not in {trace.code for trace in company.api.requests}


def test_another_process_is_given_the_same_token(company: Company):
    ask(company.connector)
    first = company.api.gate.token
    assert first is not None
    elsewhere = TokenSource()
    query = {"corpid": company.credentials["corp_id"], "corpsecret": company.credentials["secret"]}

    def ask_there() -> Grant:
        told = httpx.get(f"{company.credentials['url']}/gettoken", params=query, trust_env=False).json()
        return Grant(told["access_token"], told["expires_in"])

    assert elsewhere.take(ask_there, company.clock.monotonic) == first.text


def test_a_wrong_secret_is_tried_once_by_everybody_together(make_company: MakeCompany):
    company = make_company(wrong_secrets=3)
    wrong = {"secret": "secret1"}  # pragma: allowlist secret
    connectors = [company.open(**wrong) for _ in range(6)]
    told = fail_all(connectors * 3)
    assert {type(error) for error in told} == {NeedsConsent}
    assert {error.code for error in told} == {"wecom.login_refused"}
    assert (company.api.gate.asked, company.api.gate.wrong) == (1, 1)
    assert ask(company.connector), "the right one is no worse for it"


def test_a_wrong_company_is_tried_once_too(company: Company):
    told = fail_all([company.open(corp_id="ww0")] * 4)
    assert {error.code for error in told} == {"wecom.corp_wrong"}
    assert company.api.gate.asked == 1


def test_what_can_be_mended_there_is_asked_anew(make_company: MakeCompany):
    company = make_company(trusted=False)
    (error,) = fail_all([company.connector])
    assert (error.code, error.params["address"]) == ("wecom.address_untrusted", "127.0.0.1")
    object.__setattr__(company.corp.settings, "trusted", True)
    assert ask(company.connector)


def test_a_blocked_address_is_left_alone_for_an_hour(company: Company):
    company.api.gate.blocked_until_s = company.clock.monotonic() + 3600
    for _ in range(3):
        (error,) = fail_all([company.connector])
        assert isinstance(error, Transient)
        assert (error.code, error.retry_after_s) == ("wecom.address_blocked", 3600)
    assert company.api.gate.asked == 1
    company.clock.slept_s += 3601
    assert ask(company.connector)


def test_a_token_that_is_never_taken_is_replaced_once(company: Company):
    ask(company.connector)
    company.api.faults.order_next("read_token_ended", lambda path: path == "department/list", times=9)
    (error,) = fail_all([company.connector])
    assert (type(error), error.code) == (NeedsConsent, "wecom.token_refused")
    assert (company.api.gate.asked, company.count("department/list")) == (2, 3)


def test_a_busy_server_is_asked_again_and_no_write_is_repeated(company: Company):
    company.api.faults.order_next("read_busy", times=2)
    assert ask(company.connector)
    id = company.meet().external_userid
    company.api.faults.order_next("busy")
    with pytest.raises(OutcomeUnknown):
        company.sink("contact").patch(id, {"note": "x"}, if_version=None)
    assert company.count("externalcontact/remark") == 1
    company.api.faults.order_next("read_busy", times=9)
    with pytest.raises(Transient):
        ask(company.connector)


@pytest.mark.parametrize(("fault", "wait_s"), [("limit", 60.0), ("crowded", 2.0)])
def test_limits_say_when_to_come_back(company: Company, fault: str, wait_s: float):
    id = company.meet().external_userid
    company.api.faults.order_next(fault)
    with pytest.raises(Transient) as caught:
        company.sink("contact").patch(id, {"note": "x"}, if_version=None)
    assert caught.value.retry_after_s == wait_s
    assert company.corp.customers[id].follows["zhang.san"].description == ""


def test_the_token_stands_in_no_error(company: Company):
    ask(company.connector)
    company.api.faults.order_next("read_garbage")
    with pytest.raises(Transient) as caught:
        ask(company.connector)
    token = company.api.gate.token
    assert token is not None
    assert token.text not in caught.value.text()
    assert company.corp.settings.secret not in caught.value.text()


@respx.mock
@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"errcode":"0"}', '{"errcode":0,"access_token":""}', "<html></html>"]
)
def test_what_is_no_token(company: Company, text: str):
    respx.get(f"{company.credentials['url']}/gettoken").mock(httpx.Response(200, text=text))
    (error,) = fail_all([company.connector])
    assert isinstance(error, Transient)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        *((code, NeedsConsent) for code in CONSENT),
        *((code, Rejected) for code in (*GONE_CODES, 40058, 41063, 99999)),
        *((code, Locked) for code in (90465, 90466, 90477, 90479)),
        (45009, Transient),
        (45033, Transient),
        (-1, OutcomeUnknown),
    ],
)
def test_what_an_errcode_of_a_write_becomes(code: int, error: type[IsthmusError]):
    made = explain({"errcode": code, "errmsg": "words"}, "externalcontact/remark", writes=True)
    assert type(made) is error
    for language in ("en", "zh"):
        assert "{" not in made.text(language)


def test_our_address_is_found_in_their_words():
    assert find_address("not allow to access from your ip, hint: [1], from ip: 10.0.0.7, more info at x") == "10.0.0.7"
    assert find_address("") == "—"


def test_sources_are_shared_by_app_and_forgotten_with_the_last():
    one, two = name_app("https://a", "ww1", "s1"), name_app("https://a", "ww1", "s2")
    first = share_source(one, None)
    assert first is share_source(one, None)
    assert share_source(two, None) is not first
    first.take(lambda: Grant("token-a", 7200), lambda: 0.0)
    del first
    asked: list[int] = []

    def ask_anew() -> Grant:
        asked.append(1)
        return Grant("token-b", 7200)

    assert share_source(one, None).take(ask_anew, lambda: 0.0) == "token-b"
    assert asked


def test_waiting_threads_take_what_the_first_got():
    source, began, let_go, asked = TokenSource(), threading.Event(), threading.Event(), []

    def ask_slowly() -> Grant:
        asked.append(1)
        began.set()
        let_go.wait(5)
        return Grant("token-a", 7200)

    with ThreadPoolExecutor(5) as callers:
        taken = [callers.submit(source.take, ask_slowly, lambda: 0.0) for _ in range(5)]
        began.wait(5)
        let_go.set()
        assert {one.result() for one in taken} == {"token-a"}
    assert len(asked) == 1
