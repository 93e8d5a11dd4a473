"""The guard over what reading brings: pages are committed one by one until something could be too much; then the rest
is looked at first, each page in a transaction that is undone, and nothing more is applied when it is too much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hub.errors import CursorExpired
from hub.model.kinds import find_kind
from hub.sdk import Page
from hub.store import UnitOfWork
from hub.store.guard_rows import MassStop
from hub.store.rows import Cursor
from hub.sync.context import Hub, OpenConnection
from hub.sync.ingest import Ingested
from hub.sync.intake import rehearse_page, take_in
from hub.sync.mass import (
    CLEARED,
    MEASURES,
    MISSING,
    NEWS,
    READ,
    Limits,
    Weight,
    add_weight,
    find_excess,
    may_be_too_much,
    weigh_changes,
)
from hub.sync.stops import (
    AGAIN,
    IN,
    LOOK_AGAIN,
    Evidence,
    count_known,
    find_stop,
    keep_stop,
    lift_stop,
    limits_of,
    make_error,
    make_stop,
)
from hub.sync.watch import note_news

_NEWS = frozenset({"created", "updated", "ended"})


class LookAhead(Exception):
    """What is being taken in may be part of something too large: undo it and look at the rest first."""


def weigh_ingested(kind: str, done: Ingested) -> Weight:
    """What taking in one snapshot would lose or change of a record that was there before."""
    if not done.lost and done.outcome not in ("updated", "ended"):
        return Weight()
    return weigh_changes(find_kind(kind), done.changes, lost=done.lost)


@dataclass(frozen=True)
class Consent:
    """``allowed``: what a person has seen and lets pass, by measure. ``patient``: nobody stands by, so a stop that was
    found lately is not looked into again."""

    allowed: Mapping[str, int] = field(default_factory=dict)
    patient: bool = False


NO_CONSENT = Consent()


@dataclass
class ReadGuard:
    """Watches one pull (``way`` in) or one round of a sweep (again)."""

    hub: Hub
    conn: OpenConnection
    kind: str
    actor: str
    way: str = IN
    consent: Consent = NO_CONSENT
    stop: MassStop | None = None
    known: int | None = None

    @property
    def limits(self) -> Limits:
        return limits_of(self.hub, self.conn.name, self.kind)

    def begin(self) -> ReadGuard:
        """Learn of a stop that stands; ``RuleBroken`` when it is too early to look again."""
        with self.hub.store.read() as tx:
            self.stop = find_stop(tx, self.conn.name, self.kind, self.way)
        again = self.stop.look_again_at if self.stop else None
        if self.stop is not None and self.consent.patient and not self.allowed and again and again > self.hub.now():
            raise make_error(self.stop)
        return self

    @property
    def allowed(self) -> Mapping[str, int]:
        return {**(self.stop.allowed if self.stop else {}), **self.consent.allowed}

    # ------------------------------------------------------------ in the transaction of a page

    def weigh_page(self, tx: UnitOfWork, cursor: Cursor, page: Page, dones: Sequence[Ingested]) -> dict[str, int]:
        """The tally of the pull with this page; ``LookAhead`` when it must not be committed yet."""
        tally = Counter(cursor.tally)
        for done in dones:
            add_weight(tally, weigh_ingested(self.kind, done))
            tally[NEWS] += done.outcome in _NEWS
        tally[READ] += len(page.records)
        last = page.position is None
        if last and is_full_reading(cursor):
            self.known = count_known(tx, self.conn.name, self.kind)
            tally[MISSING] = max(0, self.known - tally[READ]) if cursor.reading_high is not None else 0
        if self._must_look(tx, tally, alone=last):
            raise LookAhead
        if last and self.stop is not None:
            self.lift(tx)
        return dict(tally)

    def lift(self, tx: UnitOfWork) -> None:
        """Everything was taken in: because it was right again, or because a person let it pass."""
        if self.stop is not None:
            passed = self.stop.allowed_by or (self.actor if self.allowed else None)
            lift_stop(tx, self.stop.model_copy(update={"allowed_by": passed}), self.actor)

    def weigh_one(self, tx: UnitOfWork, tally: Mapping[str, int], done: Ingested) -> dict[str, int]:
        """The same for a document that a sweep read by itself."""
        grown = Counter(tally)
        add_weight(grown, weigh_ingested(self.kind, done))
        if self._must_look(tx, grown, alone=False):
            raise LookAhead
        return dict(grown)

    def _must_look(self, tx: UnitOfWork, tally: Mapping[str, int], *, alone: bool) -> bool:
        """``alone``: nothing comes after it, so that what is known is all there is."""
        if not may_be_too_much(tally, self.limits, eager=self.stop is not None or self.way == AGAIN):
            return False
        if not alone:
            return True
        known = count_known(tx, self.conn.name, self.kind)
        return bool(find_excess(tally, known, self.limits, self.allowed))

    # ------------------------------------------------------------ before anything more is applied

    def look_ahead(self, cursor: Cursor, page: Page | None) -> dict[str, int]:
        """Read to the end of the pull from this page on (None: from the start) and weigh everything. The tally, with
        how much was found; ``RuleBroken`` with the evidence kept as a stop when it is too much."""
        started = self.hub.clock.monotonic()
        found = Evidence(self.kind, Counter(cursor.tally))
        for ahead in self._read_on(cursor, page):
            self._weigh_ahead(ahead, found)
        took_s = self.hub.clock.monotonic() - started
        wait = max(LOOK_AGAIN, timedelta(seconds=20 * took_s))
        with self.hub.store.write() as tx:
            known = count_known(tx, self.conn.name, self.kind)
            if is_full_reading(cursor) and cursor.reading_high is not None:
                found.tally[MISSING] = max(0, known - found.tally[READ])
            over = find_excess(found.tally, known, self.limits, self.allowed)
            stop = make_stop(self.hub, tx, self.conn.name, self.kind, self.way, over, known, found) if over else None
            if stop is not None:
                self.stop = keep_stop(self.hub, tx, stop, self.actor, wait=wait)
        if stop is not None:
            raise make_error(stop)
        return {**cursor.tally, CLEARED: max(found.tally[measure] for measure in MEASURES)}

    def _read_on(self, cursor: Cursor, page: Page | None) -> Iterator[Page]:
        stream = self.conn.stream_of(self.kind)
        try:
            page = page or stream.read_page(None, None, self.hub.page_size)
            yield page
            while page.position is not None:
                page = stream.read_page(cursor.since, page.position, self.hub.page_size)
                yield page
        except CursorExpired:
            return  # the pull itself begins anew, and is weighed anew

    def _weigh_ahead(self, page: Page, found: Evidence) -> None:
        def work(tx: UnitOfWork) -> Evidence:
            seen = Evidence(self.kind, Counter({READ: len(page.records)}))
            dones = take_in(tx, self.hub, self.conn, self.kind, page.records, self.actor)
            for source, done in zip(page.records, dones, strict=True):
                seen.add(tx, weigh_ingested(self.kind, done), done.changes, done.record_id, source.external_id)
            return seen

        found.merge(rehearse_page(self.hub.store, work))


def is_full_reading(cursor: Cursor) -> bool:
    """Whether everything is being read once more, so that what is not shown may be gone."""
    return cursor.since is None and cursor.complete_once


def advance_tally(hub: Hub, cursor: Cursor, page: Page, tally: Mapping[str, int], known: int | None) -> dict[str, Any]:
    """What a committed page changes in the cursor beside its position."""
    if page.position is not None:
        return {"tally": dict(tally)}
    now = hub.now()
    update: dict[str, Any] = {"tally": {}, "completed_at": now}
    if known is not None:
        update |= {"listed": tally.get(READ, 0), "expected": known}
    if tally.get(NEWS):
        update |= note_news(cursor, now)
    return update
