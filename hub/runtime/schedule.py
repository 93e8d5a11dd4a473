"""Who does what when: one scheduler by lease calls turns that are due and hints rows that are due."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hub.errors import Transient
from hub.runtime.actors import Actors
from hub.runtime.logs import outlive, write_log
from hub.runtime.pool import HubPool
from hub.runtime.recovery import recover_runs
from hub.runtime.settings import list_syncs
from hub.store.rows import Cursor, Setting
from hub.sync.audit import read_head, seal_journal
from hub.sync.awaited import has_awaited
from hub.sync.booking import book_changed
from hub.sync.context import Hub
from hub.sync.daily import do_daily
from hub.sync.events import list_due_events, prune_events
from hub.sync.pause import is_resting
from hub.sync.push import list_due
from hub.sync.refresh import list_refreshing
from hub.sync.review import scan_identity
from hub.sync.turns import call_due_turns, read_next_turn

DAILY_AT_ONCE = 50
"""Records that one tick looks at for actions that are taken once a day."""
LEASE_NAME = "scheduler"
LEASE_S = 10.0
TICK_S = 2.0
SHORTEST_TICK_S = 0.1
HINT_AGAIN_S = 30.0
"""A row that was hinted is not hinted again for so long: its message may still be in the queue."""
DUE_LIMIT = 500
SWEEP_STEP_S = 60.0
SWEEP_ROUND_S = 3600.0
"""A finished round over everything begins again after so long."""

PRUNE_EVERY = timedelta(days=1)
PAYLOADS_KEPT = 5
PAYLOADS_KEPT_FOR = timedelta(days=90)
"""Retention of records as vendors sent them: the newest few of each always stay, older ones for so long."""
PRUNED_AT = "payloads_pruned_at"


def prune_old_payloads(hub: Hub) -> int:
    """Once a day, whichever process asks: remove payloads and events that retention no longer wants; how many."""
    now = hub.now()
    with hub.store.write() as tx:
        last = tx.get(Setting, name=PRUNED_AT, lock=True)
        if last is not None and now - datetime.fromisoformat(last.value) < PRUNE_EVERY:
            return 0
        tx.save(Setting(name=PRUNED_AT, value=now.isoformat()))
        return tx.prune_payloads(PAYLOADS_KEPT, now - PAYLOADS_KEPT_FOR) + prune_events(tx, now)


def make_holder() -> str:
    """A name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"


def list_sweeps(hub: Hub) -> list[str]:
    """Connections that are synced by themselves and whose sweep is under way, or whose last round is long ago."""
    long_ago = hub.now() - timedelta(seconds=SWEEP_ROUND_S)
    scheduled = sorted({name for name, _, sync in list_syncs(hub.config) if sync.every_s})
    with hub.store.read() as tx:
        awake = [name for name in scheduled if not is_resting(tx, hub, name)]
        rounds = {name: tx.find(Cursor, connection=name, stream__prefix="sweep:") for name in awake}
    return [name for name, cursors in rounds.items() if _is_sweep_due(cursors, long_ago)]


def _is_sweep_due(cursors: Sequence[Cursor], long_ago: datetime) -> bool:
    if not cursors or any(cursor.high_water is None or cursor.under_way for cursor in cursors):
        return True
    return min(cursor.high_water for cursor in cursors if cursor.high_water) < long_ago


SEAL_STEP_S = 30.0
BLOCKS_AT_ONCE = 10
"""So much of the journal is sealed in one tick."""
IDENTITY_ACTOR = "identity"
IDENTITY_AT_ONCE = 100
"""So many parties are looked at in one tick."""


