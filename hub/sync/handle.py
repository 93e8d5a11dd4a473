"""What a person can do with an entry of the todo list: take a side, or give up. Trying again and editing have files of
their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.mapping import check_given
from hub.model.kinds import list_fields, refuse_field
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Tier
from hub.store import UnitOfWork
from hub.store.rows import Conflict, DeadRow, Orphan
from hub.sync.context import Hub
from hub.sync.decisions import deciding
from hub.sync.locks import lock_binding
from hub.sync.look import SECOND
from hub.sync.matching import NEW_RECORD
from hub.sync.settle import CALM, ENDED, Choice, list_disputed, settle_binding
from hub.sync.voucher_holds import give_up
from hub.sync.waits import DROPPED, HELD_TEXTS, MATCHING, TodoItem

IMPORTS = frozenset({"dead", "waiting", "review"})
NEEDS_CHOICE = MATCHING | ENDED | {SECOND, "sync.values_differ", "protocol.revived_there", "sync.plan_stale"}
"""Trying again cannot help: a person must say something."""
SIDES = ("hub", "remote")


def list_verbs(item: TodoItem) -> tuple[str, ...]:
    """What can be done with the entry: take, retry, edit, drop, undo, bind."""
    if item.kind_of_wait == "dropped":
        return ("undo",)
    if item.kind_of_wait == "review":
        return ("bind", "drop")
    if item.kind_of_wait in IMPORTS:
        return ("edit", "retry", "drop")
    if item.kind_of_wait == "orphan":
        return ("drop",)
    if item.kind_of_wait == "voucher":
        return ("retry", "drop")
    if item.kind_of_wait == "conflict":
        return ("take", "drop")
    if item.kind_of_wait == "returned":
        return ("edit",)
    if item.kind_of_wait not in ("parked", "held") or item.binding_id is None:
        return ()
    return tuple(_list_document_verbs(item))


def _list_document_verbs(item: TodoItem) -> Iterator[str]:
    unsent = item.remote_id is None
    if item.code in MATCHING:
        yield "bind"
    if not unsent and (item.kind_of_wait == "parked" or item.code in HELD_TEXTS.values()):
        yield "take"
    if unsent and item.code in ("sync.unbound", "protocol.blind_ambiguity"):
        yield "take"
    if item.code not in NEEDS_CHOICE:
        yield "retry"
    if item.code not in ENDED | {SECOND}:
        yield "edit"
        yield "drop"


def check_verb(item: TodoItem, verb: str) -> None:
    if verb not in list_verbs(item):
        raise RuleBroken("todo.cannot", verb=verb, what=item.text(), command=item.command)


def key_of(item: TodoItem) -> dict[str, Any]:
    """The key of the dead row behind an import."""
    return {"connection": item.connection, "stream": item.stream, "external_id": item.remote_id}


def load_binding(tx: UnitOfWork, item: TodoItem, *, lock: bool = False) -> Binding:
    """The binding behind an entry."""
    binding = lock_binding(tx, id=item.binding_id) if lock else tx.get(Binding, id=item.binding_id)
    if binding is None:
        raise NotFound("sync.binding_unknown", text=str(item.binding_id))
    return binding


# ---------------------------------------------------------------- take


def take_item(hub: Hub, item: TodoItem, choice: str, actor: str, *, field_name: str | None = None) -> Binding:
    """``choice``: ``hub`` (ours), ``remote`` (theirs), or a value for one field, which becomes an edit in the hub.
    ``field_name`` is needed when a value is given and several fields wait; with a side it decides this field alone."""
    check_verb(item, "take")
    if item.binding_id is None:
        raise NotFound("todo.unknown", text=item.short)
    if choice in SIDES:
        return settle_binding(hub, item.binding_id, Choice(choice, field_name), actor, item=item)
    name = field_name or _find_field(hub, item)
    value = check_given(hub.open(item.connection).mapping_of(item.kind), name, choice)
    return settle_binding(hub, item.binding_id, Choice("value", name, value), actor, item=item)


def _find_field(hub: Hub, item: TodoItem) -> str:
    """The only field that waits."""
    with hub.store.read() as tx:
        binding = tx.get(Binding, id=item.binding_id)
        conflicts = tx.find(Conflict, binding_id=item.binding_id, decided_at=None)
    fields = sorted(list_disputed(binding, conflicts)) if binding is not None else []
    if len(fields) != 1:
        raise ConfigInvalid("todo.which_field", known=", ".join(fields) or "-")
    if fields[0] not in list_fields(item.kind) and "." not in fields[0]:
        raise refuse_field(item.kind, fields[0])
    return fields[0]


# ---------------------------------------------------------------- drop


def drop_item(hub: Hub, item: TodoItem, reason: str, actor: str) -> None:
    """Give up this write or this import. Nothing is deleted there, and ``undo_decision`` takes it back.

    An import stays out (one that is bound already: until it changes there); a document that was never made is not made;
    of a document that differs their values are taken; a conflict stays as the rule decided it; a spare draft stays; an
    event that a ledger could not book is booked no more.
    """
    check_verb(item, "drop")
    if item.kind_of_wait != "conflict" and item.binding_id is not None and item.remote_id and not _is_spare(item):
        settle_binding(hub, item.binding_id, "remote", actor, item=item, verb="drop", reason=reason)
        return
    with hub.store.write() as tx, deciding(tx, hub, item, "drop", actor, reason=reason):
        if item.kind_of_wait in IMPORTS:
            _drop_import(tx, hub, item, reason, actor)
        elif item.kind_of_wait == "orphan":
            spare = tx.get(Orphan, lock=True, connection=item.connection, kind=item.kind, remote_id=item.remote_id)
            if spare is None:
                raise NotFound("todo.unknown", text=item.short)
            tx.save(spare.model_copy(update={"state": "left"}))
        elif item.kind_of_wait == "conflict":
            _leave_conflicts(tx, hub, item, actor)
        elif item.kind_of_wait == "voucher":
            give_up(tx, item, reason, actor)
        else:
            _drop_write(tx, hub, item, reason, actor)


def _is_spare(item: TodoItem) -> bool:
    return item.kind_of_wait == "orphan"


def _drop_import(tx: UnitOfWork, hub: Hub, item: TodoItem, reason: str, actor: str) -> None:
    row = tx.get(DeadRow, lock=True, **key_of(item))
    if row is None:
        raise NotFound("todo.unknown", text=item.short)
    now = hub.now()
    params = {**row.params, "reason": reason, "actor": actor}
    tx.save(row.model_copy(update={"state": "dropped", "dropped_at": now, "last_at": now, "params": params}))


def _leave_conflicts(tx: UnitOfWork, hub: Hub, item: TodoItem, actor: str) -> None:
    for row in tx.find(Conflict, binding_id=item.binding_id, decided_at=None):
        tx.save(row.model_copy(update={"decided_by": actor, "decided_at": hub.now()}))


def _drop_write(tx: UnitOfWork, hub: Hub, item: TodoItem, reason: str, actor: str) -> None:
    binding = load_binding(tx, item, lock=True)
    blind = hub.open(binding.connection).policies[binding.kind].semantics.tier is Tier.BLIND
    if binding.state in (BindingState.SENDING, BindingState.UNKNOWN) and not blind:
        raise RuleBroken("sync.still_searching", connection=binding.connection, binding=str(binding.id))
    given_up = {**CALM, "parked": DROPPED, "parked_params": {"reason": reason, "actor": actor}, "dirty": False}
    tx.save(binding.model_copy(update={**given_up, "updated_at": hub.now()}))


def list_candidates(item: TodoItem) -> list[UUID]:
    """Records here that the waiting one could be."""
    texts = str(item.params.get("candidates", "")).split(", ")
    return [UUID(text) for text in texts if text and text != NEW_RECORD]
