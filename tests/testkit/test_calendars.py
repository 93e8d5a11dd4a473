"""The calendar servers of the tests, and the person at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.testkit.calendar_people import CalendarPerson
from hub.testkit.calendars import STARTERS, provision_calendars
from hub.testkit.servers import ServerMissing
from tests.conftest import prepare_calendars


@pytest.mark.servers
@pytest.mark.parametrize("name", STARTERS)
def test_a_server_keeps_what_a_person_saves(name: str, tmp_path: Path) -> None:
    with STARTERS[name](prepare_calendars(), tmp_path) as server, CalendarPerson(server) as hand:
        calendar = hand.make_calendar("Sales")
        path = hand.put(f"{calendar}a.ics", ["UID:a", "DTSTART:20260301T010000Z", "SUMMARY:" + "拜访" * 40])
        assert hand.list_names(calendar) == ["a.ics"]
        assert "SUMMARY:" + "拜访" * 40 in hand.read(path)
        hand.change(path, "UID:a", "UID:a\nLOCATION:上海")
        assert "LOCATION:上海" in hand.read(path)
        with pytest.raises(ValueError, match="does not stand in"):
            hand.change(path, "LOCATION:北京", "")
        hand.delete(path)
        assert hand.list_names(calendar) == []


def test_without_a_clone_there_is_no_lock_to_install_from(tmp_path: Path) -> None:
    with pytest.raises(ServerMissing, match="clone"):
        provision_calendars(tmp_path, progress=print, lock_file=tmp_path / "none.lock")
