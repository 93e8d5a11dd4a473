"""Calls of 天眼查: a bare token, each call sent once, and error codes told apart by what happens next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.tianyancha.config import TianyanchaConfig
from hub.errors import IsthmusError, NeedsConsent, NegativeResult, OutcomeUnknown, Rejected, Transient
from hub.sdk import HttpClient, Tools

OK, NONE, FAILED, TOO_FAST, PARAMETER = "0", "300000", "300001", "300004", "300008"
SLOW_DOWN_S = 60.0
NAMED = {
    "300002": "token_wrong", "300003": "expired", "300005": "no_right", "300006": "no_balance", "300007": "used_up",
    "300009": "token_wrong", "300010": "path_wrong",
}  # fmt: skip
"""Error code → what is missing, by the name of its text."""


class TianyanchaClient:
    """One account. Every call may cost, so none is repeated here."""

    def __init__(self, config: TianyanchaConfig, tools: Tools) -> None:
        # The token stands alone in the header: no "Bearer" before it.
        self._http = HttpClient(config.url, tools, headers={"Authorization": config.token.get_secret_value()})

    def call(self, path: str, **asked: str) -> Any:
        """``result`` of an answer; the error class says whether it was billed."""
        response = self._http.write("GET", f"/{path}", params=asked)
        answer = read_answer(response.text)
        code, words = str(answer["error_code"]), f"{answer['error_code']} {answer.get('reason') or ''}".strip()
        if code == OK and answer.get("result"):
            return answer["result"]
        raise explain_code(code, words)

    def close(self) -> None:
        self._http.close()


def read_answer(text: str) -> Mapping[str, Any]:
    """The envelope; an answer that is none may have been billed."""
    try:
        answer = json.loads(text, parse_float=Decimal)
    except ValueError as error:
        raise OutcomeUnknown("tianyancha.unreadable", vendor=text[:100]) from error
    if not isinstance(answer, Mapping) or "error_code" not in answer:
        raise OutcomeUnknown("tianyancha.unreadable", vendor=text[:100])
    return answer


def explain_code(code: str, words: str) -> IsthmusError:
    """What a code means for whoever asked."""
    if code in (OK, NONE):
        return NegativeResult("tianyancha.none", vendor=words)
    if code == FAILED:
        return Transient("tianyancha.failed_there", vendor=words)
    if code == TOO_FAST:
        return Transient("tianyancha.too_fast", vendor=words, retry_after_s=SLOW_DOWN_S)
    if code == PARAMETER:
        return Rejected("tianyancha.question_refused", vendor=words)
    return NeedsConsent(f"tianyancha.{NAMED.get(code, 'refused')}", vendor=words)
