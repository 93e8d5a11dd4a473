"""Code tables: which codes are in use, which are known, and what waits for those that are not. Asks nobody for
documents: everything is computed from what is kept."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.mapping import (
    CodeUse,
    Context,
    check_code_value,
    find_codes,
    list_allowed,
    list_code_fields,
    read_codes,
    say_codes,
)
from hub.mapping import Mapping as FieldMapping
from hub.mapping.codes import NameOf
from hub.mapping.targets import Target
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.semantics import Direction
from hub.store import UnitOfWork
from hub.store.bookkeeping import open_payload
from hub.store.rows import DeadRow, Payload
from hub.sync.context import Hub, OpenConnection
from hub.sync.intent import list_values
from hub.sync.references import name_referred
from hub.sync.resolve import is_void
from hub.sync.show import describe_record
from hub.sync.waits import find_missing_code

IN, OUT = "in", "out"
"""A code there without a value here; a value here without a code there."""
EXAMPLES = 3
FIRST_ROW = 6
"""The first row of a sheet that holds a code; what stands above is for people."""
_CHUNK = 500
_NO_TITLE = re.compile(r"[\[\]:*?/\\]")
_ANYBODY = UUID(int=0)
Key = tuple[str, str, str]
"""(table, way, code or value)."""
Progress = Callable[[str, int, int | None], None]
_TOLD_EVERY = 500
Money = Callable[[], tuple[Decimal, str] | None]


@dataclass
class CodeEntry:
    """One code there (``way`` in) or one value here (out). ``count``: documents in which it occurs; ``codes``: several
    codes that mean the value, of which one must go; ``waiting``: documents wait for it."""

    table: str
    way: str
    value: str
    fields: set[str] = field(default_factory=set)
    count: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    codes: tuple[str, ...] = ()
    waiting: bool = False


@dataclass(frozen=True)
class Coverage:
    """How many of the codes that a kind uses are known, table by table; and the documents that are held for want of
    one, with their sums by currency."""

    kind: str
    tables: Mapping[str, tuple[int, int]]
    """table → (known, used)."""
    held: int
    amounts: Mapping[str, Decimal]


@dataclass(frozen=True)
class TableSurvey:
    """One code table. ``missing``: in the order in which the book lists them; ``allowed``: values that can stand in it
    (``strict``: no others can)."""

    table: str
    known: Mapping[str, str]
    missing: Sequence[CodeEntry]
    allowed: Sequence[str]
    strict: bool
    used: Mapping[str, CodeEntry]
    """Code → where it occurs, of the known ones."""
    target: Target


@dataclass(frozen=True)
class CodeSurvey:
    """Every code table that the mappings of a connection use."""

    connection: str
    tables: Sequence[TableSurvey]
    coverage: Sequence[Coverage]
    reached: bool = True
    """The system could be asked for the tables that it tells by itself."""


def show_coverage(row: Coverage) -> dict[str, Any]:
    """Coverage as JSON-ready data."""
    tables = {table: list(counts) for table, counts in row.tables.items()}
    amounts = {currency: str(amount) for currency, amount in row.amounts.items()}
    return {"kind": row.kind, "tables": tables, "held": row.held, "amounts": amounts}


def _name_nobody(kind: str, hub_id: UUID) -> str | None:
    return None


class CodeTally:
    """Counts codes in what it is shown, record by record."""

    def __init__(
        self, codes: Mapping[str, Mapping[str, str]], mappings: Iterable[FieldMapping], name_of: NameOf = _name_nobody
    ) -> None:
        self.codes = codes
        self.name_of = name_of
        self.targets = {found.table: found.target for mapping in mappings for found in list_code_fields(mapping)}
        self.entries: dict[Key, CodeEntry] = {}
        self.missing: set[Key] = set()
        self._used: dict[str, set[Key]] = {}
        self._held: dict[str, tuple[int, dict[str, Decimal]]] = {}

    def add_payload(self, mapping: FieldMapping, payload: Mapping[str, Any], label: str, money: Money) -> None:
        """A record there."""
        self._add(mapping.kind, IN, read_codes(mapping, payload), label, money)

    def add_values(self, mapping: FieldMapping, values: Mapping[str, Any], label: str, money: Money) -> None:
        """A record here, or what is about to be written of one."""
        self._add(mapping.kind, OUT, say_codes(mapping, values, self.name_of), label, money)

    def _add(self, kind: str, way: str, uses: Iterable[CodeUse], label: str, money: Money) -> None:
        found: dict[Key, CodeEntry] = {}
        for use in uses:
            key = (use.table, way, use.value)
            if key not in self.entries:
                self._begin(key)
            found[key] = self.entries[key]
            found[key].fields.add(f"{kind}.{use.field}")
        self._used.setdefault(kind, set()).update(found)
        if not found:
            return
        amount = money()
        for entry in found.values():
            entry.count += 1
            _add_amount(entry.amounts, amount)
            if len(entry.examples) < EXAMPLES and label not in entry.examples:
                entry.examples.append(label)
        if self.missing & found.keys():
            count, amounts = self._held.setdefault(kind, (0, {}))
            _add_amount(amounts, amount)
            self._held[kind] = (count + 1, amounts)

    def _begin(self, key: Key) -> None:
        table, way, value = key
        codes: tuple[str, ...] = ()
        if way == IN:
            known = value in self.codes.get(table, {})
        else:
            codes = self._find_codes(table, value)
            known = len(codes) == 1
        self.entries[key] = CodeEntry(table, way, value, codes=codes)
        if not known:
            self.missing.add(key)

    def _find_codes(self, table: str, value: str) -> tuple[str, ...]:
        try:
            return tuple(find_codes(self.targets[table], self.codes.get(table, {}), value))
        except (ValueError, KeyError):
            return ()  # the table holds something that the field cannot

    def list_coverage(self) -> list[Coverage]:
        """Kinds that use a code table, with how much of it is known."""
        found = []
        for kind, used in sorted(self._used.items()):
            tables = {}
            for table in sorted({key[0] for key in used}):
                mine = {key for key in used if key[0] == table}
                tables[table] = (len(mine - self.missing), len(mine))
            if tables:
                found.append(Coverage(kind, tables, *self._held.get(kind, (0, {}))))
        return found


def _add_amount(amounts: dict[str, Decimal], amount: tuple[Decimal, str] | None) -> None:
    if amount is not None:
        amounts[amount[1]] = amounts.get(amount[1], Decimal(0)) + amount[0]


# ---------------------------------------------------------------- survey


def survey_codes(hub: Hub, connection: str, progress: Progress | None = None) -> CodeSurvey:
    """Every code table of a connection: what the kept records use, what is known, what is missing."""
    opened = hub.open(connection)
    conn = opened.with_codes()
    known, reached = conn.codes, conn is opened
    mappings = [conn.mappings[kind] for kind in conn.policies if kind in conn.mappings]
    with hub.store.read() as tx:
        tally = CodeTally(known, mappings, functools.partial(name_referred, tx))
        for mapping in mappings:
            if list_code_fields(mapping):
                _tally_kind(tx, hub, conn, mapping, tally, progress)
        waiting = list_waiting_codes(tx, connection)
        others = {
            value
            for name, settings in hub.config.connections.items()
            if name != connection
            for table in settings.codes.values()
            for value in table.values()
        }
    tables = [
        _survey_table(table, tally, waiting, others if table not in known else set()) for table in sorted(tally.targets)
    ]
    return CodeSurvey(connection, tables, tally.list_coverage(), reached)


def _tally_kind(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    mapping: FieldMapping,
    tally: CodeTally,
    progress: Progress | None = None,
) -> None:
    direction = conn.policies[mapping.kind].direction
    if direction is not Direction.OUT:
        context = Context(zone=hub.zone_of(conn.name), codes=conn.codes, find_ref=lambda kind, id_: _ANYBODY)
        for done, (external_id, payload) in enumerate(walk_payloads(tx, conn.name, mapping.stream), start=1):
            if progress is not None and done % _TOLD_EVERY == 0:
                progress(mapping.kind, done, None)
            label = _name_payload(mapping, payload) or external_id
            tally.add_payload(mapping, payload, label, functools.partial(find_money, mapping, payload, context))
    if direction is not Direction.IN:
        for record in _walk_records(tx, mapping.kind):
            label, amount, currency = describe_record(record, str(record.id))
            money = (amount, currency) if amount is not None and currency else None
            tally.add_values(mapping, list_values(record), label, functools.partial(_same, money))


def walk_payloads(tx: UnitOfWork, connection: str, stream: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(external id, newest payload) of everything that is kept of a stream."""
    last = ""
    while True:
        rows = tx.find(
            Payload, connection=connection, stream=stream, external_id__gt=last,
            order=["external_id", "-at", "-id"], limit=_CHUNK,
        )  # fmt: skip
        if not rows:
            return
        for row in rows:
            if row.external_id != last:
                last = row.external_id
                yield last, open_payload(row)


