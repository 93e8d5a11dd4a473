"""Reading and writing any model that has a table, inside one transaction."""

from __future__ import annotations

import contextlib
from collections import namedtuple
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol, TypeVar
from uuid import UUID
from zlib import crc32

from sqlalchemy import Connection, CursorResult, Executable

from hub.errors import Duplicate, RuleBroken, Stale
from hub.model.base import Entity
from hub.model.values import Value
from hub.store import statements
from hub.store.codec import line_codecs, row_codec, stored
from hub.store.failures import translate
from hub.store.prepared import Prepared, prepare
from hub.store.query import Reading, delete_rows, make_reading, parse_where, select_count, select_fields, select_rows
from hub.store.rows import JournalEntry

M = TypeVar("M", bound=Value)
E = TypeVar("E", bound=Entity)
_CHUNK = 1000
_SPACE, _NAMES = 1_751_478_642, 4096
"""Of PostgreSQL's advisory locks: those of this program, and into how many the names are thrown together."""
_ONE, _ONE_LOCKED = Reading(limited=True), Reading(limited=True, lock=True)
_APPEND_ONLY = (JournalEntry,)


@cache
def _name_cells(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)  # its fields are known only now


class Clock(Protocol):
    """Time as an argument; ``now`` is aware UTC."""

    def now(self) -> datetime: ...


