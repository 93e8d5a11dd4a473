"""Values that a person gives for what a mapping or a rule refused in one record: which field is meant, what it can
hold, and what the record says there now."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from typing import Any

from pydantic import ValidationError

from hub.errors import ConfigInvalid, RuleBroken
from hub.mapping.compiled import Mapping
from hub.mapping.context import Refusal
from hub.mapping.fields import FieldPlan
from hub.mapping.lines import ListPlan
from hub.mapping.path import ABSENT, key_text
from hub.model.kinds import check_fields, decode_fields, encode_fields
from hub.model.refusal import explain_refusal, show_refused

_LINE_FIELD = re.compile(r"(\w+)\[([^\]]+)\]\.(\w+)")


def check_given(mapping: Mapping, field: str, value: Any) -> Any:
    """The value in JSON form, as it is kept; ``ConfigInvalid`` for a field that the mapping does not read,
    ``RuleBroken`` for a value that the field cannot hold."""
    line = _find_line_field(mapping, field)
    if line is None:
        return encode_fields(mapping.kind, check_fields(mapping.kind, {field: value}))[field]
    adapter = line[1].target.adapter
    assert adapter is not None  # noqa: S101 - every field of a line has one
    try:
        return adapter.dump_python(adapter.validate_python(value), mode="json")
    except ValidationError as error:
        first = error.errors()[0]
        raise RuleBroken(
            "model.value_invalid", kind=mapping.kind, field=field, value=show_refused(first),
            what=explain_refusal(first),
        ) from error  # fmt: skip


def load_given(mapping: Mapping, field: str, value: Any) -> Any:
    """The typed value of what :func:`check_given` returned."""
    line = _find_line_field(mapping, field)
    if line is None:
        return decode_fields(mapping.kind, {field: value})[field]
    adapter = line[1].target.adapter
    return value if adapter is None else adapter.validate_python(value)


def read_raw(mapping: Mapping, payload: AnyMapping[str, Any], field: str) -> Any:
    """What the record says at the place of this field; None where it says nothing."""
    line = _find_line_field(mapping, field)
    if line is None:
        return _find_plan(mapping, field).raw_of(payload)
    remote_id = _LINE_FIELD.fullmatch(field)
    for element in _list_elements(line[0], payload):
        if line[0].read_key is None or remote_id is None:
            return line[1].raw_of(element)
        key = line[0].read_key(element)
        if key is not ABSENT and key is not None and key_text(key) == remote_id[2]:
            return line[1].raw_of(element)
    raise _refuse(mapping, field)


def _list_elements(part: ListPlan, payload: AnyMapping[str, Any]) -> Iterator[Any]:
    """The lines of one part, as they came; the record itself for a slot."""
    if part.select is None:
        yield payload
        return
    try:
        found = part.select(payload)
    except Refusal:
        return
    yield from () if found is ABSENT else found or ()


def _find_line_field(mapping: Mapping, field: str) -> tuple[ListPlan, FieldPlan] | None:
    parsed = _LINE_FIELD.fullmatch(field)
    if parsed is None:
        _find_plan(mapping, field)
        return None
    for part in mapping.lists.get(parsed[1], ()):
        for plan in part.plans:
            if plan.name == parsed[3] and plan.goes_in:
                return part, plan
    raise _refuse(mapping, field)


def _find_plan(mapping: Mapping, field: str) -> FieldPlan:
    found = next((plan for plan in mapping.plans if plan.name == field and plan.goes_in), None)
    if found is None:
        raise _refuse(mapping, field)
    return found


def _refuse(mapping: Mapping, field: str) -> ConfigInvalid:
    return ConfigInvalid("mapping.given_unknown", field=field, kind=mapping.kind)
