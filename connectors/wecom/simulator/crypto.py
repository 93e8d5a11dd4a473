"""Callbacks as the vendor writes them: AES-256-CBC with the first half of the key as IV, blocks of 32, sha1 over four
sorted texts."""

from __future__ import annotations

import base64
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


def sign(token: str, timestamp: str, nonce: str, encrypted: str) -> str:
    return hashlib.sha1("".join(sorted((token, timestamp, nonce, encrypted))).encode()).hexdigest()  # noqa: S324 - theirs


def encrypt(aes_key: str, message: bytes, receive_id: str, lead: bytes) -> str:
    """``lead``: 16 bytes that nobody can foresee."""
    key = base64.b64decode(aes_key + "=")
    plain = lead + struct.pack(">I", len(message)) + message + receive_id.encode()
    short = BLOCK - len(plain) % BLOCK
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(cipher.update(plain + bytes([short]) * short) + cipher.finalize()).decode()
