"""What a connector author implements: a Connector with Streams (readable objects) and Sinks (writable objects)."""

from __future__ import annotations

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

import httpx
from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from hub.errors import IsthmusError, keep_secret
from hub.protocol.semantics import Confirm, ReadSemantics, Stage, WriteSemantics
from hub.sdk.budget import Budget, CallLimits, NoBudget
from hub.sdk.check import CheckItem
from hub.sdk.messages import Message
from hub.sdk.proof import Proof
from hub.sdk.told import FollowUp, Place, Scope, Unreadable

if TYPE_CHECKING:
    from hub.sdk.registry import Registry
    from hub.sdk.webhooks import Receiver

_REFERENCE = re.compile(r"(env|file|secret):")
"""Where a secret is, instead of the secret itself."""


class Clock(Protocol):
    """Time as an argument. ``now`` is aware UTC; ``monotonic`` and ``sleep`` are in seconds."""

    def now(self) -> datetime:
        """The time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Do nothing for so long."""
        ...


class ConnectorConfig(BaseModel):
    """Base of a connector's configuration. Secrets are ``pydantic.SecretStr``; every field has a ``description``
    (English) and ``json_schema_extra={"zh": …}`` for the question asked by ``connection add``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _keep_secrets(self) -> Self:
        """From now on nothing in this process shows them, whoever repeats them; references are no secrets."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr) and not _REFERENCE.match(value.get_secret_value()):
                keep_secret(value.get_secret_value())
        return self


@dataclass(frozen=True)
class Tools:
    """What the hub lends to a connector; nothing else may be reached for (no clock, no randomness, no sockets)."""

    clock: Clock
    """Time and sleep."""
    random: random.Random
    """Chance, such as for request ids."""
    zone: tzinfo = UTC
    """The connection's zone, for vendors that send times without one."""
    transport: httpx.BaseTransport | None = None
    """HTTP transport to use instead of the network (tests, simulators in process)."""
    http_total_s: float = 60.0
    """A whole request ends within this time."""
    log: Callable[[str], None] = lambda line: None
    """Writes a line into the hub's log, without secrets."""
    budget: Budget = field(default_factory=NoBudget)
    """The calls of this connection; ``HttpClient`` asks it before each request."""
    read_file: Callable[[str], bytes | None] = lambda digest: None
    """The file with this SHA-256 (hexadecimal) that goes out with a record; None where the hub has none."""


@dataclass(frozen=True)
class SourceRecord:
    """One record as the vendor sent it, plus what the write protocol needs to know about it.

    ``payload`` is the vendor's own shape as JSON-ready data (decimals as ``Decimal`` or text, never a float for money;
    dates as ISO text), children inside it; empty for a deleted record of which nothing is left but its id.
    ``version`` is a monotone integer that covers the children; where ``versioned`` is declared False, an integer that
    only tells versions apart (``digest_version``); None when the system has none. ``read_at`` is when the read
    *started*. The three ``by`` facts are None when the system does not
    show them.
    """

    stream: str
    """Name of the stream that read it."""
    external_id: str
    """The system's own id, as text."""
    payload: Mapping[str, Any]
    read_at: datetime
    modified_at: datetime | None = None
    """The last change, aware; None when the system shows none."""
    version: int | None = None
    stage: Stage = Stage.EFFECTIVE
    """State of the document; records without states are in effect."""
    number: str | None = None
    """What people there call it."""
    reference: str | None = None
    """Text of the field that carries our reference, as it stands there."""
    created_by_us: bool | None = None
    """The integration user made it."""
    touched_by_person: bool | None = None
    """Somebody other than the integration user changed it after it was made."""
    changed_by_us: bool | None = None
    """The last change was the integration user's."""
    live_children: bool = False
    """Documents hang on it (payments, invoices) that forbid a void."""
    merged_into: str | None = None
    """External id of the record that this one is said to be part of, by whatever way ``tells_merge`` declares; None
    where nothing is said."""
    moved_from: str | None = None
    """The id that the same record had before people moved it to another place there."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where a person finds the record (under ``""``) and its lines (under their remote ids), for messages."""
    unreadable: Sequence[Unreadable] = ()
    """What of it could not be read, for messages that name the place."""


def digest_version(name: str) -> int:
    """The ``version`` of a record whose system only gives each version a name (an ETag): equal for equal names."""
    return int.from_bytes(sha256(name.encode(errors="surrogatepass")).digest()[:8], "big") >> 1


@dataclass(frozen=True)
class Page:
    """One page of a stream. ``position`` is where the next page starts (opaque JSON; None at the end);
    ``high_water`` is the largest change time on the page (aware), or the time of the reading where a system has none.

    ``resume`` is for systems that hand out a token instead of change times: on the last page, the ``position`` with
    which the next pull begins.
    """

    records: Sequence[SourceRecord]
    """In the order of the list."""
    position: Any = None
    high_water: datetime | None = None
    resume: Any = None


