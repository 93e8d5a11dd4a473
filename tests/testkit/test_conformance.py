"""The suite itself: what it makes of a bench, what it skips, and the faults that it brings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import httpx
import pytest

from connectors.sandbox.connector import SandboxConnector
from connectors.tryton.connector import TrytonConnector
from hub.sdk.simulator import HandlerTransport, Request, Response, answer_json
from hub.testkit.conformance import Site, make_suite, measure
from hub.testkit.conformance.checks import CHECKS
from hub.testkit.conformance.faults import (
    FaultTransport,
    answer_with,
    lose_answer,
    refuse_connection,
    truncate,
)
from tests.testkit.sandbox_bench import SandboxBench

# ---------------------------------------------------------------- the class


def test_each_check_is_a_test_for_each_kind_with_a_mapping() -> None:
    suite = make_suite(SandboxBench())
    assert {name for name in dir(suite) if name.startswith("test_")} == {f"test_{name}" for name in CHECKS}
    (kinds,) = [mark for mark in suite.test_round_trip.pytestmark if mark.name == "parametrize"]
    assert kinds.args == ("kind", ["account", "delivery", "invoice", "order", "payment", "product"])
    assert suite.test_round_trip.__doc__ == "What is created can be read again, and means the same."


def test_checks_can_be_left_out_by_name_only() -> None:
    suite = make_suite(SandboxBench(), kinds=["order"], leave_out=["one_timestamp"])
    assert not hasattr(suite, "test_one_timestamp")
    with pytest.raises(ValueError, match="unknown checks: one_time"):
        make_suite(SandboxBench(), leave_out=["one_time"])


def test_a_connector_without_a_simulator_needs_a_bench() -> None:
    suite = make_suite(TrytonConnector)
    with pytest.raises(TypeError, match="write a Bench"):
        suite.setup_class()


def test_a_failure_is_a_sentence_for_the_author() -> None:
    suite = make_suite(SandboxBench({"compare_and_set": True}, compare_and_set=False), kinds=["order"])
    suite.setup_class()
    try:
        with pytest.raises(pytest.fail.Exception, match="compare_and_set is declared as yes, but no was seen"):
            suite().test_versions("order")
        suite().test_round_trip("order")
    finally:
        suite.teardown_class()
    assert [done.check for done in suite.report.checks][:2] == ["versions", "round_trip"]


class NobodyBench(SandboxBench):
    """The sandbox with nobody in it."""

    @contextmanager
    def start(self) -> Iterator[Site]:
        with super().start() as site:
            yield Site(site.config, None, site.transport, site.clock)


def test_what_cannot_be_looked_at_is_skipped_aloud() -> None:
    suite = make_suite(NobodyBench(), kinds=["order"])
    suite.setup_class()
    try:
        with pytest.raises(pytest.skip.Exception, match="nobody who can do this: create"):
            suite().test_children("order")
    finally:
        suite.teardown_class()


def test_without_a_person_less_is_checked_and_the_report_says_so() -> None:
    report = measure(NobodyBench(), kinds=["order"])
    assert [done.sentences() for done in report.checks if done.bad] == []
    assert {done.check for done in report.checks if done.skipped} == {"one_timestamp", "authors", "children"}
    assert any("Add it to its Person" in line for line in report.lines())


class OfflineConnector(SandboxConnector):
    """Speaks to its ERP past the transport that it was lent."""

    handle: ClassVar[Any] = None

    def __init__(self, config: Any, tools: Any) -> None:
        import dataclasses

        super().__init__(config, dataclasses.replace(tools, transport=HandlerTransport(type(self).handle)))


class OfflineBench(SandboxBench):
    connector = OfflineConnector

    @contextmanager
    def start(self) -> Iterator[Site]:
        with super().start() as site:
            assert isinstance(site.transport, HandlerTransport)
            OfflineConnector.handle = staticmethod(site.transport._handle)
            yield site


def test_a_connector_that_sends_nothing_through_us_cannot_be_troubled() -> None:
    report = measure(OfflineBench(), kinds=["order"])
    skipped = {done.check for done in report.checks if done.skipped}
    assert {name for name, one in CHECKS.items() if one.faults} <= skipped
    assert [done.sentences() for done in report.checks if done.bad] == []


# ---------------------------------------------------------------- the faults


class Upstream:
    """Counts what reaches it."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def handle(self, request: Request) -> Response:
        self.seen.append(f"{request.method} {request.path}")
        return answer_json(200, {"items": list(range(20))})


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def faults(upstream: Upstream) -> FaultTransport:
    return FaultTransport(HandlerTransport(upstream.handle), lambda request: request.method == "POST")


@pytest.fixture
def client(faults: FaultTransport) -> Iterator[httpx.Client]:
    with httpx.Client(transport=faults, base_url="http://erp.test") as client:
        yield client


def test_a_lost_answer_was_carried_out(client: httpx.Client, faults: FaultTransport, upstream: Upstream) -> None:
    faults.strike_write(lose_answer)
    assert client.get("/a").status_code == 200, "reads are let through"
    with pytest.raises(httpx.ReadTimeout):
        client.post("/a")
    assert upstream.seen == ["GET /a", "POST /a"]
    assert client.post("/b").status_code == 200, "once only"
    assert (faults.sent, faults.writes, faults.struck) == (3, 2, 1)


def test_a_refused_connection_was_not(client: httpx.Client, faults: FaultTransport, upstream: Upstream) -> None:
    faults.strike(refuse_connection, times=2)
    for _ in range(2):
        with pytest.raises(httpx.ConnectError):
            client.get("/a")
    assert upstream.seen == []
    assert client.get("/a").status_code == 200


def test_the_second_write_can_be_meant(client: httpx.Client, faults: FaultTransport, upstream: Upstream) -> None:
    faults.strike_write(answer_with(500, b"no"), skip=1)
    assert [client.post("/a").status_code for _ in range(3)] == [200, 500, 200]
    assert upstream.seen == ["POST /a"] * 2, "the answer came instead"


@pytest.mark.parametrize(("forward", "reached"), [(True, 1), (False, 0)])
def test_an_answer_may_hide_what_was_done(
    client: httpx.Client, faults: FaultTransport, upstream: Upstream, forward: bool, reached: int
) -> None:
    faults.strike(answer_with(200, b"<html>", {"content-type": "text/html"}, forward=forward))
    answer = client.post("/a")
    assert (answer.text, answer.headers["content-type"], len(upstream.seen)) == ("<html>", "text/html", reached)


def test_half_of_an_answer_arrives(client: httpx.Client, faults: FaultTransport, upstream: Upstream) -> None:
    whole = client.get("/a").content
    faults.strike(truncate)
    half = client.get("/a").content
    assert whole.startswith(half)
    assert len(half) == len(whole) // 2
    faults.calm()
    assert client.get("/a").content == whole


def test_requests_tell_whether_they_write() -> None:
    bench = SandboxBench()
    kinds: Mapping[str, Any] = {"GET": False, "POST": True, "DELETE": True}
    for method, writes in kinds.items():
        assert bench.is_write(httpx.Request(method, "http://erp.test")) is writes
    told = httpx.Request("POST", "http://erp.test", extensions={"isthmus.writes": False})
    assert bench.is_write(told) is False, "what the client says counts more than the method"
