"""Erasing a person's data: every copy of it that the hub has, and nothing of what it proves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from hub.errors import RuleBroken
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.store import UnitOfWork
from hub.store.decision_rows import Correction, Decision
from hub.store.identity_rows import CandidateKey, IdentityDue, Merge, PairVerdict
from hub.store.rows import (
    Attempt,
    Conflict,
    DeadRow,
    IdentityVerdict,
    Image,
    JournalEntry,
    Payload,
    PlanItem,
    Sign,
)
from hub.sync.audit import ERASED, forget_entries
from hub.sync.context import Hub

BLANK = "—"
"""In the place of a name."""
ENDED = (BindingState.TOMB, BindingState.FOREIGN)
_CHUNK = 500


def erase_record(hub: Hub, kind: str, record_id: UUID, actor: str) -> dict[str, int]:
    """Erase what the hub knows of a deleted party: fields, what every source said, payloads, attempts, conflicts,
    decisions, and what the journal quotes; how many rows of each. Its id and its revision stay, and the journal says
    who erased it.

    ``RuleBroken`` while it is not deleted, or a document of it still lives elsewhere: it would be read again.
    """
    with hub.store.write() as tx:
        record = _load_ended(tx, kind, record_id)
        counts = {"attempt": _erase_attempts(tx, kind, record_id), **_erase_sources(tx, kind, record_id)}
        counts |= _erase_words(tx, kind, record_id)
        tx.save_record(record.model_copy(update=dict(_blank(record))))
        entries = [row[0] for row in tx.pluck(JournalEntry, ("id",), record_id=record_id)]
        for place in range(0, len(entries), _CHUNK):
            part = entries[place : place + _CHUNK]
            forget_entries(tx, part)
            tx.journal(actor, ERASED, kind=kind, entries=[str(id) for id in part])
        if not entries:
            tx.journal(actor, ERASED, kind=kind, entries=[])
    return {**counts, "journal": len(entries)}


def _load_ended(tx: UnitOfWork, kind: str, record_id: UUID) -> Entity:
    model = find_kind(kind)
    if model.TRANSACTIONAL:
        raise RuleBroken("erase.document", kind=kind)
    record = tx.get(model, id=record_id, lock=True)
    if record is None or record.deleted_at is None:
        raise RuleBroken("erase.living", kind=kind, id=record_id)
    for row in tx.find(Binding, kind=kind, hub_id=record_id, lock=True):
        if row.state not in ENDED and (row.remote_id is not None or row.attempts):
            raise RuleBroken("erase.bound", connection=row.connection, remote_id=row.remote_id or "?")
    if tx.find(Merge, record_kind=kind, survivor_id=record_id, undone_at=None, limit=1):
        raise RuleBroken("erase.merged", kind=kind)
    return record


def _blank(record: Entity) -> Iterator[tuple[str, Any]]:
    """Every field of a person as if nobody had filled it in; required texts get a dash."""
    kept = {*Entity.model_fields, "state"}
    for name, field in type(record).model_fields.items():
        if name in kept:
            continue
        value = getattr(record, name)
        if field.is_required():
            yield name, BLANK if isinstance(value, str) else value
        else:
            yield name, field.get_default(call_default_factory=True)


def _erase_attempts(tx: UnitOfWork, kind: str, record_id: UUID) -> int:
    done = 0
    for binding in tx.find(Binding, kind=kind, hub_id=record_id):
        for row in tx.find(Attempt, binding_id=binding.id):
            tx.save(row.model_copy(update={"summary": {}, "error_words": None}))
            done += 1
        tx.save(binding.model_copy(update={"base": {}, "sent": {}, "parked_params": {}, "not_retained": {}}))
    return done


def _erase_sources(tx: UnitOfWork, kind: str, record_id: UUID) -> dict[str, int]:
    """What other systems said, as they said it and as the hub understood it."""
    places = {
        (row.connection, row.stream, row.external_id)
        for row in tx.find(Image, record_kind=kind, record_id=record_id)
        if row.connection and row.external_id
    }
    counts = {"image": tx.delete(Image, record_kind=kind, record_id=record_id), "payload": 0, "dead_row": 0}
    for connection, stream, external_id in sorted(places, key=str):
        where: dict[str, Any] = {"connection": connection, "stream": stream, "external_id": external_id}
        counts["payload"] += tx.delete(Payload, **where)
        counts["dead_row"] += tx.delete(DeadRow, **where)
        tx.delete(Correction, **where)
    return counts


def _erase_words(tx: UnitOfWork, kind: str, record_id: UUID) -> dict[str, int]:
    """What was quoted of it elsewhere in the hub."""
    counts = {"conflict": tx.delete(Conflict, record_id=record_id), "key": tx.delete(CandidateKey, record_id=record_id)}
    tx.delete(IdentityDue, record_kind=kind, record_id=record_id)
    tx.delete(Sign, record_kind=kind, side="", key=str(record_id))
    for verdict in tx.find(IdentityVerdict, record_kind=kind, record_id=record_id):
        tx.save(verdict.model_copy(update={"evidence": {}}))
    for side in ("one_id", "other_id"):
        where: dict[str, Any] = {"record_kind": kind, side: record_id}
        for pair in tx.find(PairVerdict, **where):
            tx.save(pair.model_copy(update={"evidence": []}))
    counts["decision"] = _save_all(tx, Decision, {"label": "", "before": [], "after": []}, record_id=record_id)
    counts["plan_item"] = _save_all(tx, PlanItem, {"label": "", "changes": {}}, record_id=record_id)
    return counts


def _save_all(tx: UnitOfWork, model: Any, update: Mapping[str, Any], **where: Any) -> int:
    rows = tx.find(model, **where)
    for row in rows:
        tx.save(row.model_copy(update=dict(update)))
    return len(rows)
