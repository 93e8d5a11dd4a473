"""Everything that a person needs to decide about one entry of the todo list. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound
from hub.locale import render
from hub.mapping import Problem
from hub.model.base import Entity
from hub.model.kinds import decode_fields, encode_fields, find_kind, load_kinds
from hub.protocol.binding import Binding
from hub.protocol.diff import comparable
from hub.store import UnitOfWork
from hub.store.decision_rows import Decision
from hub.store.rows import Attempt, Conflict, DeadRow, Image
from hub.sync.codes import locate_cells
from hub.sync.context import Hub, OpenConnection
from hub.sync.handle import IMPORTS, SIDES, key_of, list_verbs
from hub.sync.intent import list_values
from hub.sync.kept import load_kept
from hub.sync.settle import list_disputed
from hub.sync.show import describe_record, name_record, show_field
from hub.sync.trace import TraceEvent, trace_number
from hub.sync.translate import read_source
from hub.sync.waits import CODES_FILE, TodoItem, find_missing_code

HISTORY = 12
"""Events shown."""


@dataclass(frozen=True)
class FieldPair:
    """One field as it is here and there, as people read it. ``note``: why it waits, a reason with its parameters."""

    field: str
    here: Any
    there: Any
    differs: bool
    note: Mapping[str, Any] | None = None

    def text(self, lang: str = "en") -> str:
        """The note as a sentence."""
        return render(self.note["code"], lang, **self.note["params"]) if self.note else ""


@dataclass(frozen=True)
class Choice:
    """A command and what it would do."""

    command: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def text(self, lang: str = "en") -> str:
        """What it would do, in one sentence."""
        return render(self.code, lang, **self.params)


@dataclass(frozen=True)
class Dossier:
    """``words``: what the other system said. ``payload``: the record as it was last read. ``candidates``: (kind or
    connection, id, label) of what it could be the same as."""

    item: TodoItem
    fields: Sequence[FieldPair]
    words: Sequence[str]
    payload: Mapping[str, Any] | None
    candidates: Sequence[tuple[str, str, str]]
    history: Sequence[TraceEvent]
    decisions: Sequence[Decision]
    choices: Sequence[Choice]
    cell: Mapping[str, str] | None = None
    """Where a missing code is to be filled in: table, value, sheet, row."""


def show_item(hub: Hub, item: TodoItem) -> Dossier:
    """What is known about this entry and what can be done about it."""
    conn = _open(hub, item)
    with hub.store.read() as tx:
        fields = list(_list_fields(tx, hub, conn, item)) if conn is not None else []
        words = list(dict.fromkeys(_list_words(tx, item)))
        payload = _load_payload(tx, hub, item)
        candidates = list(_list_candidates(tx, item))
        decisions = tx.find(Decision, item=item.id, order=["at"])
    history, choices = _tell_history(hub, item), list(_list_choices(item, fields))
    cell = _find_cell(hub, item)
    return Dossier(item, fields, words, payload, candidates, history, decisions, choices, cell)


def _find_cell(hub: Hub, item: TodoItem) -> dict[str, str] | None:
    """Where the missing code is to be filled in."""
    if find_missing_code(item.params) is None or item.connection not in hub.config.connections:
        return None
    cell = locate_cells(hub, item.connection)(item.params)
    return None if cell is None else {"file": CODES_FILE, **{name: str(value) for name, value in vars(cell).items()}}


# ---------------------------------------------------------------- values


def _open(hub: Hub, item: TodoItem) -> OpenConnection | None:
    """The connection, with its code tables where a record there is to be translated."""
    if item.kind not in load_kinds() or item.connection not in hub.config.connections:
        return None
    try:
        conn = hub.open(item.connection)
    except ConfigInvalid:
        return None  # the entry says so itself
    return conn.with_codes() if item.stream else conn


def _list_fields(tx: UnitOfWork, hub: Hub, conn: OpenConnection, item: TodoItem) -> Iterator[FieldPair]:
    """Those that differ first."""
    if item.stream:
        pairs = _pair_import(tx, hub, conn, item)
    elif item.binding_id is not None:
        pairs = _pair_document(tx, conn, item)
    else:
        return
    yield from sorted(pairs, key=lambda pair: not (pair.differs or pair.note))


def _pair_document(tx: UnitOfWork, conn: OpenConnection, item: TodoItem) -> list[FieldPair]:
    """The record here beside what its document said when it was last read."""
    binding = tx.get(Binding, id=item.binding_id)
    record = tx.get(find_kind(item.kind), id=binding.hub_id) if binding is not None else None
    if binding is None or record is None or item.kind not in conn.policies:
        return []
    policy, mapping = conn.policies[item.kind], conn.mapping_of(item.kind)
    here = mapping.project(list_values(record))
    there = mapping.project(_load_image(tx, conn, binding))
    conflicts = {row.field: row for row in tx.find(Conflict, binding_id=binding.id, decided_at=None, order=["at"])}
    disputed = list_disputed(binding, list(conflicts.values()))
    pairs = []
    for name in sorted((policy.mapped_in | policy.mapped_out) & {*here, *there}):
        ours, theirs = here.get(name), there.get(name)
        at_stake = name in there and name in policy.mapped_in & policy.mapped_out
        differs = at_stake and comparable(policy, name, ours) != comparable(policy, name, theirs)
        note = {"code": binding.held[name], "params": {}} if name in binding.held else None
        if name in conflicts:
            ours, theirs, note = _tell_conflict(item.kind, conflicts[name], ours, theirs)
        if ours in (None, "", ()) and theirs in (None, "", ()) and name not in disputed:
            continue
        pairs.append(_show_pair(tx, item.kind, name, ours, theirs, differs or name in disputed, note))
    return pairs


def _tell_conflict(kind: str, row: Conflict, ours: Any, theirs: Any) -> tuple[Any, Any, dict[str, Any]]:
    """Both values as they met, and which the rule took for now."""
    values = [decode_fields(kind, {row.field: value})[row.field] for value in (row.hub_value, row.remote_value)]
    return values[0], values[1], {"code": f"todo.took_{row.took}", "params": {"connection": row.connection}}


def _load_image(tx: UnitOfWork, conn: OpenConnection, binding: Binding) -> dict[str, Any]:
    source = f"{binding.connection}/{conn.stream_of(binding.kind).name}/{binding.remote_id}"
    image = tx.get(Image, record_kind=binding.kind, record_id=binding.hub_id, source=source)
    return decode_fields(binding.kind, image.values) if image is not None else {}


def _pair_import(tx: UnitOfWork, hub: Hub, conn: OpenConnection, item: TodoItem) -> list[FieldPair]:
    """What the mapping makes of the record there, beside the record here where there is one."""
    row = tx.get(DeadRow, **key_of(item))
    source = load_kept(tx, row) if row is not None else None
    if source is None or item.kind not in conn.mappings:
        return []
    binding = tx.get(Binding, connection=item.connection, kind=item.kind, remote_id=item.remote_id)
    record = tx.get(find_kind(item.kind), id=binding.hub_id) if binding is not None else None
    mapped = read_source(tx, hub, conn, item.kind, source, binding).mapped
    here = list_values(record) if record is not None else {}
    pairs = [_pair_problem(problem) for problem in mapped.problems]
    for name, value in mapped.values.items():
        ours = here.get(name)
        differs = record is not None and _encode(item.kind, name, ours) != _encode(item.kind, name, value)
        if value not in (None, "", ()) or differs:
            pairs.append(_show_pair(tx, item.kind, name, ours, value, differs, None))
    return pairs


def _encode(kind: str, name: str, value: Any) -> Any:
    return encode_fields(kind, {name: value})[name] if value is not None else None


def _pair_problem(problem: Problem) -> FieldPair:
    """What is wrong with it; file, line and rule stand in the entry's own sentence."""
    reason = problem.reason()
    return FieldPair(problem.field, None, problem.value, True, {"code": reason.code, "params": reason.params})


