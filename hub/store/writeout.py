"""Writing the changes of a batch: one statement for all rows that are treated alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from hub.errors import Duplicate, Stale
from hub.model.values import Value
from hub.store.bulk import BulkStatements, bulk_statements
from hub.store.cells import Cell
from hub.store.codec import stored

_REVISE = "revise "


def write_out(connection: Connection, changes: Mapping[type[Value], Sequence[Cell]]) -> None:
    """Records come before everything that speaks of them. ``Duplicate`` and ``Stale`` as for single rows."""
    bulk = bulk_statements(connection.dialect)
    for model in sorted(changes, key=lambda model: not stored(model).is_kind):
        _write_model(connection, bulk, model, changes[model])


def _write_model(connection: Connection, bulk: BulkStatements, model: type[Value], changes: Sequence[Cell]) -> None:
    spec = stored(model).spec
    gone = [change for change in changes if change.op == "delete"]
    fresh = [change.row.__dict__ for change in changes if change.op == "insert"]
    saved = [change.row.__dict__ for change in changes if change.op == "upsert"]
    revised = [change for change in changes if change.op.startswith(_REVISE)]
    if gone:
        bulk.delete(model).run(connection, [dict(zip(spec.key, change.key, strict=True)) for change in gone])
    if fresh and bulk.insert(model).run(connection, fresh) != len(fresh):
        raise Duplicate("store.duplicate", table=spec.name)
    if saved:
        bulk.upsert(model).run(connection, saved)
    if revised:
        rows = [_revision_values(change) for change in revised]
        if bulk.revise(model).run(connection, rows) != len(rows):
            raise Stale("store.revision_changed", kind=spec.name, id="", revision="")
    if stored(model).lines:
        _write_lines(connection, bulk, model, [change for change in changes if change.op != "delete"])


def _revision_values(change: Cell) -> dict[str, Any]:
    values = change.row.__dict__
    return {**values, "record_id": values["id"], "read_revision": int(change.op.removeprefix(_REVISE))}


def _write_lines(connection: Connection, bulk: BulkStatements, model: type[Value], changes: Sequence[Cell]) -> None:
    for at, lines in enumerate(stored(model).lines):
        written = [change for change in changes if _lines_differ(change, lines.field)]
        old = [{"parent": change.key[0]} for change in written if change.op != "insert"]
        if old:
            bulk.delete_lines(model, at).run(connection, old)
        rows = [
            {**line.__dict__, lines.parent: change.key[0], "position": position}
            for change in written
            for position, line in enumerate(change.row.__dict__[lines.field])
        ]
        if rows:
            bulk.insert_lines(model, at).run(connection, rows)


def _lines_differ(change: Cell, field: str) -> bool:
    before = () if change.stored is None else change.stored.__dict__[field]
    return change.stored is None or before != change.row.__dict__[field]
