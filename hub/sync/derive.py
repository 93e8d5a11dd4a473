"""Values that follow from other records: sums over them, computed anew each time and never incremented."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hub.crm.rules import Fed, Feeder, list_fed, list_linked, rules_for
from hub.model.base import Entity
from hub.model.kinds import Fields, find_kind
from hub.store import UnitOfWork


def derive_values(tx: UnitOfWork, kind: str, record_id: UUID, values: Fields) -> dict[str, Any]:
    """The derived values of a record, from the records that name it."""
    return rules_for(kind).deriving(record_id, values, find_fed(tx, kind, record_id))


def find_fed(tx: UnitOfWork, kind: str, record_id: UUID) -> Fed:
    """All records that feed this one, by kind."""
    return {feeder.kind: find_feeding(tx, feeder, record_id) for feeder in rules_for(kind).feeders}


def find_feeding(tx: UnitOfWork, feeder: Feeder, record_id: UUID) -> Sequence[Entity]:
    """The living records that name this one in the feeder's field."""
    model = find_kind(feeder.kind)
    where: dict[str, Any] = {feeder.field: record_id}
    if feeder.lines is not None:
        return tx.find_by_line(model, feeder.lines, **where)
    return tx.find(model, order=["id"], **where)


def list_fed_records(kind: str, *versions: Entity | None) -> list[tuple[str, UUID]]:
    """(kind, id) of every record whose derived values depend on this one, before or after its change."""
    found = {
        (target, record_id)
        for target, feeder in list_fed(kind)
        for record in versions
        if record is not None
        for record_id in feeder.list_targets(record)
    }
    return sorted(found)


def list_linked_records(tx: UnitOfWork, kind: str, versions: Sequence[Entity | None]) -> list[tuple[str, UUID]]:
    """(kind, id) of every record that looks for this one by a text that it has, or had."""
    found: set[tuple[str, UUID]] = set()
    for target, link in list_linked(kind):
        if not _has_any(tx, target):
            continue
        for text in {str(getattr(record, link.field)).lower() for record in versions if record is not None} - {""}:
            where: dict[str, Any] = {link.column: text}
            found |= {(target, row.id) for row in tx.find_by_line(find_kind(target), link.lines, **where)}
    return sorted(found)


def _has_any(tx: UnitOfWork, kind: str) -> bool:
    """Asked once in a transaction: a company that keeps no such records pays nothing for them."""
    key = (list_linked_records, kind)
    if key not in tx.notes:
        tx.notes[key] = bool(tx.find(find_kind(kind), limit=1))
    return bool(tx.notes[key])
