"""Judges a mapping before it meets a record: every finding names file, line, field, rule and the fix."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from hub.mapping.context import Problem
from hub.mapping.lint_rules import Scene, find, lint_fields
from hub.mapping.path import SELF, Path, parse_path
from hub.mapping.source import Entry, FieldRule, MappingSource
from hub.mapping.targets import find_target, kind_targets
from hub.model.kinds import load_kinds
from hub.model.ownership import Owner

Functions = Mapping[str, Callable[..., Any]]


def lint_mapping(
    source: MappingSource,
    functions: Functions,
    *,
    kind: str | None = None,
    code_tables: Collection[str] | None = None,
    custom_fields: Collection[str] | None = None,
) -> list[Problem]:
    """Every finding, in the order of the file. ``kind`` is the kind that the caller expects; ``code_tables`` and
    ``custom_fields`` are the declared names (None: not known, not judged). Only errors keep a mapping from being
    compiled."""
    found = list(source.problems)
    found += [_at(entry, "mapping.unset_unknown", entry.value) for entry in source.unset]
    found += _lint_header(source, kind)
    written_kind = source.header_text("kind")
    if written_kind in load_kinds():
        scene = Scene(written_kind, source, functions, code_tables, custom_fields)
        found += lint_fields(scene)
        found += _lint_required(scene)
        found += _lint_owners(scene)
        found += _lint_written_paths(scene)
    return sorted(found, key=lambda problem: (problem.file, problem.line))


def _at(entry: Entry, code: str, field: str, **params: object) -> Problem:
    return Problem(code, entry.file, entry.line, field, entry.value, kind="file", params=params)


def _lint_header(source: MappingSource, kind: str | None) -> Iterator[Problem]:
    header = source.header
    for name in ("kind", "stream", "key"):
        if not source.header_text(name):
            yield Problem("mapping.header_missing", source.file, 1, name, kind="file")
    entry = header.get("kind")
    if entry is not None and entry.value not in load_kinds():
        yield _at(entry, "mapping.kind_unknown", "kind", known=", ".join(load_kinds()))
    elif entry is not None and kind is not None and entry.value != kind:
        yield _at(entry, "mapping.kind_differs", "kind", wanted=kind)
    for name in ("key", "reference"):
        if name in header and (problem := _path_problem(header[name], name)):
            yield problem
    if "only" in header and not _is_choice(header["only"].value, source.header_text("kind")):
        known = ", ".join(name for name, model in load_kinds().items() if model.CHOSEN)
        yield _at(header["only"], "mapping.only_shape", "only", known=known)
    version = header.get("version")
    if version is not None and (not isinstance(version.value, int) or isinstance(version.value, bool)):
        yield _at(version, "mapping.version_shape", "version")


def _is_choice(value: object, kind: str) -> bool:
    """``{ type = ["mail"] }``: fields of a kind of which some records only are made elsewhere."""
    if not isinstance(value, dict) or kind not in load_kinds() or not load_kinds()[kind].CHOSEN:
        return False
    fields = load_kinds()[kind].model_fields
    return all(
        name in fields and isinstance(told, list) and all(isinstance(one, str) for one in told)
        for name, told in value.items()
    )


def _path_problem(entry: Entry, name: str) -> Problem | None:
    try:
        if not isinstance(entry.value, str) or not parse_path(entry.value).steps:
            return _at(entry, "mapping.path_shape", name, what=entry.value)
    except ValueError as error:
        return _at(entry, "mapping.path_shape", name, what=str(error))
    return None


def _lint_required(scene: Scene) -> Iterator[Problem]:
    rules = scene.source.rules
    inward = [name for name, rule in rules.items() if rule.verbs.get("direction") != "out"]
    if not inward:
        return
    for name, target in kind_targets(scene.kind).items():
        if target.required and name not in inward:
            place: Entry | FieldRule = rules[name] if name in rules else scene.source.header["kind"]
            yield Problem("mapping.required_missing", place.file, place.line, name, kind="file",
                          params={"kind": scene.kind})  # fmt: skip


def _lint_owners(scene: Scene) -> Iterator[Problem]:
    owners = [owner.value for owner in Owner]
    for name, entry in scene.source.owners.items():
        if entry.value not in owners:
            yield _at(entry, "mapping.owner_unknown", f"owner.{name}", known=", ".join(owners))
        if name != "default" and find_target(scene.kind, name) is None:
            yield _at(entry, "mapping.field_unknown", name, kind=scene.kind, near=_suggest(scene.kind, name))


def _suggest(kind: str, name: str) -> str:
    return ", ".join(get_close_matches(name, list(kind_targets(kind)), n=3)) or ", ".join(kind_targets(kind))


@dataclass(frozen=True)
class _Written:
    path: Path
    rule: FieldRule
    name: str


def _lint_written_paths(scene: Scene) -> Iterator[Problem]:
    """Two fields that write the same remote place, or one inside the other, would overwrite each other."""
    top: list[_Written] = []
    for rule in scene.source.rules.values():
        if "each" in rule.verbs and rule.verbs["each"] != SELF:
            top += _written(rule, rule.verbs["each"], rule.name)
            yield from _clashes([w for inner in rule.fields.values() for w in _out_paths(inner, rule.name)])
        elif "each" in rule.verbs and rule.verbs.get("direction") != "in":
            top += [w for inner in rule.fields.values() for w in _out_paths(inner, rule.name)]
        else:
            top += _out_paths(rule, "")
    yield from _clashes(top)
    yield from _lint_header_paths(scene, top)


def _out_paths(rule: FieldRule, inside: str) -> list[_Written]:
    return _written(rule, rule.verbs.get("from"), f"{inside}.{rule.name}" if inside else rule.name)


def _written(rule: FieldRule, text: object, name: str) -> list[_Written]:
    if rule.verbs.get("direction") == "in" or not isinstance(text, str):
        return []
    try:
        path = parse_path(text)
    except ValueError:
        return []
    return [_Written(path, rule, name)] if path.steps else []


def _clashes(written: list[_Written]) -> Iterator[Problem]:
    for position, later in enumerate(written):
        for earlier in written[:position]:
            if later.path.overlaps(earlier.path):
                yield find(later.rule, "mapping.path_twice", later.path.text, field=later.name,
                           verb="from", other=earlier.name, other_line=earlier.rule.line)  # fmt: skip
                break


def _lint_header_paths(scene: Scene, written: list[_Written]) -> Iterator[Problem]:
    for name in ("key", "reference"):
        try:
            reserved = parse_path(scene.source.header_text(name))
        except ValueError:
            continue
        for item in written:
            if reserved.steps and item.path.overlaps(reserved):
                yield find(item.rule, "mapping.path_reserved", item.path.text, field=item.name, verb="from", name=name)
