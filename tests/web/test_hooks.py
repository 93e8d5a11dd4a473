"""The door for calls of other systems, on a real port."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.webhook.simulator import sign
from hub.errors import Transient
from hub.runtime.up import Engine
from hub.store import UnitOfWork
from hub.store.event_rows import Event
from tests.runtime.stage import TurnedClock
from tests.web.conftest import ENVIRON, SECRET

BODY = json.dumps({"type": "customer.created", "data": {"id": "c1", "name": "海岳", "updated_at": 1}}).encode()


def signed(clock: TurnedClock, body: bytes = BODY, id: str = "msg_1", secret: str = SECRET) -> dict[str, str]:
    sent_s = int(clock.now().timestamp())
    return {**sign("standard-webhooks", secret, id, "t", sent_s, body), "Content-Type": "application/json"}


def post(caller: httpx.Client, clock: TurnedClock, body: bytes = BODY, id: str = "msg_1") -> httpx.Response:
    return caller.post("/hooks/shop", content=body, headers=signed(clock, body, id))


def list_events(engine: Engine) -> list[Event]:
    with engine.pool.store.read() as tx:
        return tx.find(Event, order=["received_at", "id"])


def test_a_call_that_proves_itself_is_on_the_disk_before_it_is_answered(
    caller: httpx.Client, hook_clock: TurnedClock, hook_engine: Engine
):
    headers = {**signed(hook_clock), "Authorization": "Bearer x", "Cookie": "a=b", "X-Topic": "c"}
    answer = caller.post("/hooks/shop?a=1", content=BODY, headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["cache-control"] == "no-store"
    event = list_events(hook_engine)[0]
    assert (event.connection, event.key, event.body, event.state) == ("shop", "msg_1", BODY, "new")
    assert (event.method, event.target) == ("POST", "/hooks/shop?a=1")
    assert event.headers["x-topic"] == "c"
    assert {"authorization", "cookie", "webhook-signature"} & event.headers.keys() == set()


def test_the_same_delivery_again_is_no_new_work(caller: httpx.Client, hook_clock: TurnedClock, hook_engine: Engine):
    told: list[Any] = []
    hook_engine.pool.store.read()  # the store is open
    for _ in range(3):
        hook_clock.turn(10)  # the attempt's own time changes, the id does not
        assert post(caller, hook_clock).status_code == 200
        told.append(len(list_events(hook_engine)))
    assert told == [1, 1, 1]


def test_calls_at_the_same_time_share_commits(caller: httpx.Client, hook_clock: TurnedClock, hook_engine: Engine):
    commits = []
    write = hook_engine.pool.store.write

    def counting() -> Any:
        commits.append(1)
        return write()

    hook_engine.pool.store.write = counting  # type: ignore[method-assign]  # it counts and does the same
    hold = hook_engine.pool.store.write()
    hold.__enter__()  # the disk is slow: everybody gathers behind this transaction
    with ThreadPoolExecutor(30) as callers:
        answers = [callers.submit(post, caller, hook_clock, BODY, f"msg_{place}") for place in range(30)]
        hold.__exit__(None, None, None)
        assert [answer.result().status_code for answer in answers] == [200] * 30
    assert len(list_events(hook_engine)) == 30
    assert len(commits) < 30


def test_who_cannot_prove_himself_hears_the_same_everywhere(caller: httpx.Client, hook_clock: TurnedClock):
    forged = {**signed(hook_clock), "Webhook-Signature": "v1,AAAA"}
    old = signed(hook_clock)
    answers = [
        caller.post("/hooks/shop", content=BODY, headers=forged),
        caller.post("/hooks/nobody", content=BODY, headers=forged),
        caller.post("/hooks/nobody", content=BODY, headers=signed(hook_clock)),
        caller.post("/hooks/shop", content=BODY),
        caller.post("/hooks/shop", content=BODY + b" ", headers=signed(hook_clock)),
        caller.get("/hooks/shop"),
        caller.get("/hooks/nobody"),
        caller.options("/hooks/nobody"),
    ]
    hook_clock.turn(301)
    answers.append(caller.post("/hooks/shop", content=BODY, headers=old))
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {b""}
    assert len({tuple(sorted(set(answer.headers) - {"date"})) for answer in answers}) == 1


def test_either_secret_is_good_while_one_is_changed(caller: httpx.Client, hook_clock: TurnedClock):
    headers = signed(hook_clock, secret=ENVIRON["SHOP_SECRET_2"])
    assert caller.post("/hooks/shop", content=BODY, headers=headers).status_code == 200


def test_a_body_that_is_too_long_is_not_read_to_its_end(caller: httpx.Client, hook_clock: TurnedClock):
    def drip() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1024

    long = b"x" * (9 * 1024)
    assert caller.post("/hooks/shop", content=long, headers=signed(hook_clock, long)).status_code == 413
    assert caller.post("/hooks/shop", content=drip(), headers=signed(hook_clock)).status_code == 413
    fits = b" " * 7000 + BODY
    assert post(caller, hook_clock, fits, "msg_long").status_code == 200


def test_compressed_bodies_are_refused(caller: httpx.Client, hook_clock: TurnedClock):
    headers = {**signed(hook_clock), "Content-Encoding": "gzip"}
    assert caller.post("/hooks/shop", content=BODY, headers=headers).status_code == 415


def test_a_body_that_does_not_come_is_not_waited_for(
    hook_address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, hook_clock: TurnedClock
):
    monkeypatch.setattr("hub.web.hooks.BODY_TIME_S", 0.2)
    head = "POST /hooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc"
    assert talk(hook_address, head.encode(), half_close=False).startswith(b"HTTP/1.1 408")


def test_other_methods_are_none(caller: httpx.Client):
    assert {caller.request(method, "/hooks/shop").status_code for method in ("PUT", "PATCH", "DELETE")} == {405}


def test_slack_hears_its_challenge_and_nothing_is_kept(
    caller: httpx.Client, hook_clock: TurnedClock, hook_engine: Engine
):
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB"}).encode()
    stamp = str(int(hook_clock.now().timestamp()))
    key = ENVIRON["CHAT_SECRET"].encode()
    signature = "v0=" + hmac.new(key, b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    answer = caller.post("/hooks/chat", content=body, headers=headers)
    assert (answer.status_code, answer.text) == (200, "3eZbrw1aB")
    assert (
        caller.post("/hooks/chat", content=body, headers={**headers, "X-Slack-Signature": "v0=00"}).status_code == 401
    )
    assert list_events(hook_engine) == []


def test_cloudevents_asks_beforehand(caller: httpx.Client):
    asked = {"WebHook-Request-Origin": "shop.example.com", "WebHook-Request-Rate": "120"}
    answer = caller.options("/hooks/shop", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["webhook-allowed-origin"] == "shop.example.com"
    assert "POST" in answer.headers["allow"]
    stranger = {"WebHook-Request-Origin": "evil.example.com"}
    assert caller.options("/hooks/shop", headers=stranger).status_code == 401


def test_too_many_calls_are_asked_to_come_later(caller: httpx.Client, hook_clock: TurnedClock, hook_engine: Engine):
    headers = sign("github", ENVIRON["CHAT_SECRET"], "1", "push", 0, BODY)
    assert caller.post("/hooks/calm", content=BODY, headers=headers).status_code == 200
    answer = caller.post("/hooks/calm", content=BODY, headers=headers)
    assert answer.status_code == 429
    assert 80 <= int(answer.headers["retry-after"]) <= 100
    assert caller.post("/hooks/calm", content=BODY).status_code == 401, "strangers use nothing up"
    assert post(caller, hook_clock).status_code == 200, "each connection has a limit of its own"
    assert len(list_events(hook_engine)) == 2


def test_a_store_that_is_away_is_no_yes(
    caller: httpx.Client, hook_clock: TurnedClock, hook_engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    assert post(caller, hook_clock).status_code == 200

    def refuse() -> Any:
        raise Transient("store.unreachable", what="gone")

    with monkeypatch.context() as away:
        away.setattr(hook_engine.pool.store, "write", refuse)
        answer = post(caller, hook_clock, BODY, "msg_2")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert [event.key for event in list_events(hook_engine)] == ["msg_1"]
    assert post(caller, hook_clock, BODY, "msg_2").status_code == 200


def test_one_row_that_no_database_takes_harms_no_other(
    caller: httpx.Client, hook_clock: TurnedClock, hook_engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    from hub.errors import RuleBroken

    insert = UnitOfWork.insert_new

    def picky(tx: UnitOfWork, rows: list[Event]) -> int:
        if any(row.key == "msg_bad" for row in rows):
            raise RuleBroken("store.value_refused", what="a NUL")
        return insert(tx, rows)

    monkeypatch.setattr(UnitOfWork, "insert_new", picky)
    gate = threading.Barrier(8)

    def call(id: str) -> int:
        gate.wait()
        return post(caller, hook_clock, BODY, id).status_code

    ids = ["msg_bad", *(f"msg_{place}" for place in range(7))]
    with ThreadPoolExecutor(8) as callers:
        statuses = list(callers.map(call, ids))
    assert statuses == [400, *[200] * 7]


def test_a_connection_without_its_secret_asks_to_come_again(caller: httpx.Client):
    answer = caller.post("/hooks/broken", content=BODY)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_no_answer_shows_a_secret(caller: httpx.Client, hook_clock: TurnedClock, capfd: pytest.CaptureFixture[str]):
    post(caller, hook_clock)
    caller.post("/hooks/shop", content=BODY, headers={**signed(hook_clock), "Webhook-Signature": SECRET})
    told = capfd.readouterr()
    assert SECRET not in told.out + told.err
    assert "海岳" not in told.out + told.err


# ---------------------------------------------------------------- anything at all


def talk(address: tuple[str, int], data: bytes, *, half_close: bool = True) -> bytes:
    """Everything that comes back until the other side ends."""
    with socket.create_connection(address, timeout=20) as line:
        line.sendall(data)
        if half_close:
            line.shutdown(socket.SHUT_WR)
        parts = []
        while part := line.recv(65536):
            parts.append(part)
    return b"".join(parts)


NAMES = st.sampled_from(["shop", "chat", "nobody", "%00", "..", "shop%2f", "%E6%B5%B7", "shop?x=%ff", ""])
HEADER_NAMES = st.sampled_from(
    ["webhook-id", "webhook-timestamp", "webhook-signature", "x-slack-signature", "content-type", "content-encoding",
     "content-length", "transfer-encoding", "ce-id", "host", "expect"]
)  # fmt: skip
HEADER_VALUES = st.binary(max_size=40) | st.sampled_from(
    [b"v1,", b"v1,v1,", b"t=1,v1=", b"1700000000", b"chunked", b"-1", b"99999999999999999999", b"identity", b"\xff\xfe"]
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from([b"POST", b"GET", b"OPTIONS", b"PUT", b"BREW"]),
    NAMES,
    st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=5),
    st.binary(max_size=300),
)
def test_whatever_comes_over_the_line_is_never_a_500(
    hook_address: tuple[str, int], method: bytes, name: str, headers: list[tuple[str, bytes]], body: bytes
):
    lines = [b"%s /hooks/%s HTTP/1.1" % (method, name.encode()), b"Host: hub", b"Connection: close"]
    lines += [b"%s: %s" % (header.encode(), value) for header, value in headers]
    answer = talk(hook_address, b"\r\n".join([*lines, b"", body]))
    if answer:
        status = int(answer.split(b" ", 2)[1])
        assert status < 500, answer
        assert not 200 <= status < 300, answer


PIECES = st.sampled_from(["type", "data", "id", "updated_at", "customer.created", "c1", "\x00", "\ud800", "é", "NaN"])
VALUES = st.recursive(
    PIECES | st.integers() | st.floats() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PIECES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(VALUES.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=80), st.text(max_size=20))
def test_whatever_a_signed_body_says_is_kept(caller: httpx.Client, hook_clock: TurnedClock, body: bytes, id: str):
    hook_clock.turn(1)
    id = base64.urlsafe_b64encode(id.encode("utf-8", "surrogatepass")).decode()
    status = post(caller, hook_clock, body, id).status_code
    assert status == 200
