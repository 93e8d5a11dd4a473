"""The actors: what a message makes a worker do. Messages carry ids of work that is already a row."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import dramatiq

from hub.errors import NeedsConsent, Transient
from hub.runtime.broker import Line
from hub.runtime.logs import outlive, write_failure, write_log
from hub.runtime.pool import HubPool
from hub.sync.accept import AcceptedGuard
from hub.sync.awaited import take_all_awaited
from hub.sync.context import Hub
from hub.sync.event_intake import take_events
from hub.sync.pause import check_paused
from hub.sync.push import note_trouble, push_bindings
from hub.sync.refresh import refresh_registry
from hub.sync.sweep import sweep_connection
from hub.sync.turns import TurnTaken, give_back_stopped, run_turns

BATCH_SIZE = 20
"""Bindings in one message."""
EVENT_BATCH_SIZE = 50
"""Events in one message: they are read in one transaction."""
SWEEP_READS = 200
"""Documents that one message reads again: a sweep is slow on purpose."""
SWEEP_LIMIT_MS = 30 * 60 * 1000
PUSH_LIMIT_MS = 10 * 60 * 1000
RUN_LIMIT_MS = 6 * 60 * 60 * 1000


@dataclass(frozen=True)
class Actors:
    """Telling them is all that the rest of the program needs. Nothing of it fails, or waits long, when the broker is
    away: what a message would say is a row, and workers find rows by themselves."""

    push: dramatiq.Actor[Any, Any]
    run: dramatiq.Actor[Any, Any]
    sweep: dramatiq.Actor[Any, Any]
    events: dramatiq.Actor[Any, Any]
    pieces: dramatiq.Actor[Any, Any]
    refresh: dramatiq.Actor[Any, Any]
    line: Line | None = None
    """None: nobody in this process, and no broker, takes messages."""

    def hint(self, binding_ids: Sequence[UUID]) -> int:
        """Say that bindings are due; of how many of them it could be said. A lost or repeated hint changes nothing."""
        told = 0
        for batch in cut_batches(binding_ids):
            if not self._send(self.push, batch):
                break
            told += len(batch)
        return told

    def hint_events(self, event_ids: Sequence[UUID]) -> int:
        """Say that events wait to be read; of how many of them it could be said."""
        told = 0
        for batch in cut_batches(event_ids, EVENT_BATCH_SIZE):
            if not self._send(self.events, batch):
                break
            told += len(batch)
        return told

    def call_run(self, connection: str, kinds: Sequence[str]) -> None:
        """Say that turns of a connection were called."""
        self._send(self.run, connection, list(kinds))

    def call_awaited(self) -> None:
        """Say that what waited for another record is to be looked at."""
        self._send(self.events, [])

    def call_sweep(self, connection: str) -> None:
        """Say that a sweep has a step to do."""
        self._send(self.sweep, connection)

    def call_refresh(self, connection: str) -> None:
        """Say that old snapshots of a business registry may be looked up anew."""
        self._send(self.refresh, connection)

    def call_pieces(self, piece_ids: Sequence[UUID]) -> None:
        """Say that pieces of a search for doubles wait to be done."""
        for batch in cut_batches(piece_ids, 1):
            self._send(self.pieces, batch)

    def _send(self, actor: dramatiq.Actor[Any, Any], *args: Any) -> bool:
        return self.line is not None and self.line.send(actor, *args)


def cut_batches(ids: Sequence[UUID], size: int = BATCH_SIZE) -> list[list[str]]:
    """As messages carry them."""
    texts = [str(id_) for id_ in ids]
    return [texts[start : start + size] for start in range(0, len(texts), size)]


class Stopping(Exception):
    """Raised inside a run, between two steps, because the process is asked to end."""


def declare_actors(
    broker: dramatiq.Broker, pool: HubPool, stop: threading.Event | None = None, *, heard: bool = True
) -> Actors:
    """Make the actors of one broker. ``stop``: a run that is under way ends at its next step when it is set.
    ``heard``: somebody takes what is sent."""
    asked_to_stop = stop or threading.Event()

    def push(binding_ids: list[str]) -> None:
        with pool.lend() as hub:
            ids = [UUID(text) for text in binding_ids]
            # Nobody stands by: only syncs that a person accepted, as they are configured now, may be pushed.
            guard = AcceptedGuard(hub)
            _guard("push", lambda: push_bindings(hub, ids, guard=guard, actor="worker"), count=len(ids))

    def run(connection: str, kinds: list[str]) -> None:
        def check_stop(step: str, done: int, total: int | None) -> None:
            if asked_to_stop.is_set():
                raise Stopping

        def work() -> None:
            with pool.lend() as hub:
                try:
                    report = run_turns(hub, connection, kinds, check_stop)
                except TurnTaken:
                    return
                except Stopping:
                    give_back_stopped(hub, connection)
                    raise
            errors = [error.text() for error in report.errors]
            ended = report.run
            write_log("run.ended", run=ended.number, state=ended.state, connection=connection, counts=ended.counts,
                      refused=report.refused, errors=errors)  # fmt: skip

        _guard("run", work, connection=connection, kinds=kinds)

    def sweep(connection: str) -> None:
        with pool.lend() as hub:
            _guard("sweep", lambda: _sweep_alone(hub, connection), connection=connection)

    def events(event_ids: list[str]) -> None:
        with pool.lend() as hub:
            ids = [UUID(text) for text in event_ids]
            _guard("events", lambda: _take_events(hub, ids), count=len(ids))

    return Actors(
        push=_declare(broker, push, "push_bindings", PUSH_LIMIT_MS),
        run=_declare(broker, run, "run_sync", RUN_LIMIT_MS),
        sweep=_declare(broker, sweep, "sweep_connection", SWEEP_LIMIT_MS),
        events=_declare(broker, events, "take_events", PUSH_LIMIT_MS),
        pieces=_declare(broker, _make_pieces(pool), "work_pieces", PUSH_LIMIT_MS),
        refresh=_declare(broker, _make_refresh(pool), "refresh_registry", PUSH_LIMIT_MS),
        line=Line(broker) if heard else None,
    )


def _make_pieces(pool: HubPool) -> Callable[[list[str]], None]:
    def pieces(piece_ids: list[str]) -> None:
        def work() -> None:
            from hub.sync.dedupe.pieces import work_piece  # needs an extra that most workers do not have

            for text in piece_ids:
                work_piece(pool.store, UUID(text))

        _guard("pieces", work, count=len(piece_ids))

    return pieces


def _make_refresh(pool: HubPool) -> Callable[[str], None]:
    def refresh(connection: str) -> None:
        def work() -> None:
            with pool.lend() as hub:
                done = Counter(one.outcome for one in refresh_registry(hub, connection, "refresh"))
            if done:
                write_log("registry.refreshed", connection=connection, outcomes=dict(done))

        _guard("refresh", work, connection=connection)

    return refresh


def _take_events(hub: Hub, ids: Sequence[UUID]) -> None:
    """Without ids: what waited for another record, and whose worker was killed before it could take it in."""
    if not ids:
        take_all_awaited(hub, "event")
        return
    report = take_events(hub, ids, "event")
    for defect in report.defects:
        try:
            raise defect
        except Exception:  # a mistake in code that an event brought to light: the event is kept, the traceback logged
            write_failure("events.defect")
    write_log("events.taken", events=dict(report.events), records=dict(report.records))


def _sweep_alone(hub: Hub, connection: str) -> None:
    """Go on with the sweep of a connection unless another worker is at it, or nobody may call it."""
    check_paused(hub, connection)
    name, holder = f"sweep:{connection}", str(hub.new_id())
    until = hub.now() + timedelta(milliseconds=SWEEP_LIMIT_MS)
    with hub.store.write() as tx:
        if tx.acquire_lease(name, holder, until) is None:
            return
    try:
        sweep_connection(hub, connection, actor="sweep", limit=SWEEP_READS)
    except (NeedsConsent, Transient) as error:
        note_trouble(hub, connection, error)
        raise
    finally:
        with hub.store.write() as tx:
            tx.release_lease(name, holder)


def _declare(broker: dramatiq.Broker, call: Callable[..., None], name: str, limit_ms: int) -> dramatiq.Actor[Any, Any]:
    declare = dramatiq.actor(broker=broker, actor_name=name, queue_name=name, max_retries=0, time_limit=limit_ms)
    actor: dramatiq.Actor[Any, Any] = declare(call)
    return actor


def _guard(event: str, work: Callable[[], object], **fields: Any) -> None:
    """Log what went wrong instead of failing the message: rows, attempts and runs already say it to people."""
    with outlive(event, **fields):
        try:
            work()
        except Stopping:
            write_log(f"{event}.stopped", **fields)
