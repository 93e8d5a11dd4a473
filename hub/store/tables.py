"""Tables derived from the models, by one function: the canonical kinds and the hub's own rows alike.

The table of a kind is called ``crm_<kind>`` (``order`` and ``user`` are reserved words of SQL, and the prefix tells a
company's records from the hub's bookkeeping). A field that holds lines becomes a table of its own,
``crm_<kind>_<line>``, keyed by the parent's id and the line's stable key.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from pydantic.fields import FieldInfo
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.types import TypeEngine

from hub.model.base import Entity, Line
from hub.model.kinds import load_kinds
from hub.model.values import AnyRef, Ref, Scaled, Value
from hub.store.keys import TABLES, TableSpec
from hub.store.types import EnumText, HubUuid, ScaledDecimal, UtcInstant, json_type

_SCALARS: Mapping[type, type[TypeEngine[Any]]] = {
    bool: Boolean,
    int: BigInteger,
    str: Text,
    bytes: LargeBinary,
    date: Date,
    datetime: UtcInstant,
    UUID: HubUuid,
}


@dataclass(frozen=True)
class LineTable:
    """Where the lines of one field are kept: keyed by ``parent`` and ``key``, in the order of ``position``."""

    field: str
    model: type[Line]
    table: Table
    parent: str


@dataclass(frozen=True)
class StoredModel:
    """A model with its table and the tables of its lines."""

    model: type[Value]
    spec: TableSpec
    table: Table
    lines: tuple[LineTable, ...]

    @property
    def is_kind(self) -> bool:
        """A canonical record, which has tombstones and a revision."""
        return issubclass(self.model, Entity)


def spec_of_kind(model: type[Entity]) -> TableSpec:
    """How a canonical kind becomes a table: keyed by id; number and references are indexed."""
    return TableSpec(model, f"crm_{model.KIND}", ("id",), index=((model.NUMBER,), ("updated_at",)))


@cache
def derive_tables() -> tuple[MetaData, Mapping[type[Value], StoredModel]]:
    """The whole schema: every kind of the hub, then its bookkeeping."""
    metadata = MetaData()
    specs = [*(spec_of_kind(model) for model in load_kinds().values()), *TABLES]
    return metadata, {spec.model: derive_table(spec, metadata) for spec in specs}


def derive_table(spec: TableSpec, metadata: MetaData) -> StoredModel:
    """The tables of one model: its own, and one for each field that holds lines."""
    fields = spec.model.model_fields
    line_models = {name: model for name, info in fields.items() if (model := line_model(info)) is not None}
    columns = [derive_column(name, info, spec.key) for name, info in fields.items() if name not in line_models]
    uniques = [UniqueConstraint(*names, name=f"uq_{spec.name}_{'_'.join(names)}") for names in spec.unique]
    table = Table(spec.name, metadata, *columns, *uniques, sqlite_with_rowid=not spec.is_narrow)
    references = [(name,) for name, info in fields.items() if name not in line_models and _is_reference(info)]
    _add_indexes(table, [*spec.index, *references])
    for name in getattr(spec.model, "FOLDED", ()):
        Index(f"ix_{table.name}_{name}_folded", func.lower(table.c[name]))
    for names, condition in spec.unique_where:
        _add_partial_unique(table, names, condition)
    lines = tuple(_derive_lines(spec, name, model, metadata) for name, model in line_models.items())
    return StoredModel(spec.model, spec, table, lines)


def derive_column(name: str, info: FieldInfo, key: Iterable[str]) -> Column[Any]:
    """One column; nullable when the field may be None."""
    base, marks, nullable = unwrap(info.annotation, info.metadata)
    primary = name in key
    return Column(
        name, column_type(base, marks), primary_key=primary, nullable=nullable and not primary, autoincrement=False
    )


def column_type(base: Any, marks: Iterable[Any]) -> TypeEngine[Any]:
    """The column type of a Python type; whatever is not a scalar is kept as JSON."""
    if base is Decimal:
        scaled = next((mark for mark in marks if isinstance(mark, Scaled)), None)
        if scaled is None:
            raise TypeError("a decimal column needs a scale: Annotated[Decimal, Scaled(places)]")
        return ScaledDecimal(scaled.places)
    if base is float:
        raise TypeError("floats are not kept: use a scaled decimal")
    if isinstance(base, type) and issubclass(base, StrEnum):
        return EnumText(base)
    scalar = _SCALARS.get(base)
    return scalar() if scalar else json_type()


def unwrap(annotation: Any, marks: Iterable[Any] = ()) -> tuple[Any, tuple[Any, ...], bool]:
    """(plain type, marks of every ``Annotated`` around it, whether None is allowed)."""
    found, nullable = tuple(marks), annotation is Any
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation, *more = typing.get_args(annotation)
            found = (*found, *more)
        elif origin in (typing.Union, types.UnionType) and types.NoneType in typing.get_args(annotation):
            rest = [part for part in typing.get_args(annotation) if part is not types.NoneType]
            nullable = True
            annotation = rest[0] if len(rest) == 1 else typing.Union[tuple(rest)]  # noqa: UP007
        else:
            return annotation, found, nullable


def line_model(info: FieldInfo) -> type[Line] | None:
    """The line model of a field of type ``tuple[SomeLine, ...]``, or None."""
    arguments = typing.get_args(info.annotation)
    if typing.get_origin(info.annotation) is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        item = arguments[0]
        return item if isinstance(item, type) and issubclass(item, Line) else None
    return None


def singular(field: str) -> str:
    """``lines`` → ``line``, ``addresses`` → ``address``, ``entries`` → ``entry``."""
    if field.endswith("ies"):
        return f"{field[:-3]}y"
    return field[:-2] if field.endswith(("sses", "xes", "ches")) else field.removesuffix("s")


def _derive_lines(spec: TableSpec, field: str, model: type[Line], metadata: MetaData) -> LineTable:
    kind = getattr(spec.model, "KIND", "") or spec.name
    parent = f"{kind}_id"
    if clash := {parent, "position"} & set(model.model_fields):
        raise TypeError(f"{model.__name__} may not have a field called {clash.pop()}: the table of lines uses it")
    name = f"{spec.name}_{singular(field)}"
    owner: Column[Any] = Column(parent, HubUuid(), ForeignKey(f"{spec.name}.id", ondelete="CASCADE"), primary_key=True)
    place: Column[Any] = Column("position", BigInteger, nullable=False)
    columns = [derive_column(column, info, ("key",)) for column, info in model.model_fields.items()]
    table = Table(name, metadata, owner, place, *columns)
    references = [(column,) for column, info in model.model_fields.items() if _is_reference(info)]
    _add_indexes(table, [*references, *model.INDEX])
    return LineTable(field, model, table, parent)


def _is_reference(info: FieldInfo) -> bool:
    return any(isinstance(mark, Ref | AnyRef) for mark in unwrap(info.annotation, info.metadata)[1])


def _add_indexes(table: Table, groups: Iterable[tuple[str, ...]]) -> None:
    for names in dict.fromkeys(groups):
        Index(f"ix_{table.name}_{'_'.join(names)}", *(table.c[name] for name in names))


def _add_partial_unique(table: Table, names: tuple[str, ...], condition: str) -> None:
    where, columns = text(condition), [table.c[name] for name in names]
    name = f"uq_{table.name}_{'_'.join(names)}"
    Index(name, *columns, unique=True, sqlite_where=where, postgresql_where=where)
