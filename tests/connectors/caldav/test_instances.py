"""Series with instances that people moved, changed or cancelled, and tasks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.errors import Locked, Rejected
from hub.sdk import Draft, SourceRecord, Stage
from tests.connectors.caldav.conftest import Desk
from tests.connectors.caldav.test_writing import next_reference

pytestmark = pytest.mark.servers
SERIES = ("SUMMARY:周会", "DTSTART;TZID=Asia/Shanghai:20270301T090000", "DTEND;TZID=Asia/Shanghai:20270301T100000")
ZONE = (
    "BEGIN:VTIMEZONE", "TZID:Asia/Shanghai", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0800",
    "TZOFFSETTO:+0800", "END:STANDARD", "END:VTIMEZONE",
)  # fmt: skip
MOVED = "20270308T010000Z"


def override(number: str, *lines: str) -> list[str]:
    return [
        "END:VEVENT", "BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", "UID:weekly@example.org",
        f"RECURRENCE-ID;TZID=Asia/Shanghai:{number}T090000", *lines,
    ]  # fmt: skip


def put_weekly(desk: Desk, *overrides: Sequence[str]) -> str:
    more = [line for one in overrides for line in one]
    rule = ("RRULE:FREQ=WEEKLY;COUNT=6", "EXDATE;TZID=Asia/Shanghai:20270322T090000")
    return desk.put("weekly", "UID:weekly@example.org", *SERIES, *rule, *more, zones=ZONE)


def move_second(hour: int = 14) -> list[str]:
    start, end = f"DTSTART:20270309T{hour:02}0000Z", f"DTEND:20270309T{hour + 1:02}0000Z"
    return override("20270308", "SUMMARY:周会（改期）", start, end, "ATTENDEE;CN=Li:mailto:li@haiyue.example")


CANCELLED = override("20270315", "SUMMARY:周会", "DTSTART;TZID=Asia/Shanghai:20270315T090000", "STATUS:CANCELLED")


def by_id(records: Sequence[SourceRecord]) -> dict[str, SourceRecord]:
    return {one.external_id: one for one in records}


def test_instances_that_people_changed_are_records_beside_the_series(desk: Desk) -> None:
    path = put_weekly(desk, move_second(), CANCELLED)
    records, _ = desk.pull()
    found = by_id(records)
    assert (
        set(found)
        == {path, f"{path}#{MOVED}", f"{path}#20270315T010000Z"}
        == set(desk.connector.streams()["event"].list_ids() or ())
    )
    series, moved = found[path], found[f"{path}#{MOVED}"]
    assert "EXDATE" in series.payload["recurrence"]
    assert series.reference == "weekly@example.org"
    assert moved.payload["starts_at"] == "2027-03-09T14:00:00+00:00"
    assert (moved.payload["recurrence"], moved.reference) == ("", None)
    assert moved.payload["uid"] == f"{MOVED}/weekly@example.org", "one record, whoever's calendar it is in"
    assert [row["address"] for row in moved.payload["people"]] == ["li@haiyue.example"]
    assert found[f"{path}#20270315T010000Z"].stage is Stage.VOID
    assert desk.read(moved.external_id) == moved or desk.read(moved.external_id).payload == moved.payload


def test_an_instance_that_is_as_the_others_again_is_gone(desk: Desk) -> None:
    path = put_weekly(desk, move_second(), CANCELLED)
    _, position = desk.pull()
    put_weekly(desk, CANCELLED)
    records, position = desk.pull(position)
    assert by_id(records)[f"{path}#{MOVED}"].stage is Stage.GONE
    desk.hand.delete(path)
    records, _ = desk.pull(position)
    assert {one.external_id: one.stage for one in records} == {
        path: Stage.GONE, f"{path}#20270315T010000Z": Stage.GONE
    }  # fmt: skip


def test_an_instance_is_moved_and_cancelled_without_the_others(desk: Desk) -> None:
    path = put_weekly(desk, move_second())
    sink, id_ = desk.connector.sinks()["activity"], f"{path}#{MOVED}"
    sink.patch(id_, {"starts_at": "2027-03-10T02:00:00+00:00", "ends_at": "2027-03-10T03:00:00+00:00"}, if_version=None)
    assert desk.read(id_).payload["starts_at"] == "2027-03-10T02:00:00+00:00"
    assert desk.read(path).payload["starts_at"] == "2027-03-01T01:00:00+00:00"
    sink.void(id_, if_version=None)
    assert (desk.read(id_).stage, desk.read(path).stage) == (Stage.VOID, Stage.EFFECTIVE)
    with pytest.raises(Locked):
        sink.void(path, if_version=None)
    with pytest.raises(Rejected):
        sink.patch(f"{path}#20270329T010000Z", {"summary": "x"}, if_version=None)


def put_todo(desk: Desk, name: str, *lines: str) -> str:
    path = f"{desk.calendar}{name}.ics"
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VTODO", "DTSTAMP:20260101T000000Z"]
    desk.hand.put_text(path, "\r\n".join([*head, f"UID:{name}@example.org", *lines, "END:VTODO", "END:VCALENDAR", ""]))
    return path


def test_tasks_are_read_beside_events(desk: Desk) -> None:
    event = desk.put("meeting", "SUMMARY:x")
    path = put_todo(
        desk, "sample", "SUMMARY:寄样品", "DUE;TZID=Asia/Shanghai:20270301T003000", "STATUS:IN-PROCESS", "X-A:1"
    )
    private = put_todo(desk, "private", "SUMMARY:geheim", "CLASS:PRIVATE")
    page = desk.connector.streams()["todo"].read_page(None, None, 10)
    found = by_id(page.records)
    assert event not in found
    assert found[private].stage is Stage.GONE
    told = {name: found[path].payload[name] for name in ("summary", "due_on", "state")}
    assert told == {"summary": "寄样品", "due_on": "2027-03-01", "state": "doing"}
    assert {one.external_id for one in desk.pull()[0]} == {event}
    desk.connector.sinks()["task"].patch(path, {"due_on": "2027-03-05", "state": "done"}, if_version=None)
    text = desk.hand.read(path)
    assert all(line in text for line in ("20270305T003000", "STATUS:COMPLETED", "PERCENT-COMPLETE:100", "X-A:1"))
    desk.connector.sinks()["task"].patch(path, {"due_on": None, "state": "open"}, if_version=None)
    text = desk.hand.read(path)
    assert "DUE" not in text
    assert "\nCOMPLETED" not in text
    assert "STATUS:NEEDS-ACTION" in text


def test_a_task_of_the_hub_is_made_once_and_found(desk: Desk) -> None:
    sink, ref = desk.connector.sinks()["task"], next_reference()
    draft = Draft(ref, {"summary": "寄样品", "description": "两套", "due_on": "2027-03-01", "state": "open"})
    (made,) = sink.create([draft])
    assert not isinstance(made, Exception)
    (again,) = sink.create([draft])
    assert isinstance(again, Exception)
    (hit,) = sink.find(ref)
    assert (hit.external_id, hit.payload["due_on"], hit.payload["state"]) == (made.external_id, "2027-03-01", "open")
    assert "DUE;VALUE=DATE:20270301" in desk.hand.read(made.external_id)
