"""``confirm = audit``: the hub approves the orders that it has made."""

from __future__ import annotations

import pytest

from tests.journeys.checks import check_agreement
from tests.journeys.company import Company
from tests.journeys.desk import Desk
from tests.journeys.erp import Erp


@pytest.fixture
def may_approve(company: Company, desk: Desk) -> None:
    desk.call("sync", "add", "erp", "order", "--confirm", "audit")
    desk.reopen()


def test_who_approves_is_part_of_what_was_accepted(company: Company, desk: Desk, may_approve: None):
    here = company.order_here()
    refused = desk.run()
    assert refused.refused == {"order": "sync.settings_changed"}
    assert company.orders() == []
    desk.accept()
    assert [order.state for order in company.orders()] == ["approved"]
    assert desk.read(here).state == "approved"
    check_agreement(desk, desk.erp)


def test_the_answer_to_an_approval_is_lost(company: Company, desk: Desk, erp: Erp, may_approve: None):
    """The hub looks again and finds it approved: it is not approved a second time."""
    here = company.order_here()
    erp.proxy.lose_next_answer(erp.approvals())
    report = desk.accept()
    assert desk.writes(report)["order", "confirm", "unknown"] == 1
    assert [order.state for order in company.orders()] == ["approved"]
    desk.wait_quiet()
    assert desk.writes(desk.run()) == {}
    assert desk.read(here).state == "approved"
    check_agreement(desk, erp)
