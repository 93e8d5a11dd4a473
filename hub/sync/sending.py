"""Sending: what every step that asks the other system something has in common, from the mark to the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.errors import IsthmusError, MappingError
from hub.locale import keep_params
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.compare import digest_request
from hub.sdk import Written
from hub.sdk.budget import LONGEST_WRITE_SLEEP_S
from hub.store import UnitOfWork
from hub.store.rows import Attempt
from hub.sync.answers import Answer, call_remote
from hub.sync.show import show_value
from hub.sync.translate import write_payload
from hub.sync.work import Call, Fenced, Step, Work


def ask(work: Work, question: Callable[[], Any], after: str, take: Callable[[UnitOfWork, Any], Step]) -> Step:
    """A call that changes nothing there; the checkpoint stands right after it."""

    def make() -> Any:
        answer = question()
        work.hub.checkpoint(after)
        return answer

    return Step(False, call=Call(make, take, work.release))


def write(
    work: Work,
    mark: Mark,
    send: Callable[[], Written | IsthmusError],
    take: Callable[[UnitOfWork, Binding, Answer], Step],
    *,
    before: str,
    after: str,
) -> Step:
    """A call that writes, if it is still in time; the checkpoints stand right before and after it."""
    started_s = work.hub.clock.monotonic()

    def make() -> Answer:
        work.hub.checkpoint(before)
        check_in_time(work, started_s)
        answer = call_remote(send)
        work.hub.checkpoint(after)
        return answer

    def take_answer(tx: UnitOfWork, answer: Answer) -> Step:
        end_attempt(tx, work, mark.attempt, answer)
        return take(tx, work.own(tx), answer)

    def recall(tx: UnitOfWork) -> None:
        work.release(tx, **mark.list_undone(work.own(tx)))
        end_attempt(tx, work, mark.attempt, Answer("unsent"))

    return Step(False, call=Call(make, take_answer, recall, writes=True))


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

    ``started_s``: when the transaction that says "sending" was under way, so that a slow commit counts as well: others
    reckon the quiet period from ``sent_at``, which was set in it.
    """
    stands = work.fences.stand(work.binding_id, work.fence)
    # The call may still wait for its turn in the call budget before its bytes leave.
    window_s = work.policy.timing.send_window_s - LONGEST_WRITE_SLEEP_S
    late = work.hub.clock.monotonic() - started_s > window_s
    if late or not stands:
        raise Fenced


# ---------------------------------------------------------------- marks


_NO_MARK = frozenset({"dirty", "lease_until", "updated_at"})


@dataclass(frozen=True)
class Mark:
    """The rows that say: we are about to send this. ``before`` and ``after``: the binding without and with it."""

    attempt: Attempt
    before: Binding
    after: Binding

    def list_undone(self, held: Binding) -> dict[str, Any]:
        """What the binding gets back when the call never left; what others changed meanwhile stays."""
        pairs = zip(self.before.__dict__.items(), self.after.__dict__.values(), strict=True)
        changed = {name: (old, new) for (name, old), new in pairs if name not in _NO_MARK and old != new}
        return {name: old for name, (old, new) in changed.items() if held.__dict__[name] == new}


def mark_sending(
    tx: UnitOfWork,
    work: Work,
    binding: Binding,
    op: str,
    payload: Mapping[str, Any],
    summary: Mapping[str, Any],
    **update: Any,
) -> Mark:
    """Write down what is about to be sent: an attempt, and the binding with these changes."""
    attempt = Attempt.trusted(
        id=work.hub.new_id(),
        binding_id=binding.id,
        run_id=work.run_id,
        connection=binding.connection,
        kind=binding.kind,
        number=_count_attempts(tx, binding.id) + 1,
        op=op,
        request_digest=digest_request(payload),
        summary={name: show_value(value) for name, value in summary.items()},
        sent_at=work.hub.now(),
        remote_id=binding.remote_id,
    )
    return Mark(tx.insert(attempt), binding, work.save(tx, binding, sent_at=attempt.sent_at, **update))


def read_ahead_attempts(tx: UnitOfWork, binding_ids: Collection[UUID]) -> None:
    """How often each of them was tried, in one question for all. At most one attempt of a binding begins in a
    transaction, so that the number stands still until it is asked for."""
    counts = Counter(row.binding_id for row in tx.pluck(Attempt, ("binding_id",), binding_id__in=list(binding_ids)))
    tx.notes.update({(_count_attempts, id_): counts[id_] for id_ in binding_ids})


def _count_attempts(tx: UnitOfWork, binding_id: UUID) -> int:
    known: int | None = tx.notes.get((_count_attempts, binding_id))
    return tx.count(Attempt, binding_id=binding_id) if known is None else known


def read_ahead_revisions(tx: UnitOfWork, kind: str, record_ids: Collection[UUID]) -> None:
    """The revision of each record, in one question for all."""
    found = tx.pluck(find_kind(kind), ("id", "revision"), id__in=list(record_ids))
    tx.notes.update({(find_revision, row.id): row.revision for row in found})


def find_revision(tx: UnitOfWork, work: Work) -> int | None:
    """The revision of the record as it is now; None when it is gone."""
    known: int | None = tx.notes.get((find_revision, work.hub_id))
    if known is not None:
        return known
    record = tx.get(find_kind(work.kind), id=work.hub_id)
    return record.revision if record is not None else None


def end_attempt(tx: UnitOfWork, work: Work, attempt: Attempt, answer: Answer) -> None:
    """What came of it."""
    update: dict[str, Any] = {"outcome": answer.outcome, "answered_at": work.hub.now()}
    if answer.written is not None:
        update |= {
            "remote_id": answer.written.external_id,
            "response_digest": digest_request(answer.written),
        }
    if answer.error is not None:
        update |= {"error_code": answer.error.code, "error_words": answer.error.vendor}
    tx.save(attempt.model_copy(update=update))
