"""One hub for each thread, over one store, following the published configuration."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from hub.runtime.assemble import Hint, Outfit, newest_version, open_hub, open_store
from hub.runtime.home import Home
from hub.runtime.secrets import Vault
from hub.store import UnitOfWork
from hub.store.rows import SecretRow
from hub.sync.context import Hub


class HubPool:
    """Lends every thread a hub of its own (connectors keep sessions, so they are not shared between threads).

    When a newer configuration was published, the thread's next loan is a new hub over it.
    """

    def __init__(self, home: Home, outfit: Outfit | None = None) -> None:
        self._home = home
        self._outfit = outfit or Outfit()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._made: list[Hub] = []
        self.clock = self._outfit.clock
        self.store = open_store(home, self.clock)
        self.hint: Hint | None = None
        """What a use case calls for rows that became due; set once the broker is there."""

    @contextmanager
    def lend(self) -> Iterator[Hub]:
        """This thread's hub over the newest published configuration and secrets."""
        with self.store.read() as tx:
            current = _read_edition(tx)
        hub: Hub | None = getattr(self._local, "hub", None)
        if hub is None or self._local.edition != current:
            if hub is not None:
                self._drop(hub)
            hub = open_hub(self._home, outfit=self._outfit, hint=self.hint, store=self.store)
            self._local.hub, self._local.edition = hub, current
            with self._lock:
                self._made.append(hub)
        yield hub

    def open_vault(self, hub: Hub) -> Vault:
        """The secrets of the home, as they are now."""
        return Vault(self._home, hub.store, self.clock)

    def close(self) -> None:
        """Close every hub and the store; the threads that used them must have ended."""
        with self._lock:
            made, self._made = self._made, []
        for hub in made:
            hub.close()
        self.store.close()

    def _drop(self, hub: Hub) -> None:
        with self._lock:
            self._made.remove(hub)
        hub.close()


def _read_edition(tx: UnitOfWork) -> tuple[int, datetime | None]:
    """What a hub was opened over: the number of the configuration, and when a secret was last changed."""
    newest = newest_version(tx)
    secrets = tx.find(SecretRow, order=["-at"], limit=1)
    return newest.number if newest else 0, secrets[0].at if secrets else None
