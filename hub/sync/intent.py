"""What the hub wants of another system for one record, gathered from the store for ``decide``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from hub.crm.rules import rules_for
from hub.model.base import Entity, Line
from hub.model.kinds import find_kind, list_line_refs, list_refs
from hub.model.party import Validity
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Action, Op, Seen, decide, needs_reading
from hub.protocol.diff import print_field
from hub.protocol.semantics import Amend, Owner, Policy, TellsMerge
from hub.protocol.snapshot import Intent, Parent, Snapshot
from hub.store import UnitOfWork
from hub.store.rows import ConnectionState, Cursor
from hub.sync.aliases import IDENTIFIED
from hub.sync.context import Hub
from hub.sync.derive import find_feeding
from hub.sync.lookalike import ALIKE_THERE, find_lookalikes, tell_lookalikes
from hub.sync.period import CLOSED, find_closed
from hub.sync.resolve import is_void, resolve_record
from hub.sync.scope import find_foreign
from hub.sync.work import Guard

ENDED = (BindingState.TOMB, BindingState.FOREIGN)
GUARDED = frozenset(
    {
        Op.CREATE, Op.PATCH, Op.TELL_MERGE, Op.SUBMIT, Op.CONFIRM, Op.REOPEN, Op.VOID, Op.BEGIN_REVERSE,
        Op.NEXT_REVISION,
    }
)  # fmt: skip


def decide_binding(
    tx: UnitOfWork, hub: Hub, binding: Binding, seen: Seen, *, guard: Guard | None = None
) -> tuple[Intent, Action, Binding]:
    """Gather what ``decide`` needs from the store and ask it; a run's guard may turn a write into a wait."""
    policy = hub.open(binding.connection).policies[binding.kind]
    kept: tuple[Seen, Intent] | None = tx.notes.pop((keep_intent, id(seen)), None)
    if needs_reading(binding, seen):
        intent = Intent({})
    elif kept is not None and kept[0] is seen:
        intent = kept[1]
    else:
        intent, _ = build_intent(tx, hub, binding, policy, seen if isinstance(seen, Snapshot) else None)
    state = tx.get(ConnectionState, connection=binding.connection)
    action = decide(binding, intent, seen, policy, hub.now(), epoch=state.epoch if state else 0)
    if guard is not None and action.op in GUARDED:
        code = guard(tx, binding, intent, action)
        if code is not None:
            action = Action(Op.PARK if code == "sync.plan_stale" else Op.NOTHING, code)
    return intent, action, binding


def keep_intent(tx: UnitOfWork, seen: Snapshot, intent: Intent) -> None:
    """What was gathered when this was taken in, for the decision about it, if that comes next."""
    tx.notes[keep_intent, id(seen)] = (seen, intent)


def build_intent(
    tx: UnitOfWork, hub: Hub, binding: Binding, policy: Policy, seen: Snapshot | None = None
) -> tuple[Intent, Entity | None]:
    """The intent for one binding, and the record it is about (None when there is no such record)."""
    record, values = read_wanted(tx, hub, binding)
    if record is None:
        return Intent({}, hold="sync.record_missing"), None
    referring = policy.mapped_out - hub.open(binding.connection).mapping_of(binding.kind).named
    parents = set(list_parents(record, referring, policy.lines_out)) if binding.remote_id is None else set()
    hold, params = _find_hold(tx, hub, binding, record, policy, parents)
    closed = find_closed(hub, record)
    void = is_void(record) or (record.deleted_at is not None and binding.remote_id is None)
    intent = Intent(
        values=values,
        claims=_find_claims(tx, hub, binding, policy, values),
        void=void,
        revision=record.revision,
        live_children=(void or policy.semantics.amend is Amend.REVERSE) and _has_live_children(tx, binding),
        parent=_check_parents(tx, binding, parents) if binding.remote_id is None else Parent.READY,
        hold=hold,
        hold_params=params or closed or {},
        merged_into=find_merged_into(tx, binding, policy),
        own_values=_find_own_values(binding, policy, seen),
        frozen="sync.is_history" if is_history(hub, binding, record, seen) else CLOSED if closed else None,
    )
    return intent, record


