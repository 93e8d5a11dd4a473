"""The store: one database, opened for every thread of a process."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Self, TypeVar
from uuid import UUID

from sqlalchemy import Engine

from hub.errors import Transient
from hub.model.ids import RANDOM_BITS, make_uuid7
from hub.store import schema, temporary
from hub.store.batch import Batch
from hub.store.bookkeeping import UnitOfWork
from hub.store.chance import draw_bits
from hub.store.engine import BUSY_TIMEOUT_S, check_file, for_reading, for_writing, open_engine, parse_url
from hub.store.failures import Deadlocked
from hub.store.records import Clock
from hub.store.transaction import Transaction, Turn

U = TypeVar("U", bound=UnitOfWork)
T = TypeVar("T")
DEADLOCK_TRIES = 5
RandomBits = Callable[[int], int]
_MILLISECOND = timedelta(milliseconds=1)


class _Undo(Exception):
    """Ends a rehearsal."""


class Store:
    """One database. Safe over threads, and over processes: writers wait for one another, readers see a snapshot."""

    def __init__(
        self, engine: Engine, clock: Clock, random_bits: RandomBits, turn: Turn, *, is_temporary: bool
    ) -> None:
        self.engine = engine
        self._reading = for_reading(engine)
        self._writing = for_writing(engine)
        self._clock = clock
        self._random_bits = random_bits
        self._is_temporary = is_temporary
        self._closed = False
        self._turn_timeout_s = turn.timeout_s
        self._turn = turn if engine.dialect.name == "sqlite" else None
        self._inside = threading.local()
        self._open: set[Transaction] = set()
        self._id_lock = threading.Lock()
        self._last_id = (datetime(1970, 1, 1, tzinfo=UTC), 0)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        clock: Clock,
        random_bits: RandomBits = draw_bits,
        durable: bool = True,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        create: bool = True,
    ) -> Self:
        """Open ``sqlite:///file`` or ``postgresql://…``; ``ConfigInvalid`` when the address cannot be used, or when an
        SQLite file is missing that is not to be made (``create=False``).

        ``sqlite://`` is an empty database of this process, gone on ``close``. ``durable=False`` lets SQLite lose the
        last commits in a power cut (for tests). Who waits longer than ``busy_timeout_s`` for another writer gets
        ``Transient``.
        """
        parsed = parse_url(url)
        is_temporary = parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")
        if is_temporary:
            engine = temporary.take_engine(busy_timeout_s)
        else:
            if not create:
                check_file(parsed)
            engine = open_engine(parsed, durable=durable, busy_timeout_s=busy_timeout_s)
        return cls(engine, clock, random_bits, Turn(busy_timeout_s), is_temporary=is_temporary)

    def close(self) -> None:
        """Drop every connection, with what is not committed; a temporary database is removed."""
        if self._closed:
            return
        self._closed = True
        self.abandon_transactions()
        if self._is_temporary:
            temporary.give_back(self.engine, self._turn_timeout_s)
        else:
            self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------ schema

    def migrate(self) -> None:
        """Bring the schema to this version of the hub; nothing happens when it is there already."""
        if self._is_temporary and temporary.copy_template(self.engine):
            return
        schema.migrate(self._writing, self._turn)
        if self._is_temporary:
            temporary.keep_template(self.engine)

    def check(self) -> None:
        """``Transient`` when the database cannot be reached, ``ConfigInvalid`` when its schema is another version's."""
        schema.check_revision(self._reading)

    # ------------------------------------------------------------ transactions

    @contextlib.contextmanager
    def write(self) -> Iterator[UnitOfWork]:
        """A transaction that may write: committed at the end of the block, undone when the block raises.

        Keep it short, without a network call inside: on SQLite every other writer waits. Not to be nested.
        """
        with self._transaction(self._writing, self._turn, UnitOfWork, writable=True) as tx:
            yield tx

    def carry_out(self, work: Callable[[UnitOfWork], T]) -> T:
        """The work in a transaction of its own; once more when the database ended it in favour of another one. For
        work on several records, whose order others need not share."""
        for _ in range(DEADLOCK_TRIES):
            with contextlib.suppress(Deadlocked), self.write() as tx:
                return work(tx)
        with self.write() as tx:
            return work(tx)

    @contextlib.contextmanager
    def write_batch(self) -> Iterator[Batch]:
        """The same for many rows at once: what was read ahead is answered from memory, and writes are kept until the
        end of the block. ``BatchRefused`` when the database does not take them: then nothing was changed."""
        with self._transaction(self._writing, self._turn, Batch, writable=True) as batch:
            yield batch
            batch.write_out()

    @contextlib.contextmanager
    def rehearse(self) -> Iterator[UnitOfWork]:
        """A transaction that may write and is always undone: what would happen, without its happening."""
        try:
            with self._transaction(self._writing, self._turn, UnitOfWork, writable=True) as tx:
                yield tx
                raise _Undo
        except _Undo:
            pass

    @contextlib.contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """A snapshot of the database, for reading only; it blocks nobody. Not to be nested."""
        with self._transaction(self._reading, None, UnitOfWork, writable=False) as tx:
            yield tx

    def abandon_transactions(self) -> None:
        """Drop the connection of every transaction that is open in any thread, as a killed process would."""
        for transaction in list(self._open):
            self._open.discard(transaction)
            transaction.abandon()

    @contextlib.contextmanager
    def _transaction(self, engine: Engine, turn: Turn | None, unit: type[U], *, writable: bool) -> Iterator[U]:
        if getattr(self._inside, "busy", False):
            raise RuntimeError("units of work do not nest: this thread is inside one already")
        transaction = Transaction(engine, turn)
        try:
            self._inside.busy = True
            self._open.add(transaction)
            yield unit(transaction.begin(), self._clock, self.make_id, writable=writable)
            self._leave(transaction, Transaction.commit if writable else Transaction.roll_back)
        except BaseException as error:  # whatever ends the block, it is passed on
            # Another Ctrl-C while everything is given back only begins that anew: the first one is on its way already.
            # Not a function of its own: between its call and its first line another one could come. A connection whose
            # steps were cut off somewhere is not used again.
            end = Transaction.abandon if isinstance(error, KeyboardInterrupt) else Transaction.roll_back
            try:
                while True:
                    try:
                        self._leave(transaction, end)
                        break
                    except KeyboardInterrupt:
                        end = Transaction.abandon
            finally:  # and one between two tries
                self._leave(transaction, Transaction.abandon)
            raise

    def _leave(self, transaction: Transaction, end: Callable[[Transaction], None]) -> None:
        try:
            if transaction in self._open:
                end(transaction)
            elif end is Transaction.commit:
                raise Transient("store.unreachable", what="the transaction was abandoned")
        except KeyboardInterrupt:
            raise  # not everything may have been given back: it is begun anew
        except BaseException:  # an end all the same, whatever it is called
            self._forget(transaction)
            raise
        self._forget(transaction)

    def _forget(self, transaction: Transaction) -> None:
        self._open.discard(transaction)
        self._inside.busy = False

    # ------------------------------------------------------------ ids

    def make_id(self) -> UUID:
        """A new UUIDv7; ids made by one store sort in the order they were made, even within a millisecond."""
        now, bits = self._clock.now(), self._random_bits(RANDOM_BITS)
        with self._id_lock:
            last, last_bits = self._last_id
            if now - last < _MILLISECOND:
                # RFC 9562, 6.2, method 2: within a millisecond, or when the clock goes back, count on from the last id
                now, bits = last, last_bits + 1 + (bits & 0xFFFF_FFFF)
                if bits >> RANDOM_BITS:
                    now, bits = last + _MILLISECOND, 0
            self._last_id = (now, bits)
        return make_uuid7(now, bits)
