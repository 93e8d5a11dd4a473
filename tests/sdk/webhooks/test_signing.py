"""Proving calls: tokens, schemes of one's own, and callers who send anything at all."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigInvalid, NotFound, Unauthentic
from hub.sdk.webhooks import SCHEMES, Call, HmacScheme, Scheme, TokenScheme, check_secret, find_scheme, verify_call

NOW = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
SECRETS = ("whsec_MDEyMzQ1Njc4OWFiY2RlZg==",)  # pragma: allowlist secret
HEADERS = sorted({scheme.header for scheme in SCHEMES.values()} | {"webhook-id", "webhook-timestamp"})
ANY_TEXT = st.text(st.characters(max_codepoint=255), max_size=60) | st.from_regex(r"(t=|v1,|v0=|sha256=)[0-9a-f,= ]*")


def make_call(headers: Mapping[str, str], body: bytes = b"{}", target: str = "/hooks/shop") -> Call:
    return Call("POST", target, headers, body, NOW)


@given(st.sampled_from(sorted(SCHEMES)), st.dictionaries(st.sampled_from(HEADERS), ANY_TEXT, max_size=4), st.binary())
def test_whatever_comes_is_refused_and_nothing_breaks(name: str, headers: dict[str, str], body: bytes):
    with pytest.raises(Unauthentic):
        verify_call(find_scheme(name), make_call(headers, body), SECRETS, public_url="https://hub.example.com")


def sign(key: bytes, *parts: bytes) -> str:
    return hmac.new(key, b"".join(parts), hashlib.sha256).hexdigest()


def test_a_scheme_of_ones_own_is_data():
    scheme = HmacScheme(
        header="X-Shop-Sign",
        signed="{header:X-Shop-Id}|{timestamp}|{url}|{body}",
        prefix="v2:",
        timestamp="X-Shop-Time",
    )
    stamp = str(int(NOW.timestamp()))
    signature = sign(b"shop", b"77|", stamp.encode(), b"|https://hub.example.com/hooks/shop?a=1|", b"{}")
    headers = {"x-shop-sign": f"v2:{signature}", "x-shop-id": "77", "x-shop-time": stamp}
    call = make_call(headers, target="/hooks/shop?a=1")
    verify_call(scheme, call, ["shop"], public_url="https://hub.example.com/")
    with pytest.raises(Unauthentic):
        verify_call(scheme, call, ["shop"], public_url="https://other.example.com")
    upper = make_call({**headers, "x-shop-sign": f"v2:{signature.upper()}"}, target="/hooks/shop?a=1")
    verify_call(scheme, upper, ["shop"], public_url="https://hub.example.com")


@pytest.mark.parametrize("template", ["{boddy}", "{body", "{header:}", "{Body}"])
def test_a_template_with_a_mistake_is_refused(template: str):
    from hub.sdk.webhooks import check_signed

    with pytest.raises(ValueError):
        check_signed(template)


@pytest.mark.parametrize(
    ("scheme", "header", "good"),
    [
        (TokenScheme(), "Bearer open-sesame", True),
        (TokenScheme(), "bearer open-sesame", True),
        (TokenScheme(), "open-sesame", False),
        (TokenScheme(), "Bearer open-sesam", False),
        (TokenScheme(), "Bearer ", False),
        (TokenScheme(), "Bearer öpen-sesame", False),
        (TokenScheme(prefix=""), "open-sesame", True),
        (TokenScheme(prefix=""), "", False),
    ],
)
def test_a_token(scheme: Scheme, header: str, good: bool):
    call = make_call({"authorization": header})
    if good:
        verify_call(scheme, call, ["other", "open-sesame"])
        return
    with pytest.raises(Unauthentic):
        verify_call(scheme, call, ["other", "open-sesame"])


def test_a_secret_that_cannot_be_one_is_told():
    with pytest.raises(ConfigInvalid):
        check_secret(find_scheme("standard-webhooks"), "whsec_not base64")
    check_secret(find_scheme("stripe"), "whsec_not base64")


def test_an_unknown_scheme_names_the_known_ones():
    with pytest.raises(NotFound) as refused:
        find_scheme("carrier-pigeon")
    assert "standard-webhooks" in refused.value.text()
