"""The simulator base: the same handler means the same on a port and in process."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from connectors.sandbox import isthmus_connector
from connectors.sandbox.connector import SandboxConnector
from hub.errors import ConfigInvalid
from hub.sdk.simulator import (
    HandlerTransport,
    NoAnswer,
    Request,
    Response,
    answer_json,
    load_simulator,
    parse_request,
    serve,
)

Opener = Callable[[], httpx.Client]


def echo(request: Request) -> Response:
    if request.path == "/silence":
        raise NoAnswer
    if request.path == "/wall":
        raise NoAnswer(connected=False)
    seen = {"method": request.method, "path": request.path, "query": dict(request.query), "body": request.body.decode()}
    seen["token"] = request.headers.get("authorization", "")
    return answer_json(207, seen, ("x-name", "value"))


@contextmanager
def on_port() -> Iterator[httpx.Client]:
    with serve(echo) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


@contextmanager
def in_process() -> Iterator[httpx.Client]:
    with httpx.Client(base_url="http://simulated", transport=HandlerTransport(echo)) as client:
        yield client


@pytest.fixture(params=[on_port, in_process])
def client(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with request.param() as opened:
        yield opened


def test_a_request_arrives_whole_and_the_answer_comes_back(client: httpx.Client):
    answer = client.patch(
        "/客户/1", params={"q": "a b&c", "empty": ""}, json={"名称": "海岳"}, headers={"Authorization": "Bearer x"}
    )
    assert answer.status_code == 207
    assert answer.headers["x-name"] == "value"
    seen = answer.json()
    assert seen["path"] == "/客户/1"
    assert seen["query"] == {"q": "a b&c", "empty": ""}
    assert json.loads(seen["body"]) == {"名称": "海岳"}
    assert seen["token"] == "Bearer x"


def test_silence_is_a_transport_error_and_not_a_failure_to_connect(client: httpx.Client):
    with pytest.raises(httpx.TransportError) as caught:
        client.post("/silence")
    assert not isinstance(caught.value, httpx.ConnectError)
    assert client.get("/after").status_code == 207


def test_in_process_an_unreachable_server_is_a_failure_to_connect():
    with in_process() as client, pytest.raises(httpx.ConnectError):
        client.get("/wall")


def test_a_stopped_server_refuses_connections_and_frees_its_port():
    server = serve(echo)
    with httpx.Client(trust_env=False) as client:
        assert client.get(server.url).status_code == 207
        server.stop()
        server.stop()
        with pytest.raises(httpx.TransportError):
            client.get(server.url)
    again = serve(echo, server.port)
    again.stop()


def test_a_taken_port_is_named():
    with serve(echo) as server, pytest.raises(ConfigInvalid, match=str(server.port)):
        serve(echo, server.port)


def test_stopping_wakes_connections_that_say_nothing():
    server = serve(echo)
    with socket.create_connection(("127.0.0.1", server.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert idle.recv(16).startswith(b"HTTP/1.1 207")
        server.stop()
        idle.settimeout(5)
        while idle.recv(4096):  # the rest of the answer, then the end; a connection left open would time out
            pass


def test_requests_are_answered_side_by_side():
    both = threading.Barrier(2, timeout=10)

    def meet(request: Request) -> Response:
        both.wait()
        return Response(204)

    with serve(meet) as server, httpx.Client(base_url=server.url, trust_env=False) as client:
        other = threading.Thread(target=client.get, args=("/",))
        other.start()
        assert client.get("/").status_code == 204
        other.join()


def test_an_empty_body_is_an_empty_object():
    assert parse_request("POST", "/a?b=c", {}, b"").json() == {}


def test_a_connector_names_its_simulator():
    simulator = load_simulator(isthmus_connector())
    assert simulator is not None
    assert simulator.name == "sandbox"


def test_a_connector_may_have_none():
    class Plain(SandboxConnector):
        simulator = None  # type: ignore[assignment]  # as a connector that names none

    assert load_simulator(Plain) is None


def test_production_does_not_load_simulators():
    code = (
        "import sys; from connectors.sandbox import isthmus_connector; isthmus_connector();"
        "print([m for m in sys.modules if m.endswith('simulator') or m == 'http.server'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def speak(port: int, *parts: bytes) -> bytes:
    """What comes back until the server closes; a part is sent when the one before was answered."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        heard = b""
        for place, part in enumerate(parts):
            line.sendall(part)
            if place < len(parts) - 1:
                heard += line.recv(4096)
        while more := line.recv(4096):
            heard += more
    return heard


def test_a_head_is_read_as_clients_write_it():
    """Blanks around a value, capitals in a name, a body that waits for its permission, and an old client."""
    seen: list[Request] = []

    def answer(request: Request) -> Response:
        seen.append(request)
        return answer_json(200, {"got": request.body.decode()})

    with serve(answer) as server:
        head = (
            b"POST /k3/a%20b?c=1 HTTP/1.1\r\nHost: x\r\nX-Many:  one: two \r\nExpect: 100-Continue\r\n"
            b"Content-Length: 2\r\nConnection: Close\r\n\r\n"
        )
        heard = speak(server.port, head, b"ok")
        assert heard.startswith(b"HTTP/1.1 100 ")
        assert heard.endswith(b'{"got":"ok"}')
        assert speak(server.port, b"GET / HTTP/1.0\r\n\r\n").endswith(b'{"got":""}'), "and then it is closed"
        assert speak(server.port, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert (seen[0].path, seen[0].query, seen[0].headers["x-many"]) == ("/k3/a b", {"c": "1"}, "one: two")
    assert len(seen) == 2
