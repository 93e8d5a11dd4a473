"""What can be read: the events of the chosen calendars, by what each calendar says has changed since its token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from icalendar import Event

from connectors.caldav.client import CalDavClient, Changes, Stored
from connectors.caldav.config import CalDavConfig
from connectors.caldav.discovery import Calendar, choose_calendars, list_calendars
from connectors.caldav.shapes import (
    is_cancelled,
    is_private,
    list_events,
    read_calendar,
    read_words,
    shape_event,
)
from hub.errors import MappingError
from hub.sdk import Page, Place, ReadSemantics, SourceRecord, Stage, Stream, Tools, Unreadable, digest_version


@dataclass(frozen=True)
class Position:
    """Where a reading stands. ``tokens``: calendar → the token behind which it is read; ``done``: calendars that this
    reading has finished; ``token`` and ``after``: what the calendar under way said when it was first asked, and the
    last path that was read of it."""

    tokens: Mapping[str, str] = field(default_factory=dict)
    done: Sequence[str] = ()
    token: str | None = None
    after: str = ""

    @staticmethod
    def read(position: Any) -> Position:
        return Position(**position) if position else Position()

    def write(self) -> dict[str, Any]:
        return {"tokens": dict(self.tokens), "done": list(self.done), "token": self.token, "after": self.after}


class EventStream(Stream):
    """Meetings and everything else that has a time. Tasks are left out, and private events unless they are wanted."""

    name = "event"
    kind = "activity"

    def __init__(self, client: CalDavClient, config: CalDavConfig, tools: Tools) -> None:
        self._client = client
        self._config = config
        self._clock = tools.clock
        self._zone = tools.zone
        self._chosen: list[Calendar] | None = None
        self._listing: tuple[str, str, Changes] | None = None

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(cursor_field="sync-token", deletion_voids=True)

    @property
    def calendars(self) -> list[Calendar]:
        """The calendars that the admin named."""
        if self._chosen is None:
            known = list_calendars(self._client, self._config)
            self._chosen = choose_calendars(known, self._config.calendars)
        return self._chosen

    # ------------------------------------------------------------ reading

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """Calendars in the order in which they are named, events in the order of their paths. ``since`` counts for
        nothing: a calendar knows no change times, so what has no token is read whole."""
        started = self._clock.now()
        place = Position.read(position)
        records: list[SourceRecord] = []
        while len(records) < limit:
            calendar = next((one for one in self.calendars if one.path not in place.done), None)
            if calendar is None:
                tokens = {one.path: place.tokens[one.path] for one in self.calendars if one.path in place.tokens}
                return Page(records, None, started, Position(tokens).write())
            read, place = self._read_some(calendar, place, limit - len(records))
            records += read
        return Page(records, place.write(), started)

    def _read_some(self, calendar: Calendar, place: Position, limit: int) -> tuple[list[SourceRecord], Position]:
        """At most ``limit`` events of one calendar, and where to go on."""
        started = self._clock.now()
        changes = self._list_changes(calendar, place)
        first = place.token if place.token is not None else changes.token
        paths = sorted(path for path in {*changes.changed, *changes.gone} if path > place.after)
        page, gone = paths[:limit], set(changes.gone)
        found = self._client.read_events(calendar.path, [path for path in page if path not in gone])
        made = [self._make_record(calendar, path, found.get(path), started) for path in page]
        records = [record for record in made if record is not None]
        if len(paths) > limit:
            return records, replace(place, token=first, after=page[-1])
        # What changed while the pages were read is told again by the token of the first question.
        tokens = {**place.tokens, calendar.path: first} if calendar.tells_changes else place.tokens
        return records, Position(tokens, [*place.done, calendar.path])

    def _list_changes(self, calendar: Calendar, place: Position) -> Changes:
        """Asked once for all pages of one reading, as long as this instance does the reading."""
        if not calendar.tells_changes:
            return Changes(self._client.list_events(calendar.path), (), "")
        old = place.tokens.get(calendar.path, "")
        known = self._listing
        if place.token is None or known is None or known[:2] != (calendar.path, old):
            known = self._listing = (calendar.path, old, self._client.list_changes(calendar.path, old))
        return known[2]

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        stored = self._client.get(external_id) if external_id.startswith("/") else None
        if stored is None:
            return None
        record = self.make_record(stored, started)
        return None if record is None or (record.stage is Stage.GONE) else record

    def list_ids(self) -> Sequence[str]:
        return [path for calendar in self.calendars for path in self._client.list_events(calendar.path)]

    def search(self, uid_part: str) -> list[SourceRecord]:
        """Events of the calendars whose UID contains a text, private ones too."""
        started = self._clock.now()
        hits = [stored for one in self.calendars for stored in self._client.search(one.path, uid_part)]
        made = [self.make_record(stored, started, private=True) for stored in hits]
        return [record for record in made if record is not None]

    # ------------------------------------------------------------ records

    def _make_record(
        self, calendar: Calendar, path: str, stored: Stored | None, started: datetime
    ) -> SourceRecord | None:
        """An event that is not there is told as gone: nobody but the feed will ever say so."""
        if stored is None:
            return make_tombstone(path, started)
        return self.make_record(stored, started)

    def make_record(self, stored: Stored, started: datetime, *, private: bool = False) -> SourceRecord | None:
        """None for what is no event. ``private``: also what people keep to themselves, which is otherwise as good as
        gone."""
        path = stored.path
        try:
            calendar = read_calendar(stored.text)
        except MappingError as broken:
            return self._put_aside(stored, started, broken, None)
        event = next(iter(list_events(calendar)), None)
        if event is None:
            return None
        if is_private(event) and not (private or self._config.private):
            return make_tombstone(path, started)
        try:
            payload = shape_event(calendar, path, self._name_of(path), self._zone)
        except MappingError as broken:
            return self._put_aside(stored, started, broken, event)
        return SourceRecord(
            stream=self.name,
            external_id=path,
            payload=payload,
            read_at=started,
            version=digest_version(stored.etag),
            stage=Stage.VOID if is_cancelled(event) else Stage.EFFECTIVE,
            reference=read_words(event, "UID"),
        )

    def _put_aside(self, stored: Stored, started: datetime, broken: MappingError, event: Event | None) -> SourceRecord:
        """What of it can be read: its name for people, and whose it is."""
        path = stored.path
        title = read_words(event, "SUMMARY") if event is not None else ""
        return SourceRecord(
            stream=self.name,
            external_id=path,
            payload={"id": path},
            read_at=started,
            version=digest_version(stored.etag),
            reference=read_words(event, "UID") if event is not None else None,
            unreadable=(Unreadable(broken, Place(f"{self._name_of(path)}: {title or path}", 0)),),
        )

    def _name_of(self, path: str) -> str:
        known = (one.name for one in self._chosen or () if path.startswith(one.path))
        return next(known, path.rpartition("/")[0])

    @property
    def target(self) -> Calendar:
        """The calendar that gets what is made in the hub."""
        if not self._config.write_to:
            return self.calendars[0]
        return choose_calendars(self.calendars, [self._config.write_to])[0]


def make_tombstone(path: str, started: datetime) -> SourceRecord:
    """All that is left of a deleted event."""
    return SourceRecord(EventStream.name, path, {}, started, stage=Stage.GONE)
