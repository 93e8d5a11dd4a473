"""Answers to calls: what a call that writes ended with, and what that means for the binding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.errors import (
    Duplicate,
    IsthmusError,
    Locked,
    NeedsConsent,
    OutcomeUnknown,
    PeriodClosed,
    Rejected,
    Stale,
    Transient,
)
from hub.locale import keep_params
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.snapshot import Intent
from hub.sdk import Written
from hub.store import UnitOfWork
from hub.sync.period import CLOSED_THERE
from hub.sync.work import AGAIN, DONE, Step, Work

DEFECT = "runtime.connector_defect"
LOOK_AGAIN_S = 3600.0
"""How often it is looked whether a period was opened again."""


@dataclass(frozen=True)
class Answer:
    """What a call that writes ended with: ok, refused, locked, closed, stale, duplicate, later, unknown or consent;
    unsent: it never left."""

    outcome: str
    written: Written | None = None
    error: IsthmusError | None = None


_OUTCOMES: tuple[tuple[type[IsthmusError], str], ...] = (
    (Duplicate, "duplicate"),
    (Stale, "stale"),
    (Locked, "locked"),
    (PeriodClosed, "closed"),
    (Rejected, "refused"),
    (Transient, "later"),
    (OutcomeUnknown, "unknown"),
    (NeedsConsent, "consent"),
)


def classify_error(error: IsthmusError) -> str:
    """The outcome that an error of a write stands for; what is not known to be harmless is unknown."""
    return next((name for cls, name in _OUTCOMES if isinstance(error, cls)), "unknown")


def call_remote(write: Callable[[], Written | IsthmusError]) -> Answer:
    """Make the call; every outcome is a value."""
    try:
        written = write()
    except IsthmusError as error:
        return Answer(classify_error(error), error=error)
    if isinstance(written, IsthmusError):
        return Answer(classify_error(written), error=written)
    return Answer("ok", written)


def find_retry_s(work: Work, answer: Answer) -> float:
    """How long to wait before the next try: what the other side named, else our own pace."""
    named = answer.error.retry_after_s if isinstance(answer.error, Transient) else None
    return named if named is not None else work.policy.timing.retry_s


def count_refusal(work: Work, binding: Binding, answer: Answer) -> dict[str, Any]:
    """A definite refusal: a few times with patience, then a person must look, with the vendor's words."""
    refusals = binding.refusals + 1
    wait_s = work.policy.timing.retry_s * 2**refusals
    update: dict[str, Any] = {"refusals": refusals, "not_before": work.later_s(wait_s), "lease_until": None}
    if refusals >= work.policy.timing.max_refusals:
        words = (answer.error.vendor or answer.error.text()) if answer.error else ""
        update |= {"parked": "protocol.refused_by_remote", "parked_params": {"words": words[:500]}}
    return update


def hold_closed(work: Work, binding: Binding, intent: Intent, answer: Answer) -> dict[str, Any]:
    """The period of the document is closed there: held with the day, and tried again by itself now and then. It counts
    as no refusal, because nothing is wrong with the document."""
    day = intent.values.get(find_kind(binding.kind).DAY)
    words = (answer.error.vendor or "") if answer.error else ""
    params = {"connection": binding.connection, "day": str(day or "-"), "words": words[:500]}
    return {
        "held": {**binding.held, "*": CLOSED_THERE},
        "parked_params": params,
        "not_before": work.later_s(LOOK_AGAIN_S),
        "dirty": True,
        "lease_until": None,
    }


def follow_write(tx: UnitOfWork, work: Work, answer: Answer, *, parks: bool = False) -> Step:
    """Go on after a success or a lost race; wait after anything else."""
    if answer.outcome == "ok":
        return AGAIN
    if parks and answer.outcome == "unknown":
        return AGAIN
    if answer.outcome in ("later", "unknown", "stale", "consent"):
        _postpone(tx, work, answer)
    return DONE


def _postpone(tx: UnitOfWork, work: Work, answer: Answer) -> None:
    held = work.own(tx)
    later = work.later_s(find_retry_s(work, answer))
    keep = held.not_before if held.not_before and held.not_before > later else later
    update: dict[str, Any] = {"not_before": keep, "lease_until": None}
    if answer.error is not None and answer.error.code == DEFECT:
        update |= _count_defect(work, held, answer.error)
    work.save(tx, held, **update)


def _count_defect(work: Work, binding: Binding, error: IsthmusError) -> dict[str, Any]:
    """The connector itself failed while it wrote: looked for and tried again a few times, then a person must look."""
    refusals = binding.refusals + 1
    if refusals < work.policy.timing.max_refusals:
        return {"refusals": refusals}
    return {"refusals": refusals, "parked": error.code, "parked_params": tell_defect(error)}


def tell_defect(error: IsthmusError) -> dict[str, Any]:
    """Where a connector failed, and with which words, as parameters of the reason."""
    return keep_params({**error.params, "words": error.vendor or ""})


def follow_failed_read(tx: UnitOfWork, work: Work, error: IsthmusError) -> Step:
    """No answer to a question changes nothing but the time of the next one; any other error is passed on."""
    if not isinstance(error, Transient | OutcomeUnknown | NeedsConsent):
        raise error
    work.release(tx, not_before=work.later_s(find_retry_s(work, Answer("later", error=error))))
    return DONE
