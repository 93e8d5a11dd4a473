"""The server's doors over HTTP: ``/k3cloud`` for whoever has a session, ``/people`` for everybody else, ``/simulator``
for whoever arranges faults. The last two ask for no password: this server only ever listens on the loopback."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from connectors.kingdee.simulator import answers
from connectors.kingdee.simulator.books import Bill, Books
from connectors.kingdee.simulator.faults import READ_FAULTS, WRITE_FAULTS, Faults
from connectors.kingdee.simulator.forms import Form, find_form
from connectors.kingdee.simulator.people import ACTIONS, Person
from connectors.kingdee.simulator.query import run_query
from connectors.kingdee.simulator.refusals import (
    BUSY,
    FAILED,
    LIMIT,
    NO_ID,
    NO_RIGHT,
    BillRefused,
    refuse_session,
)
from connectors.kingdee.simulator.saving import save_bill
from connectors.kingdee.simulator.sessions import COOKIE, Session, Sessions
from connectors.kingdee.simulator.values import write_value
from hub.sdk.simulator import NoAnswer, Request, Response, answer_json

ROOT = "/k3cloud/"
STUB = "Kingdee.BOS.WebApi.ServicesStub."
FORM_SERVICE, LOGIN_SERVICE = f"{STUB}DynamicFormService.", f"{STUB}AuthService."
CENTRES = "Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService.GetDataCenterList"
SUFFIX = ".common.kdsvc"
READS = ("ExecuteBillQuery", "BillQuery", "View", "QueryBusinessInfo")
STEPS = {"Submit": "提交", "Audit": "审核", "UnAudit": "反审核", "Delete": "删除"}
NAMES = {**STEPS, "Save": "保存", "BatchSave": "保存", "Draft": "暂存", "ExcuteOperation": "作废", "Query": "查看"}
KEPT_REQUESTS = 5_000
Asked = tuple[str, Mapping[str, Any]]


@dataclass(slots=True)
class Trace:
    """One call of the integration user. ``fault`` was done to it; ``status`` is None when no answer left."""

    operation: str
    form: str
    fault: str | None = None
    status: int | None = None


class KingdeeApi:
    """``handle`` answers requests to one account; ``faults`` stand between the two."""

    def __init__(self, books: Books, faults: Faults | None = None) -> None:
        self.books = books
        self.faults = faults or Faults()
        self.sessions = Sessions(books)
        self.writes = 0
        """Writes of the integration user that arrived here, refused and lost ones too."""
        self.requests: deque[Trace] = deque(maxlen=KEPT_REQUESTS)

    def handle(self, request: Request) -> Response:
        """One request, one at a time. Late writes that are due come first."""
        with self.books.lock:
            self.books.tick()
            if request.path.startswith(ROOT) and request.path.endswith(SUFFIX):
                return self._serve(request, request.path[len(ROOT) : -len(SUFFIX)])
            try:
                return self._serve_people(request, request.path.strip("/").split("/"))
            except BillRefused as refused:
                return answer_json(422, answers.write_failure(refused))
            except (ValueError, KeyError, TypeError) as error:
                return answer_json(422, {"error": str(error)})

    # ---- the interface -----------------------------------------------------------------------------------------

    def _serve(self, request: Request, service: str) -> Response:
        if service == CENTRES:
            known = [{"Id": self.books.settings.account, "Number": "01", "Name": "海岳精密"}]
            return answer_json(200, known if self.books.settings.lists_accounts else [])
        if service.startswith(LOGIN_SERVICE):
            return self._log_in(request, service.removeprefix(LOGIN_SERVICE))
        operation = service.removeprefix(FORM_SERVICE)
        asked = _read_body(request)
        trace = Trace(operation, _name_form(operation, asked))
        self.requests.append(trace)
        if operation in READS:
            answer = self._read(request, operation, asked, trace)
        else:
            self.writes += 1
            answer = self._write(request, operation, asked, trace)
        trace.status = answer.status
        return answer

    def _log_in(self, request: Request, method: str) -> Response:
        if method == "LogOut":
            self.sessions.log_out(request.headers)
            return answer_json(200, True)
        try:
            made = self.sessions.log_in(method, _read_list(json.loads(request.body)))
        except BillRefused as refused:
            return answer_json(200, answers.write_login_refusal(refused.complaints[0].message))
        if isinstance(made, str):
            return answer_json(200, answers.write_login_refusal(made))
        settings = self.books.settings
        return _with_cookie(answers.write_login(made.id, settings.account, settings.user), made)

    def _read(self, request: Request, operation: str, asked: list[Any], trace: Trace) -> Response:
        trace.fault = self.faults.draw(READ_FAULTS, operation, trace.form)
        match trace.fault:
            case "read_lost":
                raise NoAnswer
            case "read_error":
                return answers.BROKEN
            case "read_garbage":
                return answers.GARBAGE
            case "read_session_lost":
                self.sessions.lose_all()
        session = None
        try:
            session = self.sessions.admit(request)
            if trace.fault == "read_refused":
                raise BillRefused(LIMIT, "调用次数超过限制")
            return _with_cookie(self._answer_read(operation, asked, trace.form), session)
        except BillRefused as refused:
            failure: Any = answers.write_failure(refused)
            if operation in ("ExecuteBillQuery", "BillQuery"):
                failure = [[failure]] if operation == "ExecuteBillQuery" else [failure]
            return _with_cookie(failure, session)

    def _answer_read(self, operation: str, asked: list[Any], form_name: str) -> Any:
        if self.books.settings.denies(form_name, "Query"):
            raise _deny(_get_form(form_name), "Query")
        if operation in ("ExecuteBillQuery", "BillQuery"):
            keys, rows = run_query(self.books, _as_mapping(asked[0]))
            return rows if operation == "ExecuteBillQuery" else [dict(zip(keys, row, strict=True)) for row in rows]
        if operation == "QueryBusinessInfo":
            return answers.describe_form(_get_form(form_name), self.books.settings.custom_field)
        form, data = _get_form(form_name), _as_mapping(asked[1])
        bill = self.books.take(form, int(data.get("Id") or 0), str(data.get("Number") or ""))
        return {"Result": {"ResponseStatus": None, "Result": {"Id": bill[form.id_key], **_show(bill)}}}

    def _write(self, request: Request, operation: str, asked: list[Any], trace: Trace) -> Response:
        trace.fault = self.faults.draw(WRITE_FAULTS, operation, trace.form)
        if trace.fault == "unreachable":
            raise NoAnswer(connected=False)
        session = None
        try:
            session = self.sessions.admit(request)
            run = self._prepare(operation, asked, session.user)
            return _with_cookie(self._run(run, trace.fault), session)
        except BillRefused as refused:
            return _with_cookie(answers.write_failure(refused), session)
        except _Broken as broken:
            return broken.response

    def _run(self, run: Callable[[], Any], fault: str | None) -> Any:
        match fault:
            case None:
                return run()
            case "lost_before":
                raise NoAnswer
            case "late":
                self.books.postpone(self.faults.draw_delay_s(), run)
                raise NoAnswer
            case "refused":
                raise BillRefused(LIMIT, "调用次数超过限制")
            case "conflict":
                raise BillRefused(BUSY, "网络控制冲突：其他用户正在编辑该单据")
            case "server_error":
                raise _Broken(answers.BROKEN)
            case "session_lost":
                self.sessions.lose_all()
                raise refuse_session()
        with contextlib.suppress(BillRefused):  # nobody will be told
            run()
        if fault == "lost_after":
            raise NoAnswer
        if fault == "session_lost_after":
            self.sessions.lose_all()
            raise refuse_session()
        raise _Broken(answers.GARBAGE if fault == "garbage" else answers.BROKEN)

    def _prepare(self, operation: str, asked: list[Any], by: str) -> Callable[[], Any]:
        form = _get_form(str(asked[0]))
        right = "Cancel" if operation == "ExcuteOperation" else operation.removeprefix("Batch")
        if self.books.settings.denies(form.name, right):
            raise _deny(form, operation)
        data = _as_mapping(asked[-1])
        match operation:
            case "Save" | "Draft":
                return lambda: self._save(form, data, by, draft=operation == "Draft")
            case "BatchSave":
                return lambda: self._save_all(form, data, by)
            case "Submit" | "Audit" | "UnAudit" | "Delete":
                return lambda: self._step(form, data, operation, by)
            case "ExcuteOperation" if str(asked[1]).lower() == "cancel":
                return lambda: self._step(form, data, "Cancel", by)
        raise BillRefused(FAILED, f"服务{operation}不存在")

    def _save(self, form: Form, data: Mapping[str, Any], by: str, *, draft: bool) -> Any:
        bill = save_bill(self.books, form, data, _as_mapping(data.get("Model")), by, draft=draft)
        if str(data.get("IsAutoSubmitAndAudit", "")).lower() == "true":
            self.books.act(form, bill[form.id_key], "Submit", by)
            bill = self.books.act(form, bill[form.id_key], "Audit", by)
        return answers.write_success(form, [bill])

    def _save_all(self, form: Form, data: Mapping[str, Any], by: str) -> Any:
        saved: list[Bill] = []
        failed: list[BillRefused] = []
        for model in data.get("Model") or ():
            try:
                saved.append(save_bill(self.books, form, data, _as_mapping(model), by))
            except BillRefused as refused:
                failed.append(refused)
        return answers.write_success(form, saved, failed)

    def _step(self, form: Form, data: Mapping[str, Any], operation: str, by: str) -> Any:
        """Documents named by id or by number, each by itself."""
        ids = [int(text) for text in str(data.get("Ids") or "").split(",") if text.strip().isdigit()]
        bills = [self.books.take(form, id) for id in ids]
        bills += [self.books.take(form, number=str(number)) for number in data.get("Numbers") or ()]
        if not bills:
            raise BillRefused(NO_ID, "单据内码或编码不能为空")
        done = [self.books.act(form, bill[form.id_key], operation, by) for bill in bills]
        return answers.write_success(form, done)

    # ---- everybody else ----------------------------------------------------------------------------------------

    def _serve_people(self, request: Request, path: list[str]) -> Response:
        body = request.json() if request.method == "POST" else {}
        match request.method, path:
            case "GET", ["simulator", "requests"]:
                return answer_json(200, {"items": [asdict(trace) for trace in self.requests], "writes": self.writes})
            case "GET", ["simulator", "writes"]:
                return answer_json(200, {"writes": self.writes})
            case "POST", ["simulator", "faults"]:
                self.faults.order_next(body["next"], times=body.get("times", 1), form=body.get("form", ""))
                return answer_json(200, {"next": body["next"]})
            case "POST", ["simulator", "restart"]:
                self.sessions.lose_all()
                return answer_json(200, {})
            case "GET", ["people", name]:
                form = _get_form(name)
                return answer_json(200, {"items": [_show(bill) for bill in self.books.all(form)]})
            case "POST", ["people", name]:
                person = Person(self.books, body.pop("by", "李会计"))
                return answer_json(201, _show(person.create(_get_form(name).name, **body)))
            case "POST", ["people", name, id, action] if action in ACTIONS:
                person = Person(self.books, body.pop("by", "李会计"))
                return answer_json(200, _show(person.do(action, _get_form(name).name, int(id), **body)))
        return answer_json(404, {"error": f"there is nothing at {request.method} {request.path}"})


class _Broken(Exception):
    """An answer that is none of the server's."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


