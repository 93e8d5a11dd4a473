"""Appointments in one calendar that this app has made. What people keep in diaries of their own is not visible to any
self-built app."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from connectors.wecom.client import MOST_SCHEDULES, Answer, WecomClient
from connectors.wecom.config import WecomConfig
from connectors.wecom.shapes import make_version, write_moment
from hub.sdk import Page, SourceRecord, Stage, Stream, Tools

SCHEDULE_STREAM = "schedule"
CANCELLED = "1"
_REFERENCE = re.compile(r"\s*〔([A-Za-z0-9-]+)〕\s*$")
_ANSWERS = {"1": "tentative", "2": "accepted", "3": "declined"}


class ScheduleStream(Stream):
    """Read by place in the list, to the end of it; cancelled ones stay in it."""

    name: ClassVar[str] = SCHEDULE_STREAM
    kind: ClassVar[str] = "activity"

    def __init__(self, client: WecomClient, config: WecomConfig, tools: Tools) -> None:
        self._client = client
        self._config = config
        self._clock = tools.clock

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        started = self._clock.now()
        start = int(position or 0)
        rows = self._list(start, limit)
        records = [self.make_record(row, started) for row in rows]
        return Page(records, start + len(rows) if rows else None, started)

    def fetch(self, external_id: str) -> SourceRecord | None:
        found = self.look(external_id)
        return None if found is None else found[1]

    def list_ids(self) -> Sequence[str]:
        return [str(row["schedule_id"]) for row in self._list_all()]

    def search(self, ref_prefix: str) -> list[SourceRecord]:
        """Every appointment of the calendar whose reference begins so."""
        started = self._clock.now()
        found = [self.make_record(row, started) for row in self._list_all()]
        wanted = ref_prefix.upper()
        return [record for record in found if (record.reference or "").upper().startswith(wanted)]

    def look(self, external_id: str) -> tuple[Answer, SourceRecord] | None:
        """As the server keeps it, and as a record; None for one of another calendar."""
        started = self._clock.now()
        found = self._client.get_schedule(external_id)
        if found is None or str(found.get("cal_id") or "") != self._config.cal_id:
            return None
        return found, self.make_record(found, started)

    def make_record(self, row: Answer, started: datetime) -> SourceRecord:
        payload = shape_schedule(row)
        text = str(row.get("description") or "")
        return SourceRecord(
            stream=self.name,
            external_id=payload["id"],
            payload=payload,
            read_at=started,
            version=make_version(payload),
            stage=Stage.VOID if "state" in payload else Stage.EFFECTIVE,
            reference=found[1] if (found := _REFERENCE.search(text)) else None,
        )

    def _list(self, start: int, limit: int) -> Sequence[Answer]:
        return self._client.list_schedules(self._config.cal_id, start, limit) if self._config.cal_id else ()

    def _list_all(self) -> list[Answer]:
        found: list[Answer] = []
        while rows := self._list(len(found), MOST_SCHEDULES):
            found += rows
        return found


def shape_schedule(row: Answer) -> dict[str, Any]:
    """``state`` is there for a cancelled one only; the hub's reference is no part of the text. The server wants an end:
    one that has none ends when it begins."""
    people = [_shape_person(person) for person in row.get("attendees") or ()]
    ended = {"state": "cancelled"} if str(row.get("status") or "") == CANCELLED else {}
    return {
        "id": str(row["schedule_id"]),
        "summary": str(row.get("summary") or ""),
        "description": _REFERENCE.sub("", str(row.get("description") or "")),
        "location": str(row.get("location") or ""),
        "starts_at": write_moment(row.get("start_time")),
        "ends_at": write_moment(row.get("end_time")) if row.get("end_time") != row.get("start_time") else None,
        "owner": people[0]["userid"] if people else "",
        "people": people,
        **ended,
    }


def _shape_person(person: Mapping[str, Any]) -> dict[str, str]:
    answer = _ANSWERS.get(str(person.get("response_status") or ""), "open")
    return {"userid": str(person["userid"]), "answer": answer}


def mark_text(text: str, reference: str) -> str:
    """The text with the hub's reference in a last line of its own."""
    return f"{text.strip()}\n〔{reference}〕".strip() if reference else text.strip()
