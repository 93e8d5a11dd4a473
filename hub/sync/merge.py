"""Two records are found to be one: everything that was said about the loser is said about the survivor from then on.

Because records are computed from images, a merge moves images and bindings, and computes the survivor and all that
referred to the loser anew; what sources said is not changed. The loser's id stays good as another name of the survivor
(``hub.sync.aliases``), and the row of the merge remembers what ``hub.sync.unmerge`` needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.identity.resolver import PartyFacts, find_veto
from hub.identity.survive import HUB
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Direction
from hub.store import UnitOfWork
from hub.store.identity_rows import Merge, MergeRef
from hub.store.rows import Conflict, Image, Sign
from hub.sync.aliases import IDENTIFIED, find_roots, forget_aliases
from hub.sync.candidate_keys import forget_due
from hub.sync.context import Hub
from hub.sync.matching import VETOES
from hub.sync.relations import Place, list_referring
from hub.sync.resolve import compare_records, rebuild_record
from hub.sync.show import describe_record
from hub.sync.signs import HERE

UNDER_WAY = (BindingState.SENDING, BindingState.UNKNOWN, BindingState.REVERSING)
ENDED = (BindingState.TOMB, BindingState.FOREIGN)
MERGING = "identity.merging"
PRIMARY, KEPT, NEEDLESS = "primary", "kept", "needless"


@dataclass(frozen=True)
class MovedBinding:
    """A document of the loser elsewhere. ``role``: ``primary`` receives writes, ``kept`` is read and not written,
    ``needless`` was never sent and goes."""

    connection: str
    remote_id: str | None
    remote_number: str | None
    role: str


@dataclass(frozen=True)
class MergeReport:
    """What a merge comes to; a preview is the same. ``changes``: field of the survivor → (old, new). ``lost``: field →
    what the loser said and the survivor does not. ``references``: kind → how many records referred to the loser and
    refer to the survivor now."""

    merge_id: UUID
    kind: str
    survivor_id: UUID
    survivor: str
    loser_id: UUID
    loser: str
    changes: Mapping[str, tuple[Any, Any]]
    lost: Mapping[str, Any]
    bindings: Sequence[MovedBinding]
    references: Mapping[str, int]
    due: Sequence[UUID] = field(default=(), compare=False)


def merge_records(
    hub: Hub, kind: str, survivor_id: UUID, loser_id: UUID, actor: str, evidence: Mapping[str, Any] | None = None
) -> MergeReport:
    """Make them one, in one transaction. ``RuleBroken`` names what speaks against it: two legal entities, or a write
    that is under way."""
    check_kind(kind)
    done = hub.store.carry_out(lambda tx: apply_merge(tx, hub, kind, survivor_id, loser_id, actor, evidence))
    hub.hint(done.due)
    return done


def preview_merge(hub: Hub, kind: str, survivor_id: UUID, loser_id: UUID, actor: str) -> MergeReport:
    """What ``merge_records`` would do, by doing it and taking it back."""
    check_kind(kind)
    with hub.store.rehearse() as tx:
        return apply_merge(tx, hub, kind, survivor_id, loser_id, actor)


def check_kind(kind: str) -> None:
    """``ConfigInvalid`` for kinds whose records are never the same."""
    if kind not in IDENTIFIED:
        raise ConfigInvalid("identity.kind_not_merged", kind=kind, known=", ".join(sorted(IDENTIFIED)))


def apply_merge(
    tx: UnitOfWork,
    hub: Hub,
    kind: str,
    survivor_id: UUID,
    loser_id: UUID,
    actor: str,
    evidence: Mapping[str, Any] | None = None,
) -> MergeReport:
    """The same inside a transaction of the caller."""
    survivor, loser = hold_roots(tx, kind, survivor_id, loser_id)
    check_mergeable(survivor, loser)
    merge = Merge(
        id=hub.new_id(), record_kind=kind, loser_id=loser.id, survivor_id=survivor.id, root_id=survivor.id,
        actor=actor, evidence=dict(evidence or {"rule": "person"}), at=hub.now(),
    )  # fmt: skip
    merge, bindings = _move_bindings(tx, hub, merge)
    _move_images(tx, merge)
    places = list_referring(tx, kind, loser.id)
    _lead_to(tx, merge)
    tx.save_record(loser.model_copy(update={"deleted_at": merge.at}))
    forget_due(tx, loser)
    tx.delete(Sign, record_kind=kind, side=HERE, key=str(loser.id))
    done = rebuild_record(tx, hub, kind, survivor.id, actor=actor, cause=None, run_id=None, derived=True)
    due = [*done.due, *rebuild_places(tx, hub, places, actor)]
    for place in places:
        tx.insert(MergeRef(merge_id=merge.id, record_kind=place.kind, record_id=place.record_id))
    for one, other in ((survivor, loser), (loser, survivor)):
        tx.journal(
            actor, "record.merged", kind=kind, record_id=one.id, merge=str(merge.id), survivor=str(survivor.id),
            loser=str(loser.id), other=describe_record(other, str(other.id))[0], evidence=merge.evidence,
        )  # fmt: skip
    after = tx.get(find_kind(kind), id=survivor.id) or done.record
    return MergeReport(
        merge.id, kind, survivor.id, describe_record(survivor, str(survivor.id))[0], loser.id,
        describe_record(loser, str(loser.id))[0], compare(survivor, after), find_lost(loser, after), tuple(bindings),
        dict(Counter(place.kind for place in places)), tuple(due),
    )  # fmt: skip


def take_turns(tx: UnitOfWork) -> None:
    """One at a time merges: two that each go from record to record would wait for each other."""
    tx.hold_names([MERGING])


def hold_roots(tx: UnitOfWork, kind: str, one: UUID, other: UUID) -> tuple[Entity, Entity]:
    """What stands for the two now, locked. ``RuleBroken`` when they are one already."""
    take_turns(tx)
    while True:
        forget_aliases(tx)
        roots = find_roots(tx, kind, [one, other])
        first, second = roots.get(one, one), roots.get(other, other)
        if first == second:
            raise RuleBroken("identity.already_one", kind=kind, record=str(first))
        tx.hold(find_kind(kind), [first, second])
        forget_aliases(tx)
        if not find_roots(tx, kind, [first, second]):  # nobody was faster
            return _load(tx, kind, first), _load(tx, kind, second)


def _load(tx: UnitOfWork, kind: str, record_id: UUID) -> Entity:
    record = tx.get(find_kind(kind), id=record_id, lock=True)
    if record is None or record.deleted_at is not None:
        raise NotFound("sync.record_unknown", kind=kind, text=str(record_id))
    return record


def check_mergeable(survivor: Entity, loser: Entity) -> None:
    """Nobody, not even a person by mistake, makes one of two legal entities."""
    veto = find_veto(PartyFacts.of_record(survivor), PartyFacts.of_record(loser))
    if veto is not None:
        raise RuleBroken(VETOES[veto], name=getattr(survivor, "name", ""), other=getattr(loser, "name", ""))


def compare(before: Entity, after: Entity) -> dict[str, tuple[Any, Any]]:
    """Business fields that differ: field → (old, new)."""
    return compare_records(before, after)


def find_lost(loser: Entity, after: Entity) -> dict[str, Any]:
    """Values of the loser that the survivor shows otherwise."""
    told = {name: old for name, (old, _) in compare(loser, after).items()}
    return {name: value for name, value in told.items() if value not in (None, "", (), {}) and name != "deleted_at"}


# ---------------------------------------------------------------- what moves


def _move_images(tx: UnitOfWork, merge: Merge) -> None:
    for image in tx.find(Image, record_kind=merge.record_kind, record_id=merge.loser_id):
        home = image.home_id or merge.loser_id
        move_image(tx, image, merge.survivor_id, home)


def move_image(tx: UnitOfWork, image: Image, record_id: UUID, home: UUID) -> None:
    """Make it an image of another record. What the hub itself said keeps apart by the record it was said of."""
    tx.delete(Image, record_kind=image.record_kind, record_id=image.record_id, source=image.source)
    at_home = home == record_id
    source = image.source
    if image.connection is None:
        source = HUB if at_home else f"{HUB}#{home}"
    update = {"record_id": record_id, "source": source, "home_id": None if at_home else home}
    tx.insert(image.model_copy(update=update))


def _move_bindings(tx: UnitOfWork, hub: Hub, merge: Merge) -> tuple[Merge, list[MovedBinding]]:
    """Every document stays bound. One of each connection receives writes, the survivor's if it has a living one; a
    party that was still to be made there is not made twice."""
    where: dict[str, Any] = {"kind": merge.record_kind, "lock": True, "order": ["connection", "id"]}
    mine = tx.find(Binding, hub_id=merge.survivor_id, **where)
    theirs = tx.find(Binding, hub_id=merge.loser_id, **where)
    check_quiet(hub, [*mine, *theirs])
    needless = _find_needless([*mine, *theirs])
    kept = [row for row in (*mine, *theirs) if row.id not in needless]
    primary = {row.id for connection in {row.connection for row in kept} for row in _choose_primary(kept, connection)}
    told: list[MovedBinding] = []
    for row in (*mine, *theirs):
        role = NEEDLESS if row.id in needless else PRIMARY if row.id in primary else KEPT
        if row.hub_id == merge.loser_id:
            told.append(MovedBinding(row.connection, row.remote_id, row.remote_number, role))
        if role == NEEDLESS:
            tx.delete(Binding, id=row.id)
        else:
            _move_binding(tx, hub, merge, row, primary=role == PRIMARY)
    dropped = [row.model_dump(mode="json") for row in (*mine, *theirs) if row.id in needless]
    primaries = {str(row.id): row.primary for row in kept}
    return tx.save(merge.model_copy(update={"dropped": dropped, "primaries": primaries})), told


def check_quiet(hub: Hub, rows: Iterable[Binding]) -> None:
    """``RuleBroken`` while something is being written: whose it is must be known when the answer comes."""
    for row in rows:
        if row.state in UNDER_WAY or (row.lease_until is not None and row.lease_until > hub.now()):
            raise RuleBroken("identity.write_under_way", connection=row.connection, binding=str(row.id))


def _find_needless(rows: Sequence[Binding]) -> set[UUID]:
    """What has no document there, on connections that have one, or another such row, of the same party."""
    found: set[UUID] = set()
    for connection in {row.connection for row in rows}:
        here = [row for row in rows if row.connection == connection]
        unsent = [row for row in here if row.remote_id is None]
        found |= {row.id for row in (unsent if len(unsent) < len(here) else unsent[1:])}
    return found


def _choose_primary(rows: Sequence[Binding], connection: str) -> list[Binding]:
    """The survivor's rows come first."""
    here = [row for row in rows if row.connection == connection]
    living = [row for row in here if row.state not in ENDED] or here
    return next(([row] for row in living if row.primary), living[:1])


