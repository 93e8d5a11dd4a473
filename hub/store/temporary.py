"""Temporary SQLite databases, for tests and rehearsals: real files, real locks, no waiting for the disk.

A closed one leaves its engine to the next, whose statements are then compiled already, and a new one starts as a copy
of a migrated database: opening costs a millisecond.
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
import threading
from contextlib import closing
from functools import cache
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, make_url

from hub.store.engine import open_engine

_free: dict[float, list[Engine]] = {}
_numbers = count(1)
_lock = threading.Lock()
_template: list[bytes] = []


def take_engine(busy_timeout_s: float) -> Engine:
    """An engine on a file that does not exist yet."""
    with _lock:
        free = _free.setdefault(busy_timeout_s, [])
        if free:
            return free.pop()
        url = make_url(f"sqlite:///{_folder() / f'{next(_numbers)}.sqlite'}")
        return open_engine(url, durable=False, busy_timeout_s=busy_timeout_s)


def give_back(engine: Engine, busy_timeout_s: float) -> None:
    """Remove the file; the engine is kept for the next one."""
    engine.dispose()
    file = _file_of(engine)
    for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        path.unlink(missing_ok=True)
    with _lock:
        _free[busy_timeout_s].append(engine)


def copy_template(engine: Engine) -> bool:
    """Start the database as a copy of a migrated one; False when there is none yet, or the file exists already."""
    file = _file_of(engine)
    if not _template or file.exists():
        return False
    file.write_bytes(_template[0])
    return True


def keep_template(engine: Engine) -> None:
    """Keep a copy of a database that was just migrated and is empty."""
    if not _template:
        with closing(sqlite3.connect(_file_of(engine))) as connection:
            _template.append(connection.serialize())


def _file_of(engine: Engine) -> Path:
    return Path(str(engine.url.database))


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="isthmus-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
