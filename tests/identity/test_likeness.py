"""Signs by which a record here and one there could be the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub.identity.likeness import list_signs, show_signs, sort_of
from hub.model.party import Identifier, IdentifierKind

ACCOUNT = UUID(int=1)


def deals(total: str | Decimal, currency: str = "CNY", day: int = 5) -> frozenset[str]:
    values = {
        "account_id": ACCOUNT, "ordered_on": date(2026, 10, day), "currency": currency, "gross": Decimal(total),
    }  # fmt: skip
    return list_signs("order", values)


@given(st.integers(-10_000_000, 10_000_000), st.integers(-5, 5))
def test_totals_that_differ_by_rounding_share_a_sign(cents: int, off: int) -> None:
    one, other = Decimal(cents) / 100, Decimal(cents + off) / 100
    assert not cents or not cents + off or deals(one) & deals(other)


@given(st.integers(1, 10_000_000), st.integers(10, 1000))
def test_totals_that_truly_differ_share_none(cents: int, off: int) -> None:
    assert not deals(Decimal(cents) / 100) & deals(Decimal(cents + off) / 100)


def test_the_smallest_coin_is_the_currency_s_own() -> None:
    assert deals("10000", "JPY") & deals("10005", "JPY")
    assert not deals("10000", "JPY") & deals("10010", "JPY")
    assert not deals("1.000", "KWD") & deals("1.010", "KWD")


def test_another_day_currency_or_customer_is_another_deal() -> None:
    assert not deals("9") & deals("9", "EUR")
    assert not deals("9") & deals("9", day=6)
    assert deals("0") == frozenset(), "nothing for nothing is like too many others"


def test_names_and_numbers_are_compared_without_case_width_and_spaces() -> None:
    one = list_signs("account", {"name": "ＡＣＭＥ 贸易", "number": "K-7"})
    assert one == list_signs("account", {"name": "acme贸易"}, number="k-7 ")
    assert {sort_of(sign) for sign in one} == {"name", "number"}


def test_only_a_valid_identifier_is_a_sign() -> None:
    lines = tuple(
        Identifier(key=code, kind=IdentifierKind.USCC, value=code)
        for code in ("914403001922038216", "91110000600037341N")
    )
    signs = list_signs("account", {"name": "x", "identifiers": lines})
    assert [sign for sign in signs if sort_of(sign) == "identifier"] == ["identifier|uscc 914403001922038216"]


def test_signs_are_shown_without_the_id_of_the_customer() -> None:
    assert show_signs(deals("28.25")) == "2026-10-05 CNY ≈28.3, 2026-10-05 CNY ≥28.2"
