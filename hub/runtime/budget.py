"""The calls of a connection, shared by all its workers: threads, processes and machines, without a broker.

A limit of ``n`` calls a second means: at most ``n`` calls are under way or ended less than a second ago. So no second
at the other side sees more than ``n``, however long a call takes to get there. A process borrows a share of the
``n`` for a moment (``SHARE_S``) in one short transaction and hands its share out in memory; while others wait, each
takes its part, and who waited longest takes the rest. While a call lasts longer than a share, a thread of the process
asks for the share again and again (``keep``). Calls of the day are borrowed in small batches, in the same transaction,
and what is left of a batch is given back. A process that dies loses its batch: fewer calls, never more.
"""

from __future__ import annotations

import threading
import time as time_module
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal

from hub.errors import Duplicate, IsthmusError, Transient
from hub.runtime.logs import write_log
from hub.runtime.shelf import Sealer, take_grant
from hub.sdk import CallLimits, Clock, Grant
from hub.sdk.budget import LONGEST_SLEEP_S
from hub.store import Store, UnitOfWork
from hub.store.rows import CallBudget, CallShare

SHARE_S = 1.2
"""How long a share is good for; a process that goes on calling asks for it again before it ends."""
MARGIN_S = 0.4
"""A share is not used in its last moments: its calls need time to arrive."""
GRACE_S = 0.4
"""After its end, and the time that its last calls count, nobody takes a share over for a little longer."""
DAY_BATCH = 50
"""Calls of the day that are borrowed at once; fewer when few are left."""
MOST_AT_ONCE = 800
QUICKLY_S = 5.0
"""A batch that was used up faster is followed by one twice as large: asking costs at most one transaction in so long,
or in so many calls."""
POLL_S = 0.1
MINUTE_S = 60.0
KEEP_S = 0.3
"""How often is looked whether a long call needs its share a little longer."""


@dataclass(frozen=True)
class Pace:
    """At most ``at_once`` calls in any ``window_s`` seconds."""

    at_once: int
    window_s: float


def choose_pace(limits: CallLimits) -> Pace | None:
    """0.5 calls a second are one call in two seconds; 2.5 are two calls in one (never three). Where a minute is limited
    too, calls are spread so that both hold."""
    per_s = limits.per_s
    if limits.per_minute is not None:
        if per_s is None:
            return Pace(limits.per_minute, MINUTE_S)
        per_s = min(per_s, limits.per_minute / Decimal(int(MINUTE_S)))
    if per_s is None:
        return None
    return Pace(int(per_s), 1.0) if per_s >= 1 else Pace(1, float(1 / per_s))


