"""One claimed binding: the lease and the fence; and what a step on it may end with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from hub.protocol.binding import Binding
from hub.protocol.decide import Action, Seen
from hub.protocol.semantics import Policy
from hub.protocol.snapshot import Intent
from hub.sdk import Sink
from hub.store import UnitOfWork
from hub.sync.context import Hub, OpenConnection

Guard = Callable[[UnitOfWork, Binding, Intent, Action], str | None]
"""Code of the reason why a write may not be made in this run, or None."""


class Fenced(Exception):
    """Somebody else took the binding over while we slept; nothing that we know counts any more."""


FENCE_S = 0.5
"""How old what is known of a fence may be when a request leaves. What makes a late request harmless is the send window,
which others reckon with; a fence that was moved only spares it."""


class Fences:
    """The fences of bindings that were claimed together, read together."""

    def __init__(self, hub: Hub, binding_ids: Sequence[UUID]) -> None:
        self._hub = hub
        self._ids = list(binding_ids)
        self._known: dict[UUID, int] = {}
        self._read_s: float | None = None

    def stand(self, binding_id: UUID, fence: int) -> bool:
        """Whether nobody has taken the binding over."""
        now_s = self._hub.clock.monotonic()
        if self._read_s is None or now_s - self._read_s > FENCE_S:
            with self._hub.store.read() as tx:
                self._known = {row.id: row.fence for row in tx.pluck(Binding, ("id", "fence"), id__in=self._ids)}
            self._read_s = now_s
        return self._known.get(binding_id) == fence


@dataclass(frozen=True)
class Work:
    """A binding that this worker has claimed; ``fences`` are those of all that it has claimed with it."""

    hub: Hub
    conn: OpenConnection
    binding_id: UUID
    kind: str
    hub_id: UUID
    fence: int
    fences: Fences
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

    def release(self, tx: UnitOfWork, **update: Any) -> None:
        """Give the binding back, with these changes."""
        self.save(tx, self.own(tx), **{"lease_until": None, **update})

    def later_s(self, seconds: float) -> Any:
        return self.hub.now() + timedelta(seconds=seconds)


@dataclass(frozen=True)
class Call:
    """A request that may leave as soon as the transaction that decided on it is committed.

    ``make`` sends it, outside of any transaction; what it gives back, ``take`` records in the next one. ``recall``
    records there that it never left. ``writes``: while nobody knows whether it left, something may have changed there.
    """

    make: Callable[[], Any]
    take: Callable[[UnitOfWork, Any], Step]
    recall: Callable[[UnitOfWork], None]
    writes: bool = False


@dataclass(frozen=True)
class Step:
    """Whether the work on the binding ends here; if not, what has been seen by now, or the call that comes next.
    ``due``: other bindings that have work now. ``mark``: what was decided and is to be marked only when no other
    document of the batch is; in that transaction, or in a later one."""

    done: bool
    seen: Seen = None
    call: Call | None = None
    due: Sequence[UUID] = ()
    mark: Callable[[UnitOfWork], Step] | None = None


DONE = Step(True)
AGAIN = Step(False)
