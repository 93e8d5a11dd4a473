"""What can be read: events and tasks of the chosen calendars, by what a calendar says has changed since its token."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar

from icalendar import Calendar as ICalendar
from icalendar import Component

from connectors.caldav.client import CalDavClient, Changes, Stored
from connectors.caldav.config import CalDavConfig
from connectors.caldav.discovery import Calendar, choose_calendars, list_calendars
from connectors.caldav.parsing import read_calendar
from connectors.caldav.shapes import (
    is_cancelled,
    is_private,
    list_events,
    list_todos,
    name_instance,
    read_words,
    shape_event,
    shape_instance,
    shape_todo,
)
from hub.errors import ConfigInvalid, MappingError
from hub.sdk import Page, Place, ReadSemantics, SourceRecord, Stage, Stream, Tools, Unreadable, digest_version


@dataclass(frozen=True)
class Position:
    """Where a reading stands. ``tokens``: calendar → the token behind which it is read; ``done``: calendars that this
    reading has finished; ``token`` and ``after``: what the calendar under way said when it was first asked, and the
    last path that was read of it. ``instances``: path of a series → its instances that people changed, as they were
    read last: nobody tells which of them are no more. ``gone``: what this reading found gone; it is told last, so that
    what only went to another calendar is there before."""

    tokens: Mapping[str, str] = field(default_factory=dict)
    done: Sequence[str] = ()
    token: str | None = None
    after: str = ""
    instances: Mapping[str, Sequence[str]] = field(default_factory=dict)
    gone: Sequence[str] = ()

    @staticmethod
    def read(position: Any) -> Position:
        return Position(**position) if position else Position()

    def write(self) -> dict[str, Any]:
        lists = {"done": list(self.done), "gone": list(self.gone)}
        return {**vars(self), **lists, "tokens": dict(self.tokens), "instances": dict(self.instances)}


class ObjectStream(Stream):
    """What the calendars hold of one component. Private ones are left out unless they are wanted."""

    component: ClassVar[str]
    """VEVENT or VTODO."""

    def __init__(self, client: CalDavClient, config: CalDavConfig, tools: Tools) -> None:
        self._client = client
        self._config = config
        self._clock = tools.clock
        self._zone = tools.zone
        self._chosen: list[Calendar] | None = None
        self._listing: tuple[str, str, Changes] | None = None

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(cursor_field="sync-token", deletion_voids=True, versioned=False)

    @property
    def calendars(self) -> list[Calendar]:
        """The calendars that the admin named, as far as they hold such things."""
        if self._chosen is None:
            known = list_calendars(self._client, self._config)
            chosen = choose_calendars(known, self._list_names())
            self._chosen = [one for one in chosen if one.holds(self.component)]
        return self._chosen

    def _list_names(self) -> Sequence[str]:
        return self._config.calendars

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
                records += (make_tombstone(self, id_, started) for id_ in place.gone)
                return Page(records, None, started, Position(tokens, instances=place.instances).write())
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
        records = self._find_moved(calendar, sorted(gone.intersection(page)), started)
        instances, lost = dict(place.instances), list(place.gone)
        for path in page:
            told = list(self._list_records(path, found.get(path), started))
            names = [record.external_id.partition("#")[2] for record in told if "#" in record.external_id]
            records += (record for record in told if record.stage is not Stage.GONE)
            lost += (record.external_id for record in told if record.stage is Stage.GONE)
            lost += (f"{path}#{name}" for name in instances.pop(path, ()) if name not in names)
            if names:
                instances[path] = names
        place = replace(place, instances=instances, gone=lost)
        if len(paths) > limit:
            return records, replace(place, token=first, after=page[-1])
        # What changed while the pages were read is told again by the token of the first question.
        tokens = {**place.tokens, calendar.path: first} if calendar.tells_changes else place.tokens
        return records, Position(tokens, [*place.done, calendar.path], instances=instances, gone=lost)

    def _find_moved(self, calendar: Calendar, gone: Sequence[str], started: datetime) -> list[SourceRecord]:
        """Of what is gone from a calendar, what lies in another one under the same name: calendar programs keep it."""
        found: list[SourceRecord] = []
        for other in self.calendars if gone else ():
            if other.path == calendar.path:
                continue
            paths = {other.path + path.rpartition("/")[2]: path for path in gone}
            for stored in self._client.read_events(other.path, list(paths)).values():
                for record in self.make_records(stored, started):
                    _, sign, instance = record.external_id.partition("#")
                    before = f"{paths[stored.path]}{sign}{instance}"
                    if record.stage is not Stage.GONE:
                        found.append(replace(record, moved_from=before))
        return found

    def _list_changes(self, calendar: Calendar, place: Position) -> Changes:
        """Asked once for all pages of one reading, as long as this instance does the reading."""
        if not calendar.tells_changes:
            return Changes(self._client.list_paths(calendar.path, self.component), (), "")
        old = place.tokens.get(calendar.path, "")
        known = self._listing
        if place.token is None or known is None or known[:2] != (calendar.path, old):
            known = self._listing = (calendar.path, old, self._client.list_changes(calendar.path, old))
        return known[2]

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        stored = self._client.get(external_id.partition("#")[0]) if external_id.startswith("/") else None
        records = self.make_records(stored, started) if stored is not None else ()
        return next((one for one in records if one.external_id == external_id and one.stage is not Stage.GONE), None)

    def list_ids(self) -> Sequence[str]:
        return [path for calendar in self.calendars for path in self._client.list_paths(calendar.path, self.component)]

    def search(self, uid_part: str) -> list[SourceRecord]:
        """Events of the calendars whose UID contains a text, private ones too."""
        started = self._clock.now()
        found = [self._client.search(one.path, uid_part, self.component) for one in self.calendars]
        made = [
            record for hits in found for stored in hits for record in self.make_records(stored, started, private=True)
        ]
        return [record for record in made if "#" not in record.external_id]

    # ------------------------------------------------------------ records

    def _list_records(self, path: str, stored: Stored | None, started: datetime) -> Iterator[SourceRecord]:
        """What is not there is told as gone: nobody but the feed will ever say so."""
        if stored is None:
            yield make_tombstone(self, path, started)
        else:
            yield from self.make_records(stored, started)

    def make_records(self, stored: Stored, started: datetime, *, private: bool = False) -> Iterator[SourceRecord]:
        """Nothing for what is another component. ``private``: also what people keep to themselves, which is otherwise
        as good as gone."""
        path = stored.path
        try:
            calendar = read_calendar(stored.text)
        except MappingError as broken:
            yield self._put_aside(stored, started, broken, None)
            return
        parts = self._list_parts(calendar)
        if not parts:
            return
        if is_private(parts[0]) and not (private or self._config.private):
            yield make_tombstone(self, path, started)
            return
        for place, part in enumerate(parts):
            try:
                payload = self._shape(calendar, part, path, place)
            except MappingError as broken:
                yield self._put_aside(stored, started, broken, part)
                continue
            if payload is not None:
                yield self._make_record(stored, part, payload, started)

    @abstractmethod
    def _list_parts(self, calendar: ICalendar) -> Sequence[Component]:
        """The thing itself first, then the instances of a series that people changed."""

    @abstractmethod
    def _shape(self, calendar: ICalendar, part: Component, path: str, place: int) -> dict[str, Any] | None:
        """The payload; None for a part that is no record."""

    def _make_record(
        self, stored: Stored, part: Component, payload: Mapping[str, Any], started: datetime
    ) -> SourceRecord:
        void = self.component == "VEVENT" and is_cancelled(part)
        own = "#" not in payload["id"]
        return SourceRecord(
            stream=self.name,
            external_id=payload["id"],
            payload=payload,
            read_at=started,
            version=digest_version(stored.etag),
            stage=Stage.VOID if void else Stage.EFFECTIVE,
            reference=read_words(part, "UID") if own else None,
        )

    def _put_aside(
        self, stored: Stored, started: datetime, broken: MappingError, event: Component | None
    ) -> SourceRecord:
        """What of it can be read: its name for people, and whose it is."""
        path = self._name_record(stored.path, event)
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

    @staticmethod
    def _name_record(path: str, part: Component | None) -> str:
        name = name_instance(part) if part is not None else ""
        return f"{path}#{name}" if name else path

    def _name_of(self, path: str) -> str:
        known = (one.name for one in self._chosen or () if path.startswith(one.path))
        return next(known, path.rpartition("/")[0])

    @property
    def target(self) -> Calendar:
        """The calendar that gets what is made in the hub."""
        if not self._config.write_to:
            return self.calendars[0]
        return choose_calendars(self.calendars, [self._config.write_to])[0]


class EventStream(ObjectStream):
    """Meetings and everything else that has a time; an instance of a series that people moved or changed is a record
    beside the series."""

    name = "event"
    kind = "activity"
    component = "VEVENT"

    def list_ids(self) -> Sequence[str]:
        """Series with instances of their own have to be read: a list shows paths only."""
        found = list(super().list_ids())
        for calendar in self.calendars:
            changed = self._client.list_paths(calendar.path, self.component, having="RECURRENCE-ID")
            for stored in self._client.read_events(calendar.path, changed).values():
                found += (one.external_id for one in self.make_records(stored, self._clock.now()))
        return list(dict.fromkeys(found))

    def _list_parts(self, calendar: ICalendar) -> Sequence[Component]:
        return list_events(calendar)

    def _shape(self, calendar: ICalendar, part: Component, path: str, place: int) -> dict[str, Any] | None:
        if place == 0:
            return shape_event(calendar, path, self._name_of(path), self._zone)
        return shape_instance(part, path, self._name_of(path), self._zone) if name_instance(part) else None


class TodoStream(ObjectStream):
    """Tasks. A series of tasks is one, as its calendar shows it."""

    name = "todo"
    kind = "task"
    component = "VTODO"

    def _list_names(self) -> Sequence[str]:
        return self._config.task_lists or self._config.calendars

    def _list_parts(self, calendar: ICalendar) -> Sequence[Component]:
        return list_todos(calendar)

    def _shape(self, calendar: ICalendar, part: Component, path: str, place: int) -> dict[str, Any] | None:
        return shape_todo(part, path, self._name_of(path), self._zone) if place == 0 else None

    @property
    def target(self) -> Calendar:
        if not self.calendars:
            raise ConfigInvalid("caldav.no_task_list", url=self._config.url)
        return self.calendars[0]


def make_tombstone(stream: ObjectStream, path: str, started: datetime) -> SourceRecord:
    """All that is left of what was deleted."""
    return SourceRecord(stream.name, path, {}, started, stage=Stage.GONE)
