"""Records as people see them: create, edit, void, find, list, explain. An edit in the hub is the image ``hub``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.crm.rules import rules_for
from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.model.base import Entity
from hub.model.kinds import check_fields, encode_fields, find_kind, list_fields, refuse_field
from hub.model.product import Product
from hub.model.sales import PricedLine
from hub.protocol.binding import Binding, BindingState
from hub.protocol.diff import comparable
from hub.protocol.semantics import NO_FIELDS, Amend, Direction, Owner, Policy, Stage
from hub.store import UnitOfWork
from hub.store.identity_rows import Merge
from hub.sync.aliases import IDENTIFIED, find_root
from hub.sync.candidate_keys import write_keys
from hub.sync.candidates import check_newcomer
from hub.sync.claims import claim_values, pin_value, unpin_values
from hub.sync.context import Hub
from hub.sync.derive import find_feeding
from hub.sync.intent import find_start, is_history, list_parents, list_values
from hub.sync.period import check_period
from hub.sync.resolve import Rebuilt, counts, rebuild_record

_FIRST_WIDTH = 4


def create_record(hub: Hub, kind: str, values: Mapping[str, Any], actor: str, *, anyway: bool = False) -> Entity:
    """A new record with these values; every outbound sync of the kind gets its intent in the same transaction.

    ``RuleBroken`` names kind, field and value of what is not accepted, and the parties that it could be (``anyway``: it
    is none of them); ``NotFound`` what it refers to in vain.
    """

    done = hub.store.carry_out(lambda tx: apply_create(tx, hub, kind, values, actor, anyway=anyway))
    hub.hint(done.due)
    return done.record


def apply_create(
    tx: UnitOfWork,
    hub: Hub,
    kind: str,
    values: Mapping[str, Any],
    actor: str,
    *,
    record_id: UUID | None = None,
    anyway: bool = True,
) -> Rebuilt:
    """The same inside a transaction of the caller, who may have chosen the id, and asked whom it could be."""
    model = find_kind(kind)
    prepared = _prepare(hub, kind, values)
    if "currency" in model.model_fields and model.model_fields["currency"].is_required():
        prepared.setdefault("currency", hub.config.organisation.currency)
    if model.DAY:
        prepared.setdefault(model.DAY, hub.moment(actor).today)
    _check_twin(tx, kind, prepared)
    if not anyway and kind in IDENTIFIED:
        check_newcomer(tx, hub, kind, prepared)
    prepared = _fill_lines(tx, prepared)
    check_period(hub, kind, None, prepared)
    if model.PREFIX and not prepared.get(model.NUMBER):
        prepared[model.NUMBER] = tx.next_number(kind, model.PREFIX, _FIRST_WIDTH)
    return _claim_fields(tx, hub, kind, record_id or hub.new_id(), prepared, actor)


def _prepare(hub: Hub, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    model = find_kind(kind)
    unknown = [name for name in values if "." not in name and name not in list_fields(kind)]
    if unknown:
        raise refuse_field(kind, unknown[0])
    derived = sorted(set(values) & model.DERIVED)
    if derived:
        raise RuleBroken("sync.field_derived", kind=kind, field=", ".join(derived))
    return check_fields(kind, _key_lines(values))


def _key_lines(values: Mapping[str, Any]) -> dict[str, Any]:
    """Lines that come without a key are numbered."""
    keyed = dict(values)
    for name, value in values.items():
        if isinstance(value, list | tuple) and value and all(isinstance(item, dict) for item in value):
            keyed[name] = [{"key": str(place), **item} for place, item in enumerate(value, 1)]
    return keyed


def _fill_lines(tx: UnitOfWork, values: dict[str, Any]) -> dict[str, Any]:
    """Priced lines take name, unit and tax rate from their product where they were not given."""
    lines = values.get("lines")
    if not lines or not isinstance(lines[0], PricedLine):
        return values
    filled = []
    for line in lines:
        product = tx.get(Product, id=line.product_id) if line.product_id else None
        update = {
            name: getattr(product, name)
            for name in ("name", "unit", "tax_rate")
            if product is not None and name not in line.model_fields_set and getattr(product, name) is not None
        }
        filled.append(line.model_copy(update=update))
    return {**values, "lines": tuple(filled)}


def _check_twin(tx: UnitOfWork, kind: str, values: Mapping[str, Any]) -> None:
    """A party with the same valid identifier is the same party; a number is given once."""
    model = find_kind(kind)
    completed = rules_for(kind).complete(dict(values)) if "identifiers" in values else values
    for item in completed.get("identifiers", ()):
        twins = tx.find_by_line(model, "identifiers", kind=item.kind.value, value=item.value, validity="valid")
        if item.validity.value == "valid" and twins:
            twin = twins[0]
            raise RuleBroken("sync.same_identifier", kind=kind, value=item.value, record=str(twin.id))
    number = values.get(model.NUMBER)
    if number and model.NUMBER == "number" and tx.find(model, number=number, limit=1):
        raise RuleBroken("sync.same_number", kind=kind, number=number)


def edit_record(hub: Hub, kind: str, record_id: UUID, changes: Mapping[str, Any], actor: str) -> Entity:
    """Change some fields. A change that another system is known to refuse (``amend = refuse``) is refused here, naming
    that system and the document's state there."""
    done = hub.store.carry_out(lambda tx: apply_edit(tx, hub, kind, record_id, changes, actor))
    hub.hint(done.due)
    return done.record


