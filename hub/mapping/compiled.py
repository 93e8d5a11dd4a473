"""A mapping ready for use: applies itself to one record at a time, both ways."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hub.mapping.context import Context, Mapped, MappingInvalid, Problem, Refusal, Run
from hub.mapping.coverage import list_line_fields, list_written_fields, overlay_lines, project_lines
from hub.mapping.fields import FieldPlan, Functions, compile_field
from hub.mapping.lines import BrokenLines, ListPlan, RefPlan, compile_list, find_line_refs, read_lines, write_lines
from hub.mapping.lint import lint_mapping
from hub.mapping.path import ABSENT, Reader, compile_reader, key_text, parse_path
from hub.mapping.source import FieldRule, MappingSource
from hub.mapping.targets import Target, find_target, kind_targets
from hub.model.kinds import Fields
from hub.model.ownership import Direction, Owner


@dataclass(frozen=True, repr=False)
class Mapping:
    """Compiled once for each connection and kind; ``fields_in`` and ``fields_out`` are hub fields (a list counts as one
    field). ``version`` changes with everything that decides how a value is translated."""

    kind: str
    stream: str
    key: str
    reference: str | None
    version: str
    owners: dict[str, Owner]
    default_owner: Owner
    fields_in: frozenset[str]
    fields_out: frozenset[str]
    source: MappingSource
    plans: tuple[FieldPlan, ...]
    """Plain fields; those that name the currency of others come first."""
    lists: dict[str, tuple[ListPlan, ...]]
    line_fields: dict[str, frozenset[str]]
    """List field → the line fields that are both read and written."""
    lines_out: dict[str, frozenset[str]]
    """List field → the line fields that are written."""
    only: dict[str, frozenset[str]]
    """Which records are made there: field → its values; empty: all."""
    _read_key: Reader
    _read_reference: Reader | None

    def __repr__(self) -> str:
        return f"<Mapping {self.kind} ↔ {self.stream} {self.version}>"

    def owner_of(self, field: str) -> Owner:
        return self.owners.get(field, self.default_owner)

    def belongs(self, record: object) -> bool:
        """Whether a record of the hub is one that is made there."""
        return all(str(getattr(record, name, None) or "") in values for name, values in self.only.items())

    def read_key(self, payload: AnyMapping[str, Any]) -> str | None:
        """The remote identity of a record, or None when it has none."""
        return _read_id(self._read_key, payload)

    def read_reference(self, payload: AnyMapping[str, Any]) -> str | None:
        """The text of the field in which our reference travels."""
        return None if self._read_reference is None else _read_id(self._read_reference, payload)

    def project(self, values: Fields) -> dict[str, Any]:
        """The values without the lines that the other system has no place for: comparable with what it shows."""
        return {
            name: project_lines(self.lists[name], value or ()) if name in self.lists else value
            for name, value in values.items()
        }

    def overlay(self, current: Fields, incoming: Fields) -> dict[str, Any]:
        """``incoming`` (as :meth:`to_canonical` gave it) laid over ``current``: lines, and fields of lines, that the
        other system cannot show stay."""
        laid = {
            name: overlay_lines(self.lists[name], current.get(name) or (), value) if name in self.lists else value
            for name, value in incoming.items()
        }
        return {**current, **laid}

    def find_refs(self, payload: AnyMapping[str, Any]) -> set[tuple[str, str]]:
        """(kind, external id) of every record that a source record refers to."""
        run = Run(_NO_CONTEXT, {}, payload, {})
        plain, lists = self._references
        found = {(kind, id_) for kind, plan in plain if (id_ := plan.find_ref(run))}
        for part, inner in lists:
            found.update(find_line_refs(part, inner, run))
        return found

    @cached_property
    def named(self) -> frozenset[str]:
        """References that are told by a code: what they refer to need not be there."""
        return frozenset(plan.name for plan in self.plans if plan.target.ref is not None and "code" in plan.rule.verbs)

    @cached_property
    def _references(self) -> tuple[list[RefPlan], list[tuple[ListPlan, list[RefPlan]]]]:
        """The plans that read references, by the kind that they refer to."""
        parts = [part for several in self.lists.values() for part in several if part.direction is not Direction.OUT]
        lists = [(part, inner) for part in parts if (inner := _pick_refs(part.plans))]
        return _pick_refs(self.plans), lists

    def to_canonical(self, payload: AnyMapping[str, Any], context: Context) -> Mapped:
        """A source record as canonical values. A field that cannot be translated is left out and told in
        ``problems``; a field of which the record says nothing is left out."""
        values: dict[str, Any] = {}
        origins: dict[str, str] = {}
        problems: list[Problem] = []
        run = Run(context, values, payload, values)
        for plan in self.plans:
            if not plan.goes_in:
                continue
            if context.given and (given := context.take_given(plan.name, plan.raw_of(payload))) is not None:
                values[plan.name] = given.value
                origins[plan.name] = given.origin
                continue
            try:
                value = plan.read_in(run)
            except Refusal as refusal:
                problems.append(plan.explain(refusal, plan.raw_of(payload), plan.name))
                continue
            if value is not ABSENT:
                values[plan.name] = value
                origins[plan.name] = plan.path
        for field, parts in self.lists.items():
            self._read_list(field, parts, run, Mapped(values, origins, problems))
        return Mapped(values, origins, problems)

    def _read_list(self, field: str, parts: tuple[ListPlan, ...], run: Run, mapped: Mapped) -> None:
        lines: list[Any] = []
        paths: list[str] = []
        for plan in parts:
            if plan.direction is Direction.OUT:
                continue
            try:
                found = read_lines(plan, run)
            except BrokenLines as broken:
                mapped.problems.extend(broken.problems)
                return
            if found is not None:
                lines += found
                paths.append(plan.path)
        if paths:
            mapped.values[field] = tuple(lines)
            mapped.origins[field] = ", ".join(paths)

    def to_remote(
        self, values: Fields, context: Context, only: frozenset[str] | None = None
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Canonical values in the vendor's shape (decimals and times as text), restricted to the fields in ``only``.
        A field with a problem is not written."""
        payload: dict[str, Any] = {}
        problems: list[Problem] = []
        run = Run(context, values, payload, values)
        for plan in self.plans:
            if not plan.goes_out or plan.write is None or (only is not None and plan.name not in only):
                continue
            value = _value_of(values, plan.name)
            if value is ABSENT:
                continue
            try:
                plan.write(payload, plan.write_out(value, run))
            except Refusal as refusal:
                problems.append(plan.explain(refusal, value, plan.name))
        for field, parts in self.lists.items():
            if field in values and (only is None or field in only):
                for part in parts:
                    if part.direction is not Direction.IN:
                        problems += write_lines(part, values[field], run, payload)
        return payload, problems


