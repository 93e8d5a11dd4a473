"""A call of another system (webhook), and what a connector makes of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from hub.sdk.connector import SourceRecord

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it came over the wire. ``method`` is in capitals; ``target`` is path and query as they stood there;
    names in ``headers`` are in lower case, a header that came twice is joined with a comma; ``body`` is raw;
    ``received_at`` is aware."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    @property
    def query(self) -> Mapping[str, str]:
        """The query by name, decoded; the last of a name counts."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gets back: ``status``, raw ``body`` of ``content_type``, further ``headers`` as (name, value)."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """A call that proved where it comes from."""

    key: str | None = None
    """The sender's own id of this delivery, the same when it is sent again; None: the body tells it from others."""
    answer: Answer | None = None
    """What the sender wants to hear; None: 200 without a body."""
    keep: bool = True
    """False for a handshake: nothing is kept and nothing follows."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What an event says about one record. ``stream`` and ``external_id`` name it. Without ``record`` it is a hint: the
    hub reads the record there. ``record`` is the document itself, for streams that cannot be fetched; one that was
    deleted has the stage ``GONE`` and may have an empty payload."""

    stream: str
    external_id: str
    record: SourceRecord | None = None


class Receiver(ABC):
    """Takes the calls of one connection. It does no I/O and keeps nothing between two calls: several threads use it."""

    max_body: int = MEGABYTE
    """Bytes of a body; a longer one is refused before it is read to its end."""
    per_s: float | None = None
    """Calls that prove themselves in a second; more are asked to come later. None: as many as come."""
    unkept_headers: ClassVar[frozenset[str]] = frozenset(
        {"authorization", "proxy-authorization", "cookie", "x-api-key", "x-forwarded-for", "forwarded"}
    )
    """Headers that are not kept with the event, in lower case."""

    @abstractmethod
    def receive(self, call: Call) -> Received:
        """Prove the call on its raw bytes, in constant time, before anything is parsed; answer handshakes (GET and
        OPTIONS come here too). Raises ``Unauthentic``."""

    @abstractmethod
    def read(self, call: Call) -> Sequence[Notice]:
        """What a kept call says; nothing where it concerns nobody here. The call has proved itself already, perhaps
        long ago. ``MappingError`` says why it fits nothing: it is kept, and read again when the configuration changed.
        """


__all__ = ["MEGABYTE", "Answer", "Call", "Notice", "Received", "Receiver"]
