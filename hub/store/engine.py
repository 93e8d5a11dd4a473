"""Engines: how each database is opened so that the same code is safe on both, over threads and over processes."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from hub.errors import ConfigInvalid
from hub.store.json_text import dump_json, load_json

BUSY_TIMEOUT_S = 30.0
POOL_SIZE = 8
MAX_OVERFLOW = 24
_CONNECT_TIMEOUT_S = 10
_BEGIN = "isthmus_begin"
_IDLE_TIMEOUT_S = 120
"""A worker that hangs inside a transaction blocks nobody for longer."""


def parse_url(text: str) -> URL:
    """The database address; ``ConfigInvalid`` for anything but SQLite and PostgreSQL."""
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigInvalid("store.url_invalid") from error
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise ConfigInvalid("store.url_invalid")
    folder = Path(url.database or ".").absolute().parent
    if not folder.is_dir():
        raise ConfigInvalid("store.folder_missing", folder=folder)
    return url


def check_file(url: URL) -> None:
    """``ConfigInvalid`` when the file of an SQLite database is not there: connecting would make an empty one."""
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).is_file():
        raise ConfigInvalid("store.file_missing", file=Path(str(url.database)).absolute())


def open_engine(url: URL, *, durable: bool, busy_timeout_s: float) -> Engine:
    """An engine for SQLite or PostgreSQL; nothing is connected yet."""
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, durable=durable, busy_timeout_s=busy_timeout_s)
    options = {
        "timezone": "UTC",
        "lock_timeout": f"{busy_timeout_s * 1000:.0f}ms",
        "idle_in_transaction_session_timeout": f"{_IDLE_TIMEOUT_S}s",
    }
    return create_engine(
        url,
        json_serializer=dump_json,
        json_deserializer=load_json,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        pool_pre_ping=True,
        connect_args={
            "options": " ".join(f"-c {name}={value}" for name, value in options.items()),
            "connect_timeout": _CONNECT_TIMEOUT_S,
        },
    )


def for_writing(engine: Engine) -> Engine:
    """The same engine and pool; its transactions take SQLite's write lock when they begin.

    The driver's default begins late: two transactions that read and then write lose updates or fail at the end.
    """
    return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})


def for_reading(engine: Engine) -> Engine:
    """The same engine and pool; a transaction sees one snapshot and may not write."""
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _open_sqlite(url: URL, *, durable: bool, busy_timeout_s: float) -> Engine:
    engine = create_engine(
        url,
        json_serializer=dump_json,
        json_deserializer=load_json,
        pool_size=POOL_SIZE,
        max_overflow=MAX_OVERFLOW,
        connect_args={"timeout": busy_timeout_s, "check_same_thread": False, "cached_statements": 512},
    )
    synchronous = "FULL" if durable else "OFF"

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction by itself; _begin does
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")

    dialect: Any = engine.dialect
    dialect.do_begin = _begin  # a listener would make every statement slower
    return engine


def _begin(connection: Any) -> None:
    """The driver begins no transaction by itself."""
    connection.driver_connection.execute(connection.info.pop(_BEGIN, "BEGIN"))


def prepare_begin(connection: Connection) -> None:
    """Tell the transaction that begins next on this connection how it begins."""
    connection.info[_BEGIN] = connection.get_execution_options().get(_BEGIN, "BEGIN")
