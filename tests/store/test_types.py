"""Exactness at the edges of the column types."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import RuleBroken
from hub.store import Store
from hub.store.types import ScaledDecimal, make_decimal
from tests.store.samples import make_binding, make_order


@given(st.integers(-(10**18) + 1, 10**18 - 1), st.integers(0, 12))
def test_scaling_and_back_is_the_same_number(whole: int, places: int) -> None:
    value = make_decimal(whole, places)
    assert ScaledDecimal(places).scale(value) == whole
    assert "E+" not in str(value)
    assert "." not in f"{value:f}" or not f"{value:f}".endswith("0")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"gross": Decimal("0.0000001")}, "decimal places"),
        ({"gross": Decimal(10) ** 12}, "too large"),
        ({"updated_at": datetime(2025, 1, 1)}, "time zone"),
        ({"revision": 2**64}, "int"),
        ({"number": "\ud800"}, "surrogate"),
        ({"account_id": None}, "(?i)not.null"),
        ({"state": "lost"}, "lost"),
    ],
)
def test_what_a_column_cannot_hold_is_refused(store: Store, changed: dict[str, object], words: str) -> None:
    with store.write() as tx:
        good = make_order(tx)
        with pytest.raises(RuleBroken, match=words) as refused, tx.savepoint():
            tx.insert(good.model_copy(update=changed))
        assert refused.value.code == "store.value_refused"
        tx.insert(good)
        assert tx.count(type(good)) == 1


def test_an_instant_in_another_zone_is_the_same_instant(store: Store) -> None:
    local = datetime.fromisoformat("2025-07-01T08:00:00.123456+08:00")
    with store.write() as tx:
        tx.insert(binding := make_binding(tx, not_before=local))
        found = tx.find(type(binding), not_before=local)[0]
    assert found.not_before is not None
    assert found.not_before.isoformat() == "2025-07-01T00:00:00.123456+00:00"