def _walk_records(tx: UnitOfWork, kind: str) -> Iterator[Any]:
    after: dict[str, Any] = {}
    while True:
        rows = tx.find(find_kind(kind), order=["id"], limit=_CHUNK, **after)
        yield from (row for row in rows if not is_void(row))
        if not rows:
            return
        after = {"id__gt": rows[-1].id}


def _name_payload(mapping: FieldMapping, payload: Mapping[str, Any]) -> str:
    """What people call the record there."""
    number = find_kind(mapping.kind).NUMBER
    for name in (number, "name"):
        plan = next((plan for plan in mapping.plans if plan.name == name), None)
        raw = plan.raw_of(payload) if plan is not None else None
        if raw not in (None, ""):
            return str(raw)
    return ""


def _same(money: tuple[Decimal, str] | None) -> tuple[Decimal, str] | None:
    return money


def find_money(mapping: FieldMapping, payload: Mapping[str, Any], context: Context) -> tuple[Decimal, str] | None:
    """The money in a record there, as far as it can be read."""
    name = find_kind(mapping.kind).AMOUNT
    if not any(plan.name == name for plan in mapping.plans):
        return None
    values = mapping.to_canonical(payload, context).values
    amount, currency = values.get(name), values.get("currency")
    return (amount, currency) if amount is not None and currency else None


