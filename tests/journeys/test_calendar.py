"""Meetings and follow-ups between the hub and people's calendars, on both servers. On many machines with Radicale only:
what tells the servers apart is in requests and answers, whichever machine sends them."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.protocol.binding import BindingState
from hub.store.rows import Conflict, Cursor
from hub.sync.sweep import sweep_connection
from hub.testkit.calendar_people import CalendarPerson
from hub.testkit.calendars import STARTERS, CalendarServer
from hub.testkit.fault_proxy import FaultProxy, has_method
from tests.conftest import prepare_calendars
from tests.journeys.desk import ACTOR, NAME, Desk
from tests.journeys.ground import Ground
from tests.journeys.stage import MACHINES, open_desk

NINE = datetime(2027, 3, 1, 1, tzinfo=UTC)
"""9 o'clock in Shanghai."""


class Calendars:
    """The other side, where a journey's desk expects an ERP."""

    connector = "caldav"
    secret_field = "password"  # pragma: allowlist secret
    read_only = ()

    def __init__(self, server: CalendarServer, name: str) -> None:
        self.proxy = FaultProxy(server.url)
        self.secret = server.password or "nobody-asks"
        self.settings: Mapping[str, str] = {"user": server.user, "calendars": name}

    def close(self) -> None:
        self.proxy.close()


@dataclass
class Place:
    """A calendar server, and ground for the hub's machines where it is spread."""

    server: CalendarServer
    ground: Ground | None

    def open_desk(self, stack: ExitStack, folder: Path, calendars: str, kinds: Sequence[str]) -> Desk:
        side = Calendars(self.server, calendars)
        return stack.enter_context(open_desk(folder, lambda _: closing(side), self.ground, kinds))


class Office:
    """A hub, a calendar of 李工 and 李工 herself."""

    def __init__(self, desk: Desk, hand: CalendarPerson, calendar: str) -> None:
        self.desk = desk
        self.hand = hand
        self.calendar = calendar
        self.numbers = itertools.count(1)
        self.account: Any = desk.create("account", name="海岳精密机械有限公司")
        links = [{"account_id": str(self.account.id)}]
        self.contact: Any = desk.create("contact", name="李工", email="Li@Haiyue.example", links=links)

    def meet(self, *lines: str) -> str:
        """A meeting with the customer, entered in the calendar; its path."""
        number = next(self.numbers)
        start = [] if any(line.startswith("DTSTART") for line in lines) else ["DTSTART:20270301T010000Z"]
        end = [] if start == [] else ["DTEND:20270301T020000Z"]
        with_whom = "ATTENDEE;CN=Li:mailto:li@haiyue.example"
        path = f"{self.calendar}meeting-{number}.ics"
        return self.hand.put(path, [f"UID:meeting-{number}@example.org", *start, *end, with_whom, *lines])

    def follow_up(self, subject: str, **more: Any) -> Any:
        times = {"starts_at": NINE.isoformat(), "ends_at": (NINE + timedelta(minutes=30)).isoformat()}
        return self.desk.create("activity", subject=subject, account_id=str(self.account.id), **{**times, **more})

    def find(self, path: str) -> Any:
        return self.desk.record_of("activity", path)

    def go_live(self) -> None:
        """A person has seen the first plan."""
        self.desk.accept()

    def pull(self) -> None:
        self.desk.run()

    def later(self) -> None:
        """After whatever has to be waited for."""
        self.desk.wait_quiet()
        self.desk.run()

    def read(self, record: Any) -> str:
        return self.hand.read(self.desk.remote_id(record))


