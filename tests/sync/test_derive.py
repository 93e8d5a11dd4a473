"""What follows for a record when others that name it change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.errors import RuleBroken
from hub.model.finance import Payment
from hub.sync.records import create_record
from tests.sync.scenes import Scene


def pay(scene: Scene, order: Any, amount: str, **more: Any) -> Any:
    rows = [{"target": "order", "order_id": str(order.id), "amount": amount}]
    values = {"account_id": str(order.account_id), "amount": amount, "allocations": rows, **more}
    return create_record(scene.hub, "payment", values, "li")


def succeed(scene: Scene, payment: Any) -> Any:
    return scene.edit(payment, state="succeeded")


def test_an_order_knows_what_was_paid_on_it(scene: Scene) -> None:
    order = scene.make_order("2")
    first = pay(scene, order, "10.25")
    assert (first.number, first.paid_on.isoformat(), first.currency) == ("RC-0001", "2026-11-01", "CNY")
    assert scene.reload(order).paid == 0, "a draft has moved no money"
    succeed(scene, first)
    assert (scene.reload(order).paid, scene.reload(order).payment) == (Decimal("10.25"), "partial")
    succeed(scene, pay(scene, order, "18"))
    assert (scene.reload(order).paid, scene.reload(order).payment) == (order.gross, "paid")


def test_the_state_goes_back_when_a_payment_fails_or_is_given_back(scene: Scene) -> None:
    order = scene.make_order("2")
    paid = succeed(scene, pay(scene, order, "28.25"))
    scene.edit(paid, state="failed")
    assert (scene.reload(order).paid, scene.reload(order).payment) == (0, "none")
    paid = succeed(scene, pay(scene, order, "28.25"))
    succeed(scene, pay(scene, order, "8.25", type="refund", reverses_id=str(paid.id)))
    assert (scene.reload(order).paid, scene.reload(order).payment) == (20, "partial")


def test_money_moved_to_another_order_changes_both(scene: Scene) -> None:
    first, second = scene.make_order("2"), scene.make_order("2")
    paid = succeed(scene, pay(scene, first, "5"))
    row = {"key": "1", "target": "order", "order_id": str(second.id), "amount": "5"}
    scene.edit(paid, allocations=[row])
    assert [scene.reload(order).paid for order in (first, second)] == [0, 5]


def test_a_payment_on_an_invoice_reaches_its_order(scene: Scene) -> None:
    order = scene.make_order("2")
    line = {"quantity": "2", "unit_price": "12.50", "tax_rate": "0.13", "order_id": str(order.id), "order_line": "1"}
    invoice = create_record(scene.hub, "invoice", {"account_id": str(order.account_id), "lines": [line]}, "li")
    scene.edit(invoice, state="posted")
    assert (scene.reload(order).invoiced, scene.reload(order).billing) == (order.gross, "complete")
    row = {"target": "invoice", "invoice_id": str(invoice.id), "amount": "28.25"}
    values = {"account_id": str(order.account_id), "amount": "28.25", "allocations": [row]}
    succeed(scene, create_record(scene.hub, "payment", values, "li"))
    assert scene.reload(invoice).payment == "paid"
    assert (scene.reload(order).paid, scene.reload(order).payment) == (order.gross, "paid")


def test_money_on_an_instalment_reaches_the_order(scene: Scene) -> None:
    order = scene.make_order("2")
    values = {"account_id": str(order.account_id), "order_id": str(order.id), "currency": "CNY"}
    plan = create_record(scene.hub, "payment_plan", {**values, "instalments": [{"key": "1", "amount": "10"}]}, "li")
    row = {"target": "instalment", "plan_id": str(plan.id), "instalment": "1", "amount": "10"}
    succeed(scene, pay(scene, order, "10", allocations=[row]))
    assert (scene.reload(order).paid, scene.reload(order).payment) == (10, "partial")


def test_a_payment_of_what_is_promised_too_much_can_be_taken_back(scene: Scene) -> None:
    """The order became smaller after it was paid."""
    order = scene.make_order("2")
    succeed(scene, pay(scene, order, "20"))
    draft = pay(scene, order, "8")
    line = scene.reload(order).lines[0].model_dump(mode="json", include={"key", "product_id", "unit_price", "tax_rate"})
    scene.edit(order, lines=[{**line, "quantity": "1"}])
    scene.edit(draft, note="a typing error")
    with pytest.raises(RuleBroken) as refused:
        pay(scene, order, "1")
    assert refused.value.code == "crm.allocated_above_open"
    assert scene.void(draft).state == "void"


def test_drafts_on_an_invoice_leave_no_room_on_its_order(scene: Scene) -> None:
    order = scene.make_order("2")
    line = {"quantity": "2", "unit_price": "12.50", "tax_rate": "0.13", "order_id": str(order.id), "order_line": "1"}
    invoice = create_record(scene.hub, "invoice", {"account_id": str(order.account_id), "lines": [line]}, "li")
    scene.edit(invoice, state="posted")
    row = {"target": "invoice", "invoice_id": str(invoice.id), "amount": "20"}
    pay(scene, order, "20", allocations=[row])
    assert (scene.reload(invoice).promised, scene.reload(invoice).paid) == (20, 0)
    with pytest.raises(RuleBroken) as refused:
        pay(scene, order, "8.26")
    assert refused.value.code == "crm.allocated_above_open"
    assert [record.amount for record in scene.records("payment")] == [20], "nothing of what was refused is left"
    pay(scene, order, "8.25")


def test_money_moved_from_one_plan_to_another_of_the_same_order(scene: Scene) -> None:
    """Whichever of them is looked at first: what counts is how it stands when all is done."""
    order = scene.make_order("2")
    values = {"account_id": str(order.account_id), "order_id": str(order.id), "currency": "CNY"}
    instalments = [{"key": "1", "amount": "28.25"}]
    plans = [create_record(scene.hub, "payment_plan", {**values, "instalments": instalments}, "li") for _ in range(2)]
    rows = [[{"target": "instalment", "plan_id": str(plan.id), "instalment": "1", "amount": "28.25"}] for plan in plans]
    payment = pay(scene, order, "28.25", allocations=rows[1])
    for wanted in (rows[0], rows[1]):
        scene.edit(payment, allocations=wanted)
    assert [scene.reload(plan).promised for plan in plans] == [0, Decimal("28.25")]


def test_several_refunds_are_together_no_more_than_the_receipt(scene: Scene) -> None:
    order = scene.make_order("2")
    receipt = succeed(scene, pay(scene, order, "20"))
    back = {"type": "refund", "reverses_id": str(receipt.id)}
    succeed(scene, pay(scene, order, "15", **back))
    assert scene.reload(receipt).refunded == 15
    draft = pay(scene, order, "5", **back)
    for refused in (lambda: pay(scene, order, "0.01", **back), lambda: scene.edit(draft, amount="5.01")):
        with pytest.raises(RuleBroken) as caught:
            refused()
        assert caught.value.code == "crm.reversed_too_much"
    scene.void(draft)
    pay(scene, order, "5", **back)


def test_deliveries_drive_fulfilment(scene: Scene) -> None:
    order = scene.make_order("2")
    for quantity, state in (("1.5", "partial"), ("0.5", "complete")):
        lines = [{"order_line": "1", "quantity": quantity}]
        values = {"order_id": str(order.id), "state": "done", "lines": lines}
        create_record(scene.hub, "delivery", values, "li")
        assert scene.reload(order).fulfilment == state


def test_what_is_derived_is_journalled_and_sends_nothing(scene: Scene) -> None:
    order = scene.make_order("2")
    scene.settle()
    payment = succeed(scene, pay(scene, order, "5"))
    entry = [row for row in scene.journal("record.changed") if row.record_id == order.id][-1]
    assert (entry.detail["changes"]["paid"], entry.actor) == (["0", "5"], "li")
    assert not scene.binding(order).dirty
    assert isinstance(payment, Payment)
    assert {row.kind for row in scene.attempts()} == {"order"}


def test_an_order_with_living_payments_is_not_voided(scene: Scene) -> None:
    order = scene.make_order("2")
    payment = pay(scene, order, "5")
    with pytest.raises(RuleBroken) as refused:
        scene.void(order)
    assert (refused.value.code, refused.value.params["child"]) == ("sync.has_children", payment.number)
    scene.void(payment)
    assert scene.void(order).state == "void"


def test_a_derived_field_cannot_be_typed_in(scene: Scene) -> None:
    order = scene.make_order("2")
    with pytest.raises(RuleBroken, match="paid"):
        scene.edit(order, paid="28.25")


def test_an_allocation_to_somebody_elses_order_is_refused(scene: Scene) -> None:
    order = scene.make_order("2")
    other = create_record(scene.hub, "account", {"name": "别的客户"}, "li")
    with pytest.raises(RuleBroken) as refused:
        pay(scene, order, "5", account_id=str(other.id))
    assert refused.value.code == "crm.allocation_other_customer"
