"""The actors: what a message makes a worker do. Messages carry ids of work that is already a row."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import dramatiq

from hub.errors import IsthmusError
from hub.runtime.logs import write_failure, write_log
from hub.runtime.pool import HubPool
from hub.sync.accept import AcceptedGuard
from hub.sync.push import push_bindings
from hub.sync.run import run_sync

BATCH_SIZE = 20
"""Bindings in one message."""
PUSH_LIMIT_MS = 10 * 60 * 1000
RUN_LIMIT_MS = 6 * 60 * 60 * 1000


@dataclass(frozen=True)
class Actors:
    """Sending to them is all that the rest of the program needs."""

    push: dramatiq.Actor[Any, Any]
    run: dramatiq.Actor[Any, Any]

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

        def work() -> object:
            with pool.lend() as hub:
                return run_sync(hub, connection, kinds, "schedule", scheduled=True, progress=check_stop)

        _guard("run", work, connection=connection, kinds=kinds)

    return Actors(
        push=_declare(broker, push, "push_bindings", PUSH_LIMIT_MS),
        run=_declare(broker, run, "run_sync", RUN_LIMIT_MS),
    )


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
