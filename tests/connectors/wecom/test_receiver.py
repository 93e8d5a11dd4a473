"""Callbacks: proved before anything is read, told apart, and never more than hints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.wecom.config import WecomConfig
from connectors.wecom.receiver import WecomReceiver
from connectors.wecom.simulator.callbacks import write_xml
from connectors.wecom.simulator.crypto import encrypt, sign
from hub.errors import MappingError, Unauthentic
from hub.sdk.webhooks import Call
from tests.connectors.wecom.conftest import VECTORS

EVENT, ECHO = VECTORS["event"], VECTORS["echostr"]
NOW = datetime.fromtimestamp(int(EVENT["timestamp"]), UTC)
CUSTOMER, MEMBER = "change_external_contact", "change_contact"
TOLD = {"ToUserName": EVENT["receive_id"], "CreateTime": EVENT["timestamp"], "MsgType": "event"}


def make_receiver(**more: Any) -> WecomReceiver:
    keys = {"secret": EVENT["token"], "callback_token": EVENT["token"], "aes_key": EVENT["encoding_aes_key"]}
    told = {"corp_id": EVENT["receive_id"], **keys, **more}
    return WecomReceiver(WecomConfig.model_validate(told))


def make_call(sealed: str, *, method: str = "POST", at: datetime = NOW, **query: str) -> Call:
    timestamp, nonce = EVENT["timestamp"], EVENT["nonce"]
    asked = {"msg_signature": sign(EVENT["token"], timestamp, nonce, sealed), "timestamp": timestamp, "nonce": nonce}
    asked |= {"echostr": sealed} if method == "GET" else {}
    body = (
        b""
        if method == "GET"
        else f"<xml><ToUserName><![CDATA[ww]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()
    )
    return Call(method, f"/hooks/wecom?{urlencode({**asked, **query})}", {}, body, at)


def seal(event: Mapping[str, str], to: str = EVENT["receive_id"]) -> str:
    return encrypt(EVENT["encoding_aes_key"], write_xml({**TOLD, **event}).encode(), to, b"0123456789abcdef")


def test_the_address_check_is_echoed_bare():
    received = make_receiver().receive(make_call(ECHO["encrypt"], method="GET"))
    assert received.answer is not None
    assert (received.answer.status, received.answer.body, received.keep) == (200, ECHO["plain"].encode(), False)
    assert received.answer.content_type.startswith("text/plain")


def test_a_plus_in_the_echo_survives_the_query():
    sealed = next(
        made
        for n in range(999)
        if "+" in (made := encrypt(EVENT["encoding_aes_key"], b"1", EVENT["receive_id"], n.to_bytes(16, "big")))
    )
    call = make_call(sealed, method="GET")
    assert quote(sealed, safe="") in call.target
    answer = make_receiver().receive(call).answer
    assert answer is not None
    assert answer.body == b"1"


def test_the_made_event_names_its_customer_and_comes_once():
    receiver = make_receiver()
    received = receiver.receive(make_call(EVENT["encrypt"]))
    assert received.keep
    assert (
        received.key
        == f"{CUSTOMER} add_external_contact zhang.san wmHUBTEST000000000000000000000001 {EVENT['timestamp']}"
    )
    (notice,) = receiver.read(make_call(EVENT["encrypt"]))
    assert (notice.stream, notice.external_id, notice.record) == (
        "external_contact",
        "wmHUBTEST000000000000000000000001",
        None,
    )


def test_the_same_event_encrypted_anew_is_the_same_event():
    plain = {"Event": "change_external_contact", "ChangeType": "edit_external_contact", "ExternalUserID": "wm1"}
    keys = {make_receiver().receive(make_call(seal({**plain, **more}))).key for more in ({}, {"WelcomeCode": "W2"})}
    assert len(keys) == 1
    assert make_receiver().receive(make_call(seal({"MsgId": "17", "MsgType": "text"}))).key == "17"


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"Event": CUSTOMER, "ChangeType": "del_follow_user", "ExternalUserID": "wm1"}, ["external_contact wm1"]),
        ({"Event": CUSTOMER, "ChangeType": "transfer_fail", "ExternalUserID": "wm1"}, ["external_contact wm1"]),
        ({"Event": MEMBER, "ChangeType": "update_user", "UserID": "a", "NewUserID": "b"}, ["member a", "member b"]),
        ({"Event": MEMBER, "ChangeType": "delete_user", "UserID": "a"}, ["member a"]),
        ({"Event": MEMBER, "ChangeType": "update_party", "Id": "2"}, []),
        ({"Event": "modify_schedule", "CalId": "wc1", "ScheduleId": "ws1"}, ["schedule ws1"]),
        ({"Event": "change_external_tag", "ChangeType": "update", "Id": "et1"}, []),
        ({"Event": "change_external_chat", "ChangeType": "create", "ChatId": "wr1"}, []),
        ({"MsgType": "text", "Content": "你好", "MsgId": "1"}, []),
    ],
)
def test_what_an_event_is_about(event, wanted):
    found = make_receiver().read(make_call(seal(event)))
    assert [f"{notice.stream} {notice.external_id}" for notice in found] == wanted


def test_what_the_admin_ignores_is_about_nothing_and_the_unknown_is_kept_for_a_person():
    event = {"Event": "change_contact", "ChangeType": "create_user", "UserID": "a"}
    assert make_receiver(ignore="change_contact; x").read(make_call(seal(event))) == ()
    assert make_receiver(ignore=("create_user",)).read(make_call(seal(event))) == ()
    with pytest.raises(MappingError):
        make_receiver().read(make_call(seal({"Event": "something_new"})))


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_call_of_another_time_is_refused(seconds):
    with pytest.raises(Unauthentic):
        make_receiver().receive(make_call(EVENT["encrypt"], at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    "query",
    [{"msg_signature": "0" * 40}, {"msg_signature": ""}, {"timestamp": "now"}, {"timestamp": "٣"}, {"nonce": "x"}],
)
def test_a_forged_call_is_refused(query):
    for method in ("GET", "POST"):
        with pytest.raises(Unauthentic):
            make_receiver().receive(make_call(EVENT["encrypt"], method=method, **query))


def test_a_call_for_another_company_is_refused():
    with pytest.raises(Unauthentic) as caught:
        make_receiver().receive(make_call(seal({"Event": "x"}, "ww0000000000000000")))
    assert caught.value.code == "wecom.call_receiver"


@pytest.mark.parametrize("method", ["OPTIONS", "PUT"])
def test_other_methods_prove_nothing(method):
    with pytest.raises(Unauthentic):
        make_receiver().receive(make_call(EVENT["encrypt"], method=method))


@given(st.binary(max_size=200))
def test_no_body_breaks_it(body):
    call = Call("POST", make_call("AAAA").target, {}, body, NOW)
    with pytest.raises(Unauthentic):
        make_receiver().receive(call)


@pytest.mark.parametrize("settings", [{"aes_key": "short"}, {"aes_key": None}, {"callback_token": "with-dash"}])
def test_settings_that_cannot_be_prove_nobody(settings):
    with pytest.raises(Unauthentic):
        make_receiver(**settings).receive(make_call(EVENT["encrypt"]))


def test_a_changed_key_leaves_what_was_kept_for_a_person():
    receiver = make_receiver(aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")  # pragma: allowlist secret
    with pytest.raises(MappingError):
        receiver.read(make_call(EVENT["encrypt"]))


@pytest.mark.parametrize("plain", ["<xml>", "no xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><xml><Event>&a;</Event></xml>"])
def test_what_was_proved_and_is_no_event_is_refused(plain):
    sealed = encrypt(EVENT["encoding_aes_key"], plain.encode(), EVENT["receive_id"], b"0" * 16)
    with pytest.raises(Unauthentic):
        make_receiver().receive(make_call(sealed))