def apply_edit(tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, changes: Mapping[str, Any], actor: str) -> Rebuilt:
    """The same inside a transaction of the caller."""
    prepared = _prepare(hub, kind, changes)
    record = _load(tx, kind, record_id)
    prepared = _fill_lines(tx, prepared)
    check_period(hub, kind, record, prepared)
    _check_refusals(tx, hub, kind, record, prepared)
    return _claim_fields(tx, hub, kind, record.id, prepared, actor)


def _check_refusals(tx: UnitOfWork, hub: Hub, kind: str, record: Entity, changes: Mapping[str, Any]) -> None:
    """``RuleBroken`` for what could have no effect: fields that another system decides, and edits that it refuses."""
    before = list_values(record)
    for row, policy in _list_counterparts(tx, hub, kind, record):
        theirs = [
            name
            for name, value in changes.items()
            if name in policy.mapped_in and policy.owner_of(name) is Owner.REMOTE and name != policy.number_field
            and comparable(policy, name, value) != comparable(policy, name, before.get(name))
        ]  # fmt: skip
        if theirs:
            raise RuleBroken("sync.field_theirs", connection=row.connection, fields=", ".join(theirs), kind=kind)
        _check_history(hub, row, policy, record, _list_moved(policy, before, changes))
        if not _refuses_amends(policy):
            continue
        allowed = policy.semantics.editable.get(Stage(row.stage or ""), NO_FIELDS)
        moved = _list_moved(policy, before, changes)
        locked = [name for name in moved if name not in allowed and "*" not in allowed]
        if locked:
            raise RuleBroken(
                "sync.edit_refused", connection=row.connection, fields=", ".join(locked), stage=row.stage,
                number=row.remote_number or row.remote_id,
            )  # fmt: skip
    if changes.get("state") == "void":
        _check_void(tx, hub, kind, record)


def _list_moved(policy: Policy, before: Mapping[str, Any], changes: Mapping[str, Any]) -> list[str]:
    """The fields whose change would have to be written there."""
    return [
        name
        for name, value in changes.items()
        if name in policy.mapped_out and comparable(policy, name, value) != comparable(policy, name, before.get(name))
    ]


def _check_history(hub: Hub, row: Binding, policy: Policy, record: Entity, moved: Sequence[str]) -> None:
    """Refused at once rather than held: nothing will ever write it, and both sides stay equal."""
    if moved and policy.direction is not Direction.IN and is_history(hub, row, record):
        number = row.remote_number or row.remote_id
        start = find_start(hub, row.connection, record)
        raise RuleBroken(
            "sync.edit_before_start", connection=row.connection, fields=", ".join(moved), number=number,
            start_date=str(start),
        )  # fmt: skip


