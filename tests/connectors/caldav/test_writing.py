"""What the connector writes into people's calendars, and what it leaves alone, on both servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from hub.errors import Duplicate, Locked, Rejected, Stale
from hub.model.ids import make_uuid7
from hub.protocol.reference import make_reference
from hub.sdk import Draft, Stage, Written
from hub.sdk.simulator import WallClock
from tests.connectors.caldav.conftest import Between, Desk

CALL: Mapping[str, Any] = {
    "type": "follow_up", "summary": "回访，确认交期", "description": "line one\nline; two", "location": "3 楼",
    "starts_at": "2026-03-02T01:00:00+00:00", "ends_at": "2026-03-02T01:30:00+00:00", "zone": "",
}  # fmt: skip
PLACES = iter(range(1, 10_000))


def next_reference() -> str:
    return make_reference("T01", make_uuid7(WallClock().now(), next(PLACES) << 32 | 0xCA1))


def create(desk: Desk, ref: str | None = None, **payload: Any) -> Written:
    (made,) = desk.connector.sinks()["activity"].create([Draft(ref or next_reference(), {**CALL, **payload})])
    assert isinstance(made, Written), made
    return made


def patch(desk: Desk, path: str, **payload: Any) -> Written:
    return desk.connector.sinks()["activity"].patch(path, payload, if_version=desk.read(path).version)


def test_what_is_made_reads_as_it_was_meant(desk: Desk) -> None:
    ref = next_reference()
    made = create(desk, ref)
    assert made.external_id == f"{desk.calendar}{ref}.ics"
    record = desk.read(made.external_id)
    shown = {name: record.payload[name] for name in CALL if name != "zone"}
    assert shown == {name: value for name, value in CALL.items() if name != "zone"}
    assert (record.reference, record.payload["zone"]) == (ref, "Asia/Shanghai")
    assert made.version in (None, record.version)
    text = desk.hand.read(made.external_id)
    assert "DTSTART;TZID=Asia/Shanghai:20260302T090000" in text
    assert "BEGIN:VTIMEZONE" in text


def test_whole_days_end_on_the_last_one(desk: Desk) -> None:
    made = create(desk, starts_at=None, ends_at=None, starts_on="2026-03-02", ends_on="2026-03-03")
    assert "DTEND;VALUE=DATE:20260304" in desk.hand.read(made.external_id)
    assert desk.read(made.external_id).payload["ends_on"] == "2026-03-03"
    patch(desk, made.external_id, starts_on=None, ends_on=None, starts_at=CALL["starts_at"], ends_at=None)
    payload = desk.read(made.external_id).payload
    assert (payload["starts_at"], payload["starts_on"]) == (CALL["starts_at"], None)


@pytest.mark.parametrize(
    "times",
    [
        {"starts_at": CALL["starts_at"], "ends_at": None},
        {"starts_at": CALL["starts_at"], "ends_at": CALL["starts_at"]},
        {"starts_at": None, "ends_at": None, "starts_on": "2026-03-02"},
        {"starts_at": None, "ends_at": None, "starts_on": "2026-03-02", "ends_on": "2026-03-02"},
    ],
)
def test_no_end_is_something_else_than_an_end_at_once(desk: Desk, times: Mapping[str, Any]) -> None:
    payload = desk.read(create(desk, **times).external_id).payload
    assert {name: payload[name] for name in times} == times


def test_what_is_there_already_is_told_wherever_it_is(desk: Desk) -> None:
    ref = next_reference()
    made = create(desk, ref)
    sink = desk.connector.sinks()["activity"]
    (again,) = sink.create([Draft(ref, CALL)])
    assert isinstance(again, Duplicate)
    renamed = f"{desk.calendar}by-hand.ics"
    text = desk.hand.read(made.external_id).replace("\n", "\r\n")
    desk.hand.delete(made.external_id)
    desk.hand.put_text(renamed, text)
    (again,) = sink.create([Draft(ref, CALL)])
    assert isinstance(again, Duplicate), "the UID is taken under another name"
    assert [hit.external_id for hit in sink.find(ref)] == [renamed]


def test_an_event_that_a_person_moved_to_another_calendar_is_found(desk: Desk) -> None:
    second = desk.hand.make_calendar(f"{desk.name}b")
    desk.connector = desk.open(calendars=[desk.name, f"{desk.name}b"])
    ref = next_reference()
    made = create(desk, ref)
    text = desk.hand.read(made.external_id).replace("\n", "\r\n")
    desk.hand.delete(made.external_id)
    desk.hand.put_text(f"{second}{ref}.ics", text)
    assert [hit.external_id for hit in desk.connector.sinks()["activity"].find(ref)] == [f"{second}{ref}.ics"]


def test_everything_that_is_not_named_stays_as_people_left_it(desk: Desk) -> None:
    theirs = (
        'X-APPLE-TRAVEL-ADVISORY-BEHAVIOR;X-A="q;r":AUTOMATIC', "CATEGORIES:Sales,Travel",
        "ORGANIZER;CN=Wang:mailto:wang@our.example", "ATTENDEE;X-NUM=3;PARTSTAT=ACCEPTED:mailto:li@haiyue.example",
        "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "DESCRIPTION:x", "X-ALARM:yes", "END:VALARM",
    )  # fmt: skip
    path = desk.put("theirs", "SUMMARY:拜访", "DESCRIPTION:old", *theirs)
    before = set(desk.hand.read(path).splitlines())
    patch(desk, path, summary="拜访海岳", location="上海")
    after = set(desk.hand.read(path).splitlines())
    assert before - after == {"SUMMARY:拜访", "DTSTAMP:20260101T000000Z"}
    told = {line.partition(":")[0] for line in after - before}
    assert told == {"SUMMARY", "LOCATION", "DTSTAMP", "LAST-MODIFIED"}


def test_a_moved_event_keeps_its_zone_and_a_duration_becomes_an_end(desk: Desk) -> None:
    path = desk.put("berlin", "SUMMARY:x", "DTSTART;TZID=Europe/Berlin:20260701T090000", "DURATION:PT1H")
    patch(desk, path, starts_at="2026-07-02T07:00:00+00:00", ends_at="2026-07-02T08:30:00+00:00")
    text = desk.hand.read(path)
    assert "DTSTART;TZID=Europe/Berlin:20260702T090000" in text
    assert "DTEND;TZID=Europe/Berlin:20260702T103000" in text
    assert "DURATION" not in text
    assert "SEQUENCE:1" in text
    patch(desk, path, zone="Asia/Shanghai")
    assert "DTSTART;TZID=Asia/Shanghai:20260702T150000" in desk.hand.read(path)


def test_an_old_version_is_not_written_over(desk: Desk) -> None:
    path = desk.put("shared", "SUMMARY:拜访")
    old = desk.read(path).version
    desk.hand.change(path, "SUMMARY:拜访", "SUMMARY:拜访海岳")
    with pytest.raises(Stale):
        desk.connector.sinks()["activity"].patch(path, {"summary": "x"}, if_version=old)
    assert desk.read(path).payload["summary"] == "拜访海岳"


def test_an_edit_between_our_reading_and_our_writing_is_not_lost(desk: Desk) -> None:
    """The server itself compares: 412."""
    path = desk.put("shared", "SUMMARY:拜访")

    def hurry(request: httpx.Request, server: httpx.BaseTransport) -> httpx.Response:
        if request.method == "PUT":
            desk.hand.change(path, "SUMMARY:拜访", "SUMMARY:拜访海岳")
        return server.handle_request(request)

    with pytest.raises(Stale):
        desk.open(transport=Between(hurry)).sinks()["activity"].patch(path, {"location": "上海"}, if_version=None)
    assert desk.read(path).payload["summary"] == "拜访海岳"
    assert desk.read(path).payload["location"] == ""


def test_cancelled_is_still_to_be_seen(desk: Desk) -> None:
    ref = next_reference()
    made = create(desk, ref)
    sink = desk.connector.sinks()["activity"]
    sink.void(made.external_id, if_version=desk.read(made.external_id).version)
    record = desk.read(made.external_id)
    assert (record.stage, record.payload["state"]) == (Stage.VOID, "cancelled")
    assert [hit.stage for hit in sink.find(ref)] == [Stage.VOID]
    sink.void(made.external_id, if_version=None)


def test_the_times_of_a_series_are_its_calendars_business(desk: Desk) -> None:
    path = desk.put("weekly", "SUMMARY:Weekly", "RRULE:FREQ=WEEKLY")
    with pytest.raises(Locked):
        patch(desk, path, starts_at="2026-07-02T07:00:00+00:00")
    with pytest.raises(Locked):
        desk.connector.sinks()["activity"].void(path, if_version=None)
    patch(desk, path, description="bring samples")
    assert desk.read(path).payload["description"] == "bring samples"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"starts_at": None, "ends_at": None}, "caldav.time_missing"),
        ({"ends_at": "2026-03-01T01:00:00+00:00"}, "caldav.ends_before"),
        ({"zone": "Middle/Earth"}, "caldav.zone_not_known"),
    ],
)
def test_what_a_calendar_cannot_keep_is_refused_before_it_is_sent(
    desk: Desk, payload: Mapping[str, Any], code: str
) -> None:
    (refused,) = desk.connector.sinks()["activity"].create([Draft(next_reference(), {**CALL, **payload})])
    assert isinstance(refused, Rejected)
    assert refused.code == code
    assert desk.hand.list_names(desk.calendar) == []


def test_what_a_server_refuses_is_no_conflict(desk: Desk) -> None:
    """412 has more than one reason, and the server names it."""

    def refuse(request: httpx.Request, server: httpx.BaseTransport) -> httpx.Response:
        if request.method != "PUT":
            return server.handle_request(request)
        body = b'<D:error xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><C:max-resource-size/></D:error>'
        return httpx.Response(412, content=body)

    sink = desk.open(transport=Between(refuse)).sinks()["activity"]
    (refused,) = sink.create([Draft(next_reference(), CALL)])
    assert isinstance(refused, Rejected)
    assert "max-resource-size" in (refused.vendor or "")
