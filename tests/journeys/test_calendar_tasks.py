"""Tasks, moved instances and meetings that change their calendar, between the hub and people's calendars. Where
``test_calendar`` is played."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from hub.store.rows import Conflict
from hub.testkit.calendar_people import CalendarPerson
from tests.journeys.test_calendar import Office, Place, place

__all__ = ["place"]
pytestmark = pytest.mark.servers
_names = itertools.count(1)
HEAD = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VTODO", "DTSTAMP:20260101T000000Z")


class TaskOffice(Office):
    """The same with tasks, and a second calendar."""

    other = ""

    def put_task(self, name: str, *lines: str) -> str:
        path = f"{self.calendar}{name}.ics"
        told = [*HEAD, f"UID:{name}@example.org", *lines, "END:VTODO", "END:VCALENDAR", ""]
        self.hand.put_text(path, "\r\n".join(told))
        return path

    def conflicts(self, record: Any) -> list[tuple[str, Any, Any]]:
        with self.desk.hub.store.read() as tx:
            return [(row.field, row.hub_value, row.remote_value) for row in tx.find(Conflict, record_id=record.id)]


@pytest.fixture
def office(place: Place, tmp_path: Path) -> Iterator[TaskOffice]:
    with ExitStack() as stack:
        hand = stack.enter_context(CalendarPerson(place.server))
        number = next(_names)
        first, second = hand.make_calendar(f"Work{number}"), hand.make_calendar(f"Other{number}")
        desk = place.open_desk(stack, tmp_path, f"Work{number};Other{number}", ("activity", "task"))
        made = TaskOffice(desk, hand, first)
        made.other = second
        yield made


def test_a_task_goes_both_ways(office: TaskOffice) -> None:
    path = office.put_task("sample", "SUMMARY:寄样品", "DUE;VALUE=DATE:20270301")
    office.go_live()
    task = office.desk.record_of("task", path)
    assert (task.subject, str(task.due_on), task.state.value) == ("寄样品", "2027-03-01", "open")
    office.desk.edit(task, state="done")
    mine: Any = office.desk.create("task", subject="回电", due_on="2027-03-02", account_id=str(office.account.id))
    office.later()
    office.later()
    assert "STATUS:COMPLETED" in office.hand.read(path)
    theirs = office.desk.remote_id(mine)
    assert "DUE;VALUE=DATE:20270302" in office.hand.read(theirs)
    office.hand.change(theirs, "STATUS:NEEDS-ACTION", "STATUS:COMPLETED")
    office.hand.change(theirs, "20270302", "20270304")
    office.later()
    read = office.desk.read(mine)
    assert (read.state.value, str(read.due_on)) == ("done", "2027-03-04")
    assert office.conflicts(mine) == office.conflicts(task) == []
    writes = len([seen for seen in office.desk.erp.proxy.log if seen.request.method == "PUT"])
    office.later()
    assert len([seen for seen in office.desk.erp.proxy.log if seen.request.method == "PUT"]) == writes


def test_what_both_sides_moved_is_a_conflict_with_both_times(office: TaskOffice) -> None:
    path = office.meet("SUMMARY:拜访")
    task = office.put_task("sample", "SUMMARY:寄样品", "DUE;VALUE=DATE:20270301")
    office.go_live()
    meeting, todo = office.find(path), office.desk.record_of("task", task)
    office.hand.change(path, "DTSTART:20270301T010000Z", "DTSTART:20270301T003000Z")
    office.hand.change(task, "20270301", "20270305")
    office.desk.edit(meeting, starts_at="2027-03-01T01:45:00Z")
    office.desk.edit(todo, due_on="2027-03-09")
    office.later()
    office.later()
    assert [row[0] for row in office.conflicts(meeting)] == ["starts_at"]
    assert office.conflicts(todo) == [("due_on", "2027-03-09", "2027-03-05")]
    assert str(office.find(path).starts_at)[:16] == "2027-03-01 00:30"


def test_a_moved_instance_is_a_meeting_of_its_own_on_the_customer(office: TaskOffice) -> None:
    lines = ("SUMMARY:周会", "RRULE:FREQ=WEEKLY;COUNT=5", "DTSTART:20270301T010000Z", "DTEND:20270301T020000Z")
    path = office.meet(*lines)
    office.go_live()
    assert len(office.desk.records("activity")) == 1
    uid = next(line for line in office.hand.read(path).splitlines() if line.startswith("UID:"))
    moved = (
        *("END:VEVENT", "BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", uid, "RECURRENCE-ID:20270308T010000Z"),
        *("SUMMARY:周会（改期）", "DTSTART:20270309T060000Z", "DTEND:20270309T070000Z"),
        *("ATTENDEE:mailto:li@haiyue.example", "END:VEVENT", "END:VCALENDAR"),
    )
    office.hand.change(path, "END:VEVENT\nEND:VCALENDAR", "\n".join(moved))
    office.pull()
    instance = office.find(f"{path}#20270308T010000Z")
    assert (str(instance.starts_at)[:16], instance.account_id) == ("2027-03-09 06:00", office.account.id)
    assert len(office.desk.records("activity")) == 2
    office.desk.edit(instance, starts_at="2027-03-10T06:00:00Z", ends_at="2027-03-10T07:00:00Z")
    office.later()
    office.later()
    text = office.hand.read(path)
    assert "DTSTART:20270310T060000Z" in text
    assert "DTSTART:20270301T010000Z" in text
    office.hand.delete(path)
    office.later()
    assert {row.state.value for row in office.desk.records("activity")} == {"void"}


@pytest.mark.parametrize("ours", [False, True])
def test_a_meeting_that_goes_to_another_calendar_goes_on(office: TaskOffice, ours: bool) -> None:
    path = "" if ours else office.meet("SUMMARY:拜访")
    office.go_live()
    if ours:
        call = office.follow_up("回访")
        office.later()
        office.later()
        path = office.desk.remote_id(call)
    there = office.other + path.rpartition("/")[2]
    text = office.hand.read(path)
    office.hand.delete(path)
    office.hand.put_text(there, text.replace("\n", "\r\n"))
    office.later()
    office.later()
    (meeting,) = office.desk.records("activity")
    assert meeting.state.value == "planned"
    office.desk.edit(meeting, location="上海")
    office.later()
    office.later()
    assert "LOCATION:上海" in office.hand.read(there)
    assert office.desk.todo() == []


def test_a_meeting_that_is_copied_under_another_name_and_deleted_stays(office: TaskOffice) -> None:
    path = office.meet("SUMMARY:拜访")
    office.go_live()
    office.hand.put_text(f"{office.other}copy.ics", office.hand.read(path).replace("\n", "\r\n"))
    office.hand.delete(path)
    office.later()
    office.later()
    (meeting,) = office.desk.records("activity")
    assert meeting.state.value == "planned"
