"""Payments, invoices, plans and deliveries: what is refused, and that every derived value is a sum."""

from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.crm.rules import rules_for
from hub.crm.settlement import judge_payment, sum_allocations, take_share
from hub.errors import RuleBroken
from hub.model.base import Entity
from hub.model.finance import (
    Allocation,
    Delivery,
    DeliveryLine,
    DeliveryState,
    Invoice,
    InvoiceLine,
    Payment,
    PaymentPlan,
)
from hub.model.kinds import find_kind
from hub.model.sales import Order, OrderLine, PaymentStatus

CUSTOMER, OTHER = UUID(int=1), UUID(int=2)
ORDER, SECOND, INVOICE, PLAN, PAYMENT = (UUID(int=number) for number in (10, 11, 20, 30, 40))
cents = st.decimals("0.01", 10**6, places=2)


def allocate(key="1", target="order", amount="100", **more):
    references = {"order": {"order_id": ORDER}, "invoice": {"invoice_id": INVOICE}, "instalment": {"plan_id": PLAN}}
    return Allocation(key=key, target=target, amount=Decimal(amount), **{**references.get(target, {}), **more})


def pay(amount="100", *rows, id=PAYMENT, **more):
    values = {"account_id": CUSTOMER, "currency": "CNY", "amount": Decimal(amount), "allocations": rows, **more}
    completed = rules_for("payment").complete(values)
    return Payment.model_validate({"state": "succeeded", **completed, "id": id})


def bill(*lines, id=INVOICE, **more):
    values = {"account_id": CUSTOMER, "currency": "CNY", "lines": lines, **more}
    return Invoice.model_validate({"state": "posted", **rules_for("invoice").complete(values), "id": id})


def bill_line(key="1", quantity="1", price="100", order=ORDER):
    return InvoiceLine(key=key, quantity=Decimal(quantity), unit_price=Decimal(price), order_id=order)


def sell(price="100", quantity="1", **more):
    line = OrderLine(key="1", quantity=Decimal(quantity), unit_price=Decimal(price))
    values = rules_for("order").complete({"account_id": CUSTOMER, "currency": "CNY", "lines": (line,), **more})
    return Order.model_validate({**values, "id": ORDER})


def send(quantity):
    return DeliveryLine(key="1", order_line="1", quantity=quantity)


def derive(record, **fed):
    values = {name: getattr(record, name) for name in type(record).model_fields}
    return rules_for(record.KIND).deriving(record.id, values, fed)


def refuse(code, record, previous=None, **found):
    rules = rules_for(record.KIND)
    with pytest.raises(RuleBroken) as caught:
        rules.check(record, previous)
        rules.check_relations(record, lambda kind, _: found.get(kind))
    assert caught.value.code == code
    for lang in ("en", "zh"):
        assert "{" not in caught.value.text(lang)


# ------------------------------------------------------------ payments


@pytest.mark.parametrize(
    ("payment", "code"),
    [
        (pay("0"), "crm.payment_not_positive"),
        (pay("100", allocate(amount="60"), allocate("2", amount="40.01")), "crm.allocated_too_much"),
        (pay("100", allocate(amount="0")), "crm.allocation_not_positive"),
        (pay("100", allocate(target_amount=Decimal(0))), "crm.allocation_not_positive"),
        (pay("100", allocate(), allocate()), "crm.line_key_twice"),
        (pay("100", allocate(target="invoice", order_id=ORDER)), "crm.allocation_unfit"),
        (pay("100", allocate(target="advance", order_id=ORDER)), "crm.allocation_unfit"),
        (pay("100", allocate(target="instalment")), "crm.allocation_unfit"),
        (pay("100", allocate(instalment="1")), "crm.allocation_unfit"),
        (pay("100", allocate(target="write_off")), "crm.allocation_unfit"),
        (pay("100", reverses_id=UUID(int=41)), "crm.reverses_wrong_type"),
        (pay("100", rate=Decimal(2)), "crm.rate_impossible"),
    ],
)
def test_a_payment_that_is_refused(payment, code):
    refuse(code, payment)


def test_every_sort_of_allocation_is_accepted():
    rows = (
        allocate("1", "order", "10"), allocate("2", "invoice", "20"), allocate("3", "instalment", "30", instalment="1"),
        allocate("4", "advance", "40"), allocate("5", "write_off", "7", invoice_id=INVOICE),
    )  # fmt: skip
    payment = pay("100", *rows)
    rules_for("payment").check(payment)
    assert payment.allocated == 100, "a write-off is no part of the amount"


