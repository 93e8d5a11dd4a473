"""The owner of an order is its salesperson in Kingdee, by the colleague's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kingdee.simulator import FORMS
from hub.sync.codes import survey_codes
from hub.sync.records import create_record, edit_record, find_record, list_records
from tests.connectors.kingdee.company import ORDER, Company

pytestmark = pytest.mark.slow


@pytest.fixture
def company() -> Iterator[Company]:
    made = Company(only="main")
    yield made
    made.close()


def salers(company: Company) -> list[str]:
    people = FORMS["BD_Saler"]
    return [company.books.take(people, bill["FSalerId"])["FNumber"] for bill in company.books.all(FORMS[ORDER])]


def test_the_owner_of_an_order_is_its_salesperson_both_ways(company: Company):
    owner: Any = create_record(company.hub, "user", {"name": "钱销售"}, "li")
    company.order_there("100")  # by 赵销售, whom the hub does not know
    company.go_live()
    (read,) = list_records(company.hub, "order")
    assert getattr(read, "owner_id", None) is None
    order = company.order_here()
    edit_record(company.hub, "order", order.id, {"owner_id": owner.id}, "li")
    company.run_all()
    assert salers(company) == ["XSY001", "XSY002"]
    writes = company.api.writes
    company.run_all()
    assert company.api.writes == writes
    back: Any = find_record(company.hub, "order", str(order.id))
    assert back.owner_id == owner.id


def test_without_an_owner_it_is_the_salesperson_of_the_connection(company: Company):
    company.go_live()
    company.order_here()
    company.run_all()
    assert salers(company) == ["XSY001"]
    writes = company.api.writes
    company.run_all()
    assert company.api.writes == writes


def test_an_owner_who_is_no_salesperson_there_holds_the_order_and_stands_among_the_missing_codes(company: Company):
    company.go_live()
    owner: Any = create_record(company.hub, "user", {"name": "孙内勤"}, "li")
    order = company.order_here()
    edit_record(company.hub, "order", order.id, {"owner_id": owner.id}, "li")
    assert company.plan("main") == {("hold", "sync.cannot_translate"): 1}
    company.run_all()
    assert salers(company) == []
    survey = survey_codes(company.hub, "main")
    table = next(table for table in survey.tables if table.table == "saler")
    assert [(entry.way, entry.value) for entry in table.missing] == [("out", "孙内勤")]
    (orders,) = (row for row in survey.coverage if row.kind == "order")
    assert orders.tables["saler"] == (0, 1)