def _survey_table(table: str, tally: CodeTally, waiting: set[Key], others: set[str]) -> TableSurvey:
    known = tally.codes.get(table, {})
    target = tally.targets[table]
    missing = [entry for key, entry in tally.entries.items() if key in tally.missing and entry.table == table]
    here = {_plain(tally, key) for key in waiting}
    for entry in missing:
        entry.waiting = (entry.table, entry.way, entry.value) in here
    allowed = list_allowed(target)
    usual = {*known.values(), *others, *(value for name, way, value in tally.entries if (name, way) == (table, OUT))}
    used = {value: entry for (name, way, value), entry in tally.entries.items() if (name, way) == (table, IN)}
    return TableSurvey(table, known, sort_missing(missing), allowed or sorted(usual), bool(allowed), used, target)


def sort_missing(entries: Iterable[CodeEntry]) -> list[CodeEntry]:
    """What something waits for comes first, then codes there before values here."""
    return sorted(entries, key=lambda entry: (not entry.waiting, entry.way != IN, entry.value))


def _plain(tally: CodeTally, key: Key) -> Key:
    return (key[0], key[1], plain_value(tally.targets, key))


def plain_value(targets: Mapping[str, Any], key: Key) -> str:
    """The value of a stored reason in the spelling of the tables (0.130 is 0.13)."""
    if key[1] == IN or key[0] not in targets:
        return key[2]
    try:
        return check_code_value(targets[key[0]], key[2])
    except ValueError:
        return key[2]


# ---------------------------------------------------------------- what waits


def list_waiting_codes(tx: UnitOfWork, connection: str) -> set[Key]:
    """The codes that are named as the reason why something waits."""
    found: set[Key] = set()
    for row in tx.find(DeadRow, connection=connection, state__in=["dead", "waiting"]):
        found |= {key_of_problem(missing) for missing in (find_missing_code(row.params),) if missing}
    for binding in tx.find(Binding, connection=connection, held__ne={}):
        found |= {key_of_problem(missing) for missing in (find_missing_code(binding.parked_params),) if missing}
    return found


def key_of_problem(missing: tuple[str, str, str]) -> Key:
    """The entry of a code table that a problem is about."""
    code, table, value = missing
    return table, IN if code == "mapping.code_unknown" else OUT, value


@dataclass(frozen=True)
class Cell:
    """Where a missing code is filled in, in the book that ``codes missing --out`` writes now."""

    sheet: str
    row: int
    table: str
    value: str


def locate_cells(hub: Hub, connection: str) -> Callable[[Mapping[str, Any]], Cell | None]:
    """Parameters of a reason → the cell of the code that it is about, or None."""
    conn = hub.open(connection)
    targets = {found.table: found.target for mapping in conn.mappings.values() for found in list_code_fields(mapping)}
    with hub.store.read() as tx:
        waiting = {(key[0], key[1], plain_value(targets, key)) for key in list_waiting_codes(tx, connection)}
    rows: dict[Key, int] = {}
    for table in {key[0] for key in waiting}:
        entries = sort_missing(CodeEntry(*key, waiting=True) for key in waiting if key[0] == table)
        rows |= {(table, entry.way, entry.value): FIRST_ROW + place for place, entry in enumerate(entries)}

    def locate(params: Mapping[str, Any]) -> Cell | None:
        missing = find_missing_code(params)
        if missing is None:
            return None
        table, way, _ = key = key_of_problem(missing)
        row = rows.get((table, way, plain_value(targets, key)))
        return None if row is None else Cell(name_sheet(table), row, table, missing[2])

    return locate


def name_sheet(table: str) -> str:
    """The table's name as far as a sheet of a workbook can bear it."""
    return _NO_TITLE.sub("_", table)[:31] or "_"