def _check_void(tx: UnitOfWork, hub: Hub, kind: str, record: Entity) -> None:
    for row, policy in _list_counterparts(tx, hub, kind, record):
        if policy.direction is not Direction.IN and is_history(hub, row, record):
            number, start = row.remote_number or row.remote_id, find_start(hub, row.connection, record)
            raise RuleBroken("sync.void_before_start", connection=row.connection, number=number, start_date=str(start))
        if _refuses_amends(policy) and Stage(row.stage or "") not in policy.semantics.voidable:
            number = row.remote_number or row.remote_id
            raise RuleBroken("sync.void_refused", connection=row.connection, stage=row.stage, number=number)


def _check_children(tx: UnitOfWork, kind: str, record: Entity) -> None:
    """Documents that hang on this one come first: an order with payments is not voided."""
    for feeder in rules_for(kind).feeders:
        for child in find_feeding(tx, feeder, record.id) if find_kind(feeder.kind).TRANSACTIONAL else ():
            if counts(child):
                number = getattr(child, child.NUMBER, "") or str(child.id)
                raise RuleBroken("sync.has_children", kind=kind, child_kind=feeder.kind, child=number)


def _list_counterparts(tx: UnitOfWork, hub: Hub, kind: str, record: Entity) -> Iterator[tuple[Binding, Policy]]:
    """The living documents of the record elsewhere whose state is known, each with the policy of its sync."""
    for row in tx.find(Binding, kind=kind, hub_id=record.id):
        settings = hub.config.connections.get(row.connection)
        if settings is None or row.stage is None or row.state is BindingState.TOMB or kind not in settings.syncs:
            continue
        yield row, hub.open(row.connection).policies[kind]


def _refuses_amends(policy: Policy) -> bool:
    return policy.semantics.amend is Amend.REFUSE and policy.direction is not Direction.IN


def void_record(hub: Hub, kind: str, record_id: UUID, actor: str) -> Entity:
    """Void a document, or delete a party or product (a tombstone stays); their documents are cancelled by push. A void
    that another system is known to refuse (``amend = refuse``) is refused here, naming that system and the document's
    state there."""

    def work(tx: UnitOfWork) -> tuple[Entity, Sequence[UUID]]:
        record = _load(tx, kind, record_id)
        if find_kind(kind).TRANSACTIONAL:
            done = apply_void(tx, hub, kind, record, actor)
            return done.record, done.due
        voided = tx.save_record(record.model_copy(update={"deleted_at": hub.now()}))
        write_keys(tx, record, voided)
        tx.journal(actor, "record.deleted", kind=kind, record_id=record.id)
        return voided, _free_unsent(tx, kind, record.id)

    voided, due = hub.store.carry_out(work)
    hub.hint(due)
    return voided


def apply_void(tx: UnitOfWork, hub: Hub, kind: str, record: Entity, actor: str) -> Rebuilt:
    """Void a document inside a transaction of the caller, whoever decides its state as long as it lives."""
    rules_for(kind).check_transition(record.state, "void")  # type: ignore[attr-defined] # documents have one
    check_period(hub, kind, record, {"state": "void"})
    _check_children(tx, kind, record)
    _check_void(tx, hub, kind, record)
    return _claim_fields(tx, hub, kind, record.id, check_fields(kind, {"state": "void"}), actor)


def _free_unsent(tx: UnitOfWork, kind: str, record_id: UUID) -> Sequence[UUID]:
    """What was never made there, whatever it waits for, is given up at once."""
    rows = tx.find(Binding, kind=kind, hub_id=record_id, remote_id=None, lock=True)
    unsent = [row for row in rows if row.attempts == 0 and row.state is BindingState.NEW]
    return [tx.save(row.model_copy(update={"not_before": None, "held": {}, "parked": None})).id for row in unsent]