@pytest.mark.parametrize(
    "change", [{"amount": Decimal(99)}, {"currency": "USD"}, {"account_id": OTHER}, {"type": "refund"}]
)
def test_a_settled_payment_is_never_rewritten_here(change):
    before = pay("100")
    refuse("crm.payment_settled", before.model_copy(update=change), before)
    draft = pay("100", state="draft")
    rules_for("payment").check(draft.model_copy(update=change), draft)


@pytest.mark.parametrize("kind", ["payment", "invoice"])
def test_an_approval_is_taken_back_in_another_system_only(kind):
    booked = pay("100") if kind == "payment" else bill(bill_line())
    draft = booked.model_copy(update={"state": type(booked.state)("draft")})
    rules_for(kind).check(draft, booked, remote=True)
    refuse("crm.payment_settled" if kind == "payment" else "crm.invoice_posted", draft, booked)


def test_a_settled_payment_may_still_be_allocated():
    rules_for("payment").check(pay("100", allocate()), pay("100"))


def test_money_goes_to_documents_of_the_same_customer_in_their_currency():
    order = sell()
    refuse(
        "crm.allocation_other_customer", pay("100", allocate()), order=order.model_copy(update={"account_id": OTHER})
    )
    dollars = order.model_copy(update={"currency": "USD"})
    refuse("crm.allocation_currency", pay("100", allocate()), order=dollars)
    refuse("crm.allocation_currency", pay("100", allocate(target_amount=Decimal(14))), order=order)
    both = pay("100", allocate(target_amount=Decimal(14)))
    rules_for("payment").check_relations(both, lambda kind, _: dollars if kind == "order" else None)


def test_a_refund_takes_back_no_more_than_the_receipt():
    receipt = pay("100", id=UUID(int=41))
    refund = {"type": "refund", "reverses_id": receipt.id}
    refuse("crm.reversal_unfit", pay("100.01", **refund), payment=receipt)
    refuse("crm.reversal_unfit", pay("100", **refund), payment=receipt.model_copy(update={"account_id": OTHER}))
    rules_for("payment").check_relations(pay("100", **refund), lambda *_: receipt)


def test_an_instalment_must_exist():
    plan = PaymentPlan.model_validate({"id": PLAN, "account_id": CUSTOMER, "currency": "CNY"})
    refuse("crm.instalment_unknown", pay("100", allocate(target="instalment", instalment="9")), payment_plan=plan)


def test_a_payment_without_amount_or_currency_names_the_field():
    for missing in ("amount", "currency"):
        values = {"amount": Decimal(1), "currency": "CNY"}
        del values[missing]
        with pytest.raises(RuleBroken, match=missing):
            rules_for("payment").complete(values)


def test_the_base_amount_follows_the_rate():
    payment = pay("100", currency="USD", rate=Decimal("7.1234"))
    assert (payment.base_amount, payment.base_currency) == (Decimal("712.34"), "CNY")


@given(st.lists(cents, max_size=6), cents)
def test_what_is_allocated_never_exceeds_the_amount(parts, amount):
    payment = pay(str(amount), *(allocate(str(place), amount=str(part)) for place, part in enumerate(parts)))
    assert payment.allocated == sum(parts)
    if sum(parts) > amount:
        refuse("crm.allocated_too_much", payment)
    else:
        rules_for("payment").check(payment)


# ------------------------------------------------------------ invoices and plans


@pytest.mark.parametrize(
    ("invoice", "code"),
    [
        (bill(bill_line(quantity="-1")), "crm.invoice_sign"),
        (bill(bill_line(), type="credit_note"), "crm.invoice_sign"),
        (bill(bill_line(), reverses_id=UUID(int=21)), "crm.reverses_wrong_type"),
        (bill(bill_line().model_copy(update={"tax_rate": Decimal(13)})), "crm.tax_rate_impossible"),
    ],
)
def test_an_invoice_that_is_refused(invoice, code):
    refuse(code, invoice)


