"""Reads one kind on both sides and judges each pair, each thing that only one side has, and each that is there twice.

A page there costs one call and a handful of questions to the database, whatever is on it; what has been seen is kept
in a private file. Nothing is written on either side.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.model.money import add_exactly
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Direction
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import Cursor
from hub.store.scratch import Scratch
from hub.sync.accept import check_accepted
from hub.sync.agreement import ENDED, TOTALS, Pair, explain_difference, explain_ended, explain_unsent, list_differences
from hub.sync.context import Hub, OpenConnection
from hub.sync.findings import (
    AMOUNT,
    BEFORE_START,
    DOUBLE,
    FIELD,
    LEFT,
    MISSING_HERE,
    MISSING_THERE,
    NOT_DUE,
    STATE,
    TODO,
    UNREADABLE,
    Money,
    Reason,
)
from hub.sync.intent import find_start
from hub.sync.ledger import Ledger
from hub.sync.look import SECOND
from hub.sync.places import find_unreadable, tell_problem, tell_unreadable
from hub.sync.resolve import counts
from hub.sync.show import describe_record, show_field
from hub.sync.side_there import Side, load_side, read_own_reference, translate
from hub.sync.twins import HERE, THERE, find_twins_here, find_twins_there

Progress = Callable[[str, int, int | None], None]
_CHUNK = 500
LOOKED_UP = 200
"""So many documents that no list shows are asked for one by one before they are called missing."""


@dataclass
class Comparison:
    """One kind of one connection."""

    hub: Hub
    conn: OpenConnection
    kind: str
    scratch: Scratch
    since: date | None = None
    progress: Progress | None = None
    ledger: Ledger = field(init=False)
    _suspects: list[tuple[Binding, Entity]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.kind)
        self.model = find_kind(self.kind)
        self.stream = self.conn.stream_of(self.kind)
        self.policy = self.conn.policies[self.kind]
        self.writes = self.policy.direction is not Direction.IN
        with self.hub.store.read() as tx:
            cursor = tx.get(Cursor, connection=self.conn.name, stream=self.stream.name)
            self.refused = check_accepted(tx, self.hub, self.conn.name, self.kind) if self.writes else None
        self.read_up_to: datetime | None = cursor.high_water if cursor is not None else None

    def run(self) -> Ledger:
        """Compare everything."""
        for records in self._read_pages():
            self.compare_page(records)
        for chunk in self._read_here():
            self._judge_unseen(chunk)
        self._look_for_suspects()
        if self.model.TRANSACTIONAL:
            find_twins_there(self.hub, self.conn, self.ledger, self.scratch)
            find_twins_here(self.hub, self.conn, self.ledger, self.scratch)
        return self.ledger

    # ------------------------------------------------------------ what is there

    def _read_pages(self) -> Iterator[Sequence[SourceRecord]]:
        position: Any = None
        read = 0
        while True:
            page = self.stream.read_page(None, position, self.hub.page_size)
            yield page.records
            read += len(page.records)
            if self.progress is not None:
                self.progress(self.kind, read, None)
            position = page.position
            if position is None:
                return

    def compare_page(self, records: Sequence[SourceRecord]) -> None:
        """Judge each document of a page; one that was changed meanwhile and is listed again was judged already."""
        fresh = {source.external_id: source for source in records}
        for seen in self.scratch.find_known(THERE, sorted(fresh)):
            del fresh[seen]
        with self.hub.store.read() as tx:
            side = load_side(tx, self.hub, self.conn, self.kind, list(fresh.values()))
            notes = [(source.external_id, self._judge_there(tx, side, source)) for source in fresh.values()]
        self.scratch.note(THERE, notes)

    def _judge_there(self, tx: UnitOfWork, side: Side, source: SourceRecord) -> str:
        """Judge one document; its number if it lives, for finding the same number twice."""
        binding = side.bindings.get(source.external_id)
        if binding is not None and binding.state is BindingState.FOREIGN:
            return ""
        translated = translate(tx, self.hub, self.conn, self.kind, source, binding)
        values = translated.snapshot.values
        lives = source.stage not in ENDED and values.get("state") not in self.model.ENDED
        theirs = self._read_money(values) if lives else None
        record = side.records.get(binding.hub_id) if binding is not None else None
        if not self._is_wanted(values, record):
            return ""
        broken, problem = find_unreadable(source), next(iter(translated.mapped.problems), None)
        if binding is None or record is None:
            if theirs is not None:
                self._judge_unbound(side, source, theirs)
        elif broken is not None or problem is not None:
            told = tell_unreadable(broken) if broken is not None else tell_problem(source, problem)  # type: ignore[arg-type]
            self._judge_unreadable(side, source, binding, record, theirs, told)
        else:
            asked = side.asked.get(binding.id, ())
            self._judge_pair(tx, Pair(binding, record, side.images[record.id], translated.snapshot, asked), theirs)
        return str(source.number or "") if lives and not self.model.COUNTED_ANEW else ""

    def _judge_unbound(self, side: Side, source: SourceRecord, theirs: Money) -> None:
        own = read_own_reference(self.hub, source)
        rows = side.by_record.get(own, ()) if own is not None else ()
        other = next((row for row in rows if row.remote_id not in (None, source.external_id)), None)
        reason = self._explain_unbound(side, source, rows, other)
        label, command = str(source.number or source.external_id), self._name_reading(source)
        about: dict[str, Any] = {"theirs": theirs, "remote_id": source.external_id}
        if own is None or other is None or other.state is BindingState.TOMB:
            self.ledger.note(MISSING_HERE, label, reason, command=command, **about)
            return
        others = (str(other.remote_number or other.remote_id),)
        command = f"isthmus trace {own} --kind {self.kind}"
        self.ledger.note(
            DOUBLE, label, reason, command=command, record=side.records.get(own), binding_id=other.id, others=others,
            **about,
        )  # fmt: skip

    def _explain_unbound(
        self, side: Side, source: SourceRecord, rows: Sequence[Binding], other: Binding | None
    ) -> Reason | None:
        dead = side.dead.get(source.external_id)
        if dead is not None:
            return Reason(TODO, dead.code, dead.params)
        if source.external_id in side.spare:
            return Reason(TODO, "sync.spare_draft")
        if other is not None and other.parked == SECOND:
            return Reason(TODO, SECOND, other.parked_params)
        if rows and other is None:
            return Reason(NOT_DUE, "sync.on_its_way")
        return Reason(LEFT, "sync.left_there") if self.policy.direction is Direction.OUT else None

    def _judge_unreadable(
        self,
        side: Side,
        source: SourceRecord,
        binding: Binding,
        record: Entity,
        theirs: Money | None,
        told: tuple[str, Mapping[str, Any]],
    ) -> None:
        dead = side.dead.get(source.external_id)
        reason = Reason(TODO, dead.code, dead.params) if dead is not None else None
        command = f"isthmus mapping explain {self.conn.name} {self.kind} {source.external_id}"
        ours = self._find_money(record) if counts(record) else None
        self.ledger.note(
            UNREADABLE, self._label(record, binding), reason, ours=ours, theirs=theirs, record=record,
            command=command, remote_id=source.external_id, binding_id=binding.id, params=dict(told[1]),
        )  # fmt: skip

    def _judge_pair(self, tx: UnitOfWork, pair: Pair, theirs: Money | None) -> None:
        ours = self._find_money(pair.record) if pair.lives_here else None
        label = self._label(pair.record, pair.binding)
        about: dict[str, Any] = {
            "ours": ours, "theirs": theirs, "record": pair.record, "remote_id": pair.snapshot.external_id,
            "binding_id": pair.binding.id, "command": self._name_settling(pair),
        }  # fmt: skip
        if (ours is None) != (theirs is None):
            states = [str(getattr(pair.record, "state", "")), pair.snapshot.stage.value]
            reason = explain_ended(self.hub, self.conn, pair)
            self.ledger.note(STATE, label, reason, fields={"state": states}, **about)
            return
        found = list_differences(self.hub, self.conn, pair) if ours is not None else {}
        if ours is not None and theirs is not None and not _is_equal(ours, theirs):
            found.setdefault(self.model.AMOUNT, (ours.amount, theirs.amount))
        if not found:
            self.ledger.tallies.add(ours, theirs, waits=False)
            return
        reasons = {name: explain_difference(self.hub, self.conn, pair, name) for name in found}
        bare = [name for name, known in reasons.items() if known is None]
        chosen = bare or list(found)
        fields = {name: [show_field(tx, self.kind, name, value) for value in found[name]] for name in chosen}
        self.ledger.note(
            self._sort_of(chosen), label, None if bare else reasons[chosen[0]], fields=fields, **about
        )  # fmt: skip

    def _sort_of(self, names: Iterable[str]) -> str:
        wanted = set(names)
        if "state" in wanted:
            return STATE
        return AMOUNT if wanted & {*TOTALS, "currency", self.model.AMOUNT or "gross"} else FIELD

    # ------------------------------------------------------------ what is here

    def _read_here(self) -> Iterator[list[Entity]]:
        last: dict[str, Any] = {}
        while True:
            with self.hub.store.read() as tx:
                chunk = tx.find(self.model, order=["id"], limit=_CHUNK, **last)
            yield chunk
            if len(chunk) < _CHUNK:
                return
            last = {"id__gt": chunk[-1].id}

    def _judge_unseen(self, chunk: Sequence[Entity]) -> None:
        """Records without a document that was shown."""
        living = [record for record in chunk if counts(record) and self._is_wanted({}, record)]
        ids = [record.id for record in living]
        where: dict[str, Any] = {"connection": self.conn.name, "kind": self.kind, "state__ne": BindingState.FOREIGN}
        with self.hub.store.read() as tx:
            rows = tx.find(Binding, **where, hub_id__in=ids, order=["id"]) if ids else []
        bound: dict[UUID, list[Binding]] = defaultdict(list)
        for row in rows:
            bound[row.hub_id].append(row)
        shown = self.scratch.find_known(THERE, [row.remote_id for row in rows if row.remote_id is not None])
        for record in living:
            if not bound[record.id] and self.writes:
                self._judge_unasked(record)
            for row in bound[record.id]:
                if row.remote_id is None:
                    reason = self._explain_start(record) or explain_unsent(row, self.refused)
                    self._note_missing_there(row, record, reason)
                elif row.remote_id not in shown:
                    self._judge_unshown(row, record)
        numbered = [record for record in living if bound[record.id] or self.writes]
        self.scratch.note(HERE, [(str(record.id), str(getattr(record, record.NUMBER, ""))) for record in numbered])

    def _judge_unasked(self, record: Entity) -> None:
        """A record that has no place in the outbox."""
        reason = self._explain_start(record)
        if reason is None and self.refused is not None:
            reason = Reason(NOT_DUE, self.refused, {"connection": self.conn.name, "kind": self.kind})
        self.ledger.note(
            MISSING_THERE, self._label(record, None), reason, ours=self._find_money(record), record=record,
            command=f"isthmus sync plan {self.conn.name}",
        )  # fmt: skip

    def _explain_start(self, record: Entity) -> Reason | None:
        """Older than the sync: never sent."""
        start = find_start(self.hub, self.conn.name, record)
        day = getattr(record, record.DAY) if record.DAY else None
        older = start is not None and (day is None or day < start)
        return Reason(BEFORE_START, "sync.before_start", {"start_date": str(start)}) if older else None

    def _judge_unshown(self, row: Binding, record: Entity) -> None:
        """Bound to a document that no page showed."""
        if row.parked:
            self._note_missing_there(row, record, Reason(TODO, row.parked, row.parked_params))
        elif row.missing_since is not None or row.state is BindingState.REVERSING:
            self._note_missing_there(row, record, Reason(NOT_DUE, "sync.looked_for_again"))
        elif not self.stream.deletes:
            self._note_missing_there(row, record, Reason(LEFT, "sync.not_listed"))
        else:
            self._suspects.append((row, record))

    def _look_for_suspects(self) -> None:
        """A list may leave out what it does not show, or what was made while it was read: ask for each before it is
        called missing."""
        suspects, self._suspects = self._suspects, []
        for place, (row, record) in enumerate(suspects):
            asks = place < LOOKED_UP and self.stream.fetches
            source = self.stream.fetch(row.remote_id or "") if asks else None
            if source is not None:
                self.compare_page([source])
            else:
                self._note_missing_there(row, record, None)

    def _note_missing_there(self, row: Binding, record: Entity, reason: Reason | None) -> None:
        command = f"isthmus sync {'sweep' if row.remote_id else 'plan'} {self.conn.name}"
        self.ledger.note(
            MISSING_THERE, self._label(record, row), reason, ours=self._find_money(record), record=record,
            command=command if reason is None else f"isthmus binding show {row.id}", remote_id=row.remote_id,
            binding_id=row.id,
        )  # fmt: skip

    # ------------------------------------------------------------ small things

    def _is_wanted(self, values: Mapping[str, Any], record: Entity | None) -> bool:
        """Whether it is not older than what was asked for, on one side at least."""
        if self.since is None or not self.model.DAY:
            return True
        days = [values.get(self.model.DAY), getattr(record, self.model.DAY) if record is not None else None]
        known = [day for day in days if day is not None]
        return not known or any(day >= self.since for day in known)

    def _read_money(self, values: Mapping[str, Any]) -> Money:
        day = values.get(self.model.DAY) if self.model.DAY else None
        if not self.model.AMOUNT:
            return Money(day=day)
        told = values.get(self.model.AMOUNT)
        if told is None:  # a total that only its lines tell, such as a voucher's
            told = add_exactly([getattr(line, self.model.AMOUNT, Decimal(0)) for line in values.get("lines") or ()])
        return Money(values.get("currency", ""), told, day)

    def _find_money(self, record: Entity) -> Money:
        _, amount, currency = describe_record(record, "")
        day = getattr(record, record.DAY) if record.DAY else None
        return Money(day=day) if amount is None else Money(currency, amount, day)

    def _label(self, record: Entity, binding: Binding | None) -> str:
        there = (binding.remote_number or binding.remote_id) if binding is not None else ""
        return str(getattr(record, record.NUMBER, "") or there or getattr(record, "name", "") or record.id)

    def _name_reading(self, source: SourceRecord) -> str:
        """What takes in a document: the next run, or a look at everything where the feed has passed it by."""
        passed = self.read_up_to is not None and source.modified_at is not None and source.modified_at < self.read_up_to
        name = self.conn.name
        return f"isthmus sync sweep {name}" if passed else f"isthmus sync run {name} --kind {self.kind}"

    def _name_settling(self, pair: Pair) -> str:
        """What brings a pair together again: a run where the change there is new to us, else a look at everything."""
        if pair.binding.parked or pair.binding.held or pair.binding.dirty:
            return f"isthmus binding show {pair.binding.id}"
        version = pair.snapshot.version
        if version is not None and version > pair.binding.remote_version:
            return f"isthmus sync run {self.conn.name} --kind {self.kind}"
        return f"isthmus sync sweep {self.conn.name}"


def _is_equal(ours: Money, theirs: Money) -> bool:
    return (ours.currency, ours.amount) == (theirs.currency, theirs.amount)
