"""Actions on records: what a kind declares (``hub.crm.actions``) is carried out here, in one transaction, for all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from hub.crm.actions import (
    Action,
    Alike,
    Asked,
    Change,
    Make,
    Next,
    Taken,
    check_state,
    find_action,
    list_next,
)
from hub.crm.rules import rules_for
from hub.errors import NotFound, RuleBroken
from hub.model.base import Entity
from hub.model.kinds import Fields, find_kind
from hub.model.refusal import explain_refusal, show_refused
from hub.model.values import Value
from hub.store import UnitOfWork
from hub.sync.candidates import find_candidates
from hub.sync.context import Hub
from hub.sync.looking import TxLook
from hub.sync.records import apply_create, apply_edit
from hub.sync.resolve import Rebuilt
from hub.sync.show import describe_record, show_value


@dataclass(frozen=True)
class Acted:
    """What an action did, or would do. ``results``: what the person wanted, made now or by an earlier call."""

    record: Any
    made: tuple[Any, ...] = ()
    changed: tuple[Any, ...] = ()
    results: tuple[Any, ...] = ()
    more: bool = False
    refused: tuple[tuple[Any, RuleBroken], ...] = ()
    """Records that an action on many had to leave as they are, and why."""
    due: tuple[UUID, ...] = field(default=(), repr=False)


def describe_next(record: Entity) -> Next:
    """Where the state of a record may go, and which actions may be taken now."""
    rules = rules_for(record.KIND)
    return list_next(record, rules.transitions, rules.actions)


def act_on_record(
    hub: Hub, kind: str, record_id: UUID, name: str, options: Mapping[str, Any], actor: str, *, dry_run: bool = False
) -> Acted:
    """Take an action; everything that it makes and changes is one transaction, and an entry of the journal names it.

    ``dry_run``: the same, undone at its end. ``ConfigInvalid`` names the actions that the kind has, ``RuleBroken``
    those that the state of the record allows, ``NotFound`` what an option refers to in vain.
    """
    action = find_action(kind, rules_for(kind).actions, name)
    checked = _check_options(kind, action, options)
    if dry_run:
        with hub.store.rehearse() as tx:
            return _take(tx, hub, kind, record_id, action, checked, actor)
    done = hub.store.carry_out(lambda tx: _take(tx, hub, kind, record_id, action, checked, actor))
    hub.hint(done.due)
    return done


def _take(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, action: Action, options: Value, actor: str) -> Acted:
    record = tx.get(find_kind(kind), id=record_id, lock=action.alone)
    if record is None or record.deleted_at is not None:
        raise NotFound("sync.record_unknown", kind=kind, text=str(record_id))
    check_state(kind, action, rules_for(kind).actions, record)
    asked = Asked(options, _DeskLook(tx, hub), hub.moment(actor), hub.new_id, hub.config.organisation.language)
    taken = action.taking(record, asked)
    due: list[UUID] = []
    made: list[Entity] = []
    changed: list[Entity] = []
    refused: dict[UUID, RuleBroken] = {}
    for step in taken.steps:
        try:
            with contextlib.nullcontext() if action.alone else tx.savepoint():
                done = _take_step(tx, hub, step, actor)
        except RuleBroken as error:
            if action.alone:
                raise
            refused[step.id] = error  # one of many that cannot be changed keeps no other
            continue
        (made if isinstance(step, Make) else changed).append(done.record)
        due.extend(done.due)
    if made or changed:
        _write_down(tx, record, action, options, [*made, *changed], actor)
    results = _list_results(tx, taken)
    return Acted(
        tx.get(find_kind(kind), id=record_id) or record, tuple(made), tuple(changed),
        tuple(row for row in results if row.id not in refused), taken.more and bool(made or changed),
        tuple((row, refused[row.id]) for row in results if row.id in refused), tuple(due),
    )  # fmt: skip


class _DeskLook(TxLook):
    """Who is alike is also who could be the same by weight: as whoever makes a party by hand is told."""

    def __init__(self, tx: UnitOfWork, hub: Hub) -> None:
        super().__init__(tx)
        self._hub = hub

    def find_alike(self, kind: str, values: Fields) -> Sequence[Alike]:
        found = list(super().find_alike(kind, values))
        known = {row.record_id for row in found}
        linked = {**values, "links": [SimpleNamespace(**link) for link in values.get("links", ())]}
        for candidate in find_candidates(self._tx, self._hub, kind, linked).candidates:
            if candidate.record.id not in known:
                label = describe_record(candidate.record, "-")[0]
                found.append(Alike(candidate.record.id, label, f"{candidate.judged.weight:+d}"))
        return found


def _take_step(tx: UnitOfWork, hub: Hub, step: Make | Change, actor: str) -> Rebuilt:
    if isinstance(step, Make):
        return apply_create(tx, hub, step.kind, step.values, actor, record_id=step.id)
    return apply_edit(tx, hub, step.kind, step.id, step.values, actor)


def _write_down(
    tx: UnitOfWork, record: Entity, action: Action, options: Value, touched: list[Entity], actor: str
) -> None:
    told = {name: show_value(value) for name, value in options if value is not None}
    records = [{"kind": row.KIND, "id": str(row.id), "label": describe_record(row, str(row.id))[0]} for row in touched]
    tx.journal(
        actor, "record.acted", kind=record.KIND, record_id=record.id, name=action.name, options=told, records=records
    )


def _list_results(tx: UnitOfWork, taken: Taken) -> tuple[Entity, ...]:
    found = (tx.get(find_kind(kind), id=id) for kind, id in taken.results)
    return tuple(row for row in found if row is not None)


def _check_options(kind: str, action: Action, options: Mapping[str, Any]) -> Value:
    try:
        return action.options.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors()[0]
        known = ", ".join(action.options.model_fields) or "—"
        raise RuleBroken(
            "sync.option_refused", kind=kind, action=action.name, option=".".join(map(str, first["loc"])),
            value=show_refused(first), what=explain_refusal(first), known=known,
        ) from error  # fmt: skip
