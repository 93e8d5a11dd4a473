"""The ERP's doors over HTTP: ``/api`` for the integration user, ``/people`` for everybody else, ``/simulator`` for
whoever arranges faults. The last two ask for no password: this server only ever listens on the loopback."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from connectors.sandbox.simulator.answers import (
    GARBAGE,
    answer_error,
    answer_refusal,
    answer_throttled,
    describe,
    normalise_time,
    parse,
    show,
)
from connectors.sandbox.simulator.erp import SandboxErp
from connectors.sandbox.simulator.faults import READ_FAULTS, Faults
from connectors.sandbox.simulator.people import Person
from connectors.sandbox.simulator.shapes import DOCUMENTS, ErpRefused
from connectors.sandbox.simulator.tables import Document
from connectors.sandbox.simulator.writes import Trace, WriteDoor
from hub.sdk.simulator import NoAnswer, Request, Response, answer_json

DEFAULT_PAGE = "100"
KEPT_REQUESTS = 2_000


class SandboxApi:
    """``handle`` answers requests to one ERP; ``faults`` stand between the two."""

    def __init__(self, erp: SandboxErp, faults: Faults | None = None) -> None:
        self.erp = erp
        self.faults = faults or Faults()
        self.writes = 0
        """Writes of the integration user that arrived here, refused and lost ones too."""
        self.requests: deque[Trace] = deque(maxlen=KEPT_REQUESTS)
        self._writes = WriteDoor(erp, self.faults)

    def handle(self, request: Request) -> Response:
        """One request, one at a time. Late writes that are due come first."""
        door, *path = request.path.strip("/").split("/")
        with self.erp.lock:
            self.erp.tick()
            try:
                match door:
                    case "api":
                        return self._answer_user(request, path)
                    case "people":
                        return self._answer_person(request, path)
                    case "simulator":
                        return self._arrange(request, path)
                raise ErpRefused("not_found", f"there is nothing at {request.path}")
            except ErpRefused as refused:
                return answer_refusal(refused)

    def _answer_user(self, request: Request, path: list[str]) -> Response:
        trace = Trace(request.headers.get("x-request-id", ""), request.method, request.target)
        self.requests.append(trace)
        try:
            answer = self._serve_user(request, path, trace)
        except ErpRefused as refused:
            answer = answer_refusal(refused)
        trace.status = answer.status
        return answer

    def _serve_user(self, request: Request, path: list[str], trace: Trace) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.erp.settings.token}":
            return answer_error("unauthorised", "the token is not known")
        if request.method == "GET":
            trace.fault = self.faults.draw(READ_FAULTS, request)
            return self._read(request, path, trace.fault)
        self.writes += 1
        return self._writes.answer(request, path, trace)

    def _read(self, request: Request, path: list[str], fault: str | None) -> Response:
        match fault:
            case "read_lost":
                raise NoAnswer
            case "read_refused":
                return answer_throttled(self.faults.retry_after_s)
            case "read_error":
                return answer_error("failed", "internal error")
            case "read_garbage":
                return GARBAGE
        match path:
            case ["whoami"]:
                return answer_json(200, describe(self.erp.settings))
            case [kind]:
                return self._list(kind, request.query, short=fault == "list_short")
            case [kind, "ids"]:
                ids = self.erp.list_ids(kind)
                return answer_json(200, {"ids": ids[: len(ids) // 4] if fault == "list_short" else ids})
            case [_, _] if fault == "read_hidden":
                raise ErpRefused("not_found", f"there is nothing at {request.path}")
            case [kind, id]:
                found = self.erp.read(kind, id, lagging=fault == "read_stale")
                return answer_json(200, self._show(kind, found))
        raise ErpRefused("not_found", f"there is nothing at {request.path}")

    def _list(self, kind: str, query: Mapping[str, str], *, short: bool) -> Response:
        settings = self.erp.settings
        if "ref_prefix" in query:
            found: Any = self.erp.find(kind, query["ref_prefix"])
            return answer_json(200, {"items": [self._show(kind, row) for row in found]})
        if "tax_id" in query:
            found = self.erp.find_by_tax_id(query["tax_id"])
            return answer_json(200, {"items": [self._show(kind, row) for row in found]})
        limit = min(parse(lambda: int(query.get("limit", DEFAULT_PAGE)), "a number"), settings.max_page)
        since = normalise_time(query["since"]) if query.get("since") else ""
        after = (query["after_time"], query.get("after_id", "")) if query.get("after_time") else None
        found = self.erp.list_changes(kind, since, after, limit)
        rows = [self._show(kind, row) for row in found if settings.lists_deleted or not row.get("deleted")]
        more = len(found) == limit and not short
        position = [found[-1]["modified_at"], found[-1]["id"]] if more else None
        return answer_json(200, {"items": rows, "next": position})

    def _show(self, kind: str, document: Document) -> dict[str, Any]:
        """As the integration user sees it now: what hangs on it has no version of its own."""
        shown = show(kind, document, self.erp.settings)
        return {**shown, "live_children": self.erp.is_held(document)} if kind in DOCUMENTS else shown

    def _answer_person(self, request: Request, path: list[str]) -> Response:
        body = parse(request.json, "JSON")
        person = Person(self.erp, body.pop("by", "李会计"))
        match request.method, path:
            case "GET", [kind]:
                return answer_json(200, {"items": self.erp.documents(kind)})
            case "POST", [kind]:
                return answer_json(201, person.create(kind, **body))
            case "PATCH", [kind, id]:
                return answer_json(200, person.edit(kind, id, **body))
            case "DELETE", [kind, id]:
                person.delete(kind, id)
                return answer_json(200, {"id": id})
            case "POST", ["books", "close"]:
                person.close_books(body.get("through", ""))
                return answer_json(200, {"through": self.erp.closed_through})
            case "POST", [kind, id, action] if kind in DOCUMENTS:
                self.erp.read(kind, id)
                return answer_json(200, person.do(action, id))
        raise ErpRefused("not_found", f"people have no {request.method} {request.path}")

    def _arrange(self, request: Request, path: list[str]) -> Response:
        match request.method, path:
            case "GET", ["requests"]:
                return answer_json(200, {"items": [asdict(trace) for trace in self.requests], "writes": self.writes})
            case "POST", ["faults"]:
                wanted = request.json()
                parse(lambda: self.faults.order_next(wanted["next"], times=wanted.get("times", 1)), "a fault")
                return answer_json(200, {"next": wanted["next"]})
        raise ErpRefused("not_found", f"there is nothing at {request.path}")
