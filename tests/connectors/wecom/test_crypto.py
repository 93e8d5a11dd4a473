"""Callbacks byte for byte: the vendor's example, made ones, and both libraries against both of our sides."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import WeChatCrypto  # type: ignore[import-untyped]  # it ships no types

from connectors.wecom.config import decode_aes_key
from connectors.wecom.crypto import check_signature, decrypt, sign_callback
from connectors.wecom.simulator import crypto as theirs
from hub.errors import Unauthentic
from tests.connectors.wecom.conftest import VECTORS
from tests.connectors.wecom.oracles import NodeCrypto

NAMES = sorted(VECTORS)
MADE = VECTORS["event"]


def key_of(vector: Any) -> bytes:
    key = decode_aes_key(vector["encoding_aes_key"])
    assert key is not None
    return key


def open_raw(vector: Any) -> bytes:
    """Everything inside, the filling too."""
    key = key_of(vector)
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    return cipher.update(base64.b64decode(vector["encrypt"])) + cipher.finalize()


@pytest.mark.parametrize("name", NAMES)
def test_a_known_callback_is_proved_and_read(name):
    vector = VECTORS[name]
    asked = [vector[part] for part in ("token", "timestamp", "nonce", "encrypt")]
    assert sign_callback(*asked) == theirs.sign(*asked) == vector["msg_signature"]
    check_signature(vector["msg_signature"], *asked)
    plain = decrypt(key_of(vector), vector["encrypt"], vector["receive_id"])
    if vector["plain"] is None:
        assert len(plain) == vector["plain_utf8_bytes"]
        assert open_raw(vector)[-1] == vector["padding_bytes"] == 30, "an unpadder of 16 would refuse it"
    else:
        assert plain == vector["plain"].encode()


@pytest.mark.parametrize("name", NAMES)
def test_what_the_simulator_encrypts_is_the_same_to_the_byte(name):
    vector = VECTORS[name]
    plain = decrypt(key_of(vector), vector["encrypt"], vector["receive_id"])
    lead = open_raw(vector)[:16]
    assert theirs.encrypt(vector["encoding_aes_key"], plain, vector["receive_id"], lead) == vector["encrypt"]


@pytest.mark.parametrize("name", NAMES)
def test_wechatpy_reads_it_alike_and_what_it_writes_is_read(name):
    vector = VECTORS[name]
    plain = decrypt(key_of(vector), vector["encrypt"], vector["receive_id"]).decode()
    library = WeChatCrypto(vector["token"], vector["encoding_aes_key"], vector["receive_id"])
    asked = (vector["msg_signature"], vector["timestamp"], vector["nonce"])
    assert library.check_signature(*asked, vector["encrypt"]) == plain
    written = library.encrypt_message(plain, vector["nonce"], vector["timestamp"])
    sealed = written.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    assert f"[{sign_callback(vector['token'], vector['timestamp'], vector['nonce'], sealed)}]" in written
    assert decrypt(key_of(vector), sealed, vector["receive_id"]).decode() == plain


@pytest.mark.parametrize("name", NAMES)
def test_the_vendors_library_reads_and_writes_the_same_bytes(name, node_crypto: NodeCrypto):
    vector = VECTORS[name]
    asked = [vector[part] for part in ("token", "timestamp", "nonce", "encrypt")]
    assert node_crypto.call("getSignature", *asked) == sign_callback(*asked)
    plain = decrypt(key_of(vector), vector["encrypt"], vector["receive_id"]).decode()
    told = node_crypto.call("decrypt", vector["encoding_aes_key"], vector["encrypt"])
    assert (told["message"], told["id"]) == (plain, vector["receive_id"])
    lead = open_raw(vector)[:16]
    made = node_crypto.call("encrypt", vector["encoding_aes_key"], plain, vector["receive_id"], lead)
    assert made == theirs.encrypt(vector["encoding_aes_key"], plain.encode(), vector["receive_id"], lead)
    assert made == vector["encrypt"]


@given(st.text(max_size=120), st.binary(min_size=16, max_size=16))
def test_whatever_is_encrypted_comes_out_again(text, lead):
    sealed = theirs.encrypt(MADE["encoding_aes_key"], text.encode(), MADE["receive_id"], lead)
    assert decrypt(key_of(MADE), sealed, MADE["receive_id"]).decode() == text


@given(st.binary(max_size=80))
def test_garbage_is_refused_and_nothing_else_happens(noise):
    for sealed in (base64.b64encode(noise).decode(), noise.decode("latin-1")):
        with pytest.raises(Unauthentic):
            decrypt(key_of(MADE), sealed, MADE["receive_id"])


def test_a_message_for_somebody_else_is_refused():
    with pytest.raises(Unauthentic) as caught:
        decrypt(key_of(MADE), MADE["encrypt"], "ww0000000000000000")
    assert caught.value.code == "wecom.call_receiver"


@pytest.mark.parametrize("given_", ["", "x", "é" * 40, MADE["msg_signature"].upper(), "0" * 40])
def test_a_wrong_signature_is_refused(given_):
    with pytest.raises(Unauthentic):
        check_signature(given_, *[MADE[part] for part in ("token", "timestamp", "nonce", "encrypt")])


@pytest.mark.parametrize("text", ["", "short", MADE["encoding_aes_key"] + "A", "-" * 43, "中" * 43])
def test_what_cannot_be_a_key(text):
    assert decode_aes_key(text) is None