def test_a_posted_invoice_changes_only_by_a_credit_note():
    before = bill(bill_line())
    refuse("crm.invoice_posted", bill(bill_line(price="99")), before)
    rules_for("invoice").check(before.model_copy(update={"note": "寄出"}), before)
    credit = {"type": "credit_note", "reverses_id": before.id}
    rules_for("invoice").check_relations(bill(bill_line(quantity="-1"), **credit), lambda *_: before)
    refuse("crm.reversal_unfit", bill(bill_line(quantity="-1.01"), **credit), invoice=before)


def test_a_plan_promises_no_more_than_the_order():
    instalment = {"key": "1", "amount": Decimal(101)}
    plan = {"id": PLAN, "account_id": CUSTOMER, "currency": "CNY", "order_id": ORDER, "instalments": [instalment]}
    refuse("crm.plan_unfit", PaymentPlan.model_validate(plan), order=sell())
    negative = {**plan, "instalments": [{"key": "1", "amount": Decimal(-1)}]}
    refuse("crm.instalment_not_positive", PaymentPlan.model_validate(negative))


def test_instalments_know_what_was_paid_on_them():
    instalments = [{"key": key, "amount": Decimal(50)} for key in ("1", "2")]
    plan = PaymentPlan.model_validate(
        {"id": PLAN, "account_id": CUSTOMER, "currency": "CNY", "instalments": instalments}
    )
    paid = pay(
        "60", allocate("1", "instalment", "50", instalment="1"), allocate("2", "instalment", "10", instalment="2")
    )
    derived = derive(plan, payment=[paid])
    assert [item.paid for item in derived["instalments"]] == [50, 10]
    assert derived["paid"] == 60


# ------------------------------------------------------------ what follows for an order


@pytest.mark.parametrize(
    ("paid", "gross", "status"),
    [("0", "100", "none"), ("-5", "100", "none"), ("99.99", "100", "partial"), ("100", "100", "paid"),
     ("100.01", "100", "overpaid"), ("0", "0", "none"), ("1", "0", "overpaid"), ("-100", "-100", "paid"),
     ("-40", "-100", "partial")],
)  # fmt: skip
def test_the_state_of_payment(paid, gross, status):
    assert judge_payment(Decimal(paid), Decimal(gross)) is PaymentStatus(status)


def test_partial_payments_a_refund_and_a_failure():
    order = sell("677.66")
    first, rest = pay("300", allocate(amount="300")), pay("377.66", allocate(amount="377.66"), id=UUID(int=41))
    assert derive(order, payment=[first])["payment"] is PaymentStatus.PARTIAL
    assert derive(order, payment=[first, rest])["payment"] is PaymentStatus.PAID
    bounced = rest.model_copy(update={"state": "failed"})
    assert derive(order, payment=[first, bounced]) == {"paid": Decimal(300), "payment": PaymentStatus.PARTIAL}
    refund = pay("377.66", allocate(amount="377.66"), id=UUID(int=42), type="refund", reverses_id=rest.id)
    assert derive(order, payment=[first, rest, refund])["paid"] == 300


def test_what_was_paid_on_an_invoice_counts_for_its_orders_in_proportion():
    invoice = bill(bill_line("1", price="200"), bill_line("2", price="100", order=SECOND))
    paid = rules_for("invoice").deriving(INVOICE, dict(invoice), {"payment": [pay("100", allocate(target="invoice"))]})
    assert (paid["paid"], paid["promised"], paid["payment"]) == (100, 100, PaymentStatus.PARTIAL)
    settled = invoice.model_copy(update=paid)
    order = sell("200")
    derived = derive(order, invoice=[settled])
    assert derived["paid"] == Decimal("66.67")
    assert (derived["invoiced"], derived["billing"]) == (200, "complete")


def test_a_recalled_deposit_does_not_shrink_what_was_paid_on_the_order():
    deposit = InvoiceLine(key="2", quantity=Decimal(-1), unit_price=Decimal(30))
    invoice = bill(bill_line(), deposit)
    settled = invoice.model_copy(update={"paid": Decimal(70)})
    assert derive(sell("100"), invoice=[settled])["paid"] == 100


@given(st.lists(st.tuples(cents, st.booleans()), min_size=1, max_size=5), cents)
def test_shares_add_up_with_lines_below_zero_too(parts, paid):
    weights: dict[UUID | None, Decimal] = {
        UUID(int=place): -amount if below else amount for place, (amount, below) in enumerate(parts, 1)
    }
    shares = [take_share(paid, "CNY", weights, name) for name in weights if name is not None]
    assert sum(shares) == paid


