"""What the rows say about one record: everything that was written down about it, as events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.locale import Phrase, render, render_bare
from hub.model.base import Entity
from hub.protocol.binding import Binding, BindingState
from hub.store import UnitOfWork
from hub.store.event_rows import Event
from hub.store.rows import (
    Attempt,
    Conflict,
    DeadRow,
    IdentityVerdict,
    Image,
    JournalEntry,
    Orphan,
    Payload,
    Plan,
    PlanItem,
    Run,
)
from hub.sync.context import Hub

STATE_EVENTS = {"submitted": "submitted_there", "approved": "approved_there", "void": "voided_there"}
"""New state of a record that another system told → the event."""
BEFORE = timedelta(days=1)
"""An event may be older than the record that it brought, by a little."""
Runs = Mapping[UUID, Run]


@dataclass(frozen=True)
class TraceEvent:
    """``what`` is a stable word (seen, created, sent, no_answer…); ``detail`` says more, field → text. ``about``: the
    other document that it is about, such as a payment of the order."""

    at: datetime
    what: str
    connection: str | None = None
    detail: Mapping[str, str] = field(default_factory=dict)
    about: str = ""

    def text(self, lang: str = "en") -> str:
        """The event as a sentence."""
        detail = dict(self.detail)
        if "code" in detail:  # reasons are codes; people read their sentences
            detail["code"] = " ".join(render_bare(code.strip(), lang) for code in detail["code"].split(","))
        if detail.get("error"):
            detail["words"] = " ".join(part for part in (render_bare(detail["error"], lang), detail["words"]) if part)
        if "op" in detail:
            detail["op"] = render(f"sync.op_{detail['op']}", lang)
        told = render(f"sync.trace_{self.what}", lang, connection=self.connection or "-", **detail)
        return f"{self.about}: {told}" if self.about else told


def tell_story(tx: UnitOfWork, hub: Hub, record: Entity) -> list[TraceEvent]:
    """Everything about a record, here and in every other system, oldest first."""
    bindings = tx.find(Binding, kind=record.KIND, hub_id=record.id, order=["id"])
    entries = tx.find(JournalEntry, record_id=record.id, order=["at", "id"])
    ids = [row.id for row in bindings]
    attempts = tx.find(Attempt, binding_id__in=ids, outcome__ne="unsent", order=["sent_at"]) if ids else []
    runs = _load_runs(tx, [*(row.run_id for row in entries), *(row.run_id for row in attempts)])
    events = [
        *(event for entry in entries for event in _tell_entry(entry, runs)),
        *_tell_calls(tx, record, bindings),
        *_tell_images(tx, record),
        *_tell_plans(tx, bindings),
        *_tell_attempts(attempts, runs),
        *_tell_payloads(tx, hub, bindings, attempts),
        *_tell_conflicts(tx, record),
        *_tell_matches(tx, record),
        *_tell_troubles(tx, hub, bindings),
        *_tell_bindings(bindings),
    ]
    return sorted(events, key=lambda event: event.at)


def _load_runs(tx: UnitOfWork, ids: Sequence[UUID | None]) -> Runs:
    wanted = sorted({id_ for id_ in ids if id_ is not None})
    return {row.id: row for row in tx.find(Run, id__in=wanted)} if wanted else {}


def _name_run(runs: Runs, run_id: UUID | None) -> str:
    """Who made the call."""
    run = runs.get(run_id) if run_id is not None else None
    return Phrase("sync.trace_by_run", number=run.number, actor=run.actor) if run else Phrase("sync.trace_by_worker")


def _list(values: Any) -> str:
    return ", ".join(sorted(str(value) for value in values))


# ---------------------------------------------------------------- what was written down


def _tell_entry(row: JournalEntry, runs: Runs) -> Iterator[TraceEvent]:
    run = runs.get(row.run_id) if row.run_id is not None else None
    who: dict[str, str] = {
        "actor": Phrase("sync.trace_by_run", number=run.number, actor=row.actor) if run else row.actor
    }
    changes = row.detail.get("changes", {})
    if row.action == "record.created":
        yield TraceEvent(row.at, "taken_in" if row.connection else "created", row.connection, who)
    elif row.action == "record.changed":
        what = "changed_there" if row.connection else "edited"
        yield TraceEvent(row.at, what, row.connection, {**who, "fields": _list(changes)})
    elif row.action in TODO_EVENTS:
        told = {name: str(row.detail.get(name) or "-") for name in ("choice", "reason", "verb")}
        yield TraceEvent(row.at, TODO_EVENTS[row.action], row.connection, {**who, **told})
    elif row.action != "todo.take":  # told as settled
        more = {name: str(value) for name, value in row.detail.items() if not isinstance(value, dict)}
        detail = {**who, "action": row.action, "more": ", ".join(f"{name}={more[name]}" for name in sorted(more))}
        yield TraceEvent(row.at, _ACTIONS.get(row.action, "noted"), row.connection, detail)
    if row.connection and "state" in changes:
        old, new = changes["state"]
        event = STATE_EVENTS.get(str(new), "moved_there")
        if row.action == "record.changed" or event != "moved_there":
            yield TraceEvent(row.at, event, row.connection, {"old": str(old), "new": str(new)})


TODO_EVENTS = {
    "todo.drop": "given_up",
    "todo.edit": "corrected",
    "todo.retry": "retried",
    "todo.undo": "taken_back",
}
"""What people did with an entry of the todo list → the event."""
_ACTIONS = {
    "binding.added": "matched_by_hand",
    "binding.removed": "parted",
    "binding.settled": "settled",
    "record.deleted": "deleted",
    "record.rebuilt": "rebuilt",
    "spare.removed": "spare_removed",
}


def _tell_calls(tx: UnitOfWork, record: Entity, bindings: Sequence[Binding]) -> Iterator[TraceEvent]:
    """Calls of other systems (webhooks) that spoke of it."""
    if record.created_at is None:
        return
    names = ("id", "connection", "received_at", "done_at", "key", "state", "outcomes", "replayed_by")
    for connection in sorted({row.connection for row in bindings}):
        since = record.created_at - BEFORE
        for row in tx.pluck(Event, names, connection=connection, received_at__ge=since):
            mine = [done for done in row.outcomes if done.get("record_id") == str(record.id)]
            if not mine:
                continue
            detail = {"key": row.key, "event": str(row.id)}
            yield TraceEvent(row.received_at, "called", connection, detail)
            if row.done_at is not None:
                outcome = ", ".join(dict.fromkeys(str(done.get("outcome", "")) for done in mine))
                yield TraceEvent(row.done_at, "call_read", connection, {**detail, "outcome": outcome})


def _tell_images(tx: UnitOfWork, record: Entity) -> Iterator[TraceEvent]:
    """What each other system last said, and by which mapping it was read."""
    for row in tx.find(Image, record_kind=record.KIND, record_id=record.id, connection__null=False):
        detail = {"source": row.source, "mapping": row.mapping_version, "count": str(len(row.values))}
        yield TraceEvent(row.at, "mapped", row.connection, detail)


def _tell_plans(tx: UnitOfWork, bindings: Sequence[Binding]) -> Iterator[TraceEvent]:
    """Plans that named it, and who accepted them."""
    items = tx.find(PlanItem, binding_id__in=[row.id for row in bindings]) if bindings else []
    plans = {row.id: row for row in tx.find(Plan, id__in=sorted({item.plan_id for item in items}))} if items else {}
    for item in items:
        plan = plans.get(item.plan_id)
        if plan is None:
            continue
        detail = {"label": plan.label, "action": Phrase(f"cli.action_{item.action}"), "actor": plan.made_by}
        yield TraceEvent(plan.made_at, "planned", plan.connection, detail)
        if plan.accepted_at is not None:
            accepted = {"label": plan.label, "actor": plan.accepted_by or "-"}
            yield TraceEvent(plan.accepted_at, "plan_accepted", plan.connection, accepted)


def _tell_attempts(rows: Sequence[Attempt], runs: Runs) -> Iterator[TraceEvent]:
    """Two events for each call: before and after it."""
    for row in rows:
        fields = row.summary.get("changes") or row.summary.get("new") or {}
        detail = {"op": row.op, "fields": _list(fields), "number": str(row.number), "who": _name_run(runs, row.run_id)}
        yield TraceEvent(row.sent_at, "sent", row.connection, detail)
        what = {"ok": "answered", "unknown": "no_answer", "sent": "no_answer"}.get(row.outcome, "refused")
        after = {"op": row.op, "outcome": row.outcome, "remote_id": row.remote_id or "-"}
        after |= {"words": row.error_words or "", "error": row.error_code or ""}
        yield TraceEvent(row.answered_at or row.sent_at, what, row.connection, after)


def _tell_payloads(
    tx: UnitOfWork, hub: Hub, bindings: Sequence[Binding], attempts: Sequence[Attempt]
) -> Iterator[TraceEvent]:
    """When a document was seen for the first time and last, and what reading it back after a call of ours showed."""
    for binding in bindings:
        if binding.remote_id is None:
            continue
        rows = tx.find(Payload, order=["at", "id"], **_address(hub, binding))
        yield from _tell_readings(binding, rows, [row for row in attempts if row.binding_id == binding.id])


def _address(hub: Hub, binding: Binding) -> dict[str, Any]:
    """Where the document is found among payloads; without the stream when the connection is gone."""
    where: dict[str, Any] = {"connection": binding.connection, "external_id": binding.remote_id}
    if binding.connection in hub.config.connections:
        where["stream"] = hub.open(binding.connection).mapping_of(binding.kind).stream
    return where


def _tell_readings(binding: Binding, rows: Sequence[Payload], attempts: Sequence[Attempt]) -> Iterator[TraceEvent]:
    for place, row in enumerate(rows):
        before = [attempt for attempt in attempts if attempt.sent_at <= row.at]
        detail = {"remote_id": row.external_id, "version": str(row.version)}
        after_ours = before and (place == 0 or rows[place - 1].at < before[-1].sent_at)
        if after_ours:
            unanswered = before[-1].op == "create" and before[-1].outcome != "ok"
            yield TraceEvent(row.at, "found_again" if unanswered else "read_back", binding.connection, detail)
        elif place == 0:
            yield TraceEvent(row.at, "seen", binding.connection, detail)
        elif place == len(rows) - 1:
            yield TraceEvent(row.at, "last_seen", binding.connection, {**detail, "count": str(len(rows))})


def _tell_conflicts(tx: UnitOfWork, record: Entity) -> Iterator[TraceEvent]:
    for row in tx.find(Conflict, record_id=record.id, order=["at"]):
        values = {"field": row.field, "ours": str(row.hub_value), "theirs": str(row.remote_value), "took": row.took}
        yield TraceEvent(row.at, "conflict", row.connection, values)
        if row.decided_at is not None:
            decided = {"field": row.field, "took": row.took, "actor": row.decided_by or "-"}
            yield TraceEvent(row.decided_at, "decided", row.connection, decided)


def _tell_matches(tx: UnitOfWork, record: Entity) -> Iterator[TraceEvent]:
    for row in tx.find(IdentityVerdict, record_kind=record.KIND, record_id=record.id, order=["at"]):
        connection, _, _ = row.source.partition("/")
        detail = {"actor": row.decided_by, "source": row.source}
        yield TraceEvent(row.at, "matched" if row.verdict == "same" else "parted", connection, detail)


# ---------------------------------------------------------------- how it stands


def _tell_troubles(tx: UnitOfWork, hub: Hub, bindings: Sequence[Binding]) -> Iterator[TraceEvent]:
    """What could not be taken in, and spare drafts."""
    for binding in bindings:
        if binding.remote_id is not None:
            for row in tx.find(DeadRow, **_address(hub, binding)):
                detail = {"code": row.code, "attempts": str(row.attempts)}
                yield TraceEvent(row.last_at, "not_taken_in", binding.connection, detail)
        for spare in tx.find(Orphan, binding_id=binding.id):
            detail = {"remote_id": spare.remote_id, "state": spare.state, "code": spare.reason}
            yield TraceEvent(spare.at, "spare", binding.connection, detail)


def _tell_bindings(bindings: Sequence[Binding]) -> Iterator[TraceEvent]:
    """Where each document stands now."""
    for row in bindings:
        if row.updated_at is None:
            continue
        detail = {"remote": row.remote_number or row.remote_id or "-", "state": row.state.value}
        if row.parked:
            yield TraceEvent(row.updated_at, "parked", row.connection, {**detail, "code": row.parked})
        elif row.held:
            held = {"fields": _list(row.held), "code": _list(set(row.held.values()))}
            yield TraceEvent(row.updated_at, "held", row.connection, {**detail, **held})
        elif row.state is BindingState.WAITING:
            yield TraceEvent(row.updated_at, "waits", row.connection, {**detail, "code": row.why or "-"})
        elif row.state is BindingState.TOMB:
            yield TraceEvent(row.updated_at, "ended", row.connection, detail)
        elif row.remote_id is None:
            yield TraceEvent(row.updated_at, "not_sent", row.connection, detail)
