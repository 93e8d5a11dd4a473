"""One remote snapshot on its way in, and the place where one that cannot be taken in is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.identity.likeness import list_signs
from hub.model.kinds import encode_fields, find_kind
from hub.protocol.binding import Binding
from hub.protocol.semantics import Policy
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.decision_rows import Correction
from hub.store.rows import Conflict, DeadRow, Payload
from hub.sync.context import Hub, OpenConnection
from hub.sync.kept import keep_facts
from hub.sync.signs import forget_signs, mark_self, replace_signs


@dataclass(frozen=True)
class Arrival:
    """Everything about the snapshot at work."""

    tx: UnitOfWork
    hub: Hub
    conn: OpenConnection
    kind: str
    source: SourceRecord
    actor: str
    run_id: UUID | None = None
    corrected: bool = False
    """With the values that people gave for what was refused in this record."""
    as_of: datetime | None = None
    """A reading of old, taken in anew: nothing in it is newer than it was then."""
    heals: bool = True
    """The record is computed anew even when the document says nothing that could change it."""

    @property
    def policy(self) -> Policy:
        return self.conn.policies[self.kind]

    @property
    def address(self) -> str:
        """The name of this source among a record's images."""
        return f"{self.conn.name}/{self.source.stream}/{self.source.external_id}"

    @property
    def key(self) -> dict[str, Any]:
        return {
            "connection": self.conn.name,
            "stream": self.source.stream,
            "external_id": self.source.external_id,
        }


def keep_aside(
    arrival: Arrival,
    state: str,
    code: str,
    params: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    *,
    amount: Decimal | None = None,
    currency: str | None = None,
) -> None:
    """Remember a record that could not be taken in, with the reason; every later reading tries it again. One that a
    person gave up stays so until it changes there. ``values``: what could be read of it, by which it is recognised when
    the same is about to be made there."""
    if state != "foreign":
        note_left(arrival, values)
    money = find_kind(arrival.kind).AMOUNT
    if amount is None and values is not None and values.get(money) is not None:
        amount, currency = values[money], values.get("currency")
    now = arrival.hub.now()
    old = arrival.tx.get(DeadRow, **arrival.key)
    if old is not None and old.dropped_at is not None and not _has_changed(arrival, old.dropped_at):
        return
    arrival.tx.save(
        DeadRow(
            connection=arrival.conn.name,
            stream=arrival.source.stream,
            external_id=arrival.source.external_id,
            state=state,
            code=code,
            params=dict(params),
            amount=amount,
            currency=currency,
            attempts=old.attempts + 1 if old else 1,
            first_at=old.first_at if old else now,
            last_at=now,
            facts=keep_facts(arrival.source),
        )
    )


def note_left(arrival: Arrival, values: Mapping[str, Any] | None) -> None:
    """Keep the signs of something that is left outside; None: nothing new is known of it."""
    source = arrival.source
    signs = list_signs(arrival.kind, values or {}, source.number) | {mark_self(source.external_id)}
    replace_signs(arrival.tx, arrival.kind, arrival.conn.name, source.external_id, signs, keep=values is None)


def _has_changed(arrival: Arrival, since: datetime) -> bool:
    """Whether the record has said something new there."""
    return arrival.tx.count(Payload, at__gt=since, **arrival.key) > 0


def note_conflict(arrival: Arrival, binding: Binding, name: str, ours: Any, theirs: Any) -> None:
    """Both values of a field that was edited on both sides, and which one the rule took."""
    encoded = encode_fields(arrival.kind, {name: ours})[name]
    other = encode_fields(arrival.kind, {name: theirs})[name]
    arrival.tx.insert(
        Conflict(
            id=arrival.hub.new_id(),
            binding_id=binding.id,
            connection=arrival.conn.name,
            record_kind=arrival.kind,
            record_id=binding.hub_id,
            field=name,
            hub_value=encoded,
            remote_value=other,
            base_value=binding.base.get(name),
            took="remote" if arrival.policy.remote_wins and binding.base.get(name) else "hub",
            at=arrival.hub.now(),
        )
    )


def has_corrections(arrival: Arrival) -> bool:
    """Whether people gave values for what was refused in this record."""
    return arrival.tx.count(Correction, **arrival.key) > 0


def is_outdated(arrival: Arrival, row: DeadRow) -> bool:
    """Whether what is kept aside was read at a newer version: another worker, or another way in, was faster."""
    version = arrival.source.version
    return arrival.policy.semantics.versioned and version is not None and version < int(row.facts.get("version") or 0)


def keep_payload(arrival: Arrival) -> None:
    """Keep what the system sent, as it came; nothing of a record that came without anything."""
    source = arrival.source
    if source.payload or not source.unreadable:
        arrival.tx.put_payload(
            arrival.conn.name, source.stream, source.external_id, source.version or 0, source.payload
        )


def lift_aside(arrival: Arrival) -> None:
    """The record was taken in after all."""
    if arrival.tx.delete(DeadRow, **arrival.key):
        forget_signs(arrival.tx, arrival.conn.name, arrival.kind, arrival.source.external_id)
