"""The page about calendars, followed line by line beside a real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.caldav.config import CalDavConfig
from hub.testkit.calendar_people import CalendarPerson
from hub.testkit.calendars import start_radicale
from tests.conftest import prepare_calendars
from tests.docs.newcomer import Newcomer
from tests.docs.pages import list_commands, read_page

PAGE, CHINESE = "docs/connectors/caldav.md", "docs/connectors/caldav.zh.md"


@pytest.mark.slow
@pytest.mark.servers
def test_the_page_works_as_it_stands(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with start_radicale(prepare_calendars(), tmp_path / "radicale") as server, CalendarPerson(server) as hand:
        sales, _ = (hand.make_calendar(name) for name in ("Sales", "Team"))
        hand.put(f"{sales}a.ics", ["UID:a", "DTSTART:20270301T010000Z", "SUMMARY:Visit"])
        (home / "secret").write_text(server.password, encoding="utf-8")
        ours = {"https://dav.example.com": server.url, "user=wang": f"user={server.user}"}
        ours["env:CALENDAR_PASSWORD"] = f"file:{home}/secret"
        visitor, said = Newcomer(home, [], "caldav"), {}
        for command in list_commands(PAGE, "isthmus"):
            typed = command.removeprefix("isthmus ")
            for shown, real in ours.items():
                typed = typed.replace(shown, real)
            if "82ac" in typed:
                typed = typed.replace("82ac", visitor.ask("sync", "plan", "calendar")["item"]["plan"]["label"])
            said[command] = visitor.type(typed)
        assert "events: 1" in said["isthmus connection check calendar"]
        assert "Visit" in said["isthmus record list activity"]
        made = [name for name in hand.list_names(sales) if name != "a.ics"]
        assert len(made) == 1
        assert "SUMMARY:Call about the offer" in hand.read(f"{sales}{made[0]}")


def test_both_languages_show_the_same() -> None:
    assert list_commands(PAGE, "isthmus") == list_commands(CHINESE, "isthmus")
    settings = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
    assert settings.findall(read_page(PAGE)) == settings.findall(read_page(CHINESE)) == list(CalDavConfig.model_fields)
