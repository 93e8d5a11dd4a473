"""Going live on two systems that have worked for years: adopt, plan, accept, run; nothing is there twice afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.sync.bindings import add_binding
from hub.sync.reconcile import reconcile
from hub.sync.settle import settle_binding
from hub.sync.todo import list_todo
from tests.journeys.checks import check_silence
from tests.journeys.desk import ACTOR, NAME, Desk
from tests.journeys.erp import Erp
from tests.journeys.muddle import Muddle, make_muddle
from tests.journeys.stage import Stage

pytestmark = pytest.mark.timeout(1200)
CUSTOMERS = 500
ORDERS = 300
PART = 5
"""On many machines a company of this part of it: what is asked there is whether they get in each other's way."""


@dataclass
class Company:
    """Both sides as they were on the evening before, and what adopt said."""

    desk: Desk
    erp: Erp
    muddle: Muddle
    before: Any
    told: dict[str, Any]

    def count(self, kind: str, *cases: str) -> int:
        return sum(len(self.muddle.cases[kind][case]) for case in cases)

    def outcomes(self, kind: str) -> Counter[str]:
        return Counter(item["outcome"] for item in self.told["items"] if item["kind"] == kind)


def look(desk: Desk, erp: Erp) -> Any:
    """Everything that anybody could notice on either side."""
    records = {kind: [row.model_dump() for row in desk.records(kind)] for kind in ("account", "product", "order")}
    return records, erp.customers(), erp.orders()


