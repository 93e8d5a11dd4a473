"""Calls of 企查查: signed, sent once, and their status texts told apart by what happens next.

Facts: the vendor's status list (openapi.qcc.com, 状态码) says which requests are valid, and therefore billed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from hashlib import md5
from typing import Any

from connectors.qichacha.config import QichachaConfig
from hub.errors import IsthmusError, NeedsConsent, NegativeResult, NotReady, OutcomeUnknown, Rejected, Transient
from hub.sdk import HttpClient, Tools

OK, NONE = "200", "201"
REFUSED = frozenset({"202", "207", "208", "209", "213", "215", "218", "219"})
"""The question was wrong, and is counted as a valid request."""
ASK_AGAIN_S = {"205": 10.0, "110": 7200.0}
"""Valid requests without an answer yet: the same question again not before so many seconds."""
OFFLINE_S = {"105": 3600.0}
"""The same of an interface that is off, whatever it is asked."""
TOMORROW = frozenset({"109", "116"})
RETRY = frozenset({"199", "203"})


def sign(app_key: str, timespan: str, secret_key: str) -> str:
    """The header ``Token``."""
    return md5(f"{app_key}{timespan}{secret_key}".encode(), usedforsecurity=False).hexdigest().upper()


class QichachaClient:
    """One account. Every call may cost, so none is repeated here."""

    def __init__(self, config: QichachaConfig, tools: Tools) -> None:
        self._config = config
        self._clock = tools.clock
        self._zone = tools.zone
        self._http = HttpClient(config.url, tools)

    def call(self, path: str, **asked: str) -> Any:
        """``Result`` of an answer; the error class says whether it was billed."""
        timespan = str(int(self._clock.now().timestamp()))
        token = sign(self._config.app_key, timespan, self._config.secret_key.get_secret_value())
        response = self._http.write(
            "GET", f"/{path}", params={"key": self._config.app_key, **asked},
            headers={"Token": token, "Timespan": timespan},
        )  # fmt: skip
        return take_result(read_answer(response.text), self._clock.now(), self._zone)

    def close(self) -> None:
        self._http.close()


def read_answer(text: str) -> Mapping[str, Any]:
    """The envelope; an answer that is none may have been billed."""
    try:
        answer = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise OutcomeUnknown("qichacha.unreadable", vendor=text[:100]) from error
    if not isinstance(answer, Mapping) or "Status" not in answer:
        raise OutcomeUnknown("qichacha.unreadable", vendor=text[:100])
    return answer


def take_result(answer: Mapping[str, Any], now: datetime, zone: tzinfo) -> Any:
    """What was asked for. ``Status`` is a text in newer answers and a number in older ones."""
    status, words = str(answer["Status"]), f"{answer['Status']} {answer.get('Message') or ''}".strip()
    if status == OK and answer.get("Result"):
        return answer["Result"]
    raise explain_status(status, words, now, zone)


def explain_status(status: str, words: str, now: datetime, zone: tzinfo) -> IsthmusError:
    """What a status means for whoever asked."""
    if status in (OK, NONE):
        return NegativeResult("qichacha.none", vendor=words)
    if status in REFUSED:
        return Rejected("qichacha.question_refused", vendor=words)
    if status in ASK_AGAIN_S or status in OFFLINE_S:
        wait_s = (ASK_AGAIN_S | OFFLINE_S)[status]
        minutes = round(wait_s / 60) or 1
        return NotReady(
            "qichacha.not_ready", retry_after_s=wait_s, whole=status in OFFLINE_S, vendor=words, minutes=minutes
        )
    if status in TOMORROW:
        here = now.astimezone(zone)
        midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return Transient("qichacha.day_used_up", vendor=words, retry_after_s=(midnight - here).total_seconds())
    if status in RETRY:
        return Transient("qichacha.failed_there", vendor=words)
    return NeedsConsent(f"qichacha.{NAMED.get(status, 'refused')}", vendor=words)


NAMED = {
    "101": "key_wrong", "102": "in_arrears", "103": "key_paused", "104": "key_wrong", "107": "address_or_signature",
    "111": "no_right", "112": "used_up", "113": "no_right", "114": "no_right", "115": "key_wrong", "214": "no_right",
}  # fmt: skip
"""Status → what is missing, by the name of its text."""
