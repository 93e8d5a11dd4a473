"""通讯录, 日历, 日程 and messages."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from connectors.wecom.simulator.corp import CANCELLED, Corp, Department, Member, Refused, Schedule

Body = Mapping[str, Any]
Answer = dict[str, Any]
MOST_IDS, USUAL_ROWS = 1000, 500
LONGEST = {"summary": 128, "description": 512, "location": 128}
TYPES = ("text", "markdown", "textcard", "template_card")
CUT_BYTES = 2048
MOST_CARD_ROWS = 6
MINUTE_S = 60.0


class AddressBook:
    """``department/`` and ``user/``. Mobile, mail and avatar are not there: a new app does not get them."""

    def __init__(self, corp: Corp) -> None:
        self._corp = corp

    def list_departments(self, body: Body) -> Answer:
        root = int(body.get("id") or 0)
        rows = [row for row in self._corp.departments.values() if not root or root in self._list_above(row)]
        return {"department": [{"id": row.id, "name": row.name, "parentid": row.parentid, "order": 1} for row in rows]}

    def list_members(self, body: Body) -> Answer:
        wanted = int(body.get("department_id") or 0)
        if wanted not in self._corp.departments:
            raise Refused(60003, "department not found")
        inside = {wanted}
        if str(body.get("fetch_child")) == "1":
            inside = {row.id for row in self._corp.departments.values() if wanted in self._list_above(row)}
        found = [row for row in self._corp.members.values() if inside & set(row.departments)]
        return {"userlist": [write_member(row) for row in found]}

    def get_member(self, body: Body) -> Answer:
        return write_member(self._corp.member(body.get("userid")))

    def _list_above(self, row: Department) -> set[int]:
        """A department and those that it belongs to."""
        found, current = {row.id}, row
        while current.parentid in self._corp.departments:
            current = self._corp.departments[current.parentid]
            found.add(current.id)
        return found


def write_member(row: Member) -> Answer:
    return {
        "userid": row.userid, "name": row.name, "department": list(row.departments),
        "main_department": row.departments[0], "position": row.position, "status": row.status, "isleader": 0,
        "enable": int(row.status != 2),
    }  # fmt: skip


class Diary:
    """``oa/calendar/`` and ``oa/schedule/``: only what this app made is there for it."""

    def __init__(self, corp: Corp) -> None:
        self._corp = corp

    def add_calendar(self, body: Body) -> Answer:
        given = dict(body.get("calendar") or {})
        self._corp.member(given.get("organizer"))
        if not 0 < len(str(given.get("summary") or "")) <= LONGEST["summary"]:
            raise Refused(90458, "calendar summary is missing or too long")
        id = self._corp.make_id("wc")
        self._corp.calendars[id] = {**given, "cal_id": id}
        return {"cal_id": id}

    def get_calendars(self, body: Body) -> Answer:
        wanted = [str(id) for id in body.get("cal_id_list") or ()]
        return {"calendar_list": [self._calendar(id) for id in wanted]}

    def delete_calendar(self, body: Body) -> Answer:
        del self._corp.calendars[self._calendar(body.get("cal_id"))["cal_id"]]
        return {}

    def _calendar(self, id: object) -> dict[str, Any]:
        found = self._corp.calendars.get(str(id))
        if found is None:
            raise Refused(90457, "calendar not found, deleted, or of another app")
        return found

    def add_schedule(self, body: Body) -> Answer:
        values = self._check(dict(body.get("schedule") or {}))
        id = self._corp.make_id("ws")
        self._corp.schedules[id] = Schedule(id, str(values.get("cal_id") or ""), values)
        return {"schedule_id": id}

    def update_schedule(self, body: Body) -> Answer:
        """The whole of it anew; the answers of those who stay are kept."""
        given = dict(body.get("schedule") or {})
        found = self._schedule(given.get("schedule_id"))
        if found.status == CANCELLED:
            raise Refused(90465, "schedule is cancelled")
        found.values = self._check(given)
        return {}

    def get_schedules(self, body: Body) -> Answer:
        ids = [str(id) for id in body.get("schedule_id_list") or ()]
        if not 0 < len(ids) <= MOST_IDS:
            raise Refused(40058, "schedule_id_list: array size should be between 1 and 1000")
        found = [self._corp.schedules[id] for id in ids if id in self._corp.schedules]
        if not found:
            raise Refused(90463, "schedule not found")
        return {"schedule_list": [write_schedule(row) for row in found]}

    def list_schedules(self, body: Body) -> Answer:
        """Cancelled ones are among them."""
        cal_id = self._calendar(body.get("cal_id"))["cal_id"]
        rows = [row for row in self._corp.schedules.values() if row.cal_id == cal_id]
        start, size = int(body.get("offset") or 0), int(body.get("limit") or USUAL_ROWS)
        if not 0 < size <= MOST_IDS:
            raise Refused(40058, "limit: value should be between 1 and 1000")
        return {"schedule_list": [write_schedule(row) for row in rows[start : start + size]]}

    def cancel_schedule(self, body: Body) -> Answer:
        self._schedule(body.get("schedule_id")).status = CANCELLED
        return {}

    def _schedule(self, id: object) -> Schedule:
        found = self._corp.schedules.get(str(id))
        if found is None:
            raise Refused(90463, "schedule not found")
        return found

    def _check(self, given: dict[str, Any]) -> dict[str, Any]:
        form = self._corp.settings.schedule_form
        if not given.get(form):
            raise Refused(40058, f"{form}: missing")
        for caller in [given[form]] if form == "organizer" else given[form]:
            self._corp.member(caller)
        for person in given.get("attendees") or ():
            self._corp.member(person.get("userid"))
        if given.get("cal_id"):
            self._calendar(given["cal_id"])
        start, end = given.get("start_time"), given.get("end_time")
        if not isinstance(start, int) or not isinstance(end, int) or end < start:
            raise Refused(90468, "invalid start_time or end_time")
        for name, longest in LONGEST.items():
            if len(str(given.get(name) or "")) > longest:
                raise Refused(40058, f"{name}: exceed max length {longest}")
        return {**given, "summary": given.get("summary") or "新建事件"}


def write_schedule(row: Schedule) -> Answer:
    people = [
        {"userid": person["userid"], "response_status": row.answers.get(person["userid"], 0)}
        for person in row.values.get("attendees") or ()
    ]
    return {**row.values, "schedule_id": row.id, "attendees": people, "status": row.status}


class Post:
    """``message/send`` and the robot of a group."""

    def __init__(self, corp: Corp) -> None:
        self._corp = corp
        self._heard: dict[str, deque[float]] = defaultdict(deque)
        """Member → when messages reached him, within the minute."""

    def send(self, body: Body) -> Answer:
        """Partial failure is no failure: whoever cannot be reached is named, in small letters."""
        if body.get("agentid") != self._corp.settings.agent_id:
            raise Refused(40056, "invalid agentid")
        content = _check_message(body)
        asked = str(body.get("touser") or "")
        wanted = [member.userid for member in self._corp.members.values()] if asked == "@all" else asked.split("|")
        wanted = [userid for userid in wanted if userid]
        parties = [int(part) for part in str(body.get("toparty") or "").split("|") if part.isdecimal()]
        wanted += [row.userid for row in self._corp.members.values() if set(parties) & set(row.departments)]
        there = [self._corp.members[userid.lower()].userid for userid in wanted if userid.lower() in self._corp.members]
        missing = [userid.lower() for userid in wanted if userid.lower() not in self._corp.members]
        if not there:
            raise Refused(81013, "user & party & tag all invalid")
        reached = [userid for userid in sorted(set(there)) if self._has_room(userid)]
        message = {"to": reached, "type": body["msgtype"], "content": content}
        again = body.get("enable_duplicate_check") and message in self._corp.sent
        if not again and reached:
            self._corp.sent.append(message)
            for userid in reached:
                self._heard[userid].append(self._corp.clock.monotonic())
        return {"invaliduser": "|".join(missing), "msgid": self._corp.make_id("msg")}

    def _has_room(self, userid: str) -> bool:
        """Whether a member hears one more within this minute; nobody is told who does not."""
        heard, now_s = self._heard[userid], self._corp.clock.monotonic()
        while heard and heard[0] <= now_s - MINUTE_S:
            heard.popleft()
        return len(heard) < self._corp.settings.member_per_minute

    def say(self, body: Body) -> Answer:
        self._corp.said.append({"type": body.get("msgtype"), "content": _check_message(body)})
        return {}


def _check_message(body: Body) -> Any:
    sort = body.get("msgtype")
    if sort not in TYPES:
        raise Refused(40008, "invalid message type")
    content = body.get(str(sort))
    if not isinstance(content, dict):
        raise Refused(44004, "content is empty")
    if sort in ("text", "markdown"):
        if not content.get("content"):
            raise Refused(44004, "content is empty")
        return str(content["content"]).encode()[:CUT_BYTES].decode("utf-8", "ignore")
    if sort == "template_card":
        _check_card(content)
    return content


def _check_card(content: Mapping[str, Any]) -> None:
    """A card of the sort ``text_notice``."""
    if content.get("card_type") != "text_notice":
        raise Refused(40058, "template_card: invalid card_type")
    if not (content.get("main_title") or {}).get("title"):
        raise Refused(40058, "template_card: main_title is missing")
    action = content.get("card_action") or {}
    if action.get("type") == 1 and not action.get("url"):
        raise Refused(40058, "template_card: card_action.url is missing")
    if not action.get("type"):
        raise Refused(40058, "template_card: card_action is missing")
    if len(content.get("horizontal_content_list") or ()) > MOST_CARD_ROWS:
        raise Refused(40058, "template_card: too many horizontal_content_list")
