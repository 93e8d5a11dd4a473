"""Money is exact in SQL."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.model.sales import Order
from hub.store import Store
from hub.store.codec import stored
from hub.store.rows import DeadRow, Total
from tests.store.samples import NOON, make_order

AMOUNTS = st.integers(-(10**18) + 1, 10**18 - 1).map(lambda whole: Decimal(whole).scaleb(-6))


def test_the_sum_of_100_000_rows_is_the_decimal_sum(store: Store) -> None:
    """Amounts of every size, among them many whose sum as floats, or as 64-bit integers, would be wrong."""
    chance = random.Random(20250301)
    expected: dict[str, Decimal] = defaultdict(Decimal)
    with store.write() as tx:
        blank = make_order(tx, lines=0).__dict__
    rows = []
    for number in range(100_000):
        amount = Decimal(chance.randrange(-(10 ** chance.randint(1, 16)), 10**18)).scaleb(-6)
        currency = chance.choice(["CNY", "EUR", "JPY"])
        expected[currency] += amount
        rows.append({**blank, "id": UUID(int=number), "gross": amount, "currency": currency})
        del rows[-1]["lines"]
    with store.engine.begin() as connection:
        connection.execute(stored(Order).table.insert(), rows)
    with store.read() as tx:
        totals = {total.currency: total for total in tx.sum_amounts(Order, "gross")}
    assert {currency: total.amount for currency, total in totals.items()} == expected
    assert sum(total.count for total in totals.values()) == 100_000
    assert max(expected.values()) > Decimal(2**63).scaleb(-6), "or the test does not reach what it is for"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(AMOUNTS, max_size=8))
def test_sums_are_exact_for_any_amounts(store: Store, amounts: list[Decimal]) -> None:
    with store.write() as tx:
        tx.delete(Order)
        for amount in amounts:
            tx.insert(make_order(tx, lines=0).model_copy(update={"gross": amount}))
        found = tx.sum_amounts(Order, "gross", state="draft")
    expected = [Total(currency="CNY", amount=sum(amounts, Decimal(0)), count=len(amounts))] if amounts else []
    assert found == expected


def test_rows_without_an_amount_do_not_count(store: Store) -> None:
    with store.write() as tx:
        for number, (amount, currency) in enumerate([("1.10", "CNY"), ("2", None), (None, "CNY"), ("0.01", "CNY")]):
            row = DeadRow(
                connection="erp",
                stream="sale",
                external_id=str(number),
                code="mapping.unknown",
                amount=None if amount is None else Decimal(amount),
                currency=currency,
                first_at=NOON,
                last_at=NOON,
            )
            tx.insert(row)
        totals = tx.sum_amounts(DeadRow, "amount", connection="erp")
    assert sorted(totals, key=lambda total: total.currency) == [
        Total(currency="", amount=Decimal(2), count=1),
        Total(currency="CNY", amount=Decimal("1.11"), count=2),
    ]


def test_sums_by_another_group(store: Store) -> None:
    with store.write() as tx:
        for number in ("A", "A", "B"):
            tx.insert(make_order(tx, number=number, gross="1.01"))
        totals = tx.sum_amounts(Order, "gross", group="number")
    assert [(total.currency, str(total.amount), total.count) for total in totals] == [
        ("A", "2.02", 2),
        ("B", "1.01", 1),
    ]
