"""What waits for a person is settled by commands, and both sides follow."""

from __future__ import annotations

from typing import Any

from hub.sync.handle import take_item
from hub.sync.todo import find_item
from tests.journeys.checks import check_agreement
from tests.journeys.company import Company
from tests.journeys.desk import ACTOR, Desk
from tests.journeys.erp import Erp


def find_entry(desk: Desk, wait: str, record: Any) -> dict[str, Any]:
    (found,) = [
        item
        for item in desk.call("todo")["items"]
        if (item["kind_of_wait"], item["record_id"]) == (wait, str(record.id))
    ]
    return found


def take(desk: Desk, entry: dict[str, Any], choice: str) -> None:
    """At the time of this hub, which journeys move on."""
    take_item(desk.hub, find_item(desk.hub, entry["short"]), choice, ACTOR)


def make_conflict(company: Company, desk: Desk, erp: Erp) -> Any:
    account = desk.record_of("account", company.customer)
    erp.set_phone(company.customer, "021-11111111")
    desk.edit(account, phone="021-22222222")
    desk.run()
    return account


def test_a_third_value_settles_a_conflict_on_both_sides(company: Company, desk: Desk, erp: Erp):
    account = make_conflict(company, desk, erp)
    entry = find_entry(desk, "conflict", account)
    shown = desk.call("todo", "show", entry["short"])["item"]
    (phone,) = [pair for pair in shown["fields"] if pair["field"] == "phone" and pair["differs"]]
    assert (phone["here"], phone["there"]) == ("021-22222222", "021-11111111")
    assert shown["payload"], "as the ERP said it"
    take(desk, entry, "021-33333333")
    desk.run()
    assert desk.read(account).phone == erp.customer(company.customer).phone == "021-33333333"
    check_agreement(desk, erp)


def test_where_a_value_comes_from_is_told_by_a_command(company: Company, desk: Desk):
    company.order_there()
    desk.run()
    product = desk.records("product")[0]
    connection, remote_id = desk.binding(product).connection, desk.remote_id(product)
    for words in (
        ("explain", "product", str(product.id), "unit"),
        ("mapping", "explain", connection, "product", remote_id),
    ):
        assert product.unit in str(desk.call(*words))
    assert desk.call("reconcile", connection)


def test_a_decision_is_taken_back_until_the_erp_was_told(company: Company, desk: Desk, erp: Erp):
    account = make_conflict(company, desk, erp)
    entry = find_entry(desk, "conflict", account)
    take(desk, entry, "hub")
    desk.call("todo", "undo", entry["short"])
    assert find_entry(desk, "conflict", account)["id"] == entry["id"]
    assert desk.read(account).phone == "021-11111111"
    desk.run()
    assert erp.customer(company.customer).phone == "021-11111111", "nothing was written for a decision that is undone"
    take(desk, entry, "hub")
    desk.run()
    assert erp.customer(company.customer).phone == "021-22222222"
    refused = desk.call("todo", "undo", entry["short"], code=1)
    assert refused["errors"][0]["code"] == "todo.undo_written"
    check_agreement(desk, erp)
