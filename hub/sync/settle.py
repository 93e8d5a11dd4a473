"""A person decides for one side: what was parked, held or in conflict goes on with the values there, or with ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.identity.survive import HUB
from hub.model.base import Entity
from hub.model.kinds import decode_fields, encode_fields, find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.diff import comparable
from hub.protocol.reference import make_reference
from hub.protocol.semantics import Direction, Owner, Policy, Stage
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Conflict, Image
from hub.sync.arrival import Arrival
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import ingest
from hub.sync.intent import list_values
from hub.sync.match import adopt_document, note_spare
from hub.sync.resolve import rebuild_record, resolve_record
from hub.sync.translate import make_snapshot

TAKES = ("remote", "hub")
ENDED = frozenset({"protocol.deleted_there", "protocol.reversal_lost"})
"""The document is gone although nobody here wanted that."""
SECOND = "sync.second_document"
VALUES_DIFFER = "sync.values_differ"
CALM: Mapping[str, Any] = {
    "parked": None,
    "parked_params": {},
    "held": {},
    "refusals": 0,
    "same_patches": 0,
    "acked_patch": "",
    "not_before": None,
    "lease_until": None,
}
"""A binding that waits for nobody."""
UNSENT: Mapping[str, Any] = {
    **CALM,
    "state": BindingState.NEW,
    "attempts": 0,
    "sent_at": None,
    "remote_id": None,
    "remote_number": None,
    "remote_version": 0,
    "acked_version": 0,
    "stage": None,
    "why": None,
    "lines": {},
    "base": {},
    "sent": {},
    "not_retained": {},
    "missing_since": None,
    "submitted_revision": 0,
    "void_wanted": False,
    "dirty": True,
    "ours": True,
}
"""A binding whose document is yet to be made."""


def settle_binding(hub: Hub, binding_id: UUID, take: str, actor: str) -> Binding:
    """Take the values there (``remote``) or keep ours (``hub``) and go on.

    A document that was deleted there: ``remote`` ends the record here as well, ``hub`` makes the document once more.
    ``RuleBroken`` when nothing waits, or what was chosen is not possible.
    """
    if take not in TAKES:
        raise ConfigInvalid("sync.take_unknown", take=take, known=", ".join(TAKES))
    pair, unread = _look_at_pair(hub, binding_id), _look_at_unread(hub, binding_id)
    with hub.store.write() as tx:
        if unread is not None:
            ingest(unread(tx))
        binding = tx.get(Binding, id=binding_id, lock=True)
        if binding is None:
            raise NotFound("sync.binding_unknown", text=str(binding_id))
        settling = _Settling(tx, hub, hub.open(binding.connection), binding, take, actor)
        due = settling.settle(pair)
        settled = tx.get(Binding, id=binding_id)
    if settled is None:
        raise NotFound("sync.binding_unknown", text=str(binding_id))
    hub.hint([*due, settled.id])
    return settled


@dataclass(frozen=True)
class _Pair:
    """Two documents there for one record, as they are now; None: gone."""

    bound: SourceRecord | None
    second: SourceRecord | None


def _look_at_pair(hub: Hub, binding_id: UUID) -> _Pair | None:
    """Read both documents, before any transaction."""
    with hub.store.read() as tx:
        binding = tx.get(Binding, id=binding_id)
    if binding is None or binding.parked != SECOND or binding.remote_id is None:
        return None
    stream = hub.open(binding.connection).stream_of(binding.kind)
    return _Pair(stream.fetch(binding.remote_id), stream.fetch(binding.parked_params["remote_id"]))


def _look_at_unread(hub: Hub, binding_id: UUID) -> Callable[[UnitOfWork], Arrival] | None:
    """What was bound without being read (``isthmus sync adopt``) is read before a person decides about its values."""
    with hub.store.read() as tx:
        binding = tx.get(Binding, id=binding_id)
        if binding is None or binding.remote_id is None or binding.ours or binding.parked != VALUES_DIFFER:
            return None
        conn, kind = hub.open(binding.connection), binding.kind
        address = f"{conn.name}/{conn.stream_of(kind).name}/{binding.remote_id}"
        if tx.count(Image, record_kind=kind, record_id=binding.hub_id, source=address):
            return None
    source = conn.stream_of(kind).fetch(binding.remote_id) if conn.stream_of(kind).fetches else None
    if source is None:
        raise RuleBroken("sync.settle_unread", connection=conn.name, remote_id=binding.remote_id)
    return lambda tx: Arrival(tx, hub, conn, kind, source, "settle")


def _counts(source: SourceRecord | None) -> bool:
    return source is not None and source.stage in (Stage.EFFECTIVE, Stage.SUBMITTED)


@dataclass(frozen=True)
class _Settling:
    """One decision under way. Every method returns the bindings that have work now."""

    tx: UnitOfWork
    hub: Hub
    conn: OpenConnection
    binding: Binding
    take: str
    actor: str

    @property
    def policy(self) -> Policy:
        return self.conn.policies[self.binding.kind]

    def settle(self, pair: _Pair | None) -> Sequence[UUID]:
        binding = self.binding
        conflicts = self.tx.find(Conflict, binding_id=binding.id, decided_at=None, order=["at"])
        reasons = [binding.parked, *(code for name, code in binding.held.items() if name != "*")]
        if not any(reasons) and not conflicts:
            raise RuleBroken("sync.nothing_to_settle", connection=binding.connection, binding=str(binding.id))
        due, fields = self._choose(pair, conflicts)
        now = self.hub.now()
        for row in conflicts:
            decided = {"decided_by": self.actor, "decided_at": now, "took": self.take}
            self.tx.save(row.model_copy(update=decided))
        self.tx.journal(
            self.actor, "binding.settled", kind=binding.kind, record_id=binding.hub_id, connection=binding.connection,
            remote_id=binding.remote_id, take=self.take, reason=next(filter(None, reasons), "conflict"),
            fields=list(fields),
        )  # fmt: skip
        return due

    def _choose(self, pair: _Pair | None, conflicts: Sequence[Conflict]) -> tuple[Sequence[UUID], Sequence[str]]:
        binding = self.binding
        if binding.remote_id is None:
            return self._settle_unsent(), ()
        if binding.parked in ENDED:
            return (self._end_here() if self.take == "remote" else self._make_again()), ()
        if binding.parked == SECOND and pair is not None:
            return self._choose_document(pair), ()
        return self._settle_values(conflicts)

    # ------------------------------------------------------------ no document

    def _settle_unsent(self) -> Sequence[UUID]:
        """Nothing is known to be there: ours can be sent (again), theirs does not exist."""
        binding = self.binding
        if self.take == "remote":
            raise RuleBroken("sync.nothing_there", connection=binding.connection, binding=str(binding.id))
        update: dict[str, Any] = {**CALM, "dirty": True, "updated_at": self.hub.now()}
        if binding.parked == "protocol.blind_ambiguity":
            update |= {"state": BindingState.NEW, "attempts": 0, "sent_at": None}
        self.tx.save(binding.model_copy(update=update))
        return ()

    # ------------------------------------------------------------ a document that ended

    def _end_here(self) -> Sequence[UUID]:
        """What was deleted there ends here. A party that other documents still stand for lives on."""
        binding, tx = self.binding, self.tx
        ended = {**CALM, "state": BindingState.TOMB, "dirty": False, "why": None, "updated_at": self.hub.now()}
        if find_kind(binding.kind).TRANSACTIONAL:
            tomb = tx.save(binding.model_copy(update=ended | {"void_wanted": True}))
            self._claim({"state": "void"})
            return self._rebuild(tomb)
        tomb = tx.save(binding.model_copy(update=ended | {"primary": False}))
        rows = tx.find(Binding, kind=binding.kind, hub_id=binding.hub_id, order=["id"], lock=True)
        live = [row for row in rows if row.remote_id is not None and row.state is not BindingState.TOMB]
        here = [row for row in live if row.connection == binding.connection]
        if here and not any(row.primary for row in here):
            tx.save(here[0].model_copy(update={"primary": True}))
        if not live:
            record = self._load_record()
            tx.save_record(record.model_copy(update={"deleted_at": self.hub.now()}))
            tx.journal(self.actor, "record.deleted", kind=binding.kind, record_id=binding.hub_id)
        return ()

    def _make_again(self) -> Sequence[UUID]:
        """A person says so: the next revision of the reference, so that the lost document cannot be mistaken for it."""
        binding = self.binding
        if self.policy.direction is Direction.IN:
            raise RuleBroken("sync.kind_not_writable", connection=binding.connection, kind=binding.kind)
        revision = binding.revision + 1
        reference = make_reference(self.hub.installation, binding.hub_id, revision)
        again = {**UNSENT, "revision": revision, "ref": reference, "updated_at": self.hub.now()}
        fresh = self.tx.save(binding.model_copy(update=again))
        self._inherit()
        return self._rebuild(fresh)

    def _inherit(self) -> None:
        """What only the lost document said becomes the hub's own, except what was that system's to say."""
        image = self._load_image()
        if image is None:
            return
        provenance = resolve_record(self.tx, self.hub, self.binding.kind, self.binding.hub_id).provenance
        ours = {*self.policy.mapped_out, self.policy.number_field}
        mine = {name for name, source in provenance.items() if source == image.source and name in ours}
        self._claim({name: image.values[name] for name in sorted(mine)})
        self.tx.delete(Image, record_kind=image.record_kind, record_id=image.record_id, source=image.source)

    # ------------------------------------------------------------ two documents

    def _choose_document(self, pair: _Pair) -> Sequence[UUID]:
        """Keep the bound document or take the other one; the one that is not wanted must be void or gone first."""
        binding, policy = self.binding, self.policy
        other = binding.parked_params["remote_id"]
        unwanted = pair.second if self.take == "hub" else pair.bound
        if unwanted is not None and _counts(unwanted):
            raise RuleBroken(
                "sync.both_count", connection=binding.connection, remote_id=unwanted.external_id,
                number=unwanted.number or unwanted.external_id,
            )  # fmt: skip
        calm = {**CALM, "dirty": True, "updated_at": self.hub.now()}
        if self.take == "hub":
            self.tx.save(binding.model_copy(update=calm))
            if pair.second is not None and pair.second.stage is Stage.DRAFT:
                note_spare(self.tx, self.hub, binding, other)
            return ()
        if pair.second is None or pair.second.stage in (Stage.VOID, Stage.GONE):
            raise RuleBroken("sync.nothing_there", connection=binding.connection, binding=str(binding.id))
        image = self._load_image()
        adopted = adopt_document(policy, binding, make_snapshot(pair.second, {}), ours=True)
        self.tx.save(adopted.model_copy(update=calm | {"base": {}, "sent": {}, "lines": {}}))
        if image is not None:
            self.tx.delete(Image, record_kind=image.record_kind, record_id=image.record_id, source=image.source)
        return ingest(Arrival(self.tx, self.hub, self.conn, binding.kind, pair.second, self.actor)).due

    # ------------------------------------------------------------ values

    def _settle_values(self, conflicts: Sequence[Conflict]) -> tuple[Sequence[UUID], Sequence[str]]:
        binding = self.binding
        image = self._load_image()
        theirs = decode_fields(binding.kind, image.values) if image else {}
        fields = self._list_differing(theirs)
        named = {*fields, *binding.held, *(row.field for row in conflicts)} & set(theirs)
        unvoided = self.take == "remote" and binding.void_wanted
        update: dict[str, Any] = {
            **CALM,
            "dirty": self.policy.direction is not Direction.IN,
            "base": {**binding.base, **self._list_base(theirs, named)},
            "not_retained": {name: print_ for name, print_ in binding.not_retained.items() if name not in named},
            "void_wanted": binding.void_wanted and not unvoided,
            "updated_at": self.hub.now(),
        }
        settled = self.tx.save(binding.model_copy(update=update))
        if self.take == "remote":
            self._drop_claims(named | ({"state"} if unvoided else set()))
            self._renew(image, named)
            if unvoided:
                self._revive(theirs)
            return self._rebuild(settled), sorted(named)
        self._claim_again(conflicts, fields)
        return self._rebuild(None), sorted(named)

    def _list_differing(self, theirs: Mapping[str, Any]) -> set[str]:
        """Fields that travel both ways and whose values are not the same there and here."""
        mapping, policy = self.conn.mapping_of(self.binding.kind), self.policy
        ours, shown = mapping.project(list_values(self._load_record())), mapping.project(theirs)
        both = policy.mapped_in & policy.mapped_out & set(shown)
        return {name for name in both if comparable(policy, name, ours[name]) != comparable(policy, name, shown[name])}

    def _list_base(self, theirs: Mapping[str, Any], fields: set[str]) -> dict[str, str]:
        shown = self.conn.mapping_of(self.binding.kind).project(theirs)
        shared = [name for name in sorted(fields) if self.policy.owner_of(name) is Owner.SHARED]
        return {name: take_fingerprint(comparable(self.policy, name, shown[name])) for name in shared}

    def _drop_claims(self, fields: set[str]) -> None:
        """The hub no longer says anything about these fields."""
        image = self._load_hub_image()
        if image is None:
            return
        kept = {
            group: {name: value for name, value in getattr(image, group).items() if name not in fields}
            for group in ("values", "origins", "changed")
        }
        self.tx.save(image.model_copy(update={**kept, "at": self.hub.now()}))

    def _renew(self, image: Image | None, fields: set[str]) -> None:
        """The document's values count as its newest word."""
        if image is not None:
            now = self.hub.now().isoformat()
            self.tx.save(image.model_copy(update={"changed": {**image.changed, **dict.fromkeys(fields, now)}}))

    def _revive(self, theirs: Mapping[str, Any]) -> None:
        """Take a void of ours back: what the rules forbid by themselves, a person may do here."""
        record = self._load_record()
        back: dict[str, Any] = {"deleted_at": None}
        if record.TRANSACTIONAL:
            back["state"] = theirs.get("state", type(record).model_fields["state"].default)
        self.tx.save_record(record.model_copy(update=back))

    def _claim_again(self, conflicts: Sequence[Conflict], differing: set[str]) -> None:
        """Fields in which the rule had taken their value get ours back."""
        lost = {row.field: row.hub_value for row in conflicts if row.field not in differing}
        if lost:
            self._claim(lost)

    # ------------------------------------------------------------ images and record

    def _claim(self, encoded: Mapping[str, Any]) -> None:
        """Values (in JSON form) as the hub's own."""
        if not encoded:
            return
        now = self.hub.now()
        old = self._load_hub_image() or Image(
            record_kind=self.binding.kind, record_id=self.binding.hub_id, source=HUB, values={}, at=now
        )
        values = encode_fields(self.binding.kind, decode_fields(self.binding.kind, encoded))
        update = {
            "values": {**old.values, **values},
            "origins": {**old.origins, **dict.fromkeys(values, self.actor)},
            "changed": {**old.changed, **dict.fromkeys(values, now.isoformat())},
            "at": now,
        }
        self.tx.save(old.model_copy(update=update))

    def _load_hub_image(self) -> Image | None:
        return self.tx.get(Image, record_kind=self.binding.kind, record_id=self.binding.hub_id, source=HUB)

    def _load_image(self) -> Image | None:
        binding = self.binding
        source = f"{binding.connection}/{self.conn.stream_of(binding.kind).name}/{binding.remote_id}"
        return self.tx.get(Image, record_kind=binding.kind, record_id=binding.hub_id, source=source)

    def _load_record(self) -> Entity:
        record = self.tx.get(find_kind(self.binding.kind), id=self.binding.hub_id, lock=True)
        if record is None:
            raise NotFound("sync.record_unknown", kind=self.binding.kind, text=str(self.binding.hub_id))
        return record

    def _rebuild(self, cause: Binding | None) -> Sequence[UUID]:
        binding = self.binding
        done = rebuild_record(
            self.tx, self.hub, binding.kind, binding.hub_id, actor=self.actor, cause=cause, run_id=None
        )
        return done.due
