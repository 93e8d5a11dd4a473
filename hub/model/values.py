"""Value types that the canonical kinds are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict

from hub.locale import Phrase

WHOLE_DIGITS = 18
"""Digits of a decimal column, those after the point included: 10**18 still fits the 64 bits of SQLite."""
_BOUNDS = {
    places: (-(Decimal(10) ** whole), Decimal(10) ** whole, Decimal(1).scaleb(-places))
    for places in range(WHOLE_DIGITS + 1)
    for whole in (WHOLE_DIGITS - places,)
}
"""Between what a column holds values, and its smallest step, by its digits after the point."""


@dataclass(frozen=True)
class Scaled:
    """Marks a decimal column: ``places`` digits after the point, kept exactly (a scaled integer on SQLite)."""

    places: int

    def check(self, value: Decimal) -> Decimal:
        """The same value, refused when it is not finite or finer than the column can keep."""
        low, high, step = _BOUNDS[self.places]
        try:
            inside = low < value < high
        except InvalidOperation:  # no number
            inside = False
        if not inside:
            raise ValueError(Phrase("model.refused_large" if value.is_finite() else "model.refused_infinite"))
        if value != value.quantize(step):
            raise ValueError(Phrase("model.refused_fine", places=self.places))
        return value


@dataclass(frozen=True)
class Ref:
    """Marks a field that holds the hub id of a record of another kind."""

    kind: str


@dataclass(frozen=True)
class AnyRef:
    """Marks a field that holds the hub id of a record of whichever kind the field ``kind_field`` names."""

    kind_field: str


@dataclass(frozen=True)
class InCurrency:
    """Marks an amount of money in the currency of its record."""


_CURRENCY = re.compile(r"[A-Z]{3}")


def _check_currency(value: str) -> str:
    if not _CURRENCY.fullmatch(value):
        raise ValueError(Phrase("model.refused_currency"))
    return value


def _check_aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(Phrase("model.refused_zoneless"))
    return value


Amount = Annotated[Decimal, Scaled(6), AfterValidator(Scaled(6).check), InCurrency()]
"""An amount of money or a unit price in the currency of its record."""
Quantity = Annotated[Decimal, Scaled(6), AfterValidator(Scaled(6).check)]
Rate = Annotated[Decimal, Scaled(10), AfterValidator(Scaled(10).check)]
"""A ratio: an exchange rate, or a tax rate (0.13 for 13 %)."""
Currency = Annotated[str, AfterValidator(_check_currency)]
Instant = Annotated[datetime, AfterValidator(_check_aware)]


V = TypeVar("V", bound="Value")


class Value(BaseModel):
    """Base of frozen values and records; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    @classmethod
    def trusted(cls, **values: Any) -> Self:
        """An instance of values that are right already, such as those of another instance: nothing is checked."""
        template, mutable = _defaults(cls)
        filled = {**template, **values}
        for name, make in mutable:
            if name not in values:
                filled[name] = make()
        return _make(cls, filled, set(values))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, in a third of the time: a value has neither private nor extra fields."""
        if deep:
            return super().model_copy(update=update, deep=True)
        changed = update or {}
        return _make(self.__class__, {**self.__dict__, **changed}, {*self.__pydantic_fields_set__, *changed})


_new: Callable[[type[Any]], Any] = object.__new__
_set = object.__setattr__


def _make(model: type[V], values: dict[str, Any], told: set[str]) -> V:
    made: V = _new(model)
    _set(made, "__dict__", values)
    _set(made, "__pydantic_fields_set__", told)
    _set(made, "__pydantic_extra__", None)
    _set(made, "__pydantic_private__", None)
    return made


@cache
def _defaults(model: type[Value]) -> tuple[dict[str, Any], tuple[tuple[str, Callable[[], Any]], ...]]:
    """Field → default (None where there is none), and what makes those that every instance needs of its own."""
    template: dict[str, Any] = {}
    mutable: list[tuple[str, Callable[[], Any]]] = []
    for name, info in model.model_fields.items():
        template[name] = None if info.is_required() else info.default
        if isinstance(info.default, dict | list):
            mutable.append((name, info.default.copy))
    return template, tuple(mutable)
