"""Conditions as keyword arguments, and the statements made from them. A statement is built once for each shape of
question, then reused: building costs more than running it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Delete, Select, Table, Text, bindparam, cast, delete, func, select

from hub.model.values import Value
from hub.store.codec import row_codec, stored
from hub.store.one_of import OneOf

Condition = Callable[[ColumnElement[Any], str], ColumnElement[bool]]


def _starts_with(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    # not LIKE, which ignores case on SQLite
    prefix = bindparam(name, type_=Text())
    return func.substr(cast(column, Text), 1, func.length(prefix)) == prefix


_CONDITIONS: Mapping[str, Condition] = {
    "": lambda column, name: column == bindparam(name, type_=column.type),
    "ne": lambda column, name: column.is_distinct_from(bindparam(name, type_=column.type)),
    "lt": lambda column, name: column < bindparam(name, type_=column.type),
    "le": lambda column, name: column <= bindparam(name, type_=column.type),
    "gt": lambda column, name: column > bindparam(name, type_=column.type),
    "ge": lambda column, name: column >= bindparam(name, type_=column.type),
    "in": OneOf,
    "folded": lambda column, name: OneOf(func.lower(column, type_=Text()), name),
    "prefix": _starts_with,
    "none": lambda column, name: column.is_(None),
    "some": lambda column, name: column.is_not(None),
}
_WITHOUT_VALUE = ("none", "some")
_SEVERAL = ("in", "folded")
Shape = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reading:
    """How rows are wanted, apart from the conditions."""

    order: tuple[str, ...] = ()
    limited: bool = False
    lock: bool = False
    skip_locked: bool = False


make_reading = lru_cache(maxsize=1024)(Reading)


def parse_where(model: type[Value], where: Mapping[str, Any], *, with_deleted: bool) -> tuple[Shape, dict[str, Any]]:
    """(shape, parameters) of ``field=…``, ``field__in=…`` and so on; deleted records are left out unless wanted.

    ``__ne`` counts NULL as a value: it differs from everything but None. ``__folded`` is ``__in`` without regard to
    capitals; the texts it is given are in small letters.
    """
    shape: list[tuple[str, str]] = []
    params: dict[str, Any] = {}
    for key, value in where.items():
        field, _, operator = key.partition("__")
        operator, has_value = _normalise(operator, value)
        if has_value:
            params[f"w{len(shape)}"] = list(value) if operator in _SEVERAL else value
        shape.append((field, operator))
    if stored(model).is_kind and not with_deleted:
        shape.append(("deleted_at", "none"))
    return tuple(shape), params


def _normalise(operator: str, value: Any) -> tuple[str, bool]:
    if operator == "null":
        return ("none" if value else "some"), False
    if value is None and operator in ("", "ne"):
        return ("some" if operator else "none"), False
    if operator not in _CONDITIONS or operator in _WITHOUT_VALUE:
        raise TypeError(f"unknown condition: __{operator}")
    return operator, True


@lru_cache(maxsize=4096)
def select_rows(model: type[Value], shape: Shape, reading: Reading) -> Select[Any]:
    """The statement that reads the rows of a model."""
    codec = row_codec(model)
    statement = select(*codec.columns).where(*conditions(codec.table, shape))
    for name in reading.order:
        statement = statement.order_by(_ordering(codec.table.c[name.removeprefix("-")], descending=name[0] == "-"))
    if reading.limited:
        statement = statement.limit(bindparam("limit_rows"))
    elif reading.lock and not reading.order:  # always the same order, so that two workers do not lock each other up
        statement = statement.order_by(*(codec.table.c[name] for name in stored(model).spec.key))
    if reading.lock:
        statement = statement.with_for_update(skip_locked=reading.skip_locked)
    return statement


@lru_cache(maxsize=1024)
def select_fields(model: type[Value], names: tuple[str, ...], shape: Shape) -> Select[Any]:
    """The statement that reads some columns of a model."""
    table = stored(model).table
    return select(*(table.c[name] for name in names)).where(*conditions(table, shape))


def _ordering(column: Column[Any], *, descending: bool) -> ColumnElement[Any]:
    direction = column.desc() if descending else column.asc()
    if not column.nullable:
        return direction
    # unless it is said, NULL is the smallest value on SQLite and the largest on PostgreSQL
    return direction.nulls_last() if descending else direction.nulls_first()


@lru_cache(maxsize=4096)
def select_count(model: type[Value], shape: Shape) -> Select[Any]:
    """The statement that counts the rows of a model."""
    table = stored(model).table
    return select(func.count()).select_from(table).where(*conditions(table, shape))


@lru_cache(maxsize=4096)
def delete_rows(model: type[Value], shape: Shape) -> Delete:
    """The statement that deletes rows of a model; lines go with their record."""
    table = stored(model).table
    return delete(table).where(*conditions(table, shape))


def conditions(table: Table, shape: Shape) -> Sequence[ColumnElement[bool]]:
    """SQL conditions; the value of the n-th is the parameter ``w<n>``."""
    found = []
    for position, (field, operator) in enumerate(shape):
        if field not in table.c:
            raise TypeError(f"{table.name} has no column {field}")
        found.append(_CONDITIONS[operator](table.c[field], f"w{position}"))
    return found
