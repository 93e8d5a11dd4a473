"""A merge is taken back, whatever happened since: images and bindings go back to the record that they were about, and
both records, and all that referred to them, are computed anew.

What other systems said later of the loser's own documents goes back with them. What people typed into the survivor
stays with it; where the loser says something else about the same field, that is listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound
from hub.identity.survive import HUB
from hub.model.base import Entity
from hub.model.kinds import encode_fields, find_kind
from hub.protocol.binding import Binding
from hub.store import UnitOfWork
from hub.store.bookkeeping import open_payload
from hub.store.identity_rows import Merge, MergeRef
from hub.store.rows import Conflict, Image, Payload
from hub.sync.aliases import forget_aliases, list_below
from hub.sync.candidate_keys import write_keys
from hub.sync.context import Hub, OpenConnection
from hub.sync.merge import ENDED, check_kind, check_quiet, compare, move_image, rebuild_places, writes_to
from hub.sync.pairs import say_pair
from hub.sync.relations import Place, list_links, list_referring, list_refs_of
from hub.sync.resolve import rebuild_record
from hub.sync.show import describe_record, name_record
from hub.sync.translate import make_context, read_given
from hub.sync.verdicts import DIFFERENT

_CHUNK = 500
Opened = Mapping[str, OpenConnection]


@dataclass(frozen=True)
class Disagreement:
    """A field that was edited on the survivor after the merge and that the loser says otherwise."""

    field: str
    survivor_value: Any
    loser_value: Any


@dataclass(frozen=True)
class Staying:
    """A record that referred to the loser before the merge, was changed since, and stays with the survivor; or one of
    which nobody can say any more whose it is."""

    kind: str
    record_id: UUID
    label: str
    code: str


@dataclass(frozen=True)
class UnmergeReport:
    """What came of it. ``changes``: field of the survivor → (old, new). ``references``: kind → records that refer to
    the loser again."""

    merge_id: UUID
    kind: str
    survivor_id: UUID
    survivor: str
    loser_id: UUID
    loser: str
    changes: Mapping[str, tuple[Any, Any]]
    bindings: int
    references: Mapping[str, int]
    conflicts: Sequence[Disagreement] = ()
    staying: Sequence[Staying] = ()
    due: Sequence[UUID] = field(default=(), compare=False)


def find_merge(tx: UnitOfWork, kind: str, loser_id: UUID) -> Merge:
    """The merge that holds, by the id that lost."""
    found = tx.get(Merge, record_kind=kind, loser_id=loser_id, undone_at=None)
    if found is None:
        raise NotFound("identity.not_merged", record=str(loser_id))
    return found


def find_merged(hub: Hub, text: str) -> Merge:
    """The merge that holds, by the beginning of the id that lost, or of the merge. ``NotFound``, or ``ConfigInvalid``
    when several begin so."""
    plain = text.strip().replace("-", "").lower()
    if not 8 <= len(plain) <= 32 or any(char not in "0123456789abcdef" for char in plain):
        raise NotFound("identity.not_merged", record=text)
    low, high = UUID(plain.ljust(32, "0")), UUID(plain.ljust(32, "f"))
    with hub.store.read() as tx:
        found = tx.find(Merge, loser_id__ge=low, loser_id__le=high, undone_at=None, limit=3)
        found = found or tx.find(Merge, id__ge=low, id__le=high, undone_at=None, limit=3)
    if not found:
        raise NotFound("identity.not_merged", record=text)
    if len(found) > 1:
        ids = ", ".join(str(row.loser_id) for row in found)
        raise ConfigInvalid("sync.record_ambiguous", kind=found[0].record_kind, text=text, ids=ids)
    return found[0]


def unmerge_record(hub: Hub, kind: str, loser_id: UUID, actor: str) -> UnmergeReport:
    """Part what was merged, in one transaction; the two are not put together again by themselves."""
    check_kind(kind)
    opened = _open_all(hub, kind, loser_id)
    done = hub.store.carry_out(lambda tx: apply_unmerge(tx, hub, kind, loser_id, actor, opened))
    hub.hint(done.due)
    return done


def preview_unmerge(hub: Hub, kind: str, loser_id: UUID, actor: str) -> UnmergeReport:
    """What ``unmerge_record`` would do, by doing it and taking it back."""
    check_kind(kind)
    opened = _open_all(hub, kind, loser_id)
    with hub.store.rehearse() as tx:
        return apply_unmerge(tx, hub, kind, loser_id, actor, opened)


def _open_all(hub: Hub, kind: str, loser_id: UUID) -> Opened:
    """The connections whose records may have to be read anew, with their code tables: not inside a transaction."""
    with hub.store.read() as tx:
        root = find_merge(tx, kind, loser_id).root_id
        names = {row.connection for row in tx.find(Binding, kind=kind, hub_id=root, home_id__null=False)}
    return {name: hub.open(name).with_codes() for name in sorted(names & set(hub.config.connections))}


def apply_unmerge(tx: UnitOfWork, hub: Hub, kind: str, loser_id: UUID, actor: str, opened: Opened) -> UnmergeReport:
    """The same inside a transaction of the caller."""
    merge, survivor = _hold(tx, kind, loser_id)
    path = _list_path(tx, merge)
    below = list_below(tx, kind, loser_id)
    members = [loser_id, *(row.loser_id for row in below)]
    before = list_referring(tx, kind, survivor.id)
    came = _move_bindings(tx, hub, merge, survivor.id, members)
    _restore_dropped(tx, hub, merge)
    _move_images(tx, merge, survivor.id, members)
    tx.save(merge.model_copy(update={"undone_at": hub.now(), "undone_by": actor}))
    for row in below:
        tx.save(row.model_copy(update={"root_id": loser_id}))
    forget_aliases(tx)
    due, loser, after = _rebuild_both(tx, hub, merge, survivor, actor)
    told = _list_told(tx, merge, below)
    reread = _Rereading(tx, hub, opened, kind, merge, came, members)
    fresh = reread.settle([place for place in before if place not in told])
    places = [*told, *fresh]
    due += rebuild_places(tx, hub, places, actor)
    due += _mark_written(tx, merge, places)
    say_pair(tx, hub, kind, (loser_id, merge.survivor_id), DIFFERENT, actor)
    for one, other in ((survivor, loser), (loser, survivor)):
        tx.journal(
            actor, "record.unmerged", kind=kind, record_id=one.id, merge=str(merge.id), survivor=str(survivor.id),
            loser=str(loser.id), other=describe_record(other, str(other.id))[0],
        )  # fmt: skip
    back, staying = _sort_places(tx, kind, loser_id, places)
    staying += [Staying(place.kind, place.record_id, name_record(tx, place.kind, place.record_id), "identity.unsure")
                for place in reread.unsure]  # fmt: skip
    return UnmergeReport(
        merge.id, kind, survivor.id, describe_record(after, str(after.id))[0], loser_id,
        describe_record(loser, str(loser.id))[0], compare(survivor, after), len(came), back,
        tuple(_find_conflicts(tx, path, survivor.id, loser)), tuple(staying), tuple(due),
    )  # fmt: skip


def _hold(tx: UnitOfWork, kind: str, loser_id: UUID) -> tuple[Merge, Entity]:
    """The merge and what stands for the loser now, locked."""
    while True:
        root = find_merge(tx, kind, loser_id).root_id
        tx.hold(find_kind(kind), [root, loser_id])
        merge = find_merge(tx, kind, loser_id)
        if merge.root_id == root:
            break
    record = tx.get(find_kind(kind), id=root, lock=True)
    if record is None:
        raise NotFound("sync.record_unknown", kind=kind, text=str(root))
    return merge, record


# ---------------------------------------------------------------- what goes back


def _move_images(tx: UnitOfWork, merge: Merge, root: UUID, members: Sequence[UUID]) -> None:
    for start in range(0, len(members), _CHUNK):
        part = members[start : start + _CHUNK]
        for image in tx.find(Image, record_kind=merge.record_kind, record_id=root, home_id__in=part):
            move_image(tx, image, merge.loser_id, image.home_id or merge.loser_id)


def _move_bindings(tx: UnitOfWork, hub: Hub, merge: Merge, root: UUID, members: Sequence[UUID]) -> list[Binding]:
    """The loser's documents, bound to it again; each side has one of each connection that receives writes."""
    rows = tx.find(Binding, kind=merge.record_kind, hub_id=root, lock=True, order=["connection", "id"])
    wanted = set(members)
    going = [row for row in rows if row.home_id in wanted]
    check_quiet(hub, going)
    staying = [row for row in rows if row.home_id not in wanted]
    came = []
    for row in going:
        home = None if row.home_id == merge.loser_id else row.home_id
        came.append(tx.save(row.model_copy(update={"hub_id": merge.loser_id, "home_id": home})))
        for conflict in tx.find(Conflict, binding_id=row.id):
            tx.save(conflict.model_copy(update={"record_id": merge.loser_id}))
    parted = [*_share_writes(tx, hub, merge, came), *_share_writes(tx, hub, merge, staying)]
    return [row for row in parted if row.hub_id == merge.loser_id]