@pytest.fixture(scope="module")
def company(stage: Stage) -> Company:
    """500 customers and 300 orders; the first step of going live is done."""
    desk, part = stage.desk, PART if stage.is_spread else 1
    muddle = make_muddle(desk, desk.erp, customers=CUSTOMERS // part, orders=ORDERS // part, seed=11)
    before = look(desk, desk.erp)
    return Company(desk, desk.erp, muddle, before, desk.call("sync", "adopt", NAME)["item"])


def test_adopting_changes_nothing_on_either_side(company: Company):
    assert look(company.desk, company.erp) == company.before


def test_what_is_beyond_doubt_is_bound_and_every_difference_is_named(company: Company):
    customers = company.outcomes("account")
    assert customers["bound"] == company.count("account", "same", "number only", "twice there", "twice here")
    assert customers["differs"] == company.count("account", "name typo", "phone differs")
    orders = company.outcomes("order")
    assert orders["bound"] == company.count("order", "same", "twice here")
    assert orders["differs"] == company.count("order", "note differs", "quantity differs")
    fields = Counter(item["params"]["fields"] for item in company.told["items"] if item["outcome"] == "differs")
    assert fields["note"] == company.count("order", "note differs")
    assert fields["lines"] == company.count("order", "quantity differs")
    assert fields["name"] == company.count("account", "name typo")


def test_what_is_in_doubt_is_asked_and_what_only_one_has_is_listed(company: Company):
    customers, orders = company.outcomes("account"), company.outcomes("order")
    assert customers["ambiguous"] == company.count("account", "name only", "twice here")
    assert orders["ambiguous"] == company.count("order", "number typo", "twice here")
    assert (customers["here"], orders["here"]) == (
        company.count("account", "only here"), company.count("order", "only here"),
    )  # fmt: skip
    assert orders["there"] == company.count("order", "only there")
    # The company of the ERP itself stands in its list of parties too.
    own = len(company.before[1]) - company.count(
        "account", *(c for c in company.muddle.cases["account"] if c != "only here")
    )
    assert customers["there"] == company.count("account", "only there") + own


def test_every_cent_of_both_sides_is_accounted_for(company: Company):
    sums = next(kind for kind in company.told["kinds"] if kind["kind"] == "order")["sums"]
    here = sum(Decimal(amount) for total in sums.values() for amount in total["amounts_here"].values())
    there = sum(Decimal(amount) for total in sums.values() for amount in total["amounts_there"].values())
    assert here == sum(order["gross"] for order in company.before[0]["order"])
    assert there == sum(order.gross for order in company.before[2])
    for item in company.told["items"]:
        if (item["kind"], item["outcome"]) == ("order", "bound"):  # each rounds in its own way, until the run
            assert abs(Decimal(item["amount"]) - Decimal(item["amount_there"])) <= Decimal("0.05")


def test_adopting_again_changes_nothing(company: Company):
    again = company.desk.call("sync", "adopt", NAME)["item"]
    assert not [item for item in again["items"] if item["outcome"] in ("bound", "differs", "refused")]
    same = [item for item in company.told["items"] if item["outcome"] in ("ambiguous", "here", "there")]
    assert [item for item in again["items"] if item["kind"] == "order"] == [
        item for item in same if item["kind"] == "order"
    ]


def test_the_accepted_run_makes_only_what_only_we_have(company: Company):
    desk, erp = company.desk, company.erp
    view = desk.plan()
    there = [item for item in view.items if item.side == "there"]
    assert {item.action for item in there} == {"create", "hold"}
    creates = Counter(item.kind for item in there if item.action == "create")
    assert creates == {kind: company.count(kind, "only here") for kind in ("account", "order")}
    alike = view.plan.summary["there.order.alike"]
    assert alike["count"] == company.count("order", "number typo", "twice here")
    report = desk.accept(view)
    assert not report.errors
    customers, orders = erp.customers(), erp.orders()
    assert len(customers) == len(company.before[1]) + company.count("account", "only here")
    assert len(orders) == len(company.before[2]) + company.count("order", "only here")
    new_here = len(desk.records("account")) - len(company.before[0]["account"])
    assert new_here == company.outcomes("account")["there"]
    assert len(desk.records("order")) - len(company.before[0]["order"]) == company.count("order", "only there")
    old = {order.id: order for order in company.before[2]}
    assert {order.id: order for order in orders if order.id in old} == old, "not one of their documents was touched"


def test_every_difference_and_every_doubt_is_in_todo(company: Company):
    waits = Counter((item.kind, item.kind_of_wait) for item in list_todo(company.desk.hub) if not item.informational)
    assert waits["account", "parked"] == company.outcomes("account")["differs"]
    assert waits["order", "parked"] == company.outcomes("order")["differs"]
    assert waits["account", "review"] + waits["account", "held"] == company.outcomes("account")["ambiguous"]
    assert waits["order", "review"] + waits["order", "held"] == company.outcomes("order")["ambiguous"]


def test_what_differs_between_the_books_is_explained_to_the_cent(company: Company):
    for row in reconcile(company.desk.hub, NAME).rows:
        assert not row.unexplained, row
        assert row.unexplained_count == 0, row
        assert row.unexplained_sum == 0, row


def test_a_second_run_writes_nothing(company: Company):
    company.desk.wait_quiet()
    report = company.desk.run()
    assert not report.errors
    assert company.desk.attempts(report) == []
    moved = {name: count for name, count in report.run.counts.items() if name.endswith(("created", "updated", "ended"))}
    assert moved == {}


def test_when_people_have_decided_both_sides_agree(company: Company):
    """Their values for orders, ours for customers; look-alikes are what they are in truth, second entries go."""
    desk, erp = company.desk, company.erp
    for kind, take in (("account", "hub"), ("order", "remote")):
        for record_id in company.muddle.extra[kind]:
            desk.call("record", "void", kind, str(record_id))
        for case in ("name only", "number typo"):
            for key in company.muddle.cases[kind][case]:
                add_binding(desk.hub, NAME, kind, str(company.muddle.who[kind, key]), key, ACTOR)
        for binding in desk.bindings(kind):
            if binding.parked == "sync.values_differ":
                settle_binding(desk.hub, binding.id, take, ACTOR)
    desk.accept()
    desk.wait_quiet()
    desk.run()
    check_silence(desk)
    assert [item.code for item in desk.todo()] == []
    here = {row.remote_id: row.hub_id for row in desk.bindings("order") if row.remote_id}
    orders = {order.id: order for order in desk.records("order")}
    assert {key: orders[here[key]].gross for key in here} == {order.id: order.gross for order in erp.orders()}
    for (kind, key), record_id in company.muddle.who.items():
        assert desk.record_of(kind, key).id == record_id, (kind, key)
    assert _count_doubles(desk) == {}


def _count_doubles(desk: Desk) -> dict[UUID, int]:
    """Orders that have more than one document there."""
    counts = Counter(row.hub_id for row in desk.bindings("order") if row.remote_id is not None)
    return {record_id: count for record_id, count in counts.items() if count > 1}
