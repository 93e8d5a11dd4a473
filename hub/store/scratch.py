"""What a comparison must remember of everything that it has passed: kept in a private file, so that memory stays flat.

SQLite removes the file by itself; nothing of it is ever part of the hub's database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

_CHUNK = 500
_TABLE = "CREATE TABLE note (side TEXT, key TEXT, number TEXT, PRIMARY KEY (side, key)) WITHOUT ROWID"
_INDEX = "CREATE INDEX by_number ON note (side, number)"
_SHARED = "SELECT number FROM note WHERE side = ? AND number <> '' GROUP BY number HAVING COUNT(*) > 1 ORDER BY number"
_MEMBERS = "SELECT key FROM note WHERE side = ? AND number = ? ORDER BY key"


class Scratch:
    """Notes about the things of several sides: each has a key, and a number or ``""``."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None)
        for statement in ("PRAGMA cache_size = -2000", "PRAGMA journal_mode = OFF", _TABLE, _INDEX):
            self._file.execute(statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def note(self, side: str, rows: Iterable[tuple[str, str]]) -> None:
        """(key, number) of some things; the last word about a key holds."""
        self._file.execute("BEGIN")
        self._file.executemany(
            "INSERT OR REPLACE INTO note VALUES (?, ?, ?)", ((side, key, number) for key, number in rows)
        )
        self._file.execute("COMMIT")

    def find_known(self, side: str, keys: Sequence[str]) -> set[str]:
        """Those of the keys that were noted."""
        known: set[str] = set()
        for start in range(0, len(keys), _CHUNK):
            part = keys[start : start + _CHUNK]
            marks = ", ".join("?" * len(part))
            question = f"SELECT key FROM note WHERE side = ? AND key IN ({marks})"  # noqa: S608 - marks alone
            known.update(row[0] for row in self._file.execute(question, (side, *part)))
        return known

    def list_shared(self, side: str) -> Iterator[tuple[str, list[str]]]:
        """(number, keys) of every number that several things have."""
        for (number,) in self._file.execute(_SHARED, (side,)).fetchall():
            yield number, [row[0] for row in self._file.execute(_MEMBERS, (side, number))]
