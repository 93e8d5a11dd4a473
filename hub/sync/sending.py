"""Sending: what every step that writes has in common, before and after the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import IsthmusError, MappingError, OutcomeUnknown
from hub.locale import keep_params
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.decide import Seen
from hub.protocol.snapshot import Intent
from hub.sdk import Written
from hub.sdk.budget import LONGEST_WRITE_SLEEP_S
from hub.store import UnitOfWork
from hub.sync.period import CLOSED_THERE
from hub.sync.translate import write_payload
from hub.sync.work import Answer, Fenced, Work, call_remote, find_retry_s

DEFECT = "runtime.connector_defect"
LOOK_AGAIN_S = 3600.0
"""How often it is looked whether a period was opened again."""


@dataclass(frozen=True)
class Step:
    """Whether the work on the binding ends here; if not, what has been seen by now."""

    done: bool
    seen: Seen = None


DONE = Step(True)
AGAIN = Step(False)


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


def translate_patch(tx: UnitOfWork, work: Work, binding: Binding, patch: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The vendor's shape of what is to be written; None when it cannot be said in it (the binding waits)."""
    try:
        return write_payload(tx, work.hub, work.conn, binding, patch, frozenset(patch))
    except MappingError as error:
        params = keep_params(error.params)
        update = {"held": {**binding.held, "*": error.code}, "parked_params": params, "lease_until": None}
        work.save(tx, binding, **update, not_before=work.later_s(600))
        return None


def check_in_time(work: Work, started_s: float) -> None:
    """The self-fence, immediately before the bytes leave: a worker that was paused must not send a stale request.

    ``started_s``: when the transaction that says "sending" began, so that a slow commit counts as well: others reckon
    the quiet period from ``sent_at``, which was set in it.
    """
    with work.hub.store.read() as tx:
        binding = tx.get(Binding, id=work.binding_id)
    # The call may still wait for its turn in the call budget before its bytes leave.
    window_s = work.policy.timing.send_window_s - LONGEST_WRITE_SLEEP_S
    late = work.hub.clock.monotonic() - started_s > window_s
    if late or binding is None or binding.fence != work.fence:
        raise Fenced


def send_write(work: Work, started_s: float, write: Callable[[], Written], before: str, after: str) -> Answer:
    """One call, if it is still in time; the checkpoints stand right before and after it."""
    work.hub.checkpoint(before)
    check_in_time(work, started_s)
    answer = call_remote(write)
    work.hub.checkpoint(after)
    return answer


def follow_write(work: Work, answer: Answer, *, parks: bool = False) -> Step:
    """Go on after a success or a lost race; wait after anything else."""
    if answer.outcome == "ok":
        return AGAIN
    if parks and answer.outcome == "unknown":
        return AGAIN
    if answer.outcome in ("later", "unknown", "stale", "consent"):
        _postpone(work, answer)
    if answer.error is not None and answer.outcome in ("later", "consent"):
        raise answer.error
    return DONE


def _postpone(work: Work, answer: Answer) -> None:
    with work.hub.store.write() as tx:
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


def follow_failed_read(work: Work, error: IsthmusError) -> Step:
    """No answer to a question changes nothing but the time of the next one."""
    work.release(not_before=work.later_s(find_retry_s(work, Answer("later", error=error))))
    if isinstance(error, OutcomeUnknown):
        return DONE
    raise error
