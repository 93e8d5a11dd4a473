"""A unit of work for a page of records: it reads ahead and writes behind.

What was read ahead is answered from memory, and writes are kept until the end, then run in bulk. Everything else is as
in a plain unit of work: what was written is seen by every later question, and a savepoint undoes what came after it.
A statement that the database refuses ends the batch with ``BatchRefused``: nobody knows whose row it was, so the
caller does the work again in a plain unit of work.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, CursorResult, Executable

from hub.errors import Duplicate, RuleBroken, Stale
from hub.model.base import Entity
from hub.model.values import Value
from hub.store import statements
from hub.store.bookkeeping import UnitOfWork
from hub.store.cells import ABSENT
from hub.store.codec import stored
from hub.store.conditions import matches, sort_rows
from hub.store.memory import Memory
from hub.store.query import Reading
from hub.store.records import Clock
from hub.store.writeout import write_out

M = TypeVar("M", bound=Value)
E = TypeVar("E", bound=Entity)
_CHUNK = 1000


class BatchRefused(Exception):
    """The database refused something in a batch; its transaction is of no more use."""


class Batch(UnitOfWork):
    """Made by ``Store.write_batch``."""

    def __init__(self, connection: Connection, clock: Clock, make_id: Callable[[], UUID], *, writable: bool) -> None:
        super().__init__(connection, clock, make_id, writable=writable)
        self._memory = Memory()
        self._digests: dict[tuple[str, str, str], str | None] = {}
        self._dumped: dict[int, tuple[Mapping[str, Any], bytes, str]] = {}

    # ------------------------------------------------------------ reading ahead

    def read_ahead(
        self, model: type[Value], field: str, values: Iterable[Any], *, lock: bool = False, **same: Any
    ) -> None:
        """Load every row whose ``field`` has one of the values (and the fields in ``same`` theirs): questions for one
        of them are answered from memory afterwards. ``lock``: also questions that lock."""
        wanted = sorted(set(values), key=str)
        self._memory.learn(model, field, (), same, (), locked=lock)
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            where = {**same, f"{field}__in": part}
            order = stored(model).spec.key if lock else ()  # always the same order, so that two workers do not lock up
            rows = super()._select(model, where, Reading(order, lock=lock), limit=None, with_deleted=True)
            self._memory.learn(model, field, part, same, rows, locked=lock)

    def read_ahead_lines(
        self, model: type[Value], field: str, column: str, values: Iterable[Any], names: Sequence[str]
    ) -> set[Any]:
        """The same for ``find_by_line`` with the conditions ``names``, of which ``column`` is one; the values that some
        record has."""
        wanted = sorted(set(values))
        found: list[tuple[tuple[Any, ...], UUID]] = []
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            statement = statements.lines_with(model, field, column, tuple(names))
            rows = self._ask(statement, {"wanted": part})
            found += [(tuple(row[1:]), row[0]) for row in rows]
        self._memory.learn_lines(model, field, tuple(names), column, wanted, found)
        at = list(names).index(column)
        return {key[at] for key, _ in found}

    def read_ahead_payloads(self, connection: str, stream: str, external_ids: Sequence[str]) -> None:
        """The digest of the newest payload of each record."""
        self._digests.update({(connection, stream, id): None for id in external_ids})
        for start in range(0, len(external_ids), _CHUNK):
            params = {"connection": connection, "stream": stream, "ids": external_ids[start : start + _CHUNK]}
            rows = self._ask(statements.select_digests(), params)
            for row in rows:
                self._digests[connection, stream, row[0]] = row[1]  # the newest comes last

    def hold(self, model: type[Entity], ids: Iterable[UUID]) -> None:
        """Those that were read ahead are locked already."""
        super().hold(model, [id_ for id_ in ids if self._memory.find(model, {"id": id_}, lock=True) is None])

    def note_new(self, record_id: UUID) -> None:
        self._memory.note_new(record_id)

    # ------------------------------------------------------------ reading

    def _select(
        self, model: type[M], where: Mapping[str, Any], reading: Reading, *, limit: int | None, with_deleted: bool
    ) -> list[M]:
        lock = reading.lock and self._dialect != "sqlite"
        known = None if reading.skip_locked else self._memory.find(model, where, lock=lock)
        if known is not None:
            rows, rest = known
            if rest and rows:
                more_to_meet = {name: where[name] for name in rest}
                rows = [row for row in rows if matches(row, more_to_meet)]
            if rows and not with_deleted and stored(model).is_kind:
                rows = [row for row in rows if row.deleted_at is None]
            if len(rows) > 1:
                rows = sort_rows(rows, reading.order)[:limit]
            return rows
        changed = self._memory.changed(model)
        more = None if limit is None else limit + len(changed)
        found = super()._select(model, where, reading, limit=more, with_deleted=with_deleted)
        if not changed:
            return found
        key = self._memory.key_of
        rows = [row for row in found if key(row) not in changed]
        fresh = [row for row in changed.values() if row is not None and matches(row, where)]
        if stored(model).is_kind and not with_deleted:
            fresh = [row for row in fresh if row.deleted_at is None]
        return sort_rows([*rows, *fresh], reading.order)[:limit]

    def find_by_line(self, model: type[M], field: str, *, with_deleted: bool = False, **values: Any) -> list[M]:
        """As in a plain unit of work."""
        found = self._memory.find_lines(model, field, values)
        if found is None:
            rows = super().find_by_line(model, field, with_deleted=True, **values)
            key = self._memory.key_of
            changed = self._memory.changed(model)
            found = {key(row)[0]: None for row in rows if key(row) not in changed}
            found |= {k[0]: None for k, row in changed.items() if row is not None and _has_line(row, field, values)}
        rows = [row for id in sorted(found) if (row := self.get(model, id=id)) is not None]
        rows = [row for row in rows if _has_line(row, field, values)]  # it may have been changed unseen
        return [row for row in rows if with_deleted or getattr(row, "deleted_at", None) is None]

    def count(self, model: type[Value], *, with_deleted: bool = False, **where: Any) -> int:
        """As in a plain unit of work."""
        if self._memory.find(model, where, lock=False) is None:
            if not self._memory.in_savepoint:
                self.write_out()
            if not self._memory.changed(model):
                return super().count(model, with_deleted=with_deleted, **where)
        return len(self._select(model, where, Reading(), limit=None, with_deleted=with_deleted))

    # ------------------------------------------------------------ writing

    def insert(self, row: M) -> M:
        """As in a plain unit of work; a unique key that is taken in the database is found at the end."""
        if not self._memory.add(row):
            raise Duplicate("store.duplicate", table=stored(type(row)).spec.name)
        return row

    def save(self, row: M) -> M:
        """As in a plain unit of work; a row that is there already, just so, costs nothing."""
        self._check_changeable(type(row))
        known = self._memory.get(row)
        if known is None or known is ABSENT or known.__dict__ != row.__dict__:
            self._memory.put(row, "upsert")
        return row

    def save_all(self, rows: Sequence[Value]) -> None:
        """As in a plain unit of work."""
        if rows:
            self._check_changeable(type(rows[0]))
            self._memory.put_all(rows, "upsert")

    def save_record(self, entity: E) -> E:
        """As in a plain unit of work."""
        known: Any = self._memory.get(entity)
        new = self._next_revision(entity)
        if known is ABSENT or known is None:
            self._memory.put(new, "insert" if entity.revision == 0 else f"revise {entity.revision}")
            return new
        if entity.revision != known.revision:
            raise Stale("store.revision_changed", kind=entity.KIND, id=entity.id, revision=entity.revision)
        self._memory.put(new, f"revise {entity.revision}")
        return new

    def delete(self, model: type[Value], **where: Any) -> int:
        """As in a plain unit of work."""
        self._check_changeable(model)
        rows = self._select(model, where, Reading(), limit=None, with_deleted=True)
        for row in rows:
            self._memory.know(row)
            self._memory.drop(row)
        return len(rows)

    def put_payload(
        self, connection: str, stream: str, external_id: str, version: int | None, payload: Mapping[str, Any]
    ) -> bool:
        """As in a plain unit of work."""
        key = (connection, stream, external_id)
        if key not in self._digests:
            return super().put_payload(connection, stream, external_id, version, payload)
        body, digest = self._dump_payload(payload)
        if self._digests[key] == digest:
            return False
        self._memory.set(self._digests, key, digest)
        self._add_payload(connection, stream, external_id, version, digest, body)
        return True

    def is_newest_payload(self, connection: str, stream: str, external_id: str, payload: Mapping[str, Any]) -> bool:
        """As in a plain unit of work."""
        key = (connection, stream, external_id)
        if key not in self._digests:
            return super().is_newest_payload(connection, stream, external_id, payload)
        return self._digests[key] == self.digest_payload(payload)

    def _dump_payload(self, payload: Mapping[str, Any]) -> tuple[bytes, str]:
        known = self._dumped.get(id(payload))
        if known is not None and known[0] is payload:
            return known[1], known[2]
        body, digest = super()._dump_payload(payload)
        self._dumped[id(payload)] = (payload, body, digest)
        return body, digest

    def savepoint(self) -> contextlib.AbstractContextManager[None]:
        """As in a plain unit of work, but nothing of it reaches the database."""
        return self._memory.savepoint()

    # ------------------------------------------------------------ running

    def write_out(self) -> None:
        """Run the writes. ``BatchRefused`` when the database does not take them. Not inside a savepoint, which could
        not undo them."""
        if self._memory.in_savepoint:
            raise RuntimeError("a batch writes nothing out inside a savepoint")
        with self._refusing():
            write_out(self._connection, self._memory.list_changes())
        self._memory.forget_changes()

    def _settle(self) -> None:
        self.write_out()

    def _ask(self, statement: Executable, params: Mapping[str, Any]) -> Sequence[Any]:
        with self._refusing():
            return super()._ask(statement, params)

    def _change(self, statement: Executable, params: Mapping[str, Any]) -> int:
        with self._refusing():
            return super()._change(statement, params)

    def _run(self, statement: Executable, params: Any = None) -> CursorResult[Any]:
        with self._refusing():
            return super()._run(statement, params)

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (Duplicate, RuleBroken, Stale) as refused:
            raise BatchRefused(refused.code) from refused


def _has_line(row: Value, field: str, values: Mapping[str, Any]) -> bool:
    return any(matches(line, values) for line in getattr(row, field))