class Stream(ABC):
    """A readable object of one kind."""

    name: ClassVar[str]
    """The vendor's name of the object, as mapping files say it (``stream = …``)."""
    kind: ClassVar[str]
    """The hub's kind."""
    fetches: ClassVar[bool] = True
    """False for push-only or file sources that cannot read one record by id."""

    key_path: str = "id"
    """Where a payload has its identity. This and the next three are what ``mapping suggest`` goes by."""
    rows_path: str = ""
    """Where the rows of a document are; empty for records without rows."""
    row_key: str = "id"
    """Where a row has its identity."""
    key_columns: Sequence[str] = ()
    """Headings of the identity in samples."""
    deletes: bool = True
    """A record that is no longer there was deleted; False: it is only counted (a list that need not be complete)."""
    retries: bool = False
    """Reading one record again costs nothing: each pull tries again what could not be taken in, and looks for records
    that have vanished."""

    @property
    def semantics(self) -> ReadSemantics:
        """The declaration about reading; the careful default promises nothing."""
        return ReadSemantics()

    @abstractmethod
    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """Records changed at or after ``since`` (None: all), in keyset order, continuing at ``position``.

        A record whose children changed counts as changed. A pull after one whose last page had a ``resume`` begins at
        that position. Raises Transient, NeedsConsent, CursorExpired.
        """

    @abstractmethod
    def fetch(self, external_id: str) -> SourceRecord | None:
        """One record, or None when the system says that it does not exist (deleted)."""

    def list_ids(self) -> Sequence[str] | None:
        """All ids that exist now (for finding deletions), or None when the system cannot list them."""
        return None

    def find_missing(self, ids: Sequence[str]) -> Sequence[str]:
        """Those of these ids that no longer exist, as far as the system can tell."""
        listed = self.list_ids()
        there = set(ids if listed is None else listed)
        return [id_ for id_ in ids if id_ not in there]

    def follow_up(self, position: Any, find_kept: Callable[[Sequence[str]], Container[str]]) -> FollowUp | None:
        """What an admin asked to be done over there with records once they are kept here, such as a flag on a mail;
        None where nothing is due. ``position`` (or ``resume``) is the one with which a page came, and is kept with it;
        ``find_kept`` names those of these ids that are kept. A process may die after any step: what was due is
        asked for again before the next page is read, so doing it twice must do no harm. What people there forbid is
        counted as ``unmarked``, not raised."""
        return None

    def sample(self, limit: int) -> Sequence[Mapping[str, Any]]:
        """Payloads to learn from (``mapping suggest``), at most ``limit``."""
        return [record.payload for record in self.read_page(None, None, limit).records]


@dataclass(frozen=True)
class Draft:
    """One document to create. ``payload`` has the vendor's shape as the mapping made it, ``ref`` must end up in the
    declared reference field, at creation and never later."""

    ref: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Written:
    """A definite success. ``version`` is the monotone version that this write produced, when the system tells it."""

    external_id: str
    """The system's own id, as text."""
    version: int | None = None
    number: str | None = None
    """What people there call it, when the system gave it a number."""


class Sink(ABC):
    """A writable object of one kind. ``stream`` names the stream that reads the same documents.

    Errors: ``Rejected``/``Locked`` definite refusal; ``Duplicate`` exists already; ``Stale`` compare-and-set failed;
    ``Transient`` certainly not applied; ``OutcomeUnknown`` anything else after the request left (timeouts, 5xx,
    connection reset, unparsable answer). A write is never retried inside a connector.
    """

    kind: ClassVar[str]
    """The hub's kind."""
    stream: ClassVar[str]
    """Name of the stream that reads what is written here."""

    @property
    def variants(self) -> Sequence[Mapping[str, Any]]:
        """Where records of the kind stand on several forms: values by which each gets one. A probe tries them all."""
        return ()

    @property
    @abstractmethod
    def semantics(self) -> WriteSemantics:
        """The declaration for this kind; the conformance suite measures it."""

    @abstractmethod
    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        """Create documents (as drafts where the tier has them): one result for each item, in order. Raises only when
        the whole batch shares one outcome."""

    @abstractmethod
    def patch(self, external_id: str, payload: Mapping[str, Any], *, if_version: int | None) -> Written:
        """Change only what ``payload`` names. A list of lines is the complete wanted list; a line with the key
        field changes that line, one without is new, a remote line not named is removed."""

    def submit(self, external_id: str, *, if_version: int | None) -> Written:
        """Hand the draft to the people who approve; already submitted counts as success."""
        raise NotImplementedError

    def confirm(self, external_id: str, *, if_version: int | None) -> Written:
        """Make it effective; already effective counts as success."""
        raise NotImplementedError

    def reopen(self, external_id: str, *, if_version: int | None) -> Written:
        """Take the approval back so that it can be edited (``amend = reopen``)."""
        raise NotImplementedError

    @abstractmethod
    def void(self, external_id: str, *, if_version: int | None) -> Written:
        """Cancel it; already void counts as success. The document stays visible as void, unless ``void_removes`` is
        declared."""

    def tell_merge(self, external_id: str, into: str | None, *, if_version: int | None) -> Written:
        """Say there that the record is part of the record ``into`` by now, by the way that ``tells_merge`` declares;
        None: that it is none any more. Said already counts as success. The record can still be read, stays in effect,
        and shows ``merged_into`` from then on; no document of it is changed."""
        raise NotImplementedError

    def delete(self, external_id: str, *, if_version: int | None) -> None:
        """Remove a draft; already gone counts as success."""
        raise NotImplementedError

    @abstractmethod
    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        """Every document whose reference field starts with ``ref_prefix``, voided ones included, whoever made them."""

    def find_by_identifier(self, kind: str, value: str) -> Sequence[SourceRecord]:
        """Parties that carry this identifier (``uscc``…); for kinds without a reference field of their own."""
        return ()


