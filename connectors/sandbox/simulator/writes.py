"""Writes of the integration user, and what faults make of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.simulator.answers import (
    GARBAGE,
    answer_error,
    answer_throttled,
    parse,
    tell,
    write_error,
)
from connectors.sandbox.simulator.erp import SandboxErp
from connectors.sandbox.simulator.faults import BATCH_FAULTS, ITEM_FAULTS, WRITE_FAULTS, Faults
from connectors.sandbox.simulator.shapes import DOCUMENTS, ErpRefused
from connectors.sandbox.simulator.tables import Document
from hub.sdk.simulator import NoAnswer, Request, Response, answer_json

Run = Callable[[], Response]
USER_ACTIONS = ("submit", "approve", "reopen", "void")


@dataclass(slots=True)
class Trace:
    """One request of the integration user. ``fault`` was done to it; ``status`` is None when no answer left."""

    request_id: str
    method: str
    target: str
    fault: str | None = None
    status: int | None = None


class WriteDoor:
    """Everything below ``/api`` that is not a GET."""

    def __init__(self, erp: SandboxErp, faults: Faults) -> None:
        self._erp = erp
        self._faults = faults

    def answer(self, request: Request, path: list[str], trace: Trace) -> Response:
        """The answer; what was done to it is written into ``trace``."""
        body = parse(request.json, "JSON")
        if not isinstance(body, dict):
            raise ErpRefused("invalid", "the body must be a JSON object")
        if request.method == "POST" and path[1:] == ["batch"]:
            return self._answer_batch(request, path[0], body, trace)
        run = self._prepare(request, path, body)
        trace.fault = self._faults.draw(WRITE_FAULTS, request)
        return self._run(run, trace.fault)

    def _prepare(self, request: Request, path: list[str], body: dict[str, Any]) -> Run:
        erp, if_version = self._erp, body.get("if_version")
        match request.method, path:
            case "POST", [kind]:
                return lambda: self._answer_written(self._create(kind, body), 201)
            case "PATCH", [kind, id]:
                changes = body.get("changes", {})
                return lambda: self._answer_written(erp.change(kind, id, changes, if_version=if_version))
            case "POST", [kind, id, action] if action in USER_ACTIONS and kind in DOCUMENTS:
                erp.read(kind, id)
                return lambda: self._answer_written(erp.act(action, id, if_version=if_version))
            case "POST", ["partner", id, "merge"]:
                into = str(body.get("into") or "")
                return lambda: self._answer_written(erp.merge(id, into, if_version=if_version))
            case "DELETE", [kind, id]:
                return lambda: self._delete(kind, id, if_version)
        raise ErpRefused("not_found", f"there is no {request.method} {request.path}")

    def _run(self, run: Run, fault: str | None) -> Response:
        match fault:
            case None:
                return run()
            case "unreachable":
                raise NoAnswer(connected=False)
            case "lost_before":
                raise NoAnswer
            case "late":
                self._erp.postpone(self._faults.draw_delay_s(), run)
                raise NoAnswer
            case "refused":
                return answer_throttled(self._faults.retry_after_s)
            case "server_error":
                return answer_error("failed", "internal error")
        with contextlib.suppress(ErpRefused):  # nobody will be told
            run()
        if fault == "lost_after":
            raise NoAnswer
        return GARBAGE if fault == "garbage" else answer_error("failed", "internal error")

    def _answer_batch(self, request: Request, kind: str, body: dict[str, Any], trace: Trace) -> Response:
        items, most = body.get("items"), self._erp.settings.max_batch
        if not isinstance(items, list) or len(items) > most:
            raise ErpRefused("invalid", f"items must be a list of at most {most}", "items")
        trace.fault = self._faults.draw({**WRITE_FAULTS, **BATCH_FAULTS}, request)
        if trace.fault == "batch_partial":
            for item in items:
                self._create_perhaps(kind, item)
            raise NoAnswer
        return self._run(lambda: self._create_all(request, kind, items), trace.fault)

    def _create_all(self, request: Request, kind: str, items: list[Any]) -> Response:
        results = []
        for item in items:
            if self._faults.draw(ITEM_FAULTS, request):
                results.append(write_error("throttled", "too many requests"))
                continue
            try:
                results.append(tell(self._create(kind, item), self._erp.settings))
            except ErpRefused as refused:
                results.append(write_error(refused.code, refused.message, refused.field))
        return answer_json(200, {"results": results})

    def _create_perhaps(self, kind: str, item: Any) -> None:
        """One item of a batch that gets no answer: half are applied, a quarter will be, a quarter never."""
        place = self._faults.random.random()
        if place < 0.5:
            with contextlib.suppress(ErpRefused):  # nobody will be told
                self._create(kind, item)
        elif place < 0.75:
            self._erp.postpone(self._faults.draw_delay_s(), lambda: self._create(kind, item))

    def _create(self, kind: str, body: Any) -> Document:
        if not isinstance(body, dict):
            raise ErpRefused("invalid", "a document must be a JSON object")
        values = {name: value for name, value in body.items() if name != "our_ref"}
        return self._erp.create(kind, values, our_ref=body.get("our_ref", ""))

    def _delete(self, kind: str, id: str, if_version: int | None) -> Response:
        self._erp.delete(kind, id, if_version=if_version)
        return answer_json(200, {"id": id})

    def _answer_written(self, document: Document, status: int = 200) -> Response:
        return answer_json(status, tell(document, self._erp.settings))
