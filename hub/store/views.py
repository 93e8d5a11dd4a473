"""Views for analysts: one for each kind and for each table of lines.

Decimals are text with all their places, so that no tool turns money into floats; on SQLite instants are ISO text in
UTC. Deleted records, and the lines of deleted records, are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Dialect, Table

from hub.store.tables import StoredModel, derive_tables
from hub.store.types import ScaledDecimal, UtcInstant


def list_views(dialect: Dialect) -> Iterator[tuple[str, str]]:
    """(name, SELECT) of every view, such as ``v_order`` and ``v_order_line``."""
    for stored in derive_tables()[1].values():
        if stored.is_kind:
            yield from _views_of_kind(stored, dialect)


def _views_of_kind(stored: StoredModel, dialect: Dialect) -> Iterator[tuple[str, str]]:
    name = stored.table.name
    yield (
        f"v_{name.removeprefix('crm_')}",
        f"SELECT {_columns(stored.table, dialect)}\nFROM {name} t\nWHERE t.deleted_at IS NULL",
    )
    for lines in stored.lines:
        joined = f"FROM {lines.table.name} t JOIN {name} p ON p.id = t.{lines.parent}"
        yield (
            f"v_{lines.table.name.removeprefix('crm_')}",
            f"SELECT {_columns(lines.table, dialect)}\n{joined}\nWHERE p.deleted_at IS NULL",
        )


def _columns(table: Table, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    return ",\n  ".join(f"{_expression(column, dialect)} AS {quote(column.name)}" for column in table.columns)


def _expression(column: Column[Any], dialect: Dialect) -> str:
    name = f"t.{dialect.identifier_preparer.quote(column.name)}"
    if isinstance(column.type, ScaledDecimal):
        return f"{name}::text" if dialect.name == "postgresql" else _sqlite_decimal(name, column.type.places)
    if isinstance(column.type, UtcInstant) and dialect.name == "sqlite":
        return _sqlite_instant(name)
    return name


def _sqlite_decimal(name: str, places: int) -> str:
    scale = 10**places
    sign = f"CASE WHEN {name} < 0 THEN '-' ELSE '' END"
    digits = f"printf('%d.%0{places}d', abs({name}) / {scale}, abs({name}) % {scale})"
    return f"CASE WHEN {name} IS NOT NULL THEN {sign} || {digits} END"


def _sqlite_instant(name: str) -> str:
    rest = f"(({name} % 1000000 + 1000000) % 1000000)"
    seconds = f"strftime('%Y-%m-%dT%H:%M:%S', ({name} - {rest}) / 1000000, 'unixepoch')"
    return f"CASE WHEN {name} IS NOT NULL THEN {seconds} || printf('.%06dZ', {rest}) END"
