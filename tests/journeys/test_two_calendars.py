"""A follow-up made in the hub stands in a CalDAV calendar and in the app calendar of 企业微信, once each. In one
process, and on many machines."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from connectors.wecom.simulator import Corp, Faults, WecomSettings, seed_company
from hub.sync.plan import make_plan
from hub.sync.run import run_sync
from hub.testkit.calendar_people import CalendarPerson
from hub.testkit.calendars import STARTERS, CalendarServer
from tests.conftest import prepare_calendars
from tests.connectors.wecom.office import MakeDesk, Office
from tests.journeys.desk import ACTOR, Desk, JourneyClock, MovedClock
from tests.journeys.erp import Erp
from tests.journeys.ground import Site

pytestmark = pytest.mark.servers


@pytest.fixture
def radicale() -> Iterator[CalendarServer]:
    python = prepare_calendars()
    with tempfile.TemporaryDirectory(prefix="isthmus-") as folder, STARTERS["radicale"](python, Path(folder)) as up:
        yield up


@pytest.fixture(params=["one process", "many machines"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    with ExitStack() as stack:
        make_desk: MakeDesk = Desk
        clock: JourneyClock = MovedClock()
        if request.param == "many machines":
            site: Site = stack.enter_context(request.getfixturevalue("ground").build(tmp_path))
            clock = site.time

            def make_desk(folder: Path, erp: Erp, _: JourneyClock, kinds: Sequence[str]) -> Desk:
                return site.open_desk(folder, erp, kinds)

        corp = Corp(WecomSettings(), clock)
        seed_company(corp, customers=0)
        (tmp_path / "home").mkdir()
        office = Office(tmp_path / "home", corp, Faults(), ("user", "activity"), make_desk=make_desk)
        stack.callback(office.close)
        yield office


def test_a_follow_up_reaches_both_calendars_once(radicale: CalendarServer, office: Office) -> None:
    desk = office.desk
    with CalendarPerson(radicale) as hand:
        calendar = hand.make_calendar("Sales")
        secret = desk.keep_secret(radicale.password, "calendar")
        answers = {"url": radicale.url, "user": radicale.user, "calendars": "Sales", "password": secret}
        words = [word for key, value in answers.items() for word in ("--set", f"{key}={value}")]
        desk.call("connection", "add", "calendar", "--connector", "caldav", *words)
        desk.call("sync", "add", "calendar", "activity", *desk.schedule)
        desk.reopen()

        def go() -> None:
            desk.wait_quiet()
            desk.run()
            desk.run("calendar")

        desk.accept()
        run_sync(desk.hub, "calendar", None, ACTOR, accept=str(make_plan(desk.hub, "calendar", None, ACTOR).plan.label))
        call = desk.create("activity", type="follow_up", subject="回访远山", starts_at="2026-12-01T01:00:00Z")
        for _ in range(3):
            go()
        (name,) = hand.list_names(calendar)
        assert [row.values["summary"] for row in office.appointments()] == ["回访远山"]
        assert "SUMMARY:回访远山" in hand.read(calendar + name)
        assert len(desk.records("activity")) == 1, "what comes back from either side is the same one"
        hand.change(calendar + name, "20261201T090000", "20261201T110000")
        for _ in range(3):
            go()
        assert str(desk.read(call).starts_at)[:16] == "2026-12-01 03:00"
        assert [row.values["start_time"] for row in office.appointments()] == [desk.read(call).starts_at.timestamp()]
        assert desk.todo() == []
        made = len(office.writes())
        go()
        assert len(office.writes()) == made
        assert len(hand.list_names(calendar)) == len(office.appointments()) == 1
