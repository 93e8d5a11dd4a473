"""Orders, both ways, until a person has approved or cancelled them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.errors import RuleBroken
from hub.protocol.binding import BindingState
from tests.journeys.checks import check_agreement
from tests.journeys.company import Company
from tests.journeys.desk import Desk
from tests.journeys.erp import Erp

CENT = Decimal("0.01")


def test_an_order_made_here_is_drafted_there_and_approved_by_a_person(company: Company, desk: Desk, erp: Erp):
    here = company.order_here(note="月底前交货")
    assert (here.net, here.tax, here.gross) == (Decimal("100.76"), Decimal("13.10"), Decimal("113.86"))
    view = desk.plan()
    written = [(item.kind, item.action, item.amount) for item in view.items if item.side == "there"]
    assert written == [("order", "create", here.gross)]
    assert company.orders() == [], "a plan writes nothing"
    report = desk.accept(view)
    assert desk.writes(report) == {("order", "create", "ok"): 1}
    (draft,) = company.orders()
    assert (draft.state, draft.note, draft.quantities, draft.ours) == ("draft", "月底前交货", (3, 7, 1), True)
    assert draft.gross != here.gross, "the prices are chosen so that the two sides round differently"
    assert abs(draft.gross - here.gross) <= 2 * CENT
    assert desk.binding(here).state is BindingState.WAITING
    check_agreement(desk, erp)
    erp.approve(draft.id)
    desk.run()
    assert desk.read(here).state == "approved"
    assert desk.binding(here).state is BindingState.BOUND
    check_agreement(desk, erp)


def test_an_order_made_there_arrives_with_its_edits_and_states(company: Company, desk: Desk, erp: Erp):
    there = company.order_there(note="送货前一天电话通知")
    desk.run()
    here = desk.record_of("order", there)
    assert (here.account_id, here.note, here.state) == (company.account, "送货前一天电话通知", "draft")
    assert [line.product_id for line in here.lines] == list(company.products)
    erp.edit_quantity(there, 1, 9)
    desk.run()
    assert [line.quantity for line in desk.read(here).lines] == [3, 9, 1]
    erp.approve(there)
    desk.run()
    assert desk.read(here).state == "approved"
    check_agreement(desk, erp)
    assert erp.order(there).reference == "", "a document of people's gets no reference of ours"


def test_an_order_for_a_new_customer_waits_for_the_customer(company: Company, desk: Desk, erp: Erp):
    """Dependency before dependent, in one run."""
    customer = desk.create("account", name="无证商行")
    order = desk.make_order(customer.id, company.products)
    assert desk.writes(desk.accept()) == {}
    there = erp.make_customer("无证商行")
    desk.match(customer, there)
    assert desk.writes(desk.accept()) == {("order", "create", "ok"): 1}
    assert erp.order(desk.remote_id(order)).ours
    check_agreement(desk, erp)


def test_an_order_cancelled_here_is_cancelled_there(company: Company, desk: Desk, erp: Erp):
    here, never_sent = company.order_here(), company.order_here()
    desk.void(never_sent)
    desk.accept()
    assert len(company.orders()) == 1, "what was cancelled before it was sent is never sent"
    desk.void(here)
    view = desk.plan()
    assert [(item.kind, item.action) for item in view.items if item.side == "there"] == [("order", "void")]
    assert desk.writes(desk.accept(view)) == {("order", "void", "ok"): 1}
    assert [order.state for order in company.orders()] == ["void"]
    check_agreement(desk, erp)


def test_an_order_cancelled_there_is_cancelled_here_and_never_made_again(company: Company, desk: Desk, erp: Erp):
    ours = company.order_here()
    desk.accept()
    theirs = company.order_there()
    desk.run()
    erp.void(desk.remote_id(ours))
    erp.void(theirs)
    desk.run()
    assert desk.read(ours).state == "void"
    assert desk.record_of("order", theirs).state == "void"
    with pytest.raises(RuleBroken):
        desk.edit(ours, note="还是要货")
    check_agreement(desk, erp)
    assert [order.state for order in company.orders()] == ["void", "void"]


def test_an_order_known_to_be_approved_there_is_not_cancelled_here(company: Company, desk: Desk, erp: Erp):
    """Neither ERP lets the integration user cancel what was approved, so the hub says so at once."""
    here = company.order_here()
    desk.accept()
    erp.approve(desk.remote_id(here))
    desk.run()
    with pytest.raises(RuleBroken) as refused:
        desk.void(here)
    assert refused.value.code == "sync.void_refused"
    assert desk.writes(desk.run()) == {}
    assert (desk.read(here).state, erp.order(desk.remote_id(here)).state) == ("approved", "approved")
    check_agreement(desk, erp)


def test_an_order_cancelled_here_while_it_was_approved_there_waits_for_a_person(company: Company, desk: Desk, erp: Erp):
    here = company.order_here()
    desk.accept()
    erp.approve(desk.remote_id(here))
    desk.void(here)
    assert desk.writes(desk.run()) == {}
    assert erp.order(desk.remote_id(here)).state == "approved"
    check_agreement(desk, erp, waits=[erp.void_refusal])
    desk.settle(here, "remote")
    assert desk.read(here).state == "approved"
    check_agreement(desk, erp)


def test_a_copy_made_by_a_person_is_another_order(company: Company, desk: Desk, erp: Erp):
    here = company.order_here(note="原单")
    desk.accept()
    copy = erp.copy(desk.remote_id(here))
    erp.edit_quantity(copy, 0, 4)
    desk.run()
    other = desk.record_of("order", copy)
    assert other.id != here.id
    assert [line.quantity for line in other.lines] == [4, 7, 1]
    assert [line.quantity for line in desk.read(here).lines] == [3, 7, 1]
    erp.approve(copy)
    desk.run()
    assert (desk.read(other).state, desk.read(here).state) == ("approved", "draft")
    check_agreement(desk, erp)
    assert len(company.orders()) == 2
