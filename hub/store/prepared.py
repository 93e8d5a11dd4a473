"""Statements that are run again and again: compiled once, and on SQLite given to the driver itself. SQLAlchemy needs
several times as long to run one as SQLite does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.exc import DBAPIError

from hub.errors import RuleBroken
from hub.store.failures import translate

_Convert = Callable[[Any], Any] | None
Values = Mapping[str, Any]


class Prepared:
    """One statement for SQLite. ``runs``: whether it can be run so; some parts are known only when it is."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]  # every statement has it
        self.runs = not (compiled.post_compile_params or compiled.literal_execute_params)
        self._sql = str(compiled)
        self._dialect = dialect
        names = compiled.positiontup or ()
        self._parameters = [
            (name, compiled.params[name], compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in names
        ]
        self._columns = _list_converted(statement, dialect)

    def read(self, connection: Connection, given: Values) -> list[Sequence[Any]]:
        """Every row, its values converted."""
        rows = self._execute(connection, given).fetchall()
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
        return self._execute(connection, given).rowcount

    def _execute(self, connection: Connection, given: Values) -> sqlite3.Cursor:
        try:
            values = [
                value if convert is None else convert(value)
                for name, default, convert in self._parameters
                for value in (given.get(name, default),)
            ]
        except (ValueError, OverflowError) as error:  # too large, too fine, without a zone
            raise RuleBroken("store.value_refused", what=error) from error
        return run_on_driver(connection, self._sql, values)


def run_on_driver(connection: Connection, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
    """Run a statement on SQLite's own connection; its errors are ours."""
    driver: Any = connection.connection.driver_connection
    with translate():
        try:
            found: sqlite3.Cursor = driver.execute(sql, values)
        except sqlite3.Error as error:
            told: Any = DBAPIError.instance(sql, None, error, sqlite3.Error)
            raise told from error
    return found


@lru_cache(maxsize=4096)
def prepare(statement: Executable, dialect: Dialect) -> Prepared:
    """Once for each statement and database."""
    return Prepared(statement, dialect)


def _list_converted(statement: Any, dialect: Dialect) -> list[tuple[int, Callable[[Any], Any]]]:
    """(place, conversion) of the columns of a SELECT that are not read as they are."""
    columns = getattr(statement, "selected_columns", ())
    types = [column.type.dialect_impl(dialect) for column in columns]
    found = [(at, type_.result_processor(dialect, None)) for at, type_ in enumerate(types)]
    return [(at, convert) for at, convert in found if convert is not None]
