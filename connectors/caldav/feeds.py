"""A calendar that is only published: one iCalendar file at an address, asked for with the name of its last version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from icalendar import Calendar as ICalendar
from icalendar import Event

from connectors.caldav.client import is_loopback, read_text
from connectors.caldav.config import CalDavConfig
from connectors.caldav.parsing import read_calendar
from connectors.caldav.shapes import (
    is_cancelled,
    is_private,
    list_events,
    name_instance,
    read_words,
    shape_event,
    shape_instance,
)
from hub.errors import ConfigInvalid, MappingError, Rejected, Transient
from hub.sdk import (
    CheckItem,
    HttpClient,
    Page,
    Place,
    ReadSemantics,
    SourceRecord,
    Stage,
    Stream,
    Tools,
    Unreadable,
    digest_version,
)

_UNCHANGED = 304
_RESTLESS = ("DTSTAMP:", "LAST-MODIFIED:")
"""Written anew by many programs whenever somebody asks."""


@dataclass(frozen=True)
class Issue:
    """The file as it was told: ``name`` of this version, and what stands in it by id."""

    name: str
    events: Mapping[str, Sequence[Event]]


class FeedStream(Stream):
    """Its events. It is read whole whenever it has changed; what stands no more in it was deleted."""

    name = "event"
    kind = "activity"

    def __init__(self, config: CalDavConfig, tools: Tools) -> None:
        self._config = config
        self._clock = tools.clock
        self._zone = tools.zone
        url = config.url.replace("webcal://", "https://", 1)
        address = urlsplit(url if "//" in url else f"https://{url}")
        secret = quote(config.password.get_secret_value(), safe="")
        self._address = address
        self._path = (address.path + (f"?{address.query}" if address.query else "")).replace("{password}", secret)
        self._http = HttpClient(f"{address.scheme}://{address.netloc}", tools)
        self._issue: Issue | None = None

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(cursor_field="etag", deletion_voids=True, versioned=False)

    def close(self) -> None:
        self._http.close()

    # ------------------------------------------------------------ reading

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """What differs from the last reading, in the order of the ids. ``position``: the name of the version, what was
        read of it (id → version), and the last id of the page before."""
        started = self._clock.now()
        place = position or {"name": "", "known": {}, "after": ""}
        issue = self._ask(place["name"] if not place["after"] else "")
        if issue is None:
            return Page([], None, started, place)
        records = {one.external_id: one for one in self._list_records(issue, started)}
        known: dict[str, int] = dict(place["known"])
        fresh = sorted(id_ for id_ in {*records, *known} if id_ > place["after"] and self._differs(records, known, id_))
        page = fresh[:limit]
        told = [records.get(id_) or SourceRecord(self.name, id_, {}, started, stage=Stage.GONE) for id_ in page]
        for id_ in page:
            if id_ in records:
                known[id_] = records[id_].version or 0
            else:
                known.pop(id_)
        if len(fresh) > limit:
            return Page(told, {**place, "known": known, "after": page[-1]}, started)
        return Page(told, None, started, {"name": issue.name, "known": known, "after": ""})

    @staticmethod
    def _differs(records: Mapping[str, SourceRecord], known: Mapping[str, int], id_: str) -> bool:
        return id_ not in records or known.get(id_) != records[id_].version

    def fetch(self, external_id: str) -> SourceRecord | None:
        issue = self._ask("")
        records = self._list_records(issue, self._clock.now()) if issue is not None else iter(())
        found = next((one for one in records if one.external_id == external_id), None)
        return found if found is not None and found.stage is not Stage.GONE else None

    def list_ids(self) -> Sequence[str]:
        issue = self._ask("")
        return [one.external_id for one in self._list_records(issue, self._clock.now())] if issue is not None else []

    def check(self) -> Sequence[CheckItem]:
        """Whether it is there, and what it is."""
        try:
            issue = self._ask("")
        except Transient as failed:
            words = failed.vendor or failed.text()
            return [CheckItem(False, "caldav.unreachable", {"url": self._config.url, "words": words})]
        except Rejected as refused:
            return [CheckItem(False, "caldav.not_feed", {"url": self._config.url, "words": refused.vendor or ""})]
        except (MappingError, ConfigInvalid) as wrong:
            return [CheckItem(False, wrong.code, wrong.params)]
        count = len(issue.events) if issue is not None else 0
        return [CheckItem(True, "caldav.feed_found", {"url": self._config.url, "count": count})]

    # ------------------------------------------------------------ the file

    def _ask(self, name: str) -> Issue | None:
        """None: it is the version of that name still."""
        host = self._address.hostname or ""
        if self._address.scheme != "https" and not (self._config.plain_http or is_loopback(host)):
            raise ConfigInvalid("caldav.plain_http", url=self._config.url)
        headers = {"if-none-match": name} if name else {}
        try:
            response = self._http.read("GET", self._path, headers=headers)
        except Rejected as refused:
            if name and refused.params.get("status") == _UNCHANGED:
                return None
            raise
        if response.status_code == _UNCHANGED:
            return None
        stored = read_text(self._config.url, response.headers.get("etag", ""), response.content)
        if self._issue is None or not stored.etag or self._issue.name != stored.etag:
            self._issue = Issue(stored.etag, _group(read_calendar(stored.text)))
        return self._issue

    def _list_records(self, issue: Issue, started: datetime) -> Iterator[SourceRecord]:
        for uid, events in issue.events.items():
            if is_private(events[0]) and not self._config.private:
                continue
            for place, event in enumerate(events):
                name = name_instance(event) if place else ""
                yield self._make_record(f"{uid}#{name}" if name else uid, event, events, place, started)

    def _make_record(
        self, id_: str, event: Event, events: Sequence[Event], place: int, started: datetime
    ) -> SourceRecord:
        lines = event.to_ical().decode("utf-8", "replace").splitlines()
        version = digest_version("\n".join(line for line in lines if not line.startswith(_RESTLESS)))
        try:
            if place:
                payload = shape_instance(event, events[0].get("UID", id_), self._config.url, self._zone)
            else:
                payload = shape_event(_frame(events), id_, self._config.url, self._zone)
        except MappingError as broken:
            title = read_words(event, "SUMMARY") or id_
            return SourceRecord(
                self.name, id_, {"id": id_}, started, version=version,
                unreadable=(Unreadable(broken, Place(f"{self._config.url}: {title}", 0)),),
            )  # fmt: skip
        stage = Stage.VOID if is_cancelled(event) else Stage.EFFECTIVE
        return SourceRecord(self.name, id_, {**payload, "id": id_}, started, version=version, stage=stage)


def _group(calendar: ICalendar) -> dict[str, Sequence[Event]]:
    """Events by UID, a series before its instances; of those without a UID nobody could say which is which."""
    found: dict[str, list[Event]] = {}
    for event in list_events(calendar):
        if uid := read_words(event, "UID"):
            found.setdefault(uid, []).append(event)
    return dict(sorted(found.items()))


def _frame(events: Sequence[Event]) -> ICalendar:
    calendar = ICalendar()
    for event in events:
        calendar.add_component(event)
    return calendar
