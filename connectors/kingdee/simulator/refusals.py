"""What the server says when it refuses, in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONTEXT_LOST, NO_RIGHT, FAILED, NO_ID, LICENCE, PARAMETER, NOT_FOUND, INVALID, NOT_OPERABLE, BUSY, LIMIT = (
    1, 2, 4, 5, 7, 8, 10, 11, 12, 13, 14,
)  # fmt: skip
"""``MsgCode`` of a refusal."""
SESSION_LOST = "会话信息已丢失，请重新登录"


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong; ``field`` is empty where it is the document as a whole."""

    message: str
    field: str = ""


class BillRefused(Exception):
    """The server says no, and nothing has changed."""

    def __init__(self, code: int, complaints: Sequence[Complaint] | str) -> None:
        self.code = code
        self.complaints = [Complaint(complaints)] if isinstance(complaints, str) else list(complaints)
        super().__init__(f"{code}: {self.complaints[0].message}")


def refuse_session() -> BillRefused:
    """The same words for a session that has ended and for a login that is wrong."""
    return BillRefused(CONTEXT_LOST, SESSION_LOST)
