"""“One of these values” as one parameter: a question about a thousand ids is the same statement as one about two, so it
is neither compiled anew nor spelled out value by value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from sqlalchemy import ARRAY, Boolean, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine

from hub.store.json_text import dump_json


class Several(TypeDecorator[Any]):
    """Values of a column's type: an array on PostgreSQL, a JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.item) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        if dialect.name == "postgresql":
            return values
        convert = self.item.dialect_impl(dialect).bind_processor(dialect)
        return dump_json(values if convert is None else list(map(convert, values)))


class OneOf(ColumnElement[bool]):
    """Whether ``column`` holds one of the values of the parameter ``name``."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [
        ("column", InternalTraversal.dp_clauseelement),
        ("wanted", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column = column
        self.wanted = bindparam(name, type_=Several(column.type))

    def self_group(self, against: OperatorType | None = None) -> Self:
        """As it stands: SQLAlchemy would add ``= 1`` for SQLite, which then uses no index for it."""
        return self


@compiles(OneOf, "sqlite")
def _write_for_sqlite(element: OneOf, compiler: SQLCompiler, **more: Any) -> str:
    column, wanted = (compiler.process(part, **more) for part in (element.column, element.wanted))
    return f"{column} IN (SELECT value FROM json_each({wanted}))"  # noqa: S608 - our own columns


@compiles(OneOf)
def _write(element: OneOf, compiler: SQLCompiler, **more: Any) -> str:
    column, wanted = (compiler.process(part, **more) for part in (element.column, element.wanted))
    return f"{column} = ANY ({wanted})"
