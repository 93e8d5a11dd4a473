"""Money: exact decimals that know their currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation

from hub.errors import RuleBroken

DEFAULT_PLACES = 2
# fmt: off
PLACES = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLF": 4, "UYW": 4,
}
# fmt: on
"""Digits after the point by currency where they are not two (ISO 4217, list one, "minor unit")."""

SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "JP¥", "HKD": "HK$", "TWD": "NT$", "KRW": "₩"}

_exact = Context(prec=120, traps=[Inexact, InvalidOperation])
"""Wide enough for the product of any two stored decimals; the default 28 digits would round it without a word."""

_add, _multiply, _ZERO = _exact.add, _exact.multiply, Decimal(0)
_wide = Context(prec=120)
_STEPS = {places: Decimal(1).scaleb(-places) for places in {DEFAULT_PLACES, *PLACES.values()}}
"""The smallest unit by its digits after the point."""


def places_of(currency: str) -> int:
    """How many digits after the point the currency has."""
    return PLACES.get(currency, DEFAULT_PLACES)


def multiply_exactly(left: Decimal, right: Decimal) -> Decimal:
    """The whole product, never rounded."""
    return _exact.multiply(left, right)


def add_exactly(amounts: Sequence[Decimal]) -> Decimal:
    """The whole sum, never rounded; zero for none."""
    total = _ZERO
    for amount in amounts:
        total = _add(total, amount)
    return total


def multiply_money(left: Decimal, right: Decimal, currency: str, mode: str = ROUND_HALF_UP) -> Decimal:
    """The product in whole smallest units of the currency, rounded once."""
    return _multiply(left, right).quantize(_STEPS[PLACES.get(currency, DEFAULT_PLACES)], mode, _wide)


def round_money(amount: Decimal, currency: str, mode: str = ROUND_HALF_UP) -> Decimal:
    """The amount in whole smallest units of the currency; ``mode`` is one of decimal's rounding modes."""
    return amount.quantize(_STEPS[places_of(currency)], rounding=mode, context=_wide)


def divide_money(amount: Decimal, by: Decimal, currency: str) -> Decimal:
    """The quotient in whole smallest units of the currency."""
    return round_money(Context(prec=120).divide(amount, by), currency)


def format_money(amount: Decimal, currency: str) -> str:
    """For people: ``¥18,406,212.37``. Digits finer than the currency are shown, so that no difference is hidden."""
    places = max(places_of(currency), _count_places(amount))
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{sign}{symbol}{amount.copy_abs():,.{places}f}"


def _count_places(amount: Decimal) -> int:
    exponent = amount.normalize(_exact).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency (ISO 4217). Mixing currencies raises ``RuleBroken``; floats are refused."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not Decimal or not self.amount.is_finite():
            raise TypeError("an amount must be a finite Decimal")

    def __add__(self, other: Money) -> Money:
        return Money(_exact.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_exact.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(self.amount.copy_negate(), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        if not isinstance(factor, Decimal | int):
            return NotImplemented
        return Money(multiply_exactly(self.amount, Decimal(factor)), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        return format_money(self.amount, self.currency)

    def _same(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise RuleBroken("model.currencies_differ", left=self.currency, right=other.currency)
        return other.amount

    def rounded(self, mode: str = ROUND_HALF_UP) -> Money:
        """In whole smallest units of the currency."""
        return Money(round_money(self.amount, self.currency, mode), self.currency)

    def allocate(self, weights: Sequence[Decimal | int]) -> tuple[Money, ...]:
        """Shares in proportion to the weights (none negative, not all zero) that add up to exactly this amount.

        Each share is off its exact part by less than one smallest unit; the units left over go to the largest
        remainders, the earlier of two equal ones first.
        """
        if not weights or any(weight < 0 for weight in weights) or not any(weights):
            raise ValueError("weights must not be negative, and one must be above zero")
        places = max(places_of(self.currency), _count_places(self.amount))
        units = int(self.amount.copy_abs().scaleb(places, _exact))
        shares = _split_units(units, _as_integers(weights))
        sign = -1 if self.amount < 0 else 1
        return tuple(Money(Decimal(sign * share).scaleb(-places, _exact), self.currency) for share in shares)


def _as_integers(weights: Sequence[Decimal | int]) -> list[int]:
    places = max(_count_places(Decimal(weight)) for weight in weights)
    return [int(Decimal(weight).scaleb(places, _exact)) for weight in weights]


def _split_units(units: int, weights: Sequence[int]) -> list[int]:
    total = sum(weights)
    parts = [divmod(units * weight, total) for weight in weights]
    shares = [share for share, _ in parts]
    by_remainder = sorted(range(len(parts)), key=lambda index: -parts[index][1])
    for index in by_remainder[: units - sum(shares)]:
        shares[index] += 1
    return shares
