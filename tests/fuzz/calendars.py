"""Calendar objects that are nearly right: read from a server and from a feed, and changed by the hub."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.caldav.client import CalDavClient, read_text
from connectors.caldav.config import CalDavConfig
from connectors.caldav.edits import cancel_event, edit_event, edit_todo
from connectors.caldav.parsing import read_calendar
from connectors.caldav.shapes import list_events, list_todos
from connectors.caldav.streams import EventStream, ObjectStream, TodoStream
from hub.sdk import Tools
from hub.sdk.simulator import WallClock
from tests.fuzz.spoil import spoil_bytes

OBJECTS = Path(__file__).parents[1] / "connectors" / "caldav" / "objects"
NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
WORDS = (b"VALUE=DATE", b"TZID=", b"RECURRENCE-ID:", b"DTSTART:", b"DURATION:-P9999999999D", b"T")
CHANGES: Sequence[dict[str, str | None]] = (
    {"summary": "改期"}, {"starts_at": "2026-03-02T01:00:00+00:00", "ends_at": None, "zone": "Asia/Shanghai"},
    {"starts_on": "2026-03-02", "ends_on": "2026-03-04"}, {"due_on": "2026-03-02", "state": "done"},
)  # fmt: skip
Try = Callable[[random.Random], None]


def list_calendar_targets() -> Iterator[tuple[str, Try]]:
    """Name → target."""
    texts = [path.read_bytes() for path in sorted(OBJECTS.glob("*.ics"))]
    config = CalDavConfig.model_validate({"url": "http://127.0.0.1:9", "user": "u", "calendars": "x", "private": True})
    tools = Tools(WallClock(), random.Random(1), zone=SHANGHAI)
    client = CalDavClient(config, tools)
    for stream in (EventStream(client, config, tools), TodoStream(client, config, tools)):
        yield f"calendar/{stream.name}", partial(_read, stream, texts)
    yield "calendar/edit", partial(_edit, texts)


def spoil_object(draw: random.Random, texts: Sequence[bytes]) -> bytes:
    """One to four places changed; lines of others come in, too."""
    made = draw.choice(texts).replace(b"BEGIN:VCALENDAR\n", b"").replace(b"END:VCALENDAR", b"")
    for _ in range(draw.randrange(1, 5)):
        chance, place = draw.random(), draw.randrange(len(made) + 1)
        if chance < 0.3:
            lines, more = made.splitlines(), [line for line in draw.choice(texts).splitlines() if b":V" not in line]
            lines.insert(draw.randrange(len(lines) + 1), draw.choice(more))
            made = b"\n".join(lines)
        elif chance < 0.5:
            made = made[:place] + draw.choice(WORDS) + made[place:]
        else:
            made = spoil_bytes(draw, made)
    return made if draw.random() < 0.1 else b"BEGIN:VCALENDAR\n" + made.strip() + b"\nEND:VCALENDAR"


def _read(stream: ObjectStream, texts: Sequence[bytes], draw: random.Random) -> None:
    stored = read_text("/a/x.ics", '"1"', spoil_object(draw, texts))
    for record in stream.make_records(stored, NOW):
        if record.unreadable:
            raise record.unreadable[0].error


def _edit(texts: Sequence[bytes], draw: random.Random) -> None:
    calendar = read_calendar(read_text("/a/x.ics", '"1"', spoil_object(draw, texts)).text)
    change = draw.choice(CHANGES)
    for event in list_events(calendar)[:1]:
        edit = draw.random() < 0.8
        text = edit_event(calendar, event, change, SHANGHAI, NOW) if edit else cancel_event(calendar, event, NOW)
        read_calendar(text.decode())
    for todo in list_todos(calendar)[:1]:
        read_calendar(edit_todo(calendar, todo, change, NOW).decode())
