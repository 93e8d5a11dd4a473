"""Both sides sign as the vendor's own library does: its vectors, byte for byte, and calls of its very code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from k3cloud_webapi_sdk.main import K3CloudApiSdk  # type: ignore[import-untyped]  # the vendor ships no types

from connectors.kingdee.signing import sign_call, sign_login, unmask_key
from connectors.kingdee.simulator import signing as server

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.jsonl").read_text(encoding="utf-8"))
APP_ID, SECRET, MASK = VECTORS["app_id"], VECTORS["app_secret"], VECTORS["mask"]
APP_DATA = f"{VECTORS['acct_id']},{VECTORS['user']},{VECTORS['lcid']},{VECTORS['org_num']}"


@pytest.mark.parametrize("call", VECTORS["calls"], ids=lambda call: call["path"].split(".")[-3])
def test_a_call_is_signed_byte_for_byte(call):
    wanted = call["headers"]
    made = sign_call(
        call["path"], app_id=APP_ID, app_secret=SECRET, mask=MASK, app_data=APP_DATA,
        timestamp=int(wanted["x-api-timestamp"]), nonce=wanted["x-api-nonce"],
    )  # fmt: skip
    assert {name: made[name] for name in wanted} == wanted


@pytest.mark.parametrize("call", VECTORS["calls"], ids=lambda call: call["path"].split(".")[-3])
def test_the_simulator_takes_these_signatures_and_no_others(call):
    headers = {**call["headers"], "x-kd-appkey": APP_ID, "x-api-auth-version": "2.0"}
    assert server.is_signed_by(headers, call["path"], APP_ID, SECRET)
    assert not server.is_signed_by(headers, call["path"] + "x", APP_ID, SECRET)
    assert not server.is_signed_by(headers, call["path"], APP_ID, SECRET[::-1])
    for name in headers:
        if name != "x-api-signheaders":
            assert not server.is_signed_by({**headers, name: "MTIzNA=="}, call["path"], APP_ID, SECRET), name


def test_a_login_is_signed_as_documented():
    login = VECTORS["login_by_sign"]
    who = (VECTORS["acct_id"], VECTORS["user"], APP_ID, SECRET)
    assert sign_login(*who, login["timestamp"]) == login["sign"]
    assert server.make_login_signature(*who, str(login["timestamp"])) == login["sign"]


def test_an_application_without_a_hidden_half_has_no_gateway_key():
    assert unmask_key("123456", MASK) == server.unmask_secret("123456") == ""


words = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=12)


@given(user=words, account=words, secret=words, service=words, org=st.integers(0, 999))
def test_the_vendors_library_signs_alike_whatever_the_names(user, account, secret, service, org):
    sdk = K3CloudApiSdk("http://127.0.0.1:9/k3cloud")
    sdk.InitConfig(account, user, APP_ID, secret, "http://127.0.0.1:9/k3cloud", org_num=org)
    theirs = {
        name.lower(): value
        for name, value in sdk.BuildHeader(f"http://127.0.0.1:9/k3cloud/{service}.common.kdsvc").items()
    }
    ours = sign_call(
        f"/k3cloud/{service}.common.kdsvc", app_id=APP_ID, app_secret=secret, mask=MASK,
        app_data=f"{account},{user},2052,{org}", timestamp=int(theirs["x-api-timestamp"]), nonce=theirs["x-api-nonce"],
    )  # fmt: skip
    assert {name: theirs[name] for name in ours} == dict(ours)
    assert server.is_signed_by(theirs, f"/k3cloud/{service}.common.kdsvc", APP_ID, secret)
