"""Why one binding waits for a person, as an entry of the todo list."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.locale import render
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.store import UnitOfWork
from hub.store.rows import DeadRow, IdentityVerdict
from hub.sync.intent import list_parents
from hub.sync.lookalike import ALIKE_THERE
from hub.sync.period import CLOSED, CLOSED_THERE
from hub.sync.scope import OTHER, SHARED, UNSAID
from hub.sync.show import name_record
from hub.sync.verdicts import MAYBE

ID_LENGTH = 12
TAKE, RETRY = "isthmus todo take {id} hub|remote", "isthmus todo retry {id}"
SHOW, UNDO = "isthmus todo show {id}", "isthmus todo undo {id}"
CODE_PROBLEMS = frozenset({"mapping.code_unknown", "mapping.code_unsaid", "mapping.code_ambiguous"})
RETRIED = frozenset({"protocol.refused_by_remote", "runtime.connector_defect"})
"""What a person may simply try again, once the cause is gone."""
DROPPED = "todo.dropped"
"""A person gave this write up."""
SELF_LIFTING = frozenset(
    {"sync.before_start", "sync.mass_held", "sync.not_in_plan", "sync.not_read_yet", OTHER, SHARED}
)
"""Holds that are meant, or end by themselves."""
MATCHING = frozenset(
    {
        ALIKE_THERE,
        "sync.needs_match",
        "sync.unbound",
        "protocol.match_taken",
        "protocol.several_matches",
        "protocol.blind_ambiguity",
    }
)
"""Settled by naming the document there."""
APPROVALS = frozenset({"protocol.waits_for_approval", "protocol.submitted", None})
"""Waits that are the ordinary way of things: people there approve."""
HELD_TEXTS = {
    "protocol.locked": "sync.held_locked",
    CLOSED: "sync.held_period_closed",
    "sync.is_history": "sync.held_before_start",
    "protocol.not_retained": "sync.held_not_retained",
    "protocol.refused": "sync.held_refused",
    "protocol.total_differs": "sync.held_total_differs",
    "protocol.void_refused": "sync.held_void_refused",
}


DOCUMENT = frozenset({"parked", "held", "returned", "approval"})
"""Entries about one document: the reason may change, the entry is the same."""


@dataclass(frozen=True)
class TodoItem:
    """One thing that waits.

    ``kind_of_wait``: parked, held, returned (a draft that people there must look at again), approval (only to be
    counted: people approve in their own time), conflict, dead, waiting, review, orphan, dropped (given up by a person;
    listed when asked for), paused, resting (asked to wait, or out of calls), plan, setup, guard (a mass of changes that
    was stopped), watch (a stream that went quiet, a list that shrank, a cursor that stands still), event
    (a call of the other system that could not be read), voucher (an event that a ledger could not book). ``amount`` is
    in ``currency``, ``base_amount`` the same in the company's own currency. ``command`` settles it; ``{id}`` in it
    stands for ``short``, the beginning of ``id`` that no other entry of the list shares.
    """

    kind_of_wait: str
    connection: str
    code: str
    command: str
    kind: str = ""
    record_id: UUID | None = None
    binding_id: UUID | None = None
    number: str | None = None
    remote_id: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    amount: Decimal | None = None
    currency: str | None = None
    base_amount: Decimal | None = None
    since: datetime | None = None
    informational: bool = False
    stream: str = ""
    thing: str = ""
    """What it is about, where that is not one binding."""
    short: str = ""

    @property
    def id(self) -> str:
        """The same thing keeps its id, whatever the reason why it waits is by now."""
        group = "document" if self.kind_of_wait in DOCUMENT else self.kind_of_wait
        about = self.binding_id or self.record_id or self.remote_id or ""
        name = self.thing or f"{group}:{self.kind}:{about}"
        return hashlib.sha256(f"{self.connection}\n{name}".encode()).hexdigest()[:ID_LENGTH]

    def text(self, lang: str = "en") -> str:
        """Why it waits, in one sentence."""
        return render(self.code, lang, **self.params)


def judge_binding(tx: UnitOfWork, binding: Binding) -> TodoItem | None:
    """Why this binding waits for a person, or None."""
    if binding.parked == DROPPED:
        item = about_binding(binding, "dropped", DROPPED, binding.parked_params)
        return replace(item, thing=f"document:{binding.kind}:{binding.id}", command=UNDO)
    if binding.parked:
        return about_binding(binding, "parked", binding.parked, binding.parked_params)
    whole = binding.held.get("*")
    if whole is not None:
        return _judge_hold(tx, binding, whole)
    if binding.held:
        return _judge_held(binding)
    if binding.state is not BindingState.WAITING or binding.why == "sync.cannot_read":
        return None  # what cannot be read is listed among the dead rows
    if binding.why in APPROVALS:
        item = about_binding(binding, "approval", binding.why or "protocol.waits_for_approval", {})
        return replace(item, informational=True)
    return about_binding(binding, "returned", binding.why or "", {})


def _is_asked_there(tx: UnitOfWork, binding: Binding) -> bool:
    """Whether everything that it resembles waits for the same answer: one question, one entry."""
    where = {"record_kind": binding.kind, "record_id": binding.hub_id, "verdict": MAYBE, "undone_at": None}
    rows: list[IdentityVerdict] = tx.find(IdentityVerdict, **where)  # type: ignore[arg-type]
    asked = [row.source.split("/", 2) for row in rows if row.source.startswith(f"{binding.connection}/")]
    return bool(asked) and all(
        tx.count(DeadRow, connection=connection, stream=stream, external_id=id_, state="review")
        for connection, stream, id_ in asked
    )


def _judge_hold(tx: UnitOfWork, binding: Binding, code: str) -> TodoItem | None:
    """What keeps a document from being made; a parent that is merely late is nobody's business."""
    if code in SELF_LIFTING or (code == ALIKE_THERE and _is_asked_there(tx, binding)):
        return None
    if code == "protocol.parent_missing":
        blocking = _find_blocking_parent(tx, binding)
        if blocking is None:
            return None
        params = {"parent_kind": blocking[0], "parent": name_record(tx, *blocking)}
        command = f"isthmus record show {blocking[0]} {blocking[1]}"
        return replace(about_binding(binding, "held", "sync.parent_waits", params), command=command)
    return about_binding(binding, "held", code, binding.parked_params)


