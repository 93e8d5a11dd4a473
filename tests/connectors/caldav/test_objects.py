"""Calendar objects from the wild, made by us: what is read of them, and that none of them stops the others. What is
spoiled is tried in ``tests/fuzz``."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.caldav.client import read_text
from connectors.caldav.connector import CalDavConnector
from connectors.caldav.streams import ObjectStream
from hub.errors import Transient
from hub.sdk import SourceRecord, Tools
from hub.sdk.simulator import WallClock
from tests.connectors.caldav.conftest import SHANGHAI

OBJECTS = Path(__file__).with_name("objects")
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PATH = "/sales/x.ics"
pytestmark = pytest.mark.filterwarnings("ignore:.*is a globally unique TZID")


@pytest.fixture(scope="module")
def streams() -> Iterator[dict[str, ObjectStream]]:
    answers = {"url": "http://127.0.0.1:9", "user": "u", "calendars": "x"}
    tools = Tools(WallClock(), random.Random(1), zone=SHANGHAI)
    connector = CalDavConnector(CalDavConnector.Config.model_validate(answers), tools)
    yield {name: stream for name, stream in connector.streams().items() if isinstance(stream, ObjectStream)}
    connector.close()


def read(stream: ObjectStream, name: str) -> list[SourceRecord]:
    return list(stream.make_records(read_text(PATH, '"1"', (OBJECTS / f"{name}.ics").read_bytes()), NOW))


def show(payload: dict[str, Any]) -> tuple[str, ...]:
    """Subject, beginning, end and zone; a moment as its day and minute in UTC, a day as it is."""
    moments = [payload["starts_at"] or payload["starts_on"], payload["ends_at"] or payload["ends_on"]]
    return (payload["summary"], *(moment[:16] if moment else "" for moment in moments), payload["zone"])


AT = "2026-03-02T01:00"
EVENTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "series-moved-and-cancelled": (
        ("周会", AT, "2026-03-02T02:00", "Asia/Shanghai"),
        ("周会（改期）", "2026-03-17T06:00", "2026-03-17T07:00", "Asia/Shanghai"),
        ("周会", "2026-03-23T01:00", "", "Asia/Shanghai"),
    ),
    "instance-without-series": (("只受邀一次", "2026-03-16T02:00", "2026-03-16T03:00", "UTC"),),
    "from-here-on-moved": (("daily", AT, "", "UTC"), ("daily", "2026-03-05T02:00", "", "UTC")),
    "windows-zone": (("x", AT, "2026-03-02T01:30", "Asia/Shanghai"),),
    "windows-zone-as-shown": (("x", AT, "2026-03-02T01:30", "(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi"),),
    "zone-of-a-program": (("x", AT, "2026-03-02T01:30", "Asia/Shanghai"),),
    "zone-of-its-own": (("x", "2026-03-02T03:30", "2026-03-02T04:00", "Our Office"),),
    "zone-told-behind": (("x", "2026-03-02T12:00", "2026-03-02T12:30", "Our Office"),),
    "summer-time": (("x", "2026-03-29T00:30", "2026-03-29T01:30", "Europe/Berlin"),),
    "floating": (("x", AT, "2026-03-02T02:00", ""),),
    "all-day": (("出差", "2026-03-02", "2026-03-04", ""),),
    "all-day-that-ends-when-it-begins": (("x", "2026-03-02", "2026-03-02", ""),),
    "begins-with-a-day-ends-with-a-time": (("x", "2026-03-02", "2026-03-02", ""),),
    "no-beginning": (("x", "", "", ""),),
    "cancelled": (("x", AT, "", "UTC"),),
    "people": (("x", AT, "", "UTC"),),
    "signs-that-are-escaped": (("报价, 交期; 付款", AT, "", "UTC"),),
    "two-calendars": (("a", AT, "", "UTC"),),
    "no-uid": (("x", AT, "", "UTC"),),
    "nothing-in-it": (),
    "broken-rule": (("x", AT, "", "UTC"),),
    "line-without-a-colon": (("x", AT, "", "UTC"),),
    "lines-of-its-own": (("x", AT, "", "UTC"),),
    "byte-order-mark": (("拜访", AT, "", "UTC"),),
    "gbk": (("拜访客户", AT, "", "UTC"),),
    "folded-inside-a-character": (("关于海岳精密机械有限公司二季度交期与付款条件的会议", AT, "", "UTC"),),
    "task-without-a-day": (),
}


@pytest.mark.parametrize("name", EVENTS)
def test_what_is_read_of_an_event(streams: dict[str, ObjectStream], name: str) -> None:
    records = read(streams["event"], name)
    assert tuple(show(dict(record.payload)) for record in records) == EVENTS[name]
    assert [record.external_id.partition("#")[0] for record in records] == [PATH] * len(records)
    assert len({record.external_id for record in records}) == len(records)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("zone-that-nobody-knows", "caldav.zone_unknown"),
        ("time-that-is-none", "caldav.time_broken"),
        ("far-away", "caldav.time_broken"),
    ],
)
def test_what_cannot_be_known_is_put_aside(streams: dict[str, ObjectStream], name: str, code: str) -> None:
    (record,) = read(streams["event"], name)
    assert [found.error.code for found in record.unreadable] == [code]
    assert record.reference == "1@example.org"


def test_half_a_calendar_is_asked_for_again(streams: dict[str, ObjectStream]) -> None:
    with pytest.raises(Transient):
        read(streams["event"], "cut-off")


def test_a_zone_is_that_of_its_own_text(streams: dict[str, ObjectStream]) -> None:
    """Two offices gave the same name to different zones."""
    names = ["zone-of-its-own", "zone-told-behind", "zone-of-its-own", "zone-told-behind"]
    starts = [read(streams["event"], name)[0].payload["starts_at"][11:16] for name in names]
    assert starts == ["03:30", "12:00", "03:30", "12:00"]


def test_who_takes_part(streams: dict[str, ObjectStream]) -> None:
    (record,) = read(streams["event"], "people")
    found = [(one["name"], one["address"], one["part"], one["answer"]) for one in record.payload["people"]]
    assert found == [
        ("王, 经理", "wang@our.example", "organiser", "open"),
        ("李工", "li@haiyue.example", "attendee", "accepted"),
        ("", "zhang@haiyue.example", "optional", "open"),
        ("会议室", "invalid:nomail", "attendee", "open"),
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("task-due-at-an-hour", ("寄样品", "2026-03-02", "doing")),
        ("task-without-a-day", ("想一想", None, "done")),
    ],
)
def test_what_is_read_of_a_task(streams: dict[str, ObjectStream], name: str, shown: tuple[str | None, ...]) -> None:
    (record,) = read(streams["todo"], name)
    assert (record.payload["summary"], record.payload["due_on"], record.payload["state"]) == shown


def test_every_object_is_looked_at() -> None:
    named = {*EVENTS, "zone-that-nobody-knows", "time-that-is-none", "far-away", "cut-off", "task-due-at-an-hour"}
    assert {path.stem for path in OBJECTS.glob("*.ics")} == named | {"ends-before-it-begins", "two-in-one-file"}
