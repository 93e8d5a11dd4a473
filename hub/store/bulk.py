"""One statement for many rows: compiled once, its values converted here, run by the driver's ``executemany``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache, partial
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Delete, Dialect, Executable, LargeBinary, bindparam, delete
from sqlalchemy.types import TypeEngine

from hub.errors import RuleBroken
from hub.model.ids import show_id
from hub.model.values import Value
from hub.store import statements
from hub.store.cells import make_picker
from hub.store.codec import line_codecs, row_codec, stored
from hub.store.failures import translate
from hub.store.json_text import dump_json, dump_rows
from hub.store.types import EnumText, HubUuid, ScaledDecimal, UtcInstant, count_micros

Values = Mapping[str, Any]
_Convert = Callable[[Any], Any] | None


class BulkStatement:
    """``types``: the column type of each parameter."""

    def __init__(self, statement: Executable, types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every statement has it
        self._is_positional = bool(compiled.positional)
        self._names = list(compiled.positiontup) if self._is_positional else list(compiled.params)
        columns = [types[name] for name in self._names]
        from_json = None if self._is_positional else _insert_from_json(str(compiled), columns, dialect)
        self._is_json = from_json is not None
        self._sql = from_json or str(compiled)
        self._pick = make_picker(self._names)
        convert = _make_json_converter if self._is_json else _make_converter
        self._places = [f"c{at}" for at in range(len(self._names))]
        self._converters = [convert(column, dialect) for column in columns]

    def run(self, connection: Connection, rows: Iterable[Values]) -> int:
        """How many rows of the database it touched."""
        try:
            values = self._convert(rows)
        except (ValueError, OverflowError) as error:  # too large, too fine, without a zone
            raise RuleBroken("store.value_refused", what=error) from error
        with translate():
            return connection.exec_driver_sql(self._sql, values).rowcount

    def _convert(self, rows: Iterable[Values]) -> Any:
        columns = zip(*map(self._pick, rows), strict=True)
        converted = [
            column if to is None or _is_empty(column) else map(to, column)
            for to, column in zip(self._converters, columns, strict=True)
        ]
        found = zip(*converted, strict=True)
        if self._is_positional:
            return list(found)
        names = self._places if self._is_json else self._names
        named = [dict(zip(names, values, strict=True)) for values in found]
        return (dump_rows(named),) if self._is_json else named


def _is_empty(column: Sequence[Any]) -> bool:
    """All None, as many columns are for a whole page."""
    return column[0] is None and set(map(type, column)) == _NOTHING


_NOTHING = {type(None)}


def _insert_from_json(sql: str, columns: Sequence[TypeEngine[Any]], dialect: Dialect) -> str | None:
    """An INSERT that takes all rows as one text: PostgreSQL needs longer to begin a statement than to add a row, and
    its driver longer to prepare thousands of values than to send one. None for other statements."""
    before, is_insert, rest = sql.partition(" VALUES (")
    if not is_insert:
        return None
    clause = rest.partition(") ON CONFLICT")[2]
    kinds = [dialect.type_compiler_instance.process(column.dialect_impl(dialect)) for column in columns]
    given = ", ".join(f"c{at} {'TEXT' if kind == 'BYTEA' else kind}" for at, kind in enumerate(kinds))
    cells = ", ".join(f"decode(c{at}, 'hex')" if kind == "BYTEA" else f"c{at}" for at, kind in enumerate(kinds))
    told = f"{before} SELECT {cells} FROM json_to_recordset(%s::json) AS given({given})"  # noqa: S608 - our own columns
    return f"{told} ON CONFLICT{clause}" if clause else told


def _make_json_converter(type_: TypeEngine[Any], dialect: Dialect) -> _Convert:
    """What a value must become for JSON to hold it as the column does."""
    if isinstance(type_, ScaledDecimal):
        return partial(_to_decimal, type_)
    if isinstance(type_, UtcInstant):
        return _to_instant
    return bytes.hex if isinstance(type_, LargeBinary) else None


def _to_decimal(type_: ScaledDecimal, value: Any) -> Any:
    if value is not None:
        type_.scale(value)
    return value


def _to_instant(value: Any) -> Any:
    if value is not None:
        count_micros(value)
    return value


def _make_converter(type_: TypeEngine[Any], dialect: Dialect) -> _Convert:
    """What the column type does to a value, without the layers in between."""
    if isinstance(type_, EnumText):
        return _to_text
    if dialect.name == "sqlite":
        if isinstance(type_, HubUuid):
            return _to_id
        if isinstance(type_, UtcInstant):
            return _to_micros
        if isinstance(type_, ScaledDecimal):
            return _Scaled(type_).__getitem__
        if isinstance(type_, JSON):
            return _to_json
    convert: _Convert = type_.dialect_impl(dialect).bind_processor(dialect)
    return convert


class _Scaled(dict[Any, Any]):
    """Decimals as whole numbers of their smallest unit: the same prices, rates and noughts come again and again."""

    def __init__(self, type_: ScaledDecimal) -> None:
        super().__init__({None: None})
        self._scale = type_.scale

    def __missing__(self, value: Any) -> Any:
        if len(self) >= _KEPT_NUMBERS:
            self.clear()
        scaled = self[value] = self._scale(value)
        return scaled


_KEPT_NUMBERS = 10_000


def _to_text(value: Any) -> Any:
    return value._value_ if isinstance(value, Enum) else value


def _to_id(value: Any) -> Any:
    return None if value is None else show_id(value)


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
