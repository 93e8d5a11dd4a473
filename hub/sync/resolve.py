"""The one way a record changes: its images change, and the record is computed from them anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from operator import is_
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from hub.crm.custom import check_custom
from hub.crm.rules import Room, rules_for
from hub.errors import RuleBroken
from hub.identity.survive import HUB, Claim, Resolved, resolve_claims
from hub.model.base import SYSTEM_FIELDS, Entity
from hub.model.kinds import decode_fields, find_kind
from hub.model.refusal import explain_refusal, show_refused
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import is_same, is_same_in_lines
from hub.protocol.reference import make_reference
from hub.protocol.semantics import Direction, Owner
from hub.store import UnitOfWork
from hub.store.rows import Image
from hub.sync.candidate_keys import write_keys
from hub.sync.claims import PINNED
from hub.sync.context import Hub
from hub.sync.derive import derive_values, find_fed, list_fed_records, list_linked_records
from hub.sync.looking import TxLook
from hub.sync.relations import follow_refs
from hub.sync.show import show_value
from hub.sync.signs import note_record

REGISTRY = "registry"
"""Stream of the images of business registries (``hub.sync.enrich``)."""


@dataclass(frozen=True)
class Rebuilt:
    """The record after its images were folded, and field → (old, new)."""

    record: Entity
    changes: Mapping[str, tuple[Any, Any]]
    created: bool
    provenance: Mapping[str, str] = field(default_factory=dict)
    due: Sequence[UUID] = ()
    """Bindings that have work now: hint them after the commit."""


def read_claim(tx: UnitOfWork, image: Image, kind: str) -> Claim:
    """What one source says, with typed values."""
    changed = {name: datetime.fromisoformat(at) for name, at in image.changed.items()}
    merged = image.home_id is not None
    humble = image.stream == REGISTRY
    pinned = frozenset(name for name, origin in image.origins.items() if origin.startswith(PINNED))
    return Claim(image.source, image.connection, _read_values(tx, image, kind), changed, merged, humble, pinned)


def _read_values(tx: UnitOfWork, image: Image, kind: str) -> Mapping[str, Any]:
    """Typed values; those that the image was just made from need no decoding."""
    kept: tuple[Image, Mapping[str, Any]] | None = tx.notes.get((keep_values, image.source))
    return kept[1] if kept is not None and kept[0] is image else decode_fields(kind, image.values)


def keep_values(tx: UnitOfWork, image: Image, values: Mapping[str, Any]) -> None:
    """Remember the typed values that an image was made from."""
    tx.notes[keep_values, image.source] = (image, values)


@dataclass(frozen=True)
class Born:
    """What the only image of a new record says, and the same as the image writes it."""

    resolved: Resolved
    written: Mapping[str, Any]

    def show(self, name: str, value: tuple[Any, ...]) -> Any:
        """A list as ``show_value`` does, which need not do again what was done for the image: it is written alike."""
        told = self.resolved.values.get(name)
        same = told is not None and len(told) == len(value) and all(map(is_, told, value))
        return self.written[name] if same else show_value(value)


def keep_born(tx: UnitOfWork, record_id: UUID, born: Born) -> None:
    """There is no such record yet: the next rebuild need not ask."""
    tx.notes[keep_born, record_id] = born


def resolve_record(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID) -> Resolved:
    """What the images of a record add up to, before rules."""
    images = tx.find(Image, record_kind=kind, record_id=record_id)
    seen: tuple[list[Image], Resolved] | None = tx.notes.get((resolve_record, record_id))
    if seen is not None and len(seen[0]) == len(images) and all(map(is_, seen[0], images)):
        return seen[1]
    if len(images) == 1:
        values = _read_values(tx, images[0], kind)
        resolved = Resolved(values, dict.fromkeys(values, images[0].source))
    else:
        number = find_kind(kind).NUMBER
        claims = [read_claim(tx, image, kind) for image in images]
        owner = partial(_find_owner, hub, kind)
        resolved = resolve_claims(claims, owner, number_field=number, preferences=hub.preferences_of(kind))
    tx.notes[resolve_record, record_id] = (images, resolved)
    return resolved


def resolve_home(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID) -> Mapping[str, Any]:
    """What was said about the record itself, whatever was merged into it since."""
    claims = [
        read_claim(tx, image, kind) for image in tx.find(Image, record_kind=kind, record_id=record_id, home_id=None)
    ]
    owner = partial(_find_owner, hub, kind)
    number = find_kind(kind).NUMBER
    return resolve_claims(claims, owner, number_field=number, preferences=hub.preferences_of(kind)).values


def _find_owner(hub: Hub, kind: str, connection: str, name: str) -> Owner:
    return hub.owner_of(connection, kind, name)


def rebuild_record(  # noqa: PLR0913 - the one way in which a record changes
    tx: UnitOfWork,
    hub: Hub,
    kind: str,
    record_id: UUID,
    *,
    actor: str,
    cause: Binding | None,
    run_id: UUID | None,
    derived: bool = False,
    quiet: bool = False,
) -> Rebuilt:
    """Compute the record from its images; when it changed: save, journal, compute anew what follows from it in other
    records, and mark every other outbound binding due.

    ``cause`` is the binding whose snapshot is being ingested (its own write-back is decided by the difference), None
    for an edit in the hub. ``derived``: only what follows from other records can have changed. ``quiet``: nothing that
    other systems need to be told. ``RuleBroken`` when the values break a rule of the kind.
    """
    model = find_kind(kind)
    born: Born | None = tx.notes.pop((keep_born, record_id), None)
    current = tx.get(model, id=record_id, lock=True) if born is None else None
    resolved = resolve_record(tx, hub, kind, record_id) if born is None else born.resolved
    if born is None:  # what was read just now leads to nothing of old
        resolved = replace(resolved, values=follow_refs(tx, kind, record_id, resolved.values))
    fresh = _make_record(tx, hub, kind, record_id, current, resolved, remote=derived or cause is not None, actor=actor)
    changes = compare_records(current, fresh)
    if current is not None and not changes:
        return Rebuilt(current, {}, created=False, provenance=resolved.provenance)
    local = cause is None and not derived  # a person here, who may not allocate more than is open
    rooms = measure_rooms(tx, kind, (current, fresh)) if local else {}
    saved = tx.save_record(fresh)
    write_keys(tx, current, saved)
    tx.journal(
        actor,
        "record.changed" if current else "record.created",
        kind=kind,
        record_id=record_id,
        connection=cause.connection if cause else None,
        remote_id=cause.remote_id if cause else None,
        run_id=run_id,
        changes={
            name: [show_value(old), born.show(name, new) if born and type(new) is tuple else show_value(new)]
            for name, (old, new) in changes.items()
        },
        sources={name: resolved.provenance.get(name, "rule") for name in changes},
    )
    fed = rebuild_fed(tx, hub, kind, (current, saved), actor=actor, run_id=run_id)
    check_rooms(tx, rooms)
    for target, target_id in list_linked_records(tx, kind, (current, saved)):
        done = rebuild_record(tx, hub, target, target_id, actor=actor, cause=None, run_id=run_id, derived=True)
        fed.extend(done.due)
    told = not quiet and (current is None or set(changes) - model.DERIVED)
    rows = [cause] if born is not None and cause is not None else None  # nothing else can know of it yet
    due = mark_bindings(tx, hub, saved, cause=cause, rows=rows) if told else []
    return Rebuilt(saved, changes, created=current is None, provenance=resolved.provenance, due=[*due, *fed])


def rebuild_fed(
    tx: UnitOfWork, hub: Hub, kind: str, versions: Sequence[Entity | None], *, actor: str, run_id: UUID | None
) -> list[UUID]:
    """Compute anew what follows from this record in others: the order that a payment pays."""
    due: list[UUID] = []
    for target, target_id in list_fed_records(kind, *versions):
        if tx.get(find_kind(target), id=target_id) is not None:
            done = rebuild_record(tx, hub, target, target_id, actor=actor, cause=None, run_id=run_id, derived=True)
            due.extend(done.due)
    return due


Rooms = Mapping[tuple[str, UUID], Sequence[Room]]


def measure_rooms(tx: UnitOfWork, kind: str, versions: Sequence[Entity | None]) -> Rooms:
    """What everything that follows from this record has room for, before it changes. All of it is locked first: two who
    allocate to one document at once see each other."""
    found: dict[tuple[str, UUID], Sequence[Room]] = {}
    ahead = list_fed_records(kind, *versions)
    while ahead:
        target, target_id = ahead.pop(0)
        record = tx.get(find_kind(target), id=target_id, lock=True) if (target, target_id) not in found else None
        if record is not None:
            found[target, target_id] = rules_for(target).measuring(record, find_fed(tx, target, target_id))
            ahead += list_fed_records(target, record)
    return found


def check_rooms(tx: UnitOfWork, before: Rooms) -> None:
    """``RuleBroken`` when a change takes more of a document than it has room for."""
    for (kind, record_id), rooms in before.items():
        rules, record = rules_for(kind), tx.get(find_kind(kind), id=record_id)
        rules.check_room(rooms, rules.measuring(record, find_fed(tx, kind, record_id)))


def _make_record(
    tx: UnitOfWork,
    hub: Hub,
    kind: str,
    record_id: UUID,
    current: Entity | None,
    resolved: Resolved,
    *,
    remote: bool,
    actor: str,
) -> Entity:
    rules = rules_for(kind)
    lent, fit = _lend_figures(tx, kind, record_id, resolved)
    values = gather_fields(lent)
    values["custom"] = check_custom(kind, values.get("custom", {}), hub.config.custom_fields)
    if "base_currency" in find_kind(kind).model_fields:
        values.setdefault("base_currency", hub.config.organisation.currency)
    values = rules.complete(values, own_figures=not fit)
    values |= rules.linking(values, current, TxLook(tx))
    at = hub.moment(actor)
    values |= rules.stamping(values, current, at)
    if current is not None:  # a new record is named by none yet
        values |= derive_values(tx, kind, record_id, values)
    values.setdefault("attributes", {})
    system = {name: getattr(current, name) for name in SYSTEM_FIELDS - {"id"}} if current else {}
    try:
        record = find_kind(kind).model_validate({**values, **system, "id": record_id})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RuleBroken(
            "model.value_invalid", kind=kind, field=where, value=show_refused(first), what=explain_refusal(first)
        ) from error
    revived = remote and current is not None and is_void(current) and not is_void(record)
    rules.check(record, None if revived else current, remote=remote)
    if not remote:
        rules.check_relations(record, lambda other, id_: tx.get(find_kind(other), id=id_))
    rules.guarding(record, current, TxLook(tx), at)
    return record


def gather_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Flat canonical fields (``custom.grade``, ``attributes.size``) as the model nests them."""
    gathered: dict[str, Any] = {}
    for name, value in values.items():
        if "." in name:
            group, _, inner = name.partition(".")
            gathered.setdefault(group, {})[inner] = value
        else:
            gathered[name] = value
    return gathered