class Connector(ABC):
    """One vendor. The hub makes one instance for each connection; ``close`` ends it."""

    name: ClassVar[str]
    """The connector's name: that of its folder or entry point."""
    label: ClassVar[Mapping[str, str]]
    """Display name by language."""
    Config: ClassVar[type[ConnectorConfig]]
    """What a connection of it is configured with."""
    mappings: ClassVar[Path | None] = None
    """Folder with the connector's ``<kind>.toml`` mapping files, when not shipped in ``mappings/<name>``."""
    simulator: ClassVar[str | None] = None
    """``package.module:function`` of the simulator that the connector ships (see ``hub.sdk.simulator``)."""
    rounding: ClassVar[str] = "line"
    """How the system rounds tax: ``line`` half-up per line, or ``document`` half-even per document."""
    total_tolerance: ClassVar[Decimal] = Decimal("0.05")
    """By how much a document's total may differ from what its lines add up to, in its currency."""
    listens: ClassVar[bool] = False
    """Whether ``listen`` can tell that something changed."""
    pushed: ClassVar[frozenset[str]] = frozenset()
    """Kinds of which the system tells changes by calling us; ``*`` for every one."""
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.DOCUMENTS,)}
    """What each kind was tried against; ``*`` for the kinds that are not named."""
    limits: ClassVar[CallLimits] = CallLimits()
    """What the vendor allows one account; the settings of a connection win over it."""

    def __init__(self, config: Any, tools: Tools) -> None:
        self.config = config
        self.tools = tools

    @classmethod
    def choose_limits(cls, answers: Mapping[str, Any]) -> CallLimits:
        """The limits of an account with these answers of an admin, not yet checked; ``limits`` unless they say more."""
        return cls.limits

    @property
    def scope(self) -> Scope | None:
        """The organisation whose documents are read and written; None where an account is one organisation."""
        return None

    @abstractmethod
    def streams(self) -> Mapping[str, Stream]:
        """Readable objects by stream name."""

    @abstractmethod
    def sinks(self) -> Mapping[str, Sink]:
        """Writable objects by kind."""

    @abstractmethod
    def check(self) -> Sequence[CheckItem]:
        """Look at the account without writing: credentials, rights, versions. Names the exact right that is missing."""

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Named functions that the mapping files may ``call``: ``name(value, payload) -> value`` inbound,
        ``name_out(value, record) -> value`` outbound."""
        return {}

    def code_tables(self) -> Mapping[str, Mapping[str, str]]:
        """Code tables that can be read from the system itself: table → {remote code: hub value}. The connection's
        configured codes win over them."""
        return {}

    def receiver(self) -> Receiver | None:
        """Takes the calls that the system makes to this hub (``hub.sdk.webhooks``); None when it makes none."""
        return None

    def registry(self) -> Registry | None:
        """Looks companies up for money (``hub.sdk.registry``); None when the system is no business registry."""
        return None

    def notify(self, message: Message) -> None:
        """Tell people (a chat robot, a pager). A connector that can, implements it; the same ``message.id`` may come
        again when its first answer was lost. Raises ``Transient`` to be called again later, ``Rejected`` or
        ``NeedsConsent`` for what a person has to mend."""
        raise NotImplementedError

    def listen(self, wake: Callable[[str], None], stopped: Callable[[], bool]) -> None:
        """Call ``wake(kind)`` whenever the system says that something changed: a run comes at once. Ends within seconds
        when ``stopped()``. Called again after an error; on an instance and in a thread of its own. A hint only."""
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027 - nothing to close is a good answer
        """Give back connections and sessions."""


__all__ = [
    "CheckItem", "Clock", "Confirm", "Connector", "ConnectorConfig", "Draft", "Page", "Place", "Sink", "SourceRecord",
    "Stream", "Tools", "Unreadable", "Written", "digest_version",
]  # fmt: skip