def _share_writes(tx: UnitOfWork, hub: Hub, merge: Merge, rows: Sequence[Binding]) -> Iterator[Binding]:
    """One primary for each connection: that of before the merge, if it is there and lives."""
    for connection in dict.fromkeys(row.connection for row in rows):
        here = [row for row in rows if row.connection == connection]
        living = [row for row in here if row.state not in ENDED] or here
        chosen = next((row for row in living if merge.primaries.get(str(row.id), row.primary)), living[0])
        for row in here:
            update: dict[str, Any] = {"primary": row.id == chosen.id}
            if (row.id != chosen.id or not row.primary) and writes_to(hub, row):  # what was told is told otherwise
                update |= {"dirty": True, "not_before": None, "updated_at": hub.now()}
            yield tx.save(row.model_copy(update=update)) if update != {"primary": row.primary} else row


def _restore_dropped(tx: UnitOfWork, hub: Hub, merge: Merge) -> None:
    """What was still to be made, and is again."""
    for kept in merge.dropped:
        row = Binding.model_validate(kept)
        if row.connection not in hub.config.connections or row.kind not in hub.settings_of(row.connection).syncs:
            continue
        if not tx.find(Binding, connection=row.connection, kind=row.kind, hub_id=row.hub_id, limit=1):
            tx.insert(row.model_copy(update={"updated_at": hub.now()}))