_NO_CONTEXT = Context()


def _pick_refs(plans: Iterable[FieldPlan]) -> list[RefPlan]:
    return [(plan.ref_kind, plan) for plan in plans if plan.ref_kind is not None]


def _value_of(values: Fields, name: str) -> Any:
    """A canonical value by name; custom fields and attributes also inside their own dictionaries."""
    if name in values:
        return values[name]
    table, _, inner = name.partition(".")
    holder = values.get(table) if inner else None
    return holder.get(inner, ABSENT) if isinstance(holder, dict) else ABSENT


def _read_id(read: Reader, payload: AnyMapping[str, Any]) -> str | None:
    try:
        raw = read(payload)
        return None if raw is None or raw is ABSENT else key_text(raw) or None
    except Refusal:
        return None


def compile_mapping(source: MappingSource, kind: str, functions: Functions) -> Mapping:
    """Judges a merged source and compiles it. ``MappingInvalid`` lists everything that is wrong with it."""
    errors = [item for item in lint_mapping(source, functions, kind=kind) if item.severity == "error"]
    if errors:
        raise MappingInvalid(source.file, errors)
    currency = "currency" if "currency" in kind_targets(kind) else None
    plans, lists = _compile_rules(source, kind, functions, currency)
    owners = {name: Owner(entry.value) for name, entry in source.owners.items()}
    default_owner = owners.pop("default", Owner.HUB)
    fields_in = {plan.name for plan in plans if plan.goes_in}
    fields_out = {plan.name for plan in plans if plan.goes_out}
    for field, parts in lists.items():
        fields_in |= {field for part in parts if part.direction is not Direction.OUT}
        fields_out |= {field for part in parts if part.direction is not Direction.IN}
    reference = source.header_text("reference") or None
    only = source.header["only"].value if "only" in source.header else {}
    return Mapping(
        kind, source.header_text("stream"), source.header_text("key"), reference, source.version,
        owners, default_owner, frozenset(fields_in), frozenset(fields_out), source, plans, lists,
        {field: list_line_fields(parts) for field, parts in lists.items()},
        {field: list_written_fields(parts) for field, parts in lists.items()},
        {name: frozenset(values) for name, values in only.items()},
        compile_reader(parse_path(source.header_text("key"))),
        compile_reader(parse_path(reference)) if reference else None,
    )  # fmt: skip


def _compile_rules(
    source: MappingSource, kind: str, functions: Functions, currency: str | None
) -> tuple[tuple[FieldPlan, ...], dict[str, tuple[ListPlan, ...]]]:
    plans: list[FieldPlan] = []
    lists: dict[str, tuple[ListPlan, ...]] = {}
    for name, rule in source.rules.items():
        target = _target_of(kind, name)
        if "each" in rule.verbs:
            field = target.name
            lists[field] = (*lists.get(field, ()), compile_list(rule, target, functions, currency))
        else:
            plans.append(compile_field(rule, target, functions, currency))
    first = _currency_fields(source.rules.values(), currency)
    plans.sort(key=lambda plan: plan.name not in first)
    return tuple(plans), lists


def _target_of(kind: str, name: str) -> Target:
    target = find_target(kind, name) or find_target(kind, name.partition(".")[0])
    assert target is not None  # noqa: S101 - lint saw to it
    return target


def _currency_fields(rules: Any, currency: str | None) -> set[str]:
    named: set[str] = {currency} if currency else set()
    rule: FieldRule
    for rule in rules:
        named |= {inner.verbs["currency"] for inner in (rule, *rule.fields.values()) if "currency" in inner.verbs}
    return named
