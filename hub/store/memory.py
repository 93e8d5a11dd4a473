"""What a batch knows of the database, and what it will change there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any, Final
from uuid import UUID

from hub.model.values import Value
from hub.store.cells import ABSENT, Cell, Index, Key, Known, LineIndex, Plan, make_picker
from hub.store.codec import stored

_UNSET: Final = object()


class Memory:
    """Every change of it can be undone down to a savepoint."""

    def __init__(self) -> None:
        self._cells: dict[type[Value], dict[Key, Cell]] = defaultdict(dict)
        self._changed: dict[type[Value], dict[Cell, None]] = defaultdict(dict)
        self._indexes: dict[type[Value], list[Index]] = defaultdict(list)
        self._lines: dict[type[Value], list[LineIndex]] = defaultdict(list)
        self._plans: dict[tuple[type[Value], tuple[str, ...], bool], list[Plan]] = {}
        self._new: set[UUID] = set()
        self._undo: list[tuple[Any, ...]] = []
        self._depth = 0

    def key_of(self, row: Value) -> Key:
        """The primary key of a row."""
        key: Key = _key_reader(type(row))(row.__dict__)
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
        cells = self._cells[model]
        for row in rows:
            key = self.key_of(row)
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = Cell(key, row, row)
                for other in self._lines[model]:
                    self._reindex_lines(other, cell, ABSENT, row)
            cell.locked = cell.locked or locked
            self._add_to(index, cell)
        for cell in self._changed[model]:
            self._add_to(index, cell)

    def _index_of(self, model: type[Value], fields: tuple[str, ...], *, locked: bool) -> Index:
        for index in self._indexes[model]:
            if index.fields == fields and index.locked == locked:
                return index
        self._indexes[model].append(Index(fields, locked))
        self._plans.clear()
        return self._indexes[model][-1]

    def _add_to(self, index: Index, cell: Cell) -> None:
        bucket = index.buckets.get(index.pick(cell.row.__dict__)) if cell.row is not ABSENT else None
        if bucket is not None:
            self._set(bucket, cell, None)

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
        for cell in self._changed[model]:
            self._reindex_lines(index, cell, cell.stored or ABSENT, cell.row)
        self._lines[model].append(index)

    # ------------------------------------------------------------ questions

    def get(self, row: Value) -> Known | None:
        """The row with the same key as it is now; None when that is not known."""
        key = self.key_of(row)
        cell = self._cells[type(row)].get(key)
        if cell is not None:
            return cell.row
        return ABSENT if self._is_new(key) else None

    def find(
        self, model: type[Value], where: Mapping[str, Any], *, lock: bool
    ) -> tuple[list[Any], tuple[str, ...]] | None:
        """Rows among which are all that meet the conditions, and the conditions that are still to be looked at; None
        when that is not known."""
        asked = (*where,)
        names, others = _find_key(model, asked)
        if names:
            key = (where[names[0]],) if len(names) == 1 else tuple([where[name] for name in names])
            cell = self._cells[model].get(key)
            if cell is not None and (not lock or cell.locked or cell.op == "insert"):
                return ([] if cell.row is ABSENT else [cell.row]), others
        for index, wanted, rest in self._plans.get((model, asked, lock)) or self._plan(model, asked, lock=lock):
            found = self._look_up(index, wanted, where)
            if found is not None:
                return found, rest
        return None

    def _plan(self, model: type[Value], asked: tuple[str, ...], *, lock: bool) -> list[Plan]:
        """The indexes that can answer questions with these conditions."""
        key = (model, asked, lock)
        plans = self._plans.get(key)
        if plans is None:
            plans = self._plans[key] = []
            for index in self._indexes[model]:
                wanted = [name if name in asked else f"{name}__in" for name in index.fields]
                if (index.locked or not lock) and all(name in asked for name in wanted):
                    plans.append((index, tuple(wanted), tuple([name for name in asked if name not in wanted])))
        return plans

    def _look_up(self, index: Index, wanted: tuple[str, ...], where: Mapping[str, Any]) -> list[Any] | None:
        if wanted == index.fields:
            one = (where[wanted[0]],) if len(wanted) == 1 else tuple([where[name] for name in wanted])
            bucket = index.buckets.get(one)
            if bucket is not None:
                return [cell.row for cell in bucket]
            return [] if self._is_new(one) else None
        values = [dict.fromkeys(where[name]) if name.endswith("__in") else (where[name],) for name in wanted]
        found: list[Any] = []
        for one in product(*values):
            bucket = index.buckets.get(one)
            if bucket is not None:
                found += [cell.row for cell in bucket]
            elif not self._is_new(one):
                return None
        return found

    def _is_new(self, values: Key) -> bool:
        new = self._new
        if new:
            for value in values:
                if type(value) is UUID and value in new:
                    return True
        return False

    def find_lines(self, model: type[Value], name: str, values: Mapping[str, Any]) -> dict[UUID, None] | None:
        """Ids of the records that have such a line; None when that is not known."""
        for index in self._lines[model]:
            if index.field == name and set(index.names) == set(values) and values[index.column] in index.known:
                return dict(index.buckets.get(tuple([values[part] for part in index.names]), {}))
        return None

    def changed(self, model: type[Value]) -> dict[Key, Any]:
        """The rows that the database does not have like this; None for one that is gone."""
        return {cell.key: None if cell.row is ABSENT else cell.row for cell in self._changed[model]}

    def list_changes(self) -> dict[type[Value], list[Cell]]:
        """What is to be written, by model."""
        return {model: list(cells) for model, cells in self._changed.items() if cells}

    def forget_changes(self) -> None:
        """They are in the database now."""
        for cells in self._changed.values():
            for cell in cells:
                cell.op, cell.stored = "", None if cell.row is ABSENT else cell.row
            cells.clear()

    # ------------------------------------------------------------ changes

    def add(self, row: Value) -> bool:
        """The row is new; False when there is one with its key."""
        model, key = type(row), self.key_of(row)
        cell = self._cells[model].get(key)
        if cell is None:
            self._put_unknown(model, key, row, "insert")
            return True
        if cell.row is not ABSENT:
            return False
        self.put(row, "insert")
        return True

    def put(self, row: Value, op: str) -> None:
        """The row is to be so."""
        model, key = type(row), self.key_of(row)
        cell = self._cells[model].get(key)
        if cell is None:
            self._put_unknown(model, key, row, op)
            return
        if cell.op == "delete":
            op = "upsert"
        elif cell.op == "insert" or (cell.op and op.startswith("revise")):
            op = cell.op
        self._replace(model, cell, row, op)

    def _put_unknown(self, model: type[Value], key: Key, row: Value, op: str) -> None:
        """Most rows of a first load."""
        cells, changed = self._cells[model], self._changed[model]
        cell = cells[key] = Cell(key, row, None)
        cell.op = op
        changed[cell] = None
        if self._depth:
            self._undo += ((cells, key, _UNSET), (changed, cell, _UNSET))
        for index in self._indexes[model]:
            self._reindex(index, cell, ABSENT, row)
        for lines in self._lines[model]:
            self._reindex_lines(lines, cell, ABSENT, row)

    def put_all(self, rows: Sequence[Value], op: str) -> None:
        """The same for several of one model, in less time where nothing is known of them."""
        model = type(rows[0])
        if self._indexes[model] or self._lines[model]:
            for row in rows:
                self.put(row, op)
            return
        cells, changed, read_key = self._cells[model], self._changed[model], _key_reader(model)
        for row in rows:
            key = read_key(row.__dict__)
            if key in cells:
                self.put(row, op)
                continue
            cell = cells[key] = Cell(key, row, None)
            cell.op = op
            changed[cell] = None
            if self._depth:
                self._undo += [(cells, key, _UNSET), (changed, cell, _UNSET)]

    def drop(self, row: Value) -> None:
        """The row is to be gone."""
        model = type(row)
        cell = self._cells[model][self.key_of(row)]
        self._replace(model, cell, ABSENT, "" if cell.op == "insert" else "delete")

    def know(self, row: Value) -> None:
        """The database has this row, just so."""
        cells, key = self._cells[type(row)], self.key_of(row)
        if key not in cells:
            cells[key] = Cell(key, row, row)

    def _replace(self, model: type[Value], cell: Cell, row: Known, op: str) -> None:
        old = cell.row
        for index in self._indexes[model]:
            self._reindex(index, cell, old, row)
        for lines in self._lines[model]:
            self._reindex_lines(lines, cell, old, row)
        if not cell.op and op:
            self._set(self._changed[model], cell, None)
        elif cell.op and not op:
            self._pop(self._changed[model], cell)
        if self._depth:
            self._undo.append((cell, old, cell.op))
        cell.row, cell.op = row, op

    def _reindex(self, index: Index, cell: Cell, old: Known, row: Known) -> None:
        if old is not ABSENT and row is not ABSENT:
            was, is_ = old.__dict__, row.__dict__
            for name in index.fields:
                if was[name] is not is_[name]:
                    break
            else:
                return
        before = None if old is ABSENT else index.buckets.get(index.pick(old.__dict__))
        if before is not None:
            self._pop(before, cell)
        if row is ABSENT:
            return
        values = index.pick(row.__dict__)
        after = index.buckets.get(values)
        if after is None and self._is_new(values):
            after = {}
            self._set(index.buckets, values, after)
        if after is not None:
            self._set(after, cell, None)

    def _reindex_lines(self, index: LineIndex, cell: Cell, old: Known, row: Known) -> None:
        if old is not ABSENT and row is not ABSENT and old.__dict__[index.field] is row.__dict__[index.field]:
            return
        before = set() if old is ABSENT else index.list_keys(old)
        after = set() if row is ABSENT else index.list_keys(row)
        for gone in before - after:
            self._pop(index.buckets.get(gone, {}), cell.key[0])
        for fresh in after - before:
            if fresh not in index.buckets:
                self._set(index.buckets, fresh, {})
            self._set(index.buckets[fresh], cell.key[0], None)

    # ------------------------------------------------------------ undoing

    @property
    def in_savepoint(self) -> bool:
        return self._depth > 0

    def savepoint(self) -> Savepoint:
        """Undo what the block did when it raises."""
        return Savepoint(self)

    def enter(self) -> int:
        """Begin to note what is changed; where the notes stand."""
        self._depth += 1
        return len(self._undo)

    def leave(self, mark: int, *, undo: bool) -> None:
        """End it, and take back what was changed since."""
        while undo and len(self._undo) > mark:
            self._take_back(*self._undo.pop())
        self._depth -= 1
        if not self._depth:
            self._undo.clear()

    def _take_back(self, changed: Any, key: Any, old: Any) -> None:
        if isinstance(changed, Cell):
            changed.row, changed.op = key, old
        elif old is _UNSET:
            changed.pop(key, None)
        else:
            changed[key] = old

    def set(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        """Change a table of the caller so that it can be undone."""
        self._set(table, key, value)

    def _set(self, table: dict[Any, Any], key: Any, value: Any) -> None:
        if self._depth:
            self._undo.append((table, key, table.get(key, _UNSET)))
        table[key] = value

    def _pop(self, table: dict[Any, Any], key: Any) -> None:
        if key in table:
            if self._depth:
                self._undo.append((table, key, table[key]))
            del table[key]


class Savepoint:
    """A part of a batch; a class, because there is one for each record."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def __enter__(self) -> None:
        self._mark = self._memory.enter()

    def __exit__(self, kind: type[BaseException] | None, error: object, _trace: object) -> None:
        self._memory.leave(self._mark, undo=kind is not None)


@cache
def _find_key(model: type[Value], asked: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the primary key, where all of it is asked for (else none), and what else is."""
    names = stored(model).spec.key
    return (names if set(names) <= set(asked) else ()), tuple([name for name in asked if name not in names])


@cache
def _key_reader(model: type[Value]) -> Any:
    return make_picker(stored(model).spec.key)
