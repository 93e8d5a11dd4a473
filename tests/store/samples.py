"""A clock that stands still, stores on it, and rows of every model made by Hypothesis."""

from __future__ import annotations

import itertools
import typing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from hub.model.base import Line
from hub.model.sales import Order, OrderLine
from hub.model.values import Scaled, Value
from hub.protocol.binding import Binding, BindingState
from hub.store import Store, UnitOfWork
from hub.store.tables import line_model, unwrap

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


class StillClock:
    """Time stands until it is moved."""

    def __init__(self, start: datetime = NOON) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def move(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def open_store(url: str, clock: StillClock | None = None, *, durable: bool = False) -> Store:
    """A migrated store."""
    store = Store.open(url, clock=clock or StillClock(), durable=durable)
    store.migrate()
    return store


_counter = itertools.count(1)


def make_order(tx: UnitOfWork, *, lines: int = 2, gross: str = "113.00", **values: Any) -> Order:
    """A new order with some lines."""
    defaults: dict[str, Any] = {
        "id": tx.make_id(),
        "number": f"SO-{next(_counter):04d}",
        "account_id": tx.make_id(),
        "currency": "CNY",
        "ordered_on": date(2025, 2, 28),
        "gross": Decimal(gross),
        "lines": tuple(make_line(f"l{number}", number) for number in range(lines)),
    }
    return Order(**{**defaults, **values})


def make_line(key: str, quantity: int = 1) -> OrderLine:
    return OrderLine(key=key, name=f"article {key}", quantity=Decimal(quantity), unit_price=Decimal("9.99"))


def make_binding(tx: UnitOfWork, **values: Any) -> Binding:
    """A binding of an order at the ERP, due at once."""
    defaults: dict[str, Any] = {
        "id": tx.make_id(),
        "connection": "erp",
        "kind": "order",
        "hub_id": tx.make_id(),
        "state": BindingState.NEW,
    }
    return Binding(**{**defaults, **values})


# ---------------------------------------------------------------- rows of any model

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
INSTANTS = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    bytes: st.binary(max_size=50),
    date: st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    datetime: INSTANTS,
    UUID: st.uuids(),
    Any: JSON,
}


def rows_of(model: type[Value]) -> st.SearchStrategy[Any]:
    """Any row of a model that its columns can hold."""
    fields = {name: _values_of(name, info) for name, info in model.model_fields.items()}
    return st.fixed_dictionaries(fields).map(lambda values: model.model_construct(**values))


def _values_of(name: str, info: FieldInfo) -> st.SearchStrategy[Any]:
    lines = line_model(info)
    if lines is not None:
        return st.lists(rows_of(lines), max_size=3, unique_by=_key_of).map(tuple)
    base, marks, nullable = unwrap(info.annotation, info.metadata)
    values = _values_of_type(base, marks)
    return st.none() | values if nullable else values


def _values_of_type(base: Any, marks: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    if base is Decimal:
        places = next(mark.places for mark in marks if isinstance(mark, Scaled))
        return st.integers(-(10**18) + 1, 10**18 - 1).map(lambda whole: Decimal(whole).scaleb(-places))
    if isinstance(base, type) and issubclass(base, StrEnum):
        return st.sampled_from(list(base))
    if base in SCALARS:
        return SCALARS[base]
    if isinstance(base, type) and issubclass(base, Value):
        return rows_of(base)
    return _collections(typing.get_origin(base) or base, typing.get_args(base))


def _collections(origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is dict:
        return st.dictionaries(_values_of_type(arguments[0]), _values_of_type(arguments[1]), max_size=3)
    if origin is tuple:
        return st.lists(_values_of_type(arguments[0]), max_size=3).map(tuple)
    if origin is list:
        return st.lists(_values_of_type(arguments[0]), max_size=3)
    return st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT


def _key_of(line: Line) -> str:
    return line.key