def test_an_invoice_in_another_currency_counts_in_that_of_the_order():
    dollars = {"currency": "USD", "rate": Decimal("7.1")}
    order = sell("100", **dollars)
    invoice = bill(bill_line(price="710")).model_copy(update={"paid": Decimal(355)})
    derived = derive(order, invoice=[invoice])
    assert (derived["invoiced"], derived["billing"], derived["paid"]) == (100, "complete", 50)


@pytest.mark.parametrize("state", ["draft", "succeeded"])
def test_money_of_another_currency_is_never_added_as_if_it_were_the_same(state):
    order = sell("100", currency="USD", rate=Decimal("7.1"))
    with pytest.raises(RuleBroken) as refused:
        derive(order, payment=[pay("710", allocate(amount="710"), state=state)])
    assert refused.value.code == "crm.allocation_currency"
    row = allocate(amount="710", target_amount=Decimal(100))
    assert derive(order, payment=[pay("710", row)])["paid"] == 100
    assert derive(order, payment=[pay("710", allocate(amount="710"), state="void")])["paid"] == 0


def test_what_was_paid_on_instalments_counts_for_the_order():
    plan = PaymentPlan(id=PLAN, account_id=CUSTOMER, order_id=ORDER, currency="CNY", paid=Decimal(40))
    derived = derive(sell("100"), payment_plan=[plan], payment=[pay("60", allocate(amount="60"))])
    assert (derived["paid"], derived["payment"]) == (100, PaymentStatus.PAID)
    assert "paid" not in derive(sell("100"), payment_plan=[plan.model_copy(update={"paid": Decimal(0)})])


def test_no_more_is_given_back_than_a_credit_note_is_worth():
    credit = bill(bill_line(quantity="-1", price="40"), type="credit_note")
    refund = pay("40", allocate(target="invoice", amount="40"), type="refund", state="draft")
    take(credit, {}, {"payment": [refund]})
    twice = [refund, refund.model_copy(update={"id": UUID(int=41)})]
    refuse_room("crm.allocated_above_open", credit, {"payment": [refund]}, {"payment": twice})


def take(record, before, after):
    rules = rules_for(record.KIND)
    rules.check_room(rules.measuring(record, before), rules.measuring(record, after))


def refuse_room(code, record, before, after):
    with pytest.raises(RuleBroken) as refused:
        take(record, before, after)
    assert refused.value.code == code
    for lang in ("en", "zh"):
        assert "{" not in refused.value.text(lang)
    take(record, after, after)  # what is too much already may stay, or become less
    take(record, after, before)


def test_refunds_of_a_receipt_are_together_no_more_than_it():
    receipt = pay("100", id=UUID(int=41))
    first, second = (
        pay(amount, id=UUID(int=number), type="refund", reverses_id=receipt.id, state=state)
        for amount, number, state in (("60", 42, "succeeded"), ("40", 43, "draft"))
    )
    take(receipt, {"payment": [first]}, {"payment": [first, second]})
    assert derive(receipt, payment=[first, second])["refunded"] == 60
    more = second.model_copy(update={"amount": Decimal("40.01")})
    refuse_room("crm.reversed_too_much", receipt, {"payment": [first]}, {"payment": [first, more]})
    failed = first.model_copy(update={"state": "failed"})
    take(receipt, {}, {"payment": [failed, more]})


def test_credit_notes_of_an_invoice_are_together_no_more_than_it():
    invoice = bill(bill_line())
    credit = {"type": "credit_note", "reverses_id": invoice.id}
    first = bill(bill_line(price="-60", quantity="1"), id=UUID(int=21), **credit)
    second = bill(bill_line(price="-40.01", quantity="1"), id=UUID(int=22), state="draft", **credit)
    take(invoice, {}, {"invoice": [first]})
    assert derive(invoice, invoice=[first, second])["credited"] == Decimal("100.01")
    refuse_room("crm.reversed_too_much", invoice, {"invoice": [first]}, {"invoice": [first, second]})