def _lend_figures(tx: UnitOfWork, kind: str, record_id: UUID, resolved: Resolved) -> tuple[dict[str, Any], bool]:
    """The resolved values, and whether a system's own totals still belong to the lines that the record has now. They
    do when quantities, prices and rates are those of that system's document; its line figures are then taken too."""
    values = dict(resolved.values)
    if "base_amount" in values:  # a payment: its book value belongs to the amount and the rate that it came with
        sources = {resolved.provenance.get(name) for name in ("base_amount", "amount", "rate", "currency")}
        return values, len(sources - {None}) == 1 and HUB not in sources
    # A document without totals of its own, as a list of lines is one, still has the figures of its lines.
    source = resolved.provenance.get("gross", resolved.provenance.get("lines"))
    if source is None or source == HUB:
        return values, False
    if resolved.provenance.get("lines") == source:
        return values, True
    image = tx.get(Image, record_kind=kind, record_id=record_id, source=source)
    theirs = _read_values(tx, image, kind).get("lines", ()) if image else ()
    fields = frozenset({"quantity", "unit_price", "tax_rate"})
    ours = values.get("lines", ())
    if not is_same_in_lines(ours, theirs, fields):
        return values, False
    figures = {line.key: {name: getattr(line, name) for name in ("net", "tax", "gross")} for line in theirs}
    values["lines"] = tuple(line.model_copy(update=figures[line.key]) for line in ours)
    return values, True