@pytest.fixture(scope="module", params=[*STARTERS, f"radicale{MACHINES}"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    python, start = prepare_calendars(), STARTERS[request.param.removesuffix(MACHINES)]
    ground = request.getfixturevalue("ground") if request.param.endswith(MACHINES) else None
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder, start(python, Path(folder)) as up:
        yield Place(up, ground)


_calendars = itertools.count(1)


@pytest.fixture
def office(place: Place, tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        hand = stack.enter_context(CalendarPerson(place.server))
        name = f"Team{next(_calendars)}"
        calendar = hand.make_calendar(name)
        yield Office(place.open_desk(stack, tmp_path, name, ("activity",)), hand, calendar)


pytestmark = pytest.mark.servers


def test_a_meeting_appears_on_the_right_customer_and_moves_with_the_calendar(office: Office) -> None:
    path = office.meet("SUMMARY:拜访海岳", "LOCATION:上海")
    stranger = office.hand.put(f"{office.calendar}x.ics", ["UID:x", "DTSTART:20270301T010000Z", "SUMMARY:内部会议"])
    office.go_live()
    meeting = office.find(path)
    assert (meeting.subject, meeting.location, meeting.type.value) == ("拜访海岳", "上海", "meeting")
    assert (meeting.account_id, meeting.starts_at) == (office.account.id, NINE)
    assert [row.contact_id for row in meeting.people] == [office.contact.id]
    assert office.find(stranger).account_id is None
    assert len(office.desk.records("account")) == 1, "nobody is made up"
    office.hand.change(path, "DTSTART:20270301T010000Z", "DTSTART:20270302T010000Z")
    office.hand.change(path, "DTEND:20270301T020000Z", "DTEND:20270302T030000Z")
    office.pull()
    moved = office.find(path)
    assert (moved.starts_at, moved.ends_at) == (NINE + timedelta(days=1), NINE + timedelta(days=1, hours=2))
    assert moved.id == meeting.id


def test_a_follow_up_appears_once_even_when_the_answer_is_lost(office: Office) -> None:
    office.go_live()
    call = office.follow_up("回访，确认交期")
    office.desk.erp.proxy.lose_next_answer(has_method("PUT"))
    office.pull()
    assert office.desk.binding(call).state is BindingState.UNKNOWN
    office.later()
    office.later()
    assert office.desk.binding(call).state is BindingState.BOUND
    assert office.hand.list_names(office.calendar) == [f"{office.desk.binding(call).ref}.ics"]
    assert "SUMMARY:回访，确认交期" in office.read(call)
    puts = [seen for seen in office.desk.erp.proxy.log if seen.request.method == "PUT"]
    assert len(puts) == 1
    assert len(office.desk.records("activity")) == 1, "our own event that comes back is no second one"
    office.later()
    assert len([seen for seen in office.desk.erp.proxy.log if seen.request.method == "PUT"]) == 1


def test_what_people_change_in_our_follow_up_comes_back_and_what_we_change_goes_out(office: Office) -> None:
    office.go_live()
    call = office.follow_up("回访")
    office.later()
    office.later()
    path = office.desk.remote_id(call)
    office.hand.change(path, "SUMMARY:回访", "SUMMARY:回访李工")
    office.hand.change(
        path, "END:VEVENT", "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nDESCRIPTION:x\nEND:VALARM\nEND:VEVENT"
    )
    office.later()
    assert office.desk.read(call).subject == "回访李工"
    office.desk.edit(office.desk.read(call), starts_at=(NINE + timedelta(hours=1)).isoformat(), ends_at=None)
    office.later()
    office.later()
    text = office.read(call)
    assert "DTSTART;TZID=Asia/Shanghai:20270301T100000" in text
    assert "BEGIN:VALARM" in text
    assert "SUMMARY:回访李工" in text
    assert "DTEND" not in text
    assert not office.desk.binding(call).dirty
    with office.desk.hub.store.read() as tx:
        assert tx.count(Conflict) == 0, "nobody contradicted anybody"


def test_an_edit_that_meets_another_one_is_shown_and_neither_is_lost(office: Office) -> None:
    """People and the hub edit the same field; then somebody writes while our request is on its way."""
    path = office.meet("SUMMARY:拜访海岳")
    office.go_live()
    meeting = office.find(path)
    office.hand.change(path, "SUMMARY:拜访海岳", "SUMMARY:拜访（改期）")
    office.desk.edit(meeting, subject="拜访海岳，带样品")
    office.later()
    office.later()
    with office.desk.hub.store.read() as tx:
        (conflict,) = tx.find(Conflict, record_id=meeting.id)
    assert (conflict.field, conflict.hub_value, conflict.remote_value) == (
        "subject",
        "拜访海岳，带样品",
        "拜访（改期）",
    )
    assert any(item.record_id == meeting.id for item in office.desk.todo())
    office.desk.edit(office.desk.read(meeting), text="带样品")
    held = office.desk.erp.proxy.hold_next(has_method("PUT"))
    running = threading.Thread(target=office.later)
    running.start()
    assert held.arrived.wait(60)
    office.hand.change(path, "END:VEVENT", "LOCATION:上海\nEND:VEVENT")
    held.release()
    running.join()
    assert [seen.status for seen in office.desk.erp.proxy.log if seen.request.method == "PUT"][-1] == 412
    office.later()
    office.later()
    text = office.hand.read(path)
    assert "DESCRIPTION:带样品" in text
    assert "LOCATION:上海" in text
    assert "SUMMARY:拜访（改期）" in text
    assert office.find(path).location == "上海"


def test_what_is_deleted_in_the_calendar_is_cancelled_here(office: Office) -> None:
    kept, gone = office.meet("SUMMARY:bleibt"), office.meet("SUMMARY:entfällt")
    office.go_live()
    office.hand.delete(gone)
    office.pull()
    assert office.find(gone).state.value == "void"
    assert office.find(kept).state.value == "planned"
    assert office.desk.todo() == []


def test_what_is_cancelled_here_is_cancelled_there(office: Office) -> None:
    office.go_live()
    call = office.follow_up("回访")
    office.later()
    office.later()
    office.desk.void(office.desk.read(call))
    office.later()
    office.later()
    assert "STATUS:CANCELLED" in office.read(call)
    assert office.desk.binding(call).state is BindingState.TOMB


def test_a_token_that_expired_costs_a_reading_and_no_deletion(office: Office) -> None:
    kept, gone = office.meet("SUMMARY:kept"), office.meet("SUMMARY:gone")
    office.go_live()
    desk = office.desk
    with desk.hub.store.write() as tx:
        cursor = tx.get(Cursor, connection=NAME, stream="event", lock=True)
        assert cursor is not None
        tokens = dict.fromkeys(cursor.resume["tokens"], "0" * 40)
        tx.save(cursor.model_copy(update={"resume": {**cursor.resume, "tokens": tokens}}))
    office.hand.delete(gone)
    late = office.meet("SUMMARY:late")
    office.pull()
    assert office.find(late).subject == "late"
    desk.clock.pass_time(600)
    sweep_connection(desk.hub, NAME, actor=ACTOR)
    desk.clock.pass_time(600)
    sweep_connection(desk.hub, NAME, actor=ACTOR)
    assert office.find(gone).state.value == "void"
    assert office.find(kept).state.value == "planned"
    with desk.hub.store.read() as tx:
        cursor = tx.get(Cursor, connection=NAME, stream="event")
    assert cursor is not None
    assert set(cursor.resume["tokens"].values()) != {"0" * 40}


def test_a_series_is_one_record_that_is_moved_in_its_calendar(office: Office) -> None:
    path = office.meet("SUMMARY:周例会", "RRULE:FREQ=WEEKLY;COUNT=9")
    office.go_live()
    weekly = office.find(path)
    assert weekly.recurrence.startswith("RRULE:FREQ=WEEKLY")
    assert len(office.desk.records("activity")) == 1
    answer = office.desk.call(
        "record", "edit", "activity", str(weekly.id), "--set", "starts_at=2027-03-02T01:00:00Z", code=1
    )
    assert "series" in str(answer["errors"])
    office.desk.edit(weekly, text="带样品")
    office.later()
    office.later()
    text = office.hand.read(path)
    assert "DESCRIPTION:带样品" in text
    assert "DTSTART:20270301T010000Z" in text
