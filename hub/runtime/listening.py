"""Connections that tell by themselves when something changed: each is listened to in a thread of its own, and what it
tells makes the next turn of its sync come at once."""

from __future__ import annotations

import threading

from hub.protocol.semantics import Direction
from hub.runtime.logs import outlive
from hub.runtime.pool import HubPool
from hub.sync.context import Hub
from hub.sync.turns import hasten_turn

LOOK_S = 15.0
"""How often it is looked whether there is a connection that nobody listens to."""
REST_S = 30.0
"""Between two attempts on a connection that cannot be listened to now."""


class Listening:
    """The threads of one process. Nothing is lost when they are away: turns come by schedule all the same."""

    def __init__(self, pool: HubPool, *, look_s: float = LOOK_S, rest_s: float = REST_S) -> None:
        self._pool, self._look_s, self._rest_s = pool, look_s, rest_s
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._thread = threading.Thread(target=self._look, name="listening", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End every thread; a connector ends within seconds."""
        self._stop.set()
        for thread in (self._thread, *self._threads.values()):
            if thread.is_alive():
                thread.join()

    def _look(self) -> None:
        while not self._stop.is_set():
            with outlive("listening"), self._pool.lend() as hub:
                for name in list_listening(hub):
                    if name not in self._threads or not self._threads[name].is_alive():
                        self._begin(name)
            self._stop.wait(self._look_s)

    def _begin(self, name: str) -> None:
        thread = threading.Thread(target=self._listen, args=(name,), name=f"listening:{name}", daemon=True)
        self._threads[name] = thread
        thread.start()

    def _listen(self, name: str) -> None:
        """Until it ends, fails, or the configuration no longer wants it."""
        with outlive("listening", connection=name), self._pool.lend() as hub:
            connector = hub.open(name).connector
            connector.listen(lambda kind: hasten_turn(hub, name, kind), self._stop.is_set)
        self._stop.wait(self._rest_s)


def list_listening(hub: Hub) -> list[str]:
    """Connections that can tell, and whose sync runs by itself."""
    wanted = []
    for name, settings in sorted(hub.config.connections.items()):
        reads = [sync for sync in settings.syncs.values() if sync.every_s and sync.direction is not Direction.OUT]
        if reads and hub.open(name).connector.listens:
            wanted.append(name)
    return wanted
