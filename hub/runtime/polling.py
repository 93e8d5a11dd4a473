"""What a worker does without being told: it looks for due rows itself, so that a lost message, or a broker that is
away, costs some seconds and nothing else.

While the broker answers, only what has waited for longer than any message takes is looked for; while it does not,
everything that is due. Claims and leases keep two workers off one row, whoever told them of it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

from hub.runtime.actors import EVENT_BATCH_SIZE, Actors, cut_batches
from hub.runtime.logs import outlive
from hub.runtime.pool import HubPool
from hub.runtime.schedule import SWEEP_STEP_S, list_sweeps, make_holder
from hub.sync.awaited import has_awaited
from hub.sync.context import Hub
from hub.sync.events import list_due_events
from hub.sync.push import list_due
from hub.sync.refresh import list_refreshing
from hub.sync.turns import list_called

LOOK_S = 2.0
LATE_S = 30.0
"""What has been due for so long was not heard of: its message is lost, or every thread that takes messages is busy."""
LOOK_LIMIT = 500
SWEEP_LEASE = "sweeping"


class Poller:
    """A thread that looks, and some that work. ``hears``: whether messages can come at all."""

    def __init__(
        self,
        pool: HubPool,
        actors: Actors,
        *,
        workers: int,
        hears: Callable[[], bool],
        look_s: float = LOOK_S,
        late_s: float = LATE_S,
    ) -> None:
        self._pool, self._actors, self._workers, self._hears = pool, actors, workers, hears
        self._look_s, self._late = look_s, timedelta(seconds=late_s)
        self._stop = threading.Event()
        self._crew = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="poller")
        self.jobs: dict[Future[None], object] = {}
        """What is under way."""
        self._chance = random.Random(make_holder())  # spreads several workers over the rows
        self._thread = threading.Thread(target=self._loop, name="poller", daemon=True)
        self.last_look: datetime | None = None
        self._awaited_at: datetime | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """No new work; what is under way has so long to end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._crew.shutdown(wait=False, cancel_futures=True)
        wait([job for job in self.jobs if not job.cancelled()], timeout_s)  # those are never "done" to whoever waits

    def look(self) -> int:
        """Give the free threads something to do; how many got something."""
        for job in [job for job in self.jobs if job.done()]:
            del self.jobs[job]
        with self._pool.lend() as hub:
            self.last_look = hub.now()
            alone = not self._hears()
            before = hub.now() if alone else hub.now() - self._late
            started = self._start_turns(hub, before) + self._start_events(hub, before)
            started += self._start_pushes(hub, before)
            if not alone:
                return started
            return started + self._start_sweeps(hub) + self._start_awaited(hub) + self._start_refreshes(hub)

    def _start_turns(self, hub: Hub, before: datetime) -> int:
        called = list_called(hub, before)
        return sum(self._start(f"run {name}", self._actors.run, name, kinds) for name, kinds in called.items())

    def _start_pushes(self, hub: Hub, before: datetime) -> int:
        free = self._workers - len(self.jobs)
        if free <= 0:
            return 0
        due = list_due(hub, LOOK_LIMIT, since=before)
        batches = cut_batches(due)
        self._chance.shuffle(batches)
        return sum(self._start(tuple(batch), self._actors.push, batch) for batch in batches[:free])

    def _start_events(self, hub: Hub, before: datetime) -> int:
        free = self._workers - len(self.jobs)
        if free <= 0:
            return 0
        batches = cut_batches(list_due_events(hub, LOOK_LIMIT, since=before), EVENT_BATCH_SIZE)
        return sum(self._start(tuple(batch), self._actors.events, batch) for batch in batches[:free])

    def _start_sweeps(self, hub: Hub) -> int:
        """One step of each sweep that is due, by one worker at a time."""
        until = hub.now() + timedelta(seconds=SWEEP_STEP_S)
        due = list_sweeps(hub)
        if not due:
            return 0
        with hub.store.write() as tx:
            if (
                tx.acquire_lease(SWEEP_LEASE, str(hub.new_id()), until) is None
            ):  # not even by us, until its time is over
                return 0
        return sum(self._start(f"sweep {name}", self._actors.sweep, name) for name in due)

    def _start_awaited(self, hub: Hub) -> int:
        """Records that waited for another one, now and then."""
        now = hub.now()
        if self._awaited_at is not None and now - self._awaited_at < timedelta(seconds=SWEEP_STEP_S):
            return 0
        self._awaited_at = now
        return self._start("awaited", self._actors.events, []) if has_awaited(hub) else 0

    def _start_refreshes(self, hub: Hub) -> int:
        """A round of every registry whose snapshots may be looked up anew; a lease keeps it to one worker."""
        return sum(self._start(f"refresh {name}", self._actors.refresh, name) for name in list_refreshing(hub))

    def _start(self, what: object, actor: Any, *args: Any) -> int:
        if what in self.jobs.values():
            return 0
        self.jobs[self._crew.submit(actor.fn, *args)] = what
        return 1

    def _loop(self) -> None:
        while not self._stop.is_set():
            started = 0
            with outlive("poller"):
                started = self.look()
            if started:
                wait(self.jobs, self._look_s, FIRST_COMPLETED)
            else:
                self._stop.wait(self._look_s)
