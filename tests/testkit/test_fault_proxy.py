"""The fault proxy: what reaches the server and what its caller sees are two things."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Iterator

import httpx
import pytest

from hub.sdk.simulator import Request, Response, Server, serve
from hub.testkit.fault_proxy import FaultProxy, calls, has_method


class Counter:
    """A JSON-RPC server with one number; ``arrived`` lists the methods that were carried out."""

    def __init__(self) -> None:
        self.arrived: list[str] = []
        self.headers: list[dict[str, str]] = []

    def handle(self, request: Request) -> Response:
        method = request.json().get("method", request.method)
        self.arrived.append(method)
        self.headers.append(dict(request.headers))
        body = json.dumps({"result": len(self.arrived), "target": request.target}).encode()
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(200, gzip.compress(body), (("content-encoding", "gzip"), ("set-cookie", "a=1")))
        return Response(200, body)


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
def upstream(counter: Counter) -> Iterator[Server]:
    with serve(counter.handle) as server:
        yield server


@pytest.fixture
def proxy(upstream: Server) -> Iterator[FaultProxy]:
    with FaultProxy(upstream.url) as made:
        yield made


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=proxy.url, trust_env=False, timeout=10) as made:
        yield made


def call(client: httpx.Client, method: str) -> httpx.Response:
    return client.post("/db/rpc/?x=1", json={"id": 1, "method": method, "params": []})


def test_without_orders_everything_passes_unchanged(client, counter, proxy):
    answer = call(client, "model.party.create")
    assert answer.json() == {"result": 1, "target": "/db/rpc/?x=1"}
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["set-cookie"] == "a=1"
    assert [(seen.what, seen.status, seen.rpc_method) for seen in proxy.log] == [("passed", 200, "model.party.create")]


def test_the_proxy_adds_no_header_of_its_own(proxy, counter):
    with httpx.Client(base_url=proxy.url, trust_env=False) as client:
        request = httpx.Request("POST", f"{proxy.url}/", headers={"x-mine": "1"}, content=b"{}")
        client.send(request)
    assert counter.headers[0].keys() == {"x-mine", "host", "content-length"}


def test_a_lost_answer_was_carried_out(client, counter, proxy):
    proxy.lose_next_answer(calls("model.sale.create"))
    assert call(client, "model.sale.read").status_code == 200
    with pytest.raises(httpx.TransportError) as caught:
        call(client, "model.sale.create")
    assert not isinstance(caught.value, httpx.ConnectError | httpx.TimeoutException)
    assert counter.arrived == ["model.sale.read", "model.sale.create"]
    assert (proxy.log[1].what, proxy.log[1].status) == ("answer lost", 200)
    assert call(client, "model.sale.create").status_code == 200


def test_a_cut_request_was_not_carried_out(client, counter, proxy):
    proxy.cut_next(times=2)
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            call(client, "a")
    assert counter.arrived == []
    assert call(client, "b").status_code == 200


def test_the_proxy_can_refuse_and_answer_by_itself(client, counter, proxy):
    proxy.refuse_next(has_method("POST"), retry_after_s=7)
    proxy.garble_next(calls("b"))
    proxy.answer_next(500, {"content-type": "text/plain"}, b"boom", calls("c"))
    refused, garbled, failed = call(client, "a"), call(client, "b"), call(client, "c")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "7")
    assert (garbled.status_code, garbled.text[:6]) == (200, "<html>")
    assert (failed.status_code, failed.text) == (500, "boom")
    assert counter.arrived == []


def test_a_held_request_is_carried_out_after_its_sender_gave_up(proxy, counter):
    held = proxy.hold_next(calls("late"))
    with httpx.Client(base_url=proxy.url, trust_env=False, timeout=0.2) as hasty, pytest.raises(httpx.ReadTimeout):
        call(hasty, "late")
    assert held.arrived.is_set()
    assert counter.arrived == []
    held.release()
    assert held.done.wait(10)
    assert counter.arrived == ["late"]


def test_down_refuses_connections_and_up_listens_at_the_same_address(client, counter, proxy):
    call(client, "before")
    proxy.down()
    with pytest.raises(httpx.TransportError):
        call(client, "meanwhile")
    with pytest.raises(httpx.ConnectError):
        call(client, "meanwhile")
    proxy.up()
    assert call(client, "after").status_code == 200
    assert counter.arrived == ["before", "after"]


def test_a_dead_server_behind_the_proxy_gives_no_answer(client, upstream, proxy):
    upstream.stop()
    with pytest.raises(httpx.TransportError):
        call(client, "a")
    assert proxy.log[0].what == "upstream away"


def test_closing_lets_held_requests_go(upstream, counter):
    proxy = FaultProxy(upstream.url)
    held = proxy.hold_next()

    def send() -> None:
        client = httpx.Client(base_url=proxy.url, trust_env=False, timeout=10)
        with client, contextlib.suppress(httpx.TransportError):  # whether the answer still gets out is a race
            call(client, "held")

    sender = threading.Thread(target=send)
    sender.start()
    assert held.arrived.wait(10)
    proxy.close()
    sender.join(10)
    assert not sender.is_alive()
    assert counter.arrived == ["held"]
