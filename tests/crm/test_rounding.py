"""Rounding as systems declare it, in every currency: Σ lines = header, and what differs is told and never fixed."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.simulator.amounts import complete_totals
from hub.crm.figures import ROUNDINGS, calculate_declared, check_declared, check_totals
from hub.crm.rules import rules_for
from hub.errors import RuleBroken
from hub.model.finance import InvoiceLine
from hub.model.kinds import find_kind
from hub.model.money import places_of
from hub.model.sales import OrderLine, PricedLine
from tests.crm.strategies import CURRENCIES, order_values

LINES: dict[str, type[PricedLine]] = {"order": OrderLine, "invoice": InvoiceLine}
kinds = st.sampled_from(sorted(LINES))
roundings = st.sampled_from(sorted(ROUNDINGS))


def complete(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    lines = tuple(LINES[kind].model_validate(line.model_dump(exclude_unset=True)) for line in values["lines"])
    return rules_for(kind).complete({**values, "lines": lines})


def is_whole(amount: Decimal, currency: str) -> bool:
    """Whether the amount has no digit finer than the currency's smallest unit."""
    return amount == amount.quantize(Decimal(1).scaleb(-places_of(currency)))


@given(order_values(), kinds)
def test_what_we_originate_adds_up_in_every_currency(values: dict[str, Any], kind: str) -> None:
    done = complete(kind, values)
    for name in ("net", "tax", "gross"):
        assert done[name] == sum((getattr(line, name) for line in done["lines"]), Decimal(0))
        assert is_whole(done[name], done["currency"])
    assert done["net"] + done["tax"] == done["gross"]
    assert check_totals(done) is None
    assert check_declared(done, "line") is None
    assert is_whole(done["base_gross"], done["base_currency"])
    assert abs(done["base_gross"] - done["gross"] * done["rate"]) <= Decimal(1).scaleb(
        -places_of(done["base_currency"])
    )


@given(order_values(), kinds)
def test_completing_twice_changes_nothing(values: dict[str, Any], kind: str) -> None:
    done = complete(kind, values)
    assert rules_for(kind).complete(done) == done
    assert rules_for(kind).complete(done, own_figures=False) == done


@given(order_values(), roundings)
def test_a_document_that_rounds_as_declared_is_accepted_and_any_other_is_told(
    values: dict[str, Any], rounding: str
) -> None:
    figures = calculate_declared(values["lines"], values["currency"], rounding)
    theirs = {**values, "net": figures.net, "tax": figures.tax, "gross": figures.gross}
    assert check_declared(theirs, rounding) is None
    kept = rules_for("order").complete(theirs, own_figures=False)
    assert (kept["net"], kept["tax"], kept["gross"]) == (figures.net, figures.tax, figures.gross)
    unit = Decimal(1).scaleb(-places_of(values["currency"]))
    off = {**theirs, "tax": figures.tax + unit, "gross": figures.gross + unit}
    found = check_declared(off, rounding)
    assert found is not None
    assert (found.field, found.amount) == ("tax", unit)
    assert check_declared(off, rounding, unit) is None, "within the tolerance"
    assert rules_for("order").complete(off, own_figures=False)["tax"] == off["tax"], "never fixed"


@given(order_values(), roundings, roundings)
def test_two_ways_of_rounding_differ_by_less_than_a_unit_for_each_line(
    values: dict[str, Any], one: str, other: str
) -> None:
    first, second = (calculate_declared(values["lines"], values["currency"], name) for name in (one, other))
    unit = Decimal(1).scaleb(-places_of(values["currency"]))
    assert abs(first.gross - second.gross) <= 2 * unit * max(1, len(values["lines"]))


@given(st.sampled_from(CURRENCIES), st.sampled_from([("line", "line"), ("document", "document")]), st.data())
def test_the_sandbox_rounds_as_is_declared_for_it(
    currency: str, declared: tuple[str, str], data: st.DataObject
) -> None:
    """An independent implementation: that of the simulator."""
    rounding, theirs = declared
    rows: list[dict[str, Any]] = data.draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "quantity": st.decimals(0, 1000, places=3),
                    "price": st.decimals(0, 10_000, places=4),
                    "percent": st.sampled_from([0, 6, 9, 13]),
                }
            ),
            max_size=6,
        )
    )
    sale = complete_totals(
        {
            "currency": currency,
            "lines": [
                {"quantity": str(row["quantity"]), "price": str(row["price"]), "tax_percent": str(row["percent"])}
                for row in rows
            ],
        },
        theirs,
    )
    lines = [
        OrderLine(
            key=str(place), quantity=row["quantity"], unit_price=row["price"], tax_rate=Decimal(row["percent"]) / 100
        )
        for place, row in enumerate(rows)
    ]
    figures = calculate_declared(lines, currency, rounding)
    assert (figures.net, figures.tax, figures.gross) == tuple(Decimal(sale[name]) for name in ("net", "tax", "gross"))


@pytest.mark.parametrize(
    ("rounding", "tax"),
    [("line", "1.95"), ("line-half-even", "1.80"), ("document", "1.95"), ("document-half-up", "1.95")],
)
def test_halves_go_where_they_are_declared_to_go(rounding: str, tax: str) -> None:
    """15 lines at 1.00 and 13 %: no half; at 0.50 13 % is 0.065."""
    lines = [
        OrderLine(key=str(n), quantity=Decimal(1), unit_price=Decimal("1.00"), tax_rate=Decimal("0.125"))
        for n in range(15)
    ]
    figures = calculate_declared(lines, "CNY", rounding)
    expected = {"line": "1.95", "line-half-even": "1.80", "document": "1.88", "document-half-up": "1.88"}[rounding]
    assert figures.tax == Decimal(expected), tax


@pytest.mark.parametrize(("currency", "gross"), [("JPY", "113"), ("KWD", "112.999"), ("CNY", "113.00")])
def test_the_exponent_is_that_of_the_currency(currency: str, gross: str) -> None:
    line = OrderLine(key="1", quantity=Decimal(1), unit_price=Decimal("99.9990"), tax_rate=Decimal("0.13"))
    assert complete("order", {"account_id": UUID(int=1), "currency": currency, "lines": (line,)})["gross"] == Decimal(
        gross
    )


def test_an_unknown_way_of_rounding_names_the_known_ones() -> None:
    with pytest.raises(RuleBroken) as refused:
        calculate_declared((), "CNY", "bankers")
    assert "document-half-up" in refused.value.text()
    assert {mode for _, mode in ROUNDINGS.values()} == {ROUND_HALF_UP, ROUND_HALF_EVEN}


@given(
    st.lists(st.decimals("0.01", 10_000, places=2), min_size=1, max_size=5),
    st.sampled_from(CURRENCIES),
    st.decimals("0.0001", 100, places=6),
)
def test_the_base_amount_of_a_payment_is_whole_in_the_base_currency(
    amounts: list[Decimal], currency: str, rate: Decimal
) -> None:
    for amount in amounts:
        values = {"amount": amount, "currency": currency, "base_currency": "JPY", "rate": rate}
        done = rules_for("payment").complete(values)
        assert is_whole(done["base_amount"], "JPY")
        assert abs(done["base_amount"] - amount * rate) <= Decimal("0.5")
        theirs = rules_for("payment").complete({**values, "base_amount": Decimal(7)}, own_figures=False)
        assert theirs["base_amount"] == 7, "what their books say stays"


def test_documents_that_add_up_are_the_kinds_with_priced_lines() -> None:
    assert all("gross" in find_kind(kind).model_fields for kind in LINES)
