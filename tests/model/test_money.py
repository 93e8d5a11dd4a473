from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import RuleBroken
from hub.model.money import Money, add_exactly, format_money, multiply_exactly, places_of, round_money

amounts = st.decimals(-(10**11), 10**11, places=6)
currencies = st.sampled_from(["CNY", "JPY", "KWD", "CLF", "USD"])
weights = st.lists(st.integers(0, 10**6) | st.decimals(0, 10**6, places=4), min_size=1, max_size=12).filter(any)


def money(text: str, currency: str = "CNY") -> Money:
    return Money(Decimal(text), currency)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("1.005", "CNY", "1.01"),
        ("-1.005", "CNY", "-1.01"),
        ("0.5", "JPY", "1"),
        ("1.2345", "KWD", "1.235"),
        ("1.23455", "CLF", "1.2346"),
        ("2", "XYZ", "2.00"),
    ],
)
def test_rounding_follows_the_currency(amount, currency, rounded):
    assert str(round_money(Decimal(amount), currency)) == rounded


def test_the_mode_decides_about_halves():
    assert str(round_money(Decimal("1.005"), "CNY", ROUND_HALF_EVEN)) == "1.00"


def test_a_product_of_many_digits_can_be_rounded():
    wide = multiply_exactly(Decimal("123456789012.123456"), Decimal("987654321098765432.5"))
    assert abs(round_money(wide, "CNY") - wide) <= Decimal("0.005")


@given(amounts, currencies)
def test_rounding_moves_by_half_a_unit_at_most_and_only_once(amount, currency):
    rounded = round_money(amount, currency)
    assert abs(Fraction(rounded) - Fraction(amount)) <= Fraction(1, 2 * 10 ** places_of(currency))
    assert round_money(rounded, currency) == rounded
    assert round_money(-amount, currency) == -rounded


@given(amounts, amounts)
def test_products_and_sums_are_exact(left, right):
    # Two stored decimals have up to 36 digits in their product; the default context keeps 28.
    assert Fraction(multiply_exactly(left, right)) == Fraction(left) * Fraction(right)
    assert Fraction(add_exactly([left, right, left])) == 2 * Fraction(left) + Fraction(right)


def test_the_default_context_would_have_rounded():
    wide = Decimal("123456789012.123456")
    assert multiply_exactly(wide, wide) != wide * wide


@given(amounts, amounts, amounts, currencies)
def test_money_adds_like_numbers(one, two, three, currency):
    a, b, c = (Money(amount, currency) for amount in (one, two, three))
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert (a + b) - b == a
    assert a + -a == Money(Decimal(0), currency)
    assert a * 3 == a + a + a == 3 * a


@given(amounts, amounts)
def test_money_compares_like_numbers(one, two):
    a, b = Money(one, "CNY"), Money(two, "CNY")
    assert (a < b, a <= b, a > b, a >= b) == (one < two, one <= two, one > two, one >= two)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_currencies_do_not_mix(operation):
    with pytest.raises(RuleBroken) as caught:
        getattr(money("1"), operation)(money("1", "USD"))
    assert caught.value.code == "model.currencies_differ"
    assert "CNY" in caught.value.text("zh")


def test_equal_amounts_in_other_currencies_are_not_equal():
    assert money("1") != money("1", "USD")


@pytest.mark.parametrize("amount", [1.5, 1, "1", Decimal("NaN"), Decimal("Infinity")])
def test_only_finite_decimals_are_amounts(amount: Any):
    with pytest.raises(TypeError):
        Money(amount, "CNY")


def test_a_float_is_no_factor():
    factor: Any = 1.5
    with pytest.raises(TypeError):
        money("1") * factor


def test_rounded_money_keeps_its_currency():
    assert money("0.5", "JPY").rounded() == money("1", "JPY")


@pytest.mark.parametrize(
    ("amount", "shares", "expected"),
    [
        (money("100"), [1, 1, 1], ["33.34", "33.33", "33.33"]),
        (money("1.00"), [1, 2], ["0.33", "0.67"]),
        (money("-0.05"), [1, 1], ["-0.03", "-0.02"]),
        (money("10", "JPY"), [1, 1, 1], ["4", "3", "3"]),
        (money("1"), [0, 1], ["0.00", "1.00"]),
        (money("0.001"), [1, 1], ["0.001", "0.000"]),
    ],
)
def test_allocation(amount, shares, expected):
    assert [str(share.amount) for share in amount.allocate(shares)] == expected


@given(amounts, currencies, weights)
def test_allocation_loses_nothing_and_is_fair(amount, currency, shares):
    whole = Money(amount, currency)
    parts = whole.allocate(shares)
    assert len(parts) == len(shares)
    assert sum(Fraction(part.amount) for part in parts) == Fraction(amount)
    total = sum(map(Fraction, shares))
    unit = max(Fraction(1, 10 ** places_of(currency)), Fraction(1, 10**6))
    for part, share in zip(parts, shares, strict=True):
        assert abs(Fraction(part.amount) - Fraction(amount) * Fraction(share) / total) < unit
        assert part.amount * amount >= 0


@pytest.mark.parametrize("shares", [[], [0, 0], [2, -1]])
def test_allocation_needs_weights(shares):
    with pytest.raises(ValueError):
        money("1").allocate(shares)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("18406212.37", "CNY", "¥18,406,212.37"),
        ("0", "CNY", "¥0.00"),
        ("-31400", "CNY", "-¥31,400.00"),
        ("1500", "JPY", "JP¥1,500"),
        ("1.5", "KWD", "KWD 1.500"),
        ("0.00050", "EUR", "€0.0005"),
        ("12345678901234567890123456789.01", "USD", "$12,345,678,901,234,567,890,123,456,789.01"),
    ],
)
def test_money_for_people(amount, currency, text):
    assert format_money(Decimal(amount), currency) == text
    assert str(money(amount, currency)) == text


@given(amounts, currencies)
def test_what_people_read_is_the_amount(amount, currency):
    digits = "".join(sign for sign in format_money(amount, currency) if sign in "-.0123456789")
    assert Decimal(digits) == amount
