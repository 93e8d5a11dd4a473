"""What a simulator of a vendor's system is built from, and how one is found.

A simulator is one function, ``handle(Request) -> Response``, over state of its own. :func:`serve` puts it on a real
loopback port (one thread for each connection), :class:`HandlerTransport` under an httpx client in the same process.
The function raises :class:`NoAnswer` when the caller must not learn what happened.

Nothing here is imported by ``hub.sdk`` itself: production never loads a simulator.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from hub.errors import ConfigInvalid
from hub.sdk.connector import Connector

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset instead of a polite end."""
CHECK_STOP_S = 0.02
REASONS = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. ``method`` is in capitals. ``path`` is decoded and has no query, ``query`` is it by name (the
    last of a name counts), ``target`` is both as they came; names in ``headers`` are in lower case; ``body`` is raw."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    target: str = ""

    def json(self) -> Any:
        """The body as JSON; ``ValueError`` when it is none. An empty body is an empty object."""
        return json.loads(self.body) if self.body else {}


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer: ``status``, raw ``body``, ``headers`` as (name, value); the length is added."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class NoAnswer(Exception):
    """Raised by a handler: the caller gets no answer. ``connected`` False means that the request never arrived (in
    process ``httpx.ConnectError``), True that it did and nothing came back (``httpx.ReadTimeout``); on a real port the
    connection is reset either way."""

    def __init__(self, *, connected: bool = True) -> None:
        super().__init__("no answer")
        self.connected = connected


Handler = Callable[[Request], Response]
"""What a simulator is: a request in, an answer out."""


def answer_json(status: int, value: Any, *headers: tuple[str, str]) -> Response:
    """A JSON answer; text is UTF-8, not escaped."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, body, (("content-type", "application/json"), *headers))


def parse_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """A Request from what stood on the wire."""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) if parts.query else {}
    return Request(method, unquote(parts.path), query, headers, body, target)


class HandlerTransport(httpx.BaseTransport):
    """An httpx transport that calls the handler in this process: no socket, no thread, same meaning."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode("ascii")
        headers = {name.decode("ascii").lower(): value.decode("latin-1") for name, value in request.headers.raw}
        try:
            answer = self._handle(parse_request(request.method, target, headers, request.read()))
        except NoAnswer as lost:
            if lost.connected:
                raise httpx.ReadTimeout("the answer was lost", request=request) from lost
            raise httpx.ConnectError("the connection was refused", request=request) from lost
        return httpx.Response(answer.status, headers=list(answer.headers), content=answer.body, request=request)


class Server:
    """A handler on a loopback port; made by :func:`serve`, usable in a ``with`` block."""

    def __init__(self, http: _HttpServer) -> None:
        self._http = http
        self._thread = threading.Thread(target=http.serve_forever, args=(CHECK_STOP_S,), name="simulator", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """The address it answers at, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Close the port and cut every open connection. Stopping twice changes nothing."""
        if self._thread.is_alive():
            self._http.shutdown()
            self._http.cut_connections()
            self._http.server_close()
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(handle: Handler, port: int = 0) -> Server:
    """Start ``handle`` on 127.0.0.1; ``port`` 0 takes a free one. ``ConfigInvalid`` when the port is taken."""
    try:
        return Server(_HttpServer(("127.0.0.1", port), handle))
    except OSError as error:
        raise ConfigInvalid("sdk.port_taken", vendor=str(error), port=port) from error


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = False  # so that stopping waits for the threads, which end because their sockets are cut
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handle: Handler) -> None:
        self.handle = handle
        self._open: set[socket.socket] = set()
        self._cut: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _WireHandler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer's own asks the name service for our name

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
            cut = request in self._cut
            self._cut.discard(request)
        if cut:
            request.close()  # with SO_LINGER: a reset, where a shutdown would say goodbye first
        else:
            super().shutdown_request(request)

    def cut(self, connection: socket.socket) -> None:
        """Mark a connection so that it ends with a reset."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        with self._lock:
            self._cut.add(connection)

    def cut_connections(self) -> None:
        """End every open connection; threads that wait for a next request on one wake up and end."""
        with self._lock:
            waiting = list(self._open)
        for connection in waiting:
            with contextlib.suppress(OSError):  # the other side was faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no event here; anything else is a defect of the handler and must be seen."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _WireHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _HttpServer
    raw_requestline: bytes
    _head: dict[str, str]

    def parse_request(self) -> bool:
        """The library's own reads a head with the parser for mail, which takes longer than most answers."""
        words = self.raw_requestline.decode("latin-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            self.requestline, self.request_version, self.command = "", self.protocol_version, ""
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        self.requestline, (self.command, self.path, self.request_version) = " ".join(words), words
        self._head = {}
        while (line := self.rfile.readline().strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            self._head[name.strip().lower()] = value.strip()
        usual = "close" if words[2] == "HTTP/1.0" else "keep-alive"
        self.close_connection = self._head.get("connection", usual).lower() == "close"
        return self._head.get("expect", "").lower() != "100-continue" or self.handle_expect_100()

    def answer(self) -> None:
        body = self.rfile.read(int(self._head.get("content-length") or 0))
        request = parse_request(self.command, self.path, self._head, body)
        try:
            response = self.server.handle(request)
        except NoAnswer:
            self.close_connection = True
            self.server.cut(self.connection)
            return
        self.wfile.write(_write_head(response) + response.body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PROPFIND = do_REPORT = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: whoever wants a log keeps one in the handler."""


def _write_head(response: Response) -> bytes:
    reason = REASONS.get(response.status, "")
    lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{name}: {value}" for name, value in response.headers)]
    if not any(name.lower() == "content-length" for name, _ in response.headers):
        lines.append(f"content-length: {len(response.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class WallClock:
    """Real time, for a simulator that runs by itself."""

    def now(self) -> datetime:
        """The time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Do nothing for so long."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Option:
    """A setting of a simulator: ``default`` is its value when not given, ``choices`` are the values it takes (empty:
    free), ``code`` a message that says what it is."""

    default: str
    choices: tuple[str, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class RunningSimulator:
    """A started simulator at ``url``. ``credentials`` are values for the connector's Config, ready for
    ``connection add``. ``stop`` ends it."""

    url: str
    credentials: Mapping[str, str]
    stop: Callable[[], None]


class Simulator(Protocol):
    """What ``isthmus simulate NAME`` starts. Same seed and same calls give the same history."""

    name: str
    """The connector's name."""
    options: Mapping[str, Option]
    """Settings by name."""
    faults: tuple[str, ...]
    """Names of the faults it knows."""

    def start(self, port: int, seed: int, faults: Mapping[str, float], options: Mapping[str, str]) -> RunningSimulator:
        """Listen on ``port`` (0: a free one). ``faults`` are rates from 0 to 1 by name. ``ConfigInvalid`` names what
        is not known."""
        ...


def load_simulator(connector: type[Connector]) -> Simulator | None:
    """The simulator that a connector ships, or None. The class names it as ``simulator = "package.module:function"``,
    so that it is imported here, when somebody asks, and not with the connector."""
    path = getattr(connector, "simulator", None)
    if path is None:
        return None
    module, _, function = str(path).partition(":")
    made: Simulator = getattr(importlib.import_module(module), function)()
    return made


__all__ = [
    "Handler",
    "HandlerTransport",
    "NoAnswer",
    "Option",
    "Request",
    "Response",
    "RunningSimulator",
    "Server",
    "Simulator",
    "WallClock",
    "answer_json",
    "load_simulator",
    "parse_request",
    "serve",
]
