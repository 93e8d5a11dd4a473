"""One claimed binding: the lease, the fence, and how a call that writes is recorded before and after."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

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
from hub.protocol.binding import Binding
from hub.protocol.compare import take_fingerprint
from hub.protocol.decide import Action
from hub.protocol.semantics import Policy
from hub.protocol.snapshot import Intent
from hub.sdk import Sink, Written
from hub.store import UnitOfWork
from hub.store.rows import Attempt
from hub.sync.context import Hub, OpenConnection
from hub.sync.show import show_value

Guard = Callable[[UnitOfWork, Binding, Intent, Action], str | None]
"""Code of the reason why a write may not be made in this run, or None."""


class Fenced(Exception):
    """Somebody else took the binding over while we slept; nothing that we know counts any more."""


@dataclass(frozen=True)
class Work:
    """A binding that this worker has claimed."""

    hub: Hub
    conn: OpenConnection
    binding_id: UUID
    kind: str
    fence: int
    actor: str
    run_id: UUID | None = None
    guard: Guard | None = None

    @property
    def policy(self) -> Policy:
        return self.conn.policies[self.kind]

    @property
    def sink(self) -> Sink:
        return self.conn.sinks[self.kind]

    def own(self, tx: UnitOfWork) -> Binding:
        """The binding, locked, if it is still ours."""
        binding = tx.get(Binding, id=self.binding_id, lock=True)
        if binding is None or binding.fence != self.fence:
            raise Fenced
        return binding

    def save(self, tx: UnitOfWork, binding: Binding, **update: Any) -> Binding:
        """Write it back and keep the lease alive."""
        now = self.hub.now()
        lease = now + timedelta(seconds=self.policy.timing.lease_s)
        return tx.save(binding.model_copy(update={"lease_until": lease, **update, "updated_at": now}))

    def release(self, **update: Any) -> None:
        """Give the binding back, with these changes."""
        with self.hub.store.write() as tx:
            self.save(tx, self.own(tx), lease_until=None, **update)

    def later_s(self, seconds: float) -> Any:
        return self.hub.now() + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Answer:
    """What a call that writes ended with: ok, refused, locked, closed, stale, duplicate, later, unknown or consent."""

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


def begin_attempt(
    tx: UnitOfWork, work: Work, binding: Binding, op: str, payload: Mapping[str, Any], summary: Mapping[str, Any]
) -> UUID:
    """The row that says: we are about to send this."""
    attempt_id = work.hub.new_id()
    tx.insert(
        Attempt(
            id=attempt_id,
            binding_id=binding.id,
            run_id=work.run_id,
            connection=binding.connection,
            kind=binding.kind,
            number=tx.count(Attempt, binding_id=binding.id) + 1,
            op=op,
            request_digest=take_fingerprint(payload),
            summary={name: show_value(value) for name, value in summary.items()},
            sent_at=work.hub.now(),
            remote_id=binding.remote_id,
        )
    )
    return attempt_id


def end_attempt(tx: UnitOfWork, work: Work, attempt_id: UUID, answer: Answer) -> None:
    """What came of it."""
    attempt = tx.get(Attempt, id=attempt_id)
    if attempt is None:
        return
    update: dict[str, Any] = {"outcome": answer.outcome, "answered_at": work.hub.now()}
    if answer.written is not None:
        update |= {
            "remote_id": answer.written.external_id,
            "response_digest": take_fingerprint(dataclasses.asdict(answer.written)),
        }
    if answer.error is not None:
        update |= {"error_code": answer.error.code, "error_words": answer.error.vendor}
    tx.save(attempt.model_copy(update=update))


def find_retry_s(work: Work, answer: Answer) -> float:
    """How long to wait before the next try: what the other side named, else our own pace."""
    named = answer.error.retry_after_s if isinstance(answer.error, Transient) else None
    return named if named is not None else work.policy.timing.retry_s