def compare_records(old: Entity | None, new: Entity) -> dict[str, tuple[Any, Any]]:
    """Business fields that differ: field → (old, new)."""
    found: dict[str, tuple[Any, Any]] = {}
    values = new.__dict__
    for name, default in _list_compared(type(new)):
        before, after = default if old is None else old.__dict__[name], values[name]
        if old is None and (not after or not before):
            if after:
                found[name] = (before, after)
        elif before is not after and not is_same(before, after):
            found[name] = (before, after)
    return found


@cache
def _list_compared(model: type[Entity]) -> tuple[tuple[str, Any], ...]:
    """Business fields with what they hold when nothing was said."""
    fields = [(name, info) for name, info in model.model_fields.items() if name not in SYSTEM_FIELDS - {"deleted_at"}]
    return tuple((name, None if info.is_required() else info.default) for name, info in fields)


def is_void(record: Entity) -> bool:
    """Whether the hub wants the record's documents cancelled. A deleted party keeps its counterparts elsewhere."""
    return getattr(record, "state", None) == "void"


def counts(record: Entity) -> bool:
    """Whether a document still counts; one that ended here and there need not be void in both."""
    return getattr(record, "state", None) not in record.ENDED


def mark_bindings(
    tx: UnitOfWork, hub: Hub, record: Entity, *, cause: Binding | None, rows: Sequence[Binding] | None = None
) -> list[UUID]:
    """Every outbound sync of the kind gets its intent as a row, in the transaction that caused it. ``rows``: the
    record's bindings, where they are known."""
    if rows is None:
        rows = tx.find(Binding, kind=record.KIND, hub_id=record.id, lock=True)
    touched: list[UUID] = []
    for connection, settings in sorted(hub.config.connections.items()):
        sync = settings.syncs.get(record.KIND)
        if sync is None or sync.direction is Direction.IN:
            continue
        mine = [row for row in rows if row.connection == connection]
        if not mine and not is_void(record) and belongs_there(hub, connection, record):
            touched.append(tx.insert(make_binding(hub, connection, record.KIND, record.id)).id)
        for row in mine:
            if cause is not None and row.id == cause.id:
                continue
            if row.primary and row.state not in (BindingState.TOMB, BindingState.FOREIGN):
                tx.save(row.model_copy(update=_make_due(row, record)))
                touched.append(row.id)
    note_record(tx, hub, record, rows)
    return touched


def belongs_there(hub: Hub, connection: str, record: Entity) -> bool:
    """Whether the mapping of a connection takes such records at all: a calendar no mails."""
    return not record.CHOSEN or hub.open(connection).mapping_of(record.KIND).belongs(record)


def _make_due(row: Binding, record: Entity) -> dict[str, Any]:
    lifted = {name: code for name, code in row.held.items() if name != "*"}
    wait = row.not_before if row.state in (BindingState.UNKNOWN, BindingState.REVERSING) else None
    waits_already = row.dirty or row.parked or row.held
    since = row.updated_at if waits_already else record.updated_at  # by it late rows are found, and queued
    return {"dirty": True, "void_wanted": is_void(record), "not_before": wait, "held": lifted, "updated_at": since}


def make_binding(hub: Hub, connection: str, kind: str, record_id: UUID, **more: Any) -> Binding:
    """A fresh binding with the reference of its first revision."""
    reference = more["ref"] if "ref" in more else make_reference(hub.installation, record_id)
    values = {"ref": reference, "ours": True, "updated_at": hub.now(), **more}
    return Binding.trusted(id=hub.new_id(), connection=connection, kind=kind, hub_id=record_id, **values)
