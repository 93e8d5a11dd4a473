"""Gathers what waits for a person, from everywhere where something can wait."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid
from hub.locale import keep_params
from hub.model.base import Entity
from hub.model.kinds import find_kind, load_kinds
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Direction
from hub.store import UnitOfWork
from hub.store.rows import Conflict, ConnectionState, DeadRow, Orphan
from hub.sync.accept import check_accepted
from hub.sync.context import Hub
from hub.sync.event_waits import list_event_waits
from hub.sync.evidence import NOT_PROBED
from hub.sync.matching import NEW_RECORD, VETOES
from hub.sync.pause import read_pause_all
from hub.sync.review import list_open, tell_against
from hub.sync.voucher_holds import list_voucher_waits
from hub.sync.waits import SHOW, UNDO, TodoItem, about_binding, find_missing_code, judge_binding, name_codes_command
from hub.sync.watch import list_guarded

_CHUNK = 500
LONG_REST = timedelta(minutes=5)
"""A connection that was asked to wait for longer, or that has used up its calls, is told."""


def gather(hub: Hub, wanted: set[str]) -> list[TodoItem]:
    """Everything that waits on these connections, dropped things too, in no order."""
    with hub.store.read() as tx:
        found = [
            *_list_bindings(tx, wanted),
            *_list_conflicts(tx, wanted),
            *_list_dead(tx, hub, wanted),
            *_list_orphans(tx, wanted),
            *list_event_waits(tx, wanted),
            *_list_pauses(tx, hub, wanted),
            *_list_plans(tx, hub, wanted),
            *list_guarded(tx, hub, wanted),
            *_list_questions(tx),
            *list_voucher_waits(tx, hub),
        ]
        return _add_records(tx, found)


# ---------------------------------------------------------------- bindings


def _list_bindings(tx: UnitOfWork, wanted: set[str]) -> Iterator[TodoItem]:
    """One entry for each binding: parked before held before waiting."""
    seen: set[UUID] = set()
    chosen: tuple[dict[str, Any], ...] = ({"parked__null": False}, {"held__ne": {}}, {"state": BindingState.WAITING})
    for where in chosen:
        for binding in tx.find(Binding, connection__in=sorted(wanted), **where):
            if binding.id not in seen and binding.state not in (BindingState.TOMB, BindingState.FOREIGN):
                seen.add(binding.id)
                item = judge_binding(tx, binding)
                if item is not None:
                    yield item


# ---------------------------------------------------------------- everything else


def _list_conflicts(tx: UnitOfWork, wanted: set[str]) -> Iterator[TodoItem]:
    """Undecided conflicts of bindings that are not parked for them already."""
    rows: dict[UUID, list[Conflict]] = {}
    for row in tx.find(Conflict, connection__in=sorted(wanted), decided_at=None, order=["at"]):
        rows.setdefault(row.binding_id, []).append(row)
    for start in range(0, len(rows), _CHUNK):
        for binding in tx.find(Binding, id__in=list(rows)[start : start + _CHUNK]):
            mine = rows[binding.id]
            if binding.parked:
                continue
            code = "sync.conflict_took_hub" if mine[-1].took == "hub" else "sync.conflict_took_remote"
            params = {"fields": ", ".join(sorted({row.field for row in mine}))}
            yield replace(about_binding(binding, "conflict", code, params), since=mine[0].at)


def _list_dead(tx: UnitOfWork, hub: Hub, wanted: set[str]) -> Iterator[TodoItem]:
    """Records there that could not be taken in."""
    states = ["dead", "waiting", "review", "dropped"]
    for row in tx.find(DeadRow, connection__in=sorted(wanted), state__in=states):
        kind = find_kind_of(hub, row.connection, row.stream)
        yield TodoItem(
            kind_of_wait=row.state,
            connection=row.connection,
            kind=kind,
            remote_id=row.external_id,
            number=row.facts.get("number"),
            code=row.code,
            params={"connection": row.connection, "number": row.external_id, **row.params},
            amount=row.amount,
            currency=row.currency,
            base_amount=row.amount,
            since=row.first_at,
            command=choose_command(row, kind),
            stream=row.stream,
            thing=f"import:{row.stream}:{row.external_id}",
        )


def choose_command(row: DeadRow, kind: str) -> str:
    """What answers for a record there that could not be taken in."""
    if row.state == "dropped":
        return UNDO
    if row.state == "review":
        candidate = row.params.get("candidates", "")
        known = candidate if candidate and "," not in candidate else "RECORD"
        record = NEW_RECORD if row.code in VETOES else f"{known}|{NEW_RECORD}"
        return f"isthmus binding add {row.connection} {kind or 'KIND'} {record} {row.external_id}"
    return name_codes_command(row.connection) if find_missing_code(row.params) else SHOW


def find_kind_of(hub: Hub, connection: str, stream: str) -> str:
    """The kind that a stream is read as; empty for none."""
    try:
        mappings = hub.open(connection).mappings
    except ConfigInvalid:
        return ""  # said once, by _list_plans
    return next((kind for kind, mapping in mappings.items() if mapping.stream == stream), "")


def _list_orphans(tx: UnitOfWork, wanted: set[str]) -> Iterator[TodoItem]:
    for row in tx.find(Orphan, connection__in=sorted(wanted), state__in=["parked", "left"]):
        binding = tx.get(Binding, id=row.binding_id) if row.binding_id else None
        yield TodoItem(
            kind_of_wait="orphan" if row.state == "parked" else "dropped",
            connection=row.connection,
            kind=row.kind,
            record_id=binding.hub_id if binding else None,
            binding_id=row.binding_id,
            remote_id=row.remote_id,
            code=row.reason,
            params={"connection": row.connection, "remote_id": row.remote_id},
            since=row.at,
            command=SHOW if row.state == "parked" else UNDO,
            thing=f"spare:{row.kind}:{row.remote_id}",
        )


def _list_pauses(tx: UnitOfWork, hub: Hub, wanted: set[str]) -> Iterator[TodoItem]:
    everything = read_pause_all(tx)
    if everything is not None:
        since = datetime.fromisoformat(everything["at"]) if "at" in everything else None
        yield TodoItem("paused", "*", "sync.all_paused", "isthmus resume --all", params=everything, since=since)
    for state in tx.find(ConnectionState, paused=True, connection__in=sorted(wanted)):
        yield TodoItem(
            "paused",
            state.connection,
            state.pause_code or "sync.paused_by",
            f"isthmus connection resume {state.connection}",
            params={"connection": state.connection, **state.pause_params},
        )
    later = hub.now() + LONG_REST
    for state in tx.find(ConnectionState, paused=False, not_before__gt=later, connection__in=sorted(wanted)):
        if state.wait_code is not None:
            command = f"isthmus connection resume {state.connection}"
            yield TodoItem("resting", state.connection, state.wait_code, command, params=state.wait_params)


def _list_plans(tx: UnitOfWork, hub: Hub, wanted: set[str]) -> Iterator[TodoItem]:
    """Syncs that may not be pushed before a person accepts a plan, with what waits to be written."""
    for connection in sorted(wanted & set(hub.config.connections)):
        for kind, sync in sorted(hub.settings_of(connection).syncs.items()):
            if sync.direction is Direction.IN:
                continue
            try:
                code = check_accepted(tx, hub, connection, kind)
            except ConfigInvalid as error:
                params = keep_params(error.params)
                yield TodoItem("setup", connection, error.code, f"isthmus connection check {connection}", params=params)
                break
            if code is not None:
                yield _about_plan(tx, connection, kind, code)


def _about_plan(tx: UnitOfWork, connection: str, kind: str, code: str) -> TodoItem:
    unsent = tx.find(Binding, connection=connection, kind=kind, state=BindingState.NEW, remote_id=None)
    records = _load_records(tx, kind, [row.hub_id for row in unsent]).values()
    amounts = [found for record in records if (found := _find_money(record)) is not None]
    currencies = {currency for _, currency, _ in amounts}
    bases = [base for _, _, base in amounts if base is not None]
    single = len(currencies) == 1
    probe = f"isthmus connection probe {connection} --kind {kind}"
    return TodoItem(
        "plan",
        connection,
        code,
        probe if code == NOT_PROBED else f"isthmus sync plan {connection}",
        kind=kind,
        params={"connection": connection, "kind": kind, "count": str(len(unsent))},
        amount=sum((amount for amount, _, _ in amounts), Decimal(0)) if single else None,
        currency=currencies.pop() if single else None,
        base_amount=sum(bases, Decimal(0)) if bases else None,
        since=min((row.updated_at for row in unsent if row.updated_at), default=None),
    )


def _list_questions(tx: UnitOfWork) -> Iterator[TodoItem]:
    """Records that could be the same."""
    for question in list_open(tx):
        one, other = question.labels
        params = {"one": one, "other": other, "kind": question.kind, "weight": str(question.judged.weight)}
        yield TodoItem(
            "identity", "*", "identity.same_party", f"isthmus identity decide {question.short} same|different",
            kind=question.kind, params={**params, "against": tell_against(question.judged.against)},
            since=question.since, thing=f"pair:{question.id}",
        )  # fmt: skip


# ---------------------------------------------------------------- money


def _add_records(tx: UnitOfWork, items: Sequence[TodoItem]) -> list[TodoItem]:
    """What people call the record, and the money in it."""
    wanted: dict[str, set[UUID]] = {}
    for item in items:
        if item.record_id is not None and item.kind in load_kinds():
            wanted.setdefault(item.kind, set()).add(item.record_id)
    records = {kind: _load_records(tx, kind, ids) for kind, ids in wanted.items()}
    return [_add_record(item, records.get(item.kind, {}).get(item.record_id)) for item in items]


def _load_records(tx: UnitOfWork, kind: str, ids: Iterable[UUID]) -> dict[UUID | None, Entity]:
    ordered = sorted(set(ids))
    found: dict[UUID | None, Entity] = {}
    for start in range(0, len(ordered), _CHUNK):
        chunk = ordered[start : start + _CHUNK]
        found.update({row.id: row for row in tx.find(find_kind(kind), id__in=chunk, with_deleted=True)})
    return found


def _add_record(item: TodoItem, record: Entity | None) -> TodoItem:
    if record is None:
        return item
    label = getattr(record, record.NUMBER, None) or getattr(record, "name", None) or item.number
    money = _find_money(record)
    if money is None:
        return replace(item, number=label)
    return replace(item, number=label, amount=money[0], currency=money[1], base_amount=money[2])


def _find_money(record: Any) -> tuple[Decimal, str, Decimal | None] | None:
    """(gross, currency, gross in the base currency) of a document; some kinds are in one currency alone."""
    model = type(record)
    if not model.AMOUNT:
        return None
    base = getattr(record, model.BASE_AMOUNT) if model.BASE_AMOUNT else None
    return getattr(record, model.AMOUNT), record.currency, base