def _rebuild_both(
    tx: UnitOfWork, hub: Hub, merge: Merge, survivor: Entity, actor: str
) -> tuple[list[UUID], Entity, Entity]:
    kind = merge.record_kind
    gone = tx.get(find_kind(kind), id=merge.loser_id, lock=True)
    if gone is None:
        raise NotFound("sync.record_unknown", kind=kind, text=str(merge.loser_id))
    tx.save_record(gone.model_copy(update={"deleted_at": None}))
    due: list[UUID] = []
    records = []
    for record_id in (merge.loser_id, survivor.id):
        done = rebuild_record(tx, hub, kind, record_id, actor=actor, cause=None, run_id=None, derived=True)
        due += done.due
        records.append(done.record)
    write_keys(tx, gone.model_copy(update={"deleted_at": None}), records[0])
    return due, records[0], records[1]


def _list_told(tx: UnitOfWork, merge: Merge, below: Sequence[Merge]) -> list[Place]:
    """What referred to the loser when it was merged, and to what had been merged into it."""
    rows = [ref for row in (merge, *below) for ref in tx.find(MergeRef, merge_id=row.id)]
    return sorted(
        {Place(row.record_kind, row.record_id) for row in rows}, key=lambda place: (place.kind, place.record_id)
    )


@dataclass
class _Rereading:
    """Records that came in, or were read again, while the two were one: whom they are about is read again from what
    their system sent."""

    tx: UnitOfWork
    hub: Hub
    opened: Opened
    kind: str
    merge: Merge
    came: Sequence[Binding]
    members: Sequence[UUID]
    unsure: list[Place] = field(default_factory=list)

    def settle(self, others: Sequence[Place]) -> list[Place]:
        """Those of the records that refer to the survivor, and of those that did before, whose image has to change;
        it is changed."""
        told = set(_list_told(self.tx, self.merge, []))
        found: list[Place] = []
        for kind in dict.fromkeys(place.kind for place in (*others, *told)):
            ids = sorted({place.record_id for place in (*others, *told) if place.kind == kind})
            for start in range(0, len(ids), _CHUNK):
                found += self._settle_some(kind, ids[start : start + _CHUNK])
        return [place for place in dict.fromkeys(found) if place not in told]

    def _settle_some(self, kind: str, ids: Sequence[UUID]) -> Iterator[Place]:
        names = sorted({row.connection for row in self.came} & self.opened.keys())
        where: dict[str, Any] = {"record_id__in": ids, "connection__in": names, "at__ge": self.merge.at}
        for image in self.tx.find(Image, record_kind=kind, **where) if names else ():
            if self._reread(kind, image):
                yield Place(kind, image.record_id)

    def _reread(self, kind: str, image: Image) -> bool:
        """Whether its references lead elsewhere now."""
        conn = self.opened[image.connection or ""]
        mine = {row.remote_id for row in self.came if row.connection == conn.name}
        if kind not in conn.mappings or not mine:
            return False
        where: dict[str, Any] = {"stream": image.stream, "external_id": image.external_id}
        kept = self.tx.find(Payload, connection=conn.name, order=["-at", "-id"], limit=1, **where)
        if not kept:
            self.unsure.append(Place(kind, image.record_id))
            return False
        payload, mapping = open_payload(kept[0]), conn.mapping_of(kind)
        if not any(ref == self.kind and id_ in mine for ref, id_ in mapping.find_refs(payload)):
            return False
        row = self.tx.get(Binding, connection=conn.name, kind=kind, remote_id=image.external_id)
        given = read_given(self.tx, mapping, conn.name, image.external_id or "")
        context = replace(make_context(self.tx, self.hub, conn, row), given=given)
        values = mapping.to_canonical(payload, context).values
        names = {link.lines or link.field for link in list_links(kind)} & values.keys() & image.values.keys()
        fresh = encode_fields(kind, {name: values[name] for name in names})
        if all(image.values[name] == fresh[name] for name in names):
            return False
        self.tx.save(image.model_copy(update={"values": {**image.values, **fresh}}))
        return True


