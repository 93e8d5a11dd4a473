"""One account, two organisations, a connection for each: what belongs to one is never made in the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kingdee.simulator import (
    FORMS,
)
from hub.sync.records import edit_record, find_record, list_records
from hub.sync.todo import list_todo
from tests.connectors.kingdee.company import CONNECTIONS, RECEIPT, Company

pytestmark = pytest.mark.slow


@pytest.fixture
def company() -> Iterator[Company]:
    made = Company()
    yield made
    made.close()


def test_what_is_of_one_organisation_is_planned_into_no_other(company: Company):
    company.allocate()
    for organisation in CONNECTIONS.values():
        company.receipt_there(company.order_there(organisation))
    company.go_live()
    assert len(list_records(company.hub, "order")) == len(list_records(company.hub, "payment")) == 2
    foreign = Counter({("hold", "sync.other_organisation"): 1})
    for name in CONNECTIONS:
        assert company.plan(name) == company.plan(name, "payment") == foreign
    writes = company.api.writes
    company.run_all()
    assert company.api.writes == writes, "nothing is left to say"
    assert company.count_there() == {"100": 1, "101": 1}
    held = [item for item in list_todo(company.hub) if not item.informational]
    assert [(item.kind, item.code) for item in held] == [], "it is meant so: nobody is asked"


def test_a_document_says_whose_it_is_once_the_organisations_have_names(company: Company):
    company.allocate()
    organisations = company.name_organisations()
    for organisation in CONNECTIONS.values():
        company.receipt_there(company.order_there(organisation))
    company.go_live()
    for kind in ("order", "payment"):
        records: list[Any] = list_records(company.hub, kind)
        told = {record.organisation_id for record in records}
        assert told == {record.id for record in organisations.values()}


def test_the_hubs_own_documents_go_where_they_say_and_wait_while_they_say_nothing(company: Company):
    company.allocate()
    organisations = company.name_organisations()
    company.go_live()
    orders = {key: company.order_here(organisations[key]) for key in organisations}
    silent = company.order_here()
    company.run_all()
    assert company.count_there() == {"100": 1, "101": 1}
    assert {key: company.places_of(order) for key, order in orders.items()} == {"100": {"main"}, "101": {"ningbo"}}
    assert company.plan("main")["hold", "sync.organisation_unsaid"] == 1
    waiting = {item.code for item in list_todo(company.hub) if item.record_id == silent.id}
    assert waiting == {"sync.organisation_unsaid"}

    paid = company.pay_here(orders["101"])
    company.run_all()
    assert company.places_of(paid) == {"ningbo"}, "money goes where its order went"
    edit_record(company.hub, "order", silent.id, {"organisation_id": organisations["101"].id}, "li")
    company.run_all()
    assert company.places_of(silent) == {"ningbo"}
    assert company.plan("main")["hold", "sync.other_organisation"] == 2

    writes = company.api.writes
    company.run_all()
    assert company.api.writes == writes
    assert company.count_there() == {"100": 1, "101": 2}
    assert company.count_there(RECEIPT, "FPAYORGID") == {"101": 1}


def test_one_of_the_connections_may_take_what_names_nothing():
    company = Company(takes_unnamed="ningbo")
    try:
        company.allocate()
        company.go_live()
        order = company.order_here()
        company.run_all()
        assert company.places_of(order) == {"ningbo"}
        assert company.plan("main")["hold", "sync.other_organisation"] == 1
    finally:
        company.close()


def test_alone_a_connection_takes_what_names_nothing_and_nothing_of_another():
    company = Company(only="main")
    try:
        organisations = company.name_organisations()
        company.go_live()
        order, foreign = company.order_here(), company.order_here(organisations["101"])
        company.run_all()
        assert company.places_of(order) == {"main"}
        read: Any = find_record(company.hub, "order", str(order.id))
        assert read.organisation_id == organisations["100"].id
        assert company.places_of(foreign) == set()
        assert company.plan("main")["hold", "sync.other_organisation"] == 1
    finally:
        company.close()


def test_a_customer_of_one_organisation_is_assigned_to_the_other_and_not_made_again(company: Company):
    organisations = company.name_organisations()
    company.allocate(0)
    company.go_live()
    assert company.plan("ningbo", "account") == {("hold", "sync.shared_there"): 1}
    order = company.order_here(organisations["101"], customer="C00002")
    company.run_all()
    assert company.places_of(order) == set(), "its customer is not there yet"
    waiting = {item.code for item in list_todo(company.hub) if item.record_id == order.id}
    assert waiting == {"sync.parent_waits"}
    company.allocate(1)
    before = {name: len(list(company.books.all(FORMS[name]))) for name in ("BD_Customer", "BD_MATERIAL")}
    company.run_all()
    company.run_all()
    assert company.places_of(order) == {"ningbo"}
    assert {name: len(list(company.books.all(FORMS[name]))) for name in before} == before
    assert len(list_records(company.hub, "account")) == 2
