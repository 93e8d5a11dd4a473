"""Judges the rule of one field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from hub.mapping.context import Problem
from hub.mapping.converters import AMOUNTS, FITS, FORM_NAMES, KEY_FORMS, MINOR
from hub.mapping.fields import HOLD, OUT_SUFFIX, read_values, split_preferred, split_ref
from hub.mapping.path import SELF, parse_path
from hub.mapping.source import VERBS, FieldRule, MappingSource
from hub.mapping.targets import Target, find_target, kind_targets, line_targets, make_hub_value
from hub.model.kinds import find_kind, load_kinds
from hub.model.ownership import Direction

TRANSLATORS = ("values", "ref", "code", "call")
LIST_VERBS = frozenset({"each", "key", "direction"})


@dataclass(frozen=True)
class Scene:
    """What a rule is judged against."""

    kind: str
    source: MappingSource
    functions: Mapping[str, Callable[..., Any]]
    code_tables: Collection[str] | None
    custom_fields: Collection[str] | None


def find(
    rule: FieldRule, code: str, value: object = None, *, field: str = "", verb: str = "", severity: str = "error",
    **params: object,
) -> Problem:  # fmt: skip
    """A finding about a rule, at the line of the verb when it has one of its own."""
    return Problem(
        code, rule.file, rule.line_of(verb), field or rule.name, value, rule.text, "file",
        severity=severity, params=params,
    )  # fmt: skip


def lint_fields(scene: Scene) -> Iterator[Problem]:
    """The findings about every rule of a mapping."""
    for rule in scene.source.rules.values():
        field, _, part = rule.name.partition(".")
        target = find_target(scene.kind, rule.name) or find_target(scene.kind, field)
        if target is None or (part and target.name == field and target.shape != "lines"):
            yield _unknown_field(rule, scene.kind, kind_targets(scene.kind))
            continue
        if part and field in scene.source.rules:
            yield find(rule, "mapping.whole_and_part", list=field)
        if "." in target.name and target.shape == "scalar":
            yield from _lint_custom(rule, scene)
        yield from _lint_rule(rule, target, scene)
        if target.name in find_kind(scene.kind).DERIVED and _goes_out(rule):
            yield find(rule, "mapping.derived_out", verb="direction", severity="warning")


def _unknown_field(rule: FieldRule, kind: str, targets: Mapping[str, Target]) -> Problem:
    near = get_close_matches(rule.name, list(targets), n=3) or list(targets)
    return find(rule, "mapping.field_unknown", kind=kind, near=", ".join(near))


def _lint_custom(rule: FieldRule, scene: Scene) -> Iterator[Problem]:
    name = rule.name.partition(".")[2]
    if scene.custom_fields is not None and name not in scene.custom_fields:
        yield find(rule, "mapping.custom_unknown", name, known=", ".join(scene.custom_fields) or "-")


def _goes_out(rule: FieldRule) -> bool:
    return _direction(rule) != "in" and bool(rule.verbs.keys() & {"from", "each"})


def _goes_in(rule: FieldRule) -> bool:
    return _direction(rule) != "out"


def _direction(rule: FieldRule) -> str:
    return str(rule.verbs.get("direction", "both"))


def _lint_rule(rule: FieldRule, target: Target, scene: Scene) -> Iterator[Problem]:
    shapes = list(_lint_shapes(rule))
    yield from shapes
    if shapes:
        return
    if "each" in rule.verbs:
        yield from _lint_list(rule, target, scene)
        return
    if rule.fields:
        yield find(rule, "mapping.fields_without_each")
    elif target.shape == "lines" and "call" not in rule.verbs:
        yield find(rule, "mapping.each_missing")
    elif target.shape == "other":
        yield find(rule, "mapping.not_mappable")
    else:
        yield from _lint_plain(rule, target, scene)


def _lint_shapes(rule: FieldRule) -> Iterator[Problem]:
    """Unknown verbs and verbs whose value is not what they take."""
    for verb, value in rule.verbs.items():
        if verb not in VERBS:
            near = get_close_matches(verb, VERBS, n=1) or VERBS
            yield find(rule, "mapping.verb_unknown", verb, verb=verb, name=verb, near=", ".join(near))
        elif verb == "values":
            if not isinstance(value, dict) or not value:
                yield find(rule, "mapping.verb_shape", value, verb=verb, name=verb)
        elif verb != "default" and not isinstance(value, str):
            yield find(rule, "mapping.verb_shape", value, verb=verb, name=verb)
    for verb in ("from", "each", "key"):
        text = rule.verbs.get(verb)
        if isinstance(text, str) and not (verb == "key" and rule.verbs.get("each") == SELF):
            yield from _lint_path(rule, verb, text)
    direction = rule.verbs.get("direction", "both")
    if isinstance(direction, str) and direction not in list(Direction):
        yield find(rule, "mapping.direction_unknown", direction, verb="direction")


def _lint_path(rule: FieldRule, verb: str, text: str) -> Iterator[Problem]:
    try:
        path = parse_path(text)
    except ValueError as error:
        yield find(rule, "mapping.path_shape", text, verb=verb, what=str(error))
        return
    if verb != "each" and (not path.steps or path.selector):
        yield find(rule, "mapping.path_shape", text, verb=verb, what=text)


def _lint_list(rule: FieldRule, target: Target, scene: Scene) -> Iterator[Problem]:
    if target.line is None:
        yield find(rule, "mapping.each_not_list", verb="each")
        return
    for verb in sorted(rule.verbs.keys() - LIST_VERBS):
        yield find(rule, "mapping.verb_misplaced", verb, verb=verb)
    if "key" not in rule.verbs and rule.verbs["each"] != SELF:
        yield find(rule, "mapping.key_missing")
    targets = line_targets(target.line)
    for name, inner in rule.fields.items():
        if name in targets:
            yield from _lint_rule(inner, targets[name], scene)
        else:
            yield _unknown_field(inner, f"{scene.kind}.{rule.name}", targets)
    read = [name for name, inner in rule.fields.items() if _goes_in(inner)]
    for name, inner_target in targets.items():
        if inner_target.required and name not in read and _goes_in(rule):
            yield find(rule, "mapping.required_missing", field=f"{rule.name}.{name}", kind=f"{scene.kind}.{rule.name}")


def _lint_plain(rule: FieldRule, target: Target, scene: Scene) -> Iterator[Problem]:
    verbs = rule.verbs
    if "key" in verbs:
        yield find(rule, "mapping.verb_misplaced", "key", verb="key")
    if not verbs.keys() & {"from", "default", "call"}:
        yield find(rule, "mapping.rule_empty")
    if "from" not in verbs and verbs.get("direction", "in") != "in":
        yield find(rule, "mapping.nowhere_to_write", verb="direction")
    chosen = [verb for verb in TRANSLATORS if verb in verbs]
    if len(chosen) > 1:
        yield find(rule, "mapping.verbs_together", verb=chosen[1], verbs=", ".join(chosen))
        return
    if "otherwise" in verbs and "values" not in verbs:
        yield find(rule, "mapping.verb_misplaced", "otherwise", verb="otherwise")
    yield from _lint_form(rule, target, bool(chosen))
    yield from _lint_default(rule, target)
    yield from _lint_currency(rule, target, scene)
    judge = {"values": _lint_values, "ref": _lint_ref, "code": _lint_code, "call": _lint_call}
    if chosen:
        yield from judge[chosen[0]](rule, target, scene)


def _lint_form(rule: FieldRule, target: Target, translated: bool) -> Iterator[Problem]:
    """``as`` must be a form that fits the hub field (or the code that is translated)."""
    form = rule.verbs.get("as")
    if form is not None and form not in FORM_NAMES:
        near = get_close_matches(form, FORM_NAMES, n=1) or FORM_NAMES
        yield find(rule, "mapping.form_unknown", form, verb="as", near=", ".join(near))
    elif translated:
        if form is not None and (form not in KEY_FORMS or "call" in rule.verbs):
            yield find(rule, "mapping.form_unfit", form, verb="as", type=target.shape, fitting=", ".join(KEY_FORMS))
    elif target.shape == "id":
        yield find(rule, "mapping.ref_missing", ref=target.ref)
    elif form is not None and form not in FITS.get(target.shape, {}):
        fitting = ", ".join(name for name in FITS.get(target.shape, {}) if name in FORM_NAMES)
        yield find(rule, "mapping.form_unfit", form, verb="as", type=target.shape, fitting=fitting)


def _lint_default(rule: FieldRule, target: Target) -> Iterator[Problem]:
    if "default" not in rule.verbs:
        return
    try:
        make_hub_value(target, rule.verbs["default"])
    except ValueError as error:
        yield find(rule, "mapping.not_a_hub_value", rule.verbs["default"], verb="default", what=str(error))
        return
    if target.nullable and "from" in rule.verbs and rule.verbs.get("direction", "both") == "both":
        yield find(rule, "mapping.default_two_way", rule.verbs["default"], verb="default")


def _lint_currency(rule: FieldRule, target: Target, scene: Scene) -> Iterator[Problem]:
    """``currency`` names the hub field of the record that holds the currency of the amount."""
    form, named = rule.verbs.get("as", "money"), rule.verbs.get("currency")
    if named is not None and (form not in AMOUNTS or target.shape != "decimal"):
        yield find(rule, "mapping.verb_misplaced", "currency", verb="currency")
        return
    wanted = named if named is not None else "currency" if form == MINOR else None
    if wanted is None:
        return
    holder = kind_targets(scene.kind).get(wanted)
    if holder is None or holder.shape != "text":
        yield find(rule, "mapping.currency_unknown", wanted, verb="currency", kind=scene.kind)
    elif wanted not in scene.source.rules:
        yield find(rule, "mapping.currency_unmapped", wanted, verb="currency")


def _lint_values(rule: FieldRule, target: Target, scene: Scene) -> Iterator[Problem]:
    values, otherwise = rule.verbs["values"], rule.verbs.get("otherwise", HOLD)
    bad = list(_lint_hub_values(rule, target, values, otherwise))
    yield from bad
    if bad or not _goes_out(rule):
        return
    _, backward = read_values(values, target)
    for value, keys in backward.items():
        if len(keys) > 1:
            yield find(rule, "mapping.not_invertible", str(value), verb="values", keys=", ".join(keys))
    if otherwise != HOLD and _goes_in(rule):
        yield find(rule, "mapping.otherwise_two_way", otherwise, verb="otherwise")
    unsaid = [member.value for member in _members(target) if member not in backward]
    if unsaid:
        yield find(rule, "mapping.values_incomplete", ", ".join(unsaid), verb="values", severity="warning")


def _lint_hub_values(rule: FieldRule, target: Target, values: Mapping[str, Any], otherwise: str) -> Iterator[Problem]:
    known = ", ".join(member.value for member in _members(target)) or target.shape
    texts = [("values", split_preferred(text)[0]) for text in values.values()]
    for verb, text in [*texts, *([("otherwise", otherwise)] if otherwise != HOLD else [])]:
        try:
            make_hub_value(target, text)
        except ValueError as error:
            yield find(rule, "mapping.not_a_hub_value", text, verb=verb, what=f"{error} ({known})")


def _members(target: Target) -> list[StrEnum]:
    return [] if target.enum is None else list(target.enum)


def _lint_ref(rule: FieldRule, target: Target, scene: Scene) -> Iterator[Problem]:
    ref, by_number = split_ref(rule.verbs["ref"])
    numbered = ref in load_kinds() and "number" in find_kind(ref).model_fields
    if ref not in load_kinds() or rule.verbs["ref"] not in (ref, f"{ref}.number") or (by_number and not numbered):
        near = get_close_matches(ref, list(load_kinds()), n=1) or list(load_kinds())
        yield find(rule, "mapping.ref_unknown", ref, verb="ref", near=", ".join(near))
    elif target.shape != "id":
        yield find(rule, "mapping.ref_not_reference", ref, verb="ref")
    elif target.ref is not None and ref != target.ref:
        yield find(rule, "mapping.ref_differs", ref, verb="ref", wanted=target.ref)


def _lint_code(rule: FieldRule, target: Target, scene: Scene) -> Iterator[Problem]:
    table = rule.verbs["code"]
    named = target.shape == "id" and target.ref is not None and rule.name in kind_targets(scene.kind)
    if not named and target.shape not in ("text", "enum", "decimal", "integer", "boolean"):
        yield find(rule, "mapping.verb_misplaced", "code", verb="code")
    if scene.code_tables is not None and table not in scene.code_tables:
        known = ", ".join(sorted(scene.code_tables)) or "-"
        yield find(rule, "mapping.code_table_unknown", table, verb="code", severity="warning", known=known)


def _lint_call(rule: FieldRule, target: Target, scene: Scene) -> Iterator[Problem]:
    name = rule.verbs["call"]
    known = ", ".join(sorted(scene.functions)) or "-"
    if _goes_in(rule) and name not in scene.functions:
        yield find(rule, "mapping.function_unknown", name, verb="call", known=known)
    elif _goes_out(rule) and name + OUT_SUFFIX not in scene.functions:
        yield find(rule, "mapping.function_one_way", name, verb="call", missing=name + OUT_SUFFIX)
