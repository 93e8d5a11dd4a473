"""A follow-up made in the hub stands in a CalDAV calendar and in the app calendar of 企业微信, once each."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.wecom.simulator import Corp, Faults, WecomSettings, seed_company
from hub.sync.plan import make_plan
from hub.sync.run import run_sync
from hub.testkit.calendar_people import CalendarPerson
from hub.testkit.calendars import STARTERS, CalendarServer
from tests.conftest import prepare_calendars
from tests.connectors.wecom.office import Office
from tests.journeys.desk import ACTOR, MovedClock

pytestmark = pytest.mark.servers


@pytest.fixture
def radicale() -> Iterator[CalendarServer]:
    python = prepare_calendars()
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder, STARTERS["radicale"](python, Path(folder)) as up:
        yield up


def test_a_follow_up_reaches_both_calendars_once(radicale: CalendarServer, tmp_path: Path) -> None:
    corp = Corp(WecomSettings(), MovedClock())
    seed_company(corp, customers=0)
    with ExitStack() as stack:
        hand = stack.enter_context(CalendarPerson(radicale))
        calendar = hand.make_calendar("Sales")
        office = Office(tmp_path, corp, Faults(), ("user", "activity"))
        stack.callback(office.close)
        desk = office.desk
        answers = {"url": radicale.url, "user": radicale.user, "calendars": "Sales"}
        (tmp_path / "calendar.secret").write_text(radicale.password or "nobody-asks", encoding="utf-8")
        words = [word for key, value in answers.items() for word in ("--set", f"{key}={value}")]
        secret = ("--set", "password=file:calendar.secret")  # pragma: allowlist secret
        desk.call("connection", "add", "calendar", "--connector", "caldav", *words, *secret)
        desk.call("sync", "add", "calendar", "activity")
        desk.reopen()

        def go() -> None:
            desk.wait_quiet()
            desk.run()
            run_sync(desk.hub, "calendar", None, ACTOR)

        desk.accept()
        run_sync(desk.hub, "calendar", None, ACTOR, accept=str(make_plan(desk.hub, "calendar", None, ACTOR).plan.label))
        call = desk.create("activity", type="follow_up", subject="回访远山", starts_at="2026-12-01T01:00:00Z")
        for _ in range(3):
            go()
        (name,) = hand.list_names(calendar)
        assert [row.values["summary"] for row in corp.schedules.values()] == ["回访远山"]
        assert "SUMMARY:回访远山" in hand.read(calendar + name)
        assert len(desk.records("activity")) == 1, "what comes back from either side is the same one"
        hand.change(calendar + name, "20261201T090000", "20261201T110000")
        for _ in range(3):
            go()
        assert str(desk.read(call).starts_at)[:16] == "2026-12-01 03:00"
        made = len(office.writes())
        go()
        assert len(office.writes()) == made
        assert len(hand.list_names(calendar)) == len(corp.schedules) == 1
