"""Proving a call by a shared secret: one function over schemes that are data."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from hub.errors import ConfigInvalid, Unauthentic
from hub.sdk.webhooks.calls import Call

TOLERANCE_S = 300
"""By how much the sender's clock may differ from ours, both ways."""
_PART = re.compile(r"\{([a-z]+(?::[A-Za-z0-9-]+)?)\}")
_KEY_PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class HmacScheme:
    """HMAC-SHA256 over parts of the call. ``header`` has the signature."""

    header: str
    signed: str = "{body}"
    """What is signed: text with ``{body}``, ``{timestamp}``, ``{method}``, ``{url}`` and ``{header:NAME}`` in it."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the signature is written."""
    prefix: str = ""
    """What stands before the signature, such as ``sha256=``. Entries with another prefix are passed over."""
    form: Literal["one", "list", "fields"] = "one"
    """One signature; a list with blanks between; or fields with commas between (``t=1700000000,v1=…``)."""
    timestamp: str = ""
    """The header (or field) with the time of the call; empty: there is none."""
    unit: Literal["s", "ms"] = "s"
    """Of the timestamp, since 1970."""
    key: Literal["text", "base64"] = "text"
    """Whether the secret is the key itself, or Base64 of it (after ``whsec_``)."""
    delivery: str = ""
    """Where the sender's id of the delivery is: ``header:NAME``, or a path in a JSON body."""


@dataclass(frozen=True, slots=True)
class TokenScheme:
    """The secret itself stands in a ``header``, after ``prefix``. ``delivery`` as above. It proves the caller, not the
    body, so it needs TLS all the way."""

    header: str = "authorization"
    prefix: str = "Bearer "
    delivery: str = ""


Scheme = HmacScheme | TokenScheme
"""How calls are proved."""


def verify_call(
    scheme: Scheme, call: Call, secrets: Sequence[str], *, tolerance_s: int = TOLERANCE_S, public_url: str = ""
) -> None:
    """Nothing when one of the ``secrets`` proves the call; else ``Unauthentic``, whatever the call looks like. Every
    comparison takes the same time. ``public_url``: how the sender addresses this hub, without the path."""
    given = call.headers.get(scheme.header.lower())
    if not given:
        raise Unauthentic("sdk.call_unsigned", header=scheme.header)
    if isinstance(scheme, TokenScheme):
        _verify_token(scheme, given, secrets)
        return
    fields = _read_fields(given) if scheme.form == "fields" else []
    stamp = _find_timestamp(scheme, call, fields)
    if stamp is not None:
        _check_time(stamp, scheme.unit, call, tolerance_s)
    candidates = _list_candidates(scheme, given, fields)
    message = _compile_signed(scheme.signed)(call, stamp or "", public_url)
    if not _matches(scheme, message, candidates, secrets):
        raise Unauthentic("sdk.call_signature")


def check_secret(scheme: Scheme, secret: str) -> None:
    """``ConfigInvalid`` when this cannot be a secret of the scheme."""
    if isinstance(scheme, HmacScheme):
        _read_key(scheme, secret)


def check_signed(template: str) -> None:
    """``ValueError`` names a part of the template that does not exist."""
    for part in _PART.findall(template):
        if part not in ("body", "timestamp", "method", "url") and not part.startswith("header:"):
            raise ValueError(part)
    left = _PART.sub("", template)
    if "{" in left or "}" in left:
        raise ValueError(left)


def _verify_token(scheme: TokenScheme, given: str, secrets: Sequence[str]) -> None:
    token = given[len(scheme.prefix) :] if given.lower().startswith(scheme.prefix.lower()) else ""
    found = _to_bytes(token)
    equal = [hmac.compare_digest(found, secret.encode()) for secret in secrets]
    if not any(equal) or not found:
        raise Unauthentic("sdk.call_token")


def _to_bytes(text: str) -> bytes:
    """Headers come as Latin-1; what is no ASCII matches nothing."""
    return text.encode("ascii") if text.isascii() else b""


def _read_fields(given: str) -> list[tuple[str, str]]:
    return [(name.strip(), value.strip()) for name, _, value in (part.partition("=") for part in given.split(","))]


def _find_timestamp(scheme: HmacScheme, call: Call, fields: Sequence[tuple[str, str]]) -> str | None:
    if not scheme.timestamp:
        return None
    if scheme.form == "fields":
        found = [value for name, value in fields if name == scheme.timestamp]
        return found[0] if len(found) == 1 else ""
    return call.headers.get(scheme.timestamp.lower(), "")


def _check_time(stamp: str, unit: str, call: Call, tolerance_s: int) -> None:
    """Whole numbers only: what is signed is the text, and a fraction would be read in two ways."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
        raise Unauthentic("sdk.call_time_unreadable")
    sent_s = int(stamp) / (1000 if unit == "ms" else 1)
    if abs(call.received_at.timestamp() - sent_s) > tolerance_s:
        raise Unauthentic("sdk.call_time", tolerance=tolerance_s)


def _list_candidates(scheme: HmacScheme, given: str, fields: Sequence[tuple[str, str]]) -> list[bytes]:
    if scheme.form == "fields":
        texts = [value for name, value in fields if f"{name}=" == scheme.prefix]
    else:
        entries = given.split(" ") if scheme.form == "list" else [given]
        texts = [entry[len(scheme.prefix) :] for entry in entries if entry.startswith(scheme.prefix)]
    lowered = [text.lower() if scheme.encoding == "hex" else text for text in texts]
    return [found for text in lowered if (found := _to_bytes(text))]


def _matches(scheme: HmacScheme, message: bytes, candidates: Sequence[bytes], secrets: Sequence[str]) -> bool:
    found = False
    for secret in secrets:
        digest = hmac.digest(_read_key(scheme, secret), message, "sha256")
        expected = base64.b64encode(digest) if scheme.encoding == "base64" else digest.hex().encode()
        for candidate in candidates:
            found |= hmac.compare_digest(expected, candidate)
    return found


@lru_cache(maxsize=256)
def _read_key(scheme: HmacScheme, secret: str) -> bytes:
    if scheme.key == "text":
        return secret.encode()
    try:
        return base64.b64decode(secret.strip().removeprefix(_KEY_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigInvalid("sdk.webhook_secret") from error


@lru_cache(maxsize=64)
def _compile_signed(template: str) -> Callable[[Call, str, str], bytes]:
    """The template as a function of call, timestamp and public address."""
    check_signed(template)
    pieces = _PART.split(template)  # text, part, text, part, … text

    def join(call: Call, stamp: str, public_url: str) -> bytes:
        return b"".join(
            _read_part(piece, call, stamp, public_url) if place % 2 else piece.encode()
            for place, piece in enumerate(pieces)
        )

    return join


def _read_part(part: str, call: Call, stamp: str, public_url: str) -> bytes:
    if part == "body":
        return call.body
    if part == "timestamp":
        return stamp.encode("latin-1", "replace")
    if part == "method":
        return call.method.encode()
    if part == "url":
        return f"{public_url.rstrip('/')}{call.target}".encode("latin-1", "replace")
    return call.headers.get(part.removeprefix("header:").lower(), "").encode("latin-1", "replace")


def digest_body(body: bytes) -> str:
    """What tells a delivery from others where its sender gives it no id."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


__all__ = ["TOLERANCE_S", "HmacScheme", "Scheme", "TokenScheme", "check_secret", "check_signed", "verify_call"]
