"""What an answer means. The server says everything with HTTP 200, so success must be found inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from hub.errors import (
    ConfigInvalid,
    Duplicate,
    IsthmusError,
    Locked,
    NeedsConsent,
    OutcomeUnknown,
    PeriodClosed,
    Rejected,
    Transient,
)
from hub.sdk import read_json

ERROR_PREFIX = "response_error:"
CONTEXT_LOST, NO_RIGHT, FAILED, DATABASE, LICENCE, NOT_FOUND, INVALID, NOT_OPERABLE, BUSY, LIMIT, ADMIN = (
    1, 2, 4, 6, 7, 10, 11, 12, 13, 14, 15,
)  # fmt: skip
TAKEN, LOCKED_WORDS, CLOSED_WORDS = "违反字段唯一性", ("已审核", "审核中", "已关闭", "已作废"), ("结账", "关账")
LOST_WORDS = "会话信息已丢失"


@dataclass(frozen=True)
class Failure:
    """A ``ResponseStatus`` that is no success."""

    code: int
    words: str
    fields: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """The session is gone; the same words stand for a login that is wrong."""
        return self.code == CONTEXT_LOST or LOST_WORDS in self.words


def parse_answer(response: httpx.Response) -> Any:
    """The JSON of an answer; None when it holds something else. Numbers stay exact."""
    if response.text.startswith(ERROR_PREFIX):
        return None
    try:
        return read_json(response.content)
    except ValueError:
        return None


def find_failure(answer: Any) -> Failure | None:
    """A failure wherever it stands: at the top, or inside the rows of a query as if it were data."""
    inner = answer
    while isinstance(inner, list) and len(inner) == 1:
        inner = inner[0]
    status = read_status(inner)
    if status is None or status.get("IsSuccess") is True:
        return None
    told = status.get("Errors")
    errors = [row for row in told if isinstance(row, Mapping)] if isinstance(told, list) else []
    words = "; ".join(str(row.get("Message") or "") for row in errors) or str(status)[:300]
    fields = tuple(str(row["FieldName"]) for row in errors if row.get("FieldName"))
    code = status.get("MsgCode")
    return Failure(code if isinstance(code, int) else 0, words[:500], fields)


def read_status(answer: Any) -> Mapping[str, Any] | None:
    """``Result.ResponseStatus``, None where there is none."""
    result = answer.get("Result") if isinstance(answer, Mapping) else None
    status = result.get("ResponseStatus") if isinstance(result, Mapping) else None
    return status if isinstance(status, Mapping) else None


def explain_read(failure: Failure, form: str) -> IsthmusError:
    """What a failed read means. A field or form that is not there is a matter of the settings."""
    told: dict[str, Any] = {"form": form}
    match failure.code:
        case _ if failure.lost:
            return NeedsConsent("kingdee.session_refused", vendor=failure.words)
        case code if code in (NO_RIGHT, ADMIN):
            return NeedsConsent("kingdee.right_missing", vendor=failure.words, **told)
        case code if code == LICENCE:
            return NeedsConsent("kingdee.licence", vendor=failure.words)
        case code if code == LIMIT:
            return Transient("kingdee.limit", vendor=failure.words)
    if "不存在" in failure.words and ("字段" in failure.words or "业务对象" in failure.words):
        return ConfigInvalid("kingdee.unknown_there", vendor=failure.words, **told)
    return Transient("kingdee.failed_there", vendor=failure.words, **told)


def explain_write(failure: Failure, form: str) -> IsthmusError:
    """What a failed write means: whether it was certainly not applied is what counts."""
    told: dict[str, Any] = {"form": form}
    match failure.code:
        case _ if failure.lost:
            return OutcomeUnknown("kingdee.session_lost", vendor=failure.words)
        case code if code in (FAILED, DATABASE):
            return OutcomeUnknown("kingdee.failed_there", vendor=failure.words, **told)
        case code if code in (NO_RIGHT, ADMIN):
            return NeedsConsent("kingdee.right_missing", vendor=failure.words, **told)
        case code if code == LICENCE:
            return NeedsConsent("kingdee.licence", vendor=failure.words)
        case code if code == BUSY:
            return Transient("kingdee.edited_there", vendor=failure.words, **told)
        case code if code == LIMIT:
            return Transient("kingdee.limit", vendor=failure.words)
    return _explain_refusal(failure, told)


def _explain_refusal(failure: Failure, told: Mapping[str, Any]) -> IsthmusError:
    """A definite refusal. The server has one code for them all, so its words tell which it is."""
    words = failure.words
    if TAKEN in words and (not failure.fields or {"fbillno", "fnumber"} & {name.lower() for name in failure.fields}):
        return Duplicate("kingdee.number_taken", vendor=words, **told)
    if any(part in words for part in CLOSED_WORDS):
        return PeriodClosed("kingdee.period_closed", vendor=words, **told)
    if failure.code == NOT_FOUND:
        return Rejected("kingdee.gone", vendor=words, **told)
    if failure.code == NOT_OPERABLE or any(part in words for part in LOCKED_WORDS):
        return Locked("kingdee.locked", vendor=words, **told)
    return Rejected("kingdee.refused", vendor=words, **told)


def read_rows(answer: Any, width: int) -> Sequence[Sequence[Any]] | None:
    """The rows of a query; None when the answer is no list of rows that wide."""
    if not isinstance(answer, list):
        return None
    return answer if all(isinstance(row, list) and len(row) == width for row in answer) else None