def _show_pair(
    tx: UnitOfWork, kind: str, name: str, ours: Any, theirs: Any, differs: bool, note: Mapping[str, Any] | None
) -> FieldPair:
    return FieldPair(
        name, show_field(tx, kind, name, ours), show_field(tx, kind, name, theirs), differs, note
    )  # fmt: skip


# ---------------------------------------------------------------- evidence


def _list_words(tx: UnitOfWork, item: TodoItem) -> Iterator[str]:
    """What the other system said about the last writes, newest first."""
    if item.binding_id is not None:
        for row in tx.find(Attempt, binding_id=item.binding_id, order=["-number"], limit=3):
            if row.error_words and row.outcome != "ok":
                yield row.error_words
    if item.params.get("words"):
        yield str(item.params["words"])


def _load_payload(tx: UnitOfWork, hub: Hub, item: TodoItem) -> Mapping[str, Any] | None:
    if item.remote_id is None or item.connection not in hub.config.connections:
        return None
    stream = item.stream
    if not stream:
        try:
            stream = hub.open(item.connection).mapping_of(item.kind).stream
        except ConfigInvalid:
            return None
    return tx.latest_payload(item.connection, stream, item.remote_id)


def _list_candidates(tx: UnitOfWork, item: TodoItem) -> Iterator[tuple[str, str, str]]:
    """Records here and documents there that it could be the same as."""
    for text in filter(None, str(item.params.get("candidates", "")).split(", ")):
        yield item.kind, text, _name_candidate(tx, item.kind, text)
    ids = item.params.get("ids", "")
    second = item.params.get("remote_id", "") if item.kind_of_wait == "parked" else ""
    for text in filter(None, [*str(ids).split(", "), str(second)]):
        bound = tx.find(Binding, connection=item.connection, kind=item.kind, remote_id=text, limit=1)
        yield item.connection, text, name_record(tx, item.kind, bound[0].hub_id) if bound else ""


