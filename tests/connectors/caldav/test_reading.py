"""What the connector makes of calendars as people keep them, on both servers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.caldav.parsing import read_calendar
from connectors.caldav.shapes import shape_event
from hub.errors import ConfigInvalid, CursorExpired, MappingError
from hub.sdk import Stage
from tests.connectors.caldav.conftest import SHANGHAI, Between, Desk

CUSTOM_ZONE = (
    *("BEGIN:VTIMEZONE", "TZID:Our Office", "BEGIN:STANDARD", "DTSTART:16010101T000000", "TZOFFSETFROM:+0530"),
    *("TZOFFSETTO:+0530", "END:STANDARD", "END:VTIMEZONE"),
)


def shape(*lines: str, zones: tuple[str, ...] = ()) -> dict[str, Any]:
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *zones, "BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT"]
    return shape_event(read_calendar("\r\n".join([*text, "END:VCALENDAR", ""])), "/x.ics", "Sales", SHANGHAI)


TIMES: list[tuple[tuple[str, ...], tuple[str | None, str | None, str | None, str | None], str]] = [
    (
        ("DTSTART:20260301T010000Z", "DTEND:20260301T020000Z"),
        ("2026-03-01T01:00", "2026-03-01T02:00", None, None),
        "UTC",
    ),
    (
        ("DTSTART;TZID=Europe/Berlin:20260701T090000", "DURATION:PT90M"),
        ("2026-07-01T07:00", "2026-07-01T08:30", None, None),
        "Europe/Berlin",
    ),
    (
        ("DTSTART;TZID=China Standard Time:20260301T090000", "DTEND;TZID=China Standard Time:20260301T093000"),
        ("2026-03-01T01:00", "2026-03-01T01:30", None, None),
        "Asia/Shanghai",
    ),
    (("DTSTART;TZID=Our Office:20260301T090000",), ("2026-03-01T03:30", None, None, None), "Our Office"),
    (("DTSTART:20260301T010000Z", "DURATION:PT0S"), ("2026-03-01T01:00", "2026-03-01T01:00", None, None), "UTC"),
    (("DTSTART:20260301T090000",), ("2026-03-01T01:00", None, None, None), ""),
    (("DTSTART;VALUE=DATE:20260301",), (None, None, "2026-03-01", None), ""),
    (("DTSTART;VALUE=DATE:20260301", "DTEND;VALUE=DATE:20260304"), (None, None, "2026-03-01", "2026-03-03"), ""),
    (("DTSTART;VALUE=DATE:20260301", "DURATION:P2D"), (None, None, "2026-03-01", "2026-03-02"), ""),
]


@pytest.mark.parametrize(("lines", "times", "zone"), TIMES, ids=[row[0][0] for row in TIMES])
def test_times_as_programs_write_them(
    lines: tuple[str, ...], times: tuple[str | None, str | None, str | None, str | None], zone: str
) -> None:
    found = shape(*lines, zones=CUSTOM_ZONE)
    shown = tuple(found[name] and found[name][:16] for name in ("starts_at", "ends_at", "starts_on", "ends_on"))
    assert (shown, found["zone"]) == (times, zone)


@pytest.mark.parametrize(
    ("line", "code"),
    [("DTSTART;TZID=Nowhere:20260301T090000", "caldav.zone_unknown"), ("DTSTART:soon", "caldav.time_broken")],
)
def test_a_time_that_cannot_be_known_is_not_guessed(line: str, code: str) -> None:
    with pytest.raises(MappingError) as caught:
        shape(line)
    assert caught.value.code == code


def test_who_called_it_and_who_is_asked_to_come() -> None:
    found = shape(
        "DTSTART:20260301T010000Z",
        "ORGANIZER;CN=Wang:mailto:Wang@Our.example",
        "ATTENDEE;PARTSTAT=ACCEPTED:MAILTO:wang@our.example",
        'ATTENDEE;CN="Li, Wei";PARTSTAT=TENTATIVE:mailto:li@haiyue.example',
        "ATTENDEE;ROLE=OPT-PARTICIPANT;EMAIL=Zhang@haiyue.example:urn:uuid:1",
        "ATTENDEE:mailto:li@haiyue.example",
    )
    rows = [tuple(person.values()) for person in found["people"]]
    assert rows == [
        ("wang@our.example", "Wang", "organiser", "accepted"),
        ("li@haiyue.example", "", "attendee", "open"),
        ("zhang@haiyue.example", "", "optional", "open"),
    ]


def test_a_series_is_one_record_with_its_rule_and_what_people_changed(desk: Desk) -> None:
    path = f"{desk.calendar}weekly.ics"
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x"]
    master = [
        *("BEGIN:VEVENT", "UID:weekly", "DTSTAMP:20260101T000000Z", "DTSTART:20260302T010000Z", "DURATION:PT1H"),
        *("RRULE:FREQ=WEEKLY;COUNT=9", "EXDATE:20260309T010000Z", "SUMMARY:Weekly call", "END:VEVENT"),
    ]
    moved = [
        *("BEGIN:VEVENT", "UID:weekly", "DTSTAMP:20260101T000000Z", "RECURRENCE-ID:20260316T010000Z"),
        *("DTSTART:20260317T010000Z", "DTEND:20260317T020000Z", "SUMMARY:Moved", "END:VEVENT"),
    ]
    desk.hand.put_text(path, "\r\n".join([*head, *master, *moved, "END:VCALENDAR", ""]))
    (record, _), _ = desk.pull()
    payload = record.payload
    assert (payload["summary"], payload["starts_at"][:16]) == ("Weekly call", "2026-03-02T01:00")
    rule = payload["recurrence"].split("\n")
    assert sorted(line.partition(":")[0] for line in rule) == ["EXDATE", "RRULE"]
    assert [(one["recurrence_id"], one["summary"], one["starts_at"][:16]) for one in payload["instances"]] == [
        ("20260316T010000Z", "Moved", "2026-03-17T01:00")
    ]


def test_tasks_and_private_events_stay_outside(desk: Desk) -> None:
    desk.put("open", "SUMMARY:拜访海岳")
    secret = desk.put("dentist", "SUMMARY:牙医", "CLASS:PRIVATE")
    task = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VTODO", "UID:t", "DTSTAMP:20260101T000000Z"]
    desk.hand.put_text(
        f"{desk.calendar}task.ics", "\r\n".join([*task, "SUMMARY:Pay", "END:VTODO", "END:VCALENDAR", ""])
    )
    records, _ = desk.pull()
    assert [record.payload["summary"] for record in records if record.stage is not Stage.GONE] == ["拜访海岳"]
    assert [record.external_id for record in records if record.stage is Stage.GONE] == [secret]
    stream = desk.connector.streams()["event"]
    assert stream.fetch(secret) is None
    assert f"{desk.calendar}task.ics" not in (stream.list_ids() or ())
    told = desk.open(private=True).streams()["event"].fetch(secret)
    assert told is not None
    assert told.payload["summary"] == "牙医"


def test_an_event_that_cannot_be_read_is_put_aside_alone(desk: Desk) -> None:
    if desk.server.name == "xandikos":
        pytest.skip("Xandikos keeps no such event")
    desk.put("fine", "SUMMARY:Fine")
    lost = ["UID:lost", "DTSTART;TZID=Nowhere/At-All:20260301T090000", "SUMMARY:拜访"]
    desk.hand.put(f"{desk.calendar}lost.ics", lost)
    desk.hand.put(f"{desk.calendar}own.ics", ["UID:own", *lost[1:], "CLASS:PRIVATE"])
    records, _ = desk.pull()
    assert {record.external_id.rpartition("/")[2]: bool(record.unreadable) for record in records} == {
        "fine.ics": False,
        "lost.ics": True,
        "own.ics": False,
    }
    (why,) = next(record.unreadable for record in records if record.unreadable)
    assert why.place.file == f"{desk.name}: 拜访", "as a person finds it"


# ---------------------------------------------------------------- changes


def test_only_what_changed_is_read_again_and_what_is_gone_is_told(desk: Desk) -> None:
    paths = [desk.put(name, f"SUMMARY:{name}") for name in ("a", "b", "c")]
    records, position = desk.pull()
    assert [record.external_id for record in records] == paths
    desk.hand.change(paths[0], "SUMMARY:a", "SUMMARY:A")
    desk.hand.delete(paths[1])
    desk.put("d", "SUMMARY:d")
    records, position = desk.pull(position)
    assert [(record.external_id[-5:], record.stage.value) for record in records] == [
        ("a.ics", "effective"), ("d.ics", "effective"), ("b.ics", "gone")
    ]  # fmt: skip
    assert records[2].payload == {}
    assert desk.pull(position)[0] == []


def test_a_reading_in_pages_goes_on_in_another_process(desk: Desk) -> None:
    for number in range(7):
        desk.put(f"e{number}", f"SUMMARY:{number}")
    first = desk.connector.streams()["event"].read_page(None, None, 3)
    desk.put("e9", "SUMMARY:late")
    desk.hand.change(f"{desk.calendar}e0.ics", "SUMMARY:0", "SUMMARY:zero")
    other = desk.open().streams()["event"]
    second = other.read_page(None, first.position, 3)
    third = other.read_page(None, second.position, 3)
    names = [record.external_id[-6:-4] for page in (first, second, third) for record in page.records]
    assert names == ["e0", "e1", "e2", "e3", "e4", "e5", "e6", "e9"]
    assert third.position is None
    later, _ = desk.pull(third.resume)
    assert "zero" in [record.payload["summary"] for record in later], "what moved behind the reader is told again"


def test_a_token_that_is_no_longer_known_is_said_so(desk: Desk) -> None:
    desk.put("a", "SUMMARY:a")
    _, position = desk.pull()
    position["tokens"] = dict.fromkeys(position["tokens"], "http://radicale.org/ns/sync/" + "0" * 64)
    with pytest.raises(CursorExpired):
        desk.pull(position)


def test_a_calendar_without_tokens_is_read_whole(desk: Desk) -> None:
    """An old server, as it were: what it offers is told without the report."""

    def age(request: httpx.Request, server: httpx.BaseTransport) -> httpx.Response:
        assert b"sync-collection" not in request.read()
        answer = server.handle_request(request)
        body = answer.read().replace(b"sync-collection", b"nothing-of-use")
        return httpx.Response(answer.status_code, headers={"etag": answer.headers.get("etag", "")}, content=body)

    path = desk.put("a", "SUMMARY:a")
    desk.connector = desk.open(transport=Between(age))
    for _ in range(2):
        records, position = desk.pull()
        assert [record.external_id for record in records] == [path]
        assert position["tokens"] == {}
    assert "caldav.no_tokens" in {item.code for item in desk.connector.check()}


# ---------------------------------------------------------------- finding the calendars


def test_calendars_are_found_from_any_address(desk: Desk) -> None:
    desk.put("a", "SUMMARY:a")
    for url in ("", "/", f"/{desk.server.user}/", desk.calendar):
        connector = desk.open(url=f"{desk.server.url}{url}")
        assert [item for item in connector.check() if not item.ok] == [], url
    for name in (desk.name, desk.calendar, desk.calendar.strip("/").rpartition("/")[2]):
        assert len(desk.open(calendars=[name]).streams()["event"].list_ids() or ()) == 1


def test_a_server_that_keeps_its_calendars_elsewhere_says_where(desk: Desk) -> None:
    """RFC 6764: what stands at the root is a web page, and the well-known path leads on."""

    def route(request: httpx.Request, server: httpx.BaseTransport) -> httpx.Response:
        if request.url.path == "/":
            return httpx.Response(405, text="a web page")
        if request.url.path == "/.well-known/caldav":
            return httpx.Response(302, headers={"location": "/dav/"})
        if request.url.path == "/dav/":
            request.url = request.url.copy_with(path="/")
        return server.handle_request(request)

    desk.put("a", "SUMMARY:a")
    connector = desk.open(transport=Between(route))
    assert [item for item in connector.check() if not item.ok] == []
    assert len(connector.streams()["event"].list_ids() or ()) == 1


def test_several_calendars_are_one_stream(desk: Desk) -> None:
    second = desk.hand.make_calendar(f"{desk.name}b")
    desk.put("a", "SUMMARY:a")
    desk.hand.put(f"{second}b.ics", ["UID:b", "DTSTART:20260301T010000Z", "SUMMARY:b"])
    desk.connector = desk.open(calendars=[desk.name, f"{desk.name}b"])
    records, position = desk.pull()
    assert [record.payload["summary"] for record in records] == ["a", "b"]
    desk.hand.delete(f"{second}b.ics")
    assert [record.stage.value for record in desk.pull(position)[0]] == ["gone"]


def test_a_calendar_that_does_not_exist_is_named_with_those_that_do(desk: Desk) -> None:
    (item,) = [item for item in desk.open(calendars=["Purchase"]).check() if not item.ok]
    assert item.code == "caldav.calendar_unknown"
    assert desk.name in str(item.params["known"])


def test_a_password_does_not_travel_readable(desk: Desk) -> None:
    far = desk.open(url="http://dav.example.com/")
    (item,) = [item for item in far.check() if not item.ok]
    assert item.code == "caldav.plain_http"
    with pytest.raises(ConfigInvalid):
        far.streams()["event"].list_ids()


def test_a_server_that_sends_us_elsewhere_is_not_followed(desk: Desk) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(301, headers={"location": "https://other.example/dav/"})

    (item,) = [one for one in desk.open(transport=httpx.MockTransport(answer)).check() if not one.ok]
    assert item.code == "caldav.elsewhere"
    assert item.params["location"] == "https://other.example/dav/"


def test_when_a_reading_began_is_told(desk: Desk) -> None:
    before = datetime.now(UTC)
    path = desk.put("a", "SUMMARY:a")
    assert desk.read(path).read_at >= before
