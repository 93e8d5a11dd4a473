"""A proxy on the loopback that does to a real server what networks do: answers lost after the commit, refusals, cuts.

    with FaultProxy("http://127.0.0.1:8000") as proxy:
        proxy.lose_next_answer(calls("model.sale.sale.create"))
        ...  # the client talks to proxy.url; its create arrives, and no answer comes back

Each order is used up by the first request that matches it; requests that match none pass unchanged.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from hub.sdk.simulator import NoAnswer, Request, Response, Server, answer_json, serve

Match = Callable[[Request], bool]
UPSTREAM_TIMEOUT_S = 120.0
HOP_BY_HOP = {
    "connection", "content-length", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
    "transfer-encoding", "upgrade",
}  # fmt: skip
PASSED, ANSWER_LOST, CUT, ANSWERED, HELD, UPSTREAM_AWAY = (
    "passed", "answer lost", "cut", "answered by the proxy", "held", "upstream away",
)  # fmt: skip


def any_request(request: Request) -> bool:
    return True


def calls(method: str) -> Match:
    """Matches a JSON-RPC call of exactly this method, such as ``model.sale.sale.create``."""
    return lambda request: read_rpc_method(request) == method


def has_method(*methods: str) -> Match:
    """Matches by HTTP method."""
    return lambda request: request.method in methods


def read_rpc_method(request: Request) -> str | None:
    """``method`` of a JSON-RPC body; None when the body is something else."""
    try:
        body: Any = request.json()
    except ValueError:
        return None
    return body.get("method") if isinstance(body, dict) else None


@dataclass
class Seen:
    """One request that came to the proxy. ``status`` is upstream's (or the proxy's own) answer, None when there was
    none; ``what`` is what the proxy did."""

    request: Request
    what: str = PASSED
    status: int | None = None

    @property
    def rpc_method(self) -> str | None:
        return read_rpc_method(self.request)


@dataclass
class Held:
    """A request that waits at the proxy. After :meth:`release` it goes on, whether or not its sender still waits: so a
    write is applied late. ``arrived`` and ``done`` are set when it came and when upstream has answered."""

    arrived: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    _go: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        self._go.set()

    def wait(self) -> None:
        self.arrived.set()
        self._go.wait()


@dataclass
class _Order:
    match: Match
    what: str
    times: int = 1
    answer: Response | None = None
    held: Held | None = None


class FaultProxy:
    """Stands in front of ``upstream_url``; ``url`` is its own address, ``log`` what it saw, in order of arrival."""

    def __init__(self, upstream_url: str) -> None:
        # No connection is kept: one that upstream has closed meanwhile would look like a lost answer of ours.
        self._upstream = httpx.Client(
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )
        self._upstream_url = upstream_url.rstrip("/")
        self._orders: list[_Order] = []
        self._held: list[Held] = []
        self._lock = threading.Lock()
        self.log: list[Seen] = []
        self._server: Server | None = serve(self._handle)
        self._port = self._server.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def lose_next_answer(self, match: Match = any_request, times: int = 1) -> None:
        """The request reaches the server and is carried out; its sender sees the connection reset."""
        self._add(_Order(match, ANSWER_LOST, times))

    def cut_next(self, match: Match = any_request, times: int = 1) -> None:
        """The connection is reset before anything reaches the server."""
        self._add(_Order(match, CUT, times))

    def answer_next(
        self,
        status: int,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        match: Match = any_request,
        times: int = 1,
    ) -> None:
        """The proxy answers by itself; nothing reaches the server."""
        self._add(_Order(match, ANSWERED, times, Response(status, body, tuple((headers or {}).items()))))

    def refuse_next(self, match: Match = any_request, times: int = 1, *, retry_after_s: float = 1) -> None:
        """429 with Retry-After; nothing reaches the server."""
        answer = answer_json(429, {"error": "too many requests"}, ("retry-after", f"{retry_after_s:g}"))
        self._add(_Order(match, ANSWERED, times, answer))

    def garble_next(self, match: Match = any_request, times: int = 1) -> None:
        """An HTML page with status 200, as gateways send it; nothing reaches the server."""
        self.answer_next(200, {"content-type": "text/html"}, b"<html><body>Gateway</body></html>", match, times)

    def hold_next(self, match: Match = any_request) -> Held:
        """The request waits at the proxy until it is released."""
        held = Held()
        self._held.append(held)
        self._add(_Order(match, HELD, held=held))
        return held

    def down(self) -> None:
        """Nobody listens any more: open connections end, new ones are refused."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def up(self) -> None:
        """Listen again, at the same address."""
        if self._server is None:
            self._server = serve(self._handle, self._port)

    def close(self) -> None:
        """End everything; requests that are held are let go first."""
        for held in self._held:
            held.release()
        self.down()
        self._upstream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _add(self, order: _Order) -> None:
        with self._lock:
            self._orders.append(order)

    def _take(self, request: Request) -> tuple[Seen, _Order | None]:
        with self._lock:
            seen = Seen(request)
            self.log.append(seen)
            for order in self._orders:
                if order.match(request):
                    order.times -= 1
                    if not order.times:
                        self._orders.remove(order)
                    seen.what = order.what
                    return seen, order
        return seen, None

    def _handle(self, request: Request) -> Response:
        seen, order = self._take(request)
        if order is None:
            return self._forward(seen)
        if order.what == CUT:
            raise NoAnswer
        if order.answer is not None:
            seen.status = order.answer.status
            return order.answer
        if order.held is not None:
            order.held.wait()
            try:
                return self._forward(seen)
            finally:
                order.held.done.set()
        self._forward(seen)
        raise NoAnswer

    def _forward(self, seen: Seen) -> Response:
        request = seen.request
        try:
            with contextlib.closing(self._upstream.send(self._copy(request), stream=True)) as answer:
                body = b"".join(answer.iter_raw())  # raw: a compressed body stays as it is
        except httpx.TransportError as error:
            seen.what = UPSTREAM_AWAY
            raise NoAnswer from error
        seen.status = answer.status_code
        kept = [(name, value) for name, value in answer.headers.multi_items() if name not in HOP_BY_HOP]
        return Response(answer.status_code, body, tuple(kept))

    def _copy(self, request: Request) -> httpx.Request:
        """The request as it came; made by hand because the client would add headers of its own."""
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        timeout = httpx.Timeout(UPSTREAM_TIMEOUT_S).as_dict()
        url = self._upstream_url + request.target
        return httpx.Request(
            request.method, url, headers=headers, content=request.body, extensions={"timeout": timeout}
        )
