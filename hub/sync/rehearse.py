"""A rehearsal: the very code of ingest and decide on everything that would be read, in a transaction that is undone.

What the network must answer is gathered first and outside of it; a rehearsal that needs more says so, and is repeated
with the answers. So a plan is exact by construction and writes nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from hub.errors import ConnectorDefect, MappingError
from hub.locale import keep_params
from hub.mapping import Context
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.decide import Action, Op, Seen
from hub.protocol.semantics import Confirm, Direction, Tier
from hub.protocol.snapshot import Intent, Search
from hub.sdk import SourceRecord
from hub.store import Batch, UnitOfWork
from hub.store.guard_rows import MassStop
from hub.store.rows import Cursor, DeadRow
from hub.sync.accept import fingerprint_write, name_action
from hub.sync.answers import tell_defect
from hub.sync.arrival import Arrival
from hub.sync.backfill import backfill_bindings
from hub.sync.codes import CodeTally, Coverage, find_money
from hub.sync.context import Hub, OpenConnection
from hub.sync.facts import Facts, Needs, noting
from hub.sync.guards import list_doubted
from hub.sync.ingest import Ingested, ingest
from hub.sync.intake import rehearse_page
from hub.sync.intent import GUARDED, build_intent, decide_binding
from hub.sync.keepable import make_keepable
from hub.sync.known import list_settled
from hub.sync.lease import is_due
from hub.sync.lookup import search_remote
from hub.sync.masses import Masses
from hub.sync.match import adopt_document
from hub.sync.references import name_referred
from hub.sync.show import describe_record, show_field, show_value
from hub.sync.signs import prepare_signs
from hub.sync.stops import AGAIN, GONE, find_stop
from hub.sync.translate import write_payload
from hub.sync.waits import find_missing_code

_ROUNDS = 8
_STEPS = 10


@dataclass(frozen=True)
class Line:
    """One decision, before it becomes a row of the plan."""

    kind: str
    side: str
    action: str
    label: str
    binding_id: UUID | None = None
    record_id: UUID | None = None
    remote_id: str | None = None
    reason: str | None = None
    reason_params: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, Any] = field(default_factory=dict)
    amount: Decimal | None = None
    currency: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class Rehearsal:
    """All decisions that a run would take now, and what of them is too large to be taken for granted."""

    lines: list[Line]
    masses: list[MassStop]
    codes: Sequence[Coverage] = ()
    """How much of the code tables that were met is known."""


def rehearse(hub: Hub, conn: OpenConnection, kinds: list[str], actor: str) -> Rehearsal:
    """All decisions that a run would take now, on both sides."""
    conn.load_codes()
    for kind in kinds:
        prepare_signs(hub, conn.name, kind)
        backfill_bindings(hub, conn.name, kind)
    records = {kind: make_keepable(_read_all(hub, conn, kind)) for kind in kinds}
    facts = Facts(records, {kind: _find_settled(hub, conn, kind, records[kind], actor) for kind in kinds})
    for _ in range(_ROUNDS):
        rehearsal, needs = _rehearse_once(hub, conn, kinds, facts, actor)
        if not needs:
            return rehearsal
        _ask(hub, conn, needs, facts)
    return rehearsal


def _read_all(hub: Hub, conn: OpenConnection, kind: str) -> list[SourceRecord]:
    """What the next pull of this kind would read; the cursor stays where it is."""
    stream = conn.stream_of(kind)
    with hub.store.read() as tx:
        cursor = tx.get(Cursor, connection=conn.name, stream=stream.name)
        everything = find_stop(tx, conn.name, kind, AGAIN) is not None  # no feed shows what it is about
    since, position = None, None
    if everything:
        pass
    elif cursor is not None and cursor.under_way:
        since, position = cursor.since, cursor.position
    elif cursor is not None and cursor.high_water is not None:
        since = cursor.high_water - timedelta(seconds=conn.policies[kind].overlap_s)
        position = cursor.resume
    records: list[SourceRecord] = []
    while True:
        page = stream.read_page(since, position, hub.page_size)
        records += page.records
        if page.position is None:
            return records
        position = page.position


def _find_settled(
    hub: Hub, conn: OpenConnection, kind: str, records: Sequence[SourceRecord], actor: str
) -> dict[str, Ingested]:
    """Those that say nothing new, as a pull recognises them: nobody need rehearse them."""
    settled: dict[str, Ingested] = {}
    for start in range(0, len(records), hub.page_size):
        part = records[start : start + hub.page_size]

        def look(tx: UnitOfWork, part: Sequence[SourceRecord] = part) -> dict[str, tuple[UUID, UUID]]:
            arrivals = [Arrival(tx, hub, conn, kind, record, actor) for record in part]
            return list_settled(tx, arrivals) if isinstance(tx, Batch) else {}

        found = rehearse_page(hub.store, look)
        settled |= {external_id: Ingested("unchanged", *place) for external_id, place in found.items()}
    return settled


def _ask(hub: Hub, conn: OpenConnection, needs: Needs, facts: Facts) -> None:
    for kind, external_id in sorted(needs.parents):
        facts.parents[kind, external_id] = None
        if kind in conn.policies:
            with noting(facts, (kind, external_id)):
                facts.parents[kind, external_id] = conn.stream_of(kind).fetch(external_id)
    for kind, external_id in sorted(needs.reads):
        with noting(facts, (kind, external_id)):
            facts.reads[kind, external_id] = conn.stream_of(kind).fetch(external_id)
    for binding_id, (binding, intent) in needs.searches.items():
        with noting(facts, binding_id):
            facts.searches[binding_id] = search_remote(hub, conn, binding, intent)


def _rehearse_once(
    hub: Hub, conn: OpenConnection, kinds: list[str], facts: Facts, actor: str
) -> tuple[Rehearsal, Needs]:
    needs = Needs()
    lines: list[Line] = []
    with hub.store.rehearse() as tx:
        masses = Masses(tx, hub, conn.name)
        for kind in kinds:
            masses.begin(kind, len(facts.records[kind]))
        stage = _Stage(tx, hub, conn, facts, needs, actor, masses)
        for (kind, _), source in sorted(facts.parents.items()):
            if source is not None:
                lines += stage.take_in(kind, source)
        for kind in kinds:
            for source in facts.records[kind]:
                lines += stage.take_in(kind, source)
            stage.note_read(kind)
        for kind in kinds:
            lines += stage.decide_all(kind)
            lines += stage.list_gone(kind)
        found = masses.find()
    return Rehearsal(lines, found, stage.codes.list_coverage()), needs


@dataclass
class _Stage:
    """One rehearsal under way."""

    tx: UnitOfWork
    hub: Hub
    conn: OpenConnection
    facts: Facts
    needs: Needs
    actor: str
    masses: Masses

    @cached_property
    def codes(self) -> CodeTally:
        return CodeTally(self.conn.codes, self.conn.mappings.values(), partial(name_referred, self.tx))

    def _tally(self, kind: str, source: SourceRecord) -> None:
        """The codes of a record that would be read."""
        mapping = self.conn.mapping_of(kind)
        context = Context(zone=self.hub.zone_of(self.conn.name), codes=self.conn.codes)
        money = partial(find_money, mapping, source.payload, context)
        self.codes.add_payload(mapping, source.payload, source.number or source.external_id, money)

    def take_in(self, kind: str, source: SourceRecord) -> list[Line]:
        self._tally(kind, source)
        settled = self.facts.settled.get(kind, {}).get(source.external_id)
        done = settled or ingest(Arrival(self.tx, self.hub, self.conn, kind, source, self.actor))
        if done.needs is not None and done.needs not in self.facts.parents:
            self.needs.parents.add(done.needs)
        self.masses.add_reading(kind, source.external_id, done)
        return self._tell(kind, source, done)

    def note_read(self, kind: str) -> None:
        """The run will have read all of it before it writes."""
        where: dict[str, Any] = {"connection": self.conn.name, "stream": self.conn.stream_of(kind).name}
        cursor = self.tx.get(Cursor, **where) or Cursor(**where)
        self.tx.save(cursor.model_copy(update={"complete_once": True}))

    def _tell(self, kind: str, source: SourceRecord, done: Ingested) -> list[Line]:
        """Lines about changes in the hub."""
        if done.outcome in ("dead", "waiting", "review"):
            dead = self.tx.get(DeadRow, connection=self.conn.name, stream=source.stream, external_id=source.external_id)
            params = dict(dead.params) if dead else {}
            reason = dead.code if dead else None
            label = source.number or source.external_id
            amount, currency = (dead.amount, dead.currency) if dead else (None, None)
            return [
                Line(
                    kind, "here", "hold", label, remote_id=source.external_id, reason=reason, reason_params=params,
                    amount=amount, currency=currency,
                )
            ]  # fmt: skip
        lines = []
        for name in done.conflicts:
            changes = {name: list(map(show_value, done.changes.get(name, (None, None))))}
            lines.append(self._line(kind, "here", "conflict", done, source, changes))
        word = {"created": "import", "updated": "update", "ended": "tomb"}.get(done.outcome)
        if word is not None:
            changes = {
                name: [show_field(self.tx, kind, name, old), show_field(self.tx, kind, name, new)]
                for name, (old, new) in done.changes.items()
            }
            lines.append(self._line(kind, "here", word, done, source, changes))
        return lines

    def _line(
        self, kind: str, side: str, word: str, done: Ingested, source: SourceRecord, changes: Mapping[str, Any]
    ) -> Line:
        record = self.tx.get(find_kind(kind), id=done.record_id) if done.record_id else None
        label, amount, currency = describe_record(record, source.number or source.external_id)
        known = None if word == "import" else done.record_id
        return Line(
            kind, side, word, label, record_id=known, remote_id=source.external_id, changes=changes, amount=amount,
            currency=currency,
        )  # fmt: skip

    def decide_all(self, kind: str) -> list[Line]:
        """Every binding of the kind that is due, held ones included."""
        policy = self.conn.policies[kind]
        if policy.direction is Direction.IN:
            return []
        lines = []
        for binding in self.tx.find(Binding, connection=self.conn.name, kind=kind, order=["id"]):
            if binding.parked == "sync.plan_stale":
                binding = self.tx.save(binding.model_copy(update={"parked": None, "parked_params": {}, "dirty": True}))
            if binding.state in (BindingState.TOMB, BindingState.FOREIGN):
                continue
            if binding.state in (BindingState.BOUND, BindingState.WAITING) and not binding.dirty and not binding.parked:
                continue
            lines += self._decide_one(binding)
        return lines

    def _decide_one(self, binding: Binding) -> list[Line]:
        found: list[Line] = []
        seen: Seen = None
        if binding.state in (BindingState.SENDING, BindingState.UNKNOWN) and not is_due(self.hub, binding):
            intent, _ = build_intent(self.tx, self.hub, binding, self.conn.policies[binding.kind])
            action = Action(Op.WAIT, "protocol.in_flight")
            return [self._make_line(binding, "hold", intent, action, binding.remote_id)]
        for _ in range(_STEPS):
            intent, action, binding = decide_binding(self.tx, self.hub, self._fresh(binding), seen)
            defect = self._find_defect(binding, action)
            if defect is not None:
                params = tell_defect(defect)
                return [self._make_line(binding, "hold", intent, Action(Op.PARK, defect.code, params), None)]
            if action.op is Op.SEARCH:
                if binding.id not in self.facts.searches:
                    self.needs.searches[binding.id] = (binding, intent)
                    return []
                seen = self.facts.searches[binding.id]
            elif action.op is Op.READ:
                seen = self._read(binding)
                if seen is None:
                    return found
            elif action.op is Op.ADOPT and action.adopt is not None:
                ours = action.code != "protocol.matched_identifier"
                adopted = adopt_document(self.conn.policies[binding.kind], binding, action.adopt, ours=ours)
                self.tx.save(adopted.model_copy(update={"attempts": max(1, binding.attempts)}))
                found = [self._make_line(binding, "found", intent, action, action.adopt.external_id)]
                seen = None
            elif action.op is Op.BACK_TO_NEW:
                self.tx.save(binding.model_copy(update={"state": BindingState.NEW}))
                seen = Search()
            else:
                return found + self._conclude(binding, intent, action)
        return found

    def _find_defect(self, binding: Binding, action: Action) -> ConnectorDefect | None:
        """How the connector failed on what would be asked next."""
        if action.op is Op.SEARCH:
            return self.facts.defects.get(binding.id)
        return self.facts.defects.get((binding.kind, binding.remote_id or "")) if action.op is Op.READ else None

    def _fresh(self, binding: Binding) -> Binding:
        return self.tx.get(Binding, id=binding.id) or binding

    def _read(self, binding: Binding) -> Seen:
        key = (binding.kind, binding.remote_id or "")
        known = {source.external_id: source for source in self.facts.records.get(binding.kind, ())}
        source = known.get(key[1]) or self.facts.reads.get(key)
        if source is None:
            if key not in self.facts.reads:
                self.needs.reads.add(key)
            return None
        return ingest(Arrival(self.tx, self.hub, self.conn, binding.kind, source, self.actor)).snapshot

    def _conclude(self, binding: Binding, intent: Intent, action: Action) -> list[Line]:
        if action.op in (Op.CREATE, Op.PATCH):
            self._tally_write(binding, action)
            missing = self._find_missing_code(binding, action)
            if missing is not None:
                return [self._make_line(binding, "hold", intent, missing, binding.remote_id)]
        if action.op in GUARDED:
            self.masses.add_write(binding, action)
            if action.op is Op.CREATE:
                planned = {"remote_id": f"planned:{binding.id}", "state": BindingState.BOUND}
                self.tx.save(binding.model_copy(update=planned))
            return [self._make_line(binding, name_action(action), intent, action, binding.remote_id)]
        if action.op in (Op.HOLD, Op.PARK, Op.WAIT, Op.MARK_UNKNOWN) or action.held:
            return [self._make_line(binding, "hold", intent, action, binding.remote_id)]
        return []

    def list_gone(self, kind: str) -> list[Line]:
        """Documents that a mass of missing ones keeps from being given up."""
        if find_stop(self.tx, self.conn.name, kind, GONE) is None:
            return []
        lines = []
        for row in list_doubted(self.tx, self.conn.name, kind):
            record = self.tx.get(find_kind(kind), id=row.hub_id)
            label, amount, currency = describe_record(record, row.remote_id or "-")
            lines.append(
                Line(kind, "here", "gone", label, row.id, row.hub_id, row.remote_id, amount=amount, currency=currency)
            )
        return lines

    def _tally_write(self, binding: Binding, action: Action) -> None:
        """The codes of what would be written."""
        record = self.tx.get(find_kind(binding.kind), id=binding.hub_id)
        label, amount, currency = describe_record(record, str(binding.hub_id))
        money = (amount, currency) if amount is not None and currency else None
        self.codes.add_values(self.conn.mapping_of(binding.kind), action.patch, label, lambda: money)

    def _find_missing_code(self, binding: Binding, action: Action) -> Action | None:
        """The hold that the write would end in for want of a code."""
        try:
            write_payload(self.tx, self.hub, self.conn, binding, action.patch, frozenset(action.patch))
        except MappingError as error:
            params = keep_params(error.params)
            return Action(Op.HOLD, error.code, params) if find_missing_code(params) else None
        return None

    def _make_line(self, binding: Binding, word: str, intent: Intent, action: Action, remote_id: str | None) -> Line:
        record = self.tx.get(find_kind(binding.kind), id=binding.hub_id)
        label, amount, currency = describe_record(record, remote_id or str(binding.hub_id))
        changes: dict[str, Any] = {
            name: [
                show_field(self.tx, binding.kind, name, action.old.get(name)),
                show_field(self.tx, binding.kind, name, value),
            ]
            for name, value in action.patch.items()
        }
        if word == "create" and self._confirms(binding):
            changes["confirm"] = [None, self.conn.policies[binding.kind].confirm.value]
        reason, params = action.code, dict(action.params)
        if reason is None and action.held:
            reason = next(iter(action.held.values()))
            params = {"fields": ", ".join(sorted(action.held))}
        return Line(
            binding.kind, "there", word, label, binding.id, binding.hub_id, remote_id, reason, params, changes, amount,
            currency, fingerprint_write(intent, action),
        )  # fmt: skip

    def _confirms(self, binding: Binding) -> bool:
        policy = self.conn.policies[binding.kind]
        return policy.semantics.tier is Tier.DRAFT and policy.confirm is not Confirm.SAVE
