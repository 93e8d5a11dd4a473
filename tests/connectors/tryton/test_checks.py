"""What ``connection check`` finds: on the real server, and at the edge for accounts that lack something."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import respx

from connectors.tryton.connector import TrytonConnector
from hub.errors import Rejected
from hub.locale import render
from hub.sdk import CheckItem, Draft
from hub.testkit.tryton import RunningTryton
from tests.connectors.tryton.conftest import Bench, MakeConnector


def codes(connector: TrytonConnector) -> dict[str, bool]:
    """Code → ok; every text exists in both languages and has all of its parameters."""
    found = connector.check()
    for item in found:
        for lang in ("en", "zh"):
            text = render(item.code, lang, **item.params)
            assert "{" not in text, text
            assert not text.startswith(item.code)
    return {item.code: item.ok for item in found}


def test_a_technical_user_as_it_should_be(make_connector: MakeConnector):
    assert codes(make_connector()) == dict.fromkeys(
        [
            "tryton.reached",
            "tryton.logged_in",
            "tryton.rights_complete",
            "tryton.rounding_document",
            "tryton.own_login",
        ],
        True,
    )


def test_checking_writes_nothing(make_connector: MakeConnector, server: RunningTryton):
    start = len(server.log_file.read_text(encoding="utf-8"))
    make_connector().check()
    said = server.log_file.read_text(encoding="utf-8")[start:]
    assert not [verb for verb in (".create", ".write", ".delete", " create(", " write(") if verb in said]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"password": "wrong"}, "tryton.login_refused"),  # pragma: allowlist secret
        ({"database": "nowhere"}, "tryton.database_unknown"),
        ({"company": "没有的公司"}, "tryton.company_unknown"),
        ({"url": "http://127.0.0.1:9"}, "tryton.unreachable"),
    ],
)
def test_what_an_admin_may_get_wrong_is_the_last_finding(make_connector: MakeConnector, answers, code):
    found = codes(make_connector(**answers))
    assert (list(found)[-1], list(found.values())[-1]) == (code, False)


def test_a_login_that_a_person_uses_is_noticed(make_connector: MakeConnector, server: RunningTryton, bench: Bench):
    bench.make_sale(1)
    found = codes(make_connector(login=server.accountant_login, password=server.accountant_password))
    assert found["tryton.person_login"] is False


def test_an_administrator_and_his_missing_company(make_connector: MakeConnector, server: RunningTryton):
    password = server.prepared.password_of("admin")
    found = codes(make_connector(login="admin", password=password))
    assert found.get("tryton.administrator") is False or found.get("tryton.no_company") is False


class Edge:
    """A server that answers what it is told, by method."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "common.server.version": "8.2",
            "common.db.login": [7, "token", None],
            "model.res.user.get_preferences": {"company": 1, "company.rec_name": "甲公司"},
            "model.ir.module.search_read": [
                {"id": place, "name": name}
                for place, name in enumerate(("party", "product", "account_product", "account_invoice", "sale"))
            ],
            "model.company.company.search_read": [{"id": 1, "currency.": {"code": "CNY"}}],
            "model.ir.model.access.get_access": {},
            "model.account.configuration.search_read": [{"id": 1, "tax_rounding": "document"}],
            "model.sale.sale.search_read": [],
            "model.ir.model.log.search_read": [],
        }
        self.answers.update({f"model.{name}".replace("__", "."): value for name, value in answers.items()})

    def answer(self, request: httpx.Request) -> httpx.Response:
        result = self.answers[json.loads(request.content)["method"]]
        return httpx.Response(200, json={"error": result} if isinstance(result, tuple) else {"result": result})


@pytest.fixture
def check_edge(make_connector: MakeConnector) -> Any:
    def check(edge: Edge) -> list[CheckItem]:
        with respx.mock() as router:
            router.route().mock(side_effect=edge.answer)
            found = make_connector(url="https://erp.test").check()
        return [item for item in found if not item.ok]

    return check


def test_each_missing_right_is_named_with_its_group(check_edge):
    everything = dict.fromkeys(("read", "write", "create", "delete"), True)
    models = (
        *("party.party", "party.address", "party.contact_mechanism", "party.identifier"),
        *("product.product", "product.template", "sale.sale", "sale.line", "account.invoice", "account.tax"),
    )
    granted = dict.fromkeys(models, everything)
    assert check_edge(Edge(ir__model__access__get_access=granted)) == []
    poor = {**granted, "product.template": {"read": True, "write": False, "create": True}, "account.invoice": {}}
    found = check_edge(Edge(ir__model__access__get_access=poor))
    assert [(item.code, item.params["what"], item.params["model"], item.params["group"]) for item in found] == [
        ("tryton.right_missing", "write", "product.template", "Account Product Administration"),
        ("tryton.right_missing", "read", "account.invoice", "Sales"),
    ]


@pytest.mark.parametrize(
    ("answers", "codes"),
    [
        ({"ir__module__search_read": [{"id": 1, "name": "party"}]}, ["tryton.module_missing"] * 4),
        ({"res__user__get_preferences": {"company": None}}, ["tryton.no_company"]),
        ({"account__configuration__search_read": [{"id": 1, "tax_rounding": "line"}]}, ["tryton.rounding_line"]),
        ({"account__configuration__search_read": []}, ["tryton.rounding_unknown"]),
        ({"ir__model__log__search_read": ("UserError", ["no", "", None])}, ["tryton.log_unreadable"]),
        ({"ir__module__search_read": ("UserError", ["no", "", None])}, ["tryton.read_refused"]),
    ],
)
def test_what_an_account_may_lack(check_edge, answers, codes):
    found = [item.code for item in check_edge(Edge(**answers)) if item.code != "tryton.right_missing"]
    assert found == codes


def test_another_series_is_told(check_edge):
    edge = Edge()
    edge.answers["common.server.version"] = "7.0"
    assert "tryton.series_unmeasured" in [item.code for item in check_edge(edge)]


def test_two_taxes_of_one_rate_are_for_a_person(make_connector: MakeConnector):
    tax = {"type": "percentage", "parent": None, "company": 1, "active": True, "group.": None}
    rate = {"__class__": "Decimal", "decimal": "0.13"}
    taxes = [{**tax, "id": 1, "name": "A", "rate": rate}, {**tax, "id": 2, "name": "B", "rate": rate}]
    taxes += [{**tax, "id": 3, "name": "bought", "rate": rate, "group.": {"kind": "purchase"}}]
    edge = Edge(account__tax__search_read=taxes, party__party__search_read=[{"id": 4, "addresses.": []}])
    line = {"product": None, "quantity": "1", "unit_price": "1", "tax_rate": "0.13", "unit": {"symbol": "u"}}
    edge.answers["model.product.uom.search_read"] = [{"id": 1, "symbol": "u"}]
    with respx.mock() as router:
        router.route().mock(side_effect=edge.answer)
        sink = make_connector(url="https://erp.test").sinks()["order"]
        refused = sink.create([Draft("IT01", {"party": "4", "lines": [line]})])[0]
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.params["names"]) == ("tryton.tax_ambiguous", "A, B")
