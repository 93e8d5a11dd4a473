"""A person decides for one side: what was parked, held or in conflict goes on with the values there, or with ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid, NotFound, RuleBroken
from hub.model.base import Entity
from hub.model.kinds import decode_fields, encode_fields, find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.compare import take_fingerprint
from hub.protocol.diff import comparable
from hub.protocol.reference import make_reference
from hub.protocol.semantics import Direction, Owner, Policy, Stage
from hub.store import UnitOfWork
from hub.store.rows import Conflict, Image
from hub.sync.arrival import Arrival
from hub.sync.claims import claim_values, drop_claims
from hub.sync.context import Hub, OpenConnection
from hub.sync.decisions import deciding
from hub.sync.ingest import ingest
from hub.sync.intent import list_values
from hub.sync.locks import lock_binding
from hub.sync.look import SECOND, Pair, counts, look_at_pair, look_at_unread
from hub.sync.match import adopt_document, note_replaced, note_spare
from hub.sync.resolve import rebuild_record, resolve_record
from hub.sync.translate import make_snapshot
from hub.sync.waits import TodoItem, about_binding, judge_binding

TAKES = ("remote", "hub", "value")
ENDED = frozenset({"protocol.deleted_there", "protocol.reversal_lost"})
"""The document is gone although nobody here wanted that."""
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


@dataclass(frozen=True)
class Choice:
    """``take``: the values there (``remote``), ours (``hub``), or for one ``field`` another ``value`` (in JSON form).
    With ``field`` only that one is decided; what else waits goes on waiting."""

    take: str
    field: str | None = None
    value: Any = None

    @property
    def text(self) -> str:
        if self.take == "value":
            return f"{self.field}={self.value}"
        return f"{self.take} ({self.field})" if self.field else self.take


def settle_binding(
    hub: Hub,
    binding_id: UUID,
    take: str | Choice,
    actor: str,
    *,
    item: TodoItem | None = None,
    verb: str = "take",
    reason: str = "",
) -> Binding:
    """Take the values there (``remote``), or keep ours (``hub``), and go on.

    A document that was deleted there: ``remote`` ends the record here as well, ``hub`` makes the document once more.
    ``RuleBroken`` when nothing waits, or what was chosen is not possible. ``item``: the entry of the todo list, under
    whose id the decision is kept.
    """
    choice = Choice(take) if isinstance(take, str) else take
    if choice.take not in TAKES:
        raise ConfigInvalid("sync.take_unknown", take=choice.take, known="remote, hub")
    pair, unread = look_at_pair(hub, binding_id), look_at_unread(hub, binding_id)
    with hub.store.write() as tx:
        if unread is not None:
            ingest(unread(tx))
        binding = lock_binding(tx, id=binding_id)
        if binding is None:
            raise NotFound("sync.binding_unknown", text=str(binding_id))
        settling = _Settling(tx, hub, hub.open(binding.connection), binding, choice, actor)
        about = item or judge_binding(tx, binding) or about_binding(binding, "conflict", "", {})
        with deciding(tx, hub, about, verb, actor, choice=choice.text, reason=reason):
            due = settling.settle(pair)
        settled = tx.get(Binding, id=binding_id)
    if settled is None:
        raise NotFound("sync.binding_unknown", text=str(binding_id))
    hub.hint([*due, settled.id])
    return settled


def list_disputed(binding: Binding, conflicts: Sequence[Conflict]) -> set[str]:
    """Fields about which this binding waits."""
    told = str(binding.parked_params.get("fields", "")) if binding.parked else ""
    held = {name for name in binding.held if name != "*"}
    return {*filter(None, told.split(", ")), *held, *(row.field for row in conflicts)}


@dataclass(frozen=True)
class _Settling:
    """One decision under way. Every method returns the bindings that have work now."""

    tx: UnitOfWork
    hub: Hub
    conn: OpenConnection
    binding: Binding
    choice: Choice
    actor: str

    @property
    def take(self) -> str:
        return self.choice.take

    @property
    def field(self) -> str | None:
        return self.choice.field

    @property
    def policy(self) -> Policy:
        return self.conn.policies[self.binding.kind]

    def settle(self, pair: Pair | None) -> Sequence[UUID]:
        binding = self.binding
        conflicts = self.tx.find(Conflict, binding_id=binding.id, decided_at=None, order=["at"])
        reasons = [binding.parked, *(code for name, code in binding.held.items() if name != "*")]
        if not any(reasons) and not conflicts:
            raise RuleBroken("sync.nothing_to_settle", connection=binding.connection, binding=str(binding.id))
        conflicts = [row for row in conflicts if self.field in (None, row.field)]
        due, fields = self._choose(pair, conflicts)
        now = self.hub.now()
        for row in conflicts:
            took = "remote" if self.take == "remote" else "hub"
            decided = {"decided_by": self.actor, "decided_at": now, "took": took}
            self.tx.save(row.model_copy(update=decided))
        self.tx.journal(
            self.actor, "binding.settled", kind=binding.kind, record_id=binding.hub_id, connection=binding.connection,
            remote_id=binding.remote_id, take=self.take, reason=next(filter(None, reasons), "conflict"),
            fields=list(fields),
        )  # fmt: skip
        return due

    def _choose(self, pair: Pair | None, conflicts: Sequence[Conflict]) -> tuple[Sequence[UUID], Sequence[str]]:
        binding = self.binding
        if self.field is not None and (binding.remote_id is None or binding.parked in (*ENDED, SECOND)):
            raise RuleBroken("todo.take_whole", connection=binding.connection, number=binding.remote_number or "-")
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
        note_replaced(self.tx, self.hub, binding, self.policy)
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

    def _choose_document(self, pair: Pair) -> Sequence[UUID]:
        """Keep the bound document or take the other one; the one that is not wanted must be void or gone first."""
        binding, policy = self.binding, self.policy
        other = binding.parked_params["remote_id"]
        unwanted = pair.second if self.take == "hub" else pair.bound
        if unwanted is not None and counts(unwanted):
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
        waiting = list_disputed(binding, conflicts)
        named = {*fields, *waiting} & set(theirs)
        if self.field is not None:
            if self.field not in named:
                known = ", ".join(sorted(named)) or "-"
                raise ConfigInvalid("todo.field_not_disputed", field=self.field, known=known)
            named = {self.field}
        unvoided = self.take == "remote" and binding.void_wanted
        update: dict[str, Any] = {
            **CALM,
            "dirty": self.policy.direction is not Direction.IN,
            "base": {**binding.base, **self._list_base(theirs, named)},
            "not_retained": {name: print_ for name, print_ in binding.not_retained.items() if name not in named}
            | self._accept_total(theirs),
            "void_wanted": binding.void_wanted and not unvoided,
            "updated_at": self.hub.now(),
            **self._keep_waiting(named),
        }
        settled = self.tx.save(binding.model_copy(update=update))
        if self.take == "value":
            self._claim({str(self.field): self.choice.value})
            return self._rebuild(None), sorted(named)
        if self.take == "remote":
            drop_claims(self.tx, self.hub, binding.kind, binding.hub_id, named | ({"state"} if unvoided else set()))
            self._renew(image, named)
            if unvoided:
                self._revive(theirs)
            return self._rebuild(settled), sorted(named)
        self._claim_again(conflicts, fields)
        return self._rebuild(None), sorted(named)

    def _accept_total(self, theirs: Mapping[str, Any]) -> dict[str, str]:
        """Totals that are not what their lines give, taken as they are: until they change there."""
        if self.take != "remote" or self.binding.held.get("gross") != "protocol.total_differs":
            return {}
        return {"gross": take_fingerprint(theirs.get("gross"))}

    def _keep_waiting(self, named: set[str]) -> dict[str, Any]:
        """What goes on waiting when a single field was decided."""
        binding = self.binding
        rest = list_disputed(binding, ()) - named
        if self.field is None or not rest:
            return {}
        held = {name: code for name, code in binding.held.items() if name not in named}
        if not binding.parked:
            return {"held": held}
        params = {**binding.parked_params, "fields": ", ".join(sorted(rest))}
        return {"held": held, "parked": binding.parked, "parked_params": params}

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
        if encoded:
            values = encode_fields(self.binding.kind, decode_fields(self.binding.kind, encoded))
            claim_values(self.tx, self.hub, self.binding.kind, self.binding.hub_id, values, self.actor)

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