def _claim_fields(
    tx: UnitOfWork, hub: Hub, kind: str, record_id: UUID, values: Mapping[str, Any], actor: str
) -> Rebuilt:
    """Put the values into the hub's own image and compute the record anew."""
    claim_values(tx, hub, kind, record_id, encode_fields(kind, values), actor)
    done = rebuild_record(tx, hub, kind, record_id, actor=actor, cause=None, run_id=None)
    for target, target_id in list_parents(done.record, frozenset(values)):
        if tx.get(find_kind(target), id=target_id) is None:
            raise NotFound("sync.record_unknown", kind=target, text=str(target_id))
    return done


def pin_fields(
    hub: Hub, kind: str, record_id: UUID, values: Mapping[str, Any], loose: Collection[str], actor: str
) -> Entity:
    """Values that hold against every source from now on, whoever owns the field there; ``loose``: fields that are
    pinned no longer."""

    def work(tx: UnitOfWork) -> Rebuilt:
        record = _load(tx, kind, record_id)
        pin_value(tx, hub, kind, record.id, encode_fields(kind, _prepare(hub, kind, values)), actor)
        unpin_values(tx, hub, kind, record.id, loose, actor)
        return rebuild_record(tx, hub, kind, record.id, actor=actor, cause=None, run_id=None)

    done = hub.store.carry_out(work)
    hub.hint(done.due)
    return done.record


def _load(tx: UnitOfWork, kind: str, record_id: UUID) -> Entity:
    record = tx.get(find_kind(kind), id=find_root(tx, kind, record_id), lock=True)
    if record is None or record.deleted_at is not None:
        raise NotFound("sync.record_unknown", kind=kind, text=str(record_id))
    return record


def find_record(hub: Hub, kind: str, text: str) -> Entity:
    """By id, unique beginning of an id, number, or name; ``NotFound`` or ``ConfigInvalid`` when several fit."""
    model = find_kind(kind)
    with hub.store.read() as tx:
        found = _find_by_id(tx, model, text)
        for name in dict.fromkeys((model.NUMBER, "number", "name", "subject")):
            if not found and name in model.model_fields:
                where: dict[str, Any] = {name: text}
                found = tx.find(model, limit=3, **where)
        if not found:
            rows = tx.find(Binding, kind=kind, remote_number=text, limit=3)
            found = [record for row in rows if (record := tx.get(model, id=row.hub_id)) is not None]
    if not found:
        raise NotFound("sync.record_unknown", kind=kind, text=text)
    if len({record.id for record in found}) > 1:
        raise ConfigInvalid("sync.record_ambiguous", kind=kind, text=text, ids=", ".join(str(r.id) for r in found))
    return found[0]


def _find_by_id(tx: UnitOfWork, model: type[Entity], text: str) -> list[Entity]:
    plain = text.replace("-", "").lower()
    if not 8 <= len(plain) <= 32 or any(char not in "0123456789abcdef" for char in plain):
        return []
    low, high = UUID(plain.ljust(32, "0")), UUID(plain.ljust(32, "f"))
    return list(tx.find(model, id__ge=low, id__le=high, limit=3)) or _find_merged(tx, model, low, high)


def _find_merged(tx: UnitOfWork, model: type[Entity], low: UUID, high: UUID) -> list[Entity]:
    """The id of a record that was merged names what stands for it now."""
    rows = tx.find(Merge, record_kind=model.KIND, loser_id__ge=low, loser_id__le=high, undone_at=None, limit=3)
    roots = sorted({row.root_id for row in rows})
    return list(tx.find(model, id__in=roots)) if roots else []


def list_records(hub: Hub, kind: str, *, text: str | None = None, limit: int = 50) -> list[Entity]:
    """The newest records, or those whose number or name starts with ``text``."""
    model = find_kind(kind)
    names = [name for name in dict.fromkeys((model.NUMBER, "name", "subject")) if name in model.model_fields]
    with hub.store.read() as tx:
        if text is None:
            return list(tx.find(model, order=["-id"], limit=limit))
        found: dict[UUID, Entity] = {}
        for name in names:
            where: dict[str, Any] = {f"{name}__prefix": text}
            for record in tx.find(model, order=[name], limit=limit, **where):
                found.setdefault(record.id, record)
    return list(found.values())[:limit]