def test_what_is_promised_on_invoices_and_instalments_counts_for_the_order():
    order = sell("100")
    invoice = bill(bill_line()).model_copy(update={"promised": Decimal(50)})
    plan = PaymentPlan(id=PLAN, account_id=CUSTOMER, order_id=ORDER, currency="CNY", promised=Decimal(30))
    known = {"invoice": [invoice], "payment_plan": [plan]}
    draft = pay("20", allocate(amount="20"), state="draft")
    take(order, known, {**known, "payment": [draft]})
    more = {**known, "payment": [pay("20.01", allocate(amount="20.01"), state="draft")]}
    refuse_room("crm.allocated_above_open", order, known, more)
    assert rules_for("invoice").deriving(
        INVOICE, dict(invoice), {"payment": [pay("50", allocate(target="invoice", amount="50"), state="draft")]}
    )["promised"] == 50  # fmt: skip


def test_no_more_is_promised_to_an_instalment_than_it_says():
    plan = PaymentPlan.model_validate(
        {"id": PLAN, "account_id": CUSTOMER, "currency": "CNY", "instalments": [{"key": "1", "amount": Decimal(50)}]}
    )
    fits, more = (pay(amount, allocate("1", "instalment", amount, instalment="1")) for amount in ("50", "50.01"))
    take(plan, {}, {"payment": [fits]})
    refuse_room("crm.allocated_above_open", plan, {}, {"payment": [more]})


def test_a_credit_note_takes_billing_back():
    order = sell("100")
    credit = bill(bill_line(quantity="-1", price="40"), id=UUID(int=21), type="credit_note")
    derived = derive(order, invoice=[bill(bill_line()), credit])
    assert (derived["invoiced"], derived["billing"]) == (60, "partial")


def test_drafts_and_void_documents_do_not_count():
    order = sell()
    derived = derive(
        order,
        invoice=[bill(bill_line(), state="draft"), bill(bill_line(), state="void")],
        payment=[pay("100", allocate(), state="submitted"), pay("100", allocate(), state="draft")],
    )
    assert (derived["invoiced"], derived["paid"]) == (0, 0)


@pytest.mark.parametrize(
    ("quantities", "state"), [((), "none"), (("3",), "partial"), (("3", "7"), "complete"), (("10", "-1"), "partial")]
)
def test_deliveries_drive_fulfilment(quantities, state):
    order = sell(quantity="10")
    deliveries = [
        Delivery(id=UUID(int=50 + place), state=DeliveryState.DONE, lines=(send(quantity),))
        for place, quantity in enumerate(map(Decimal, quantities))
    ]
    assert derive(order, delivery=deliveries).get("fulfilment", "none") == state


def test_a_delivery_without_line_keys_is_told_by_the_product():
    order = sell(quantity="10")
    line = order.lines[0].model_copy(update={"product_id": UUID(int=60)})
    order = order.model_copy(update={"lines": (line,)})
    row = DeliveryLine(key="x", product_id=UUID(int=60), quantity=Decimal(10))
    assert (
        derive(order, delivery=[Delivery(id=UUID(int=50), state=DeliveryState.DONE, lines=(row,))])["fulfilment"]
        == "complete"
    )


@given(st.lists(cents, min_size=1, max_size=5), cents)
def test_shares_of_an_invoice_add_up(parts, paid):
    names = [UUID(int=place) for place in range(1, len(parts) + 1)]
    weights: dict[UUID | None, Decimal] = dict(zip(names, parts, strict=True))
    shares = [take_share(paid, "CNY", weights, name) for name in names]
    assert sum(shares) == paid


@given(st.lists(st.tuples(cents, st.booleans(), st.sampled_from(["succeeded", "failed", "draft"])), max_size=8))
def test_the_sum_is_that_of_the_succeeded_ones(rows):
    payments = [
        pay(str(amount), allocate(amount=str(amount)), type="receipt" if receipt else "refund", state=state)
        for amount, receipt, state in rows
    ]
    expected = sum(
        (amount if receipt else -amount for amount, receipt, state in rows if state == "succeeded"), Decimal(0)
    )
    assert sum_allocations(payments, "order_id", ORDER, {}) == expected
    assert sum_allocations(list(reversed(payments)), "order_id", ORDER, {}) == expected


@pytest.mark.parametrize("kind", ["delivery", "invoice", "payment", "payment_plan"])
def test_the_kinds_are_found_by_looking(kind):
    assert issubclass(find_kind(kind), Entity)
