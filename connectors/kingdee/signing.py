"""How a call proves who it is: two signatures in its headers, or one in a login."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

VENDOR_MASK = "0054f397c6234378b09ca7d3e5debce7"  # pragma: allowlist secret
"""Of the vendor's own library (``x-kdapi-secpwd``)."""


def unmask_key(app_id: str, mask: str) -> str:
    """The gateway's key, hidden in the second half of the application id. Empty where there is no second half: such an
    account has no gateway that would look."""
    hidden = app_id.partition("_")[2]
    try:
        raw = base64.b64decode(hidden)
    except ValueError:
        return ""
    pad = mask.encode()
    return base64.b64encode(bytes(byte ^ pad[place % len(pad)] for place, byte in enumerate(raw))).decode()


def _sign(key: str, text: str) -> str:
    """The digest as hexadecimal text, and that text in Base64: not the bytes."""
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256").hex().encode()).decode()


def sign_call(
    path: str, *, app_id: str, app_secret: str, mask: str, app_data: str, timestamp: int, nonce: str
) -> Mapping[str, str]:
    """The headers of one POST to ``path`` (with the folder before the service). ``app_data``: account set, user,
    language and organisation, with commas between."""
    encoded = quote(path).replace("/", "%2F")
    text = f"POST\n{encoded}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{timestamp}\n"
    return {
        "x-api-clientid": app_id.partition("_")[0],
        "x-api-auth-version": "2.0",
        "x-api-timestamp": str(timestamp),
        "x-api-nonce": nonce,
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "x-api-signature": _sign(unmask_key(app_id, mask), text),
        "x-kd-appkey": app_id,
        "x-kd-appdata": base64.b64encode(app_data.encode()).decode(),
        "x-kd-signature": _sign(app_secret, app_id + app_data),
    }


def sign_login(account_set: str, user: str, app_id: str, app_secret: str, timestamp: int) -> str:
    """The signature of ``LoginBySign``: the five texts in the order of the alphabet, joined and digested."""
    parts = sorted((account_set, user, app_id, app_secret, str(timestamp)))
    return hashlib.sha256("".join(parts).encode()).hexdigest()
