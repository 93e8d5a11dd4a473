"""One list of lines, compiled: which elements there are lines, who they are, and their own fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from hub.mapping.context import Given, Problem, Refusal, Run
from hub.mapping.fields import FieldPlan, Functions, compile_field
from hub.mapping.path import (
    ABSENT,
    SELF,
    Reader,
    Writer,
    compile_list_opener,
    compile_list_reader,
    compile_reader,
    compile_writer,
    key_text,
    parse_path,
)
from hub.mapping.source import FieldRule
from hub.mapping.targets import Target, line_targets
from hub.model.base import Line
from hub.model.ownership import Direction
from hub.model.refusal import explain_refusal


@dataclass(frozen=True)
class ListPlan:
    """A compiled list, or one named part of it. A *slot* (``each = "."``) is a single line whose fields stand in the
    record itself."""

    field: str
    part: str
    rule: FieldRule
    line: type[Line]
    direction: Direction
    plans: tuple[FieldPlan, ...]
    select: Reader | None
    """None for a slot."""
    open_list: Callable[[MutableMapping[str, Any]], list[Any]] | None
    selector: tuple[tuple[str, Any], ...]
    read_key: Reader | None
    write_key: Writer | None

    @cached_property
    def plans_in(self) -> tuple[FieldPlan, ...]:
        """The fields that are read."""
        return tuple(plan for plan in self.plans if plan.goes_in)

    @cached_property
    def is_typed(self) -> bool:
        """Lines are read just as the model would make them, and nothing that it requires can be missing."""
        named = {plan.name for plan in self.plans_in if plan.target.required}
        required = {name for name, info in self.line.model_fields.items() if info.is_required()}
        return required - {"key"} <= named and all(plan.typed for plan in self.plans_in)

    @property
    def slot_name(self) -> str:
        return str(self.rule.verbs.get("key") or self.part or self.field)

    @property
    def path(self) -> str:
        return str(self.rule.verbs["each"])

    @cached_property
    def fixed(self) -> tuple[tuple[str, Any], ...]:
        """What every line of the part has in common."""
        return tuple((plan.name, plan.fixed) for plan in self.plans if plan.fixed is not ABSENT)

    def covers(self, line: Line | Mapping[str, Any]) -> bool:
        """The part speaks of this line: its fixed values are the line's."""
        return not self.fixed or all(_get(line, name) == value for name, value in self.fixed)


def compile_list(rule: FieldRule, target: Target, functions: Functions, currency: str | None) -> ListPlan:
    """The plan of one ``each`` rule; the rule was linted before."""
    field, _, part = rule.name.partition(".")
    assert target.line is not None  # noqa: S101 - lint saw to it
    targets = line_targets(target.line)
    plans = tuple(compile_field(inner, targets[name], functions, currency) for name, inner in rule.fields.items())
    is_slot = rule.verbs["each"] == SELF
    path = parse_path(rule.verbs["each"])
    key = None if is_slot else parse_path(rule.verbs["key"])
    return ListPlan(
        field, part, rule, target.line, Direction(rule.verbs.get("direction", "both")), plans,
        select=None if is_slot else compile_list_reader(path),
        open_list=None if is_slot else compile_list_opener(path),
        selector=() if is_slot else path.selector,
        read_key=compile_reader(key) if key else None,
        write_key=compile_writer(key) if key else None,
    )  # fmt: skip