class Records:
    """The general half of a unit of work. Deleted records are hidden from ``find`` and ``count``, not from ``get``."""

    def __init__(self, connection: Connection, clock: Clock, *, writable: bool) -> None:
        self._connection = connection
        self._clock = clock
        self._writable = writable
        self._dialect = connection.dialect.name
        self.notes: dict[Any, Any] = {}
        """Whatever the caller wants to remember until the end of the transaction."""

    # ------------------------------------------------------------ reading

    def get(self, model: type[M], *, lock: bool = False, **key: Any) -> M | None:
        """The one row with these values (any conditions of ``find``), deleted or not; ``lock`` keeps it until the end.

        ``ValueError`` when several rows match.
        """
        rows = self._select(model, key, _ONE_LOCKED if lock else _ONE, limit=2, with_deleted=True)
        if len(rows) > 1:
            raise ValueError(f"several rows of {model.__name__} match {sorted(key)}")
        return rows[0] if rows else None

    def hold(self, model: type[Entity], ids: Iterable[UUID]) -> None:
        """Lock these records until the end, without reading them. Whoever locks a record's bindings too does this
        first. Nothing to do on SQLite, which has one writer."""
        self._check_writable()
        wanted = sorted(set(ids))
        if wanted and self._dialect != "sqlite":
            self._run(statements.lock_records(model), {"ids": wanted})

    def hold_names(self, names: Iterable[str]) -> None:
        """Wait for everybody else who holds one of these names, and hold them until the end: for what has no row yet
        that could be locked. Before any row is locked. Nothing to do on SQLite, which has one writer."""
        self._check_writable()
        wanted = sorted({crc32(name.encode("utf-8", "surrogatepass")) % _NAMES for name in names})
        if wanted and self._dialect != "sqlite":
            self._run(statements.lock_names(), {"space": _SPACE, "names": wanted})

    def find(
        self,
        model: type[M],
        *,
        order: Sequence[str] = (),
        limit: int | None = None,
        lock: bool = False,
        skip_locked: bool = False,
        with_deleted: bool = False,
        **where: Any,
    ) -> list[M]:
        """Rows that meet every condition: ``field`` (None: is NULL), ``field__in``, ``__lt``, ``__le``, ``__gt``,
        ``__ge``, ``__ne``, ``__null`` (bool), ``__prefix``. ``order`` names fields, ``-field`` descends; NULL counts
        as the smallest value."""
        reading = make_reading(tuple(order), limit is not None, lock, skip_locked)
        return self._select(model, where, reading, limit=limit, with_deleted=with_deleted)

    def find_by_line(self, model: type[M], field: str, *, with_deleted: bool = False, **values: Any) -> list[M]:
        """Records that have a line in ``field`` with these values, such as the accounts with a certain identifier."""
        names = tuple(sorted(values))
        found = [row[0] for row in self._ask(statements.parents_of_lines(model, field, names), values)]
        return self.find(model, order=["id"], with_deleted=with_deleted, id__in=found) if found else []

    def count(self, model: type[Value], *, with_deleted: bool = False, **where: Any) -> int:
        """How many rows meet the conditions."""
        shape, params = parse_where(model, where, with_deleted=with_deleted)
        return int(self._ask(select_count(model, shape), params)[0][0])

    def pluck(self, model: type[Value], names: tuple[str, ...], **where: Any) -> Sequence[Any]:
        """Some fields, in this order, of the rows that meet the conditions of ``find``: cheaper than whole rows."""
        self._settle()
        shape, params = parse_where(model, where, with_deleted=True)
        named = _name_cells(names)
        return [named(*row) for row in self._ask(select_fields(model, names, shape), params)]

    def _select(
        self, model: type[M], where: Mapping[str, Any], reading: Reading, *, limit: int | None, with_deleted: bool
    ) -> list[M]:
        if reading.lock:
            self._check_writable()
        shape, params = parse_where(model, where, with_deleted=with_deleted)
        if limit is not None:
            params["limit_rows"] = limit
        codec = row_codec(model)
        rows = self._ask(select_rows(model, shape, reading), params)
        if not rows or not stored(model).lines:
            return [codec.decode(row) for row in rows]
        lines = self._read_lines(model, [row[codec.names.index("id")] for row in rows])
        return [codec.decode(row, more) for row, more in zip(rows, lines, strict=True)]

    def _read_lines(self, model: type[Value], ids: Sequence[UUID]) -> list[dict[str, Any]]:
        by_id: dict[UUID, dict[str, list[Any]]] = {
            id_: {lines.field: [] for lines in stored(model).lines} for id_ in ids
        }
        for index, (lines, codec) in enumerate(zip(stored(model).lines, line_codecs(model), strict=True)):
            for start in range(0, len(ids), _CHUNK):
                parents = {"parents": ids[start : start + _CHUNK]}
                for row in self._ask(statements.select_lines(model, index), parents):
                    by_id[row[-1]][lines.field].append(codec.decode(row))
        return [{field: tuple(found) for field, found in by_id[id_].items()} for id_ in ids]

    # ------------------------------------------------------------ writing

    def insert(self, row: M) -> M:
        """Add a row, and give it back; ``Duplicate`` when one of its unique keys is taken (the transaction goes on)."""
        self._check_writable()
        model = type(row)
        if self._change(statements.insert_row(model, self._dialect), row_codec(model).encode(row)) == 0:
            raise Duplicate("store.duplicate", table=stored(model).spec.name)
        self._write_lines(row, replace=False)
        return row

    def save(self, row: M) -> M:
        """Add the row, or replace the one with the same key, whatever it held, and give it back; ``Duplicate`` when
        another row has one of its other unique keys. Canonical records are better saved by ``save_record``."""
        self._check_writable()
        self._check_changeable(type(row))
        codec = row_codec(type(row))
        with self._savepoint(needed=statements.has_second_key(codec)):
            self._change(statements.upsert_row(type(row), self._dialect), codec.encode(row))
        self._write_lines(row, replace=True)
        return row

    def save_all(self, rows: Sequence[Value]) -> None:
        """``save`` each of several rows of one model."""
        for row in rows:
            self.save(row)

    def save_record(self, entity: E) -> E:
        """Save a canonical record that was read at ``entity.revision`` (0: it is new); the record as saved.

        ``Stale`` when the database holds another revision: somebody else was faster.
        """
        self._check_writable()
        new = self._next_revision(entity)
        values = row_codec(type(new)).encode(new)
        if entity.revision == 0:
            touched = self._change(statements.insert_row(type(new), self._dialect), values)
        else:
            del values["id"]
            keys = {"record_id": new.id, "read_revision": entity.revision}
            touched = self._change(statements.update_revision(type(new)), {**values, **keys})
        if touched != 1:
            raise Stale("store.revision_changed", kind=entity.KIND, id=entity.id, revision=entity.revision)
        self._write_lines(new, replace=entity.revision > 0)
        return new

    def _next_revision(self, entity: E) -> E:
        now = self._clock.now()
        times = {"created_at": entity.created_at or now, "updated_at": now}
        return entity.model_copy(update={"revision": entity.revision + 1, **times})

    def delete(self, model: type[Value], **where: Any) -> int:
        """Remove rows for good; how many. (A record that people delete gets ``deleted_at`` instead.)"""
        self._check_writable()
        self._check_changeable(model)
        shape, params = parse_where(model, where, with_deleted=True)
        return self._change(delete_rows(model, shape), params)

    def _write_lines(self, row: Value, *, replace: bool) -> None:
        model = type(row)
        for index, (lines, codec) in enumerate(zip(stored(model).lines, line_codecs(model), strict=True)):
            parent: UUID = row.__dict__["id"]
            if replace:
                self._change(statements.delete_lines(model, index), {"parent": parent})
            values = [
                {lines.parent: parent, "position": position, **codec.encode(line)}
                for position, line in enumerate(row.__dict__[lines.field])
            ]
            if values:
                self._run(statements.insert_lines(model, index, self._dialect), values)

    def note_new(self, record_id: UUID) -> None:
        """Tell that an id was made just now, so that nothing can refer to it yet."""

    # ------------------------------------------------------------ running

    def savepoint(self) -> contextlib.AbstractContextManager[object]:
        """A part of the transaction that is undone alone when it raises, so that one bad record can be put aside."""
        self._check_writable()
        return self._connection.begin_nested()

    def _settle(self) -> None:
        """Before a question that only the database can answer."""

    def _ask(self, statement: Executable, params: Mapping[str, Any]) -> Sequence[Any]:
        """The rows of a SELECT."""
        prepared = self._prepare(statement)
        return self._run(statement, params).all() if prepared is None else prepared.read(self._connection, params)

    def _change(self, statement: Executable, params: Mapping[str, Any]) -> int:
        """How many rows an INSERT, UPDATE or DELETE has touched."""
        prepared = self._prepare(statement)
        return self._run(statement, params).rowcount if prepared is None else prepared.write(self._connection, params)

    def _prepare(self, statement: Executable) -> Prepared | None:
        """None where SQLAlchemy runs it: where a part is known only then, and for whoever listens."""
        if self._connection.engine._has_events:
            return None
        prepared = prepare(statement, self._connection.dialect)
        return prepared if prepared.runs else None

    def _run(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        with translate():
            return self._connection.execute(statement, params)

    def _check_writable(self) -> None:
        if not self._writable:
            raise RuntimeError("store.read() gives a snapshot; use store.write() to change or lock rows")

    def _check_changeable(self, model: type[Value]) -> None:
        if model in _APPEND_ONLY:
            raise RuleBroken("store.append_only", table=stored(model).spec.name)

    @contextlib.contextmanager
    def _savepoint(self, *, needed: bool) -> Iterator[None]:
        """After a refused statement PostgreSQL gives up the whole transaction; SQLite only the statement."""
        if not needed or self._dialect == "sqlite":
            yield
            return
        with self._connection.begin_nested():
            yield
