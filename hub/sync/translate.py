"""Between a vendor's records and canonical values: the mapping, given what only the store knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.crm.figures import check_declared
from hub.crm.rules import rules_for
from hub.errors import MappingError
from hub.mapping import Context, Given, Mapped, load_given
from hub.mapping import Mapping as FieldMapping
from hub.model.base import Line
from hub.protocol.binding import Binding
from hub.protocol.compare import match_lines
from hub.protocol.reference import parse_reference
from hub.protocol.snapshot import Snapshot
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.decision_rows import Correction
from hub.sync.context import Hub, OpenConnection
from hub.sync.references import find_one_named, find_one_referred, find_remote_of, name_referred

BOUND = "bound"
"""(this, connection, kind, external id) in the notes of a transaction: the record that is bound to it."""


@dataclasses.dataclass(frozen=True)
class Translated:
    """A source record in canonical form: the snapshot, and what the mapping said."""

    snapshot: Snapshot
    mapped: Mapped


def make_context(tx: UnitOfWork, hub: Hub, conn: OpenConnection, binding: Binding | None) -> Context:
    """What the mapping may ask: code tables, the zone, references by binding, line identity."""
    lines = dict(binding.lines) if binding else {}
    by_remote = {remote: key for key, remote in lines.items()}
    unmade = binding is not None and binding.remote_id is None

    def find_ref(kind: str, external_id: str) -> UUID | None:
        known: UUID | None = tx.notes.get((BOUND, conn.name, kind, external_id))
        if known is not None:
            return known
        return find_one_referred(tx, conn.name, kind, external_id)

    def find_remote(kind: str, hub_id: UUID) -> str | None:
        return find_remote_of(tx, conn.name, kind, hub_id)

    def find_named(kind: str, text: str) -> UUID | None:
        key = (find_one_named, kind, text)
        if key not in tx.notes:
            tx.notes[key] = find_one_named(tx, kind, text)
        named: UUID | None = tx.notes[key]
        return named

    return Context(
        zone=hub.zone_of(conn.name),
        codes=conn.codes,
        find_named=find_named,
        name_of=lambda kind, hub_id: name_referred(tx, kind, hub_id),
        find_ref=find_ref,
        find_remote=find_remote,
        line_key=lambda name, remote: by_remote.get(remote, f"{conn.name}:{remote}"),
        remote_line=lambda name, key: None if unmade else lines.get(key) or _own_line(conn.name, key),
    )


def _own_line(connection: str, key: str) -> str | None:
    """A line that came from this system carries that system's id in its key."""
    prefix, _, remote = key.partition(":")
    return remote if prefix == connection and remote else None


def read_source(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    kind: str,
    source: SourceRecord,
    binding: Binding | None,
    *,
    corrected: bool = False,
    context: Context | None = None,
) -> Translated:
    """The snapshot of a source record. Problems of the mapping stand in ``mapped.problems``; nothing is raised. A
    translation that was made ahead for the same binding is used as it is, unless something was missing then.
    ``corrected``: with the values that people gave for what was refused. ``context``: made before for the same."""
    ahead: tuple[Binding | None, Translated] | None = tx.notes.get((read_source, id(source)))
    if not corrected and ahead is not None and ahead[0] is binding and not ahead[1].mapped.problems:
        return ahead[1]
    mapping, context = conn.mapping_of(kind), context or make_context(tx, hub, conn, binding)
    if corrected:
        context = dataclasses.replace(context, given=read_given(tx, mapping, conn.name, source.external_id))
    mapped = mapping.to_canonical(source.payload, context)
    if not mapped.problems:
        mapped = Mapped(_complete_lists(kind, mapped.values), mapped.origins, mapped.problems)
    snapshot = make_snapshot(source, mapped.values, _find_total_difference(conn, kind, mapped.values))
    return Translated(snapshot, mapped)


def read_given(tx: UnitOfWork, mapping: FieldMapping, connection: str, external_id: str) -> dict[str, Given]:
    """Field → what people said that it is in this record."""
    rows = tx.find(Correction, connection=connection, stream=mapping.stream, external_id=external_id)
    return {row.field: Given(load_given(mapping, row.field, row.value), row.raw, row.actor) for row in rows}


