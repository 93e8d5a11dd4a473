"""What a hub field can hold, read from the canonical models: the one place that looks at their annotations."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import AfterValidator, TypeAdapter
from pydantic.fields import FieldInfo

from hub.model.base import Line
from hub.model.kinds import field_adapter, list_fields
from hub.model.values import Ref, Scaled

_PLAIN: Mapping[Any, str] = {
    str: "text", Decimal: "decimal", int: "integer", bool: "boolean", date: "date", datetime: "datetime", UUID: "id",
}  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One hub field. ``shape``: text, decimal, integer, boolean, date, datetime, id, enum, lines, list (of texts),
    scalar (a custom field), or other."""

    name: str
    shape: str
    nullable: bool = False
    required: bool = False
    enum: type[StrEnum] | None = None
    line: type[Line] | None = None
    ref: str | None = None
    checks: tuple[Callable[[Any], Any], ...] = ()
    adapter: TypeAdapter[Any] | None = None
    places: int | None = None
    """Of a decimal: the digits that its column keeps after the point, when nothing else is asked of it."""

    def check(self, value: Any) -> Any:
        """The value after the model's own checks; ``ValueError`` says what is wrong."""
        for check in self.checks:
            value = check(value)
        return value

    @property
    def empty(self) -> Any:
        """What an empty remote value means here; ``ValueError`` when the field must have a value."""
        if self.nullable:
            return None
        if self.shape == "list":
            return ()
        if self.shape == "text":
            return self.check("")
        raise ValueError(self.name)


def find_target(kind: str, field: str) -> Target | None:
    """The hub field of a kind, ``custom.<name>`` and ``attributes.<name>`` included; None when there is none."""
    if field.startswith("custom."):
        return Target(field, "scalar", nullable=True, adapter=field_adapter(kind, field))
    if field.startswith("attributes."):
        return Target(field, "text", adapter=field_adapter(kind, field))
    return kind_targets(kind).get(field)


@cache
def kind_targets(kind: str) -> Mapping[str, Target]:
    """Every business field of a kind by name."""
    return {name: _describe(name, info) for name, info in list_fields(kind).items()}


@cache
def line_targets(line: type[Line]) -> Mapping[str, Target]:
    """Every field of a line but its key."""
    return {name: _describe(name, info) for name, info in line.model_fields.items() if name != "key"}


def _describe(name: str, info: FieldInfo) -> Target:
    annotation, metadata, nullable = _unwrap(info.annotation, list(info.metadata))
    checks = tuple(item.func for item in metadata if isinstance(item, AfterValidator))
    ref = next((item.kind for item in metadata if isinstance(item, Ref)), None)
    type_name, enum, line = "other", None, None
    if annotation in _PLAIN:
        type_name = _PLAIN[annotation]
    elif isinstance(annotation, type) and issubclass(annotation, StrEnum):
        type_name, enum = "enum", annotation
    elif typing.get_origin(annotation) is tuple:
        element = typing.get_args(annotation)[0]
        if isinstance(element, type) and issubclass(element, Line):
            type_name, line = "lines", element
        elif element is str:
            type_name = "list"
    whole: Any = info.annotation
    for item in info.metadata:
        whole = typing.Annotated[whole, item]
    adapter: TypeAdapter[Any] = TypeAdapter(whole)
    scaled = getattr(checks[0], "__self__", None) if len(checks) == 1 else None
    places = scaled.places if type_name == "decimal" and isinstance(scaled, Scaled) else None
    return Target(name, type_name, nullable, info.is_required(), enum, line, ref, checks, adapter, places)  # type: ignore[arg-type]  # pydantic types a validator's function loosely


def _unwrap(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any], bool]:
    """The bare type behind ``Annotated`` and ``| None``, with everything that was written on the way."""
    nullable = False
    while True:
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            metadata += annotation.__metadata__
            annotation = annotation.__origin__
        elif origin in (typing.Union, types.UnionType):
            kept = [item for item in typing.get_args(annotation) if item is not type(None)]
            nullable = nullable or len(kept) < len(typing.get_args(annotation))
            if len(kept) != 1:
                return annotation, metadata, nullable
            annotation = kept[0]
        else:
            return annotation, metadata, nullable


def make_hub_value(target: Target, given: Any) -> Any:
    """A hub value as the mapping file writes it, in the field's own type; ``ValueError`` when it is not one."""
    maker = _MAKERS.get(target.shape)
    if maker is None:
        raise ValueError(f"a {target.shape} field has no plain value")
    try:
        return target.check(maker(target, given))
    except (InvalidOperation, TypeError) as error:
        raise ValueError(str(given)) from error


def _make_text(target: Target, given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError(f"{given} must be written in quotes")
    return given.strip()


def _make_decimal(target: Target, given: Any) -> Decimal:
    if isinstance(given, bool) or not isinstance(given, str | int):  # TOML's 0.13 is a float
        raise ValueError(f"{given} must be written in quotes")
    return Decimal(given)


def _make_boolean(target: Target, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    if given in ("true", "false"):
        return bool(given == "true")
    raise ValueError(f"{given} is neither true nor false")


def _make_integer(target: Target, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise ValueError(f"{given} is not a whole number")
    return int(given)


def _make_date(target: Target, given: Any) -> date:
    if isinstance(given, datetime):
        raise ValueError(f"{given} has a time")
    return given if isinstance(given, date) else date.fromisoformat(given)


def _make_enum(target: Target, given: Any) -> StrEnum:
    assert target.enum is not None  # noqa: S101 - _describe sets type and enum together
    return target.enum(given)


def _make_scalar(target: Target, given: Any) -> str | int | bool:
    if not isinstance(given, str | int):
        raise ValueError(f"{given} must be text, a whole number or a truth value")
    return given


_MAKERS: Mapping[str, Callable[[Target, Any], Any]] = {
    "text": _make_text, "decimal": _make_decimal, "boolean": _make_boolean, "integer": _make_integer,
    "date": _make_date, "enum": _make_enum, "scalar": _make_scalar,
}  # fmt: skip
