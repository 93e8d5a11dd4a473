"""What a batch knows of the database, and what it will change there."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as make_field
from enum import Enum
from functools import cache
from itertools import product
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from hub.model.values import Value
from hub.store.codec import stored
from hub.store.conditions import list_wanted

Key = tuple[Any, ...]


class Nothing(Enum):
    """There is no such row (any more)."""

    ABSENT = "absent"


ABSENT: Final = Nothing.ABSENT
Known = Value | Nothing
_UNSET: Final = object()


@dataclass
class Index:
    """Rows by the values of some fields. A value that has a bucket is known completely."""

    fields: tuple[str, ...]
    locked: bool
    buckets: dict[Key, dict[Key, None]] = make_field(default_factory=dict)


@dataclass
class LineIndex:
    """Ids of records by the values of some fields of their lines, complete for those values of ``column``."""

    field: str
    names: tuple[str, ...]
    column: str
    known: set[Any] = make_field(default_factory=set)
    buckets: dict[Key, dict[UUID, None]] = make_field(default_factory=dict)

    def list_keys(self, row: Value) -> set[Key]:
        """The buckets that a record belongs to."""
        lines = row.__dict__[self.field]
        return {tuple(line.__dict__[name] for name in self.names) for line in lines}


@dataclass(frozen=True)
class Change:
    """What is to be written of one row. ``op``: insert, upsert, delete, or revise with the revision that was read.
    ``stored`` is the row as the database has it, as far as that is known."""

    op: str
    key: Key
    row: Known
    stored: Value | None


class Memory:
    """Every change of it can be undone down to a savepoint."""

    def __init__(self) -> None:
        self._rows: dict[type[Value], dict[Key, Known]] = defaultdict(dict)
        self._stored: dict[type[Value], dict[Key, Value]] = defaultdict(dict)
        self._ops: dict[type[Value], dict[Key, str]] = defaultdict(dict)
        self._indexes: dict[type[Value], list[Index]] = defaultdict(list)
        self._lines: dict[type[Value], list[LineIndex]] = defaultdict(list)
        self._locked: set[tuple[type[Value], Key]] = set()
        self._new: set[UUID] = set()
        self._undo: list[tuple[dict[Any, Any], Any, Any]] = []
        self._depth = 0

    def key_of(self, row: Value) -> Key:
        """The primary key of a row."""
        key: Key = _key_reader(type(row))(row)
        return key

    # ------------------------------------------------------------ learning

    def note_new(self, record_id: UUID) -> None:
        """Nothing in the database refers to this id."""
        self._new.add(record_id)

    def learn(
        self,
        model: type[Value],
        name: str,
        values: Sequence[Any],
        same: Mapping[str, Any],
        rows: Iterable[Value],
        *,
        locked: bool,
    ) -> None:
        """These are all the rows of the database whose field ``name`` has one of the values."""
        index, rest = self._index_of(model, (name, *same), locked=locked), tuple(same.values())
        for value in values:
            index.buckets.setdefault((value, *rest), {})
        known = self._rows[model]
        for row in rows:
            key = self.key_of(row)
            if locked:
                self._locked.add((model, key))
            if key not in known:
                known[key] = row
                self._stored[model][key] = row
                for other in self._lines[model]:
                    self._reindex_lines(other, key, None, row)
            self._add_to(index, key, known[key])
        for key in self._ops[model]:
            self._add_to(index, key, known[key])

    def _index_of(self, model: type[Value], fields: tuple[str, ...], *, locked: bool) -> Index:
        for index in self._indexes[model]:
            if index.fields == fields and index.locked == locked:
                return index
        self._indexes[model].append(Index(fields, locked))
        return self._indexes[model][-1]

    def _add_to(self, index: Index, key: Key, row: Known) -> None:
        if row is ABSENT:
            return
        values = tuple([row.__dict__[name] for name in index.fields])
        if values in index.buckets:
            self.set(index.buckets[values], key, None)

    def learn_lines(
        self,
        model: type[Value],
        name: str,
        names: tuple[str, ...],
        column: str,
        values: Sequence[Any],
        found: Iterable[tuple[Key, UUID]],
    ) -> None:
        """These are all the records that have a line whose ``column`` has one of the values."""
        index = LineIndex(name, names, column, set(values))
        for key, record_id in found:
            index.buckets.setdefault(key, {})[record_id] = None
        for key in self._ops[model]:
            self._reindex_lines(index, key, self._stored[model].get(key), self._rows[model][key])
        self._lines[model].append(index)

    # ------------------------------------------------------------ questions

    def get(self, row: Value) -> Known | None:
        """The row with the same key as it is now; None when that is not known."""
        model, key = type(row), self.key_of(row)
        found = self._rows[model].get(key)
        if found is None and not self._new.isdisjoint(part for part in key if isinstance(part, UUID)):
            return ABSENT
        return found

    def find(self, model: type[Value], where: Mapping[str, Any], *, lock: bool) -> list[Any] | None:
        """Rows among which are all that meet the conditions; None when that is not known."""
        key = tuple([where.get(name) for name in stored(model).spec.key])
        row = self._rows[model].get(key) if None not in key else None
        if row is not None and (not lock or (model, key) in self._locked or self._ops[model].get(key) == "insert"):
            return [] if row is ABSENT else [row]
        for index in self._indexes[model]:
            if index.locked or not lock:
                found = self._look_up(model, index, where)
                if found is not None:
                    return found
        return None

    def _look_up(self, model: type[Value], index: Index, where: Mapping[str, Any]) -> list[Any] | None:
        rows = self._rows[model]
        one = tuple([where.get(name) for name in index.fields])
        if None not in one:
            bucket = index.buckets.get(one)
            if bucket is not None:
                return [rows[key] for key in bucket]
            return [] if self._is_new(one) else None
        wanted = [list_wanted(where, name) for name in index.fields]
        if None in wanted:
            return None
        found: list[Any] = []
        for asked in product(*filter(None, wanted)):
            bucket = index.buckets.get(asked)
            if bucket is not None:
                found += [rows[key] for key in bucket]
            elif not self._is_new(asked):
                return None
        return found

    def _is_new(self, values: Key) -> bool:
        return not self._new.isdisjoint([value for value in values if isinstance(value, UUID)])

    def find_lines(self, model: type[Value], name: str, values: Mapping[str, Any]) -> dict[UUID, None] | None:
        """Ids of the records that have such a line; None when that is not known."""
        for index in self._lines[model]:
            if index.field == name and set(index.names) == set(values) and values[index.column] in index.known:
                return dict(index.buckets.get(tuple([values[part] for part in index.names]), {}))
        return None

    def changed(self, model: type[Value]) -> dict[Key, Any]:
        """The rows that the database does not have like this; None for one that is gone."""
        rows = self._rows[model]
        return {key: None if rows[key] is ABSENT else rows[key] for key in self._ops[model]}

    def list_changes(self) -> dict[type[Value], list[Change]]:
        """What is to be written, by model."""
        return {
            model: [Change(op, key, self._rows[model][key], self._stored[model].get(key)) for key, op in ops.items()]
            for model, ops in self._ops.items()
            if ops
        }

    def forget_changes(self) -> None:
        """They are in the database now."""
        for model, ops in self._ops.items():
            for key in ops:
                row = self._rows[model][key]
                if row is ABSENT:
                    self._stored[model].pop(key, None)
                else:
                    self._stored[model][key] = row
            ops.clear()

    # ------------------------------------------------------------ changes

    def put(self, row: Value, op: str) -> None:
        """The row is to be so."""
        model, key = type(row), self.key_of(row)
        before = self._ops[model].get(key)
        if before == "delete":
            op = "upsert"
        elif before == "insert" or (before is not None and op.startswith("revise")):
            op = before
        self._replace(model, key, row)
        self.set(self._ops[model], key, op)

    def drop(self, row: Value) -> None:
        """The row is to be gone."""
        model, key = type(row), self.key_of(row)
        if self._ops[model].get(key) == "insert":
            self._pop(self._ops[model], key)
        else:
            self.set(self._ops[model], key, "delete")
        self._replace(model, key, ABSENT)

    def _replace(self, model: type[Value], key: Key, row: Known) -> None:
        rows = self._rows[model]
        old = rows.get(key, ABSENT)
        for index in self._indexes[model]:
            self._reindex(index, key, old, row)
        for lines in self._lines[model]:
            self._reindex_lines(lines, key, None if old is ABSENT else old, row)
        self.set(rows, key, row)

    def _reindex(self, index: Index, key: Key, old: Known, row: Known) -> None:
        before = None if old is ABSENT else tuple([old.__dict__[name] for name in index.fields])
        after = None if row is ABSENT else tuple([row.__dict__[name] for name in index.fields])
        if before == after:
            return
        if before is not None and before in index.buckets:
            self._pop(index.buckets[before], key)
        if after is None:
            return
        if after not in index.buckets:
            if not self._is_new(after):
                return
            self.set(index.buckets, after, {})
        self.set(index.buckets[after], key, None)

    def _reindex_lines(self, index: LineIndex, key: Key, old: Known | None, row: Known) -> None:
        before = set() if old is None or old is ABSENT else index.list_keys(old)
        after = set() if row is ABSENT else index.list_keys(row)
        for gone in before - after:
            self._pop(index.buckets.get(gone, {}), key[0])
        for fresh in after - before:
            if fresh not in index.buckets:
                self.set(index.buckets, fresh, {})
            self.set(index.buckets[fresh], key[0], None)

    # ------------------------------------------------------------ undoing

    @property
    def in_savepoint(self) -> bool:
        return self._depth > 0

    @contextlib.contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what the block did when it raises."""
        mark = len(self._undo)
        self._depth += 1
        try:
            yield
        except BaseException:  # whatever ends the block, it is passed on
            while len(self._undo) > mark:
                table, key, old = self._undo.pop()
                if old is _UNSET:
                    table.pop(key, None)
                else:
                    table[key] = old
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._undo.clear()

    def set(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Change a table so that it can be undone."""
        if self._depth:
            self._undo.append((table, key, table.get(key, _UNSET)))
        table[key] = value

    def _pop(self, table: dict[Any, Any], key: Any) -> None:
        if key in table:
            if self._depth:
                self._undo.append((table, key, table[key]))
            del table[key]


@cache
def _key_reader(model: type[Value]) -> Any:
    names = stored(model).spec.key
    if len(names) == 1:
        read = attrgetter(names[0])
        return lambda row: (read(row),)
    return attrgetter(*names)