def read_wanted(tx: UnitOfWork, hub: Hub, binding: Binding) -> tuple[Entity | None, Mapping[str, Any]]:
    """The record of a binding, and its values as far as the mapping knows their fields."""
    record = tx.get(find_kind(binding.kind), id=binding.hub_id)
    if record is None:
        return None, {}
    return record, hub.open(binding.connection).mapping_of(binding.kind).project(list_values(record))


def list_values(record: Entity) -> dict[str, Any]:
    """Business values by field; custom fields and attributes under their dotted names."""
    values = dict(record.__dict__)
    for group in ("custom", "attributes"):
        values.update({f"{group}.{name}": value for name, value in values.pop(group).items()})
    return values


def find_merged_into(tx: UnitOfWork, binding: Binding, policy: Policy) -> str | None:
    """The document there that stands for this one since their records were merged, where the system is told so."""
    if binding.primary or binding.home_id is None or policy.semantics.tells_merge is TellsMerge.NOTHING:
        return None
    where: dict[str, Any] = {"connection": binding.connection, "kind": binding.kind, "hub_id": binding.hub_id}
    rows = tx.find(Binding, primary=True, remote_id__null=False, limit=1, **where)
    return rows[0].remote_id if rows else None


def has_valid_identifier(record: Entity) -> bool:
    return any(item.validity is Validity.VALID for item in getattr(record, "identifiers", ()))


def _find_claims(
    tx: UnitOfWork, hub: Hub, binding: Binding, policy: Policy, values: Mapping[str, Any]
) -> frozenset[str]:
    """Fields whose value did not come from this very document. Shared fields are always told by their base."""
    if binding.remote_id is None:
        return frozenset(values)
    provenance = resolve_record(tx, hub, binding.kind, binding.hub_id).provenance
    tail = f"/{binding.remote_id}"
    own = {
        name
        for name, source in provenance.items()
        if source.startswith(f"{binding.connection}/") and source.endswith(tail)
    }
    return frozenset(name for name in values if name not in own and name in provenance)


def _find_own_values(binding: Binding, policy: Policy, seen: Snapshot | None) -> frozenset[str]:
    """Asked for only where what we wrote may be taken back by making it anew, or by reopening it."""
    if seen is None or policy.semantics.amend not in (Amend.REVERSE, Amend.REOPEN):
        return frozenset()
    return frozenset(
        name for name, prints in binding.sent.items() if print_field(policy, name, seen.values.get(name)) in prints
    )


def _find_hold(
    tx: UnitOfWork,
    hub: Hub,
    binding: Binding,
    record: Entity,
    policy: Policy,
    parents: Collection[tuple[str, UUID]],
) -> tuple[str | None, dict[str, str]]:
    """Why nothing may be created for this record."""
    if binding.remote_id is not None:
        return None, {}
    closed = find_closed(hub, record)
    if closed is not None:
        return CLOSED, closed
    start = find_start(hub, binding.connection, record)
    if start is not None and ((day := getattr(record, record.DAY)) is None or day < start):
        return "sync.before_start", {"start_date": str(start)}
    foreign = find_foreign(tx, hub, binding, record, parents)
    if foreign is not None:
        return foreign
    alikes = find_lookalikes(tx, hub, binding, record)
    if alikes:
        return ALIKE_THERE, tell_lookalikes(alikes)
    stream = hub.open(binding.connection).stream_of(binding.kind)
    cursor = tx.get(Cursor, connection=binding.connection, stream=stream.name)
    if cursor is None or not cursor.complete_once:
        return "sync.not_read_yet", {"kind": binding.kind}
    if not policy.semantics.creates:
        return "sync.needs_match", {}
    if binding.kind in IDENTIFIED and not policy.create and not has_valid_identifier(record):
        return "sync.needs_match", {}
    if policy.transactional and policy.mapped_out and getattr(record, "lines", True) == ():
        return "sync.no_lines", {}
    return None, {}