def make_snapshot(source: SourceRecord, values: Mapping[str, Any], total_differs: str | None = None) -> Snapshot:
    """What the protocol needs to know of a source record. Without values it is enough for choosing among hits."""
    return Snapshot(
        external_id=source.external_id,
        values=values,
        stage=source.stage,
        read_at=source.read_at,
        version=source.version,
        number=source.number,
        reference=source.reference,
        created_by_us=source.created_by_us,
        touched_by_person=source.touched_by_person,
        changed_by_us=source.changed_by_us,
        live_children=source.live_children,
        merged_into=source.merged_into or None,
        total_differs=total_differs,
    )


def _complete_lists(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """Cleaned identifiers and line figures that the system leaves out, as the hub would keep them: comparable."""
    completed = rules_for(kind).complete_lists(values)
    return {**values, **{name: completed[name] for name in ("identifiers", "lines") if name in values}}


_SAID = frozenset({"quantity", "unit_price", "tax_rate"})


def _find_total_difference(conn: OpenConnection, kind: str, values: Mapping[str, Any]) -> str | None:
    """The document's own totals against the rounding that the connection declares."""
    if not {"currency", "lines", "gross"} <= set(values):
        return None
    if not all(line.model_fields_set >= _SAID for line in values["lines"] or ()):
        return None  # a tax that is no plain rate cannot be reckoned
    rounding = conn.settings.rounding or conn.connector.rounding
    tolerance = conn.settings.tolerance if conn.settings.tolerance is not None else conn.connector.total_tolerance
    found = check_declared(values, rounding, Decimal(tolerance))
    return str(found.amount) if found else None


def is_reference_ours(hub: Hub, source: SourceRecord) -> bool:
    """Whether the document carries a reference of this very hub, written by the integration user."""
    parsed = parse_reference(source.reference)
    return parsed is not None and parsed.installation == hub.installation and source.created_by_us is not False


def is_reference_foreign(hub: Hub, source: SourceRecord) -> bool:
    """Whether another hub (a staging copy, say) made it with the same integration user."""
    parsed = parse_reference(source.reference)
    return parsed is not None and parsed.installation != hub.installation and source.created_by_us is not False


def write_payload(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    binding: Binding,
    values: Mapping[str, Any],
    only: frozenset[str],
) -> Mapping[str, Any]:
    """Values in the vendor's shape; ``MappingError`` names the first field that cannot be translated."""
    mapping = conn.mapping_of(binding.kind)
    payload, problems = mapping.to_remote(values, make_context(tx, hub, conn, binding), only)
    if problems:
        first = problems[0]
        raise MappingError("sync.cannot_translate", field=first.field, value=first.value, problem=first.phrase())
    return payload


def pair_lines(
    snapshot: Snapshot, record_values: Mapping[str, Any], binding: Binding, line_fields: Mapping[str, frozenset[str]]
) -> tuple[Snapshot, dict[str, str]]:
    """Give remote lines of our own document the hub's line keys. Returns the snapshot so re-keyed, and the line map."""
    known = dict(binding.lines)
    values = dict(snapshot.values)
    for name, fields in line_fields.items():
        if name not in values:
            continue  # the record says nothing about these lines
        theirs: tuple[Line, ...] = tuple(values[name] or ())
        ours: tuple[Line, ...] = tuple(record_values.get(name) or ())
        remote_of = {line.key: line.key.partition(":")[2] for line in theirs if ":" in line.key}
        unknown = [line for line in theirs if line.key in remote_of and line.key not in {mine.key for mine in ours}]
        free = [line for line in ours if line.key not in {other.key for other in theirs}]
        pairs = match_lines(free, unknown, {}, fields)
        renamed = {other: mine for mine, other in pairs.items()}
        known.update({mine: remote_of[other] for mine, other in pairs.items()})
        values[name] = tuple(line.model_copy(update={"key": renamed.get(line.key, line.key)}) for line in theirs)
        shown = {line.key for line in values[name]}
        for line in ours:
            if line.key not in shown:
                known.pop(line.key, None)  # a person removed it there: written again, it is a new one
    return dataclasses.replace(snapshot, values=values), known
