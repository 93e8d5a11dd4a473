"""Custom fields (自定义字段): declared in the configuration, kept as plain values, checked here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Self

from pydantic import field_validator, model_validator

from hub.errors import RuleBroken
from hub.locale import Phrase
from hub.model.base import CustomValue
from hub.model.kinds import load_kinds
from hub.model.values import Scaled, Value

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_storable = Scaled(6)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class CustomType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    CHOICE = "choice"


class CustomField(Value):
    """The declaration of one field that a company adds to a kind."""

    kind: str
    """The kind that gets it, such as account."""
    name: str
    """Its name; in mappings and commands it is ``custom.<name>``."""
    type: CustomType
    """What its values are."""
    choices: tuple[str, ...] = ()
    """The allowed values of a ``choice``, and of nothing else."""

    @field_validator("kind")
    @classmethod
    def _check_kind(cls, kind: str) -> str:
        if kind not in load_kinds():
            raise ValueError(Phrase("crm.custom_kind", known=", ".join(load_kinds())))
        return kind

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(Phrase("crm.custom_name"))
        return name

    @model_validator(mode="after")
    def _check_choices(self) -> Self:
        if (self.type is CustomType.CHOICE) != bool(self.choices):
            raise ValueError(Phrase("crm.custom_choices"))
        return self


def check_custom(
    kind: str, values: Mapping[str, object], declarations: Sequence[CustomField]
) -> dict[str, CustomValue]:
    """The values in the form that is kept: decimals and dates as text, empty as None.

    ``RuleBroken`` names kind, field, value and what to give instead; an undeclared field is refused.
    """
    declared = {field.name: field for field in declarations if field.kind == kind}
    checked: dict[str, CustomValue] = {}
    for name, value in values.items():
        if name not in declared:
            known = ", ".join(sorted(declared)) or "—"
            raise RuleBroken("crm.custom_undeclared", kind=kind, field=name, value=value, known=known)
        checked[name] = _check_value(declared[name], value)
    return checked


def _check_value(field: CustomField, value: object) -> CustomValue:
    if value is None or value == "":
        return None
    try:
        return _CONVERSIONS[field.type](field, value)
    except (ValueError, InvalidOperation) as error:
        choices = ", ".join(field.choices)
        raise RuleBroken(
            f"crm.custom_{field.type}", kind=field.kind, field=field.name, value=value, choices=choices
        ) from error


def _to_text(field: CustomField, value: Any) -> CustomValue:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _to_integer(field: CustomField, value: Any) -> CustomValue:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("not a whole number")
    return int(value)


def _to_decimal(field: CustomField, value: Any) -> CustomValue:
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise ValueError("not a decimal number")
    return format(_storable.check(Decimal(value)), "f")


def _to_boolean(field: CustomField, value: Any) -> CustomValue:
    if isinstance(value, bool):
        return value
    if value not in ("true", "false"):
        raise ValueError("neither true nor false")
    return bool(value == "true")


def _to_date(field: CustomField, value: Any) -> CustomValue:
    text = value.isoformat() if type(value) is date else value
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise ValueError("not a date")
    return date.fromisoformat(text).isoformat()


def _to_choice(field: CustomField, value: Any) -> CustomValue:
    if value not in field.choices:
        raise ValueError("not a choice")
    return str(value)


_CONVERSIONS: Mapping[CustomType, Callable[[CustomField, Any], CustomValue]] = {
    CustomType.TEXT: _to_text,
    CustomType.INTEGER: _to_integer,
    CustomType.DECIMAL: _to_decimal,
    CustomType.BOOLEAN: _to_boolean,
    CustomType.DATE: _to_date,
    CustomType.CHOICE: _to_choice,
}
