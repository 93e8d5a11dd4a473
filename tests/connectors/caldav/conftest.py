"""Calendar servers for the tests of the connector: each started once, with a calendar of its own for every test."""

from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from connectors.caldav.connector import CalDavConnector
from hub.sdk import SourceRecord, Tools
from hub.sdk.simulator import WallClock
from hub.testkit.calendar_people import CalendarPerson
from hub.testkit.calendars import STARTERS, CalendarServer
from hub.testkit.conformance import Bench, Person, Site
from tests.conftest import prepare_calendars

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Colleague(Person):
    """李工, who keeps a calendar."""

    def __init__(self, hand: CalendarPerson, calendar: str) -> None:
        self.hand = hand
        self.calendar = calendar
        self.numbers = itertools.count(1)

    def create(self, kind: str) -> str:
        number = next(self.numbers)
        if kind == "task":
            path = f"{self.calendar}task-{number}.ics"
            head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VTODO", "DTSTAMP:20260101T000000Z"]
            told = [f"UID:task-{number}@example.org", f"SUMMARY:寄样品 {number}", "END:VTODO", "END:VCALENDAR", ""]
            self.hand.put_text(path, "\r\n".join([*head, *told]))
            return path
        lines = [f"UID:meeting-{number}@example.org", "DTSTART:20260301T010000Z", "DTEND:20260301T020000Z"]
        return self.hand.put(f"{self.calendar}meeting-{number}.ics", [*lines, f"SUMMARY:拜访 {number}"])

    def edit(self, kind: str, id: str) -> None:
        text = self.hand.read(id)
        line = next(line for line in text.splitlines() if line.startswith("SUMMARY:"))
        self.hand.change(id, line, f"SUMMARY:改 {next(self.numbers)}")

    def copy(self, kind: str, id: str) -> str:
        """A calendar program gives a copy a UID of its own."""
        text, number = self.hand.read(id), next(self.numbers)
        uid = next(line for line in text.splitlines() if line.startswith("UID:"))
        path = f"{self.calendar}copy-{number}.ics"
        self.hand.put_text(path, text.replace(uid, f"UID:copy-{number}@example.org").replace("\n", "\r\n"))
        return path

    def delete(self, kind: str, id: str) -> None:
        self.hand.delete(id)


class CalendarBench(Bench):
    """One of the servers, fresh for each class."""

    connector = CalDavConnector
    given: Mapping[str, Mapping[str, Any]] = {
        "activity": {
            "ends_at": datetime(2026, 6, 1, tzinfo=UTC), "starts_on": None, "ends_on": None, "zone": "Asia/Shanghai"
        }
    }  # fmt: skip

    def __init__(self, name: str) -> None:
        self.name = name

    @contextmanager
    def start(self) -> Iterator[Site]:
        python = prepare_calendars()
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="isthmus-"))
            server = stack.enter_context(STARTERS[self.name](python, Path(folder)))
            hand = stack.enter_context(CalendarPerson(server))
            calendar = hand.make_calendar("Sales")
            yield Site(make_answers(server, "Sales"), Colleague(hand, calendar))

    def refused(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A calendar keeps no event that has no time; of a task it takes everything."""
        return None if kind == "task" else {**payload, "starts_at": None, "ends_at": None}


def make_answers(server: CalendarServer, *calendars: str) -> dict[str, Any]:
    """What an admin would answer."""
    return {
        "url": server.url,
        "user": server.user,
        "password": server.password or "nobody-asks",
        "calendars": calendars,
    }


class Between(httpx.BaseTransport):
    """Stands between the connector and the server."""

    def __init__(self, handle: Callable[[httpx.Request, httpx.BaseTransport], httpx.Response]) -> None:
        self._handle = handle
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._handle(request, self._inner)

    def close(self) -> None:
        self._inner.close()


class Desk:
    """A calendar of its own on a running server, its owner, and the connector over it."""

    def __init__(self, server: CalendarServer, hand: CalendarPerson, number: int) -> None:
        self.server = server
        self.hand = hand
        self.name = f"Sales{number}"
        self.calendar = hand.make_calendar(self.name)
        self._opened: list[CalDavConnector] = []
        self.connector = self.open()

    def open(self, **answers: Any) -> CalDavConnector:
        """Another instance of the connector; ``answers`` replace those of the configuration."""
        tools = Tools(WallClock(), random.Random(1), zone=SHANGHAI, transport=answers.pop("transport", None))
        config = CalDavConnector.Config.model_validate({**make_answers(self.server, self.name), **answers})
        self._opened.append(CalDavConnector(config, tools))
        return self._opened[-1]

    def close(self) -> None:
        for connector in self._opened:
            connector.close()

    def put(self, name: str, *lines: str, zones: Sequence[str] = ()) -> str:
        """An event of 李工; its path. A UID and a beginning are added where none is given."""
        told = {line.partition(":")[0].partition(";")[0] for line in lines}
        uid = [] if "UID" in told else [f"UID:{name}@example.org"]
        start = [] if "DTSTART" in told else ["DTSTART:20260301T010000Z", "DTEND:20260301T020000Z"]
        return self.hand.put(f"{self.calendar}{name}.ics", [*uid, *start, *lines], zones=zones)

    def read(self, path: str) -> SourceRecord:
        found = self.connector.streams()["event"].fetch(path)
        assert found is not None
        return found

    def pull(self, position: Any = None, limit: int = 100) -> tuple[list[SourceRecord], Any]:
        """All records of one reading, and the position with which the next one begins."""
        records: list[SourceRecord] = []
        while True:
            page = self.connector.streams()["event"].read_page(None, position, limit)
            records += page.records
            if page.position is None:
                return records, page.resume
            position = page.position


@pytest.fixture(scope="session", params=STARTERS)
def calendar_server(request: pytest.FixtureRequest) -> Iterator[CalendarServer]:
    """Each of the servers, once for the session."""
    python = prepare_calendars()
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder, STARTERS[request.param](python, Path(folder)) as up:
        yield up


_numbers = itertools.count(1)


@pytest.fixture
def desk(calendar_server: CalendarServer) -> Iterator[Desk]:
    """A new calendar on the server."""
    with CalendarPerson(calendar_server) as hand:
        made = Desk(calendar_server, hand, next(_numbers))
        yield made
        made.close()