def _move_binding(tx: UnitOfWork, hub: Hub, merge: Merge, row: Binding, *, primary: bool) -> None:
    update: dict[str, Any] = {"primary": primary}
    if row.hub_id == merge.loser_id:
        update |= {"hub_id": merge.survivor_id, "home_id": row.home_id or merge.loser_id}
        for conflict in tx.find(Conflict, binding_id=row.id):
            tx.save(conflict.model_copy(update={"record_id": merge.survivor_id}))
    if not primary:
        update |= {"dirty": False, "held": {}}
    if (not primary or row.hub_id == merge.loser_id) and writes_to(hub, row):  # at least it is told, if it can be
        update |= {"dirty": True, "not_before": None, "updated_at": hub.now()}
    tx.save(row.model_copy(update=update))


def writes_to(hub: Hub, row: Binding) -> bool:
    """Whether the hub writes such records there at all."""
    settings = hub.config.connections.get(row.connection)
    sync = settings.syncs.get(row.kind) if settings is not None else None
    return sync is not None and sync.direction is not Direction.IN and row.state not in ENDED


def _lead_to(tx: UnitOfWork, merge: Merge) -> None:
    """Everything that the loser stood for leads to the survivor."""
    rows = tx.find(Merge, record_kind=merge.record_kind, root_id=merge.loser_id, undone_at=None)
    for row in rows:
        tx.save(row.model_copy(update={"root_id": merge.survivor_id}))
    forget_aliases(tx)


def rebuild_places(tx: UnitOfWork, hub: Hub, places: Sequence[Place], actor: str) -> list[UUID]:
    """Compute anew what refers to a record that was merged or parted. No system needs to be told: whatever it has of
    the party stays bound to it."""
    due: list[UUID] = []
    for place in places:
        before = tx.get(find_kind(place.kind), id=place.record_id)
        if before is None or before.deleted_at is not None:
            continue
        done = rebuild_record(
            tx, hub, place.kind, place.record_id, actor=actor, cause=None, run_id=None, derived=True, quiet=True
        )
        due += done.due
        if done.record.revision != before.revision:
            _follow_revision(tx, place, before.revision, done.record.revision)
    return due


def _follow_revision(tx: UnitOfWork, place: Place, old: int, new: int) -> None:
    """It is no edit that would have a document submitted again."""
    for row in tx.find(Binding, kind=place.kind, hub_id=place.record_id, lock=True):
        moved = {name: new for name in ("claimed_revision", "submitted_revision") if getattr(row, name) == old}
        if moved:
            tx.save(row.model_copy(update=moved))
