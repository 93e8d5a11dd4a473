"""Matching by hand: join a record and a document that are the same, and part those that are not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from hub.errors import NotFound, RuleBroken
from hub.identity.resolver import PartyFacts, find_veto
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.diff import list_first_differences
from hub.protocol.reference import parse_reference
from hub.protocol.semantics import Direction, Stage, Tier
from hub.protocol.snapshot import Snapshot
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Conflict, DeadRow, Image
from hub.sync.aliases import IDENTIFIED
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import ingest
from hub.sync.intent import list_values
from hub.sync.kept import read_record
from hub.sync.locks import lock_binding
from hub.sync.lookalike import tell_apart
from hub.sync.match import adopt_document
from hub.sync.records import find_record
from hub.sync.resolve import is_void, make_binding, rebuild_record
from hub.sync.signs import forget_signs, note_record
from hub.sync.translate import Translated, is_reference_foreign, is_reference_ours, pair_lines, read_source
from hub.sync.verdicts import DIFFERENT, MAYBE, SAME, list_about_source, save_verdict

NEW_RECORD = "new"
VETOES = {
    "identity.branch_differs": "sync.veto_one_branch",
    "identity.branches_differ": "sync.veto_two_branches",
    "identity.codes_differ": "sync.veto_codes_differ",
}


def add_binding(hub: Hub, connection: str, kind: str, record: str, remote_id: str, actor: str) -> Binding:
    """Say that a record here and a document there are the same. Writes to neither: values that differ park the binding
    until somebody says whose hold. ``RuleBroken`` names what speaks against it.

    ``record``: number, name or id; ``new``: what is there is none of the records that it resembles. ``remote_id``:
    ``new``: the record is nothing of what it resembles there.
    """
    conn = hub.open(connection)
    conn.load_codes()
    hub.sync_of(connection, kind)
    if record == NEW_RECORD:
        return _add_as_new(hub, conn, kind, remote_id, actor)
    found = find_record(hub, kind, record)
    if remote_id == NEW_RECORD:
        return _add_as_new_there(hub, conn, found, actor)
    if is_void(found):
        raise RuleBroken("sync.record_void", kind=kind, record=record)
    source = _fetch(hub, conn, kind, remote_id)
    _check_source(hub, conn, kind, found, source)
    with hub.store.write() as tx:
        binding, due = _bind(tx, hub, conn, found, source, actor)
    hub.hint([*due, binding.id])
    return binding


def _fetch(hub: Hub, conn: OpenConnection, kind: str, remote_id: str) -> SourceRecord:
    source = read_record(hub, conn, kind, remote_id)
    if source is None:
        raise NotFound("sync.remote_unknown", connection=conn.name, kind=kind, remote_id=remote_id)
    return source


def _add_as_new(hub: Hub, conn: OpenConnection, kind: str, remote_id: str, actor: str) -> Binding:
    """A party that waits for a review is a record of its own: ruled out for each record that it resembles."""
    source = _fetch(hub, conn, kind, remote_id)
    with hub.store.write() as tx:
        arrival = Arrival(tx, hub, conn, kind, source, actor)
        asked = _list_asked(arrival)
        for record_id in asked:
            save_verdict(tx, hub, kind, record_id, arrival.address, DIFFERENT, actor)
        done = ingest(arrival)
        binding = tx.get(Binding, id=done.binding_id) if done.binding_id is not None else None
        if binding is None:
            raise _explain_refusal(arrival)
        tx.journal(
            actor, "binding.added", kind=kind, record_id=binding.hub_id, connection=conn.name, remote_id=remote_id
        )
        freed = [row.id for record_id in asked for row in _release(tx, conn, kind, record_id)]
    hub.hint([*done.due, binding.id, *freed])
    return binding


def _list_asked(arrival: Arrival) -> set[UUID]:
    """The records that it was put before a person to resemble."""
    tx = arrival.tx
    review = tx.get(DeadRow, **arrival.key)
    texts = review.params.get("candidates", "") if review is not None and review.state == "review" else ""
    verdicts = list_about_source(tx, arrival.kind, arrival.address)
    maybe = {id_ for id_, row in verdicts.items() if row.verdict == MAYBE}
    return maybe | {UUID(text) for text in texts.split(", ") if text}


def _release(tx: UnitOfWork, conn: OpenConnection, kind: str, record_id: UUID) -> list[Binding]:
    """What was held for a look-alike is decided anew at once."""
    rows = tx.find(Binding, connection=conn.name, kind=kind, hub_id=record_id, remote_id=None, lock=True)
    held = [row for row in rows if "*" in row.held]
    return [
        tx.save(row.model_copy(update={"held": {}, "parked_params": {}, "not_before": None, "dirty": True}))
        for row in held
    ]


def _add_as_new_there(hub: Hub, conn: OpenConnection, record: Entity, actor: str) -> Binding:
    """The record is ruled out for everything that it resembles there, and what resembled only it is taken in."""
    kind, stream = record.KIND, conn.stream_of(record.KIND)
    with hub.store.write() as tx:
        rows = tx.find(Binding, connection=conn.name, kind=kind, hub_id=record.id, remote_id=None, limit=1, lock=True)
        told = tell_apart(tx, hub, rows[0], actor) if rows else []
        if not told:
            name = getattr(record, record.NUMBER, "") or getattr(record, "name", "") or record.id
            raise RuleBroken("sync.nothing_alike", connection=conn.name, kind=kind, record=str(name))
        binding = next(iter(_release(tx, conn, kind, record.id)), rows[0])
        tx.journal(actor, "binding.told_apart", kind=kind, record_id=record.id, connection=conn.name, others=told)
        aside = tx.find(DeadRow, connection=conn.name, stream=stream.name, external_id__in=told, state="review")
    due: list[UUID] = []
    for row in aside:
        source = read_record(hub, conn, kind, row.external_id)
        if source is not None:
            with hub.store.write() as tx:
                due += ingest(Arrival(tx, hub, conn, kind, source, actor)).due
    hub.hint([*due, binding.id])
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
    tx.hold(type(record), [record.id])
    taken = tx.find(Binding, connection=conn.name, kind=kind, remote_id=source.external_id, limit=1, lock=True)
    if taken and taken[0].hub_id != record.id:
        raise RuleBroken(
            "sync.remote_taken", connection=conn.name, remote_id=source.external_id, record=str(taken[0].hub_id)
        )
    if taken:
        return taken[0], ()
    translated = read_source(tx, hub, conn, kind, source, None)
    binding = join_pair(tx, hub, conn, record, source, translated, actor, {"rule": "person"})
    arrival = Arrival(tx, hub, conn, kind, source, actor)
    done = ingest(arrival)
    if done.binding_id != binding.id or done.snapshot is None:
        raise _explain_refusal(arrival)
    return _park_differences(tx, hub, conn, binding.id, done.snapshot), done.due


def join_pair(
    tx: UnitOfWork,
    hub: Hub,
    conn: OpenConnection,
    record: Entity,
    source: SourceRecord,
    translated: Translated,
    actor: str,
    evidence: Mapping[str, Any],
) -> Binding:
    """Bind the two, with the match as a row that can be undone. Nothing is read into the record yet. ``RuleBroken``
    names what speaks against it."""
    _check_veto(record, translated.snapshot)
    free, policy = _find_free(tx, hub, conn, record), conn.policies[record.KIND]
    made_by_us = free.attempts > 0 and source.created_by_us is not False
    adopted = adopt_document(policy, free, translated.snapshot, ours=made_by_us)
    values = conn.mapping_of(record.KIND).project(list_values(record))
    _, lines = pair_lines(translated.snapshot, values, free, policy.line_fields)
    calm: dict[str, Any] = {"parked": None, "parked_params": {}, "base": {}, "sent": {}, "lines": lines}
    if not made_by_us:
        calm["ref"] = None
    binding = tx.save(adopted.model_copy(update=calm | {"lease_until": None, "updated_at": hub.now()}))
    arrival = Arrival(tx, hub, conn, record.KIND, source, actor)
    save_verdict(tx, hub, record.KIND, record.id, arrival.address, SAME, actor, evidence)
    tx.journal(
        actor, "binding.added", kind=record.KIND, record_id=record.id, connection=conn.name,
        remote_id=source.external_id, rule=evidence["rule"],
    )  # fmt: skip
    tx.delete(DeadRow, **arrival.key)
    forget_signs(tx, conn.name, record.KIND, source.external_id)
    return binding


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
    policy, record = conn.policies[binding.kind], tx.get(find_kind(binding.kind), id=binding.hub_id)
    if binding.parked or policy.direction is Direction.IN or record is None:
        return binding
    ours = conn.mapping_of(binding.kind).project(list_values(record))
    fields = list_first_differences(policy, ours, snapshot.values)
    return tx.save(binding.model_copy(update=park_difference(fields)))


def park_difference(fields: list[str]) -> dict[str, Any]:
    """The binding's fields when values differ that nobody can choose between but a person."""
    return {"parked": "sync.values_differ", "parked_params": {"fields": ", ".join(fields)}} if fields else {}


def remove_binding(hub: Hub, binding_id: UUID, actor: str) -> None:
    """Part a record from its document: what that document said is taken out of the record, and the two are not joined
    again by themselves. ``RuleBroken`` for a document that the hub made, or that is the record's only source."""
    with hub.store.write() as tx:
        binding = lock_binding(tx, id=binding_id)
        if binding is None:
            raise NotFound("sync.binding_unknown", text=str(binding_id))
        source = _check_removable(tx, binding)
        tx.delete(Image, record_kind=binding.kind, record_id=binding.hub_id, source=source.source)
        tx.delete(Binding, id=binding.id)
        tx.forget_digests(binding.connection)  # documents that refer to it will refer to another record
        _note_different(tx, hub, binding, source.source, actor)
        _leave_parked(tx, hub, binding)
        done = rebuild_record(tx, hub, binding.kind, binding.hub_id, actor=actor, cause=None, run_id=None)
        note_record(tx, hub, done.record, tx.find(Binding, kind=binding.kind, hub_id=binding.hub_id))
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
    save_verdict(tx, hub, binding.kind, binding.hub_id, source, DIFFERENT, actor)
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
