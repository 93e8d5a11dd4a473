"""What an answer means. The server says everything with HTTP 200; the errcode decides, its words are for people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx

from hub.errors import IsthmusError, Locked, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk import read_json

BUSY, LIMIT, CROWDED = -1, 45009, 45033
TOKEN_CODES = frozenset({40001, 40014, 41001, 42001})
"""On a call that brought a token: that token is no good any more. 40001 of gettoken is a wrong secret."""
GONE_CODES = frozenset({40003, 40096, 46004, 60111, 84061, 84084, 90457, 90463})
"""The member, customer, relation, calendar or schedule is not there, or not there for this app."""
HIDDEN = 60011
"""A member whom this app does not see; for a whole list, a right that is missing."""
LIMIT_S, CROWDED_S = 60.0, 2.0
"""The windows are a minute, an hour and a day, and the answer does not say which was hit: asked again every minute."""
CONSENT: Mapping[int, str] = {
    40001: "wecom.login_refused",
    40091: "wecom.login_refused",
    40013: "wecom.corp_wrong",
    40056: "wecom.agent_wrong",
    301002: "wecom.agent_wrong",
    50003: "wecom.app_disabled",
    60020: "wecom.address_untrusted",
    93000: "wecom.robot_wrong",
    **dict.fromkeys((48002, 50002, HIDDEN, 60021, 84074), "wecom.right_missing"),
}
"""What only a person in the vendor's console can mend."""
FOREIGN = frozenset({90466, 90477, 90479})
"""A calendar or schedule that a person or another app has made."""
CANCELLED = 90465
_ADDRESS = re.compile(r"from ip: ?([0-9A-Fa-f.:]+)")


def parse_answer(response: httpx.Response) -> dict[str, Any] | None:
    """The object of an answer; None when it holds anything else than the server's own."""
    try:
        found = read_json(response.content, parse_float=float)
    except ValueError:
        return None
    return found if isinstance(found, dict) and type(found.get("errcode")) is int else None


def explain(answer: Mapping[str, Any], path: str, *, writes: bool) -> IsthmusError:
    """The error that an errcode stands for, of the class that says what happens next."""
    code, words = int(answer["errcode"]), str(answer.get("errmsg") or "")[:300]
    told: dict[str, Any] = {"errcode": code, "path": path}
    if code == BUSY:
        # Whether a write was carried out before the server gave up is not said.
        return (
            OutcomeUnknown("wecom.busy", vendor=words, **told)
            if writes
            else Transient("wecom.busy", vendor=words, **told)
        )
    if code in (LIMIT, CROWDED):
        wait_s = LIMIT_S if code == LIMIT else CROWDED_S
        return Transient("wecom.limit", vendor=words, retry_after_s=wait_s, **told)
    if code in CONSENT:
        return NeedsConsent(CONSENT[code], vendor=words, address=find_address(words), **told)
    if code in TOKEN_CODES:
        return NeedsConsent("wecom.token_refused", vendor=words, **told)
    if code in GONE_CODES:
        return Rejected("wecom.gone", vendor=words, **told)
    if code in FOREIGN or code == CANCELLED:
        return Locked("wecom.locked", vendor=words, **told)
    return Rejected("wecom.refused", vendor=words, **told)


def find_address(words: str) -> str:
    """Our own address as the server sees it; it stands in the words of a refusal."""
    found = _ADDRESS.search(words)
    return found[1] if found else "—"


def is_gone(error: IsthmusError) -> bool:
    """Whether a refusal says that the record is not there."""
    return error.params.get("errcode") in GONE_CODES
