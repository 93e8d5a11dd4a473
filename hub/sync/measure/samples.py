"""Sample values of any kind, made from its model: what a document can be tried out with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from pydantic.fields import FieldInfo

from hub.model.base import Line
from hub.model.identifiers import organisation_check_symbol, uscc_check_symbol
from hub.model.kinds import find_kind, list_fields, list_refs
from hub.model.party import Identifier, IdentifierKind
from hub.model.values import Ref

FIRST_DAY = date(2026, 1, 5)
FindParent = Callable[[str], UUID | None]
"""Kind → hub id of a record of that kind that the other system has; None where it has none."""


def make_sample(
    kind: str, number: int, fields: frozenset[str], find_parent: FindParent, given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Canonical values for these ``fields``; another ``number`` gives other values wherever the field allows it.

    ``given`` holds values that the system insists on (its unit, its tax rate); a key ``lines.unit`` speaks of every
    line. A reference is left out when there is nothing to point at, and so is what a document takes back.
    """
    given = given or {}
    derived, itself = find_kind(kind).DERIVED, {name for name, to in list_refs(kind) if to == kind}
    if not find_kind(kind).TRANSACTIONAL:
        itself = set()
    values: dict[str, Any] = {}
    for name, info in list_fields(kind).items():
        if name in fields and name not in derived and name not in itself:
            value = given[name] if name in given else _make_field(kind, name, info, number, find_parent, given)
            if value is not None:
                values[name] = value
    return values


def _make_field(
    kind: str, name: str, info: FieldInfo, number: int, find_parent: FindParent, given: Mapping[str, Any]
) -> Any:
    line = find_line_model(info)
    if line is Identifier:
        return (Identifier(key="1", kind=IdentifierKind.USCC, value=make_uscc(number)),)
    if line is not None:
        inner = {key.partition(".")[2]: value for key, value in given.items() if key.startswith(f"{name}.")}
        return _make_lines(line, number, find_parent, inner, find_kind(kind).DERIVED)
    return _make_plain(f"{kind} {name}", name, info, number, find_parent)


def _make_lines(
    line: type[Line], number: int, find_parent: FindParent, given: dict[str, Any], derived: frozenset[str]
) -> tuple[Line, ...]:
    values: dict[str, Any] = {"key": "1"}
    given = {name: made(number) if callable(made) else made for name, made in line.EXAMPLE.items()} | given
    for name, info in line.model_fields.items():
        made = given[name] if name in given else _make_plain(f"line {name}", name, info, number, find_parent)
        if made is None and info.is_required():
            made = _choose_first(info.annotation)
        if made is not None and name != "key" and name not in derived:
            values[name] = made
    return (line.model_validate(values),)


def _make_plain(words: str, name: str, info: FieldInfo, number: int, find_parent: FindParent) -> Any:
    """A value by the type of the field; the few names whose text has a form of its own come first."""
    for item in info.metadata:
        if isinstance(item, Ref):
            return find_parent(item.kind)
    special = {
        "currency": "CNY",
        "base_currency": None,
        "kind": info.default if isinstance(info.default, str) else None,
        "email": f"probe{number}@example.org",
        "phone": f"021-5555{number:04}",
        "mobile": f"1380000{number:04}",
        "website": f"https://example.org/{number}",
        "country": "CN",
        "postal_code": f"2000{number % 100:02}",
        "province": None,
        "unit": "pcs",
        "rate": None,
        "tax_rate": Decimal("0.13"),
        "quantity": Decimal(number + 1),
        "starts_at": datetime(
            2026, 1, 15, 8, number % 60, tzinfo=UTC
        ),  # whichever changes: it ends behind its beginning
        "ends_at": datetime(2026, 1, 15, 17, number % 60, tzinfo=UTC),
    }
    if name in special:
        return special[name]
    return _make_by_type(words, info.annotation, number)


def _make_by_type(words: str, annotation: Any, number: int) -> Any:
    for wanted in _list_types(annotation):
        if issubclass(wanted, Enum):
            return None  # states are moved by actions, not written
        if issubclass(wanted, bool):
            return bool(number % 2)
        if issubclass(wanted, str):
            return f"Isthmus probe {words} {number}"
        if issubclass(wanted, Decimal):
            return Decimal(number) + Decimal("0.25")
        if issubclass(wanted, int):
            return number
        if issubclass(wanted, datetime):
            return datetime(2026, 1, 1 + number % 28, 8, tzinfo=UTC)
        if issubclass(wanted, date):
            return FIRST_DAY.replace(day=1 + number % 28)
    return None


def _choose_first(annotation: Any) -> Any:
    """A line must say of what sort it is."""
    return next((next(iter(wanted)) for wanted in _list_types(annotation) if issubclass(wanted, Enum)), None)


def _list_types(annotation: Any) -> list[type]:
    """The plain types that an annotation allows; none for lists and tables."""
    if get_origin(annotation) is Annotated:
        return _list_types(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [found for part in get_args(annotation) for found in _list_types(part)]
    return [annotation] if isinstance(annotation, type) and get_origin(annotation) is None else []


def make_uscc(number: int) -> str:
    """A valid 统一社会信用代码 for each number."""
    inner = f"{number:08}"
    body = "91310000" + inner + organisation_check_symbol(inner)
    return body + uscc_check_symbol(body)


def find_line_model(info: FieldInfo) -> type[Line] | None:
    """The line model of a list field, None for a plain one."""
    inner = get_args(info.annotation)
    model = inner[0] if inner and get_origin(info.annotation) is tuple else None
    return model if isinstance(model, type) and issubclass(model, Line) else None
