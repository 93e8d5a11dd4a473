"""A person corrects what waits: the record here, or what the hub understood of a record there. Shown before it is
applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.errors import NotFound, RuleBroken
from hub.mapping import check_given, read_raw, show_raw
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.decision_rows import Correction
from hub.store.rows import DeadRow
from hub.sync.arrival import Arrival
from hub.sync.context import Hub
from hub.sync.decisions import deciding
from hub.sync.handle import IMPORTS, NEEDS_CHOICE, check_verb, key_of, load_binding
from hub.sync.ingest import ingest
from hub.sync.records import apply_edit
from hub.sync.retry import find_source, make_due
from hub.sync.show import show_field
from hub.sync.waits import TodoItem


@dataclass(frozen=True)
class Edited:
    """field → (old, new) as people read them; ``record_id`` of the record that changed or came in."""

    changes: Mapping[str, tuple[Any, Any]]
    record_id: UUID | None
    due: tuple[UUID, ...] = field(default=())


def preview_edit(hub: Hub, item: TodoItem, values: Mapping[str, Any], actor: str) -> Edited:
    """What :func:`edit_item` would change, worked out by the same code in a transaction that is undone."""
    check_verb(item, "edit")
    source = _read(hub, item)
    with hub.store.rehearse() as tx:
        return _apply(tx, hub, item, source, values, actor)


def edit_item(hub: Hub, item: TodoItem, values: Mapping[str, Any], actor: str) -> Edited:
    """Correct the record and try again. For an import, ``values`` are what the hub takes these fields to be for as long
    as the record there says what it says now; ``RuleBroken`` with what is still wrong keeps nothing."""
    check_verb(item, "edit")
    source = _read(hub, item)
    choice = ", ".join(f"{name}={value}" for name, value in values.items())
    with hub.store.write() as tx, deciding(tx, hub, item, "edit", actor, choice=choice) as under_way:
        done = _apply(tx, hub, item, source, values, actor)
        under_way.record_id = done.record_id
    hub.hint(done.due)
    return done


def _read(hub: Hub, item: TodoItem) -> SourceRecord | None:
    """The remote record of an import, before any transaction."""
    if item.kind_of_wait not in IMPORTS:
        return None
    hub.open(item.connection).load_codes()
    try:
        return find_source(hub, item, kept=True)
    except RuleBroken:
        return find_source(hub, item, kept=False)


def _apply(
    tx: UnitOfWork, hub: Hub, item: TodoItem, source: SourceRecord | None, values: Mapping[str, Any], actor: str
) -> Edited:
    if item.kind_of_wait in IMPORTS:
        if source is None:
            raise NotFound("todo.unknown", text=item.short)
        return _correct_import(tx, hub, item, source, values, actor)
    return _edit_record(tx, hub, item, values, actor)


def _edit_record(tx: UnitOfWork, hub: Hub, item: TodoItem, values: Mapping[str, Any], actor: str) -> Edited:
    binding = load_binding(tx, item, lock=True)
    done = apply_edit(tx, hub, item.kind, binding.hub_id, values, actor)
    if not (binding.parked and item.code in NEEDS_CHOICE):
        tx.save(make_due(hub, load_binding(tx, item, lock=True)))
    return Edited(_show(tx, item.kind, done.changes), binding.hub_id, (binding.id, *done.due))


def _correct_import(
    tx: UnitOfWork, hub: Hub, item: TodoItem, source: SourceRecord, values: Mapping[str, Any], actor: str
) -> Edited:
    conn = hub.open(item.connection)
    mapping = conn.mapping_of(item.kind)
    for name, value in values.items():
        tx.save(
            Correction(
                **key_of(item), field=name, value=check_given(mapping, name, value),
                raw=show_raw(read_raw(mapping, source.payload, name)), actor=actor, at=hub.now(),
            )
        )  # fmt: skip
    done = ingest(Arrival(tx, hub, conn, item.kind, source, actor, corrected=True))
    row = tx.get(DeadRow, **key_of(item))
    if row is not None:
        raise RuleBroken("todo.edit_not_enough", what={"code": row.code, "params": row.params})
    return Edited(_show(tx, item.kind, done.changes), done.record_id, done.due)


def _show(tx: UnitOfWork, kind: str, changes: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (show_field(tx, kind, name, old), show_field(tx, kind, name, new)) for name, (old, new) in changes.items()
    }
