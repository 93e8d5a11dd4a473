"""Sweep: slowly look at everything again, so that nothing rests on a feed, a hint or an answer that was lost.

A round over one kind looks for deletions, reads every bound document, tries again what could not be taken in, and
removes spare drafts. It is cut into steps of ``limit`` reads; where it stands is a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from hub.errors import ConnectorDefect, RuleBroken
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Direction, Stage
from hub.sdk import SourceRecord, Stream
from hub.store import UnitOfWork
from hub.store.rows import Cursor, DeadRow, Orphan
from hub.sync.accept import order_kinds
from hub.sync.arrival import Arrival
from hub.sync.burial import note_missing
from hub.sync.context import Hub, OpenConnection
from hub.sync.guards import review_vanished
from hub.sync.ingest import Ingested, ingest
from hub.sync.keepable import make_keepable
from hub.sync.locks import lock_binding
from hub.sync.lookahead import Consent, LookAhead, ReadGuard
from hub.sync.orphans import clear_orphan
from hub.sync.pause import check_paused
from hub.sync.signs import forget_signs
from hub.sync.stops import AGAIN, LIVING, count_known

_BATCH = 100
T = TypeVar("T")


@dataclass
class SweepReport:
    """``counts``: documents by what became of them (the outcomes of ingest, ``missing``, ``cleared``, ``kept``).
    ``finished``: the round over every kind has ended; the next call begins a new one. ``stops``: kinds that were left
    because reading them again would lose or change too much."""

    counts: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    finished: bool = False
    stops: list[RuleBroken] = field(default_factory=list)


def sweep_connection(
    hub: Hub, connection: str, *, actor: str, run_id: UUID | None = None, limit: int | None = None
) -> SweepReport:
    """Go on with the round that is under way, or begin one; stop after about ``limit`` reads (None: never, a person
    stands by). Raises what the other system raises; the position is kept."""
    check_paused(hub, connection)
    conn = hub.open(connection)
    conn.load_codes()
    report = SweepReport()
    for kind in order_kinds(kind for kind in conn.policies if kind in conn.mappings):
        sweep = _Sweep(hub, conn, kind, actor, run_id, report, limit)
        try:
            if not sweep.run():
                return report
        except RuleBroken as stop:
            report.stops.append(stop)
            sweep.leave()
    for kind in conn.policies:
        review_vanished(hub, conn.name, kind, actor)
    _end_round(hub, conn)
    report.finished = True
    return report


def make_sweep_due(tx: UnitOfWork, hub: Hub, connection: str, kind: str) -> None:
    """A round over this kind begins anew at the next opportunity."""
    name = _name_stream(kind)
    old = tx.get(Cursor, lock=True, connection=connection, stream=name) or Cursor(connection=connection, stream=name)
    anew: dict[str, Any] = {"position": None, "high_water": None, "under_way": True, "updated_at": hub.now()}
    tx.save(old.model_copy(update=anew))


def look_for_deleted(hub: Hub, connection: str, kind: str, actor: str, run_id: UUID | None = None) -> Counter[str]:
    """The first step of a round, alone: what is bound and on no list any more is read, and noted as missing. It is
    believed when a later round sees the same."""
    report = SweepReport()
    sweep = _Sweep(hub, hub.open(connection), kind, actor, run_id, report, None)
    sweep.guard = ReadGuard(hub, sweep.conn, kind, actor, AGAIN, Consent()).begin()
    sweep._sweep_ids(None)
    return report.counts


def _name_stream(kind: str) -> str:
    return f"sweep:{kind}"


def _end_round(hub: Hub, conn: OpenConnection) -> None:
    now = hub.now()
    with hub.store.write() as tx:
        for kind in conn.policies:
            name = _name_stream(kind)
            old = tx.get(Cursor, lock=True, connection=conn.name, stream=name)
            old = old or Cursor(connection=conn.name, stream=name)
            high = max(now, old.high_water or now)  # clocks differ, and a cursor moves only forward
            ended = {"high_water": high, "complete_once": True, "position": None, "under_way": False, "tally": {}}
            tx.save(old.model_copy(update={**ended, "updated_at": now}))


@dataclass
class _Sweep:
    """The round over one kind. Its position is (step, last id): the steps come in the order of ``STEPS``."""

    hub: Hub
    conn: OpenConnection
    kind: str
    actor: str
    run_id: UUID | None
    report: SweepReport
    limit: int | None
    tally: dict[str, int] = field(default_factory=dict)
    guard: ReadGuard = field(init=False)

    @property
    def stream(self) -> Stream:
        return self.conn.stream_of(self.kind)

    def run(self) -> bool:
        """True when this kind is done; False when the limit was reached first."""
        step, last = self._read_position()
        if step not in STEPS:
            return True
        self.guard = ReadGuard(
            self.hub, self.conn, self.kind, self.actor, AGAIN, Consent(patient=self.limit is not None)
        )
        self.guard.begin()
        for name in STEPS[STEPS.index(step) :]:
            if not getattr(self, f"_sweep_{name}")(last):
                return False
            last = None
            after = STEPS.index(name) + 1
            self._save_position(STEPS[after] if after < len(STEPS) else "end", None)
        if self.guard.stop is not None:
            with self.hub.store.write() as tx:
                self.guard.lift(tx)
        return True

    def leave(self) -> None:
        """Nothing more is read of this kind in this round."""
        self._save_position("end", None)

    def _read_position(self) -> tuple[str, str | None]:
        with self.hub.store.read() as tx:
            cursor = tx.get(Cursor, connection=self.conn.name, stream=_name_stream(self.kind))
        if cursor is None or cursor.position is None:
            return STEPS[0], None
        self.tally = dict(cursor.tally)
        step, last = cursor.position
        return str(step), last

    def _save_position(self, step: str, last: str | None, **more: Any) -> None:
        with self.hub.store.write() as tx:
            where, name = self.conn.name, _name_stream(self.kind)
            cursor = tx.get(Cursor, lock=True, connection=where, stream=name) or Cursor(connection=where, stream=name)
            moved = {"position": [step, last], "under_way": True, "updated_at": self.hub.now(), "tally": self.tally}
            tx.save(cursor.model_copy(update={**moved, **more}))

    def _is_full(self) -> bool:
        return self.limit is not None and self.report.reads >= self.limit

    # ------------------------------------------------------------ steps

    def _sweep_ids(self, last: str | None) -> bool:
        """Compare the list of all ids with what is bound: deletions, and documents that no feed ever showed."""
        listed = self.stream.list_ids() if self.stream.deletes else None
        self.hub.checkpoint("C14")
        if listed is None:
            return True
        there = set(listed)
        with self.hub.store.read() as tx:
            living = [row for row in self._find_bound(tx) if row.state is not BindingState.TOMB]
            bound = {row.remote_id: row for row in living if row.remote_id is not None}
            known = set(bound) | self._list_aside(tx)
            feed = tx.get(Cursor, connection=self.conn.name, stream=self.stream.name)
            expected = count_known(tx, self.conn.name, self.kind)
        if last is None:
            shown = expected - len({id_ for id_, row in bound.items() if row.state in LIVING} - there)
            self._save_position("ids", None, listed=shown, expected=expected)
        for remote_id in _order_ids(set(bound) - there, last):
            if self._is_full():
                return False
            self._passing_defects(self._look_at, bound[remote_id])
            self._save_position("ids", remote_id)
        if self.conn.policies[self.kind].direction is Direction.OUT:
            return True  # nothing is taken in
        if feed is None or not feed.complete_once or feed.under_way or not self.stream.fetches:
            return True  # what the feed has yet to show for the first time is its own business
        for remote_id in _order_ids(there - known, None):
            if self._is_full():
                return False
            self._passing_defects(self._take_in, remote_id)
        return True

    def _sweep_bindings(self, last: str | None) -> bool:
        """Read every bound document again."""
        if not self.stream.fetches:
            return True
        while True:
            after: dict[str, Any] = {"id__gt": UUID(last)} if last else {}
            with self.hub.store.read() as tx:
                rows = self._find_bound(tx, limit=_BATCH, **after)
            if not rows:
                return True
            for row in rows:
                if self._is_full():
                    return False
                if not _is_known_gone(row):
                    self._passing_defects(self._look_at, row)
                last = str(row.id)
                self._save_position("bindings", last)

    def _sweep_aside(self, last: str | None) -> bool:
        """Try again what could not be taken in: the mapping, or what it refers to, may be there by now."""
        if not self.stream.fetches:
            return True
        with self.hub.store.read() as tx:
            states = ["dead", "waiting", "review"]
            dead = tx.find(DeadRow, connection=self.conn.name, stream=self.stream.name, state__in=states)
        for external_id in _order_ids({row.external_id for row in dead}, last):
            if self._is_full():
                return False
            self._passing_defects(self._take_in, external_id)
            self._save_position("aside", external_id)
        return True

    def _sweep_orphans(self, last: str | None) -> bool:
        """Remove spare drafts of ours that nobody touched; tell people about the others."""
        if not self.stream.fetches or self.kind not in self.conn.sinks:
            return True
        with self.hub.store.read() as tx:
            due = tx.find(Orphan, connection=self.conn.name, kind=self.kind, state__in=["due", "parked"])
        by_id = {row.remote_id: row for row in due}
        for remote_id in _order_ids(set(by_id), last):
            if self._is_full():
                return False
            self.report.reads += 1
            self._passing_defects(self._clear, by_id[remote_id])
            self._save_position("orphans", remote_id)
        return True

    # ------------------------------------------------------------ one document

    def _find_bound(self, tx: UnitOfWork, limit: int | None = None, **where: Any) -> Sequence[Binding]:
        """Cancelled documents too: people may bring them back to life."""
        return tx.find(
            Binding, connection=self.conn.name, kind=self.kind, remote_id__null=False, order=["id"], limit=limit,
            state__ne=BindingState.FOREIGN, **where,
        )  # fmt: skip

    def _list_aside(self, tx: UnitOfWork) -> set[str]:
        """Ids that are known without being bound to a living binding."""
        dead = tx.find(DeadRow, connection=self.conn.name, stream=self.stream.name)
        spare = tx.find(Orphan, connection=self.conn.name, kind=self.kind)
        ended = tx.find(Binding, connection=self.conn.name, kind=self.kind, state=BindingState.TOMB)
        return (
            {row.external_id for row in dead}
            | {row.remote_id for row in spare}
            | {row.remote_id for row in ended if row.remote_id is not None}
        )

    def _passing_defects(self, step: Callable[[T], None], subject: T) -> None:
        """A connector that fails on one record stops the round over no other."""
        try:
            step(subject)
        except ConnectorDefect:
            self.report.counts["defect"] += 1

    def _fetch(self, remote_id: str) -> SourceRecord | None:
        self.report.reads += 1
        source = self.stream.fetch(remote_id) if self.stream.fetches else None
        self.hub.checkpoint("C14")
        return source

    def _look_at(self, binding: Binding) -> None:
        """Read one bound document and fold in what is there, or note that it is gone."""
        source = self._fetch(binding.remote_id or "")
        if source is not None:
            self._ingest(source)
            return
        if not self.stream.deletes:
            self.report.counts["vanished"] += 1
            return

        def work(tx: UnitOfWork) -> bool:
            now_bound = lock_binding(tx, id=binding.id)
            if now_bound is None or now_bound.remote_id != binding.remote_id or _is_known_gone(now_bound):
                return False
            note_missing(self.hub, tx, now_bound, self.conn.policies[self.kind], self.actor)
            return True

        if self.hub.store.carry_out(work):
            self.report.counts["missing"] += 1

    def _clear(self, spare: Orphan) -> None:
        self.report.counts[clear_orphan(self.hub, self.conn, spare, self.actor, self.run_id)] += 1

    def _take_in(self, remote_id: str) -> None:
        """A document without a binding. One that vanished leaves no trace to wait for."""
        source = self._fetch(remote_id)
        if source is not None:
            self._ingest(source)
            return
        with self.hub.store.write() as tx:
            tx.delete(DeadRow, connection=self.conn.name, stream=self.stream.name, external_id=remote_id)
            forget_signs(tx, self.conn.name, self.kind, remote_id)

    def _ingest(self, source: SourceRecord) -> None:
        try:
            done = self._ingest_once(source)
        except LookAhead:
            everything = Cursor(connection=self.conn.name, stream=self.stream.name)
            self.tally = self.guard.look_ahead(everything, None)
            done = self._ingest_once(source)
        self.hub.hint(done.due)
        self.report.counts[done.outcome] += 1

    def _ingest_once(self, source: SourceRecord) -> Ingested:
        (kept,) = make_keepable([source])

        def work(tx: UnitOfWork) -> tuple[Ingested, dict[str, int]]:
            done = ingest(Arrival(tx, self.hub, self.conn, self.kind, kept, self.actor, self.run_id))
            return done, self.guard.weigh_one(tx, self.tally, done)

        done, self.tally = self.hub.store.carry_out(work)
        return done


STEPS = ("ids", "bindings", "aside", "orphans")


def _is_known_gone(binding: Binding) -> bool:
    return binding.stage == Stage.GONE and (binding.state is BindingState.TOMB or binding.parked is not None)


def _order_ids(ids: Iterable[str], last: str | None) -> list[str]:
    """In a fixed order, without those up to ``last``."""
    return [id_ for id_ in sorted(ids) if last is None or id_ > last]
