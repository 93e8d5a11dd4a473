"""Which processes live: each keeps a lease for every part that it runs, so that a metric or a person can tell."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from hub.errors import IsthmusError
from hub.runtime.logs import outlive, write_log
from hub.runtime.pool import HubPool
from hub.runtime.recovery import BEACONS
from hub.runtime.schedule import make_holder
from hub.store import UnitOfWork
from hub.store.rows import Lease

BEAT_S = 10.0
LIFE_S = 35.0
"""A process that was not heard of for so long is dead, or cannot reach the database."""
KEPT = timedelta(days=1)


class Beacon:
    """A thread that says "I live" now and then."""

    def __init__(self, pool: HubPool, parts: Collection[str], *, beat_s: float = BEAT_S) -> None:
        self._pool, self._beat_s = pool, beat_s
        self._holder = make_holder()
        self._names = [f"{BEACONS}{part}:{self._holder}" for part in sorted(parts)]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="beacon", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def beat(self) -> None:
        """Once."""
        now = self._pool.clock.now()
        with self._pool.store.write() as tx:
            for name in self._names:
                tx.acquire_lease(name, self._holder, now + timedelta(seconds=LIFE_S))
            tx.delete(Lease, name__prefix=BEACONS, until__lt=now - KEPT)

    def stop(self) -> None:
        """Say goodbye."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        try:
            with self._pool.store.write() as tx:
                for name in self._names:
                    tx.delete(Lease, name=name)
        except IsthmusError as error:
            write_log("beacon.left", code=error.code)

    def _loop(self) -> None:
        while not self._stop.is_set():
            with outlive("beacon"):
                self.beat()
            self._stop.wait(self._beat_s)


def count_processes(tx: UnitOfWork, now: datetime) -> Counter[str]:
    """Part → living processes that run it."""
    living = tx.find(Lease, name__prefix=BEACONS, until__gt=now)
    return Counter(row.name.split(":")[1] for row in living)
