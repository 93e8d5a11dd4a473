"""Which binding a remote record belongs to, and what happens to one without: protocol section 7, step 1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from hub.identity.resolver import Bind, ExactResolver, Hold, PartyFacts
from hub.model.kinds import find_kind
from hub.model.party import Validity
from hub.protocol.binding import Binding, BindingState
from hub.protocol.reference import Reference, parse_reference
from hub.protocol.semantics import Confirm, Policy, Stage, Tier
from hub.protocol.snapshot import Snapshot
from hub.store import UnitOfWork
from hub.store.rows import IdentityVerdict, Orphan, Payload
from hub.sync.aliases import IDENTIFIED, find_root
from hub.sync.arrival import Arrival, keep_aside
from hub.sync.context import Hub
from hub.sync.door import hold_newcomer
from hub.sync.locks import lock_binding
from hub.sync.lookalike import hold_import
from hub.sync.namesakes import find_namesake, is_here
from hub.sync.resolve import make_binding
from hub.sync.translate import Translated, is_reference_ours
from hub.sync.verdicts import DIFFERENT, MAYBE, SAME, list_about_source, save_verdict

RESOLVER = ExactResolver()


@dataclass(frozen=True)
class Matched:
    """A binding, or the outcome that ends here, or neither: a record new to the hub (``rebuild``: with this id)."""

    binding: Binding | None = None
    outcome: str | None = None
    rebuild: Reference | None = None


def find_binding(arrival: Arrival) -> Matched:
    """By remote id; else by our reference when the integration user made it."""
    tx, source = arrival.tx, arrival.source
    found = lock_binding(tx, connection=arrival.conn.name, kind=arrival.kind, remote_id=source.external_id)
    if found is not None:
        return Matched(found)
    parsed = parse_reference(source.reference)
    if parsed is None or not is_reference_ours(arrival.hub, source):
        return Matched()
    return _match_reference(arrival, parsed)


def _match_reference(arrival: Arrival, parsed: Reference) -> Matched:
    """A document with our reference that no binding knows by its id."""
    tx, source = arrival.tx, arrival.source
    record_id = find_root(tx, arrival.kind, parsed.hub_id)
    tx.hold(find_kind(arrival.kind), [record_id])
    rows = tx.find(Binding, connection=arrival.conn.name, kind=arrival.kind, hub_id=record_id, lock=True)
    mine = [row for row in rows if row.ours and (row.home_id or row.hub_id) == parsed.hub_id]
    if not mine:
        rebuild = replace(parsed, hub_id=record_id)
        return Matched(outcome="spare") if source.stage is Stage.GONE else Matched(rebuild=rebuild)
    binding = mine[0]
    if parsed.revision > binding.revision:
        return Matched(_take_revision(arrival, binding, parsed), outcome="search")
    if parsed.revision == binding.revision and binding.remote_id is None:
        waits = binding.state in (BindingState.NEW, BindingState.SENDING, BindingState.UNKNOWN)
        if source.stage is Stage.EFFECTIVE and waits:
            return Matched(adopt_document(arrival.policy, binding, _bare(arrival), ours=True))
        if binding.state is BindingState.TOMB and source.stage not in (Stage.VOID, Stage.GONE):
            # Given up as never arrived, and there after all: found by the search, it is cancelled like any other.
            tx.save(binding.model_copy(update={"state": BindingState.UNKNOWN, "dirty": True, "not_before": None}))
        return Matched(binding, outcome="search")
    return _set_spare_aside(arrival, binding)


def _take_revision(arrival: Arrival, binding: Binding, parsed: Reference) -> Binding:
    """A reversal was lost with the database: take that revision and let the search decide."""
    update: dict[str, Any] = {
        "revision": parsed.revision,
        "ref": arrival.source.reference,
        "remote_id": None,
        "remote_version": 0,
        "state": BindingState.UNKNOWN,
        "parked": None,
        "held": {},
        "dirty": True,
    }
    return arrival.tx.save(binding.model_copy(update=update))


def _set_spare_aside(arrival: Arrival, binding: Binding) -> Matched:
    """A second document of one record: a draft is an orphan, an effective one needs a person."""
    tx, source = arrival.tx, arrival.source
    if source.stage in (Stage.DRAFT, Stage.SUBMITTED):
        note_spare(tx, arrival.hub, binding, source.external_id)
    elif source.stage is Stage.EFFECTIVE and not binding.parked and not _is_outdated(arrival):
        params = {"remote_id": source.external_id}
        tx.save(binding.model_copy(update={"parked": "sync.second_document", "parked_params": params}))
    return Matched(binding, outcome="spare")


def _is_outdated(arrival: Arrival) -> bool:
    """Whether a newer version of this document was read before: a lagging list shows a voided one as if it lived."""
    known = {**arrival.key, "version__gt": arrival.source.version}
    rising = arrival.policy.semantics.versioned and arrival.source.version is not None
    return rising and arrival.tx.count(Payload, **known) > 0


def note_spare(tx: UnitOfWork, hub: Hub, binding: Binding, remote_id: str) -> None:
    """Remember a spare draft once; the sweep removes it if nobody touched it."""
    key: dict[str, Any] = {"connection": binding.connection, "kind": binding.kind, "remote_id": remote_id}
    if tx.get(Orphan, **key) is None:
        tx.insert(Orphan(**key, binding_id=binding.id, at=hub.now()))


def note_replaced(tx: UnitOfWork, hub: Hub, binding: Binding, policy: Policy) -> None:
    """A document that gave way to the next one of its record. Where it does not say so itself, because nothing carries
    references there or people had made it, a row does: dead as it is, it must not be taken in as one of its own."""
    if binding.remote_id is not None and (policy.semantics.tier is Tier.BLIND or not binding.ours):
        key: dict[str, Any] = {"connection": binding.connection, "kind": binding.kind, "remote_id": binding.remote_id}
        tx.save(Orphan(**key, binding_id=binding.id, state="replaced", at=hub.now()))


def _bare(arrival: Arrival) -> Snapshot:
    source = arrival.source
    return Snapshot(source.external_id, {}, source.stage, source.read_at, reference=source.reference)


def adopt_document(policy: Policy, binding: Binding, hit: Snapshot, *, ours: bool) -> Binding:
    """The binding with this document as its own. Only the search adopts drafts, because it sees all candidates."""
    parsed = parse_reference(hit.reference) if ours else None
    drafted = hit.stage is Stage.DRAFT and policy.confirm is not Confirm.SAVE and not hit.touched_by_person
    if hit.stage is Stage.EFFECTIVE or not ours:
        state = BindingState.BOUND
    else:
        state = BindingState.PREPARED if drafted else BindingState.WAITING
    update: dict[str, Any] = {
        "remote_id": hit.external_id,
        "remote_number": hit.number,
        "remote_version": 0,
        "stage": hit.stage.value,
        "state": state,
        "why": "protocol.waits_for_approval" if state is BindingState.WAITING else None,
        "dirty": True,
        "ours": ours,
        "refusals": 0,
        "not_before": None,
        "held": {},
    }
    if parsed is not None:
        update |= {"revision": parsed.revision, "ref": (hit.reference or "").strip().upper()}
    return binding.model_copy(update=update)


@dataclass(frozen=True)
class Joined:
    """A binding for a document that had none. ``native``: for a record that is made from it and from nothing else; it
    is not saved yet."""

    binding: Binding
    native: bool = False


def join_record(arrival: Arrival, matched: Matched, translated: Translated) -> Joined | None:
    """Binding for a record that is new here: rebuilt from its reference, joined by identity, or native. None: a person
    must say first (a dead row in state ``review`` keeps it)."""
    tx, hub, source = arrival.tx, arrival.hub, arrival.source
    if matched.rebuild is not None:
        return _bind_rebuilt(arrival, matched.rebuild)
    if source.reference and parse_reference(source.reference) is not None:
        tx.journal(
            arrival.actor, "document.copied", kind=arrival.kind, connection=arrival.conn.name,
            remote_id=source.external_id, reference=source.reference,
        )  # fmt: skip
    namesake = find_namesake(hub, arrival.kind, translated.snapshot.values)
    if namesake is not None and is_here(arrival, namesake):
        return Joined(_join_copy(arrival, namesake, translated))
    record_id, primary, joins = namesake or hub.new_id(), True, False
    if arrival.kind in IDENTIFIED:
        verdicts = list_about_source(tx, arrival.kind, arrival.address)
        if any(row.verdict == MAYBE for row in verdicts.values()) and hold_import(arrival, translated.snapshot):
            return None
        joined = _identify(arrival, translated, verdicts)
        if isinstance(joined, Hold):
            return None
        if isinstance(joined, Bind):
            record_id = joined.record_id
            tx.hold(find_kind(arrival.kind), [record_id])
            held = tx.find(Binding, connection=arrival.conn.name, kind=arrival.kind, hub_id=record_id, lock=True)
            free = next((row for row in held if row.remote_id is None and row.attempts == 0), None)
            if free is not None:
                return Joined(tx.save(adopt_document(arrival.policy, free, translated.snapshot, ours=False)))
            primary = not held
            joins = True
    if not joins:
        if namesake is None:
            tx.note_new(record_id)
        if hold_import(arrival, translated.snapshot) or hold_newcomer(arrival, translated.snapshot):
            return None
        return Joined(bind_native(arrival, record_id), native=True)
    return Joined(tx.insert(bind_native(arrival, record_id).model_copy(update={"primary": primary})))


def _join_copy(arrival: Arrival, record_id: UUID, translated: Translated) -> Binding:
    """One more copy of a record that is here. The first of a connection is the one that is written to."""
    tx = arrival.tx
    tx.hold(find_kind(arrival.kind), [record_id])
    held = tx.find(Binding, connection=arrival.conn.name, kind=arrival.kind, hub_id=record_id, lock=True)
    free = next((row for row in held if row.remote_id is None and row.attempts == 0), None)
    if free is not None:
        return tx.save(adopt_document(arrival.policy, free, translated.snapshot, ours=False))
    return tx.insert(bind_native(arrival, record_id).model_copy(update={"primary": not held}))


def _bind_rebuilt(arrival: Arrival, reference: Reference) -> Joined:
    """The database forgot a document of ours: its binding, for the record that its reference names."""
    tx, source = arrival.tx, arrival.source
    more = {"ours": True, "state": BindingState.UNKNOWN, "revision": reference.revision, "attempts": 1}
    where: dict[str, Any] = {"connection": arrival.conn.name, "kind": arrival.kind, "primary": True}
    if arrival.kind in IDENTIFIED and tx.find(Binding, hub_id=reference.hub_id, limit=1, **where):
        more["primary"] = False  # of a record that was merged: what stands for it has a document already
    fresh = make_binding(arrival.hub, arrival.conn.name, arrival.kind, reference.hub_id, **more)
    tx.journal(arrival.actor, "record.rebuilt", kind=arrival.kind, record_id=fresh.hub_id, remote_id=source.external_id)
    return Joined(tx.insert(fresh.model_copy(update={"ref": source.reference})))


def bind_native(arrival: Arrival, record_id: UUID) -> Binding:
    """A binding, not saved yet, for a document that people made there."""
    source = arrival.source
    return make_binding(
        arrival.hub, arrival.conn.name, arrival.kind, record_id, ref=None, ours=False,
        remote_id=source.external_id, remote_number=source.number, state=BindingState.BOUND,
    )  # fmt: skip


def _identify(arrival: Arrival, translated: Translated, verdicts: Mapping[UUID, IdentityVerdict]) -> Bind | Hold | None:
    """Exact identity, as a row that can be undone; a doubt becomes a review."""
    tx, hub, where = arrival.tx, arrival.hub, arrival.address
    facts = PartyFacts.of(arrival.kind, None, translated.snapshot.values)
    ruled_out = {id_ for id_, row in verdicts.items() if row.verdict == DIFFERENT}

    def find(kind: str, value: str) -> Sequence[PartyFacts]:
        model = find_kind(arrival.kind)
        ids = tx.find_by_line(model, "identifiers", kind=kind, value=value, validity=Validity.VALID.value)
        return [PartyFacts.of_record(record) for record in ids if record.id not in ruled_out]

    verdict = RESOLVER.resolve(facts, find)
    if isinstance(verdict, Bind):
        save_verdict(tx, hub, arrival.kind, verdict.record_id, where, SAME, arrival.actor, verdict.evidence)
        return verdict
    if isinstance(verdict, Hold):
        params = {**verdict.evidence, "candidates": ", ".join(str(item) for item in verdict.candidates)}
        keep_aside(arrival, "review", verdict.reason, params, translated.snapshot.values)
        return verdict
    return None
