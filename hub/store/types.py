"""Column types that keep the same value on SQLite and on PostgreSQL.

SQLite has no decimals (its NUMERIC is a float), no instants (its driver loses the zone) and no UUIDs, so there they are
scaled integers, microseconds since 1970 in UTC, and text with dashes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator, TypeEngine

from hub.model.values import WHOLE_DIGITS
from hub.store.json_text import load_json

_LIMIT = 10**WHOLE_DIGITS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


_KEPT = 10_000


class _Ids(dict[Any, UUID | None]):
    """Ids by their text: the id of a record stands in many rows, and ids that are one object are soon compared."""

    def __missing__(self, text: Any) -> UUID | None:
        if len(self) >= _KEPT:
            self.clear()
        found = self[text] = UUID(text) if isinstance(text, str) else text
        return found


class _Decimals(dict[Any, Decimal | None]):
    """Decimals by their scaled number."""

    def __init__(self, places: int) -> None:
        self._places = places

    def __missing__(self, scaled: int | None) -> Decimal | None:
        if len(self) >= _KEPT:
            self.clear()
        found = self[scaled] = None if scaled is None else make_decimal(scaled, self._places)
        return found


class _Members(dict[Any, StrEnum | None]):
    """Members of an enumeration by their text."""

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__({member.value: member for member in members})
        self[None] = None
        self._members = members

    def __missing__(self, text: Any) -> StrEnum:
        return self._members(text)  # told as the enumeration tells it


_ids = _Ids()
_decimals = cache(_Decimals)


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

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Decimal | None]:
        """As the column is read: without the layers in between."""
        decimals = _decimals(self.places)
        if dialect.name == "postgresql":
            return lambda value: decimals[self.scale(value)]
        return decimals.__getitem__

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

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """As the column is read: without the layers in between."""
        if dialect.name == "postgresql":
            return lambda value: None if value is None else value.astimezone(UTC)
        return lambda value: None if value is None else _EPOCH + timedelta(microseconds=value)


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

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], UUID | None] | None:
        """As the column is read: without the layers in between."""
        return None if dialect.name == "postgresql" else _ids.__getitem__


class EnumText(TypeDecorator[StrEnum]):
    """A member of a string enumeration, kept as its text, so that a new member needs no migration."""

    impl = Text
    cache_ok = True

    def __init__(self, members: type[StrEnum]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.members(value).value

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], StrEnum | None]:
        """As the column is read: without the layers in between."""
        return _Members(self.members).__getitem__


class TextJson(JSON):
    """JSON as SQLite keeps it: as text."""

    def adapt(self, cls: Any, **kw: Any) -> Any:
        """Not to SQLite's own, which reads in more layers."""
        return super().adapt(type(self), **kw)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """As the column is read: without the layers in between."""
        return _read_json


def _read_json(text: Any) -> Any:
    """SQLite has made a number of what is one. Most columns hold nothing."""
    return {} if text == "{}" else load_json(text) if type(text) in _TEXTS else text


_TEXTS = frozenset({str, bytes})


def json_type() -> TypeEngine[Any]:
    """JSON, binary on PostgreSQL; Python's None is the database's NULL."""
    return TextJson(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