class BrokenLines(Exception):
    """Inside the mapping room: some line could not be translated, so the list as a whole says nothing."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(len(problems))
        self.problems = problems


def read_lines(plan: ListPlan, run: Run) -> list[Line] | None:
    """The lines of one plan; None when the record says nothing about them. Raises ``BrokenLines``."""
    if plan.select is None:
        return _read_slot(plan, run)
    try:
        elements = plan.select(run.payload)
    except Refusal as refusal:
        raise BrokenLines([_explain(plan, refusal)]) from refusal
    if elements is ABSENT:
        return None
    problems: list[Problem] = []
    lines: list[Line] = []
    for position, element in enumerate(elements or (), start=1):
        try:
            lines.append(_read_line(plan, element, run, position))
        except BrokenLines as broken:
            problems += broken.problems
    keys = [line.key for line in lines]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        problems.append(_explain(plan, Refusal("mapping.line_key_twice", value=twice)))
    if problems:
        raise BrokenLines(problems)
    return lines


RefPlan = tuple[str, FieldPlan]
"""The kind that a reference refers to, and how it is read."""


def find_line_refs(plan: ListPlan, refs: Sequence[RefPlan], run: Run) -> Iterator[tuple[str, str]]:
    """(kind, external id) of what the lines refer to."""
    try:
        elements = [run.payload] if plan.select is None else plan.select(run.payload)
    except Refusal:
        return
    for element in elements if isinstance(elements, list) else ():
        line = Run(run.context, run.record, element, {})
        yield from ((kind, id_) for kind, item in refs if (id_ := item.find_ref(line)))


def _read_line(plan: ListPlan, element: Mapping[str, Any], run: Run, position: int) -> Line:
    assert plan.read_key is not None  # noqa: S101 - only a slot has none
    try:
        raw = plan.read_key(element)
        remote_id = "" if raw is None or raw is ABSENT else key_text(raw)
        if not remote_id:
            raise Refusal("mapping.line_key_missing", position=position)
    except Refusal as refusal:
        raise BrokenLines([_explain(plan, refusal)]) from refusal
    return _make_line(plan, remote_id, Run(run.context, run.record, element, {}))


def _read_slot(plan: ListPlan, run: Run) -> list[Line] | None:
    raws = [plan_.read(run.payload) for plan_ in plan.plans if plan_.read is not None]
    if all(raw is ABSENT for raw in raws):
        return None
    if all(raw is ABSENT or raw is None or (isinstance(raw, str) and not raw.strip()) for raw in raws):
        return []
    return [_make_line(plan, plan.slot_name, run)]


def _make_line(plan: ListPlan, remote_id: str, run: Run) -> Line:
    values: dict[str, Any] = {"key": run.context.line_key(plan.field, remote_id)}
    problems: list[Problem] = []
    typed = plan.is_typed
    for inner in plan.plans_in:
        if run.context.given and (given := _take_given(plan, remote_id, inner, run)) is not None:
            values[inner.name], typed = given.value, False
            continue
        try:
            value = inner.read_in(run)
        except Refusal as refusal:
            name = name_line_field(plan.field, remote_id, inner.name)
            problems.append(inner.explain(refusal, inner.raw_of(run.payload), name))
            continue
        if value is not ABSENT:
            values[inner.name] = value
    if problems:
        raise BrokenLines(problems)
    if typed:
        return plan.line.trusted(**values)
    try:
        return plan.line.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(item) for item in first["loc"])
        refused = Refusal("mapping.value_refused", value=first["input"], what=explain_refusal(first))
        raise BrokenLines([_explain(plan, refused, f"{plan.field}[{remote_id}].{name}")]) from error


def name_line_field(field: str, remote_id: str, name: str) -> str:
    """How people are told, and tell, which field of which line is meant."""
    return f"{field}[{remote_id}].{name}"


def _take_given(plan: ListPlan, remote_id: str, inner: FieldPlan, run: Run) -> Given | None:
    return run.context.take_given(name_line_field(plan.field, remote_id, inner.name), inner.raw_of(run.payload))


def _explain(plan: ListPlan, refusal: Refusal, name: str | None = None) -> Problem:
    return Problem(
        refusal.code, plan.rule.file, plan.rule.line, name or plan.field, refusal.params.get("value"),
        plan.rule.text, params=refusal.params,
    )  # fmt: skip


def write_lines(plan: ListPlan, lines: Any, run: Run, payload: MutableMapping[str, Any]) -> list[Problem]:
    """Writes the lines that the plan speaks of; known lines carry their remote id, new ones none. With a problem in
    any line nothing is written: a list with a hole would delete a line over there."""
    chosen = [line for line in lines if plan.covers(line)] if plan.fixed else list(lines)
    problems: list[Problem] = []
    if plan.open_list is None:
        writes = _collect_writes(plan, chosen[0] if chosen else None, run, problems)
        if not problems:
            _write_all(writes, payload)
        return problems
    if not plan.part and len(chosen) < len(lines):
        other = next(line for line in lines if not plan.covers(line))
        problems.append(_explain(plan, Refusal("mapping.fixed_differs", value=_get(other, "key"))))
    elements = [_write_line(plan, line, run, problems) for line in chosen]
    if not problems:
        plan.open_list(payload).extend(elements)
    return problems


def _write_line(plan: ListPlan, line: Any, run: Run, problems: list[Problem]) -> dict[str, Any]:
    element: dict[str, Any] = dict(plan.selector)
    remote_id = run.context.remote_line(plan.field, _get(line, "key"))
    if remote_id is not None and plan.write_key is not None:
        plan.write_key(element, remote_id)
    _write_all(_collect_writes(plan, line, run, problems), element)
    return element


def _write_all(writes: list[tuple[Writer, Any]], payload: MutableMapping[str, Any]) -> None:
    for write, raw in writes:
        write(payload, raw)


def _collect_writes(plan: ListPlan, line: Any, run: Run, problems: list[Problem]) -> list[tuple[Writer, Any]]:
    values = {} if line is None else line.__dict__ if isinstance(line, Line) else dict(line)
    line_run = Run(run.context, run.record, run.payload, values)
    writes: list[tuple[Writer, Any]] = []
    for inner in plan.plans:
        if not inner.goes_out or inner.write is None:
            continue
        if line is None:
            writes.append((inner.write, "" if inner.target.shape in ("text", "enum") else None))
            continue
        value = values.get(inner.name)
        try:
            writes.append((inner.write, inner.write_out(value, line_run)))
        except Refusal as refusal:
            problems.append(inner.explain(refusal, value, f"{plan.field}[{values['key']}].{inner.name}"))
    return writes


def _get(line: Any, name: str) -> Any:
    return line.get(name) if isinstance(line, Mapping) else getattr(line, name)
