"""天眼查: every error code by what happens next, and the simulator's own rules over a real port."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from connectors.tianyancha.client import explain_code
from connectors.tianyancha.connector import TianyanchaConnector
from connectors.tianyancha.simulator import TycApi, TycSettings, make_companies, serve_tianyancha, write_credentials
from hub.errors import NeedsConsent, NegativeResult, OutcomeUnknown, Rejected, Transient
from hub.locale import add_catalogue, render
from hub.sdk import Tools
from hub.sdk.registry import CompanyStatus
from hub.sdk.simulator import WallClock
from tests.house.source import ROOT

add_catalogue(ROOT / "connectors" / "tianyancha" / "locale")
DETAIL, SEARCH = "ic/baseinfo/normal", "search/2.0"
MakeAccount = Callable[..., tuple[TianyanchaConnector, TycApi]]


@pytest.fixture
def make_account() -> Iterator[MakeAccount]:
    """An account on a real port and a connector to it; ``config`` is what the connection declares."""
    closers: list[Callable[[], None]] = []

    def make(config: Any = None, **settings: Any) -> tuple[TianyanchaConnector, TycApi]:
        api = TycApi(make_companies(20, 3), TycSettings(**settings))
        server = serve_tianyancha(api)
        told = {**write_credentials(api.settings, server.url), **(config or {})}
        tools = Tools(clock=WallClock(), random=random.Random(1), zone=ZoneInfo("Asia/Shanghai"), http_total_s=10)
        connector = TianyanchaConnector(TianyanchaConnector.Config.model_validate(told), tools)
        closers.extend([connector.close, server.stop])
        return connector, api

    yield make
    for close in closers:
        close()


def test_details_and_hits_tell_the_same_day_and_the_former_names(make_account: MakeAccount) -> None:
    """Milliseconds in the one, a text in the other; former names apart by separators of any width."""
    connector, api = make_account()
    row = api.companies[3]
    company = connector.registry().fetch(row["creditCode"])
    (hit,) = [found for found in connector.registry().search(row["name"]) if found.key == company.key]
    assert company.founded_on == hit.founded_on
    assert isinstance(company.founded_on, date)
    assert (company.founded_on.month, company.founded_on.day) == (3, 15)
    assert company.former_names == (f"{row['name']}（筹）", row["name"].replace("有限公司", "厂"))
    assert hit.name == row["name"]
    assert company.capital == Decimal(row["regCapital"].removesuffix("万人民币")) * 10_000
    assert (company.capital_currency, company.status) == ("CNY", CompanyStatus.ACTIVE)
    assert api.billed == {DETAIL: 1, SEARCH: 1}


def test_the_wider_interface_lists_shareholders_and_branches(make_account: MakeAccount) -> None:
    connector, api = make_account({"detail_path": "cb/ic/2.0"})
    head, branch, child = api.companies[4:7]
    company = connector.registry().fetch(head["creditCode"])
    assert (company.branches, company.parent_name) == ((branch["name"],), head["legalPersonName"])
    assert connector.registry().fetch(child["creditCode"]).parent_name == head["name"]
    narrow, _ = make_account()
    plain = narrow.registry().fetch(head["creditCode"])
    assert (plain.branches, plain.parent_name) == ((), "")


@pytest.mark.parametrize(
    ("code", "kind", "name"),
    [
        ("300000", NegativeResult, "none"), ("300001", Transient, "failed_there"), ("300004", Transient, "too_fast"),
        ("300008", Rejected, "question_refused"), ("300002", NeedsConsent, "token_wrong"),
        ("300003", NeedsConsent, "expired"), ("300005", NeedsConsent, "no_right"),
        ("300006", NeedsConsent, "no_balance"), ("300007", NeedsConsent, "used_up"),
        ("300009", NeedsConsent, "token_wrong"), ("300010", NeedsConsent, "path_wrong"),
        ("999", NeedsConsent, "refused"),
    ],
)  # fmt: skip
def test_every_code_says_what_happens_next(code: str, kind: type[Exception], name: str) -> None:
    error = explain_code(code, f"{code} x")
    assert type(error) is kind
    assert error.code == f"tianyancha.{name}"
    for language in ("zh", "en"):
        assert render(error.code, language)


@pytest.mark.parametrize(
    ("config", "settings", "code"),
    [
        ({"token": "nobody"}, {}, "tianyancha.token_wrong"),
        ({}, {"denied": DETAIL}, "tianyancha.no_right"),
        ({}, {"code": 300006}, "tianyancha.no_balance"),
        ({}, {"quota": 0}, "tianyancha.used_up"),
        ({"detail_path": "cb/ic/9.9"}, {}, "tianyancha.path_wrong"),
    ],
)
def test_the_check_names_what_is_missing(make_account: MakeAccount, config: Any, settings: Any, code: str) -> None:
    connector, _ = make_account(config, **settings)
    (wrong, *_) = [item for item in connector.check() if not item.ok]
    assert wrong.code == code
    for language in ("zh", "en"):
        assert render(wrong.code, language, **wrong.params)


def test_the_check_of_a_good_account_asks_for_nobody_and_costs_nothing(make_account: MakeAccount) -> None:
    connector, api = make_account()
    assert [item.ok for item in connector.check()] == [True, True]
    assert api.billed == {}


@pytest.mark.parametrize("fault", ["lost", "garbage", "server_error"])
def test_an_answer_that_is_none_may_have_been_billed_and_is_asked_once(make_account: MakeAccount, fault: str) -> None:
    connector, api = make_account()
    api.next_fault = fault
    with pytest.raises(OutcomeUnknown):
        connector.registry().fetch(api.companies[0]["creditCode"])
    assert sum(api.calls.values()) == 1


def test_the_token_stands_alone_in_its_header(make_account: MakeAccount) -> None:
    _, api = make_account()
    server = serve_tianyancha(api)
    address, asked = f"{server.url}/services/open/{DETAIL}", {"keyword": api.companies[0]["creditCode"]}
    bare = httpx.get(address, params=asked, headers={"Authorization": api.settings.token}).json()
    bearer = httpx.get(address, params=asked, headers={"Authorization": f"Bearer {api.settings.token}"}).json()
    server.stop()
    assert (bare["error_code"], bearer["error_code"]) == (0, 300009)
