"""Money documents: what exactly a refusal says, and what exactly is summed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.crm.figures import calculate_declared, check_amount, check_declared, check_totals
from hub.crm.order import promise
from hub.crm.rules import Feeder, Room, Rules, list_fed, list_linked, load_rules, rules_for
from hub.crm.settlement import convert, sum_promised, take_share
from hub.errors import RuleBroken
from hub.model.finance import (
    Allocation,
    Delivery,
    DeliveryLine,
    DeliveryState,
    InvoiceLine,
    PaymentPlan,
    PaymentState,
    PaymentType,
)
from hub.model.sales import Fulfilment, OrderLine, PaymentStatus
from tests.crm.books import Books, make, refused

D = Decimal
ACME, BETA = UUID(int=1), UUID(int=2)
ORDER, SECOND, INVOICE, PLAN = UUID(int=10), UUID(int=11), UUID(int=20), UUID(int=30)


def sell(price: str = "100", **more: Any) -> Any:
    lines = (OrderLine(key="1", quantity=D(1), unit_price=D(price)),)
    told = {"number": "SO-1", "account_id": ACME, "currency": "CNY", "lines": lines, **more}
    return make("order", 10, **told)


def bill(*prices: str, order: UUID = ORDER, id_: int = 20, **more: Any) -> Any:
    lines = tuple(
        InvoiceLine(key=str(at), quantity=D(1), unit_price=D(price), order_id=order) for at, price in enumerate(prices)
    )
    told = {"number": f"IN-{id_}", "account_id": ACME, "currency": "CNY", "state": "posted", "lines": lines, **more}
    return make("invoice", id_, **told)


def row(key: str = "1", target: str = "order", amount: str = "100", **more: Any) -> Allocation:
    named = {"order": {"order_id": ORDER}, "invoice": {"invoice_id": INVOICE}, "instalment": {"plan_id": PLAN}}
    return Allocation.model_validate(
        {"key": key, "target": target, "amount": D(amount), **named.get(target, {}), **more}
    )


def pay(amount: str = "100", *rows: Allocation, id_: int = 40, **more: Any) -> Any:
    told = {"number": f"PY-{id_}", "account_id": ACME, "currency": "CNY", "amount": D(amount), "state": "succeeded"}
    return make("payment", id_, **{**told, "allocations": rows, **more})


# ------------------------------------------------------------ what a refusal says


def check(record: Any, previous: Any = None, **more: Any) -> None:
    rules_for(record.KIND).check(record, previous, **more)


PAYMENTS: list[tuple[Any, str, dict[str, Any]]] = [
    (pay("0"), "crm.payment_not_positive", {"amount": D(0)}),
    (pay("-1"), "crm.payment_not_positive", {"amount": D(-1)}),
    (pay(fee=D("100.01")), "crm.fee_unfit", {"fee": D("100.01"), "amount": D(100)}),
    (pay(fee=D(-1)), "crm.fee_unfit", {"fee": D(-1), "amount": D(100)}),
    (pay("100", row(amount="100.01")), "crm.allocated_too_much", {"allocated": D("100.01"), "amount": D(100)}),
    (pay("100", row("7", amount="0")), "crm.allocation_not_positive", {"key": "7"}),
    (pay("100", row("7", target_amount=D(-1))), "crm.allocation_not_positive", {"key": "7"}),
    (pay("100", row("7", "invoice", order_id=ORDER)), "crm.allocation_unfit", {"key": "7", "target": "invoice"}),
    (pay("100", row("7", "instalment")), "crm.allocation_unfit", {"key": "7", "target": "instalment"}),
    (pay("100", row("7", "write_off")), "crm.allocation_unfit", {"key": "7", "target": "write_off"}),
    (
        pay("100", row("7", "write_off", order_id=ORDER, invoice_id=INVOICE)),
        "crm.allocation_unfit",
        {"key": "7", "target": "write_off"},
    ),
    (
        pay("100", row("7", "write_off", order_id=ORDER, plan_id=PLAN)),
        "crm.allocation_unfit",
        {"key": "7", "target": "write_off"},
    ),
]


@pytest.mark.parametrize(
    ("payment", "code", "params"), PAYMENTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_said_of_a_payment(payment: Any, code: str, params: dict[str, Any]) -> None:
    with refused(code, number="PY-40", **params):
        check(payment)


def test_what_a_payment_may_be() -> None:
    for fine in (
        pay(fee=D(100)),
        pay(fee=D(0)),
        pay("100", row()),
        pay("100", row(target="write_off", order_id=ORDER)),
        pay(type="refund", reverses_id=ORDER),
        pay("100", row(target="instalment", instalment="1")),
    ):
        check(fine)
    with refused("crm.reverses_wrong_type", kind="payment", type="receipt"):
        check(pay(reverses_id=ORDER))


def test_what_has_moved_stays() -> None:
    for state in ("succeeded", "failed", "void"):
        before = pay(state=state)
        for name, value in {"fee": D(1), "account_id": BETA, "reverses_id": None, "amount": D(99)}.items():
            changed = before.model_copy(update={name: value})
            if getattr(before, name) == value:
                continue
            with refused("crm.payment_settled", number="PY-40", fields=name):
                check(changed, before)
    before = pay(type="refund", reverses_id=ORDER, state="failed")
    later = before.model_copy(
        update={"type": PaymentType.RECEIPT, "reverses_id": None, "state": PaymentState.SUCCEEDED}
    )
    with refused("crm.payment_settled", number="PY-40", fields="type, reverses_id"):
        check(later, before)
    done = pay()
    with refused("crm.payment_settled", number="PY-40", fields="state"):
        check(done.model_copy(update={"state": PaymentState.DRAFT}), done)


def relate(record: Any, *known: Any) -> None:
    rules_for(record.KIND).check_relations(record, Books(known).get)


def test_to_whose_documents_money_goes() -> None:
    relate(pay("100", row()), sell())
    relate(pay("100", row()))
    with refused("crm.allocation_other_customer", number="PY-40", target="SO-1"):
        relate(pay("100", row()), sell(account_id=BETA))
    nameless = sell(account_id=BETA, number="")
    with refused("crm.allocation_other_customer", number="PY-40", target=str(ORDER)):
        relate(pay("100", row()), nameless)
    with refused("crm.allocation_currency", number="PY-40", target="SO-1", currency="USD", key="7"):
        relate(pay("100", row("7")), sell(currency="USD", rate=D(7)))
    with refused("crm.allocation_currency", number="PY-40", target="SO-1", currency="CNY", key="7"):
        relate(pay("100", row("7", target_amount=D(14))), sell())
    with refused("crm.allocation_other_customer", number="PY-40", target="IN-20"):
        relate(pay("100", row(target="invoice")), bill("100", account_id=BETA))
    plan = make(
        "payment_plan", 30, number="PP-1", account_id=ACME, currency="CNY", instalments=[{"key": "1", "amount": D(9)}]
    )
    relate(pay("9", row(target="instalment", amount="9", instalment="1")), plan)
    with refused("crm.instalment_unknown", number="PY-40", target="PP-1", key="2"):
        relate(pay("9", row(target="instalment", amount="9", instalment="2")), plan)


def test_a_refund_fits_its_receipt_in_every_respect() -> None:
    receipt = pay(id_=41)
    back = {"type": "refund", "reverses_id": receipt.id}
    relate(pay("100", **back), receipt)
    for wrong, other in (
        (pay("100.01", **back), receipt),
        (pay("100", currency="USD", rate=D(7), **back), receipt),
        (pay("100", account_id=BETA, **back), receipt),
        (pay("100", **back), receipt.model_copy(update={"type": PaymentType.REFUND})),
    ):
        with refused("crm.reversal_unfit", number="PY-40", other="PY-41"):
            relate(wrong, other)


def test_what_is_said_of_an_invoice() -> None:
    with refused("crm.invoice_sign", number="IN-20", type="invoice", gross=D(-1)):
        check(bill("-1"))
    with refused("crm.invoice_sign", number="IN-20", type="credit_note", gross=D(1)):
        check(bill("1", type="credit_note"))
    check(bill("0"))
    check(bill("0", type="credit_note"))
    before = bill("100")
    with refused("crm.invoice_posted", number="IN-20", fields="account_id, lines"):
        check(before.model_copy(update={"account_id": BETA, "lines": ()}), before)
    with refused("crm.invoice_posted", number="IN-20", fields="state"):
        check(before.model_copy(update={"state": type(before.state)("draft")}), before)
    credit = bill("-100.01", type="credit_note", reverses_id=before.id, id_=21)
    with refused("crm.reversal_unfit", number="IN-21", other="IN-20"):
        relate(credit, before)
    note = before.model_copy(update={"type": credit.type})
    relate(credit, note)
    with refused("crm.value_missing", kind="invoice", field="currency"):
        rules_for("invoice").complete_lists({"lines": ()})


def test_what_is_said_of_a_plan() -> None:
    rows = [{"key": "1", "amount": D(60)}, {"key": "2", "amount": D(41)}]
    told = {"number": "PP-1", "account_id": ACME, "currency": "CNY", "order_id": ORDER}
    plan = make("payment_plan", 30, **told, instalments=rows)
    words = {"number": "PP-1", "order": "SO-1", "promised": D(101), "gross": D(100)}
    with refused("crm.plan_unfit", **words):
        relate(plan, sell())
    relate(plan, sell("101"))
    for other in ({"account_id": BETA}, {"currency": "USD", "rate": D(7)}):
        with refused("crm.plan_unfit", **{**words, "gross": D(101)}):
            relate(plan, sell("101", **other))
    with refused("crm.instalment_not_positive", number="PP-1", key="2", amount=D(0)):
        check(make("payment_plan", 30, **told, instalments=[rows[0], {"key": "2", "amount": D(0)}]))
    with refused("crm.line_key_twice", kind="payment_plan", field="instalments", key="1"):
        check(make("payment_plan", 30, **told, instalments=[rows[0], rows[0]]))


def test_what_is_said_of_an_order() -> None:
    with refused("crm.order_empty", state="submitted"):
        check(sell(lines=(), state="submitted"))
    void = sell(state="void")
    with refused("crm.order_void", number="SO-1"):
        check(void.model_copy(update={"reference": "PO-1"}), void)
    check(void.model_copy(update={"tags": ("a",), "paid": D(5), "payment": PaymentStatus.PARTIAL, "revision": 3}), void)
    check(void.model_copy(update={"reference": "PO-1"}), void, remote=True)


def test_what_is_said_of_money_that_cannot_be_kept() -> None:
    with pytest.raises(RuleBroken) as caught:
        check_amount("order", "gross", D("1E+30"))
    params = caught.value.params
    assert (params["kind"], params["field"], params["value"]) == ("order", "gross", D("1E+30"))
    assert params["what"]
    with refused("crm.rounding_unknown", rounding="dice", known="line, document, line-half-even, document-half-up"):
        calculate_declared((), "CNY", "dice")
    with refused("crm.rules_missing", kind="spaceship", known=", ".join(load_rules())):
        rules_for("spaceship")


# ------------------------------------------------------------ rooms and sums


def measure(record: Any, **fed: Any) -> list[Room]:
    return list(rules_for(record.KIND).measuring(record, fed))


def test_the_rooms_of_every_document() -> None:
    draft, void = pay("30", row(amount="30"), state="draft"), pay("7", row(amount="7"), state="void")
    assert measure(sell(), payment=[draft, void]) == [Room("SO-1", D(100), D(30))]
    credit = bill("-40", type="credit_note", id_=21, state="draft")
    gone = bill("-1", type="credit_note", id_=22, state="void")
    on_invoice = pay("30", row(target="invoice", amount="30"))
    assert measure(bill("100"), payment=[on_invoice], invoice=[credit, gone]) == [
        Room("IN-20", D(100), D(30)),
        Room("IN-20", D(100), D(40), refusal="crm.reversed_too_much"),
    ]
    back = pay("30", row(target="invoice", amount="30"), type="refund", state="draft")
    assert measure(bill("-40", type="credit_note"), payment=[back]) == [
        Room("IN-20", D(40), D(30)),
        Room("IN-20", D(-40), D(0), refusal="crm.reversed_too_much"),
    ]
    rows = [{"key": "1", "amount": D(60)}, {"key": "2", "amount": D(40)}]
    plan = make("payment_plan", 30, number="PP-1", account_id=ACME, currency="CNY", instalments=rows)
    on_plan = pay("9", row(target="instalment", amount="9", instalment="2"), state="draft")
    assert measure(plan, payment=[on_plan]) == [Room("PP-1/1", D(60), D(0)), Room("PP-1/2", D(40), D(9))]
    refund = pay("30", id_=42, type="refund", state="submitted")
    failed = pay("5", id_=43, type="refund", state="failed")
    assert measure(pay(), payment=[refund, failed]) == [Room("PY-40", D(100), D(30), refusal="crm.reversed_too_much")]
    for record in (sell(), bill("100"), pay(), plan):
        assert all(not room.taken for room in measure(record))


def test_what_is_refused_where_there_is_no_room() -> None:
    rules: Rules = rules_for("order")
    full, other = Room("SO-1", D(100), D(101)), Room("SO-1", D(100), D(101), refusal="crm.reversed_too_much")
    words = {"kind": "order", "number": "SO-1", "gross": D(100), "promised": D(101)}
    with refused("crm.allocated_above_open", **words):
        rules.check_room([], [full])
    with refused("crm.reversed_too_much", **words):
        rules.check_room([full], [other])
    with refused("crm.allocated_above_open", **{**words, "promised": D(102)}):
        rules.check_room([full], [Room("SO-1", D(100), D(102))])
    rules.check_room([], [Room("SO-1", D(100), D(100))])
    rules.check_room([full], [full])
    rules.check_room([], [Room("SO-1", D(-5), D(0))])
    with refused("crm.allocated_above_open", kind="order", number="SO-2", gross=D(100), promised=D(101)):
        rules.check_room([full], [full, Room("SO-2", D(100), D(101))])


def test_what_is_promised_to_an_order_in_all() -> None:
    invoice = bill("100", order=ORDER).model_copy(update={"promised": D(30)})
    void = bill("100", state="void").model_copy(update={"promised": D(70)})
    dollars = bill("10", currency="USD", rate=D(7)).model_copy(update={"promised": D(2)})
    plan = PaymentPlan(id=PLAN, account_id=ACME, currency="CNY", promised=D(5))
    fed = {
        "invoice": [invoice, void, dollars],
        "payment_plan": [plan],
        "payment": [pay("8", row(amount="8"), state="draft")],
    }
    assert promise(sell(), fed) == D(30) + D(14) + D(5) + D(8)
    assert promise(sell(), {}) == 0


@pytest.mark.parametrize(
    ("type_", "state", "promised", "given"),
    [
        ("receipt", "draft", 100, 0), ("receipt", "submitted", 100, 0), ("receipt", "succeeded", 100, -100),
        ("receipt", "failed", 0, 0), ("receipt", "void", 0, 0), ("refund", "draft", 0, 100),
        ("refund", "succeeded", -100, 100), ("refund", "failed", 0, 0),
    ],
)  # fmt: skip
def test_what_counts_as_promised(type_: str, state: str, promised: int, given: int) -> None:
    money = [pay("100", row(), row("2", "invoice", "7"), type=type_, state=state)]
    assert sum_promised(money, "order_id", ORDER) == promised
    assert sum_promised(money, "order_id", ORDER, type_=PaymentType.REFUND) == given
    assert sum_promised(money, "order_id", SECOND) == 0


def test_shares_by_the_sign_of_the_parts() -> None:
    parts: dict[UUID | None, Decimal] = {ORDER: D(-30), SECOND: D(-60), None: D(0)}
    assert take_share(D(-90), "CNY", parts, ORDER) == -30
    mixed: dict[UUID | None, Decimal] = {ORDER: D(90), SECOND: D(-30)}
    assert (take_share(D(10), "CNY", mixed, ORDER), take_share(D(10), "CNY", mixed, SECOND)) == (D(15), D(-5))
    assert take_share(D(10), "CNY", {ORDER: D(0)}, ORDER) == 0
    assert take_share(D(10), "CNY", {ORDER: D(5)}, SECOND) == 0
    level: dict[UUID | None, Decimal] = {ORDER: D(5), SECOND: D(-5)}
    assert (take_share(D(10), "CNY", level, ORDER), take_share(D(10), "CNY", level, SECOND)) == (D(5), D(5))


def test_shares_are_whole_in_their_currency() -> None:
    parts: dict[UUID | None, Decimal] = {ORDER: D(1), SECOND: D(1), INVOICE: D(1)}
    for currency, shares in (
        ("JPY", ["3", "3", "4"]),
        ("CNY", ["3.33", "3.33", "3.34"]),
        ("KWD", ["3.333", "3.333", "3.334"]),
    ):
        found = sorted(take_share(D(10), currency, parts, name) for name in (ORDER, SECOND, INVOICE))
        assert found == [D(share) for share in shares]


def test_money_goes_by_way_of_the_base_currency() -> None:
    assert convert(D(10), "USD", D(7), {"currency": "USD", "rate": D(9)}) == 10
    assert convert(D(10), "USD", D(7), {}) == 10
    assert convert(D(10), "USD", D(7), {"currency": "CNY"}) == 70
    assert convert(D(70), "CNY", D(1), {"currency": "USD", "rate": D(7)}) == 10


def test_deliveries_by_product_and_in_their_states() -> None:
    lines = tuple(OrderLine(key=key, quantity=D(size), unit_price=D(1), product_id=UUID(int=60 + at))
                  for at, (key, size) in enumerate((("1", 2), ("2", 3), ("3", 0))))  # fmt: skip
    order = sell(lines=lines)

    def derive(*rows: dict[str, Any], state: DeliveryState = DeliveryState.DONE) -> Any:
        sent = Delivery(id=UUID(int=50), state=state, lines=tuple(DeliveryLine.model_validate(row) for row in rows))
        return rules_for("order").deriving(ORDER, dict(order), {"delivery": [sent]})["fulfilment"]

    first, second = (
        {"key": "1", "product_id": UUID(int=60), "quantity": D(2)},
        {"key": "2", "order_line": "2", "quantity": D(3)},
    )
    assert derive(first, second) is Fulfilment.COMPLETE
    assert derive(first) is Fulfilment.PARTIAL
    assert derive(first, second, state=DeliveryState.DRAFT) is Fulfilment.NONE
    assert derive({**first, "product_id": UUID(int=99)}) is Fulfilment.PARTIAL
    assert derive({**first, "quantity": D(-1)}) is Fulfilment.NONE


def test_figures_of_another_system_that_do_not_agree() -> None:
    fine = {"net": D(100), "tax": D(13), "gross": D(113), "currency": "CNY"}
    assert check_totals(fine) is None
    wrong = check_totals({**fine, "gross": D(114)})
    assert wrong is not None
    assert (wrong.field, wrong.expected, wrong.found, wrong.amount) == ("gross", D(113), D(114), D(1))
    assert check_totals({**fine, "gross": D(114)}, D(1)) is None
    line = OrderLine(key="7", quantity=D(1), unit_price=D(100), tax_rate=D("0.13"), net=D(100), tax=D(13), gross=D(113))
    lines = {**fine, "lines": (line,)}
    assert check_totals(lines) is None
    off = check_totals({**lines, "lines": (line.model_copy(update={"gross": D(112)}),)})
    assert off is not None
    assert (off.field, off.expected, off.found) == ("lines.7.gross", D(113), D(112))
    short = check_totals({**lines, "lines": ()})
    assert short is not None
    assert (short.field, short.expected, short.found) == ("net", D(0), D(100))
    assert check_declared(lines, "line") is None
    for name in ("net", "tax", "gross"):
        told = check_declared({**lines, name: D(50)}, "line")
        assert told is not None
        assert (told.field, told.expected, told.found) == (name, fine[name], D(50))
        assert check_declared({**lines, name: fine[name] + 1}, "document", D(1)) is None  # type: ignore[operator]


# ------------------------------------------------------------ who feeds whom


def test_who_feeds_whom() -> None:
    fed = {kind: set(rules.feeders) for kind, rules in load_rules().items() if rules.feeders}
    assert fed == {
        "contact": {Feeder("activity", "contact_id", "bounces")},
        "contract": {Feeder("order", "contract_id")},
        "invoice": {Feeder("payment", "invoice_id", "allocations"), Feeder("invoice", "reverses_id")},
        "order": {
            Feeder("delivery", "order_id"), Feeder("invoice", "order_id", "lines"),
            Feeder("payment", "order_id", "allocations"), Feeder("payment_plan", "order_id"),
        },
        "payment": {Feeder("payment", "reverses_id")},
        "payment_plan": {Feeder("payment", "plan_id", "allocations")},
    }  # fmt: skip
    assert {kind for kind, _ in list_fed("payment")} == {"invoice", "order", "payment", "payment_plan"}
    assert list_fed("order") == (("contract", Feeder("order", "contract_id")),)
    assert {kind for kind, _ in list_linked("contact")} == {"activity"}
    assert list_linked("payment") == ()


def test_whom_a_record_names() -> None:
    money = pay("100", row(), row("2", order_id=SECOND), row("3", "invoice"))
    assert Feeder("payment", "order_id", "allocations").list_targets(money) == {ORDER, SECOND}
    assert Feeder("payment", "reverses_id").list_targets(money) == frozenset()
    assert Feeder("payment", "account_id").list_targets(money) == {ACME}


HUGE = D("9E+11")
"""Each of its kind can be kept, and not what it comes to."""


@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        ("payment", {"amount": HUGE, "rate": HUGE}, "base_amount"),
        ("payment", {"amount": D(1), "allocations": (row(amount="9e11"), row("2", amount="9e11"))}, "allocated"),
        ("order", {"lines": (OrderLine(key="1", quantity=HUGE, unit_price=HUGE),)}, "net"),
        ("order", {"lines": (OrderLine(key="1", quantity=D(1), unit_price=HUGE),), "rate": HUGE}, "base_gross"),
    ],
)
def test_what_is_too_much_to_be_kept_is_named(kind: str, values: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleBroken) as caught:
        rules_for(kind).complete({"currency": "USD", "rate": D(1), **values})
    told = caught.value.params
    assert (caught.value.code, told["kind"], told["field"]) == ("crm.amount_unusable", kind, field)
