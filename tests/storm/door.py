"""Between hub and ERP: what refuses poison, who of the hub was hit by which fault, and what goes wrong the likelier the
seldomer a call is."""

from __future__ import annotations

import random

from connectors.sandbox.simulator import USER, ErpRefused, SandboxApi
from connectors.sandbox.simulator.answers import answer_refusal
from connectors.sandbox.simulator.faults import WRITE_FAULTS
from hub.sdk.simulator import Request, Response

POISON = "poison"
REFUSAL = "the note cannot be kept"
SELDOM = 0.65
"""How likely a write goes wrong that comes seldom: to a draft of ours, or one that confirms, ends or removes."""
SELDOM_STALE = 0.3
"""How likely a read of such a document is answered from the lagging copy."""


class Door:
    """Calls of the hub's workers on their way to the ERP. ``picky``: seldom ones go wrong more often."""

    def __init__(self, api: SandboxApi, chance: random.Random, *, picky: bool) -> None:
        self._api = api
        self._handle = api.handle
        self._picky = picky
        self._ending: set[str] = set()
        self.chance = chance
        self.last_fault: str | None = None
        """Of the latest request."""
        self.poisoned = 0

    def handle(self, request: Request) -> Response:
        if request.method != "GET" and POISON.encode() in request.body:
            self.last_fault = "poison"
            self.poisoned += 1
            self._api.writes += 1
            return answer_refusal(ErpRefused("invalid", REFUSAL, "note"))
        if self._picky and self._api.faults.active:
            self._order_fault(request)
        before = len(self._api.requests)
        try:
            return self._handle(request)
        finally:
            made = len(self._api.requests) > before or len(self._api.requests) == self._api.requests.maxlen
            self.last_fault = self._api.requests[-1].fault if made else None

    def _order_fault(self, request: Request) -> None:
        """Perhaps something goes wrong with this very call."""
        if not self._is_seldom(request.method, request.path.strip("/").split("/")[1:]):
            return
        roll = self.chance.random()
        if request.method == "GET" and roll < SELDOM_STALE:
            self._api.faults.order_next("read_stale", lambda call: call is request)
        elif request.method != "GET" and roll < SELDOM:
            fault = self.chance.choice(sorted(WRITE_FAULTS))
            self._api.faults.order_next(fault, lambda call: call is request)

    def _is_seldom(self, method: str, path: list[str]) -> bool:
        match method, path:
            case "DELETE", _:
                return True
            case "POST", [_, id_, action]:
                if action == "void":
                    self._ending.add(id_)
                return True
            case "GET" | "PATCH", ["sale" | "payment" as kind, id_]:
                return id_ in self._ending or self._is_early(kind, id_)
        return False

    def _is_early(self, kind: str, id_: str) -> bool:
        rows = (row for row in self._api.erp.documents(kind) if row["id"] == id_)
        found = next(rows, None)
        return found is not None and found["created_by"] == USER and found["status"] in ("draft", "submitted")
