"""Matching by hand: join a record and a document that are the same, and part those that are not."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.errors import NotFound, RuleBroken
from hub.identity.resolver import PartyFacts, find_veto
from hub.model.base import Entity
from hub.protocol.binding import Binding, BindingState
from hub.protocol.diff import compare_fields
from hub.protocol.reference import parse_reference
from hub.protocol.semantics import Direction, Stage, Tier
from hub.protocol.snapshot import Snapshot
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Conflict, DeadRow, IdentityVerdict, Image
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import ingest
from hub.sync.intent import build_intent, list_values
from hub.sync.match import IDENTIFIED, adopt_document
from hub.sync.records import find_record
from hub.sync.resolve import is_void, make_binding, rebuild_record
from hub.sync.translate import is_reference_foreign, is_reference_ours, pair_lines, read_source

NEW_RECORD = "new"
VETOES = {
    "identity.branch_differs": "sync.veto_one_branch",
    "identity.branches_differ": "sync.veto_two_branches",
    "identity.codes_differ": "sync.veto_codes_differ",
}


def add_binding(hub: Hub, connection: str, kind: str, record: str, remote_id: str, actor: str) -> Binding:
    """Say that a record here and a document there are the same. Writes to neither: values that differ park the binding
    until somebody says whose hold. ``RuleBroken`` names what speaks against it.

    ``record``: number, name or id; ``new``: what is there is none of the records that it resembles.
    """
    conn = hub.open(connection)
    conn.load_codes()
    hub.sync_of(connection, kind)
    if record == NEW_RECORD:
        return _add_as_new(hub, conn, kind, remote_id, actor)
    found = find_record(hub, kind, record)
    if is_void(found):
        raise RuleBroken("sync.record_void", kind=kind, record=record)
    source = _fetch(conn, kind, remote_id)
    _check_source(hub, conn, kind, found, source)
    with hub.store.write() as tx:
        binding, due = _bind(tx, hub, conn, found, source, actor)
    hub.hint([*due, binding.id])
    return binding


def _fetch(conn: OpenConnection, kind: str, remote_id: str) -> SourceRecord:
    source = conn.stream_of(kind).fetch(remote_id)
    if source is None:
        raise NotFound("sync.remote_unknown", connection=conn.name, kind=kind, remote_id=remote_id)
    return source


def _add_as_new(hub: Hub, conn: OpenConnection, kind: str, remote_id: str, actor: str) -> Binding:
    """A party that waits for a review is a record of its own: ruled out for each record that it resembles."""
    source = _fetch(conn, kind, remote_id)
    with hub.store.write() as tx:
        arrival = Arrival(tx, hub, conn, kind, source, actor)
        review = tx.get(DeadRow, **arrival.key)
        texts = review.params.get("candidates", "") if review is not None and review.state == "review" else ""
        for text in filter(None, texts.split(", ")):
            _save_verdict(tx, hub, kind, UUID(text), arrival.address, "different", actor)
        done = ingest(arrival)
        binding = tx.get(Binding, id=done.binding_id) if done.binding_id is not None else None
        if binding is None:
            raise _explain_refusal(arrival)
        tx.journal(
            actor, "binding.added", kind=kind, record_id=binding.hub_id, connection=conn.name, remote_id=remote_id
        )
    hub.hint([*done.due, binding.id])
    return binding


def _check_source(hub: Hub, conn: OpenConnection, kind: str, record: Entity, source: SourceRecord) -> None:
    where = {"connection": conn.name, "remote_id": source.external_id}
    if source.stage in (Stage.VOID, Stage.GONE):
        raise RuleBroken("sync.remote_ended", **where)
    if is_reference_foreign(hub, source):
        raise RuleBroken("sync.foreign_document", reference=source.reference)
    parsed = parse_reference(source.reference)
    if parsed is not None and is_reference_ours(hub, source) and parsed.hub_id != record.id:
        raise RuleBroken("sync.remote_is_of_other", record=str(parsed.hub_id), **where)


def _bind(
    tx: UnitOfWork, hub: Hub, conn: OpenConnection, record: Entity, source: SourceRecord, actor: str
) -> tuple[Binding, tuple[UUID, ...]]:
    kind = record.KIND
    taken = tx.find(Binding, connection=conn.name, kind=kind, remote_id=source.external_id, limit=1, lock=True)
    if taken and taken[0].hub_id != record.id:
        raise RuleBroken(
            "sync.remote_taken", connection=conn.name, remote_id=source.external_id, record=str(taken[0].hub_id)
        )
    if taken:
        return taken[0], ()
    translated = read_source(tx, hub, conn, kind, source, None)
    _check_veto(record, translated.snapshot)
    free = _find_free(tx, hub, conn, record)
    policy = conn.policies[kind]
    made_by_us = free.attempts > 0 and source.created_by_us is not False
    adopted = adopt_document(policy, free, translated.snapshot, ours=made_by_us)
    values = conn.mapping_of(kind).project(list_values(record))
    _, lines = pair_lines(translated.snapshot, values, free, policy.line_fields)
    calm: dict[str, Any] = {"parked": None, "parked_params": {}, "base": {}, "sent": {}, "lines": lines}
    if not made_by_us:
        calm["ref"] = None
    binding = tx.save(adopted.model_copy(update=calm | {"lease_until": None, "updated_at": hub.now()}))
    arrival = Arrival(tx, hub, conn, kind, source, actor)
    _note_same(arrival, binding)
    done = ingest(arrival)
    if done.binding_id != binding.id or done.snapshot is None:
        raise _explain_refusal(arrival)
    return _park_differences(tx, hub, conn, binding.id, done.snapshot), done.due


def _check_veto(record: Entity, snapshot: Snapshot) -> None:
    """Nobody, not even a person by mistake, joins two legal entities."""
    if record.KIND not in IDENTIFIED:
        return
    theirs = PartyFacts.of(record.KIND, None, snapshot.values)
    veto = find_veto(PartyFacts.of_record(record), theirs)
    if veto is not None:
        raise RuleBroken(VETOES[veto], name=getattr(record, "name", ""), other=theirs.name)


def _find_free(tx: UnitOfWork, hub: Hub, conn: OpenConnection, record: Entity) -> Binding:
    """The record's row without a document, or a new one. A document has one; a party may have several."""
    rows = tx.find(Binding, connection=conn.name, kind=record.KIND, hub_id=record.id, lock=True)
    free = next((row for row in rows if row.remote_id is None), None)
    if free is not None:
        blind = conn.policies[record.KIND].semantics.tier is Tier.BLIND
        if free.attempts and not (free.parked and blind) and free.state is not BindingState.NEW:
            raise RuleBroken("sync.still_searching", connection=conn.name, binding=str(free.id))
        return free
    if rows and record.TRANSACTIONAL:
        raise RuleBroken("sync.already_bound", connection=conn.name, remote_id=rows[0].remote_id, binding=rows[0].id)
    return make_binding(hub, conn.name, record.KIND, record.id, primary=not rows)


