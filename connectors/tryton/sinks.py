"""Writing: what all kinds share. One request for each write, under a lock over the record and its children.

A write here is: read the record as it stands, compare its version with the one that the hub decided on, send once with
the timestamps that were read, read back. Tryton refuses the whole write when any of the named records has moved.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from connectors.tryton.client import TrytonClient
from connectors.tryton.config import TrytonConfig
from connectors.tryton.members import Member, Row, find_version, list_stamps, was_changed_by
from connectors.tryton.streams import TrytonStream
from connectors.tryton.tables import TrytonTables
from hub.errors import Duplicate, IsthmusError, Locked, NeedsConsent, OutcomeUnknown, Rejected, Stale, Transient
from hub.sdk import Draft, Sink, SourceRecord, Tools, Written

PREPARE_LIMIT_S = 8.0
"""What must be read before a write may take this long, or nothing is sent; part of the declared ``d_max_s``."""
Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Current:
    """A record as it stands there: the row of the server, its payload, and the records that it is made of."""

    row: Row
    payload: Mapping[str, Any]
    members: Sequence[Member]
    version: int

    @property
    def id(self) -> int:
        return int(self.row["id"])

    def list_ids(self, path: str) -> list[int]:
        """The active children under a path."""
        return [member.id for member in self.members if member.path == path and member.active]

    def stamps(self, *paths: str) -> dict[str, str]:
        """The timestamps of the record itself and of its active children under these paths."""
        return list_stamps(member for member in self.members if member.path in ("", *paths) and member.active)


@dataclass(frozen=True)
class Request:
    """One call that writes, with the timestamps that must still be the newest."""

    model: str
    method: str
    args: Sequence[Any]
    stamps: Mapping[str, str] | None = None


class TrytonSink(Sink):
    """One kind; the subclasses turn payloads into Tryton's values and say what the states allow."""

    kind: ClassVar[str] = ""
    stream: ClassVar[str] = ""

    def __init__(
        self, client: TrytonClient, tables: TrytonTables, config: TrytonConfig, tools: Tools, stream: TrytonStream
    ) -> None:
        self._client = client
        self._tables = tables
        self._config = config
        self._clock = tools.clock
        self._stream = stream

    @property
    def d_max_s(self) -> float:
        return self._config.server_timeout_s + PREPARE_LIMIT_S

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        return [self._create_one(draft) for draft in drafts]

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        """``like`` is exact about case on PostgreSQL and not on SQLite; references are written in capitals."""
        return self._stream.read_records([[self.reference_path, "like", f"{ref_prefix.upper()}%"]])

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        raise Locked("tryton.cannot_void", kind=self.kind, id=external_id)

    @property
    @abstractmethod
    def reference_path(self) -> str:
        """The path by which a record is found by its reference."""

    @abstractmethod
    def make_create(self, draft: Draft) -> Request:
        """The call that makes the record, after reading what it needs to know."""

    @abstractmethod
    def make_patch(self, current: Current, payload: Payload) -> Request:
        """The call that changes it. It names the timestamps of all that it decided on."""

    @abstractmethod
    def refuses_edits(self, current: Current) -> str | None:
        """The state that forbids edits, None when it does not."""

    def patch(self, external_id: str, payload: Payload, *, if_version: int | None) -> Written:
        with self._in_time() as check_time:
            current = self.look_up(external_id, if_version)
            request = self.make_patch(current, payload)
            check_time()
        try:
            self.send(request)
        except Rejected as refused:
            raise self._explain(refused, external_id) from refused
        return self.read_back(current.id)

    def look_up(self, external_id: str, if_version: int | None = None) -> Current:
        """The record as it stands; ``Stale`` when it is not the version that the hub has seen."""
        current = self.find_current(external_id)
        if current is None:
            raise Rejected("tryton.gone", model=self._stream.model, id=external_id)
        if if_version is not None and current.version != if_version:
            raise Stale("tryton.stale")
        return current

    def find_current(self, external_id: str) -> Current | None:
        rows = self._stream.read_rows([["id", "=", to_id(external_id)]])
        if not rows:
            return None
        members = self._stream.members_of(rows[0])
        return Current(rows[0], self._stream.shape(rows[0]), members, find_version(members))

    def read_back(self, id: int) -> Written:
        """State and totals after a write. The version is told only when it is certainly our own: somebody may have
        written again meanwhile. That nothing can be read now does not undo the write."""
        try:
            current = self.find_current(str(id))
            us = self._client.user_id
        except (Transient, NeedsConsent):
            current = None
        if current is None:
            return Written(str(id))
        version = current.version if was_changed_by(current.members, us) else None
        return Written(str(id), version, self._stream.number_of(current.payload))

    def send(self, request: Request) -> Any:
        return self._client.write(request.model, request.method, *request.args, stamps=request.stamps)

    def read_created(self, answer: Any) -> int:
        """The id that a create answered with; anything else leaves open what was made."""
        if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], int):
            return answer[0]
        raise OutcomeUnknown("tryton.unreadable", vendor=str(answer)[:300], where=f"{self._stream.model}.create")

    @contextmanager
    def _in_time(self) -> Iterator[Callable[[], None]]:
        """Hands out the last check before the bytes leave."""
        started_s = self._clock.monotonic()

        def check() -> None:
            spent_s = self._clock.monotonic() - started_s
            if spent_s > PREPARE_LIMIT_S:
                raise Transient("tryton.too_slow", seconds=round(spent_s))

        yield check

    def _create_one(self, draft: Draft) -> Written | IsthmusError:
        try:
            with self._in_time() as check_time:
                request = self.make_create(draft)
                check_time()
            return self.read_back(self.read_created(self.send(request)))
        except Rejected as refused:
            return self._recognise(refused, draft)
        except (Transient, NeedsConsent, OutcomeUnknown) as failed:
            return failed

    def _recognise(self, refused: Rejected, draft: Draft) -> IsthmusError:
        """Where the reference is unique there, a refusal may mean that the record exists: its text is in the user's
        language, so look."""
        if not self.is_reference_unique:
            return refused
        try:
            known = self.find(draft.ref)
        except (Transient, NeedsConsent):
            return refused
        return Duplicate("tryton.exists", vendor=refused.vendor) if known else refused

    @property
    def is_reference_unique(self) -> bool:
        return False

    def _explain(self, refused: Rejected, external_id: str) -> Rejected:
        """``Locked`` when the state as it is now explains the refusal."""
        try:
            current = self.find_current(external_id)
        except (Transient, NeedsConsent):
            return refused
        state = self.refuses_edits(current) if current is not None else None
        return Locked("tryton.locked", vendor=refused.vendor, state=state) if state else refused


def to_id(value: Any) -> int:
    """An id as Tryton wants it; ids travel through the hub as text."""
    text = str(value)
    if not text.isdigit():
        raise Rejected("tryton.not_an_id", value=text)
    return int(text)


def to_decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise Rejected("tryton.not_a_number", value=str(value)) from error


def to_date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def pick_changes(wanted: Mapping[str, Any], current: Mapping[str, Any]) -> dict[str, Any]:
    """Of the wanted values those that differ; an empty text is Tryton's null."""
    return {name: value for name, value in wanted.items() if (value or None) != (current.get(name) or None)}
