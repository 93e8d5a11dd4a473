"""The actors: what a message makes a worker do. Messages carry ids of work that is already a row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import dramatiq

from hub.errors import IsthmusError, NeedsConsent, Transient
from hub.runtime.logs import write_failure, write_log
from hub.runtime.pool import HubPool
from hub.sync.accept import AcceptedGuard
from hub.sync.context import Hub
from hub.sync.pause import check_paused
from hub.sync.push import note_trouble, push_bindings
from hub.sync.run import run_sync
from hub.sync.sweep import sweep_connection

BATCH_SIZE = 20
"""Bindings in one message."""
SWEEP_READS = 200
"""Documents that one message reads again: a sweep is slow on purpose."""
SWEEP_LIMIT_MS = 30 * 60 * 1000
PUSH_LIMIT_MS = 10 * 60 * 1000
RUN_LIMIT_MS = 6 * 60 * 60 * 1000


@dataclass(frozen=True)
class Actors:
    """Sending to them is all that the rest of the program needs."""

    push: dramatiq.Actor[Any, Any]
    run: dramatiq.Actor[Any, Any]
    sweep: dramatiq.Actor[Any, Any]

    def hint(self, binding_ids: Sequence[UUID]) -> None:
        """Say that bindings are due; a lost or repeated hint changes nothing."""
        for start in range(0, len(binding_ids), BATCH_SIZE):
            self.push.send([str(binding_id) for binding_id in binding_ids[start : start + BATCH_SIZE]])


class Stopping(Exception):
    """Raised inside a run, between two steps, because the process is asked to end."""


def declare_actors(broker: dramatiq.Broker, pool: HubPool, stop: threading.Event | None = None) -> Actors:
    """Make the actors of one broker. ``stop``: a run that is under way ends at its next step when it is set."""
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
                report = run_sync(hub, connection, kinds, "schedule", scheduled=True, progress=check_stop)
            errors = [error.text() for error in report.errors]
            ended = report.run
            write_log("run.ended", run=ended.number, state=ended.state, connection=connection, counts=ended.counts,
                      refused=report.refused, errors=errors)  # fmt: skip

        _guard("run", work, connection=connection, kinds=kinds)

    def sweep(connection: str) -> None:
        with pool.lend() as hub:
            _guard("sweep", lambda: _sweep_alone(hub, connection), connection=connection)

    return Actors(
        push=_declare(broker, push, "push_bindings", PUSH_LIMIT_MS),
        run=_declare(broker, run, "run_sync", RUN_LIMIT_MS),
        sweep=_declare(broker, sweep, "sweep_connection", SWEEP_LIMIT_MS),
    )


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
    try:
        work()
    except Stopping:
        write_log(f"{event}.stopped", **fields)
    except IsthmusError as error:
        write_log(f"{event}.refused", code=error.code, words=error.text(), **fields)
    except Exception:  # a defect in one message must not end the worker; the traceback is logged and rows stay due
        write_failure(f"{event}.failed", **fields)
