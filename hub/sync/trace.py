"""What happened to one record, here and in every other system, as one line of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hub.crm.rules import rules_for
from hub.errors import ConfigInvalid, NotFound
from hub.model.activity import Activity
from hub.model.base import Entity
from hub.model.kinds import find_kind, load_kinds
from hub.protocol.binding import Binding
from hub.store import UnitOfWork
from hub.store.event_rows import Event
from hub.store.rows import DeadRow, Orphan, Payload
from hub.sync.context import Hub
from hub.sync.derive import find_feeding
from hub.sync.records import find_record
from hub.sync.show import describe_record
from hub.sync.story import TraceEvent, tell_story

MOST_MATCHES = 20
MOST_HANGING = 50
"""So many documents that hang on one are told with it."""


@dataclass(frozen=True)
class TraceView:
    """A record and its events, oldest first. ``record`` is None for something of another system that was never taken
    in; then ``label`` is its id there."""

    record: Entity | None
    events: tuple[TraceEvent, ...]
    label: str = ""
    hanging: tuple[Entity, ...] = ()
    """Documents that hang on it (deliveries, invoices, payments of an order), and what was said about it (mails,
    meetings), whose events are told too."""


def trace_number(hub: Hub, number: str, kind: str | None = None, *, hanging: bool = True) -> TraceView:
    """The story of the record with this number, name or id, or whose document there has this number or id, and of the
    documents that hang on it. Sends nothing. ``NotFound`` when nothing fits; ``ConfigInvalid`` when several records do:
    :func:`list_matches` names them."""
    matches = list_matches(hub, number, kind)
    if len(matches) > 1:
        ids = ", ".join(f"{record.KIND} {record.id}" for record in matches)
        raise ConfigInvalid("sync.trace_several", text=number, ids=ids)
    with hub.store.read() as tx:
        if not matches:
            return _trace_outside(tx, hub, number, kind)
        record = matches[0]
        label = describe_record(record, str(record.id))[0]
        events = tell_story(tx, hub, record)
        children = [*_list_hanging(tx, record), *_list_talk(tx, record)][:MOST_HANGING] if hanging else []
        for child in children:
            about = f"{child.KIND} {describe_record(child, str(child.id))[0]}"
            events += [replace(event, about=about) for event in tell_story(tx, hub, child)]
    return TraceView(record, tuple(sorted(events, key=lambda event: event.at)), label, tuple(children))


def list_matches(hub: Hub, number: str, kind: str | None = None) -> list[Entity]:
    """Every record that this could mean, documents before parties and products, for it is they that people ask
    about."""
    kinds = [kind] if kind else sorted(load_kinds(), key=lambda name: (not find_kind(name).TRANSACTIONAL, name))
    found: dict[UUID, Entity] = {}
    if _is_like_id(number):
        for name in kinds:
            try:
                record = find_record(hub, name, number)
            except NotFound:
                continue
            found[record.id] = record
    if not found:
        with hub.store.read() as tx:
            for name in kinds:
                found.update({record.id: record for record in _find_in(tx, name, number)})
    return list(found.values())[:MOST_MATCHES]


def _is_like_id(text: str) -> bool:
    plain = text.replace("-", "").lower()
    return 8 <= len(plain) <= 32 and all(char in "0123456789abcdef" for char in plain)


def _find_in(tx: UnitOfWork, kind: str, text: str) -> Iterator[Entity]:
    """By number, name or the other side's reference; else by number or id of a document there."""
    model = find_kind(kind)
    direct = False
    for name in dict.fromkeys((model.NUMBER, "number", "name", "reference")):
        if name in model.model_fields:
            where: dict[str, Any] = {name: text}
            for record in tx.find(model, limit=MOST_MATCHES, with_deleted=True, **where):
                direct = True
                yield record
    for field in ("remote_number", "remote_id") if not direct else ():
        where = {field: text}
        for row in tx.find(Binding, kind=kind, limit=MOST_MATCHES, **where):
            bound = tx.get(model, id=row.hub_id)
            if bound is not None:
                yield bound


def _list_hanging(tx: UnitOfWork, record: Entity) -> Iterator[Entity]:
    """Documents that feed this one, and those that feed these: an order's invoices, and their payments."""
    seen = {record.id}
    ahead = [record]
    while ahead and len(seen) <= MOST_HANGING:
        current = ahead.pop(0)
        for feeder in rules_for(current.KIND).feeders:
            for child in find_feeding(tx, feeder, current.id) if find_kind(feeder.kind).TRANSACTIONAL else ():
                if child.id not in seen:
                    seen.add(child.id)
                    ahead.append(child)
                    yield child


def _list_talk(tx: UnitOfWork, record: Entity) -> list[Entity]:
    """Mails, calls and meetings about it; of a customer, those with its people."""
    if isinstance(record, Activity):
        return []
    about: list[Entity] = list(tx.find_by_line(Activity, "topics", record_id=record.id))
    if record.KIND == "account":
        known = {one.id for one in about}
        spoken = tx.find(Activity, account_id=record.id, order=["-starts_at"], limit=MOST_HANGING)
        about += [one for one in spoken if one.id not in known]
    return about


def _trace_outside(tx: UnitOfWork, hub: Hub, number: str, kind: str | None) -> TraceView:
    """Something there that has no record here: why it was not taken in, and which calls spoke of it."""
    events: list[TraceEvent] = []
    for row in tx.find(DeadRow, external_id=number):
        detail = {"code": row.code, "attempts": str(row.attempts)}
        events.append(TraceEvent(row.last_at, "not_taken_in", row.connection, detail))
    for kept in tx.find(Payload, external_id=number, order=["at", "id"]):
        detail = {"remote_id": kept.external_id, "version": str(kept.version)}
        events.append(TraceEvent(kept.at, "seen", kept.connection, detail))
    for spare in tx.find(Orphan, remote_id=number):
        detail = {"remote_id": spare.remote_id, "state": spare.state, "code": spare.reason}
        events.append(TraceEvent(spare.at, "spare", spare.connection, detail))
    for connection in sorted(hub.config.connections):
        for call in tx.pluck(Event, ("id", "key", "received_at", "outcomes"), connection=connection):
            if any(done.get("external_id") == number for done in call.outcomes):
                detail = {"key": call.key, "event": str(call.id)}
                events.append(TraceEvent(call.received_at, "called", connection, detail))
    if not events:
        unknown = {"kind": kind, "text": number} if kind else {"text": number}
        raise NotFound("sync.record_unknown" if kind else "sync.record_nowhere", **unknown)
    return TraceView(None, tuple(sorted(events, key=lambda event: event.at)), number)


__all__ = ["TraceEvent", "TraceView", "list_matches", "trace_number"]
