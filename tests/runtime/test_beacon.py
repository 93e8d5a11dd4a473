"""The sign of life of a process outlives whatever its database raises."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

from hub.runtime.beacon import Beacon, count_processes
from hub.runtime.clock import SystemClock
from hub.runtime.pool import HubPool
from hub.store import Store


class Exhausted:
    """No connection is free at first, which is an error of the pool and of no statement."""

    def __init__(self, store: Store) -> None:
        self._store, self._failures, self.was_used = store, 2, Event()

    def write(self) -> Any:
        if self._failures:
            self._failures -= 1
            raise RuntimeError("QueuePool limit reached")
        self.was_used.set()
        return self._store.write()


def test_the_beacon_goes_on_after_an_error_of_the_pool(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/hub.sqlite", clock=SystemClock(), durable=False)
    store.migrate()
    exhausted = Exhausted(store)
    pool = cast(HubPool, SimpleNamespace(store=exhausted, clock=SystemClock()))
    beacon = Beacon(pool, ["worker"], beat_s=0.01)
    beacon.start()
    try:
        assert exhausted.was_used.wait(20)
        beacon.beat()
        with store.read() as tx:
            assert count_processes(tx, datetime.now(UTC)) == {"worker": 1}
    finally:
        beacon.stop()
        store.close()