def _note_same(arrival: Arrival, binding: Binding) -> None:
    """The match as a row that can be undone."""
    _save_verdict(arrival.tx, arrival.hub, arrival.kind, binding.hub_id, arrival.address, "same", arrival.actor)
    arrival.tx.journal(
        arrival.actor, "binding.added", kind=arrival.kind, record_id=binding.hub_id, connection=arrival.conn.name,
        remote_id=arrival.source.external_id,
    )  # fmt: skip


def _save_verdict(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, source: str, verdict: str, actor: str) -> None:
    """The newest word of a person; what was said before about the two is undone, not forgotten."""
    now = hub.now()
    before = tx.find(IdentityVerdict, record_kind=kind, record_id=record_id, source=source, undone_at=None)
    for old in before:
        tx.save(old.model_copy(update={"undone_at": now}))
    tx.insert(
        IdentityVerdict(
            id=hub.new_id(),
            record_kind=kind,
            record_id=record_id,
            source=source,
            verdict=verdict,
            evidence={"rule": "person"},
            decided_by=actor,
            at=now,
        )
    )


def _explain_refusal(arrival: Arrival) -> RuleBroken:
    """Why the document could not be taken in; raised, so that nothing of the match stays."""
    dead = arrival.tx.get(DeadRow, **arrival.key)
    if dead is None:
        return RuleBroken("sync.remote_unusable", connection=arrival.conn.name, remote_id=arrival.source.external_id)
    return RuleBroken(dead.code, **dict(dead.params))


