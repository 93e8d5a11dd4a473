"""What each failure of the wire means. The server is real; answers that it never gives come from the edge."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.tryton.client import LOGIN_PAUSE_S, TrytonClient
from connectors.tryton.config import TrytonConfig
from hub.errors import ConfigInvalid, IsthmusError, NeedsConsent, OutcomeUnknown, Rejected, Stale, Transient
from hub.sdk import Tools
from hub.testkit.fault_proxy import FaultProxy, calls
from hub.testkit.tryton import PreparedTryton, RunningTryton, start_tryton
from tests.connectors.tryton.conftest import Bench, MakeConnector

URL = "https://erp.test"


class StillClock:
    """Time that only sleeping and ``pass_time`` move."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 2, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def edge(clock: StillClock) -> TrytonClient:
    config = TrytonConfig(url=URL, database="erp", password="never-mind")  # type: ignore[arg-type]  # pydantic makes the secret  # pragma: allowlist secret
    return TrytonClient(config, Tools(clock=clock, random=random.Random(1)))


def answer(result: Any = None, **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"id": 1, "result": result, **more} if "error" not in more else {"id": 1, **more})


class Erp:
    """Answers by method at the edge; what is not told answers with an empty list."""

    def __init__(self, router: respx.MockRouter, path: str = "/erp/rpc/", version: str = "8.2") -> None:
        self.answers: dict[str, list[httpx.Response]] = {
            "common.db.login": [answer([7, "token", None])] * 9,
            "model.res.user.get_preferences": [answer({"company": 1, "language": "en"})],
        }
        self.seen: list[tuple[str, list[Any], str | None]] = []
        at_root = path == "/erp/rpc/"
        router.post(f"{URL}/rpc/").mock(return_value=answer(version) if at_root else httpx.Response(405))
        router.post(f"{URL}/").mock(return_value=answer(version))
        router.post(f"{URL}{path}").mock(side_effect=self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.seen.append((body["method"], body["params"], request.headers.get("authorization")))
        waiting = self.answers.get(body["method"], [])
        return waiting.pop(0) if waiting else answer([])

    @property
    def methods(self) -> list[str]:
        return [method for method, _, _ in self.seen]


@pytest.fixture
def router() -> Any:
    with respx.mock(assert_all_called=False) as made:
        yield made


@pytest.mark.parametrize(
    ("version", "path"), [("8.2", "/erp/rpc/"), ("8.0", "/erp/rpc/"), ("7.4", "/erp/"), ("10.0", "/erp/rpc/")]
)
def test_the_path_follows_from_the_series(edge, router, version, path):
    erp = Erp(router, path, version)
    assert edge.read("party.party", "search", []) == []
    assert edge.series == version
    assert erp.methods[-1] == "model.party.party.search"


def test_every_call_carries_the_session_and_the_context(edge, router):
    erp = Erp(router)
    edge.read("party.party", "search", [])
    edge.write("party.party", "write", [1], {}, stamps={"party.party,1": "2.5"})
    (_, read, session), (_, written, again) = erp.seen[-2:]
    assert read[-1] == {"company": 1, "language": "en", "active_test": False}
    assert written[-1] == {"company": 1, "language": "en", "_timestamp": {"party.party,1": "2.5"}}
    assert session == again == "Session aXN0aG11czo3OnRva2Vu"  # isthmus:7:token


@pytest.mark.parametrize(
    ("error", "write_class", "read_class"),
    [
        (["UserError", ["Nicht erlaubt", "", None]], Rejected, NeedsConsent),
        (["UserWarning", ["name", "Wirklich?", ""]], Rejected, Transient),
        (["ConcurrencyException", "Records were modified in the meanwhile"], Stale, Stale),
        (["LoginException", ["password", "Password"]], NeedsConsent, NeedsConsent),
        (["'nofield'", ""], Rejected, Transient),
        ("broken", Rejected, Transient),
        ([], Rejected, Transient),
    ],
)
def test_an_error_inside_http_200_is_classed_by_its_first_element(edge, router, error, write_class, read_class):
    erp = Erp(router)
    erp.answers["model.sale.sale.x"] = [answer(error=error), answer(error=error)]
    with pytest.raises(write_class) as written:
        edge.write("sale.sale", "x", [1])
    with pytest.raises(read_class):
        edge.read("sale.sale", "x", [1])
    assert type(written.value) is write_class


@pytest.mark.parametrize(
    ("response", "write_class"),
    [
        (httpx.Response(200, text="<html>Gateway</html>"), OutcomeUnknown),
        (httpx.Response(200, text='{"id": 1, "resu'), OutcomeUnknown),
        (httpx.Response(200, json=["result"]), OutcomeUnknown),
        (httpx.Response(200, json={"id": 1}), OutcomeUnknown),
        (httpx.Response(200, json={"result": {"__class__": "Decimal"}}), OutcomeUnknown),
        (httpx.Response(502, text="Bad gateway"), OutcomeUnknown),
        (httpx.Response(408), Transient),
        (httpx.Response(429), Transient),
        (httpx.Response(422, text="Missing context argument"), Rejected),
        (httpx.Response(403, text="Forbidden"), NeedsConsent),
    ],
)
def test_what_is_no_answer_of_tryton_leaves_a_write_open_unless_it_is_a_refusal(edge, router, response, write_class):
    erp = Erp(router)
    erp.answers["model.sale.sale.x"] = [response]
    with pytest.raises(write_class) as raised:
        edge.write("sale.sale", "x", [1])
    assert type(raised.value) is write_class
    assert erp.methods.count("model.sale.sale.x") == 1


def test_a_read_of_nonsense_is_tried_again_later(edge, router):
    erp = Erp(router)
    erp.answers["model.sale.sale.search_read"] = [answer("nonsense"), answer([{"number": 1}])]
    for _ in range(2):
        with pytest.raises(Transient):
            edge.search_read("sale.sale", [], ["number"])


def test_a_session_that_ended_is_renewed_once(edge, router):
    erp = Erp(router)
    erp.answers["model.sale.sale.x"] = [answer("first"), httpx.Response(401), answer("second")]
    assert edge.write("sale.sale", "x") == "first"
    assert edge.write("sale.sale", "x") == "second"
    assert erp.methods.count("common.db.login") == 2
    erp.answers["model.sale.sale.x"] = [httpx.Response(401), httpx.Response(401)]
    with pytest.raises(NeedsConsent):
        edge.write("sale.sale", "x")
    assert erp.methods.count("common.db.login") == 3


def test_a_refused_login_is_not_repeated_for_a_while(edge, router, clock):
    erp = Erp(router)
    erp.answers["common.db.login"] = [httpx.Response(401), answer([7, "token", None])]
    for _ in range(3):
        with pytest.raises(NeedsConsent):
            edge.read("party.party", "search", [])
    assert erp.methods == ["common.db.login"]
    clock.seconds += LOGIN_PAUSE_S
    assert edge.read("party.party", "search", []) == []


def test_a_throttled_login_is_tried_once(edge, router):
    erp = Erp(router)
    erp.answers["common.db.login"] = [httpx.Response(429)]
    with pytest.raises(Transient):
        edge.read("party.party", "search", [])
    assert erp.methods == ["common.db.login"]


@pytest.mark.parametrize(
    "response", [answer("no version"), answer(7), httpx.Response(200, text="<html>"), httpx.Response(401)]
)
def test_another_server_at_the_address_is_named(edge, router, response):
    router.post(f"{URL}/rpc/").mock(return_value=response)
    with pytest.raises(ConfigInvalid) as raised:
        edge.read("party.party", "search", [])
    assert raised.value.code == "tryton.not_tryton"


def test_neither_path_known_is_another_server_too(edge, router):
    router.post(f"{URL}/rpc/").mock(return_value=httpx.Response(404))
    router.post(f"{URL}/").mock(return_value=httpx.Response(404))
    with pytest.raises(ConfigInvalid):
        _ = edge.series


@pytest.mark.parametrize(
    ("answers", "error", "code"),
    [
        ({"password": "wrong"}, NeedsConsent, "tryton.login_refused"),  # pragma: allowlist secret
        ({"database": "nowhere"}, ConfigInvalid, "tryton.database_unknown"),
        ({"company": "没有的公司"}, ConfigInvalid, "tryton.company_unknown"),
        ({"url": "http://127.0.0.1:9"}, Transient, "sdk.unreachable"),
    ],
)
def test_what_an_admin_may_get_wrong(make_connector: MakeConnector, answers, error, code):
    with pytest.raises(IsthmusError) as raised:
        make_connector(**answers).streams()["sale"].list_ids()
    assert (type(raised.value), raised.value.code) == (error, code)


def test_the_password_is_shown_nowhere(make_connector: MakeConnector, server: RunningTryton):
    connector = make_connector(database="nowhere")
    with pytest.raises(ConfigInvalid) as raised:
        connector.streams()["sale"].list_ids()
    assert server.password not in str(raised.value) + repr(connector.config)


def test_a_company_by_its_name(make_connector: MakeConnector):
    assert make_connector(company="海岳精密机械有限公司").streams()["sale"].list_ids() is not None


def test_a_server_that_went_away_and_came_back(
    prepared_tryton: PreparedTryton, make_connector: MakeConnector, tmp_path
):
    with start_tryton(prepared_tryton, tmp_path) as other:
        sink = make_connector(url=other.url).sinks()["order"]
        assert sink.find("IT01") == []
        other.kill()
        with pytest.raises(Transient):
            sink.find("IT01")
        with pytest.raises(Transient):
            sink.void("1", if_version=None)
        other.restart()
        assert sink.find("IT01") == []


def test_a_long_answer_is_read_whatever_its_encoding_says(bench: Bench):
    bench.wang.make_customers([])
    ids = [bench.make_party(f"长长长长长长公司 {number}") for number in range(30)]
    assert {str(id) for id in ids} <= set(bench.stream("party").list_ids() or ())


def test_a_cut_connection_before_the_bytes_arrive_counts_as_unknown(shaky: Bench, proxy: FaultProxy):
    """The client cannot tell a cut before from one after: it must look."""
    sale = shaky.make_sale()
    proxy.cut_next(calls("model.sale.sale.cancel"))
    with pytest.raises(OutcomeUnknown):
        shaky.sink("order").void(str(sale), if_version=None)
    assert shaky.wang.order(sale).state == "draft"
