"""The lists that the hub writes. A small database in the folder is the truth, so that a reference exists once and a
version is certain whatever process writes; the file that people open is drawn from it.

Drawing a list of thousands of rows anew for each row would take longer than anything else: it is drawn at once while
that is quick, else at most a tenth of the time goes into it, and in any case when the connection is closed or next
opened. A file that somebody edited is put aside first, never overwritten.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.errors import Duplicate, NotFound, Stale, Transient
from hub.sdk import Tools

FILE_NAME = ".isthmus-lists.sqlite"
BUSY_S = 20.0
DRAWING_SHARE = 10
"""A list is drawn again after this many times the time that the last drawing took."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
  kind TEXT, id INTEGER, ref TEXT, version INTEGER, changed_us INTEGER, void INTEGER, body TEXT,
  PRIMARY KEY (kind, id), UNIQUE (kind, ref));
CREATE INDEX IF NOT EXISTS entry_uscc ON entry (kind, json_extract(body, '$.uscc'));
CREATE INDEX IF NOT EXISTS entry_vat ON entry (kind, json_extract(body, '$.vat'));
CREATE INDEX IF NOT EXISTS entry_version ON entry (kind, version);
CREATE TABLE IF NOT EXISTS drawn (kind TEXT PRIMARY KEY, file TEXT, version INTEGER, stamp TEXT);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A record of a list. ``version`` rises with every write to any list of the folder."""

    id: str
    ref: str
    version: int
    changed_at: datetime
    void: bool
    payload: dict[str, Any]


Draw = Callable[[str, Path, Iterator[Entry]], None]
"""Writes the file of a kind."""


class Ledger:
    """The lists of one folder; any number of processes may have it open."""

    def __init__(self, folder: Path, files: Mapping[str, str], tools: Tools, draw: Draw) -> None:
        self._folder = folder
        self._files = files
        self._clock = tools.clock
        self._log = tools.log
        self._draw = draw
        self._connection: sqlite3.Connection | None = None
        self._drawn_at_s: dict[str, float] = {}
        self._took_s: dict[str, float] = {}

    # ------------------------------------------------------------ reading

    def get(self, kind: str, id: str) -> Entry | None:
        """The entry, or None."""
        found = self._select("kind = ? AND id = ?", (kind, id), "id", 1)
        return found[0] if found else None

    def find(self, kind: str, ref_prefix: str) -> list[Entry]:
        """Entries whose reference starts so, void ones included."""
        return self._select("kind = ? AND ref >= ? AND ref < ?", (kind, ref_prefix, f"{ref_prefix}\uffff"), "id", -1)

    def find_by(self, kind: str, column: str, value: str) -> list[Entry]:
        """Entries that have this text in a column."""
        # The path stands in the text, else the index on it would not be used; it comes from our own list of names.
        return self._select(f"kind = ? AND json_extract(body, '$.{column}') = ?", (kind, value), "id", -1)

    def list_changed(self, kind: str, since: datetime | None, after: int, limit: int) -> list[Entry]:
        """By version, beginning behind ``after``."""
        since_us = int((since - _EPOCH) / timedelta(microseconds=1)) if since is not None else 0
        where = "kind = ? AND changed_us >= ? AND version > ?"
        return self._select(where, (kind, since_us, after), "version", limit)

    def list_ids(self, kind: str) -> list[str]:
        """The ids of a list."""
        with self._reading() as db:
            return [str(id) for (id,) in db.execute("SELECT id FROM entry WHERE kind = ? ORDER BY id", (kind,))]

    def _select(self, where: str, values: Sequence[Any], order: str, limit: int) -> list[Entry]:
        query = f"SELECT id, ref, version, changed_us, void, body FROM entry WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608 - no value is in the text
        with self._reading() as db:
            return [_make_entry(row) for row in db.execute(query, (*values, limit))]

    # ------------------------------------------------------------ writing

    def add(self, kind: str, ref: str, payload: Mapping[str, Any]) -> Entry:
        """A new entry; ``Duplicate`` when its reference is there already."""
        with self._writing(kind) as db:
            if db.execute("SELECT 1 FROM entry WHERE kind = ? AND ref = ?", (kind, ref)).fetchone():
                raise Duplicate("file.exists", ref=ref)
            (last,) = db.execute("SELECT COALESCE(MAX(id), 0) FROM entry WHERE kind = ?", (kind,)).fetchone()
            return self._put(db, kind, Entry(str(last + 1), ref, 0, self._clock.now(), False, dict(payload)))

    def change(self, kind: str, id: str, changes: Mapping[str, Any], if_version: int | None) -> Entry:
        """Change what ``changes`` names; ``Stale`` when the entry is no longer of the version that was read."""
        with self._writing(kind) as db:
            old = self._require(db, kind, id, if_version)
            return self._put(db, kind, _with(old, payload={**old.payload, **changes}, at=self._clock.now()))

    def void(self, kind: str, id: str, if_version: int | None) -> Entry:
        """Cross the entry out; it stays in the list."""
        with self._writing(kind) as db:
            old = self._require(db, kind, id, if_version)
            return old if old.void else self._put(db, kind, _with(old, void=True, at=self._clock.now()))

    def _require(self, db: sqlite3.Connection, kind: str, id: str, if_version: int | None) -> Entry:
        row = db.execute(
            "SELECT id, ref, version, changed_us, void, body FROM entry WHERE kind = ? AND id = ?", (kind, id)
        ).fetchone()
        if row is None:
            raise NotFound("file.entry_unknown", id=id)
        entry = _make_entry(row)
        if if_version is not None and entry.version != if_version:
            raise Stale("file.stale", id=id)
        return entry

    def _put(self, db: sqlite3.Connection, kind: str, entry: Entry) -> Entry:
        (last,) = db.execute("SELECT COALESCE(MAX(version), 0) FROM entry").fetchone()
        changed_us = int((entry.changed_at - _EPOCH) / timedelta(microseconds=1))
        body = json.dumps(entry.payload, ensure_ascii=False)
        db.execute(
            "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)",
            (kind, int(entry.id), entry.ref, last + 1, changed_us, int(entry.void), body),
        )
        return Entry(entry.id, entry.ref, last + 1, entry.changed_at, entry.void, entry.payload)

    # ------------------------------------------------------------ the files that people open

    def draw_due(self, *, now: bool = False) -> None:
        """Bring the files up to date: those where that is quick, with ``now`` all that are behind."""
        for kind in self._files:
            since_s = self._clock.monotonic() - self._drawn_at_s.get(kind, float("-inf"))
            if now or since_s >= DRAWING_SHARE * self._took_s.get(kind, 0.0):
                self._draw_list(kind)

    def _draw_if_possible(self, *, now: bool) -> None:
        """What is written is written; a file that is open on somebody's desktop follows later."""
        try:
            self.draw_due(now=now)
        except Transient as later:
            self._log(later.text())
            for kind in self._files:
                self._took_s[kind] = max(self._took_s.get(kind, 0.0), 1.0)
                self._drawn_at_s[kind] = self._clock.monotonic()

    def _draw_list(self, kind: str) -> None:
        """Inside a write transaction, so that two processes never draw at once. A file that cannot be replaced (open
        on a desktop) is drawn another time."""
        started_s = self._clock.monotonic()
        path = self._folder / self._files[kind]
        with self._transaction() as db:
            (newest,) = db.execute("SELECT COALESCE(MAX(version), 0) FROM entry WHERE kind = ?", (kind,)).fetchone()
            drawn = db.execute("SELECT file, version, stamp FROM drawn WHERE kind = ?", (kind,)).fetchone()
            stamp = _take_stamp(path)
            if not newest or (drawn is not None and drawn[0] == path.name and drawn[1] == newest and stamp):
                return
            rows = db.execute(
                "SELECT id, ref, version, changed_us, void, body FROM entry WHERE kind = ? ORDER BY id", (kind,)
            )
            try:
                if stamp and (drawn is None or drawn[0] != path.name or drawn[2] != stamp):
                    _put_aside(path)
                self._draw(kind, path, map(_make_entry, rows))
            except OSError as error:
                raise Transient("file.in_use", file=path.name, vendor=str(error)) from error
            db.execute("INSERT OR REPLACE INTO drawn VALUES (?, ?, ?, ?)", (kind, path.name, newest, _take_stamp(path)))
        self._drawn_at_s[kind] = self._clock.monotonic()
        self._took_s[kind] = self._drawn_at_s[kind] - started_s

    # ------------------------------------------------------------ the database

    def close(self) -> None:
        """Bring the files up to date and close the database."""
        if self._connection is None:
            return
        try:
            self._draw_if_possible(now=True)
        finally:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        fresh = self._connection is None
        db = self._open()
        if fresh:  # what a process that died had written and not drawn
            self._draw_if_possible(now=True)
        yield db

    @contextmanager
    def _writing(self, kind: str) -> Iterator[sqlite3.Connection]:
        with self._transaction() as db:
            yield db
        self._draw_if_possible(now=False)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._open()
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise Transient("file.folder_busy", folder=self._folder, vendor=str(error)) from error
        try:
            yield db
        except BaseException:  # whatever happened inside, nothing of it stays
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            if not self._folder.is_dir():
                raise Transient("file.folder_missing", folder=self._folder)
            try:
                opened = sqlite3.connect(
                    self._folder / FILE_NAME, timeout=BUSY_S, isolation_level=None, check_same_thread=False
                )
                opened.executescript("PRAGMA synchronous=FULL;" + _SCHEMA)
            except sqlite3.Error as error:
                raise Transient("file.folder_busy", folder=self._folder, vendor=str(error)) from error
            self._connection = opened
        return self._connection


def _make_entry(row: Sequence[Any]) -> Entry:
    id, ref, version, changed_us, void, body = row
    changed_at = _EPOCH + timedelta(microseconds=changed_us)
    return Entry(str(id), ref, version, changed_at, bool(void), json.loads(body))


def _with(old: Entry, *, at: datetime, payload: dict[str, Any] | None = None, void: bool | None = None) -> Entry:
    return Entry(
        old.id,
        old.ref,
        old.version,
        at,
        old.void if void is None else void,
        old.payload if payload is None else payload,
    )


def _take_stamp(path: Path) -> str:
    """Tells one version of the file from another; empty when there is none."""
    if not path.exists():
        return ""
    stat = path.stat()
    return f"{stat.st_size}/{stat.st_mtime_ns}"


def _put_aside(path: Path) -> None:
    """Keep a file that somebody else made or edited."""
    number = 1
    while (aside := path.with_stem(f"{path.stem} ({number})")).exists():
        number += 1
    path.replace(aside)
