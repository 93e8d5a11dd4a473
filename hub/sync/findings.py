"""What a comparison of both sides found, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

MISSING_HERE, MISSING_THERE, DOUBLE = "missing_here", "missing_there", "double"
STATE, AMOUNT, FIELD, UNREADABLE = "state", "amount", "field", "unreadable"
SORTS = (MISSING_HERE, MISSING_THERE, DOUBLE, STATE, AMOUNT, FIELD, UNREADABLE)
"""Ways in which the two sides can disagree, those that weigh most first."""

TODO, CONFLICT, BEFORE_START, NOT_DUE, LEFT = "todo", "conflict", "before_start", "not_due", "left"
WHYS = (TODO, CONFLICT, BEFORE_START, NOT_DUE, LEFT)
"""Why they may: a person is asked, both sides were edited, older than the sync, under way, nobody's business here."""

HISTORY = frozenset({"sync.is_history", "sync.before_start"})


@dataclass(frozen=True)
class Reason:
    """Why a difference is as it should be. ``code`` with ``params`` is the sentence."""

    why: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Money:
    """``currency`` is None where a kind has no money."""

    currency: str | None = None
    amount: Decimal = Decimal(0)
    day: date | None = None


@dataclass(frozen=True)
class Finding:
    """One disagreement. ``why`` and ``code`` are empty when nothing explains it. ``fields``: field → [here, there], as
    people read them. ``others``: what else carries the same number, or belongs to the same record."""

    kind: str
    sort: str
    label: str
    command: str
    remote_id: str | None = None
    record_id: UUID | None = None
    binding_id: UUID | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    amount_here: Decimal | None = None
    amount_there: Decimal | None = None
    currency: str | None = None
    day: date | None = None
    others: tuple[str, ...] = ()
    why: str = ""
    code: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def explained(self) -> bool:
        return bool(self.why)


def explain_by(finding_why: str, code: str, params: Mapping[str, Any] | None = None) -> Reason:
    """The reason behind a code that is kept with a binding."""
    return Reason(BEFORE_START if code in HISTORY else finding_why, code, params or {})
