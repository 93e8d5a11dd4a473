"""Somebody at work in a calendar program: events as text, over HTTP, never through the connector."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import httpx

from hub.testkit.calendars import CalendarServer

_MAKE = """<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>
<D:displayname>{name}</D:displayname></D:prop></D:set></C:mkcalendar>"""
_HREF = re.compile(r"href>([^<]+)<")
_FRAME = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//Calendar 1.0//EN")


class CalendarPerson:
    """A user of the server; ``path`` names a calendar or an event on it."""

    def __init__(self, server: CalendarServer) -> None:
        self.server = server
        login = (server.user, server.password) if server.password else None
        self._http = httpx.Client(base_url=server.url, auth=login, timeout=30.0, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def make_calendar(self, name: str) -> str:
        """A new calendar; its path."""
        path = f"{self.server.home}{name.lower()}/"
        headers = {"content-type": "application/xml; charset=utf-8"}
        self._send("MKCALENDAR", path, content=_MAKE.format(name=name).encode(), headers=headers)
        return path

    def put(self, path: str, lines: Sequence[str], *, zones: Sequence[str] = ()) -> str:
        """Save an event, new or over the one that is there; ``lines`` are those inside VEVENT. Its path."""
        text = [*_FRAME, *zones, "BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT", "END:VCALENDAR", ""]
        self.put_text(path, "\r\n".join(text))
        return path

    def put_text(self, path: str, text: str) -> None:
        """Save a file as it is."""
        self._send("PUT", path, content=text.encode(), headers={"content-type": "text/calendar; charset=utf-8"})

    def read(self, path: str) -> str:
        """The event's text with its long lines joined."""
        return self._send("GET", path).text.replace("\r\n", "\n").replace("\n ", "")

    def change(self, path: str, old: str, new: str) -> None:
        """Open an event, write something else in one place, save."""
        text = self.read(path)
        if old not in text:
            raise ValueError(f"{old!r} does not stand in {path}:\n{text}")
        self.put_text(path, text.replace(old, new).replace("\n", "\r\n"))

    def delete(self, path: str) -> None:
        self._send("DELETE", path)

    def list_names(self, calendar: str) -> list[str]:
        """The names of the events in a calendar."""
        answer = self._send("PROPFIND", calendar, headers={"depth": "1"}).text
        return sorted(path.rpartition("/")[2] for path in _HREF.findall(answer) if path.endswith(".ics"))

    def _send(self, method: str, path: str, **more: object) -> httpx.Response:
        response = self._http.request(method, path, **more)  # type: ignore[arg-type]
        return response.raise_for_status()
