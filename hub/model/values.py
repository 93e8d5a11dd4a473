"""Value types that the canonical kinds are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict

from hub.locale import Phrase


@cache
def _bounds_of(places: int) -> tuple[Decimal, Decimal]:
    """What is too large for a column, and its smallest step."""
    return Decimal(10) ** (18 - places), Decimal(1).scaleb(-places)


@dataclass(frozen=True)
class Scaled:
    """Marks a decimal column: ``places`` digits after the point, kept exactly (a scaled integer on SQLite)."""

    places: int

    def check(self, value: Decimal) -> Decimal:
        """The same value, refused when it is not finite or finer than the column can keep."""
        if not value.is_finite():
            raise ValueError(Phrase("model.refused_infinite"))
        limit, step = _bounds_of(self.places)
        if value.copy_abs() >= limit:
            raise ValueError(Phrase("model.refused_large"))
        if value != value.quantize(step):
            raise ValueError(Phrase("model.refused_fine", places=self.places))
        return value


@dataclass(frozen=True)
class Ref:
    """Marks a field that holds the hub id of a record of another kind."""

    kind: str


def _check_currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError(Phrase("model.refused_currency"))
    return value


def _check_aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError(Phrase("model.refused_zoneless"))
    return value


Amount = Annotated[Decimal, Scaled(6), AfterValidator(Scaled(6).check)]
"""An amount of money or a unit price in the currency of its record."""
Quantity = Annotated[Decimal, Scaled(6), AfterValidator(Scaled(6).check)]
Rate = Annotated[Decimal, Scaled(10), AfterValidator(Scaled(10).check)]
"""A ratio: an exchange rate, or a tax rate (0.13 for 13 %)."""
Currency = Annotated[str, AfterValidator(_check_currency)]
Instant = Annotated[datetime, AfterValidator(_check_aware)]


class Value(BaseModel):
    """Base of frozen values and records; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, in a third of the time: a value has neither private nor extra fields."""
        if deep:
            return super().model_copy(update=update, deep=True)
        copied = self.__class__.__new__(self.__class__)
        changed = update or {}
        object.__setattr__(copied, "__dict__", {**self.__dict__, **changed})
        object.__setattr__(copied, "__pydantic_fields_set__", {*self.__pydantic_fields_set__, *changed})
        object.__setattr__(copied, "__pydantic_extra__", None)
        object.__setattr__(copied, "__pydantic_private__", None)
        return copied
