"""Statements that are run again and again: compiled once, their values converted here, and given to the driver as text.
SQLAlchemy needs several times as long to run one as the database does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Numeric
from sqlalchemy.exc import DBAPIError

from hub.errors import RuleBroken
from hub.store.failures import translate

_Convert = Callable[[Any], Any] | None
Values = Mapping[str, Any]


class Prepared:
    """One statement for one database. ``runs``: whether it can be run so; some parts are known only when it is."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every statement has it
        types = [column.type.dialect_impl(dialect) for column in getattr(statement, "selected_columns", ())]
        spelled_out = bool(compiled.post_compile_params or compiled.literal_execute_params)
        # How PostgreSQL answers with a number that is no column of ours is known only when it does.
        self.runs = not spelled_out and not any(isinstance(type_, Numeric) for type_ in types)
        self._sql = str(compiled)
        self._is_positional = bool(compiled.positional)
        self._names = (*(compiled.positiontup or ()),) if self._is_positional else (*compiled.params,)
        self._parameters = [
            (name, compiled.params[name], compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in self._names
        ]
        self._columns = _list_converted(types, dialect) if self.runs else []

    def read(self, connection: Connection, given: Values) -> list[Sequence[Any]]:
        """Every row, its values converted."""
        rows: list[Sequence[Any]] = self._execute(connection, given).fetchall()
        if not rows or not self._columns:
            return rows
        read: list[Sequence[Any]] = []
        for row in rows:
            cells = list(row)
            for at, convert in self._columns:
                cells[at] = convert(cells[at])
            read.append(cells)
        return read

    def write(self, connection: Connection, given: Values) -> int:
        """How many rows it touched."""
        touched: int = self._execute(connection, given).rowcount
        return touched

    def _execute(self, connection: Connection, given: Values) -> Any:
        try:
            values = [
                value if convert is None else convert(value)
                for name, default, convert in self._parameters
                for value in (given.get(name, default),)
            ]
        except (ValueError, OverflowError) as error:  # too large, too fine, without a zone
            raise RuleBroken("store.value_refused", what=error) from error
        named = values if self._is_positional else dict(zip(self._names, values, strict=True))
        return run_on_driver(connection, self._sql, named)


def run_on_driver(connection: Connection, sql: str, values: Sequence[Any] | Values = ()) -> Any:
    """Run a statement on the driver's own connection; the driver's cursor. Its errors are ours, and a connection that
    broke is given up as SQLAlchemy would."""
    driver: Any = connection.connection.driver_connection
    dialect: Any = connection.dialect
    with translate():
        try:
            return driver.execute(sql, values)
        except dialect.loaded_dbapi.Error as error:
            is_lost = dialect.is_disconnect(error, driver, None)
            told: Any = DBAPIError.instance(
                sql, None, error, dialect.loaded_dbapi.Error, connection_invalidated=is_lost, dialect=dialect
            )
            if is_lost:
                connection.invalidate(error)
            raise told from error


@lru_cache(maxsize=4096)
def prepare(statement: Executable, dialect: Dialect) -> Prepared:
    """Once for each statement and database."""
    return Prepared(statement, dialect)


def _list_converted(types: Sequence[Any], dialect: Dialect) -> list[tuple[int, Callable[[Any], Any]]]:
    """(place, conversion) of the columns of a SELECT that are not read as they are."""
    found = [(at, type_.result_processor(dialect, None)) for at, type_ in enumerate(types)]
    return [(at, convert) for at, convert in found if convert is not None]
