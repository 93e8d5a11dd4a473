"""Which codes a record uses, and which hub values need one: what a mapping translates through code tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from hub.mapping.compiled import Mapping
from hub.mapping.context import Refusal
from hub.mapping.converters import plain_decimal
from hub.mapping.fields import FieldPlan
from hub.mapping.lines import ListPlan
from hub.mapping.path import ABSENT, key_text
from hub.mapping.targets import Target, make_hub_value

NameOf = Callable[[str, UUID], str | None]
"""(kind, hub id) → what people call the record."""


@dataclass(frozen=True)
class CodeField:
    """A field that goes through a code table; ``field`` as people write it: ``unit``, ``lines.unit``."""

    table: str
    field: str
    target: Target
    goes_in: bool
    goes_out: bool


@dataclass(frozen=True)
class CodeUse:
    """One code of a record there, or one value of a record here, at one field."""

    table: str
    field: str
    value: str


def list_code_fields(mapping: Mapping) -> list[CodeField]:
    """Every field of the mapping that goes through a code table."""
    found = [_describe(plan, plan.name) for plan in mapping.plans if _table(plan)]
    for name, parts in mapping.lists.items():
        found += [_describe(plan, f"{name}.{plan.name}") for part in parts for plan in part.plans if _table(plan)]
    return found


def _describe(plan: FieldPlan, name: str) -> CodeField:
    return CodeField(_table(plan), name, plan.target, plan.goes_in, plan.goes_out)


def _table(plan: FieldPlan) -> str:
    return str(plan.rule.verbs.get("code", ""))


def read_codes(mapping: Mapping, payload: AnyMapping[str, Any]) -> Iterator[CodeUse]:
    """The codes that a record there carries, once for each place."""
    for plan in mapping.plans:
        if _table(plan) and plan.goes_in:
            yield from _read_code(plan, payload, plan.name)
    for name, parts in mapping.lists.items():
        for part in parts:
            plans = [plan for plan in part.plans if _table(plan) and plan.goes_in]
            for element in _list_elements(part, payload) if plans else ():
                for plan in plans:
                    yield from _read_code(plan, element, f"{name}.{plan.name}")


def _read_code(plan: FieldPlan, payload: AnyMapping[str, Any], name: str) -> Iterator[CodeUse]:
    raw = plan.raw_of(payload)
    if raw is None or (raw == "" and not plan.accepts_blank):
        return
    try:
        yield CodeUse(_table(plan), name, key_text(raw))
    except Refusal:
        return  # no code at all: told when the record is translated


def _list_elements(part: ListPlan, payload: AnyMapping[str, Any]) -> Iterator[Any]:
    if part.select is None:
        yield payload
        return
    try:
        found = part.select(payload)
    except Refusal:
        return
    yield from () if found is ABSENT else found or ()


def say_codes(
    mapping: Mapping, values: AnyMapping[str, Any], name_of: NameOf = lambda kind, id: None
) -> Iterator[CodeUse]:
    """The values of a record here that need a code to be written there, once for each place. A record that it refers
    to is told by what ``name_of`` calls it."""
    for plan in mapping.plans:
        if _table(plan) and plan.goes_out and plan.name in values:
            value = values[plan.name]
            named = name_of(plan.target.ref, value) if plan.target.ref and value is not None else value
            yield from _say_code(plan, named, plan.name)
    for name, parts in mapping.lists.items():
        for part in parts:
            for plan in part.plans:
                if _table(plan) and plan.goes_out:
                    for line in values.get(name) or ():
                        if part.covers(line):
                            yield from _say_code(plan, getattr(line, plan.name), f"{name}.{plan.name}")


def _say_code(plan: FieldPlan, value: Any, name: str) -> Iterator[CodeUse]:
    if value not in (None, ""):
        yield CodeUse(_table(plan), name, show_code_value(value))


def show_code_value(value: Any) -> str:
    """A hub value as code tables hold it."""
    if isinstance(value, StrEnum):
        return value.value
    return plain_decimal(value) if isinstance(value, Decimal) else str(value)


def check_code_value(target: Target, text: str) -> str:
    """The hub value as a table keeps it; ``ValueError`` when the field cannot hold it."""
    if target.ref is not None:  # what the record is called
        if not text.strip():
            raise ValueError(text)
        return text.strip()
    return show_code_value(make_hub_value(target, text))


def find_codes(target: Target, codes: AnyMapping[str, str], value: str) -> list[str]:
    """The codes of a table that mean this hub value; numbers are compared as numbers."""
    if target.shape in ("text", "enum", "id"):
        return [code for code, text in codes.items() if text == value]
    wanted = make_hub_value(target, value)
    return [code for code, text in codes.items() if make_hub_value(target, text) == wanted]


def list_allowed(target: Target) -> tuple[str, ...]:
    """All values that the field can hold, where the hub knows them; empty where anything goes."""
    return tuple(target.enum) if target.enum is not None else ()
