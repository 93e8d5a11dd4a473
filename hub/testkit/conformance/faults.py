"""A transport that does to any HTTP connector what networks and gateways do. Authors need no faults of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

Match = Callable[[httpx.Request], bool]
Act = Callable[[httpx.BaseTransport, httpx.Request], httpx.Response]
ALWAYS = 1_000_000
HTML = b"<html><body><h1>Gateway</h1><p>Please log in again.</p></body></html>"


def lose_answer(inner: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    """The request is carried out, its answer never arrives."""
    inner.handle_request(request).read()
    raise httpx.ReadTimeout("conformance: the answer was lost", request=request)


def refuse_connection(inner: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    """Nobody listens: the request never left."""
    raise httpx.ConnectError("conformance: the connection was refused", request=request)


def truncate(inner: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
    """The request is carried out; half of its answer arrives."""
    answer = inner.handle_request(request)
    body = answer.read()
    return httpx.Response(answer.status_code, content=body[: len(body) // 2] or b"{", request=request)


def answer_with(status: int, body: bytes, headers: Mapping[str, str] | None = None, *, forward: bool = False) -> Act:
    """This answer instead of the real one. ``forward``: the request is carried out nevertheless."""

    def act(inner: httpx.BaseTransport, request: httpx.Request) -> httpx.Response:
        if forward:
            inner.handle_request(request).read()
        return httpx.Response(status, headers=dict(headers or {}), content=body, request=request)

    return act


@dataclass
class _Order:
    match: Match
    act: Act
    skip: int
    times: int


class FaultTransport(httpx.BaseTransport):
    """Stands around ``inner``; ``sent`` counts the requests and the writes among them."""

    def __init__(self, inner: httpx.BaseTransport, is_write: Match) -> None:
        self._inner = inner
        self._is_write = is_write
        self._order: _Order | None = None
        self.sent = 0
        self.writes = 0
        self.struck = 0
        """How many requests a fault was done to."""

    def strike(self, act: Act, match: Match | None = None, *, skip: int = 0, times: int = 1) -> None:
        """Do this to the next ``times`` requests that match (every one when ``match`` is None), after ``skip``."""
        self._order = _Order(match or (lambda request: True), act, skip, times)
        self.struck = 0

    def strike_write(self, act: Act, *, skip: int = 0, times: int = 1) -> None:
        self.strike(act, self._is_write, skip=skip, times=times)

    def calm(self) -> None:
        """No more faults."""
        self._order = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent += 1
        self.writes += self._is_write(request)
        order = self._order
        if order is not None and order.match(request):
            if order.skip:
                order.skip -= 1
            elif order.times:
                order.times -= 1
                self.struck += 1
                return order.act(self._inner, request)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """The inner transport belongs to the lab, which makes several clients over it."""
