"""Signature and cipher of callbacks (WXBizMsgCrypt, developer.work.weixin.qq.com/document/path/91144)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hub.errors import Unauthentic

BLOCK = 32
"""The padding fills up to 32 bytes, twice the block of the cipher: a common unpadder refuses it."""
LEAD, LENGTH = 16, 4


def sign_callback(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    """sha1 over the four texts, sorted and joined, in hex: the vendor's choice."""
    joined = "".join(sorted((token, timestamp, nonce, encrypted)))
    return hashlib.sha1(joined.encode()).hexdigest()  # noqa: S324 - the vendor's scheme


def check_signature(given: str, token: str, timestamp: str, nonce: str, encrypted: str) -> None:
    """``Unauthentic`` unless it was signed with this token."""
    wanted = sign_callback(token, timestamp, nonce, encrypted)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        raise Unauthentic("wecom.call_signature")


def decrypt(key: bytes, encrypted: str, receive_id: str) -> bytes:
    """The message inside. ``Unauthentic`` when it was not encrypted with this key, or is meant for somebody else."""
    try:
        sealed = base64.b64decode(encrypted, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unauthentic("wecom.call_cipher") from error
    if not sealed or len(sealed) % 16:
        raise Unauthentic("wecom.call_cipher")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = cipher.update(sealed) + cipher.finalize()
    short = plain[-1]
    if not 1 <= short <= BLOCK or len(plain) < LEAD + LENGTH + short:
        raise Unauthentic("wecom.call_cipher")
    content = plain[LEAD:-short]
    size = int.from_bytes(content[:LENGTH], "big")
    message, receiver = content[LENGTH : LENGTH + size], content[LENGTH + size :]
    if len(message) != size or not hmac.compare_digest(receiver, receive_id.encode()):
        raise Unauthentic("wecom.call_receiver")
    return message