def _park_differences(tx: UnitOfWork, hub: Hub, conn: OpenConnection, binding_id: UUID, snapshot: Snapshot) -> Binding:
    """Values that the hub would now write over the document's: a person must say whose hold."""
    binding = tx.get(Binding, id=binding_id)
    if binding is None:
        raise NotFound("sync.binding_unknown", text=str(binding_id))
    policy = conn.policies[binding.kind]
    if binding.parked or policy.direction is Direction.IN:
        return binding
    intent, _ = build_intent(tx, hub, binding, policy, snapshot)
    found = compare_fields(binding, intent, snapshot, policy)
    fields = ", ".join(sorted({*found.want, *found.held}))
    if not fields:
        return binding
    return tx.save(binding.model_copy(update={"parked": "sync.values_differ", "parked_params": {"fields": fields}}))


def remove_binding(hub: Hub, binding_id: UUID, actor: str) -> None:
    """Part a record from its document: what that document said is taken out of the record, and the two are not joined
    again by themselves. ``RuleBroken`` for a document that the hub made, or that is the record's only source."""
    with hub.store.write() as tx:
        binding = tx.get(Binding, id=binding_id, lock=True)
        if binding is None:
            raise NotFound("sync.binding_unknown", text=str(binding_id))
        source = _check_removable(tx, binding)
        tx.delete(Image, record_kind=binding.kind, record_id=binding.hub_id, source=source.source)
        tx.delete(Binding, id=binding.id)
        _note_different(tx, hub, binding, source.source, actor)
        _leave_parked(tx, hub, binding)
        done = rebuild_record(tx, hub, binding.kind, binding.hub_id, actor=actor, cause=None, run_id=None)
    hub.hint(done.due)


def _check_removable(tx: UnitOfWork, binding: Binding) -> Image:
    """The image that goes."""
    where = {"connection": binding.connection, "remote_id": binding.remote_id or "-"}
    if binding.remote_id is None:
        raise RuleBroken("sync.not_bound", connection=binding.connection, binding=str(binding.id))
    if binding.ours:
        raise RuleBroken("sync.cannot_unbind_own", **where)
    images = tx.find(Image, record_kind=binding.kind, record_id=binding.hub_id)
    mine = [row for row in images if (row.connection, row.external_id) == (binding.connection, binding.remote_id)]
    if not mine or len(images) == len(mine):
        raise RuleBroken("sync.only_source", **where)
    return mine[0]


def _note_different(tx: UnitOfWork, hub: Hub, binding: Binding, source: str, actor: str) -> None:
    _save_verdict(tx, hub, binding.kind, binding.hub_id, source, "different", actor)
    for row in tx.find(Conflict, binding_id=binding.id, decided_at=None):
        tx.save(row.model_copy(update={"decided_by": actor, "decided_at": hub.now()}))
    tx.journal(
        actor, "binding.removed", kind=binding.kind, record_id=binding.hub_id, connection=binding.connection,
        remote_id=binding.remote_id,
    )  # fmt: skip


def _leave_parked(tx: UnitOfWork, hub: Hub, binding: Binding) -> None:
    """The record may belong to another document there, or to none yet: only a person may have one made."""
    rest = tx.find(Binding, connection=binding.connection, kind=binding.kind, hub_id=binding.hub_id, order=["id"])
    if rest:
        if binding.primary:
            tx.save(rest[0].model_copy(update={"primary": True}))
        return
    sync = hub.settings_of(binding.connection).syncs.get(binding.kind)
    if sync is not None and sync.direction is not Direction.IN:
        fresh = make_binding(hub, binding.connection, binding.kind, binding.hub_id)
        tx.insert(fresh.model_copy(update={"parked": "sync.unbound"}))