def _find_blocking_parent(tx: UnitOfWork, binding: Binding) -> tuple[str, UUID] | None:
    """(kind, id) of a record that this one refers to and that waits for a person itself, or is not synced at all."""
    record = tx.get(find_kind(binding.kind), id=binding.hub_id)
    if record is None:
        return None
    found = sorted(set(list_parents(record, frozenset(type(record).model_fields))))
    there = {pair: tx.find(Binding, connection=binding.connection, kind=pair[0], hub_id=pair[1]) for pair in found}
    found.sort(key=lambda pair: not there[pair])  # what the connection does not keep at all is the last suspect
    for kind, hub_id in found:
        rows = there[kind, hub_id]
        if any(row.remote_id is not None for row in rows):
            continue
        if all(row.parked or row.held.get("*", "protocol.parent_missing") != "protocol.parent_missing" for row in rows):
            return kind, hub_id
    return None


def _judge_held(binding: Binding) -> TodoItem:
    reasons = sorted(set(binding.held.values()))
    fields = ", ".join(sorted(name for name, reason in binding.held.items() if reason == reasons[0]))
    code = HELD_TEXTS.get(reasons[0], reasons[0])
    days = binding.parked_params if reasons[0] == CLOSED else {}
    params = {**days, "fields": fields, "stage": binding.stage or "-", "number": _name_document(binding)}
    return about_binding(binding, "held", code, params)


def about_binding(binding: Binding, wait: str, code: str, params: Mapping[str, Any]) -> TodoItem:
    return TodoItem(
        kind_of_wait=wait,
        connection=binding.connection,
        kind=binding.kind,
        record_id=binding.hub_id,
        binding_id=binding.id,
        remote_id=binding.remote_id,
        number=binding.remote_number,
        code=code,
        params={"connection": binding.connection, "number": _name_document(binding), **params},
        since=binding.updated_at,
        command=_choose_command(binding, wait, code),
    )


def _name_document(binding: Binding) -> str:
    return binding.remote_number or binding.remote_id or "-"


def _choose_command(binding: Binding, wait: str, code: str) -> str:
    if wait == "approval":
        return f"isthmus binding show {binding.id}"
    if code in MATCHING:
        other = "REMOTE|new" if code == ALIKE_THERE else "REMOTE"
        return f"isthmus binding add {binding.connection} {binding.kind} {binding.hub_id} {other}"
    if code == "sync.plan_stale":
        return f"isthmus sync plan {binding.connection}"
    if code in (CLOSED, CLOSED_THERE):
        return RETRY
    if code in ("sync.no_lines", UNSAID):
        return f"isthmus record edit {binding.kind} {binding.hub_id}"
    if find_missing_code({"problem": binding.parked_params.get("problem")}) is not None:
        return name_codes_command(binding.connection)
    if binding.remote_id is None:
        return RETRY if code in RETRIED else SHOW
    settles = wait in ("parked", "conflict") or (wait == "held" and code in HELD_TEXTS.values())
    return TAKE if settles else SHOW


def find_missing_code(params: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """(code of the problem, table, value) when a stored reason is, or holds, a problem with a code table."""
    for value in params.values():
        if not isinstance(value, dict) or "params" not in value:
            continue
        inner = value["params"]
        if value.get("code") in CODE_PROBLEMS:
            return value["code"], str(inner["table"]), str(inner["value"])
        found = find_missing_code(inner)
        if found is not None:
            return found
    return None


CODES_FILE = "codes.xlsx"


def name_codes_command(connection: str) -> str:
    """What lists the codes that are missing, as a file to be filled."""
    return f"isthmus codes missing {connection} --out {CODES_FILE}"
