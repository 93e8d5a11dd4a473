"""The whole database as one file that can be carried away, and put back into either kind of database.

The file is SQLite whatever it was taken from: one form to test, no vendor's tool whose version must fit, and a hub can
move from SQLite to PostgreSQL by it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    Text,
    cast,
    func,
    insert,
    select,
    text,
    type_coerce,
)

from hub.errors import ConfigInvalid, Transient
from hub.store.engine import for_reading, open_engine, parse_url
from hub.store.failures import translate
from hub.store.migrations import HEAD
from hub.store.schema import check_revision, migrate
from hub.store.tables import derive_tables

_ROWS = 1000
_WAIT_S = 60.0
"""For other writers, before an older state takes the place of theirs."""


def list_tables() -> Sequence[Table]:
    """Every table of the hub; those that others refer to come first."""
    return derive_tables()[0].sorted_tables


def save_copy(engine: Engine, file: Path) -> None:
    """One moment of the database as an SQLite file; nobody is blocked meanwhile."""
    check_revision(engine)
    if engine.dialect.name == "sqlite":
        with translate(), _raw(engine) as connection:
            connection.execute("VACUUM INTO ?", (str(file),))
        return
    target = _open_file(file)
    try:
        migrate(target, None)
        with translate(), for_reading(engine).connect() as source, target.connect() as copy:
            _copy_rows(source, copy)
            copy.commit()
    finally:
        target.dispose()


def put_copy(file: Path, engine: Engine) -> None:
    """Make the database what the file holds, in one step that other processes see whole or not at all. Both have the
    schema of this version."""
    if engine.dialect.name == "sqlite":
        with contextlib.closing(sqlite3.connect(file)) as source, translate(), _raw(engine) as target:
            _overwrite(source, target)
        return
    copy = _open_file(file)
    try:
        with translate(), copy.connect() as source, engine.begin() as target:
            names = ", ".join(f'"{table.name}"' for table in list_tables())
            target.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))  # who only reads is not kept waiting
            for table in reversed(list_tables()):
                target.execute(table.delete())
            for table in list_tables():
                _load(target, table, _read_rows(source, table))
    finally:
        copy.dispose()


def count_rows(file: Path) -> dict[str, int]:
    """How many rows each table of a copy has; empty ones are left out."""
    engine = _open_file(file)
    try:
        with translate(), engine.connect() as connection:
            found = {table.name: _count(connection, table) for table in list_tables()}
    finally:
        engine.dispose()
    return {name: count for name, count in found.items() if count}


def upgrade_copy(file: Path) -> None:
    """Bring a copy to the schema of this version; ``ConfigInvalid`` for one of a newer version, or no copy at all."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.DatabaseError as error:
            raise ConfigInvalid("backup.copy_broken", what=str(error)) from error
    if row[0] == HEAD:
        return
    from alembic.util.exc import CommandError  # Alembic is slow to import

    engine = _open_file(file)
    try:
        migrate(engine, None)
    except CommandError as error:
        raise ConfigInvalid("backup.copy_newer", found=row[0], wanted=HEAD) from error
    finally:
        engine.dispose()


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _open_file(file: Path) -> Engine:
    return open_engine(parse_url(f"sqlite:///{file}"), durable=False, busy_timeout_s=_WAIT_S)


@contextlib.contextmanager
def _raw(engine: Engine) -> Iterator[sqlite3.Connection]:
    """The driver's own connection, outside any transaction."""
    pooled = engine.raw_connection()
    try:
        connection: Any = pooled.driver_connection
        yield connection
    except sqlite3.Error as error:
        raise Transient("store.unreachable", what=str(error)) from error
    finally:
        pooled.close()


def _overwrite(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """SQLite's own copying, all pages in one step: a transaction like any other for whoever reads meanwhile."""
    tries = int(_WAIT_S / 0.1)

    def wait(status: int, remaining: int, total: int) -> None:
        nonlocal tries
        tries -= 1
        if status != sqlite3.SQLITE_DONE and tries < 0:
            raise sqlite3.OperationalError("other processes do not stop writing")

    source.backup(target, pages=-1, progress=wait, sleep=0.1)


def _copy_rows(source: Connection, target: Connection) -> None:
    for table in list_tables():
        statement = _insert(table)
        for rows in _read_rows(source, table):
            target.execute(statement, rows)


def _read_rows(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """Rows as the columns' types give them, but JSON as its text: it is not to be read and written anew."""
    columns = [
        (type_coerce(column, Text) if source.dialect.name == "sqlite" else cast(column, Text)).label(column.name)
        if isinstance(column.type, JSON)
        else column
        for column in table.c
    ]
    found = source.execution_options(yield_per=_ROWS).execute(select(*columns))
    for part in found.mappings().partitions():
        yield [dict(row) for row in part]


def _insert(table: Table) -> Any:
    """Into SQLite; JSON comes as text."""
    columns = [Column(column.name, Text() if isinstance(column.type, JSON) else column.type) for column in table.c]
    return insert(Table(table.name, MetaData(), *columns))


def _load(target: Connection, table: Table, parts: Iterator[list[dict[str, Any]]]) -> None:
    """Into PostgreSQL, by its own way for many rows."""
    names = ", ".join(f'"{column.name}"' for column in table.c)
    driver: Any = target.connection.driver_connection
    cells = [(column.name, _converter(column, target)) for column in table.c]
    with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for rows in parts:
            for row in rows:
                copy.write_row([convert(row[name]) for name, convert in cells])


def _converter(column: Column[Any], target: Connection) -> Any:
    if isinstance(column.type, JSON):
        return lambda value: None if value is None else str(value)
    return column.type.dialect_impl(target.dialect).bind_processor(target.dialect) or (lambda value: value)
