"""What the database says about a page of documents of the other system, in a handful of questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.reference import parse_reference
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.decision_rows import Correction
from hub.store.rows import Conflict, DeadRow, Image, Orphan
from hub.sync.context import Hub, OpenConnection
from hub.sync.intake import gather_refs, lend_refs
from hub.sync.translate import Translated, is_reference_ours, read_source


@dataclass(frozen=True)
class Side:
    """``bindings`` by remote id; ``by_record``: those of the records that documents name by our reference; ``asked``:
    binding → fields that were edited on both sides and about which nobody has decided."""

    bindings: Mapping[str | None, Binding]
    by_record: Mapping[UUID, Sequence[Binding]]
    records: Mapping[UUID, Entity]
    images: Mapping[UUID, Sequence[Image]]
    dead: Mapping[str, DeadRow]
    spare: frozenset[str]
    asked: Mapping[UUID, set[str]]


def load_side(tx: UnitOfWork, hub: Hub, conn: OpenConnection, kind: str, sources: Sequence[SourceRecord]) -> Side:
    """Everything about these documents. References of theirs are lent to the mapping."""
    ids = [source.external_id for source in sources]
    if not ids:
        return Side({}, {}, {}, {}, {}, frozenset(), {})
    where: dict[str, Any] = {"connection": conn.name, "kind": kind}
    bindings = {row.remote_id: row for row in tx.find(Binding, **where, remote_id__in=ids)}
    named = {ref for source in sources if (ref := read_own_reference(hub, source)) is not None}
    by_record: dict[UUID, list[Binding]] = defaultdict(list)
    for row in tx.find(Binding, **where, hub_id__in=sorted(named)) if named else ():
        by_record[row.hub_id].append(row)
    wanted = sorted({row.hub_id for row in bindings.values()} | named)
    records = tx.find(find_kind(kind), id__in=wanted, with_deleted=True) if wanted else []
    images: dict[UUID, list[Image]] = defaultdict(list)
    for image in tx.find(Image, record_kind=kind, record_id__in=wanted) if wanted else ():
        images[image.record_id].append(image)
    stream = conn.stream_of(kind).name
    dead = tx.find(DeadRow, connection=conn.name, stream=stream, external_id__in=ids)
    spare = tx.find(Orphan, **where, remote_id__in=ids, state__in=["due", "parked", "left"])
    lend_refs(tx, conn, gather_refs(conn, kind, sources))
    return Side(
        bindings, by_record, {row.id: row for row in records}, images, {row.external_id: row for row in dead},
        frozenset(row.remote_id for row in spare), _list_asked(tx, [row.id for row in bindings.values()]),
    )  # fmt: skip


def read_own_reference(hub: Hub, source: SourceRecord) -> UUID | None:
    """The record that a document of ours belongs to."""
    parsed = parse_reference(source.reference) if is_reference_ours(hub, source) else None
    return parsed.hub_id if parsed is not None else None


def translate(
    tx: UnitOfWork, hub: Hub, conn: OpenConnection, kind: str, source: SourceRecord, binding: Binding | None
) -> Translated:
    """As ingest would read it: with the corrections that people gave, where it cannot be read without."""
    translated = read_source(tx, hub, conn, kind, source, binding)
    key: dict[str, Any] = {"connection": conn.name, "stream": source.stream, "external_id": source.external_id}
    if translated.mapped.problems and tx.count(Correction, **key):
        return read_source(tx, hub, conn, kind, source, binding, corrected=True)
    return translated


def _list_asked(tx: UnitOfWork, binding_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    asked: dict[UUID, set[str]] = defaultdict(set)
    for row in tx.find(Conflict, binding_id__in=sorted(binding_ids), decided_at=None) if binding_ids else ():
        asked[row.binding_id].add(row.field)
    return asked
