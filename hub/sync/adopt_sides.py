"""Both sides as pairing looks at them: every record here, and everything that is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from hub.identity.likeness import list_signs
from hub.identity.pairing import Thing
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Stage
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.sync.context import Hub, OpenConnection
from hub.sync.lookalike import label_values, make_facts
from hub.sync.resolve import is_void
from hub.sync.scope import list_elsewhere
from hub.sync.show import describe_record
from hub.sync.translate import is_reference_foreign, is_reference_ours, read_source

_CHUNK = 500
ON_ITS_WAY = "?"
"""The partner of a record whose document was sent and has not been seen yet, or is in another organisation's books."""


@dataclass(frozen=True, slots=True)
class Item:
    """What people ask of one thing."""

    label: str
    amount: Decimal | None = None
    currency: str | None = None


@dataclass
class Sides:
    here: dict[str, Thing] = field(default_factory=dict)
    there: dict[str, Thing] = field(default_factory=dict)
    items_here: dict[str, Item] = field(default_factory=dict)
    items_there: dict[str, Item] = field(default_factory=dict)
    older: int = 0
    """Documents there that were left out for their date."""


def read_sides(
    hub: Hub, conn: OpenConnection, kind: str, since: date | None, pages: Iterable[Sequence[SourceRecord]]
) -> Sides:
    """What is there as the pages bring it, then what is here."""
    sides = Sides()
    for records in pages:
        with hub.store.read() as tx:
            _add_page(tx, hub, conn, kind, since, records, sides)
    with hub.store.read() as tx:
        for record, bindings, elsewhere in _read_records(tx, hub, conn, kind):
            day = getattr(record, record.DAY) if record.DAY else None
            if since is not None and day is not None and day < since:
                continue
            key, (label, amount, currency) = str(record.id), describe_record(record, str(record.id))
            sides.here[key] = _make_here(kind, record, label, bindings, elsewhere)
            sides.items_here[key] = Item(label, amount, currency)
    return sides


def _add_page(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    kind: str,
    since: date | None,
    records: Sequence[SourceRecord],
    sides: Sides,
) -> None:
    ids = [source.external_id for source in records]
    rows = tx.find(Binding, connection=conn.name, kind=kind, remote_id__in=ids) if ids else []
    bound = {row.remote_id: str(row.hub_id) for row in rows}
    for source in records:
        if source.stage is Stage.GONE or is_reference_foreign(hub, source):
            continue
        if source.external_id not in bound and is_reference_ours(hub, source):
            continue  # made by us and lost with a database: the next run takes it back by its reference
        values = read_source(tx, hub, conn, kind, source, None).snapshot.values
        day = values.get(find_kind(kind).DAY)
        if since is not None and day is not None and day < since:
            sides.older += 1
            continue
        label = label_values(kind, values, source.number or source.external_id)
        sides.there[source.external_id] = Thing(
            key=source.external_id,
            label=label,
            signs=list_signs(kind, values, source.number),
            partner=bound.get(source.external_id),
            party=_text(values.get("account_id")),
            facts=make_facts(kind, None, values),
            ended=source.stage is Stage.VOID,
        )
        sides.items_there[source.external_id] = Item(label, values.get(find_kind(kind).AMOUNT), values.get("currency"))


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _make_here(kind: str, record: Entity, label: str, bindings: Sequence[Binding], elsewhere: bool) -> Thing:
    living = [row for row in bindings if row.state is not BindingState.FOREIGN]
    bound = next((row.remote_id for row in living if row.remote_id is not None), None)
    if bound is None and (elsewhere or any(row.attempts > 0 for row in living)):
        bound = ON_ITS_WAY
    values: Mapping[str, Any] = record.__dict__
    return Thing(
        key=str(record.id),
        label=label,
        signs=list_signs(kind, values),
        partner=bound,
        party=_text(values.get("account_id")),
        facts=make_facts(kind, record.id, values),
        ended=is_void(record),
    )


def _read_records(
    tx: UnitOfWork, hub: Hub, conn: OpenConnection, kind: str
) -> Iterator[tuple[Entity, list[Binding], bool]]:
    """Every record that is not deleted, with its bindings to this connection, and whether it is a document of another
    organisation."""
    last: dict[str, Any] = {}
    while True:
        records = tx.find(find_kind(kind), order=["id"], limit=_CHUNK, **last)
        ids = [record.id for record in records]
        rows = tx.find(Binding, connection=conn.name, kind=kind, hub_id__in=ids) if ids else []
        elsewhere = list_elsewhere(tx, hub, conn.name, kind, ids)
        for record in records:
            yield record, [row for row in rows if row.hub_id == record.id], record.id in elsewhere
        if len(records) < _CHUNK:
            return
        last = {"id__gt": records[-1].id}
