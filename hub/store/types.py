"""Column types that keep the same value on SQLite and on PostgreSQL.

SQLite has no decimals (its NUMERIC is a float), no instants (its driver loses the zone) and no UUIDs, so there they are
scaled integers, microseconds since 1970 in UTC, and text with dashes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from hub.model.values import WHOLE_DIGITS

_LIMIT = 10**WHOLE_DIGITS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def make_decimal(scaled: int, places: int) -> Decimal:
    """The decimal with that many places, without trailing zeros: one number has one text."""
    scale = 10**places
    if scaled % scale == 0:
        return Decimal(scaled // scale)
    return Decimal(scaled).scaleb(-places).normalize()


class ScaledDecimal(TypeDecorator[Decimal]):
    """An exact decimal with a fixed number of places: NUMERIC on PostgreSQL, a scaled integer on SQLite."""

    impl = BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Numeric(WHOLE_DIGITS + self.places, self.places))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Any:
        scaled = self.scale(value)
        return value if dialect.name == "postgresql" else scaled

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        scaled: int = self.scale(value) if dialect.name == "postgresql" else value
        return make_decimal(scaled, self.places)

    def scale(self, value: Decimal | int | None) -> Any:
        """The value as a whole number of its smallest unit (None stays); ``ValueError`` when it does not fit."""
        if not value:  # most amounts of a document are none
            return None if value is None else 0
        exact = (value if type(value) is Decimal else Decimal(value)).scaleb(self.places)
        scaled = int(exact)
        if scaled != exact:
            raise ValueError(f"{value} has more than {self.places} decimal places")
        if not -_LIMIT < scaled < _LIMIT:
            raise ValueError(f"{value} is too large")
        return scaled


def count_micros(value: datetime) -> int:
    """Microseconds since 1970 in UTC; ``ValueError`` for a time without a zone."""
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone")
    return (value - _EPOCH) // _MICROSECOND


class UtcInstant(TypeDecorator[datetime]):
    """An instant in UTC: timestamptz on PostgreSQL, microseconds since 1970 on SQLite."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        wanted = DateTime(timezone=True) if dialect.name == "postgresql" else BigInteger()
        return dialect.type_descriptor(wanted)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        micros = count_micros(value)
        return value if dialect.name == "postgresql" else micros

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            instant: datetime = value.astimezone(UTC)
            return instant
        return _EPOCH + timedelta(microseconds=value)


class HubUuid(TypeDecorator[UUID]):
    """A UUID: native on PostgreSQL, text with dashes on SQLite, so that a printed id can be pasted into SQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Uuid() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return str(value)

    def process_result_value(self, value: UUID | str | None, dialect: Dialect) -> UUID | None:
        return UUID(value) if isinstance(value, str) else value


class EnumText(TypeDecorator[StrEnum]):
    """A member of a string enumeration, kept as its text, so that a new member needs no migration."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.members(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.members(value)


def json_type() -> TypeEngine[Any]:
    """JSON, binary on PostgreSQL; Python's None is the database's NULL."""
    return JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
