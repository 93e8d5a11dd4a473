"""Ingest: the only way in which remote data enters. One snapshot, one transaction (the caller's)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from hub.errors import MappingError, RuleBroken
from hub.locale import keep_params
from hub.mapping import Mapped
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.decide import Op, decide_telling, is_stale
from hub.protocol.diff import comparable, compare_fields, differs_at_first, find_reversible, holds_total
from hub.protocol.semantics import Amend, Direction, Owner, Policy, Stage, TellsMerge
from hub.protocol.snapshot import Snapshot
from hub.store.rows import DeadRow, Image, Orphan
from hub.sync.arrival import (
    Arrival,
    has_corrections,
    is_outdated,
    keep_aside,
    keep_payload,
    lift_aside,
    note_conflict,
    note_left,
)
from hub.sync.burial import void_image
from hub.sync.image import save_image
from hub.sync.intent import build_intent, find_merged_into, keep_intent, read_wanted
from hub.sync.match import Joined, bind_native, find_binding, join_record
from hub.sync.moves import follow_move
from hub.sync.native import is_living, make_native
from hub.sync.period import CLOSED_THERE
from hub.sync.places import find_unreadable, tell_problem, tell_unreadable
from hub.sync.resolve import Rebuilt, is_void, rebuild_record, resolve_record
from hub.sync.stages import move_state
from hub.sync.strangers import note_codes, take_stranger
from hub.sync.translate import Translated, is_reference_foreign, make_context, pair_lines, read_source


@dataclass(frozen=True)
class Ingested:
    """What became of one snapshot. ``outcome``: unchanged, created, updated, ended, stale, spare, foreign, search,
    dead, waiting, review, dropped, left (a sync that only writes takes nothing in). ``needs``: (kind, external id) of a
    record that must come first."""

    outcome: str
    binding_id: UUID | None = None
    record_id: UUID | None = None
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    needs: tuple[str, str] | None = None
    conflicts: tuple[str, ...] = ()
    due: tuple[UUID, ...] = ()
    snapshot: Snapshot | None = None
    lost: bool = False
    """The document had been living and was found voided or deleted, which nobody here wanted."""


def ingest(arrival: Arrival) -> Ingested:
    """Fold one source record into the hub. A record that cannot be translated or breaks a rule becomes a dead row with
    the reason; nothing else of its page is touched."""
    tx, source = arrival.tx, arrival.source
    broken = find_unreadable(source)
    if broken is not None:
        keep_payload(arrival)
        return _set_aside(arrival, "dead", *tell_unreadable(broken))
    if source.stage is Stage.GONE and not source.payload:
        return _bury(arrival)
    keep_payload(arrival)
    if is_reference_foreign(arrival.hub, source):
        return _set_aside(arrival, "foreign", "sync.foreign_document", {"reference": source.reference or ""})
    try:
        with tx.savepoint():
            return Ingested("spare") if _is_older_revision(arrival) else _ingest_known(arrival)
    except (RuleBroken, MappingError) as error:
        if not arrival.corrected and has_corrections(arrival):
            return ingest(replace(arrival, corrected=True))
        return _set_aside(arrival, "dead", error.code, keep_params(error.params), _read_values(arrival))


def _bury(arrival: Arrival) -> Ingested:
    """A feed tells of a deletion and has nothing else left of the document: the last payload stays as it was."""
    matched = find_binding(arrival)
    if matched.binding is None or matched.outcome:
        lift_aside(arrival)
        return Ingested(matched.outcome or "unchanged")
    snapshot = Snapshot(arrival.source.external_id, {}, Stage.GONE, arrival.source.read_at)
    if is_stale(matched.binding, snapshot, arrival.policy):
        return Ingested("stale", matched.binding.id, matched.binding.hub_id, snapshot=snapshot)
    return _fold(arrival, matched.binding, Translated(snapshot, Mapped({}, {}, [])), fresh=False)


def _is_older_revision(arrival: Arrival) -> bool:
    """Whether a dead document gave way to a later one of ours, and only a row says so (``match.note_replaced``)."""
    if arrival.source.stage not in (Stage.VOID, Stage.GONE):
        return False
    key: dict[str, Any] = {"connection": arrival.conn.name, "kind": arrival.kind}
    known = arrival.tx.get(Orphan, **key, remote_id=arrival.source.external_id)
    return known is not None and known.state == "replaced"


def _ingest_known(arrival: Arrival) -> Ingested:
    follow_move(arrival)
    stranger = take_stranger(arrival) if arrival.source.moved_from is None else None
    if stranger is not None and not arrival.corrected:
        record_id = arrival.hub.new_id()
        arrival.tx.note_new(record_id)
        return _take_native(arrival, bind_native(arrival, record_id), stranger)
    matched = find_binding(arrival)
    if matched.outcome:
        return Ingested(matched.outcome, matched.binding.id if matched.binding else None)
    aside = arrival.tx.get(DeadRow, **arrival.key)
    left = _judge_aside(arrival, aside) if aside is not None and matched.binding is None else None
    if left is not None:
        return Ingested(left)
    translated = read_source(
        arrival.tx, arrival.hub, arrival.conn, arrival.kind, arrival.source, matched.binding,
        corrected=arrival.corrected,
    )  # fmt: skip
    if arrival.policy.direction is Direction.OUT and matched.binding is None and matched.rebuild is None:
        note_left(arrival, translated.snapshot.values)
        return Ingested("left")
    problem = next(iter(translated.mapped.problems), None)
    if problem is not None and not arrival.corrected and has_corrections(arrival):
        return _ingest_known(replace(arrival, corrected=True))
    if problem is not None:
        missing = problem.kind == "reference" and problem.ref_kind is not None and problem.external_id is not None
        outcome = "waiting" if missing else "dead"
        _set_aside(arrival, outcome, *tell_problem(arrival.source, problem), translated.snapshot.values)
        needs = (problem.ref_kind or "", problem.external_id or "") if missing else None
        return Ingested(outcome, needs=needs)
    binding = matched.binding
    joined = join_record(arrival, matched, translated) if binding is None else Joined(binding)
    if joined is None:
        return Ingested("review")
    if aside is not None:
        lift_aside(arrival)
    if binding is not None and is_stale(binding, translated.snapshot, arrival.policy):
        return Ingested("stale", binding.id, binding.hub_id, snapshot=translated.snapshot)
    if joined.native and is_living(translated.snapshot):
        return _take_native(arrival, joined.binding, translated)
    if joined.native:
        arrival.tx.insert(joined.binding)
    return _fold(arrival, joined.binding, translated, fresh=binding is None)


def _judge_aside(arrival: Arrival, aside: DeadRow) -> str | None:
    """Why a record that is kept aside stays as it is, if it does."""
    if aside.dropped_at is not None:
        return "dropped"
    return "stale" if is_outdated(arrival, aside) else None


def _take_native(arrival: Arrival, binding: Binding, translated: Translated) -> Ingested:
    binding, rebuilt = make_native(arrival, binding, translated)
    _note_codes(arrival, rebuilt)
    writes = binding.primary and arrival.policy.direction is not Direction.IN
    if writes and not _speaks_alone(arrival, binding, rebuilt):
        _note_difference(arrival, binding, translated.snapshot)
    return _report(binding, rebuilt, ended=False, conflicts=[], snapshot=translated.snapshot)


def _read_values(arrival: Arrival) -> Mapping[str, Any]:
    """What the mapping makes of a record whose values break a rule: by it the record is recognised and weighed."""
    context = make_context(arrival.tx, arrival.hub, arrival.conn, None)
    return arrival.conn.mapping_of(arrival.kind).to_canonical(arrival.source.payload, context).values


def _set_aside(
    arrival: Arrival, state: str, code: str, params: dict[str, Any], values: Mapping[str, Any] | None = None
) -> Ingested:
    keep_aside(arrival, state, code, params, values)
    return Ingested(state)


def _fold(arrival: Arrival, binding: Binding, translated: Translated, fresh: bool) -> Ingested:
    """Binding state, shared fields, image, record, and what is left to write: protocol section 7, steps 3 to 8."""
    tx, hub, policy = arrival.tx, arrival.hub, arrival.policy
    record, known = read_wanted(tx, hub, binding)
    revision = record.revision if record is not None else 0
    snapshot, lines = translated.snapshot, dict(binding.lines)
    if binding.ours and record is not None:
        snapshot, lines = pair_lines(snapshot, known, binding, policy.line_fields)
    was_tomb = binding.state is BindingState.TOMB
    lived = not (was_tomb or fresh or binding.void_wanted or binding.stage in (Stage.VOID, Stage.GONE))
    binding = move_state(binding, snapshot, policy, revision).model_copy(update={"lines": lines})
    ended = snapshot.stage in (Stage.VOID, Stage.GONE)
    keep: dict[str, bool] = {}
    conflicts: list[str] = []
    if not ended and not was_tomb:
        first = fresh or _is_first_reading(arrival, binding)
        binding, keep, conflicts = _merge_shared(arrival, binding, snapshot, known, first=first)
    under_reversal = ended and binding.state is BindingState.REVERSING
    asked = not fresh and binding.parked == "protocol.reversal_lost"  # whether the order ends with it, a person says
    gives_way = under_reversal or asked  # a document that gives way does not void the order
    told = False
    if snapshot.stage is not Stage.GONE and not gives_way:
        told = save_image(arrival, binding, translated, snapshot, keep, known)
    elif snapshot.stage is Stage.GONE and policy.reads.deletion_voids:
        void_image(tx, hub, binding)
    tx.save(binding)
    if record is not None and told and not arrival.heals and not ended and not is_void(record):
        rebuilt = Rebuilt(record, {}, False, resolve_record(tx, hub, arrival.kind, binding.hub_id).provenance)
    else:
        rebuilt = rebuild_record(
            tx, hub, arrival.kind, binding.hub_id, actor=arrival.actor, cause=binding, run_id=arrival.run_id
        )
    _note_codes(arrival, rebuilt)
    if rebuilt.changes and binding.submitted_revision == revision:
        # What the document itself brought is no edit in the hub: nothing that would have it submitted again.
        binding = tx.save(binding.model_copy(update={"submitted_revision": rebuilt.record.revision}))
    alone = _speaks_alone(arrival, binding, rebuilt)
    if not ended and not was_tomb and binding.primary and policy.direction is not Direction.IN and not alone:
        _note_difference(arrival, binding, snapshot)
    elif not ended:
        _note_total(arrival, binding, snapshot)
    if not ended:
        _note_telling(arrival, binding, snapshot)
    done = _report(binding, rebuilt, ended, conflicts, snapshot)
    return dataclasses.replace(done, lost=True) if ended and lived and not under_reversal else done


def _report(binding: Binding, rebuilt: Rebuilt, ended: bool, conflicts: list[str], snapshot: Snapshot) -> Ingested:
    changed = bool(rebuilt.changes)
    outcome = "created" if rebuilt.created else "ended" if ended and changed else "updated" if changed else "unchanged"
    return Ingested(
        outcome,
        binding.id,
        binding.hub_id,
        rebuilt.changes,
        conflicts=tuple(conflicts),
        due=tuple(rebuilt.due),
        snapshot=snapshot,
    )


def _note_codes(arrival: Arrival, rebuilt: Rebuilt) -> None:
    if "identifiers" in rebuilt.changes:
        note_codes(arrival.tx, arrival.kind, rebuilt.changes["identifiers"][1])


def _speaks_alone(arrival: Arrival, binding: Binding, rebuilt: Rebuilt) -> bool:
    """Whether everything that is known of a living record is what people wrote into this very document: then there is
    nothing to tell it."""
    if binding.ours or binding.held or is_void(rebuilt.record) or rebuilt.record.deleted_at is not None:
        return False
    return set(rebuilt.provenance.values()) == {arrival.address}


def _note_telling(arrival: Arrival, binding: Binding, snapshot: Snapshot) -> None:
    """What stands there about a merge is not what should: a late write of ours, or a merge that was taken back."""
    policy = arrival.policy
    if policy.semantics.tells_merge is TellsMerge.NOTHING or policy.direction is Direction.IN:
        return
    into = find_merged_into(arrival.tx, binding, policy)
    telling = decide_telling(binding, into, snapshot, policy)
    held = arrival.tx.get(Binding, id=binding.id)
    if telling is not None and telling.op is Op.TELL_MERGE and held is not None and not held.dirty:
        arrival.tx.save(held.model_copy(update={"dirty": True}))


def _note_total(arrival: Arrival, binding: Binding, snapshot: Snapshot) -> None:
    """Of a document that nothing is written to: whether its totals are what its lines give. They are never "fixed"."""
    held = {"gross": "protocol.total_differs"} if holds_total(binding, snapshot) else {}
    if binding.held != held and set(binding.held) <= {"gross"}:
        arrival.tx.save(binding.model_copy(update={"held": held}))


def _note_difference(arrival: Arrival, binding: Binding, snapshot: Snapshot) -> None:
    """``held`` is computed anew; what may be written makes the binding due."""
    tx, policy = arrival.tx, arrival.policy
    intent, _ = build_intent(tx, arrival.hub, binding, policy, snapshot)
    keep_intent(tx, snapshot, intent)
    if intent.void:
        frozen = {"held": {"state": intent.frozen}, "dirty": False} if intent.frozen else None
        tx.save(binding.model_copy(update=frozen) if frozen else _note_void(binding, snapshot, policy))
        return
    found = compare_fields(binding, intent, snapshot, policy)
    held = dict(found.held)
    if found.want and binding.held.get("*") == CLOSED_THERE:
        held["*"] = CLOSED_THERE  # nothing that is read says whether their period is open again
    if holds_total(binding, snapshot):
        held["gross"] = "protocol.total_differs"
    reverses = find_reversible(binding, intent, snapshot, policy, held)
    locked = bool(found.held) and not intent.frozen
    parks = locked and policy.semantics.amend is Amend.PARK and snapshot.stage is Stage.EFFECTIVE
    wants = bool(found.want) or reverses or parks
    tx.save(binding.model_copy(update={"held": held, "dirty": binding.dirty or wants}))


def _note_void(binding: Binding, snapshot: Snapshot, policy: Policy) -> Binding:
    """A void that the document's state forbade is held until the state allows it; nothing else is written by then."""
    held = {name: code for name, code in binding.held.items() if name == "state"}
    if snapshot.stage in policy.semantics.voidable:
        held = {}
    return binding.model_copy(update={"held": held, "dirty": binding.dirty or not held})


