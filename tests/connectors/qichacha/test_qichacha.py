"""企查查: signatures by a vector, every status by what happens next, and the simulator's own rules over a real port."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from connectors.qichacha.client import explain_status, sign
from connectors.qichacha.connector import QichachaConnector
from connectors.qichacha.simulator import QccApi, QccSettings, make_companies, serve_qichacha, write_credentials
from hub.errors import NeedsConsent, NegativeResult, NotReady, OutcomeUnknown, Rejected, Transient
from hub.locale import add_catalogue, render
from hub.model.identifiers import is_valid_uscc
from hub.sdk import Tools
from hub.sdk.registry import CompanyStatus
from hub.sdk.simulator import HandlerTransport, Request, Response, WallClock, answer_json
from tests.house.source import ROOT

add_catalogue(ROOT / "connectors" / "qichacha" / "locale")
CHINA = ZoneInfo("Asia/Shanghai")
DETAIL, SEARCH = "ECIV4/GetBasicDetailsByName", "FuzzySearch/GetList"
MakeAccount = Callable[..., tuple[QichachaConnector, QccApi]]


@pytest.fixture
def make_account() -> Iterator[MakeAccount]:
    """An account on a real port and a connector to it; ``config`` is what the connection declares."""
    closers: list[Callable[[], None]] = []

    def make(config: Any = None, **settings: Any) -> tuple[QichachaConnector, QccApi]:
        api = QccApi(make_companies(20, 3), QccSettings(**settings))
        server = serve_qichacha(api)
        told = {**write_credentials(api.settings, server.url), **(config or {})}
        tools = Tools(clock=WallClock(), random=random.Random(1), zone=CHINA, http_total_s=10)
        connector = QichachaConnector(QichachaConnector.Config.model_validate(told), tools)
        closers.extend([connector.close, server.stop])
        return connector, api

    yield make
    for close in closers:
        close()


def test_the_token_is_that_of_the_vector() -> None:
    """Made by the documented rule from invented values: key appkey1, secret secret1."""
    token = "069A00EC361E2653601E78DD0AA799E7"  # pragma: allowlist secret
    assert sign("appkey1", "1700000000", "secret1") == token


def test_details_become_a_company(make_account: MakeAccount) -> None:
    connector, api = make_account()
    row = api.companies[3]
    company = connector.registry().fetch(row["CreditCode"])
    told = (company.name, company.credit_code, company.legal_person)
    assert told == (row["Name"], row["CreditCode"], row["OperName"])
    assert company.capital == Decimal(row["RegistCapi"].removesuffix("万元人民币")) * 10_000
    assert (company.capital_currency, company.status) == ("CNY", CompanyStatus.ACTIVE)
    assert company.founded_on == date.fromisoformat(row["StartDate"][:10])
    assert company.former_names == (row["OriginalName"][0]["Name"],)
    assert is_valid_uscc(company.credit_code)


def test_the_wider_interface_lists_partners_and_branches(make_account: MakeAccount) -> None:
    connector, api = make_account({"detail_path": "ECIInfoVerify/GetInfo"})
    head, branch, child = api.companies[4:7]
    company = connector.registry().fetch(head["CreditCode"])
    assert (company.branches, company.parent_name) == ((branch["Name"],), head["OperName"])
    assert connector.registry().fetch(child["CreditCode"]).parent_name == head["Name"]
    narrow, _ = make_account()
    plain = narrow.registry().fetch(head["CreditCode"])
    assert (plain.branches, plain.parent_name) == ((), "")


def test_the_answer_of_a_verification_is_unwrapped() -> None:
    """EnterpriseInfo/Verify: the company stands in ``Data``, and none is told by ``VerifyResult``."""
    told: dict[str, Any] = {"VerifyResult": 1, "Data": {"KeyNo": "k1", "Name": "海岳精密有限公司", "CreditCode": ""}}
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        return answer_json(200, {"Status": "200", "Message": "", "OrderNumber": "1", "Result": told})

    tools = Tools(clock=WallClock(), random=random.Random(1), zone=CHINA, transport=HandlerTransport(answer))
    config = {
        "app_key": "appkey1",
        "secret_key": "secret1",  # pragma: allowlist secret
        "detail_path": "EnterpriseInfo/Verify",
    }
    registry = QichachaConnector(QichachaConnector.Config.model_validate(config), tools).registry()
    assert registry.fetch("海岳精密有限公司").name == "海岳精密有限公司"
    assert asked[0].query["searchKey"] == "海岳精密有限公司"
    told["VerifyResult"] = 0
    with pytest.raises(NegativeResult):
        registry.fetch("海岳精密有限公司")


def test_a_search_finds_names_and_former_names(make_account: MakeAccount) -> None:
    connector, api = make_account()
    hits = connector.registry().search(api.companies[3]["OriginalName"][0]["Name"])
    assert [hit.name for hit in hits] == [api.companies[3]["Name"]]
    assert api.billed == {SEARCH: 1}


def test_a_capital_in_fields_of_its_own_is_read_from_them(make_account: MakeAccount) -> None:
    connector, api = make_account()
    api.companies[0] |= {"RegisteredCapital": "500", "RegisteredCapitalUnit": "万", "RegisteredCapitalCCY": "USD"}
    company = connector.registry().fetch(api.companies[0]["CreditCode"])
    assert (company.capital, company.capital_currency) == (Decimal(5_000_000), "USD")


def test_an_older_answer_with_numbers_for_statuses_is_understood(make_account: MakeAccount) -> None:
    connector, api = make_account(numbers=True)
    assert connector.registry().fetch(api.companies[0]["CreditCode"]).name == api.companies[0]["Name"]
    with pytest.raises(NegativeResult):
        connector.registry().fetch("没有这家公司")


NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        ("201", NegativeResult, "none"), ("202", Rejected, "question_refused"), ("213", Rejected, "question_refused"),
        ("205", NotReady, "not_ready"), ("110", NotReady, "not_ready"), ("105", NotReady, "not_ready"),
        ("109", Transient, "day_used_up"),
        ("116", Transient, "day_used_up"), ("199", Transient, "failed_there"), ("101", NeedsConsent, "key_wrong"),
        ("102", NeedsConsent, "in_arrears"), ("103", NeedsConsent, "key_paused"), ("111", NeedsConsent, "no_right"),
        ("107", NeedsConsent, "address_or_signature"), ("112", NeedsConsent, "used_up"),
        ("115", NeedsConsent, "key_wrong"), ("117", NeedsConsent, "refused"), ("999", NeedsConsent, "refused"),
    ],
)  # fmt: skip
def test_every_status_says_what_happens_next(status: str, kind: type[Exception], code: str) -> None:
    error = explain_status(status, f"{status} x", NOW, CHINA)
    assert type(error) is kind
    assert error.code == f"qichacha.{code}"
    for language in ("zh", "en"):
        assert render(error.code, language, **error.params)


def test_used_up_for_today_means_until_midnight_there() -> None:
    error = explain_status("109", "109", NOW, CHINA)
    assert isinstance(error, Transient)
    assert error.retry_after_s == 12 * 3600


@pytest.mark.parametrize(
    ("config", "settings", "code", "words"),
    [
        ({"app_key": "nobody"}, {}, "qichacha.key_wrong", "KEY"),
        ({"secret_key": "wrong"}, {}, "qichacha.address_or_signature", "IP"),  # pragma: allowlist secret
        ({}, {"denied": DETAIL}, "qichacha.no_right", DETAIL),
        ({}, {"status": "102"}, "qichacha.in_arrears", "102"),
        ({}, {"quota": 0}, "qichacha.used_up", "112"),
    ],
)
def test_the_check_names_what_is_missing(
    make_account: MakeAccount, config: Any, settings: Any, code: str, words: str
) -> None:
    connector, _ = make_account(config, **settings)
    (wrong, *_) = [item for item in connector.check() if not item.ok]
    assert wrong.code == code
    for language in ("zh", "en"):
        assert render(wrong.code, language, **wrong.params)
    assert words in str(wrong.params)


def test_the_check_of_a_good_account_asks_for_nobody(make_account: MakeAccount) -> None:
    connector, api = make_account(bills_misses=False)
    assert [item.ok for item in connector.check()] == [True, True]
    assert api.billed == {}
    assert api.calls == {SEARCH: 1, DETAIL: 1}


@pytest.mark.parametrize("fault", ["lost", "garbage", "server_error"])
def test_an_answer_that_is_none_may_have_been_billed_and_is_asked_once(make_account: MakeAccount, fault: str) -> None:
    connector, api = make_account()
    api.next_fault = fault
    with pytest.raises(OutcomeUnknown):
        connector.registry().fetch(api.companies[0]["CreditCode"])
    assert sum(api.calls.values()) == 1


def test_the_simulator_keeps_the_account(make_account: MakeAccount) -> None:
    """As a stranger would call it, without the connector."""
    _, api = make_account()
    server = serve_qichacha(api)
    timespan = str(int(datetime.now(UTC).timestamp()))
    asked = {"key": "appkey1", "keyword": api.companies[0]["CreditCode"]}
    headers = {"Token": sign("appkey1", timespan, "secret1"), "Timespan": timespan}
    good = httpx.get(f"{server.url}/{DETAIL}", params=asked, headers=headers).json()
    old = httpx.get(f"{server.url}/{DETAIL}", params=asked, headers={**headers, "Timespan": "1700000000"}).json()
    account = httpx.get(f"{server.url}/simulator/account").json()
    listed = httpx.get(f"{server.url}/simulator/companies").json()["items"]
    server.stop()
    assert listed == api.companies
    assert (good["Status"], old["Status"], account["billed"]) == ("200", "107", {DETAIL: 1})