def _mark_written(tx: UnitOfWork, merge: Merge, places: Sequence[Place]) -> list[UUID]:
    """Documents that the hub wrote while the two were one may name the wrong one there: they are looked at."""
    due: list[UUID] = []
    for place in places:
        rows = tx.find(Binding, kind=place.kind, hub_id=place.record_id, sent_at__gt=merge.at, lock=True)
        living = (row for row in rows if row.primary and row.state not in ENDED)
        due += [tx.save(row.model_copy(update={"dirty": True, "not_before": None})).id for row in living]
    return due


# ---------------------------------------------------------------- what is told


def _sort_places(
    tx: UnitOfWork, kind: str, loser_id: UUID, places: Sequence[Place]
) -> tuple[dict[str, int], list[Staying]]:
    """Kind → how many refer to the loser again, and those that do not."""
    back: Counter[str] = Counter()
    staying: list[Staying] = []
    for place in places:
        record = tx.get(find_kind(place.kind), id=place.record_id)
        if record is None or record.deleted_at is not None:
            continue
        if any((target, id_) == (kind, loser_id) for _, target, id_ in list_refs_of(place.kind, record.__dict__)):
            back[place.kind] += 1
        else:
            label = describe_record(record, str(record.id))[0]
            staying.append(Staying(place.kind, place.record_id, label, "identity.changed_since"))
    return dict(back), staying


def _find_conflicts(tx: UnitOfWork, path: Sequence[Merge], root: UUID, loser: Entity) -> Iterator[Disagreement]:
    """Edits of what stood for the loser, while it did, in fields of which the loser has a value of its own."""
    kind = path[0].record_kind
    own = {name for row in tx.find(Image, record_kind=kind, record_id=loser.id) for name in row.values}
    for place, merge in enumerate(path):
        until = path[place + 1].at if place + 1 < len(path) else None
        source = HUB if merge.survivor_id == root else f"{HUB}#{merge.survivor_id}"
        image = tx.get(Image, record_kind=kind, record_id=root, source=source)
        for name, text in sorted(image.changed.items()) if image is not None else ():
            at = datetime.fromisoformat(text)
            if image is None or name not in own or at < merge.at or (until is not None and at > until):
                continue
            told = encode_fields(kind, {name: loser.__dict__.get(name)})[name]
            if told not in (None, "", [], {}, image.values[name]):
                yield Disagreement(name, image.values[name], told)


def _list_path(tx: UnitOfWork, merge: Merge) -> list[Merge]:
    """The merge, that of its survivor, and so on to what stands for all of them now."""
    path = [merge]
    while path[-1].survivor_id != merge.root_id:
        following = tx.get(Merge, record_kind=merge.record_kind, loser_id=path[-1].survivor_id, undone_at=None)
        if following is None:
            break
        path.append(following)
    return path
