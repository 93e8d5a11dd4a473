"""An older state of a temporary database, kept and put back: what a restore or a failover does to a hub."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from hub.store import Store


class DatabaseSnapshot:
    """The database as it is now. No transaction may be open."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._copy = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(self._connect()) as live:
            live.backup(self._copy)

    def put_back(self) -> None:
        """What was committed since is gone."""
        with closing(self._connect()) as live:
            self._copy.backup(live)

    def close(self) -> None:
        self._copy.close()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(str(self._store.engine.url.database), timeout=5)
