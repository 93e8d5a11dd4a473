"""The kinds the hub knows: every ``Entity`` subclass in this package, found by looking, so a new one edits no list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, get_args
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

import hub.model
from hub.errors import ConfigInvalid, RuleBroken
from hub.model.base import SYSTEM_FIELDS, Entity, Line
from hub.model.ids import show_id
from hub.model.refusal import explain_refusal, show_refused
from hub.model.values import AnyRef, InCurrency, Ref, Value

Fields = Mapping[str, Any]
"""Canonical values by field name, as Python objects (Decimal, date, UUID, tuples of lines…); custom fields under
``custom.<name>``, attributes under ``attributes.<name>``."""


@cache
def load_kinds() -> Mapping[str, type[Entity]]:
    """All kinds by name."""
    found: dict[str, type[Entity]] = {}
    for module in pkgutil.iter_modules(hub.model.__path__):
        for value in vars(importlib.import_module(f"hub.model.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Entity) and value.KIND:
                found[value.KIND] = value
    return dict(sorted(found.items()))


def find_kind(name: str) -> type[Entity]:
    """The model of a kind; ``ConfigInvalid`` names the known ones."""
    kinds = load_kinds()
    if name not in kinds:
        raise ConfigInvalid("model.kind_unknown", kind=name, known=", ".join(kinds))
    return kinds[name]


def refuse_field(kind: str, field: str) -> ConfigInvalid:
    """The error about a field that the kind does not have; it names those that it has."""
    return ConfigInvalid("model.field_unknown", kind=kind, field=field, known=", ".join(list_fields(kind)))


def list_fields(kind: str) -> Mapping[str, FieldInfo]:
    """The business fields of a kind (system fields left out)."""
    return {n: f for n, f in find_kind(kind).model_fields.items() if n not in SYSTEM_FIELDS}


@cache
def field_adapter(kind: str, field: str) -> TypeAdapter[Any]:
    """Validates and serialises one field of a kind; ``custom.<name>`` is a plain custom value, ``attributes.<name>`` a
    text."""
    if field.startswith("custom."):
        return TypeAdapter(str | int | bool | None)
    if field.startswith("attributes."):
        return TypeAdapter(str)
    info = find_kind(kind).model_fields.get(field)
    if info is None:
        raise refuse_field(kind, field)
    from typing import Annotated

    annotation: Any = info.annotation
    for item in info.metadata:
        annotation = Annotated[annotation, item]
    return TypeAdapter(annotation)


def check_fields(kind: str, values: Fields) -> dict[str, Any]:
    """The same values as typed Python objects; ``RuleBroken`` names kind, field, value and what is wrong."""
    checked: dict[str, Any] = {}
    for field, value in values.items():
        try:
            checked[field] = field_adapter(kind, field).validate_python(value)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in (field, *first["loc"]))
            raise RuleBroken(
                "model.value_invalid",
                kind=kind,
                field=where,
                value=show_refused(first),
                what=explain_refusal(first),
            ) from error
    return checked


def encode_fields(kind: str, values: Fields) -> dict[str, Any]:
    """Canonical values as JSON-ready objects (decimals as text)."""
    encoded: dict[str, Any] = {}
    for name, value in values.items():
        make = _PLAIN.get(type(value))
        if make is not None:
            encoded[name] = make(value)
        elif isinstance(value, StrEnum):
            encoded[name] = value.value
        elif type(value) is tuple and (lines := _encode_lines(value)) is not None:
            encoded[name] = lines
        else:
            encoded[name] = field_adapter(kind, name).serializer.to_python(value, mode="json")
    return encoded


def _encode_lines(lines: tuple[Any, ...]) -> list[dict[str, Any]] | None:
    """None for what is not all lines of plain values."""
    encoded: list[dict[str, Any]] = []
    for line in lines:
        if not isinstance(line, Line):
            return None
        row: dict[str, Any] = {}
        for name, value in line.__dict__.items():
            make = _PLAIN.get(type(value))
            if make is None:
                return None
            row[name] = make(value)
        encoded.append(row)
    return encoded


def _keep(value: Any) -> Any:
    return value


_PLAIN: Mapping[type, Callable[[Any], Any]] = {
    **dict.fromkeys((str, bool, int, type(None)), _keep),
    Decimal: str,
    UUID: show_id,
    date: date.isoformat,
}
"""What the adapters of the fields do to such values, in a fraction of the time."""


def decode_fields(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of :func:`encode_fields`."""
    return {name: field_adapter(kind, name).validate_python(value) for name, value in values.items()}


def list_refs(kind: str) -> Sequence[tuple[str, str]]:
    """(field, kind it refers to) for every top-level reference of a kind."""
    return _list_refs(find_kind(kind))


@cache
def _list_refs(model: type[Value]) -> Sequence[tuple[str, str]]:
    marks = ((name, item) for name, info in model.model_fields.items() for item in info.metadata)
    return tuple((name, item.kind) for name, item in marks if isinstance(item, Ref))


def list_any_refs(kind: str) -> Iterator[tuple[str, str]]:
    """(field, field that names the kind) for every reference to a record of any kind."""
    for name, info in list_fields(kind).items():
        for item in info.metadata:
            if isinstance(item, AnyRef):
                yield name, item.kind_field


@cache
def is_money(model: type[Value], field: str) -> bool:
    """Whether a field of a kind, or of a line, is an amount in the record's currency."""
    return any(isinstance(mark, InCurrency) for mark in _list_marks(model.model_fields[field]))


def _list_marks(info: FieldInfo) -> Iterator[Any]:
    """What the field, or the type inside its ``| None``, is marked with."""
    yield from info.metadata
    for part in get_args(info.annotation):
        yield from getattr(part, "__metadata__", ())


def list_line_refs(line: type[Line]) -> Sequence[tuple[str, str]]:
    """(field, kind it refers to) for every reference of a line model."""
    return _list_refs(line)


def list_line_any_refs(line: type[Line]) -> Iterator[tuple[str, str]]:
    """(field, field that names the kind) for every reference of a line model to a record of any kind."""
    for name, info in line.model_fields.items():
        for item in info.metadata:
            if isinstance(item, AnyRef):
                yield name, item.kind_field
