"""Edits on both sides between two runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.store.rows import Conflict
from tests.journeys.checks import check_agreement
from tests.journeys.company import Company
from tests.journeys.desk import Desk
from tests.journeys.erp import Erp


def list_conflicts(desk: Desk, record: Any) -> list[Conflict]:
    with desk.hub.store.read() as tx:
        return list(tx.find(Conflict, record_id=record.id, order=["at"]))


def dump_lines(order: Any, *fields: str) -> list[dict[str, Any]]:
    return [line.model_dump(mode="json", include=set(fields)) for line in order.lines]


def test_edits_of_different_fields_both_hold(company: Company, desk: Desk, erp: Erp):
    account = desk.record_of("account", company.customer)
    erp.rename_customer(company.customer, "海岳精密机械（上海）有限公司")
    desk.edit(account, phone="021-60000009")
    desk.run()
    assert (erp.customer(company.customer).name, erp.customer(company.customer).phone) == (
        "海岳精密机械（上海）有限公司", "021-60000009",
    )  # fmt: skip
    assert (desk.read(account).name, desk.read(account).phone) == ("海岳精密机械（上海）有限公司", "021-60000009")
    assert list_conflicts(desk, account) == []
    check_agreement(desk, erp)


def test_one_field_edited_on_both_sides_keeps_both_values(company: Company, desk: Desk, erp: Erp):
    account = desk.record_of("account", company.customer)
    erp.set_phone(company.customer, "021-11111111")
    desk.edit(account, phone="021-22222222")
    desk.run()
    (conflict,) = list_conflicts(desk, account)
    assert (conflict.field, conflict.hub_value, conflict.remote_value) == ("phone", "021-22222222", "021-11111111")
    assert desk.read(account).phone == erp.customer(company.customer).phone == "021-11111111"
    check_agreement(desk, erp, waits=["sync.conflict_took_remote"])
    desk.settle(account, "hub")
    desk.run()
    assert desk.read(account).phone == erp.customer(company.customer).phone == "021-22222222"
    check_agreement(desk, erp)


def test_the_same_value_typed_on_both_sides_is_no_conflict(company: Company, desk: Desk, erp: Erp):
    account = desk.record_of("account", company.customer)
    erp.set_phone(company.customer, "021-33333333")
    desk.edit(account, phone="021-33333333")
    assert desk.writes(desk.run()) == {}
    assert list_conflicts(desk, account) == []
    check_agreement(desk, erp)


def test_a_draft_of_ours_is_edited_on_both_sides(company: Company, desk: Desk, erp: Erp):
    """Lines of our order are ours, its note is shared."""
    here = company.order_here(note="原话")
    desk.accept()
    there = desk.remote_id(here)
    erp.edit_note(there, "会计的备注")
    lines = dump_lines(here, "key", "product_id", "unit_price")
    wanted = [{**line, "quantity": count} for line, count in zip(lines, ("5", "7", "2"), strict=True)]
    desk.edit(here, lines=wanted)
    desk.run()
    assert erp.order(there).quantities == (5, 7, 2)
    assert desk.read(here).note == erp.order(there).note == "会计的备注"
    assert list_conflicts(desk, here) == []
    check_agreement(desk, erp)
    erp.approve(there)
    desk.run()
    check_agreement(desk, erp)


def test_a_line_is_added_and_one_removed(company: Company, desk: Desk, erp: Erp):
    here = company.order_here()
    desk.accept()
    kept = dump_lines(here, "key", "product_id", "quantity", "unit_price")
    added = {"key": "9", "product_id": str(company.products[0]), "quantity": "11", "unit_price": "0.15"}
    desk.edit(here, lines=[kept[0], kept[2], added])
    desk.run()
    assert erp.order(desk.remote_id(here)).quantities == (3, 1, 11)
    assert [line.quantity for line in desk.read(here).lines] == [3, 1, 11]
    check_agreement(desk, erp)


def test_what_was_approved_there_is_not_edited_here(company: Company, desk: Desk, erp: Erp):
    here = company.order_here()
    desk.accept()
    there = desk.remote_id(here)
    erp.approve(there)
    desk.run()
    number = erp.order(there).number
    with pytest.raises(RuleBroken) as refused:
        desk.edit(here, lines=[{"key": "1", "name": "x", "quantity": "1", "unit_price": "1"}])
    assert refused.value.code == "sync.edit_refused"
    assert refused.value.params["number"] == number
    desk.edit(here, note="备注仍可修改")
    desk.run()
    assert erp.order(there).note == "备注仍可修改"
    assert erp.order(there).net == desk.read(here).net > Decimal(100)
    check_agreement(desk, erp)


def test_an_edit_of_lines_that_crosses_the_approval_is_held(company: Company, desk: Desk, erp: Erp):
    """The hub could not know yet: the person's approval stands, the edit waits, nothing is overwritten."""
    here = company.order_here()
    desk.accept()
    there = desk.remote_id(here)
    erp.approve(there)
    lines = dump_lines(here, "key", "product_id", "unit_price")
    desk.edit(here, lines=[{**line, "quantity": "20"} for line in lines])
    assert desk.writes(desk.run()) == {}
    assert erp.order(there).quantities == (3, 7, 1)
    check_agreement(desk, erp, waits=["sync.held_locked"])
    desk.settle(here, "remote")
    assert [line.quantity for line in desk.read(here).lines] == [3, 7, 1]
    check_agreement(desk, erp)
