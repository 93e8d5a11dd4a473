"""From a model to the parameters of its row and back, prepared once for each model.

Rows come from our own tables, whose columns were derived from the model, so they are not validated again: a field is
converted only where JSON lost its type.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import TypeAdapter
from pydantic.fields import FieldInfo
from sqlalchemy import JSON, ColumnElement, Table

from hub.model.values import Value
from hub.store.tables import StoredModel, column_type, derive_tables, unwrap

Convert = Callable[[Any], Any]
_PLAIN = (str, int, bool, Any, list, dict, type(None))


class RowCodec:
    """One table and the model of its rows. ``columns`` are the model's own, in the table's order."""

    def __init__(self, model: type[Value], table: Table, extra: Iterable[str] = ()) -> None:
        self.model = model
        self.table = table
        names = [name for name in model.model_fields if name in table.c]
        self.names = tuple(names)
        self.columns: tuple[ColumnElement[Any], ...] = tuple(table.c[name] for name in (*names, *extra))
        self._converted = [
            (name, convert) for name in names if (convert := _converter(model.model_fields[name])) is not None
        ]

    def encode(self, row: Value) -> dict[str, Any]:
        """Column values of a row."""
        values = row.__dict__
        return {name: values[name] for name in self.names}

    def decode(self, cells: Sequence[Any], more: dict[str, Any] | None = None) -> Any:
        """The model of a row; ``more`` are fields that live in other tables."""
        values = dict(zip(self.names, cells, strict=False))
        for name, convert in self._converted:
            if values[name] is not None:
                values[name] = convert(values[name])
        if more:
            values.update(more)
        return self.model.trusted(**values)


@cache
def stored(model: type[Value]) -> StoredModel:
    """The tables of a model; ``TypeError`` when it has none."""
    found = derive_tables()[1].get(model)
    if found is None:
        raise TypeError(f"{model.__name__} has no table")
    return found


@cache
def row_codec(model: type[Value]) -> RowCodec:
    """The codec of a model's own table."""
    return RowCodec(model, stored(model).table)


@cache
def line_codecs(model: type[Value]) -> tuple[RowCodec, ...]:
    """The codecs of a model's line tables, in the order of ``stored(model).lines``; the parent's id comes last."""
    return tuple(RowCodec(lines.model, lines.table, (lines.parent,)) for lines in stored(model).lines)


def _converter(info: FieldInfo) -> Convert | None:
    """What restores a JSON column's Python type; None where the column's value is already right."""
    base, marks, _ = unwrap(info.annotation, info.metadata)
    if not isinstance(column_type(base, marks), JSON) or _is_plain(base):
        return None
    if typing.get_origin(base) is tuple and all(part is Ellipsis or _is_plain(part) for part in typing.get_args(base)):
        return tuple
    annotation: Any = info.annotation
    for mark in info.metadata:
        annotation = Annotated[annotation, mark]
    return TypeAdapter(annotation).validate_python


def _is_plain(annotation: Any) -> bool:
    """Whether JSON gives this type back as it was."""
    base, _, _ = unwrap(annotation)
    if typing.get_origin(base) in (dict, list, typing.Union, types.UnionType):
        return all(_is_plain(part) for part in typing.get_args(base))
    return base in _PLAIN
