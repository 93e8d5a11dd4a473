"""One statement for many rows: compiled once, its values converted here, run by the driver's ``executemany``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Delete, Dialect, Executable, bindparam, delete
from sqlalchemy.types import TypeEngine

from hub.errors import RuleBroken
from hub.model.values import Value
from hub.store import statements
from hub.store.codec import line_codecs, row_codec, stored
from hub.store.failures import translate
from hub.store.json_text import dump_json
from hub.store.types import EnumText, HubUuid, UtcInstant, count_micros

Values = Mapping[str, Any]
_Convert = Callable[[Any], Any] | None


class BulkStatement:
    """``types``: the column type of each parameter."""

    def __init__(self, statement: Executable, types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every statement has it
        self._sql = str(compiled)
        self._several = _find_values(compiled) if not compiled.positional else None
        self._is_positional = bool(compiled.positional)
        names = list(compiled.positiontup) if self._is_positional else list(compiled.params)
        self._names = names
        self._pick = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
        converters = [_make_converter(types[name], dialect) for name in names]
        self._converters = tuple((at, convert) for at, convert in enumerate(converters) if convert is not None)

    def run(self, connection: Connection, rows: Iterable[Values]) -> int:
        """How many rows of the database it touched."""
        try:
            values = self._convert(rows)
        except (ValueError, OverflowError) as error:  # too large, too fine, without a zone
            raise RuleBroken("store.value_refused", what=error) from error
        with translate():
            if self._several is None:
                return connection.exec_driver_sql(self._sql, values).rowcount
            return sum(self._insert(connection, values[at : at + _ROWS]) for at in range(0, len(values), _ROWS))

    def _insert(self, connection: Connection, rows: list[Any]) -> int:
        """Many rows in one statement: PostgreSQL takes longer to begin one than to add a row."""
        before, row, after = self._several or ("", "", "")
        sql = f"{before}{', '.join([row] * len(rows))}{after}"
        return connection.exec_driver_sql(sql, tuple(chain.from_iterable(rows))).rowcount

    def _convert(self, rows: Iterable[Values]) -> list[Any]:
        found = [list(self._pick(row)) for row in rows]
        for values in found:
            for at, convert in self._converters:
                values[at] = convert(values[at])
        if self._is_positional or self._several:
            return list(map(tuple, found))
        return [dict(zip(self._names, values, strict=True)) for values in found]


_ROWS = 100
_PLACE = re.compile(r"%\((\w+)\)s")


def _find_values(compiled: Any) -> tuple[str, str, str] | None:
    """An INSERT as what stands before its row of values, the row with places that are filled in order, and what comes
    after; None for other statements."""
    before, found, rest = str(compiled).partition(" VALUES (")
    row, clause, after = rest.partition(") ON CONFLICT")
    if not found or _PLACE.findall(row) != list(compiled.params):
        return None
    row = _PLACE.sub("%s", row if clause else row.removesuffix(")"))
    return f"{before} VALUES ", f"({row})", f" ON CONFLICT{after}" if clause else ""


def _make_converter(type_: TypeEngine[Any], dialect: Dialect) -> _Convert:
    """What the column type does to a value, without the layers in between."""
    if isinstance(type_, EnumText):
        return _to_text
    if dialect.name == "sqlite":
        if isinstance(type_, HubUuid):
            return _to_id
        if isinstance(type_, UtcInstant):
            return _to_micros
        if isinstance(type_, JSON):
            return _to_json
    convert: _Convert = type_.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _to_text(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _to_id(value: Any) -> Any:
    return None if value is None else str(value)


def _to_micros(value: Any) -> Any:
    return None if value is None else count_micros(value)


def _to_json(value: Any) -> Any:
    return "{}" if value == {} else None if value is None else dump_json(value)


def _types_of(columns: Iterable[ColumnElement[Any]]) -> dict[str, TypeEngine[Any]]:
    return {str(column.key): column.type for column in columns}


class BulkStatements:
    """The statements of one database, made when they are first needed."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    @cache  # noqa: B019 - as many as there are tables; one object for each engine
    def insert(self, model: type[Value]) -> BulkStatement:
        """INSERT that leaves out rows of which a unique key is taken."""
        return self._make(statements.insert_row(model, self._dialect.name), row_codec(model).table.c)

    @cache  # noqa: B019
    def upsert(self, model: type[Value]) -> BulkStatement:
        """INSERT, or UPDATE of the row with the same key."""
        return self._make(statements.upsert_row(model, self._dialect.name), row_codec(model).table.c)

    @cache  # noqa: B019
    def revise(self, model: type[Value]) -> BulkStatement:
        """UPDATE of records ``record_id`` that still have the revision ``read_revision``."""
        columns = row_codec(model).table.c
        more = {"record_id": columns.id.type, "read_revision": columns.revision.type}
        return BulkStatement(statements.update_revision(model), {**_types_of(columns), **more}, self._dialect)

    @cache  # noqa: B019
    def delete(self, model: type[Value]) -> BulkStatement:
        """DELETE by key."""
        found = stored(model)
        return self._make(_delete_by_key(found.table, found.spec.key), found.table.c)

    @cache  # noqa: B019
    def delete_lines(self, model: type[Value], index: int) -> BulkStatement:
        """DELETE of the lines of one field of ``parent``."""
        lines = stored(model).lines[index]
        types = {"parent": lines.table.c[lines.parent].type}
        return BulkStatement(statements.delete_lines(model, index), types, self._dialect)

    @cache  # noqa: B019
    def insert_lines(self, model: type[Value], index: int) -> BulkStatement:
        """INSERT of the lines of one field."""
        columns = line_codecs(model)[index].table.c
        return self._make(statements.insert_lines(model, index, self._dialect.name), columns)

    def _make(self, statement: Executable, columns: Iterable[ColumnElement[Any]]) -> BulkStatement:
        return BulkStatement(statement, _types_of(columns), self._dialect)


def _delete_by_key(table: Any, key: Sequence[str]) -> Delete:
    return delete(table).where(*(table.c[name] == bindparam(name, type_=table.c[name].type) for name in key))


@cache
def bulk_statements(dialect: Dialect) -> BulkStatements:
    """Those of an engine."""
    return BulkStatements(dialect)
