"""What an author supplies: how to start a system, how to log in, and how a person acts there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, ClassVar

import httpx

from hub.sdk import Clock, Connector, Stage
from hub.sdk.simulator import load_simulator


class Person:
    """Somebody who works in the other system by its own means, never through the connector.

    Every method is optional: one that is left out skips the checks that need it, and the report says so. ``kind`` is
    a kind of the hub, ids are the system's own as text.
    """

    def create(self, kind: str) -> str:
        """Make a record (and whatever it needs) as people do; its id."""
        raise NotImplementedError

    def create_many(self, kind: str, count: int) -> Sequence[str]:
        """Make many in one go, so that they share one change time where that is possible."""
        raise NotImplementedError

    def edit(self, kind: str, id: str) -> None:
        """Change some field to a value that it does not have."""
        raise NotImplementedError

    def edit_line(self, kind: str, id: str) -> None:
        """Change one line of a document and nothing else of it."""
        raise NotImplementedError

    def copy(self, kind: str, id: str) -> str:
        """The system's own "copy document"; the id of the copy."""
        raise NotImplementedError

    def bring(self, kind: str, id: str, stage: Stage) -> None:
        """Move a document on, as people do: submit, approve, cancel."""
        raise NotImplementedError

    def delete(self, kind: str, id: str) -> None:
        """Remove it for good."""
        raise NotImplementedError


@dataclass(frozen=True)
class Site:
    """A running system. ``config`` holds the values of the connector's Config."""

    config: Mapping[str, Any]
    person: Person | None = None
    transport: httpx.BaseTransport | None = None
    """How requests travel; None: the network. ``HandlerTransport(handle)`` for a simulator in this process."""
    clock: Clock | None = None
    """The clock of a simulator with a time of its own, shared with the connector; None: real time."""


class Bench(ABC):
    """One connector on one kind of system. Subclass it, or use :class:`SimulatorBench`.

    ``given`` holds values that the system insists on, by kind: ``{"product": {"unit": "u"}, "order": {"lines.unit":
    "u"}}``. Everything else of a sample is made from the model of the kind.
    """

    connector: type[Connector]
    zone: tzinfo = UTC
    codes: Mapping[str, Mapping[str, str]] = {}
    """Code tables that an admin would configure: table → {remote code: hub value}."""
    given: Mapping[str, Mapping[str, Any]] = {}
    hidden_errors: Sequence[bytes] = (
        b'{"success": false, "message": "conformance: the service is not available"}',
        b'{"error": {"code": "busy", "message": "conformance: the service is not available"}}',
    )
    """Bodies of answers with status 200 that are no success, in the vendor's shape where it has one."""

    @abstractmethod
    @contextmanager
    def start(self) -> Iterator[Site]:
        """A fresh system for one test class; ends when the block ends."""
        yield Site({})

    def refused(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A payload that the system certainly refuses, made from a good one: here all its texts are empty. None when
        there is no such thing."""
        return {name: "" if isinstance(value, str) else value for name, value in payload.items()}

    def is_write(self, request: httpx.Request) -> bool:
        """Whether a request has side effects. The hub's HTTP client says it; other clients go by the method."""
        from hub.sdk.http import MARK

        return bool(request.extensions.get(MARK, request.method not in ("GET", "HEAD", "OPTIONS")))


@dataclass
class SimulatorBench(Bench):
    """The simulator that a connector ships, on a real port, with a person who knows it (``make_person(url)``)."""

    connector: type[Connector]
    options: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    """Answers of the configuration beside the credentials that the simulator hands out."""
    make_person: Any = None
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    seed: int = 1
    faults: ClassVar[Mapping[str, float]] = {}

    @contextmanager
    def start(self) -> Iterator[Site]:
        simulator = load_simulator(self.connector)
        if simulator is None:
            raise TypeError(f"{self.connector.__name__} ships no simulator: write a Bench that starts a system")
        running = simulator.start(0, self.seed, self.faults, self.options)
        try:
            person = self.make_person(running.url) if self.make_person is not None else None
            yield Site({**running.credentials, **self.config}, person)
        finally:
            running.stop()
