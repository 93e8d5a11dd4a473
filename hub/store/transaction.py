"""One transaction from begin to end, and the ways in which it can end."""

from __future__ import annotations

import contextlib
import threading

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from hub.errors import OutcomeUnknown, Transient
from hub.store.failures import translate


class Turn:
    """Whose turn it is to write to SQLite within this process. SQLite would let threads poll for its lock; here they
    are woken. Other processes are waited for by SQLite's busy timeout."""

    def __init__(self, timeout_s: float) -> None:
        self._lock = threading.Lock()
        self.timeout_s = timeout_s

    def take(self) -> None:
        if not self._lock.acquire(timeout=self.timeout_s):
            raise Transient("store.busy", what=f"another thread has been writing for {self.timeout_s:g} s")

    def give_back(self) -> None:
        self._lock.release()


class Transaction:
    """A connection taken from the pool, with a transaction on it."""

    def __init__(self, engine: Engine, turn: Turn | None) -> None:
        self._turn = turn
        self._over = threading.Lock()
        if turn is not None:
            turn.take()
        try:
            with translate():
                self.connection: Connection = engine.connect()
                self._begin()
        except BaseException:  # it is passed on, whatever it is
            self._give_turn_back()
            raise

    def _begin(self) -> None:
        try:
            self.connection.begin()
        except BaseException:  # it is passed on, whatever it is
            self.connection.close()
            raise

    def commit(self) -> None:
        """Commit; ``OutcomeUnknown`` when the connection broke while the database was answering."""
        try:
            self.connection.commit()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise OutcomeUnknown("store.commit_unknown", what=str(error.orig).strip()) from error
            with translate():
                raise
        finally:
            self._finish()

    def roll_back(self) -> None:
        """Undo everything; a connection that is gone has undone it already."""
        try:
            with contextlib.suppress(DBAPIError):
                self.connection.rollback()
        finally:
            self._finish()

    def abandon(self) -> None:
        """End as a worker that is killed: the connection is dropped and the database undoes what was not committed.

        May be called from another thread than the one that began.
        """
        try:
            with contextlib.suppress(DBAPIError):
                self.connection.invalidate()
        finally:
            self._finish()

    def _finish(self) -> None:
        try:
            with contextlib.suppress(DBAPIError):
                self.connection.close()
        finally:
            self._give_turn_back()

    def _give_turn_back(self) -> None:
        if self._turn is not None and self._over.acquire(blocking=False):
            self._turn.give_back()
