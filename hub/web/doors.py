"""Who answers at /hooks/{connection}: the receivers of the published configuration, and how often each may be
called."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hub.errors import IsthmusError, Transient
from hub.runtime.logs import write_failure, write_log
from hub.runtime.pool import HubPool
from hub.sdk.webhooks import Receiver

FRESH_S = 1.0
"""A newer configuration is noticed after so long."""
BURST_S = 2.0
"""So many seconds' worth of calls may come at once."""


@dataclass
class Limit:
    """A bucket that fills with ``per_s`` permissions a second; None: no limit."""

    per_s: float | None
    left: float = math.inf
    at_s: float = 0.0

    def take(self, now_s: float) -> float:
        """Seconds to wait, 0 when one may pass now."""
        if self.per_s is None:
            return 0.0
        most = max(1.0, self.per_s * BURST_S)
        self.left = min(most, self.left + (now_s - self.at_s) * self.per_s)
        self.at_s = now_s
        if self.left < 1.0:
            return (1.0 - self.left) / self.per_s
        self.left -= 1.0
        return 0.0


@dataclass
class Door:
    """One connection. ``receiver`` None: its configuration cannot be used, so nobody can be told yes or no."""

    receiver: Receiver | None
    limit: Limit


class Doors:
    """Follows the published configuration. The database is asked at most once a second, in a thread of its own."""

    def __init__(self, pool: HubPool) -> None:
        self._pool = pool
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hook-doors")
        self._doors: Mapping[str, Door] | None = None
        self._read_at_s = 0.0
        self._reading: asyncio.Future[None] | None = None

    async def find(self, name: str) -> Door | None:
        """The door of a connection that takes calls; ``Transient`` when the configuration was never read. A database
        that is away later changes nothing here."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._read_at_s > FRESH_S or self._doors is None:
            known = self._doors is not None and name in self._doors
            reading = self._begin_reading(now_s)
            if not known:
                await asyncio.shield(reading)
        if self._doors is None:
            raise Transient("store.unreachable", what="configuration")
        return self._doors.get(name)

    def stop(self) -> None:
        """No more reading."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _begin_reading(self, now_s: float) -> asyncio.Future[None]:
        if self._reading is None or self._reading.done():
            self._read_at_s = now_s
            self._reading = asyncio.get_running_loop().run_in_executor(self._thread, self._read)
        return self._reading

    def _read(self) -> None:
        first = self._doors is None
        try:
            self._doors = self._list_doors()
            if first:
                _settle_memory()
        except IsthmusError as error:
            write_log("hooks.configuration_kept", code=error.code, words=error.text())
        except Exception:  # whatever a driver raises when its server is away; what was read before still holds
            write_failure("hooks.configuration_kept")

    def _list_doors(self) -> dict[str, Door]:
        before = self._doors or {}
        with self._pool.lend() as hub:
            found: dict[str, Door] = {}
            for name in hub.config.connections:
                try:
                    receiver = hub.open(name).receiver
                except IsthmusError as error:
                    write_log("hooks.connection_broken", connection=name, code=error.code)
                    found[name] = Door(None, Limit(None))
                    continue
                if receiver is None:
                    continue
                same = before.get(name)
                kept = same is not None and same.limit.per_s == receiver.per_s
                found[name] = Door(receiver, same.limit if same is not None and kept else Limit(receiver.per_s))
            return found


def _settle_memory() -> None:
    """Everything that is loaded by now stays. Looking through it for circles again and again would make callers wait:
    a fifth of a second each time, when nobody may be answered."""
    gc.collect()
    gc.freeze()