def _deny(form: Form, operation: str) -> BillRefused:
    return BillRefused(NO_RIGHT, f"您没有“{form.label}”的“{NAMES.get(operation, operation)}”权限")


def _get_form(name: str) -> Form:
    form = find_form(name)
    if form is None:
        raise BillRefused(FAILED, f"业务对象{name}不存在")
    return form


def _read_body(request: Request) -> list[Any]:
    """The arguments of a call, whichever of the three forms they come in: named, positional, or the old one."""
    try:
        body = json.loads(request.body, parse_float=Decimal)
    except ValueError:
        return [""]
    if not isinstance(body, Mapping):
        return [""]
    if "parameters" in body:
        return _read_list(body)
    named = {str(key).lower(): value for key, value in body.items()}
    found = [named[key] for key in ("formid", "opnumber") if key in named]
    return [*found, named.get("data", {})]


def _read_list(body: Mapping[str, Any]) -> list[Any]:
    """``parameters`` as a list, or as the text of one; texts that hold JSON are left for whoever needs them."""
    values = body.get("parameters", [])
    return list(json.loads(values, parse_float=Decimal) if isinstance(values, str) else values)


def _as_mapping(value: Any) -> Mapping[str, Any]:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = json.loads(value, parse_float=Decimal)
    return value if isinstance(value, Mapping) else {}


def _name_form(operation: str, asked: Sequence[Any]) -> str:
    first = asked[0] if asked else ""
    if operation in ("ExecuteBillQuery", "BillQuery", "QueryBusinessInfo"):
        return str(_as_mapping(first).get("FormId", ""))
    return str(first)


def _with_cookie(value: Any, session: Session | None) -> Response:
    cookie = () if session is None else (("set-cookie", f"{COOKIE}={session.id}; path=/"),)
    return answer_json(200, value, *cookie)


def _show(bill: Bill) -> dict[str, Any]:
    """A document as people who watch see it."""
    return {
        key: [_show(row) for row in value] if isinstance(value, list) else write_value(value)
        for key, value in bill.items()
    }
