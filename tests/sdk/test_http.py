"""What each answer means for a read and for a write, how long is slept, and what is never sent twice."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.errors import IsthmusError, NeedsConsent, OutcomeUnknown, Rejected, Transient
from hub.sdk import HttpClient, NoBudget, Tools
from hub.sdk.budget import LONGEST_SLEEP_S
from hub.sdk.simulator import NoAnswer, Request, Response, serve


class Clock:
    """Time that moves by sleeping only."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


class Vendor:
    """Gives its answers one after the other; the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Response | NoAnswer] = []
        self.requests: list[Request] = []

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, NoAnswer):
            raise answer
        return answer


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(vendor: Vendor, clock: Clock) -> Iterator[HttpClient]:
    with serve(vendor.handle) as server:
        client = HttpClient(server.url, Tools(clock=clock, random=random.Random(1), http_total_s=20))
        yield client
        client.close()


def throttled(wait: str, status: int = 429) -> Response:
    return Response(status, b"slow down", (("retry-after", wait),))


OK = Response(200, b"{}")


def test_a_short_wait_is_slept_and_the_read_goes_on(client: HttpClient, vendor: Vendor, clock: Clock):
    vendor.answers = [throttled("1.5"), throttled("Mon, 02 Nov 2026 08:00:04 GMT"), OK]
    assert client.read("GET", "/x").status_code == 200
    assert clock.slept == [1.5, 2.5]


@pytest.mark.parametrize("wait", ["60", "Mon, 02 Nov 2026 08:01:00 GMT", "1 min", "1793606460"])
def test_a_long_wait_is_not_slept_but_told(client: HttpClient, vendor: Vendor, clock: Clock, wait: str):
    vendor.answers = [throttled(wait)]
    with pytest.raises(Transient) as caught:
        client.read("GET", "/x")
    assert caught.value.retry_after_s == 60
    assert caught.value.code == "sdk.throttled"
    assert clock.slept == []
    assert len(vendor.requests) == 1


def test_a_read_gives_up_after_three_attempts(client: HttpClient, vendor: Vendor, clock: Clock):
    vendor.answers = [Response(502, b"bad gateway")]
    with pytest.raises(Transient) as caught:
        client.read("GET", "/x")
    assert caught.value.vendor == "bad gateway"
    assert len(vendor.requests) == 3
    assert all(0 < slept <= LONGEST_SLEEP_S for slept in clock.slept)


@pytest.mark.parametrize("answer", [throttled("1"), Response(500), NoAnswer(), Response(400), Response(401)])
def test_a_write_is_sent_once_whatever_comes_back(client: HttpClient, vendor: Vendor, clock: Clock, answer: Any):
    vendor.answers = [answer]
    with pytest.raises(IsthmusError):
        client.write("POST", "/x", json={})
    assert len(vendor.requests) == 1
    assert clock.slept == []


@pytest.mark.parametrize(
    ("answer", "read", "write"),
    [
        (Response(401), NeedsConsent, NeedsConsent),
        (Response(403), NeedsConsent, NeedsConsent),
        (Response(403, b"", (("x-ratelimit-remaining", "0"),)), Transient, Transient),
        (throttled("99"), Transient, Transient),
        (throttled("99", 503), Transient, Transient),
        (Response(429), Transient, Transient),
        (Response(503), Transient, OutcomeUnknown),
        (Response(500), Transient, OutcomeUnknown),
        (NoAnswer(), Transient, OutcomeUnknown),
        (Response(404), Rejected, Rejected),
        (Response(302, b"", (("location", "/login"),)), Rejected, Rejected),
    ],
)
def test_what_an_answer_means(
    client: HttpClient, vendor: Vendor, answer: Any, read: type[IsthmusError], write: type[IsthmusError]
):
    vendor.answers = [answer]
    with pytest.raises(read) as caught:
        client.read("GET", "/x")
    assert type(caught.value) is read
    with pytest.raises(write) as caught:
        client.write("POST", "/x")
    assert type(caught.value) is write


def test_nobody_there_is_certainly_not_applied(vendor: Vendor, clock: Clock):
    with serve(vendor.handle) as server:
        url = server.url
    client = HttpClient(url, Tools(clock=clock, random=random.Random(1)))
    with pytest.raises(Transient) as caught:
        client.write("POST", "/x")
    assert caught.value.code == "sdk.unreachable"
    client.close()


def test_half_a_character_is_certainly_not_sent(client: HttpClient, vendor: Vendor):
    for send in (client.read, client.write):
        with pytest.raises(Rejected) as caught:
            send("GET", "/x", params={"cursor": "\ud800"})
        assert caught.value.code == "sdk.unsendable"


class OneAtATime(NoBudget):
    """A budget that says who called, and whether calls overlapped."""

    def __init__(self) -> None:
        self.open, self.most, self.calls = 0, 0, 0
        self.longest: list[float] = []

    def call(self, longest_sleep_s: float = LONGEST_SLEEP_S) -> OneAtATime:
        self.longest.append(longest_sleep_s)
        return self

    def __enter__(self) -> None:
        self.open, self.calls = self.open + 1, self.calls + 1
        self.most = max(self.most, self.open)

    def __exit__(self, *_: object) -> None:
        self.open -= 1


class Token(httpx.Auth):
    """Fetches a token before the first request, as OAuth does."""

    def auth_flow(self, request: httpx.Request) -> Any:
        yield httpx.Request("POST", request.url.copy_with(path="/token"))
        yield request


def test_every_request_asks_the_budget_those_of_a_login_too(vendor: Vendor, clock: Clock):
    vendor.answers = [OK]
    budget = OneAtATime()
    with serve(vendor.handle) as server:
        tools = Tools(clock=clock, random=random.Random(1), budget=budget)
        client = HttpClient(server.url, tools, auth=Token())
        client.read("GET", "/x")
        client.write("POST", "/x")
        client.close()
    assert [request.path for request in vendor.requests] == ["/token", "/x", "/token", "/x"]
    assert (budget.calls, budget.open, budget.most) == (4, 0, 1)
    assert budget.longest[1] > budget.longest[3], "a write waits less, its mark grows old"


def test_a_failed_call_ends_its_turn(vendor: Vendor, clock: Clock):
    vendor.answers = [NoAnswer()]
    budget = OneAtATime()
    with serve(vendor.handle) as server:
        client = HttpClient(server.url, Tools(clock=clock, random=random.Random(1), budget=budget))
        with pytest.raises(OutcomeUnknown):
            client.write("POST", "/x")
        client.close()
    assert (budget.calls, budget.open) == (1, 0)
