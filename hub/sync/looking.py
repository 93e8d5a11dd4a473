"""How rules and actions look at other records: in the transaction under way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from hub.crm.actions import Alike
from hub.identity.likeness import NAME, NUMBER, list_signs, show_signs, sort_of
from hub.identity.names import fold_name
from hub.identity.pairing import is_alike
from hub.identity.resolver import PartyFacts
from hub.model.base import Entity, Line
from hub.model.identifiers import list_keys
from hub.model.kinds import Fields, find_kind, list_any_refs, list_fields, list_line_refs, list_refs, load_kinds
from hub.store import UnitOfWork

REACHED_BY = ("email", "mobile", "phone")
"""Fields by which somebody can be reached: who shares one could be the same."""


class TxLook:
    """``hub.crm.actions.Look`` over one transaction."""

    def __init__(self, tx: UnitOfWork) -> None:
        self._tx = tx

    def get(self, kind: str, record_id: UUID) -> Entity | None:
        return self._tx.get(find_kind(kind), id=record_id)

    def lock(self, kind: str, record_id: UUID) -> Entity | None:
        return self._tx.get(find_kind(kind), id=record_id, lock=True)

    def find(self, kind: str, *, limit: int | None = None, lock: bool = False, **where: Any) -> Sequence[Any]:
        return self._tx.find(find_kind(kind), order=["id"], limit=limit, lock=lock, **where)

    def count(self, kind: str, **where: Any) -> int:
        return self._tx.count(find_kind(kind), **where)

    def find_alike(self, kind: str, values: Fields) -> Sequence[Alike]:
        """A branch, or a different credit code, explains an equal name away; an equal mailbox is worth a question."""
        wanted = frozenset(sign for sign in list_signs(kind, values) if sort_of(sign) != NUMBER)
        facts = PartyFacts.of(kind, None, values)
        found: list[Alike] = []
        for record in _list_near(self._tx, kind, values):
            common = wanted & list_signs(kind, record.__dict__)
            alike = is_alike(common, PartyFacts.of_record(record), facts)
            reached = [str(values[name]) for name in REACHED_BY if _same(record, values, name)]
            if alike or reached:
                signs = ", ".join(filter(None, [show_signs(common) if alike else "", *dict.fromkeys(reached)]))
                found.append(Alike(record.id, str(getattr(record, "name", record.id)), signs))
        return found

    def find_touched(self, record: Entity) -> datetime | None:
        told = [record.updated_at, *(row.updated_at for row in _list_referrers(self._tx, record))]
        return max((at for at in told if at is not None), default=None)


def _same(record: Any, values: Fields, name: str) -> bool:
    return bool(values.get(name)) and getattr(record, name, None) == values[name]


def _list_near(tx: UnitOfWork, kind: str, values: Fields) -> list[Any]:
    """Living records that share an identifier, the folded name, or a field of ``REACHED_BY``."""
    model = find_kind(kind)
    near: dict[UUID, Any] = {}
    if "identifiers" in model.model_fields:
        for code, value in list_keys(values.get("identifiers", ())):
            near |= {row.id: row for row in tx.find_by_line(model, "identifiers", kind=code.value, value=value)}
    for name in REACHED_BY:
        if name in model.model_fields and values.get(name):
            where: dict[str, Any] = {name: values[name]}
            near |= {row.id: row for row in tx.find(model, **where)}
    folded = fold_name(str(values.get("name") or ""))
    if folded and "name" in model.model_fields and _names_tell(kind):
        # The folded name has no column: every name is read, which a person who waits for an answer does not notice.
        same = [id for id, name in tx.pluck(model, ("id", "name"), deleted_at=None) if fold_name(name) == folded]
        near |= {row.id: row for row in (tx.find(model, id__in=same) if same else ())}
    return [near[id] for id in sorted(near)]


def _names_tell(kind: str) -> bool:
    """People share names; companies hardly do."""
    return any(sort_of(sign) == NAME for sign in list_signs(kind, {"name": "x"})) and find_kind(kind).NUMBER != "name"


def _list_referrers(tx: UnitOfWork, record: Entity) -> Iterator[Any]:
    """Of every field by which records name this one, the record that changed last."""
    for name, model in load_kinds().items():
        fields = [field for field, target in list_refs(name) if target == record.KIND]
        wheres: list[dict[str, Any]] = [{field: record.id} for field in fields]
        wheres += [{field: record.id, by: record.KIND} for field, by in list_any_refs(name)]
        for where in wheres:
            yield from tx.find(model, order=["-updated_at"], limit=1, **where)
        for field, info in list_fields(name).items():
            for line in (part for part in get_args(info.annotation) if _is_line(part)):
                for inner in (inner for inner, target in list_line_refs(line) if target == record.KIND):
                    naming: dict[str, Any] = {inner: record.id}
                    yield from tx.find_by_line(model, field, **naming)


def _is_line(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, Line)
