"""What a record of another system refers to: by the id that it has there, or by a number that both sides use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any
from uuid import UUID

from hub.mapping.fields import split_ref
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.store import UnitOfWork


def find_referred(tx: UnitOfWork, connection: str, ref: str, ids: Collection[str]) -> dict[str, UUID]:
    """What is known of ``ids``: for ``order`` ids of that connection, for ``order.number`` numbers of the hub's own
    records. A number that several records have names none of them."""
    kind, by_number = split_ref(ref)
    if not by_number:
        found = tx.pluck(Binding, ("remote_id", "hub_id"), connection=connection, kind=kind, remote_id__in=sorted(ids))
        return {row[0]: row[1] for row in found}
    rows = tx.pluck(find_kind(kind), ("number", "id"), number__in=sorted(ids), deleted_at=None)
    times = Counter(row[0] for row in rows)
    return {number: id for number, id in rows if times[number] == 1}


def find_one_referred(tx: UnitOfWork, connection: str, ref: str, external_id: str) -> UUID | None:
    """The same for one of them."""
    kind, by_number = split_ref(ref)
    if by_number:
        rows = tx.find(find_kind(kind), number=external_id, limit=2)
        return rows[0].id if len(rows) == 1 else None
    found = tx.find(Binding, connection=connection, kind=kind, remote_id=external_id, limit=1)
    return found[0].hub_id if found else None


def find_one_named(tx: UnitOfWork, kind: str, text: str) -> UUID | None:
    """The one living record of a kind that people call so; None where none is, or several are."""
    model = find_kind(kind)
    where: dict[str, Any] = {model.NUMBER: text}
    rows = tx.find(model, deleted_at=None, limit=2, **where)
    return rows[0].id if len(rows) == 1 else None


def name_referred(tx: UnitOfWork, kind: str, hub_id: UUID) -> str | None:
    """What people call a record."""
    record = tx.get(find_kind(kind), id=hub_id)
    return str(getattr(record, record.NUMBER)) or None if record is not None else None


def find_remote_of(tx: UnitOfWork, connection: str, ref: str, hub_id: UUID) -> str | None:
    """How a document of that connection refers to the record; None while it cannot."""
    kind, by_number = split_ref(ref)
    if by_number:
        record = tx.get(find_kind(kind), id=hub_id)
        return getattr(record, "number", None) or None
    found = tx.find(Binding, connection=connection, kind=kind, hub_id=hub_id)
    usable = [row for row in found if row.remote_id is not None]
    usable.sort(key=lambda row: not row.primary)
    return usable[0].remote_id if usable else None
