"""Totals as the ERP computes them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sandbox.simulator.amounts import complete_totals, write_decimal

LINES = st.lists(
    st.fixed_dictionaries(
        {
            "quantity": st.decimals(0, 10_000, places=3).map(str),
            "price": st.decimals(0, 100_000, places=4).map(str),
            "tax_percent": st.sampled_from(["0", "6", "9", "13"]),
        }
    ),
    max_size=6,
)


def total(lines, rounding="line", currency="CNY"):
    return complete_totals({"currency": currency, "lines": lines}, rounding)


@given(LINES)
def test_by_line_everything_adds_up(lines):
    sale = total(lines)
    for name in ("net", "tax", "gross"):
        assert Decimal(sale[name]) == sum((Decimal(line[name]) for line in sale["lines"]), Decimal(0))
    for line in sale["lines"]:
        assert Decimal(line["net"]) + Decimal(line["tax"]) == Decimal(line["gross"])


@given(LINES)
def test_by_document_the_tax_is_that_of_the_sums(lines):
    sale = total(lines, "document")
    bases: dict[str, Decimal] = {}
    for line in sale["lines"]:
        bases[line["tax_percent"]] = bases.get(line["tax_percent"], Decimal(0)) + Decimal(line["net"])
    exact = sum((base * Decimal(rate) / 100 for rate, base in bases.items()), Decimal(0))
    assert abs(Decimal(sale["tax"]) - exact) <= Decimal("0.005") * len(bases)
    assert Decimal(sale["net"]) + Decimal(sale["tax"]) == Decimal(sale["gross"])


def test_the_two_ways_of_rounding_differ_by_cents():
    lines = [{"quantity": "1", "price": "0.35", "tax_percent": "13"}] * 3
    assert total(lines)["tax"] == "0.15"
    assert total(lines, "document")["tax"] == "0.14"


@pytest.mark.parametrize(("price", "by_line", "by_document"), [("2.50", "0.33", "0.32"), ("3.50", "0.46", "0.46")])
def test_a_half_goes_up_or_to_the_even_side(price, by_line, by_document):
    lines = [{"quantity": "1", "price": price, "tax_percent": "13"}]
    assert total(lines)["tax"] == by_line
    assert total(lines, "document")["tax"] == by_document


@pytest.mark.parametrize(("currency", "gross"), [("CNY", "11.13"), ("JPY", "11"), ("KWD", "11.125")])
def test_a_currency_has_its_own_places(currency, gross):
    assert total([{"quantity": "1", "price": "11.125", "tax_percent": "0"}], currency=currency)["gross"] == gross


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [("1E+3", 0, "1000"), ("12.5", 2, "12.50"), ("12", 2, "12.00"), ("0.1250", 2, "0.125"), ("0", 2, "0.00")],
)
def test_decimals_are_written_plainly(value, places, text):
    assert write_decimal(Decimal(value), places) == text