def find_start(hub: Hub, connection: str, record: Entity) -> date | None:
    """The day from which on documents of this kind are written; None: of any age, or no document."""
    settings = hub.config.connections.get(connection)
    sync = settings.syncs.get(record.KIND) if settings is not None else None
    return sync.start_date if sync is not None and record.DAY else None


def is_history(hub: Hub, binding: Binding, record: Entity, seen: Snapshot | None = None) -> bool:
    """Whether the pair is older than the start date of its sync, here or there: read, and never written."""
    start = find_start(hub, binding.connection, record)
    if start is None or binding.remote_id is None:
        return False
    days = (getattr(record, record.DAY), seen.values.get(record.DAY) if seen is not None else None)
    return any(day is not None and day < start for day in days)


def list_parents(
    record: Entity, fields: frozenset[str], line_fields: Mapping[str, frozenset[str]] | None = None
) -> Iterator[tuple[str, UUID]]:
    """(kind, id) of every record that the given fields refer to, lines included. ``line_fields``: of these lists only
    those."""
    for name, kind in list_refs(record.KIND):
        if name in fields and getattr(record, name) is not None:
            yield kind, getattr(record, name)
    for name in fields & set(type(record).model_fields):
        lines = getattr(record, name)
        for line in lines if isinstance(lines, tuple) else ():
            if isinstance(line, Line):
                told = (line_fields or {}).get(name)
                pairs = [pair for pair in list_line_refs(type(line)) if told is None or pair[0] in told]
                refs = ((kind, getattr(line, field)) for field, kind in pairs)
                yield from ((kind, found) for kind, found in refs if found is not None)


def _check_parents(tx: UnitOfWork, binding: Binding, parents: Collection[tuple[str, UUID]]) -> Parent:
    """Whether everything that a create refers to has a document there."""
    worst = Parent.READY
    for kind, hub_id in parents:
        rows = tx.find(Binding, connection=binding.connection, kind=kind, hub_id=hub_id)
        live = [row for row in rows if row.remote_id is not None and row.state is not BindingState.REVERSING]
        if any(row.state is not BindingState.TOMB for row in live):
            continue
        ended = [row for row in rows if row.state is BindingState.TOMB or row.parked]
        if rows and len(ended) == len(rows):
            return Parent.HOPELESS
        worst = Parent.MISSING
    return worst


def _has_live_children(tx: UnitOfWork, binding: Binding) -> bool:
    """Whether documents hang on this one there (payments of an order), or may: they forbid a void."""
    for feeder in rules_for(binding.kind).feeders:
        for child in find_feeding(tx, feeder, binding.hub_id) if find_kind(feeder.kind).TRANSACTIONAL else ():
            rows = tx.find(Binding, connection=binding.connection, kind=feeder.kind, hub_id=child.id)
            if not is_void(child) and any(row.attempts or row.remote_id for row in rows if row.state not in ENDED):
                return True
    return False


def base_prints(values: Mapping[str, Any], policy: Policy) -> dict[str, str]:
    """Fingerprints of the shared fields' values, as ``binding.base`` keeps them."""
    return {
        name: print_field(policy, name, values[name])
        for name in sorted(policy.mapped_out & policy.mapped_in)
        if name in values and policy.owner_of(name) is Owner.SHARED
    }


def add_sent(binding: Binding, values: Mapping[str, Any], policy: Policy) -> dict[str, list[str]]:
    """``binding.sent`` with the values that are about to be written (the last eight of each field)."""
    sent = {name: list(prints) for name, prints in binding.sent.items()}
    for name, value in values.items():
        if name in policy.mapped_in:
            print_ = print_field(policy, name, value)
            kept = [item for item in sent.get(name, []) if item != print_]
            sent[name] = [*kept, print_][-8:]
    return sent