class Scheduler:
    """A thread that, while it holds the lease, starts due syncs and hints due rows. Others stand by."""

    def __init__(
        self,
        pool: HubPool,
        actors: Actors,
        *,
        holder: str | None = None,
        tick_s: float = TICK_S,
        sweep_step_s: float | None = SWEEP_STEP_S,
    ) -> None:
        self._pool = pool
        self._actors = actors
        self._tick_s = tick_s
        self._sweep_step = None if sweep_step_s is None else timedelta(seconds=sweep_step_s)
        self._stop = threading.Event()
        self._hinted: dict[UUID, datetime] = {}
        self._swept: datetime | None = None
        self._sealed: datetime | None = None
        self._thread = threading.Thread(target=self._loop, name="scheduler", daemon=True)
        self.holder = holder or make_holder()
        self.last_tick: datetime | None = None
        self._next_turn: datetime | None = None
        self.after_tick: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread and give the lease back, so that another process need not wait for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            with self._pool.store.write() as tx:
                tx.release_lease(LEASE_NAME, self.holder)
        except Transient as error:  # it is over soon in any case
            write_log("schedule.lease_kept", code=error.code)

    def tick(self) -> bool:
        """One round; False when another process holds the lease."""
        self._next_turn = None
        with self._pool.lend() as hub:
            self.last_tick = hub.now()
            with hub.store.write() as tx:
                held = tx.acquire_lease(LEASE_NAME, self.holder, hub.now() + timedelta(seconds=LEASE_S))
            if held is None:
                return False
            if lost := recover_runs(hub):
                write_log("runs.lost", count=lost)
            for connection, kinds in call_due_turns(hub).items():
                self._actors.call_run(connection, kinds)
            self._hint_due(hub)
            self._go_on_sweeping(hub)
            self._do_daily(hub)
            self._look_for_same(hub)
            self._book(hub)
            self._seal(hub)
            self._next_turn = read_next_turn(hub)
        return True

    def _go_on_sweeping(self, hub: Hub) -> None:
        """A step of every sweep that is due, not oftener than once in ``sweep_step_s``: sweeps are slow on purpose."""
        if self._sweep_step is None or (self._swept is not None and hub.now() - self._swept < self._sweep_step):
            return
        self._swept = hub.now()
        if pruned := prune_old_payloads(hub):
            write_log("payloads.pruned", count=pruned)
        for connection in list_sweeps(hub):
            self._actors.call_sweep(connection)
        for connection in list_refreshing(hub):
            self._actors.call_refresh(connection)
        if has_awaited(hub):
            self._actors.call_awaited()

    def _do_daily(self, hub: Hub) -> None:
        """A part of what is done once a day, small enough for a tick."""
        result = do_daily(hub, limit=DAILY_AT_ONCE)
        for kind, label, error in result.refused:
            write_log("daily.refused", kind=kind, record=label, code=error.code, words=error.text())
        for (kind, action), count in sorted(result.done.items()):
            write_log("daily.done", kind=kind, action=action, count=count)

    def _look_for_same(self, hub: Hub) -> None:
        """Some of the parties that are new or changed: whether they are others."""
        done = scan_identity(hub, IDENTITY_ACTOR, limit=IDENTITY_AT_ONCE)
        if done.merged or done.asked:
            write_log("identity.scanned", looked=done.looked, merged=done.merged, asked=done.asked)

    def _book(self, hub: Hub) -> None:
        """Vouchers of ledgers that book by themselves."""
        for outcome in book_changed(hub):
            words = "" if outcome.reason is None else outcome.reason.text()
            write_log(
                f"voucher.{outcome.action}", ledger=outcome.ledger, kind=outcome.kind, source=outcome.source,
                vouchers=", ".join(outcome.vouchers), words=words,
            )  # fmt: skip

    def _seal(self, hub: Hub) -> None:
        """Seal what was added to the journal. The log, which others keep, tells the head of the chain."""
        if self._sealed is not None and hub.now() - self._sealed < timedelta(seconds=SEAL_STEP_S):
            return
        self._sealed = hub.now()
        if seal_journal(hub.store, hub.now(), hub.random.randbytes, blocks=BLOCKS_AT_ONCE):
            with hub.store.read() as tx:
                head = read_head(tx)
            write_log("journal.sealed", head=str(head), rows=head.rows)

    def _hint_due(self, hub: Hub) -> None:
        now = hub.now()
        recent = now - timedelta(seconds=HINT_AGAIN_S)
        self._hinted = {binding: at for binding, at in self._hinted.items() if at > recent}
        fresh = [binding for binding in list_due(hub, DUE_LIMIT) if binding not in self._hinted]
        told = fresh[: self._actors.hint(fresh)]
        events = [event for event in list_due_events(hub, DUE_LIMIT) if event not in self._hinted]
        told += events[: self._actors.hint_events(events)]
        self._hinted.update(dict.fromkeys(told, now))

    def _loop(self) -> None:
        while not self._stop.is_set():
            with outlive("schedule"):
                self.tick()
                self.after_tick()
            self._stop.wait(self._find_pause_s())

    def _find_pause_s(self) -> float:
        """Until the next tick, or until a turn comes before it."""
        if self._next_turn is None:
            return self._tick_s
        until_s = (self._next_turn - self._pool.clock.now()).total_seconds()
        if until_s <= 0:  # it came and cannot be called now: its connection is busy or rests
            return self._tick_s
        return min(self._tick_s, max(SHORTEST_TICK_S, until_s))
