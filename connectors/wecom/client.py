"""The server API as calls: what goes over the wire, and what each failure means. Nothing about the hub."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.wecom.config import WecomConfig, read_secret
from connectors.wecom.outcomes import BUSY, LIMIT, TOKEN_CODES, explain, is_gone, parse_answer
from connectors.wecom.tokens import name_app, share_source
from hub.errors import NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk import Grant, HttpClient, Tools

Answer = Mapping[str, Any]
PAUSES_S = (0.5, 2.0)
"""Before each new try of a read that found the server busy."""
BLOCKED_S = 3600.0
"""gettoken says 45009 to an address that it blocks, for an hour."""
AT_ONCE = 100
"""Members, and rows, in one page of customers."""
MOST_SCHEDULES = 500
COLOUR = "#0000FF"


class WecomClient:
    """One app of one company.

    Reads raise ``Transient``, ``NeedsConsent`` or ``Rejected`` (what was asked for is not there). Writes raise
    ``Rejected``, ``NeedsConsent``, ``Transient`` (certainly not applied) or ``OutcomeUnknown``.
    """

    def __init__(self, config: WecomConfig, tools: Tools) -> None:
        self._config = config
        self._clock = tools.clock
        self._http = HttpClient(config.url, tools)
        self._budget = tools.budget
        self._app = name_app(config.url, config.corp_id, read_secret(config.secret))
        self._tokens = share_source(self._app, tools.transport)

    def close(self) -> None:
        self._http.close()

    def log_in(self) -> None:
        """Nothing, or why there is no token."""
        self._take_token()

    # ---- the address book --------------------------------------------------------------------------------------

    def list_departments(self) -> Sequence[Answer]:
        return _rows(self._read("department/list"), "department", "department/list")

    def list_members(self, department: int) -> Sequence[Answer]:
        """Those who stand in this very department."""
        return _rows(self._read("user/list", {"department_id": department}), "userlist", "user/list")

    def get_member(self, userid: str) -> Answer:
        return self._read("user/get", {"userid": userid})

    def get_agent(self) -> Answer:
        """The app itself."""
        return self._read("agent/get", {"agentid": self._config.agent_id})

    # ---- customers ---------------------------------------------------------------------------------------------

    def list_followers(self) -> Sequence[str]:
        """Members with the right of customer contact whom the app sees."""
        path = "externalcontact/get_follow_user_list"
        return [str(userid) for userid in _rows(self._read(path), "follow_user", path)]

    def list_customers(self, userid: str) -> Sequence[str]:
        """Ids of the customers of one member; none is an errcode of its own."""
        path = "externalcontact/list"
        try:
            return [str(id) for id in _rows(self._read(path, {"userid": userid}), "external_userid", path)]
        except Rejected as refused:
            if is_gone(refused):
                return []
            raise

    def read_customers(self, userids: Sequence[str], cursor: str, size: int) -> tuple[Sequence[Answer], str]:
        """Rows of customer and relation, and the cursor of what follows; empty at the end."""
        path = "externalcontact/batch/get_by_user"
        body = {"userid_list": list(userids), "cursor": cursor, "limit": min(size, AT_ONCE)}
        answer = self._read(path, body=body)
        return _rows(answer, "external_contact_list", path), str(answer.get("next_cursor") or "")

    def get_customer(self, external_userid: str) -> tuple[Answer, Sequence[Answer]]:
        """A customer, and everybody who follows."""
        path, follows = "externalcontact/get", list[Answer]()
        cursor = ""
        while True:
            query = {"external_userid": external_userid, **({"cursor": cursor} if cursor else {})}
            answer = self._read(path, query)
            if not isinstance(answer.get("external_contact"), Mapping):
                raise Transient("wecom.unreadable", vendor=str(answer)[:300], where=path)
            follows += _rows(answer, "follow_user", path)
            cursor = str(answer.get("next_cursor") or "")
            if not cursor:
                return answer["external_contact"], follows

    def list_tag_groups(self) -> Sequence[Answer]:
        path = "externalcontact/get_corp_tag_list"
        return _rows(self._read(path, body={}), "tag_group", path)

    def add_tags(self, group: str, names: Sequence[str]) -> None:
        """New tags of the company, in a group that is made where there is none of that name."""
        body = {"group_name": group, "tag": [{"name": name} for name in names]}
        self._write("externalcontact/add_corp_tag", body)

    def note(self, userid: str, external_userid: str, values: Mapping[str, Any]) -> None:
        """What a member notes about a customer; only what is named changes."""
        self._write("externalcontact/remark", {"userid": userid, "external_userid": external_userid, **values})

    def mark(self, userid: str, external_userid: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """Tags of the company at the relation of a member."""
        body: dict[str, Any] = {"userid": userid, "external_userid": external_userid}
        body |= {name: list(ids) for name, ids in (("add_tag", add), ("remove_tag", remove)) if ids}
        self._write("externalcontact/mark_tag", body)

    # ---- calendar ----------------------------------------------------------------------------------------------

    def get_calendar(self, cal_id: str) -> Answer:
        path = "oa/calendar/get"
        found = _rows(self._read(path, body={"cal_id_list": [cal_id]}), "calendar_list", path)
        if not found:
            raise Rejected("wecom.gone", errcode=90457, path=path)
        row: Answer = found[0]
        return row

    def add_calendar(self, organiser: str, summary: str) -> str:
        """A calendar of the app that belongs to a member; its id."""
        path = "oa/calendar/add"
        answer = self._write(path, {"calendar": {"organizer": organiser, "summary": summary, "color": COLOUR}})
        if not answer.get("cal_id"):
            raise OutcomeUnknown("wecom.unreadable", vendor=str(answer)[:300], where=path)
        return str(answer["cal_id"])

    def list_schedules(self, cal_id: str, offset: int, size: int) -> Sequence[Answer]:
        path = "oa/schedule/get_by_calendar"
        body = {"cal_id": cal_id, "offset": offset, "limit": min(size, MOST_SCHEDULES)}
        return _rows(self._read(path, body=body), "schedule_list", path)

    def get_schedule(self, schedule_id: str) -> Answer | None:
        path = "oa/schedule/get"
        try:
            found = _rows(self._read(path, body={"schedule_id_list": [schedule_id]}), "schedule_list", path)
        except Rejected as refused:
            if is_gone(refused):
                return None
            raise
        return next((row for row in found if row.get("schedule_id") == schedule_id), None)

    def add_schedule(self, values: Mapping[str, Any]) -> str:
        path = "oa/schedule/add"
        answer = self._write(path, {"schedule": dict(values)})
        if not answer.get("schedule_id"):
            raise OutcomeUnknown("wecom.unreadable", vendor=str(answer)[:300], where=path)
        return str(answer["schedule_id"])

    def update_schedule(self, values: Mapping[str, Any]) -> None:
        """The whole of it anew."""
        self._write("oa/schedule/update", {"schedule": dict(values)})

    def cancel_schedule(self, schedule_id: str) -> None:
        self._write("oa/schedule/del", {"schedule_id": schedule_id})

    # ---- messages ----------------------------------------------------------------------------------------------

    def send(self, body: Mapping[str, Any]) -> Answer:
        """A message of the app. Whoever cannot be reached is named in the answer, which is no failure."""
        return self._write("message/send", {"agentid": self._config.agent_id, **body})

    def say(self, body: Mapping[str, Any]) -> None:
        """A message of the group's robot, which needs no token."""
        path = "webhook/send"
        answer = self._send(path, {"key": read_secret(self._config.robot_key)}, body, writes=True)
        if answer["errcode"]:
            raise explain(answer, path, writes=True)

    # ---- calling -----------------------------------------------------------------------------------------------

    def _read(self, path: str, query: Mapping[str, Any] | None = None, *, body: Any = None) -> Answer:
        """The answer to a read; a busy server is asked a few times."""
        for pause_s in PAUSES_S:
            try:
                return self._call(path, query or {}, body, writes=False)
            except Transient as busy:
                if busy.params.get("errcode") != BUSY:
                    raise
            self._clock.sleep(pause_s)
        return self._call(path, query or {}, body, writes=False)

    def _write(self, path: str, body: Mapping[str, Any]) -> Answer:
        return self._call(path, {}, body, writes=True)

    def _call(self, path: str, query: Mapping[str, Any], body: Any, *, writes: bool) -> Answer:
        """One call; a second one where the server would not have the token, for then nothing was done."""
        token = self._take_token()
        answer = self._send(path, {**query, "access_token": token}, body, writes=writes)
        if answer["errcode"] in TOKEN_CODES:
            token = self._take_token(stale=token)
            answer = self._send(path, {**query, "access_token": token}, body, writes=writes)
            if answer["errcode"] in TOKEN_CODES:
                words = str(answer.get("errmsg") or "")[:300]
                raise NeedsConsent("wecom.token_refused", vendor=words, errcode=answer["errcode"], path=path)
        if answer["errcode"]:
            raise explain(answer, path, writes=writes)
        return answer

    def _send(self, path: str, query: Mapping[str, Any], body: Any, *, writes: bool) -> Answer:
        method, more = ("GET", {}) if body is None else ("POST", {"json": body})
        call = self._http.write if writes else self._http.read
        response = call(method, f"/{path}", params=dict(query), **more)
        answer = parse_answer(response)
        if answer is None:
            failure = OutcomeUnknown if writes else Transient
            raise failure("wecom.unreadable", vendor=response.text[:300], where=path)
        return answer

    def _take_token(self, stale: str = "") -> str:
        def ask() -> Grant:
            return self._budget.share(f"token/{self._app[:16]}", self._ask_token, stale)

        return self._tokens.take(ask, self._clock.monotonic, stale)

    def _ask_token(self) -> Grant:
        query = {"corpid": self._config.corp_id, "corpsecret": read_secret(self._config.secret)}
        answer = self._send("gettoken", query, None, writes=False)
        if answer["errcode"] == LIMIT:
            words = str(answer.get("errmsg") or "")[:300]
            raise Transient("wecom.address_blocked", vendor=words, retry_after_s=BLOCKED_S)
        if answer["errcode"]:
            raise explain(answer, "gettoken", writes=False)
        if not answer.get("access_token"):
            raise Transient("wecom.unreadable", vendor="no access_token", where="gettoken")
        try:
            life_s = float(answer.get("expires_in") or 0)
        except (TypeError, ValueError, OverflowError) as error:
            raise Transient("wecom.unreadable", vendor="expires_in", where="gettoken") from error
        return Grant(str(answer["access_token"]), life_s)


def _rows(answer: Answer, name: str, path: str) -> Sequence[Any]:
    """A list of an answer; what has none is no answer of theirs."""
    found = answer.get(name)
    if not isinstance(found, list):
        raise Transient("wecom.unreadable", vendor=str(answer)[:300], where=path)
    return found
