"""Orders, drawn by Hypothesis."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from hub.model.sales import OrderLine

ACCOUNT_ID = UUID(int=1)
CURRENCIES = ("CNY", "JPY", "KWD", "USD")

quantities = st.decimals(-1000, 10_000, places=3)
prices = st.decimals(0, 100_000, places=6)
tax_rates = st.sampled_from([Decimal(text) for text in ("0", "0.01", "0.03", "0.06", "0.09", "0.13")])
figures = st.decimals(-(10**6), 10**6, places=2)


@st.composite
def order_values(draw: st.DrawFn) -> dict[str, Any]:
    """Canonical values of an order as a person types them: no figures yet."""
    count = draw(st.integers(0, 8))
    return {
        "account_id": ACCOUNT_ID,
        "currency": draw(st.sampled_from(CURRENCIES)),
        "rate": draw(st.decimals("0.0001", 100, places=10)),
        "base_currency": draw(st.sampled_from(CURRENCIES)),
        "lines": tuple(
            OrderLine(key=str(number), quantity=draw(quantities), unit_price=draw(prices), tax_rate=draw(tax_rates))
            for number in range(count)
        ),
    }
