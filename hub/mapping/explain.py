"""Tells people what a mapping does: rule by rule, value by value, and for a whole record both ways."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from typing import Any

from hub.mapping.compiled import Mapping
from hub.mapping.context import Context, Problem, Refusal, Run
from hub.mapping.fields import FieldPlan
from hub.mapping.lines import ListPlan
from hub.mapping.path import ABSENT, key_text
from hub.mapping.source import FieldRule
from hub.model.kinds import encode_fields
from hub.model.ownership import Direction, Owner


@dataclass(frozen=True)
class ShownRule:
    """One rule as it holds after all layers. ``field`` is ``lines.quantity`` for a field of a line; ``owner`` is None
    there, because a list has one owner as a whole."""

    field: str
    path: str
    rule: str
    direction: Direction
    owner: Owner | None
    file: str
    line: int


@dataclass(frozen=True)
class Explained:
    """What became of one value. ``raw`` is what the record holds (None when nothing), ``value`` the hub's value;
    ``problem`` says why there is none."""

    field: str
    path: str
    raw: Any
    rule: str
    value: Any
    direction: Direction
    owner: Owner
    file: str
    line: int
    problem: Problem | None = None


@dataclass(frozen=True)
class Preview:
    """One record both ways. ``values`` are canonical and JSON-ready; ``payload`` is what the hub would write there;
    ``differs`` names two-way fields that would not come back as they are."""

    values: AnyMapping[str, Any]
    payload: AnyMapping[str, Any]
    problems: tuple[Problem, ...]
    differs: tuple[str, ...]


def show_mapping(mapping: Mapping) -> list[ShownRule]:
    """Every rule of a mapping, each with the file and line that it comes from."""
    shown = [
        _show(plan.name, plan.path, plan.rule, plan.direction, mapping.owner_of(plan.name)) for plan in mapping.plans
    ]
    for field, parts in mapping.lists.items():
        for part in parts:
            shown.append(_show(part.rule.name, part.path, part.rule, part.direction, mapping.owner_of(field)))
            shown += [
                _show(f"{part.rule.name}.{plan.name}", plan.path, plan.rule, plan.direction, None)
                for plan in part.plans
            ]
    return shown


def _show(field: str, path: str, rule: FieldRule, direction: Direction, owner: Owner | None) -> ShownRule:
    return ShownRule(field, path, rule.text, direction, owner, rule.file, rule.line)


def explain_mapping(mapping: Mapping, payload: AnyMapping[str, Any], context: Context) -> list[Explained]:
    """Every value of one source record: where it stands, which rule reads it, and what it becomes."""
    mapped = mapping.to_canonical(payload, context)
    problems = {problem.field: problem for problem in mapped.problems}
    run = Run(context, mapped.values, payload, mapped.values)
    explained = [
        _explain_field(mapping, plan, run, plan.name, plan.name, problems.get(plan.name)) for plan in mapping.plans
    ]
    for field, parts in mapping.lists.items():
        for part in parts:
            found = list(_explain_list(mapping, part, run, problems))
            if not found and field in problems:
                found = [_failed_list(mapping, part, problems[field])]
            explained += found
    return explained


def _explain_field(
    mapping: Mapping, plan: FieldPlan, run: Run, name: str, field: str, problem: Problem | None
) -> Explained:
    value: Any = None
    if plan.goes_in and problem is None:
        try:
            value = plan.read_in(run)
        except Refusal as refusal:
            problem = plan.explain(refusal, plan.raw_of(run.payload), name)
    return Explained(
        name, plan.path, plan.raw_of(run.payload), plan.rule.text, None if value is ABSENT else value,
        plan.direction, mapping.owner_of(field), plan.rule.file, plan.rule.line, problem,
    )  # fmt: skip


def _explain_list(
    mapping: Mapping, part: ListPlan, run: Run, problems: AnyMapping[str, Problem]
) -> Iterator[Explained]:
    if part.select is None:
        elements: Any = [run.payload]
    else:
        try:
            elements = part.select(run.payload)
        except Refusal:
            return
    for element in [] if elements is ABSENT or elements is None else elements:
        line_id = part.slot_name if part.read_key is None else _line_id(part, element)
        line_run = Run(run.context, run.record, element, {})
        for plan in part.plans:
            name = f"{part.field}[{line_id}].{plan.name}"
            yield _explain_field(mapping, plan, line_run, name, part.field, problems.get(name))


def _line_id(part: ListPlan, element: AnyMapping[str, Any]) -> str:
    assert part.read_key is not None  # noqa: S101 - only a slot has none
    try:
        return key_text(part.read_key(element))
    except Refusal:
        return "?"


def _failed_list(mapping: Mapping, part: ListPlan, problem: Problem) -> Explained:
    return Explained(
        part.rule.name, part.path, problem.value, part.rule.text, None, part.direction,
        mapping.owner_of(part.field), part.rule.file, part.rule.line, problem,
    )  # fmt: skip


def preview_mapping(mapping: Mapping, payload: AnyMapping[str, Any], context: Context) -> Preview:
    """One record into the hub, out again and in again."""
    ids: dict[tuple[str, str], str] = {}

    def line_key(field: str, remote_id: str) -> str:
        key = context.line_key(field, remote_id)
        ids[field, key] = remote_id
        return key

    noting = dataclasses.replace(context, line_key=line_key, remote_line=lambda field, key: ids.get((field, key)))
    inward = mapping.to_canonical(payload, noting)
    written, problems = mapping.to_remote(inward.values, noting)
    back = mapping.to_canonical(written, noting)
    differs = [
        name for name in sorted(mapping.fields_in & mapping.fields_out & inward.values.keys())
        if _comparable(mapping, name, inward.values[name]) != _comparable(mapping, name, back.values.get(name))
    ]  # fmt: skip
    found = (*inward.problems, *problems)
    return Preview(encode_fields(mapping.kind, inward.values), written, found, tuple(differs))


def _comparable(mapping: Mapping, field: str, value: Any) -> Any:
    """A list counts by the line fields that travel both ways."""
    if field not in mapping.line_fields or value is None:
        return value
    names = sorted(mapping.line_fields[field])
    return [(line.key, *(getattr(line, name) for name in names)) for line in value]
