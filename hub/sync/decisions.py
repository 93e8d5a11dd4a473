"""What people decided about things that waited: written down with the rows as they were, and taken back exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.locale import Phrase
from hub.model.base import Entity
from hub.model.kinds import find_kind, load_kinds
from hub.model.values import Value
from hub.protocol.binding import Binding
from hub.store import UnitOfWork
from hub.store.decision_rows import Correction, Decision
from hub.store.rows import Attempt, Conflict, DeadRow, Image, Orphan, Sign
from hub.store.voucher_rows import VoucherHold
from hub.sync.context import Hub
from hub.sync.referrers import find_referrer
from hub.sync.resolve import mark_bindings, rebuild_fed
from hub.sync.waits import ID_LENGTH, TodoItem

_TABLES: Mapping[str, type[Value]] = {
    "binding": Binding,
    "image": Image,
    "conflict": Conflict,
    "orphan": Orphan,
    "dead_row": DeadRow,
    "correction": Correction,
    "sign": Sign,
    "voucher_hold": VoucherHold,
}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "binding": ("id",),
    "image": ("record_kind", "record_id", "source"),
    "conflict": ("id",),
    "orphan": ("connection", "kind", "remote_id"),
    "dead_row": ("connection", "stream", "external_id"),
    "correction": ("connection", "stream", "external_id", "field"),
    "sign": ("record_kind", "side", "key", "sign"),
    "voucher_hold": ("ledger", "source_id", "trigger"),
}
_TOLD: Mapping[str, frozenset[str]] = {
    "binding": frozenset(
        {"hub_id", "remote_id", "revision", "ref", "state", "remote_version", "base", "sent", "lines", "not_retained"}
        | {"parked", "parked_params", "void_wanted", "ours", "primary", "attempts"}
    ),
    "image": frozenset({"values", "changed"}),
    "conflict": frozenset({"took", "decided_at"}),
    "orphan": frozenset({"state"}),
    "dead_row": frozenset({"state", "code"}),
    "correction": frozenset({"value", "raw"}),
    "voucher_hold": frozenset({"state"}),
}
"""What must not have changed since for an undo to be safe; the rest moves by itself."""
Place = tuple[str, str]
"""(table, key as text)."""


@dataclass(frozen=True)
class Scope:
    """What a decision may touch: a record with its documents on one connection, a remote record, a spare draft."""

    connection: str
    kind: str
    record_id: UUID | None = None
    stream: str = ""
    remote_id: str | None = None


def scope_of(item: TodoItem) -> Scope:
    return Scope(item.connection, item.kind, item.record_id, item.stream, item.remote_id)


@dataclass
class Deciding:
    """A decision under way; ``record_id`` may still be told, of a record that comes in by it."""

    record_id: UUID | None


@contextmanager
def deciding(
    tx: UnitOfWork, hub: Hub, item: TodoItem, verb: str, actor: str, *, choice: str = "", reason: str = ""
) -> Iterator[Deciding]:
    """Around the changes that a decision makes: what they changed is kept beside it."""
    scope = scope_of(item)
    before = _read_rows(tx, scope)
    decision = Decision(
        id=hub.new_id(), item=item.id, verb=verb, choice=choice, reason=reason, code=item.code,
        label=item.number or item.remote_id or "", actor=actor, at=hub.now(), connection=item.connection,
        kind=item.kind, record_id=item.record_id, remote_id=item.remote_id,
    )  # fmt: skip
    under_way = Deciding(item.record_id)
    yield under_way
    after = _read_rows(tx, scope)
    changed = [place for place in {**before, **after} if before.get(place) != after.get(place)]
    kept = [place for place in changed if not _is_elsewhere(scope, before.get(place))]
    tx.insert(
        decision.model_copy(
            update={
                "record_id": under_way.record_id,
                "before": [_dump(place, before.get(place)) for place in kept],
                "after": [_dump(place, after.get(place)) for place in kept],
            }
        )
    )
    tx.journal(
        actor, f"todo.{verb}", kind=item.kind or None, record_id=under_way.record_id, connection=item.connection,
        remote_id=item.remote_id, choice=choice, reason=reason, code=item.code, decision=str(decision.id),
    )  # fmt: skip


def _is_elsewhere(scope: Scope, row: Value | None) -> bool:
    """A binding of another connection that was there before: what it has to do is derived anew."""
    return isinstance(row, Binding) and row.connection != scope.connection


def _dump(place: Place, row: Value | None) -> dict[str, Any]:
    return {"table": place[0], "key": place[1], "row": row.model_dump(mode="json") if row is not None else None}


def _read_rows(tx: UnitOfWork, scope: Scope) -> dict[Place, Value]:
    """Every row that a decision about this could touch."""
    ids = {scope.record_id} - {None}
    if scope.remote_id is not None:
        bound = tx.find(Binding, connection=scope.connection, kind=scope.kind, remote_id=scope.remote_id)
        ids |= {row.hub_id for row in bound}
    found: list[Value] = []
    for record_id in ids:
        found += _read_record(tx, scope, record_id)
    if scope.remote_id is not None:
        where: dict[str, Any] = {"connection": scope.connection, "external_id": scope.remote_id}
        if scope.stream:
            found += tx.find(DeadRow, stream=scope.stream, **where)
            found += tx.find(Correction, stream=scope.stream, **where)
            found += tx.find(Sign, record_kind=scope.kind, side=scope.connection, key=scope.remote_id)
        found += tx.find(Orphan, connection=scope.connection, kind=scope.kind, remote_id=scope.remote_id)
    return {_place(row): row for row in found}


def _read_record(tx: UnitOfWork, scope: Scope, record_id: UUID | None) -> list[Value]:
    bindings = tx.find(Binding, kind=scope.kind, hub_id=record_id)
    here = [row.id for row in bindings if row.connection == scope.connection]
    record = tx.get(find_kind(scope.kind), id=record_id)
    return [
        *bindings,
        *tx.find(Image, record_kind=scope.kind, record_id=record_id),
        *tx.find(Conflict, binding_id__in=here),
        *tx.find(Orphan, binding_id__in=here),
        *tx.find(VoucherHold, source_id=record_id),
        *([record] if record is not None else []),
    ]


def _place(row: Value) -> Place:
    if isinstance(row, Entity):
        return row.KIND, str(row.id)
    table = next(name for name, model in _TABLES.items() if isinstance(row, model))
    return table, "\n".join(str(getattr(row, name)) for name in _KEYS[table])


# ---------------------------------------------------------------- undo


def list_decisions(hub: Hub, limit: int = 50) -> list[Decision]:
    """The newest decisions, those that were undone too."""
    with hub.store.read() as tx:
        return list(tx.find(Decision, order=["-at", "-id"], limit=limit))


def find_decision(tx: UnitOfWork, text: str) -> Decision:
    """The newest decision about the entry with this id, or beginning of one, that still holds."""
    wanted = text.strip().lower()
    rows = tx.find(Decision, undone_at=None, item__prefix=wanted[:ID_LENGTH], order=["-at", "-id"]) if wanted else []
    if not rows:
        raise NotFound("todo.decision_unknown", text=text)
    if len({row.item for row in rows}) > 1:
        items = ", ".join(dict.fromkeys(row.item for row in rows))
        raise ConfigInvalid("todo.ambiguous", text=text, ids=items)
    return rows[0]


def undo_decision(hub: Hub, text: str, actor: str) -> Decision:
    """Put everything back as it was before the decision. ``RuleBroken`` names what happened since that forbids it."""
    with hub.store.write() as tx:
        decision = find_decision(tx, text)
        undoing = _Undoing(tx, hub, decision, actor)
        undoing.check()
        due = undoing.restore()
        undone = tx.save(decision.model_copy(update={"undone_at": hub.now(), "undone_by": actor}))
        tx.journal(
            actor, "todo.undo", kind=decision.kind or None, record_id=decision.record_id,
            connection=decision.connection, remote_id=decision.remote_id, verb=decision.verb, choice=decision.choice,
            decision=str(decision.id),
        )  # fmt: skip
    hub.hint(due)
    return undone


@dataclass(frozen=True)
class _Undoing:
    tx: UnitOfWork
    hub: Hub
    decision: Decision
    actor: str

    def check(self) -> None:
        """Nothing may have been written, and nothing of what the decision touched may have changed since."""
        for place, row in self._load("after"):
            if isinstance(row, Binding) or (row is None and place["table"] == "binding"):
                self._check_unwritten(UUID(place["key"]))
        for place, row in self._load("after"):
            current = self._find(place)
            if place["table"] != "sign" and not self._is_same(place["table"], row, current):
                self._refuse(place["table"])

    def _check_unwritten(self, binding_id: UUID) -> None:
        later = self.tx.find(Attempt, order=["sent_at"], binding_id=binding_id, sent_at__gt=self.decision.at)
        sent = [row for row in later if row.outcome not in ("refused", "unsent")]
        if sent:
            raise RuleBroken(
                "todo.undo_written", connection=sent[0].connection, op=Phrase(f"sync.op_{sent[0].op}"),
                at=sent[0].sent_at.isoformat(timespec="seconds"),
            )  # fmt: skip

    def _is_same(self, table: str, row: Value | None, current: Value | None) -> bool:
        if row is None or current is None:
            return row is None and current is None
        if isinstance(row, Entity) and isinstance(current, Entity):
            return row.revision == current.revision
        return all(getattr(row, name) == getattr(current, name) for name in _TOLD[table])

    def _refuse(self, table: str) -> None:
        what = Phrase(f"todo.undo_{table}" if table in _TABLES else "todo.undo_record")
        raise RuleBroken("todo.undo_changed", number=self.decision.label or "-", what=what)

    def restore(self) -> Sequence[UUID]:
        """Write the rows as they were; what other systems must be told is marked."""
        records: list[tuple[Entity | None, Entity | None]] = []
        cause: Binding | None = None
        for place, row in sorted(self._load("before"), key=lambda pair: pair[0]["table"] not in _TABLES):
            if place["table"] not in _TABLES:
                was = self._find(place)
                records.append((was if isinstance(was, Entity) else None, self._restore_record(place, row)))
            elif row is None:
                self._remove(place)
            elif isinstance(row, Binding):
                cause = self._restore_binding(row)
            else:
                self.tx.save(row)
        due: list[UUID] = []
        for was, record in records:
            due += mark_bindings(self.tx, self.hub, record, cause=cause) if record is not None else []
            due += rebuild_fed(self.tx, self.hub, self.decision.kind, (was, record), actor=self.actor, run_id=None)
        return due

    def _restore_record(self, place: Mapping[str, Any], row: Value | None) -> Entity | None:
        if not isinstance(row, Entity):
            self._remove(place)
            return None
        current = self.tx.get(type(row), id=row.id, lock=True)
        if current is None or current.revision == row.revision:
            return row
        return self.tx.save_record(row.model_copy(update={"revision": current.revision}))

    def _restore_binding(self, row: Binding) -> Binding:
        current = self.tx.get(Binding, id=row.id, lock=True)
        fence = current.fence + 1 if current is not None else row.fence
        update = {"fence": fence, "lease_until": None, "updated_at": self.hub.now()}
        return self.tx.save(row.model_copy(update=update))

    def _remove(self, place: Mapping[str, Any]) -> None:
        """A row that the decision made."""
        table, key = place["table"], place["key"]
        model = _TABLES.get(table) or find_kind(table)
        if issubclass(model, Entity):
            found = find_referrer(self.tx, table, UUID(key))
            if found is not None:
                raise RuleBroken("todo.undo_used", kind=table, number=self.decision.label or "-", by=found)
        self.tx.delete(model, **self._read_key(table, key))

    # ------------------------------------------------------------ rows

    def _load(self, name: str) -> Iterator[tuple[Mapping[str, Any], Value | None]]:
        for place in getattr(self.decision, name):
            model = _TABLES.get(place["table"]) or find_kind(place["table"])
            yield place, model.model_validate(place["row"]) if place["row"] is not None else None

    def _find(self, place: Mapping[str, Any]) -> Value | None:
        table = place["table"]
        model: type[Value] = _TABLES.get(table) or find_kind(table)
        return self.tx.get(model, lock=True, **self._read_key(table, place["key"]))

    def _read_key(self, table: str, key: str) -> dict[str, Any]:
        if table in load_kinds():
            return {"id": UUID(key)}
        values: Iterable[str] = key.split("\n")
        return {
            name: UUID(value) if name in ("id", "record_id", "source_id") else value
            for name, value in zip(_KEYS[table], values, strict=True)
        }
