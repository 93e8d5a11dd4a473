"""One transaction from begin to end, and the ways in which it can end."""

from __future__ import annotations

import contextlib
from collections import deque
from queue import Empty, SimpleQueue

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from hub.errors import OutcomeUnknown, Transient
from hub.store.engine import prepare_begin
from hub.store.failures import translate


class Turn:
    """Whose turn it is to write to SQLite within this process. SQLite would let threads poll for its lock; here they
    are woken. Other processes are waited for by SQLite's busy timeout."""

    def __init__(self, timeout_s: float) -> None:
        self._tokens: SimpleQueue[str] = SimpleQueue()
        self._tokens.put("turn")
        self.timeout_s = timeout_s

    def take(self, hand: list[str]) -> None:
        """Wait for it, and put it into an empty ``hand``; ``queue.Empty`` when the time is up.

        The interpreter does both in one step: Ctrl-C comes before or after it, and never finds a turn that was taken
        and that nobody has.
        """
        hand.extend(map(self._tokens.get, (True,), (self.timeout_s,)))

    def give_back(self, hand: list[str]) -> None:
        """The same the other way; whoever holds nothing gives nothing back."""
        with contextlib.suppress(IndexError):
            deque(map(self._tokens.put, iter(hand.pop, "")), maxlen=0)


class Transaction:
    """A connection taken from the pool, with a transaction on it. It holds nothing before :meth:`begin`, and however
    far that came (Ctrl-C comes between any two steps), each of the ways to end gives everything back."""

    def __init__(self, engine: Engine, turn: Turn | None) -> None:
        self._engine = engine
        self._turn = turn
        self._hand: list[str] = []
        self._connection: Connection | None = None

    def begin(self) -> Connection:
        """Wait for the turn, take a connection, begin."""
        if self._turn is not None:
            try:
                self._turn.take(self._hand)
            except Empty as error:
                what = f"another thread has been writing for {self._turn.timeout_s:g} s"
                raise Transient("store.busy", what=what) from error
        with translate():
            self._connection = self._engine.connect()
            prepare_begin(self._connection)
            self._connection.begin()
        return self._connection

    def commit(self) -> None:
        """Commit; ``OutcomeUnknown`` when the connection broke while the database was answering."""
        try:
            if self._connection is not None:
                self._connection.commit()
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
            if self._connection is not None:
                with contextlib.suppress(DBAPIError):
                    self._connection.rollback()
        finally:
            self._finish()

    def abandon(self) -> None:
        """End as a worker that is killed: the connection is dropped and the database undoes what was not committed.

        May be called from another thread than the one that began.
        """
        try:
            if self._connection is not None and not self._connection.closed:
                with contextlib.suppress(DBAPIError):
                    self._connection.invalidate()
        finally:
            self._finish()

    def _finish(self) -> None:
        try:
            if self._connection is not None:
                with contextlib.suppress(DBAPIError):
                    self._connection.close()
        finally:
            self._give_turn_back()

    def _give_turn_back(self) -> None:
        if self._turn is not None:
            self._turn.give_back(self._hand)
