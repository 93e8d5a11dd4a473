"""Calendars that are only published: one file, read again when it has changed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from connectors.caldav.connector import CalDavConnector
from hub.errors import MappingError, Transient
from hub.sdk import Stage, Tools
from hub.sdk.simulator import Request, Response, WallClock, serve
from tests.connectors.caldav.conftest import SHANGHAI


class Publisher:
    """What a web server with the file says; ``url`` is where it runs."""

    url = ""

    def __init__(self) -> None:
        self.events: dict[str, Sequence[str]] = {}
        self.whole = 0
        self.asked: list[str] = []
        self.frame = ("BEGIN:VCALENDAR", "END:VCALENDAR")

    def put(self, uid: str, *lines: str) -> None:
        self.events[uid] = lines

    def __call__(self, request: Request) -> Response:
        self.asked.append(request.target)
        stamp = f"DTSTAMP:20260101T0000{self.whole:02}Z"
        etag = ("etag", f'"{abs(hash(str(self.events)))}"')
        if request.headers.get("if-none-match") == etag[1]:
            return Response(304, headers=(etag,))
        self.whole += 1
        parts = [
            line for uid, lines in self.events.items()
            for line in ("BEGIN:VEVENT", f"UID:{uid}", stamp, *lines, "END:VEVENT")
        ]  # fmt: skip
        text = "\r\n".join([self.frame[0], "VERSION:2.0", "PRODID:x", *parts, self.frame[1], ""])
        return Response(200, text.encode(), (etag, ("content-type", "text/calendar")))


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    made = Publisher()
    made.put("fair", "SUMMARY:广交会", "DTSTART;VALUE=DATE:20270415", "DTEND;VALUE=DATE:20270420")
    made.put("call", "SUMMARY:电话", "DTSTART;TZID=China Standard Time:20270301T090000", "DURATION:PT1H")
    with serve(made) as server:
        made.url = server.url
        yield made


@pytest.fixture
def feed(publisher: Publisher) -> Iterator[CalDavConnector]:
    url = f"{publisher.url}/{{password}}/basic.ics"
    given = {"protocol": "feed", "url": url, "password": "a/b c"}  # pragma: allowlist secret
    config = CalDavConnector.Config.model_validate(given)
    opened = CalDavConnector(config, Tools(WallClock(), random.Random(1), zone=SHANGHAI))
    yield opened
    opened.close()


def pull(feed: CalDavConnector, position: Any = None, limit: int = 10) -> tuple[list[Any], Any]:
    records: list[Any] = []
    while True:
        page = feed.streams()["event"].read_page(None, position, limit)
        records += page.records
        if page.position is None:
            return records, page.resume
        position = page.position


def test_only_what_changed_is_told_again_and_what_is_gone(publisher: Publisher, feed: CalDavConnector) -> None:
    records, position = pull(feed, limit=1)
    assert [one.external_id for one in records] == ["call", "fair"]
    assert records[0].payload["starts_at"] == "2027-03-01T01:00:00+00:00"
    assert (records[1].payload["starts_on"], records[1].payload["ends_on"]) == ("2027-04-15", "2027-04-19")
    whole = publisher.whole
    assert pull(feed, position)[0] == []
    assert publisher.whole == whole, "304: nothing was sent"
    publisher.put("call", "SUMMARY:电话", "DTSTART:20270301T020000Z")
    del publisher.events["fair"]
    records, position = pull(feed, position)
    assert [(one.external_id, one.stage) for one in records] == [("call", Stage.EFFECTIVE), ("fair", Stage.GONE)]
    assert pull(feed, position)[0] == []


def test_what_is_only_written_anew_is_no_change(publisher: Publisher, feed: CalDavConnector) -> None:
    _, position = pull(feed)
    assert pull(feed, {**position, "name": ""})[0] == [], "another DTSTAMP says nothing"


def test_a_published_calendar_is_only_read(publisher: Publisher, feed: CalDavConnector) -> None:
    assert feed.sinks() == {}
    (item,) = feed.check()
    assert (item.ok, item.params["count"]) == (True, 2)
    assert publisher.asked[0] == "/a%2Fb%20c/basic.ics"
    found = feed.streams()["event"].fetch("fair")
    assert found is not None
    assert feed.streams()["event"].fetch("other") is None
    assert feed.streams()["event"].list_ids() == ["call", "fair"]


def test_a_page_that_is_no_calendar_deletes_nothing(publisher: Publisher, feed: CalDavConnector) -> None:
    _, position = pull(feed)
    publisher.frame = ("<html>", "</html>")
    publisher.events["x"] = ()
    with pytest.raises(Transient):
        pull(feed, position)
    assert not feed.check()[0].ok


def test_instances_private_and_broken_events_of_a_feed(publisher: Publisher, feed: CalDavConnector) -> None:
    publisher.put("geheim", "SUMMARY:牙医", "CLASS:PRIVATE", "DTSTART:20270301T020000Z")
    publisher.put("broken", "SUMMARY:x", "DTSTART;TZID=Middle/Earth:20270301T020000")
    weekly = ("SUMMARY:周会", "DTSTART:20270301T010000Z", "RRULE:FREQ=WEEKLY", "END:VEVENT", "BEGIN:VEVENT")
    publisher.put("weekly", *weekly, "UID:weekly", "RECURRENCE-ID:20270308T010000Z", "DTSTART:20270309T010000Z")
    records, _ = pull(feed)
    found = {one.external_id: one for one in records}
    assert set(found) == {"call", "fair", "broken", "weekly", "weekly#20270308T010000Z"}
    assert found["weekly#20270308T010000Z"].payload["starts_at"] == "2027-03-09T01:00:00+00:00"
    assert isinstance(found["broken"].unreadable[0].error, MappingError)


def test_an_account_needs_a_login_and_its_calendars() -> None:
    with pytest.raises(ValueError, match="calendars"):
        CalDavConnector.Config.model_validate({"url": "https://dav.example.com", "user": "wang"})
