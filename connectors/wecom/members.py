"""Colleagues: the members whom the app sees, with the departments they stand in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from connectors.wecom.client import Answer, WecomClient
from connectors.wecom.outcomes import HIDDEN, is_gone
from connectors.wecom.shapes import make_version
from hub.errors import NeedsConsent, Rejected
from hub.sdk import Page, ReadSemantics, SourceRecord, Stream, Tools

MEMBER_STREAM = "member"
ACTIVE, DISABLED, LEFT = "1", "2", "5"


class MemberStream(Stream):
    """Read department by department. A member of several is told with the first of them that the app sees."""

    name: ClassVar[str] = MEMBER_STREAM
    kind: ClassVar[str] = "user"

    def __init__(self, client: WecomClient, tools: Tools) -> None:
        self._client = client
        self._clock = tools.clock
        self._departments: Mapping[int, Answer] = {}

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(versioned=False)

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        """Everything each time: nothing there says when it was changed."""
        started = self._clock.now()
        after = (int(position[0]), str(position[1])) if position else (0, "")
        departments = self._load_departments()
        rows: list[tuple[int, str, Answer]] = []
        for department in sorted(id for id in departments if id >= after[0]):
            for member in self._client.list_members(department):
                place = (department, str(member["userid"]))
                if place > after and _find_home(member, departments) == department:
                    rows.append((*place, member))
            if len(rows) > limit:
                break
        rows.sort(key=lambda row: row[:2])
        records = [self._make_record(member, started) for _, _, member in rows[:limit]]
        return Page(records, list(rows[limit - 1][:2]) if len(rows) > limit else None, started)

    def fetch(self, external_id: str) -> SourceRecord | None:
        started = self._clock.now()
        try:
            member = self._client.get_member(external_id)
        except Rejected as refused:
            if is_gone(refused):
                return None
            raise
        except NeedsConsent as refused:
            if refused.params.get("errcode") == HIDDEN:
                return None  # the list does not show such a member either
            raise
        if not self._departments:
            self._load_departments()
        return self._make_record(member, started)

    def list_ids(self) -> Sequence[str]:
        departments = self._load_departments()
        found = [str(row["userid"]) for id in sorted(departments) for row in self._client.list_members(id)]
        return list(dict.fromkeys(found))

    def _load_departments(self) -> Mapping[int, Answer]:
        self._departments = {int(row["id"]): row for row in self._client.list_departments()}
        return self._departments

    def _make_record(self, member: Answer, started: datetime) -> SourceRecord:
        ids = [int(id) for id in member.get("department") or ()]
        payload = {
            "userid": str(member["userid"]),
            "name": str(member.get("name") or member["userid"]),
            "position": str(member.get("position") or ""),
            "department": "; ".join(filter(None, (self._name_department(id) for id in ids))),
            "status": str(member.get("status") or ACTIVE),
            "mobile": str(member.get("mobile") or ""),
            "email": str(member.get("biz_mail") or member.get("email") or ""),
        }
        return SourceRecord(self.name, payload["userid"], payload, started, version=make_version(payload))

    def _name_department(self, id: int) -> str:
        """As a path below the company: ``销售部/华东区``; empty for one that the app does not see."""
        names: list[str] = []
        while id in self._departments and len(names) < 30:
            row = self._departments[id]
            names.append(str(row.get("name") or id))
            id = int(row.get("parentid") or 0)
        return "/".join(reversed(names[:-1] if len(names) > 1 else names))


def _find_home(member: Answer, departments: Mapping[int, Answer]) -> int:
    """The first of a member's departments among those that are read."""
    return min((int(id) for id in member.get("department") or () if int(id) in departments), default=0)
