"""Is a caller who it says it is? The server's side of both signatures and of the signed login."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import quote

MASK = b"0054f397c6234378b09ca7d3e5debce7"  # pragma: allowlist secret
"""Printed in the vendor's own library; it hides nothing."""
SIGNED = ("x-api-nonce", "x-api-timestamp")


def unmask_secret(app_id: str) -> str:
    """The key of the gateway's signature, from the second half of the application's id; empty when it has none."""
    _, _, hidden = app_id.partition("_")
    try:
        raw = base64.b64decode(hidden, validate=True)
    except binascii.Error:
        return ""
    return base64.b64encode(bytes(one ^ other for one, other in zip(raw, MASK, strict=False))).decode()


def _sign(text: str, key: str) -> str:
    digest = hmac.new(key.encode(), text.encode(), sha256).hexdigest()
    return base64.b64encode(digest.encode()).decode()


def make_gateway_signature(path: str, headers: Mapping[str, str], app_id: str) -> str:
    """What ``X-Api-Signature`` must be for this path (as it stands on the wire, not yet encoded)."""
    listed = "".join(f"{name}:{headers.get(name, '')}\n" for name in SIGNED)
    return _sign(f"POST\n{quote(path).replace('/', '%2F')}\n\n{listed}", unmask_secret(app_id))


def make_data_signature(app_id: str, app_data: str, secret: str) -> str:
    """What ``X-Kd-Signature`` must be; ``app_data`` is the plain text."""
    return _sign(app_id + app_data, secret)


def make_login_signature(account: str, user: str, app_id: str, secret: str, timestamp: str) -> str:
    """What ``LoginBySign`` must send: the five texts in the order of the alphabet, joined."""
    return sha256("".join(sorted((account, user, app_id, secret, timestamp))).encode()).hexdigest()


def read_app_data(headers: Mapping[str, str]) -> list[str]:
    """``[account, user, language, organisation]`` of ``X-Kd-Appdata``; empty when there is none to read."""
    try:
        parts = base64.b64decode(headers.get("x-kd-appdata", ""), validate=True).decode().split(",")
    except (binascii.Error, UnicodeDecodeError):
        return []
    return parts if len(parts) == 4 else []


def is_signed_by(headers: Mapping[str, str], path: str, app_id: str, secret: str) -> bool:
    """Whether both signatures are those of this application."""
    wanted = (
        (headers.get("x-api-clientid", ""), app_id.partition("_")[0]),
        (headers.get("x-kd-appkey", ""), app_id),
        (headers.get("x-api-auth-version", ""), "2.0"),
        (headers.get("x-api-signature", ""), make_gateway_signature(path, headers, app_id)),
        (
            headers.get("x-kd-signature", ""),
            make_data_signature(app_id, ",".join(read_app_data(headers)), secret),
        ),
    )
    return all(hmac.compare_digest(given.encode(), right.encode()) for given, right in wanted)
