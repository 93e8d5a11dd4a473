"""Who works on a database that is a file of this machine. SQLite's own locks tell it, on every operating system, and
one who was killed lets go of them at once: whoever finds himself alone need not wait for the leases of the dead."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from hub.errors import Transient
from hub.store import Store

WAIT_S = 30.0
"""Longer than anybody needs who found himself alone and looks after the dead."""


class Presence:
    """Held in ``file`` from the moment a hub is opened until it is closed, or its process is no more."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._gate = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)

    def join(self, when_alone: Callable[[], object]) -> None:
        """Be there. ``when_alone`` is called first where nobody else is; nobody can come while it works."""
        try:
            if self._is_alone():
                try:
                    when_alone()
                finally:
                    self._gate.execute("ROLLBACK")
            self._gate.execute(f"PRAGMA busy_timeout = {1000 * WAIT_S:.0f}")
            self._gate.execute("BEGIN")
            self._gate.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the lock is taken by reading
        except sqlite3.OperationalError as error:
            self.leave()
            raise Transient("store.busy", what=self._file, vendor=str(error)) from error
        except BaseException:  # whatever it was, Ctrl-C too: nobody else may be held up by us
            self.leave()
            raise

    def leave(self) -> None:
        self._gate.close()

    def _is_alone(self) -> bool:
        try:
            self._gate.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                return False
            raise
        return True


def find_presence(store: Store) -> Presence | None:
    """None where the database is a server's, whose users may be on other machines."""
    url = store.engine.url
    return Presence(f"{url.database}.presence") if url.get_backend_name() == "sqlite" else None
