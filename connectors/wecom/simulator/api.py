"""The doors over HTTP: ``/cgi-bin`` for apps, ``/people`` for everybody else, ``/simulator`` for whoever arranges
faults. The last two ask for no password: this server only ever listens on the loopback."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from connectors.wecom.simulator.callbacks import Callbacks
from connectors.wecom.simulator.corp import Corp, Refused
from connectors.wecom.simulator.customers import CustomerContact
from connectors.wecom.simulator.faults import READ_FAULTS, WRITE_FAULTS, Faults
from connectors.wecom.simulator.gate import Gate
from connectors.wecom.simulator.office import AddressBook, Diary, Post
from connectors.wecom.simulator.people import Person
from hub.sdk.simulator import NoAnswer, Request, Response, answer_json

ROOT = "/cgi-bin/"
WRITES = frozenset({
    "externalcontact/remark", "externalcontact/mark_tag", "externalcontact/add_corp_tag", "message/send",
    "oa/calendar/add", "oa/calendar/del", "oa/schedule/add", "oa/schedule/update", "oa/schedule/del", "webhook/send",
})  # fmt: skip
GARBAGE = Response(200, b"<html><body><h1>502 Bad Gateway</h1></body></html>", (("content-type", "text/html"),))
KEPT_REQUESTS = 5_000
Answer = dict[str, Any]


@dataclass(slots=True)
class Trace:
    """One call. ``fault`` was done to it; ``code`` is the errcode of the answer, None when none left."""

    path: str
    fault: str | None = None
    code: int | None = None


class WecomApi:
    """``handle`` answers requests to one company; ``faults`` stand between the two."""

    def __init__(self, corp: Corp, faults: Faults | None = None) -> None:
        self.corp = corp
        self.faults = faults or Faults()
        self.gate = Gate(corp)
        self.callbacks = Callbacks(corp, self.faults)
        self.person = Person(corp)
        self.requests: deque[Trace] = deque(maxlen=KEPT_REQUESTS)
        customers, book, diary, post = CustomerContact(corp), AddressBook(corp), Diary(corp), Post(corp)
        self._calls: Mapping[str, Callable[[Mapping[str, Any]], Answer]] = {
            "agent/get": self._get_agent, "department/list": book.list_departments,
            "user/list": book.list_members, "user/get": book.get_member,
            "externalcontact/get_follow_user_list": customers.get_follow_user_list,
            "externalcontact/list": customers.list, "externalcontact/get": customers.get,
            "externalcontact/batch/get_by_user": customers.get_by_user, "externalcontact/remark": customers.remark,
            "externalcontact/get_corp_tag_list": customers.get_corp_tag_list,
            "externalcontact/add_corp_tag": customers.add_corp_tag, "externalcontact/mark_tag": customers.mark_tag,
            "oa/calendar/add": diary.add_calendar, "oa/calendar/get": diary.get_calendars,
            "oa/calendar/del": diary.delete_calendar, "oa/schedule/add": diary.add_schedule,
            "oa/schedule/update": diary.update_schedule, "oa/schedule/get": diary.get_schedules,
            "oa/schedule/get_by_calendar": diary.list_schedules, "oa/schedule/del": diary.cancel_schedule,
            "message/send": post.send, "webhook/send": post.say,
        }  # fmt: skip

    @property
    def writes(self) -> list[Trace]:
        """Calls that change or send something, refused and lost ones too."""
        return [trace for trace in self.requests if trace.path in WRITES]

    def handle(self, request: Request) -> Response:
        """One request, one at a time; except that an address is tried without holding anybody up."""
        if request.path == "/simulator/callback":
            return answer_json(200, {"accepted": self.callbacks.enter(str(request.json().get("url", "")))})
        with self.corp.lock:
            if request.path.startswith(ROOT):
                return self._serve(request, request.path[len(ROOT) :])
            try:
                return self._serve_people(request)
            except Refused as refused:
                return answer_json(422, write_refusal(refused))
            except (ValueError, KeyError, TypeError) as error:
                return answer_json(422, {"error": str(error)})

    def _serve(self, request: Request, path: str) -> Response:
        trace = Trace(path)
        self.requests.append(trace)
        trace.fault = self.faults.draw(WRITE_FAULTS if path in WRITES else READ_FAULTS, path)
        sort = (trace.fault or "").removeprefix("read_")
        if sort in ("lost", "lost_before"):
            raise NoAnswer
        if path != "gettoken" and sort == "token_ended":
            self.gate.end_token()
        early = {"busy": (-1, "system busy"), "limit": (45009, "api freq out of limit"),
                 "crowded": (45033, "api concurrent out of limit")}  # fmt: skip
        answer = write_refusal(Refused(*early[sort])) if sort in early else self._answer(request, path)
        if sort == "lost_after":
            raise NoAnswer
        if sort == "garbage":
            return GARBAGE
        if sort == "busy_after":
            answer = write_refusal(Refused(-1, "system busy"))
        trace.code = answer["errcode"]
        return answer_json(200, answer)

    def _answer(self, request: Request, path: str) -> Answer:
        try:
            return {"errcode": 0, "errmsg": "ok", **self._call(request, path)}
        except Refused as refused:
            return write_refusal(refused)
        except (ValueError, TypeError, AttributeError) as error:
            return write_refusal(Refused(47001, f"data format error: {error}"))

    def _call(self, request: Request, path: str) -> Answer:
        if path == "gettoken":
            return self.gate.give_token(request.query)
        if path == "webhook/send":
            if request.query.get("key") != self.corp.settings.robot_key:
                raise Refused(93000, "invalid webhook url")
            self.gate.count(path, self.corp.settings.robot_per_minute)
        else:
            self.gate.admit(path, request.query)
        if path not in self._calls:
            raise Refused(40066, "invalid url")
        return self._calls[path]({**request.query, **request.json()})

    def _get_agent(self, body: Mapping[str, Any]) -> Answer:
        if str(body.get("agentid")) != str(self.corp.settings.agent_id):
            raise Refused(301002, "not allow operate another agent with this accesstoken")
        return {"agentid": self.corp.settings.agent_id, "name": "Isthmus", "close": 0}

    # ---- people ------------------------------------------------------------------------------------------------

    def _serve_people(self, request: Request) -> Response:
        """``POST /people/ACTION`` with its values, ``GET /people/customers``; ``POST /simulator/faults``, ``GET
        /simulator/ledger``."""
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["people", action]:
                self.person.do(action, **request.json())
                return answer_json(200, {})
            case "GET", ["people", "customers"]:
                return answer_json(200, {"items": [asdict(row) for row in self.corp.customers.values()]})
            case "POST", ["simulator", "faults"]:
                asked = request.json()
                self.faults.order_next(str(asked["fault"]), times=int(asked.get("times", 1)))
                return answer_json(200, {})
            case "GET", ["simulator", "ledger"]:
                ledger = self.callbacks.ledger
                told = {"statuses": dict(ledger.statuses), "accepted": ledger.accepted, "lost": ledger.lost}
                sent = {"messages": self.corp.sent, "robot": self.corp.said, "tokens_asked": self.gate.asked}
                return answer_json(200, {**told, **sent, "waiting": self.callbacks.waiting})
        return answer_json(404, {"error": f"there is nothing at {request.path}"})


def write_refusal(refused: Refused) -> Answer:
    """As the server words it: what decides is the code, what follows it is for people."""
    more = f"more info at https://open.work.weixin.qq.com/devtool/query?e={refused.code}"
    return {"errcode": refused.code, "errmsg": f"{refused.words}, hint: [1700000000], from ip: 127.0.0.1, {more}"}