def _merge_shared(
    arrival: Arrival, binding: Binding, snapshot: Snapshot, known: Mapping[str, Any], *, first: bool
) -> tuple[Binding, dict[str, bool], list[str]]:
    """Three-way over the shared fields. Returns the binding with its new base; field → whether the remote value counts
    as unchanged (our own late write, or a conflict that the hub wins); and the fields in conflict."""
    policy = arrival.policy
    base, keep, conflicts = dict(binding.base), {}, []
    for name in sorted(policy.mapped_in & policy.mapped_out & set(snapshot.values)):
        disagrees = first and differs_at_first(policy, name, known.get(name), snapshot.values[name])
        if policy.owner_of(name) is not Owner.SHARED:
            if disagrees:
                conflicts.append(name)
                note_conflict(arrival, binding, name, known[name], snapshot.values[name])
            continue
        theirs = take_fingerprint(comparable(policy, name, snapshot.values[name]))
        ours = take_fingerprint(comparable(policy, name, known[name])) if name in known else theirs
        agreed = base.get(name)
        if theirs == agreed:
            keep[name] = True  # nothing new there: it must not outdate an edit made here after the value was sent
            continue
        base[name] = theirs
        if theirs in binding.sent.get(name, ()):
            keep[name] = True
        elif not binding.primary:
            continue  # nothing is written there: what the record says otherwise was never to be its value
        elif disagrees or (not first and ours not in (agreed, theirs)):
            conflicts.append(name)
            keep[name] = not policy.remote_wins or agreed is None
            note_conflict(arrival, binding, name, known.get(name), snapshot.values[name])
    update: dict[str, Any] = {"base": base}
    if conflicts and first:
        update |= {"parked": "sync.values_differ", "parked_params": {"fields": ", ".join(conflicts)}}
    return binding.model_copy(update=update), keep, conflicts


def _is_first_reading(arrival: Arrival, binding: Binding) -> bool:
    """Whether a record of the hub meets this document, made by people there, for the first time."""
    key: dict[str, Any] = {"record_kind": arrival.kind, "record_id": binding.hub_id, "source": arrival.address}
    return not binding.ours and arrival.tx.count(Image, **key) == 0