@dataclass
class Budgets:
    """The budgets of this process, one for each connection."""

    holder: str
    """A name for this process that no other has."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _budgets: dict[tuple[int, str], SharedBudget] = field(default_factory=dict)
    _keeper: threading.Thread | None = None

    def lend(
        self,
        connection: str,
        store: Store,
        clock: Clock,
        zone: tzinfo,
        limits: CallLimits,
        sealer: Sealer | None = None,
    ) -> SharedBudget:
        """The budget that all threads of this process share; made anew when limits or zone were changed. Without a
        ``sealer`` nothing that is secret is shared with other processes."""
        with self._lock:
            budget = self._budgets.get((id(store), connection))
            if budget is None or (budget.limits, budget.zone) != (limits, zone) or budget.store is not store:
                if budget is not None:
                    budget.give_back()
                budget = SharedBudget(connection, store, clock, zone, limits, self.holder, sealer)
                self._budgets[id(store), connection] = budget
                if choose_pace(limits) is not None:
                    self._start_keeper()
            return budget

    def list_lent(self) -> list[SharedBudget]:
        """Every budget of this process."""
        with self._lock:
            return list(self._budgets.values())

    def _start_keeper(self) -> None:
        if self._keeper is None:
            self._keeper = threading.Thread(target=_keep, args=(weakref.ref(self),), name="budgets", daemon=True)
            self._keeper.start()


def _keep(reference: weakref.ref[Budgets]) -> None:
    """In real time, whatever the clock of the budgets says: a call lasts on the wire."""
    while (budgets := reference()) is not None:
        for budget in budgets.list_lent():
            try:
                budget.keep()
            except IsthmusError as error:
                write_log("budget.not_kept", connection=budget.connection, code=error.code)
        del budgets
        time_module.sleep(KEEP_S)


class SharedBudget:
    """This process's part of one connection's calls; safe over threads."""

    def __init__(
        self, connection: str, store: Store, clock: Clock, zone: tzinfo, limits: CallLimits, holder: str,
        sealer: Sealer | None = None,
    ) -> None:  # fmt: skip
        self.connection, self.store, self.limits, self.zone = connection, store, limits, zone
        self._clock = clock
        self._sealer = sealer
        self._holder = holder
        self._pace = choose_pace(limits)
        self._lock = threading.Lock()
        self._share = 0
        self._share_ends = self._asks_again = float("-inf")
        self._flying = 0
        self._cooling: list[float] = []
        self._left = 0
        self._batch = DAY_BATCH
        self._borrowed = float("-inf")
        self._day = ""
        self._day_ends: datetime | None = None
        self.transactions = 0
        """Transactions that this budget has cost so far."""

    @contextmanager
    def call(self, longest_sleep_s: float = LONGEST_SLEEP_S) -> Iterator[None]:
        """See :class:`hub.sdk.Budget`."""
        began = self._clock.monotonic()
        while (wait_s := self._take()) > 0:
            if self._clock.monotonic() - began + wait_s > longest_sleep_s:
                raise self._make_far(wait_s)
            self._clock.sleep(wait_s)
        try:
            if self._clock.monotonic() - began > longest_sleep_s:
                raise self._make_far(POLL_S)  # the database kept us waiting: the mark of a write may be too old by now
            yield
        finally:
            self._land()

    def share(self, name: str, ask: Callable[[], Grant], stale: str = "") -> Grant:
        """See :class:`hub.sdk.Budget`."""
        if self._sealer is None:
            return ask()
        return take_grant(f"{self.connection}/{name}", ask, stale, self.store, self._clock, self._sealer)

    def _make_far(self, wait_s: float) -> Transient:
        return Transient("runtime.turn_far", retry_after_s=wait_s, connection=self.connection)

    def give_back(self) -> None:
        """Return what is left: this process makes no calls for now."""
        with self._lock:
            if not self._left and not self._share:
                return
            with self.store.write() as tx:
                row = self._load(tx)
                if row.day == self._day:
                    row = row.model_copy(update={"used": row.used - self._left})
                tx.save(self._free_share(row, tx.read_time()))
            self._left, self._share = 0, 0
            self._share_ends = float("-inf")
            self.transactions += 1

    def keep(self) -> None:
        """Ask for the share again if calls are under way and it ends soon: they count as long as they last. Where they
        count much longer than it lasts, what was not used of it is free for others at its end."""
        if self._pace is None:
            return
        with self._lock:
            now = self._clock.monotonic()
            self._cooling = [at for at in self._cooling if at > now]
            if self._flying and now > self._share_ends - MARGIN_S:
                self._borrow(now)
            elif self._share > len(self._cooling) and self._pace.window_s > SHARE_S and now > self._share_ends:
                with self.store.write() as tx:
                    tx.save(self._free_share(self._load(tx), tx.read_time()))
                self._share = 0
                self.transactions += 1

    def _free_share(self, row: CallBudget, now: datetime) -> CallBudget:
        """The row with no more of us than the calls that still count."""
        mine = row.shares.get(self._holder)
        if mine is None:
            return row
        busy = min(mine.at_once, self._flying + len(self._cooling))
        ended = mine.model_copy(update={"until": min(mine.until, now), "at_once": busy})
        return row.model_copy(update={"shares": {**row.shares, self._holder: ended}})

    # ------------------------------------------------------------ one call

    def _take(self) -> float:
        """0: a call may leave now. Else for how long to sleep before asking again."""
        with self._lock:
            now = self._clock.monotonic()
            self._cooling = [at for at in self._cooling if at > now]
            if self._must_borrow(now):
                self._borrow(now)
            if self._pace is not None:
                if self._share <= self._flying + len(self._cooling):
                    return self._guess_wait_s(now)
                self._flying += 1
            self._left -= 1
            return 0.0

    def _land(self) -> None:
        if self._pace is None:
            return
        with self._lock:
            self._flying -= 1
            self._cooling.append(self._clock.monotonic() + self._pace.window_s)

    def _must_borrow(self, now: float) -> bool:
        if self._left <= 0 or self._day_ends is None or self._clock.now() >= self._day_ends:
            return True
        if self._pace is None:
            return False
        return now > self._share_ends - MARGIN_S or (not self._share and now >= self._asks_again)

    def _guess_wait_s(self, now: float) -> float:
        if self._share and self._cooling:
            return max(0.001, min(self._cooling) - now)
        return POLL_S

    # ------------------------------------------------------------ borrowing

    def _borrow(self, now: float) -> None:
        """One transaction: count what was used, take calls of the day and a share of the pace."""
        with self.store.write() as tx:
            row, left = self._borrow_of_day(self._load(tx))
            share = 0
            if self._pace is not None:
                row, share = self._borrow_of_pace(row, self._pace, tx.read_time())
            tx.save(row)
        self.transactions += 1
        self._left, self._share = left, share
        self._share_ends = now + SHARE_S  # counted from before the transaction: ours ends before the row says so
        self._asks_again = now + POLL_S
        if left <= 0:
            self._stop_for_today()

    def _load(self, tx: UnitOfWork) -> CallBudget:
        row = tx.get(CallBudget, connection=self.connection, lock=True)
        if row is not None:
            return row
        try:
            return tx.insert(CallBudget(connection=self.connection))
        except Duplicate:
            return self._load(tx)

    def _borrow_of_day(self, row: CallBudget) -> tuple[CallBudget, int]:
        """The row with a batch counted as used, and the size of the batch."""
        here = self._clock.now().astimezone(self.zone)
        day = here.date().isoformat()
        self._day_ends = datetime.combine(here.date() + timedelta(days=1), time.min, tzinfo=self.zone)
        used = row.used - (self._left if self._day == row.day else 0) if row.day == day else 0
        self._day, self._left = day, 0
        now = self._clock.monotonic()
        self._batch = min(self._batch * 2, MOST_AT_ONCE) if now - self._borrowed < QUICKLY_S else DAY_BATCH
        self._borrowed, batch = now, self._batch
        if self.limits.per_day is not None:
            rest = max(0, self.limits.per_day - used)
            batch = min(batch, max(1, rest // 4), rest)
        return row.model_copy(update={"day": day, "used": used + batch}), batch

    def _borrow_of_pace(self, row: CallBudget, pace: Pace, now: datetime) -> tuple[CallBudget, int]:
        """The row with our share in it, and how much of it may be used. Who held more than its part keeps the rest in
        the row, unused, as long as its calls still count."""
        counts = timedelta(seconds=pace.window_s + GRACE_S)
        living = {name: share for name, share in row.shares.items() if share.until + counts > now}
        mine = living.get(self._holder)
        others = {name: share for name, share in living.items() if name != self._holder}
        part = _choose_part(pace.at_once, self._holder, mine, others)
        busy = min(self._flying + len(self._cooling), mine.at_once if mine else 0)
        free = max(0, pace.at_once - sum(share.at_once for share in others.values()))
        at_once = min(max(part, busy), free)
        served = now if at_once else (mine.served_at if mine else None)
        share = CallShare(at_once=at_once, until=now + timedelta(seconds=SHARE_S), served_at=served)
        return row.model_copy(update={"shares": {**others, self._holder: share}}), min(part, at_once)

    def _stop_for_today(self) -> None:
        ends = self._day_ends
        if ends is None:
            raise RuntimeError("calls are borrowed for a day")
        raise Transient(
            "runtime.calls_used",
            retry_after_s=max(1.0, (ends - self._clock.now()).total_seconds()),
            connection=self.connection,
            calls=self.limits.per_day,
            until=ends.isoformat(sep=" ", timespec="minutes"),
        )


def _choose_part(at_once: int, holder: str, mine: CallShare | None, others: Mapping[str, CallShare]) -> int:
    """An equal part for everybody who calls; what cannot be divided goes to those who were served longest ago."""
    served = {name: share.served_at for name, share in others.items()}
    served[holder] = mine.served_at if mine else None
    order = sorted(served, key=lambda name: (at.timestamp() if (at := served[name]) else 0.0, name))
    part, rest = divmod(at_once, len(order))
    return part + (order.index(holder) < rest)


def count_calls(tx: UnitOfWork, connection: str, now: datetime, zone: tzinfo) -> int:
    """Calls of today, in the connection's zone; those that a process has borrowed and not made yet are counted."""
    row = tx.get(CallBudget, connection=connection)
    return row.used if row is not None and row.day == now.astimezone(zone).date().isoformat() else 0
