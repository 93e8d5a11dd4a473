"""Between hub and ERP: what refuses poison, and who of the hub was hit by which fault."""

from __future__ import annotations

from connectors.sandbox.simulator import ErpRefused, SandboxApi
from connectors.sandbox.simulator.answers import answer_refusal
from hub.sdk.simulator import Request, Response

POISON = "poison"
REFUSAL = "the note cannot be kept"


class Door:
    """Calls of the hub's workers on their way to the ERP."""

    def __init__(self, api: SandboxApi) -> None:
        self._api = api
        self._handle = api.handle
        self.last_fault: str | None = None
        """Of the latest request."""
        self.poisoned = 0

    def handle(self, request: Request) -> Response:
        if request.method != "GET" and POISON.encode() in request.body:
            self.last_fault = "poison"
            self.poisoned += 1
            self._api.writes += 1
            return answer_refusal(ErpRefused("invalid", REFUSAL, "note"))
        before = len(self._api.requests)
        try:
            return self._handle(request)
        finally:
            made = len(self._api.requests) > before or len(self._api.requests) == self._api.requests.maxlen
            self.last_fault = self._api.requests[-1].fault if made else None
