"""Trying again what waits: one entry, or all that fit, from what was read before or by asking again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.errors import ConfigInvalid, IsthmusError, NotFound, RuleBroken
from hub.locale import render
from hub.protocol.binding import Binding, BindingState
from hub.sdk import SourceRecord
from hub.store.rows import DeadRow
from hub.sync.accept import order_kinds
from hub.sync.booking import try_again
from hub.sync.context import Hub
from hub.sync.handle import IMPORTS, check_verb, key_of, list_verbs, load_binding
from hub.sync.kept import load_kept
from hub.sync.pause import check_paused
from hub.sync.pull import take_one
from hub.sync.push import push_bindings
from hub.sync.settle import CALM
from hub.sync.todo import TodoFilter, list_todo
from hub.sync.voucher_holds import load_hold
from hub.sync.waits import TodoItem, judge_binding

UNDER_WAY = (BindingState.SENDING, BindingState.UNKNOWN, BindingState.REVERSING)
_ROUNDS = 4
"""Records that others refer to come first; a chain of them needs a round for each."""


@dataclass(frozen=True)
class Retried:
    """What became of one entry. ``outcome``: as ingest calls it for an import, ``going`` or ``waits`` for a write,
    ``skipped`` where trying again cannot help, ``failed`` where the other system did not answer. ``code`` with
    ``params``: why it still waits."""

    item: TodoItem
    outcome: str
    code: str | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def text(self, lang: str = "en") -> str:
        """Why it still waits, in one sentence."""
        return render(self.code, lang, **self.params) if self.code else ""

    @property
    def done(self) -> bool:
        return self.outcome not in ("skipped", "failed", "waits", "dead", "waiting", "review")


def retry_items(hub: Hub, items: Sequence[TodoItem], actor: str, *, kept: bool = False) -> list[Retried]:
    """Try each again: imports are read again there, or with ``kept`` taken in from what was read before, without asking
    anybody; writes are made due with the reference that they have, and without ``kept`` written at once where a plan
    allows it. One that fails stops no other."""
    done = []
    for item in items:
        try:
            done.append(_retry_one(hub, item, actor, kept))
        except (NotFound, RuleBroken, ConfigInvalid) as error:
            done.append(Retried(item, "skipped", error.code, dict(error.params)))
        except IsthmusError as error:
            done.append(Retried(item, "failed", error.code, dict(error.params)))
    return done


def _retry_one(hub: Hub, item: TodoItem, actor: str, kept: bool) -> Retried:
    check_verb(item, "retry")
    if item.kind_of_wait == "voucher":
        return _retry_voucher(hub, item, actor)
    if not kept:
        check_paused(hub, item.connection)
    if item.kind_of_wait in IMPORTS:
        return _retry_import(hub, item, actor, kept)
    return _retry_write(hub, item, actor, kept)


def _retry_import(hub: Hub, item: TodoItem, actor: str, kept: bool) -> Retried:
    source = find_source(hub, item, kept)
    if source is None:
        return Retried(item, "gone")
    conn = hub.open(item.connection)
    conn.load_codes()
    done = take_one(hub, conn, item.kind, source, actor)
    if done.needs is not None and not kept and done.needs[0] in conn.mappings:
        parent = conn.stream_of(done.needs[0]).fetch(done.needs[1])
        if parent is not None:
            take_one(hub, conn, done.needs[0], parent, actor)
            done = take_one(hub, conn, item.kind, source, actor)
    with hub.store.read() as tx:
        row = tx.get(DeadRow, **key_of(item))
    return Retried(item, done.outcome, row.code if row else None, dict(row.params) if row else {})


def _retry_voucher(hub: Hub, item: TodoItem, actor: str) -> Retried:
    with hub.store.write() as tx:
        hold = load_hold(tx, item)
        tx.journal(actor, "todo.retry", kind=item.kind, record_id=item.record_id, code=item.code)
    reason = try_again(hub, hold, actor)
    return Retried(item, "booked") if reason is None else Retried(item, "waits", reason.code, dict(reason.params))


def find_source(hub: Hub, item: TodoItem, kept: bool) -> SourceRecord | None:
    """The remote record of an entry: as it was last read, or read again; None when it is gone there."""
    if not item.kind:
        raise RuleBroken("todo.stream_unmapped", connection=item.connection, stream=item.stream)
    stream = hub.open(item.connection).stream_of(item.kind)
    with hub.store.read() as tx:
        row = tx.get(DeadRow, **key_of(item))
        source = load_kept(tx, row) if row is not None else None
    if row is None:
        raise NotFound("todo.unknown", text=item.short)
    if kept or not stream.fetches:
        if source is None:
            raise RuleBroken("todo.nothing_kept", connection=item.connection, remote_id=item.remote_id)
        return source
    found = stream.fetch(item.remote_id or "")
    if found is None:
        with hub.store.write() as tx:
            tx.delete(DeadRow, **key_of(item))
    return found


def _retry_write(hub: Hub, item: TodoItem, actor: str, kept: bool) -> Retried:
    with hub.store.write() as tx:
        binding = load_binding(tx, item, lock=True)
        tx.save(make_due(hub, binding))
        tx.journal(
            actor, "todo.retry", kind=item.kind, record_id=item.record_id, connection=item.connection,
            remote_id=item.remote_id, code=item.code,
        )  # fmt: skip
    hub.hint([binding.id])
    if not kept:
        push_bindings(hub, [binding.id], actor=actor)
    with hub.store.read() as tx:
        now = judge_binding(tx, load_binding(tx, item))
    if now is None or now.informational:
        return Retried(item, "going")
    return Retried(item, "waits", now.code, dict(now.params))


def make_due(hub: Hub, binding: Binding) -> Binding:
    """The binding as if it had never been stopped. Reference and attempts stay: it is looked for before it is sent, and
    not before a call that may still arrive has had its time."""
    held = {name for name in binding.held if name != "*"}
    lost = {name: print_ for name, print_ in binding.not_retained.items() if name not in held}
    update = {**CALM, "dirty": True, "not_retained": lost, "updated_at": hub.now()}
    if binding.state in UNDER_WAY:
        update |= {"not_before": binding.not_before, "lease_until": binding.lease_until}
    return binding.model_copy(update=update)


def replay_items(hub: Hub, chosen: TodoFilter, actor: str) -> list[Retried]:
    """Everything that fits and can be tried again, without asking anybody: imports from what was read before, then
    those that waited for them; writes are made due, with the reference that they have."""
    todo = _list_replayable(hub, chosen)
    done: dict[str, Retried] = {}
    for _ in range(_ROUNDS):
        moved = {tried.item.id: tried for tried in retry_items(hub, todo, actor, kept=True)}
        done |= moved
        if not any(tried.done for tried in moved.values()):
            break
        waiting = TodoFilter(connection=chosen.connection)
        todo = [item for item in _list_replayable(hub, waiting) if item.kind_of_wait == "waiting"]
    return list(done.values())


def _list_replayable(hub: Hub, chosen: TodoFilter) -> list[TodoItem]:
    found = [item for item in list_todo(hub, chosen) if "retry" in list_verbs(item)]
    order = order_kinds({item.kind for item in found if item.kind})
    return sorted(found, key=lambda item: order.index(item.kind) if item.kind else len(order))