def _name_candidate(tx: UnitOfWork, kind: str, text: str) -> str:
    try:
        record: Entity | None = tx.get(find_kind(kind), id=UUID(text))
    except ValueError:
        return ""
    name = getattr(record, "name", "")
    return " ".join(dict.fromkeys(filter(None, (describe_record(record, text)[0], name))))


def _tell_history(hub: Hub, item: TodoItem) -> Sequence[TraceEvent]:
    """The last events in the life of the record."""
    if item.record_id is None or item.kind not in load_kinds():
        return ()
    try:
        return trace_number(hub, str(item.record_id), item.kind, hanging=False).events[-HISTORY:]
    except (NotFound, ConfigInvalid):
        return ()  # a record that is gone, or a connection that cannot be opened: the entry says so


# ---------------------------------------------------------------- choices


def _list_choices(item: TodoItem, fields: Sequence[FieldPair]) -> Iterator[Choice]:
    verbs = list_verbs(item)
    where = {"connection": item.connection, "number": item.number or item.remote_id or "-"}
    todo = f"isthmus todo {{}} {item.short}"
    if "take" in verbs:
        yield from _list_takes(item, fields, todo.format("take"), where)
    if "bind" in verbs:
        yield Choice(_name_binding(item), "todo.choice_bind", where)
    if "edit" in verbs:
        code = "todo.choice_correct" if item.kind_of_wait in IMPORTS else "todo.choice_edit"
        broken = next((pair.field for pair in fields if pair.differs and pair.note), "FIELD")
        yield Choice(f"{todo.format('edit')} --set {broken}=VALUE", code, where)
    if "retry" in verbs:
        yield Choice(todo.format("retry"), _name_retry(item), where)
    if "drop" in verbs:
        yield Choice(f"{todo.format('drop')} --reason TEXT", _name_drop(item), where)
    if "undo" in verbs:
        yield Choice(todo.format("undo"), "todo.choice_undo", where)
    if not verbs:
        yield Choice(item.command, "todo.choice_command", where)


def _list_takes(item: TodoItem, fields: Sequence[FieldPair], todo: str, where: Mapping[str, str]) -> Iterator[Choice]:
    """What each side would do to which fields."""
    plain = item.remote_id is not None and item.code not in WHOLE
    for side in SIDES:
        if plain:
            changes = "; ".join(_tell_change(pair, side) for pair in fields if pair.differs)
            yield Choice(f"{todo} {side}", f"todo.choice_take_{side}", {**where, "changes": changes or "-"})
        elif side == "hub" or item.remote_id is not None:
            yield Choice(f"{todo} {side}", f"todo.choice_whole_{side}", where)
    disputed = [pair.field for pair in fields if pair.differs]
    if plain and disputed:
        more = f" --field {disputed[0]}" if len(disputed) > 1 else ""
        yield Choice(f"{todo} VALUE{more}", "todo.choice_take_value", {**where, "field": disputed[0]})


WHOLE = frozenset({"protocol.deleted_there", "protocol.reversal_lost", "sync.second_document"})
"""Decided for the whole document, not field by field."""


def _tell_change(pair: FieldPair, side: str) -> str:
    old, new = (pair.there, pair.here) if side == "hub" else (pair.here, pair.there)
    return f"{pair.field}: {_shorten(old)} → {_shorten(new)}"


def _shorten(value: Any) -> str:
    if isinstance(value, list):
        return f"[{len(value)}]"
    text = "–" if value in (None, "") else str(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _name_binding(item: TodoItem) -> str:
    if item.kind_of_wait == "review":
        return item.command
    return f"isthmus binding add {item.connection} {item.kind} {item.record_id} REMOTE"


def _name_retry(item: TodoItem) -> str:
    if item.kind_of_wait == "voucher":
        return "todo.choice_book"
    return "todo.choice_reread" if item.kind_of_wait in IMPORTS else "todo.choice_resend"


def _name_drop(item: TodoItem) -> str:
    if item.kind_of_wait == "voucher":
        return "todo.choice_drop_voucher"
    if item.kind_of_wait in IMPORTS:
        return "todo.choice_drop_import"
    if item.kind_of_wait == "orphan":
        return "todo.choice_drop_spare"
    if item.kind_of_wait == "conflict":
        return "todo.choice_drop_conflict"
    return "todo.choice_drop_unsent" if item.remote_id is None else "todo.choice_drop_edit"
