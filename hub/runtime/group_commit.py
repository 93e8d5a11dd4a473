"""Calls of other systems, written down before they are answered: many of them in one transaction.

A commit waits for the disk, some milliseconds on SQLite; while it waits, the next calls gather. So each call is
answered after a commit, and hundreds of them share one.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from uuid import UUID

from hub.errors import IsthmusError, RuleBroken, Transient
from hub.runtime.logs import write_failure, write_log
from hub.store import Store
from hub.store.event_rows import Event
from hub.sync.events import keep_events

AT_ONCE = 500
"""Calls in one transaction."""
MOST_WAITING = 2_000
"""With more that wait for the disk, the next caller is asked to come again."""
HINTED_AT_ONCE = 1_000
Hint = Callable[[Sequence[UUID]], object]
_Waiting = tuple[Event, asyncio.Future[None]]


class GroupCommit:
    """Two threads: one writes, one tells workers what was written. Both end with :meth:`stop`."""

    def __init__(self, store: Store, hint: Hint) -> None:
        self._store, self._hint = store, hint
        self._waiting: list[_Waiting] = []
        self._news: list[UUID] = []
        self._changed = threading.Condition()
        self._told = threading.Condition()
        self._stopping = False
        self._threads: list[threading.Thread] = []

    async def keep(self, event: Event) -> None:
        """Returns once the event is on the disk, or was before. ``Transient`` when that cannot be had now;
        ``RuleBroken`` when the database will never take it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._changed:
            if self._stopping or len(self._waiting) >= MOST_WAITING:
                raise Transient("runtime.too_many_calls", retry_after_s=1.0)
            if not self._threads:
                self._start()
            self._waiting.append((event, future))
            self._changed.notify()
        await future

    def stop(self) -> None:
        """Write what waits, then end."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        for thread in self._threads[:1]:
            thread.join()
        with self._told:
            self._told.notify()
        for thread in self._threads[1:]:
            thread.join()

    def _start(self) -> None:
        for name, work in (("group-commit", self._write_loop), ("event-hints", self._hint_loop)):
            self._threads.append(threading.Thread(target=work, name=name, daemon=True))
            self._threads[-1].start()

    # ------------------------------------------------------------ writing

    def _write_loop(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._stopping:
                    self._changed.wait()
                part, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            if not part:
                return
            self._write(part)

    def _write(self, part: Sequence[_Waiting]) -> None:
        try:
            news = keep_events(self._store, [event for event, _ in part])
        except RuleBroken as error:
            if len(part) > 1:  # one of them cannot be stored; the others can
                for one in part:
                    self._write([one])
                return
            _answer(part, error)
        except IsthmusError as error:
            write_log("events.not_kept", code=error.code, words=error.text(), count=len(part))
            _answer(part, error)
        except Exception as error:  # whatever a driver raises: nobody may be told that it was kept, and nobody may wait
            write_failure("events.not_kept", count=len(part))
            _answer(part, Transient("runtime.event_not_kept", vendor=type(error).__name__))
        else:
            _answer(part, None)
            self._tell(news)

    # ------------------------------------------------------------ telling

    def _tell(self, news: Sequence[UUID]) -> None:
        with self._told:
            if len(self._news) < HINTED_AT_ONCE:  # beyond it workers have enough to do; the poller finds the rows
                self._news.extend(news)
            self._told.notify()

    def _hint_loop(self) -> None:
        """By itself, because a broker may take seconds to say that it is away."""
        while True:
            with self._told:
                while not self._news and not self._stopping:
                    self._told.wait()
                news, self._news = self._news, []
            if not news:
                return
            try:
                self._hint(news)
            except Exception:  # a hint that is lost costs seconds; the thread must outlive it, and the log has it
                write_failure("events.not_hinted")


def _answer(part: Sequence[_Waiting], error: IsthmusError | None) -> None:
    """Wake those who wait, each event loop once."""
    loops = {future.get_loop() for _, future in part}
    for loop in loops:
        mine = [future for _, future in part if future.get_loop() is loop]
        try:
            loop.call_soon_threadsafe(_settle, mine, error)
        except RuntimeError:  # the loop was closed: nobody waits there any more
            continue


def _settle(futures: Sequence[asyncio.Future[None]], error: IsthmusError | None) -> None:
    for future in futures:
        if future.done():
            continue  # its caller went away
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
