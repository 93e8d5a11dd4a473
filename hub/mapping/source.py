"""Reads a mapping file: TOML text in, rules with their file and line out. Judging them is lint's business."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hub.mapping.context import MappingInvalid, Problem
from hub.mapping.positions import find_line, scan_positions

VERBS = (
    "from", "as", "values", "otherwise", "ref", "code",
    "each", "key", "currency", "direction", "default", "call",
)  # fmt: skip
"""The whole language."""
HEADER = ("kind", "stream", "version", "key", "reference", "only")
OPEN_TABLES = ("custom", "attributes")


@dataclass(frozen=True)
class Entry:
    """One written value and where it stands."""

    value: Any
    file: str
    line: int


@dataclass(frozen=True)
class FieldRule:
    """One field as written. ``name`` is the hub field (``custom.colour``, and ``identifiers.uscc`` for a named part of
    a list); ``fields`` are the rules inside a list."""

    name: str
    verbs: Mapping[str, Any]
    file: str
    line: int
    fields: Mapping[str, FieldRule] = field(default_factory=dict)
    verb_lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, verb: str) -> int:
        return self.verb_lines.get(verb, self.line)

    @property
    def text(self) -> str:
        """The rule as one would write it on one line."""
        if set(self.verbs) == {"from"}:
            return f"{self.name} = {_write(self.verbs['from'])}"
        inside = ", ".join(f"{verb} = {_write(value)}" for verb, value in self.verbs.items())
        return f"{self.name} = {{ {inside} }}"


@dataclass(frozen=True)
class MappingSource:
    """A mapping file, or several merged ones, before it is judged and compiled."""

    file: str
    header: Mapping[str, Entry]
    rules: Mapping[str, FieldRule]
    owners: Mapping[str, Entry]
    unset: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = ()
    """What could not be understood while reading."""

    def header_text(self, name: str) -> str:
        entry = self.header.get(name)
        return "" if entry is None else str(entry.value)

    @property
    def version(self) -> str:
        """``<version>-<digest>``: the digest covers everything that decides how a value is translated."""
        content = {
            "mapping": {name: entry.value for name, entry in self.header.items()},
            "fields": {name: _content(rule) for name, rule in self.rules.items()},
            "owner": {name: entry.value for name, entry in self.owners.items()},
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
        return f"{self.header_text('version') or '0'}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def parse_mapping(text: str, file: str) -> MappingSource:
    """Reads one layer. ``MappingInvalid`` when it is not TOML; everything else is left to lint, with its line.

    >>> parse_mapping('[mapping]\\nkind = "order"\\n[fields]\\nnumber = "no"', "order.toml").rules["number"].line
    4
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingInvalid(file, [_syntax_problem(error, text, file)]) from error
    return _Reading(file, scan_positions(text)).read(tree)


def _syntax_problem(error: tomllib.TOMLDecodeError, text: str, file: str) -> Problem:
    match = re.search(r"at line (\d+)", str(error))
    line = int(match[1]) if match else text.count("\n") + 1
    return Problem("mapping.syntax", file, line, "TOML", kind="file", params={"what": str(error)})


class _Reading:
    """One pass over one file; collects what it could not understand."""

    def __init__(self, file: str, positions: Mapping[tuple[str, ...], int]) -> None:
        self.file = file
        self.positions = positions
        self.problems: list[Problem] = []

    def read(self, tree: dict[str, Any]) -> MappingSource:
        for name in sorted(tree.keys() - {"mapping", "fields", "owner", "unset"}):
            self._complain("mapping.table_unknown", (name,), name)
        header = self._read_entries(tree, "mapping")
        for name in sorted(header.keys() - set(HEADER)):
            self._complain("mapping.header_unknown", ("mapping", name), name, known=", ".join(HEADER))
        rules = self._read_rules(self._table(tree, "fields"))
        unset = self._read_unset(tree.get("unset", []))
        owners = self._read_entries(tree, "owner")
        known = {name: entry for name, entry in header.items() if name in HEADER}
        return MappingSource(self.file, known, rules, owners, unset, tuple(self.problems))

    def _table(self, tree: dict[str, Any], name: str) -> dict[str, Any]:
        table = tree.get(name, {})
        if isinstance(table, dict):
            return table
        self._complain("mapping.not_a_table", (name,), name)
        return {}

    def _read_entries(self, tree: dict[str, Any], name: str) -> dict[str, Entry]:
        return {key: self._entry(value, (name, key)) for key, value in self._table(tree, name).items()}

    def _read_unset(self, given: Any) -> tuple[Entry, ...]:
        if isinstance(given, list) and all(isinstance(item, str) for item in given):
            return tuple(self._entry(item, ("unset",)) for item in given)
        self._complain("mapping.unset_shape", ("unset",), "unset")
        return ()

    def _read_rules(self, table: dict[str, Any]) -> dict[str, FieldRule]:
        rules: dict[str, FieldRule] = {}
        for name, given in table.items():
            at = ("fields", name)
            if isinstance(given, dict) and (name in OPEN_TABLES or _holds_parts(given)):
                for part, inner in given.items():
                    self._read_rule(rules, f"{name}.{part}", inner, (*at, part))
            else:
                self._read_rule(rules, name, given, at)
        return rules

    def _read_rule(self, rules: dict[str, FieldRule], name: str, given: Any, at: tuple[str, ...]) -> None:
        line = find_line(self.positions, at)
        if isinstance(given, str):
            rules[name] = FieldRule(name, {"from": given}, self.file, line)
        elif isinstance(given, dict):
            inside: dict[str, FieldRule] = {}
            fields = given.get("fields", {})
            if not isinstance(fields, dict):
                self._complain("mapping.not_a_table", (*at, "fields"), f"{name}.fields")
                fields = {}
            for field_name, inner in fields.items():
                self._read_rule(inside, field_name, inner, (*at, "fields", field_name))
            verbs = {verb: value for verb, value in given.items() if verb != "fields"}
            lines = {verb: find_line(self.positions, (*at, verb)) for verb in verbs}
            rules[name] = FieldRule(name, verbs, self.file, line, inside, lines)
        else:
            self._complain("mapping.rule_shape", at, name, value=given)

    def _entry(self, value: Any, at: tuple[str, ...]) -> Entry:
        return Entry(value, self.file, find_line(self.positions, at))

    def _complain(
        self, code: str, at: tuple[str, ...], field_name: str, value: object = None, **params: object
    ) -> None:
        line = find_line(self.positions, at)
        self.problems.append(Problem(code, self.file, line, field_name, value, kind="file", params=params))


def _holds_parts(given: dict[str, Any]) -> bool:
    """``[fields.identifiers.uscc]``: a table of named parts, each a table, none of the names a verb."""
    return bool(given) and not given.keys() & {*VERBS, "fields"} and all(isinstance(v, dict) for v in given.values())


def merge_layers(layers: list[MappingSource]) -> MappingSource:
    """Shipped → site → connection. A field given again replaces the earlier rule; a list keeps what the later layer
    does not name; ``unset`` removes what an earlier layer wrote. Each rule keeps its own file and line."""
    merged = layers[0]
    for layer in layers[1:]:
        merged = _merge_two(merged, layer)
    return merged


def _merge_two(lower: MappingSource, upper: MappingSource) -> MappingSource:
    header, owners = dict(lower.header), dict(lower.owners)
    problems = [*lower.problems, *upper.problems]
    rules = dict(lower.rules)
    problems += [
        Problem("mapping.unset_unknown", entry.file, entry.line, entry.value, kind="file")
        for entry in upper.unset
        if not _unset(entry.value.split("."), header, rules, owners)
    ]
    for name in ("kind", "stream"):
        old, new = header.get(name), upper.header.get(name)
        if old and new and old.value != new.value:
            problems.append(
                Problem("mapping.layer_differs", new.file, new.line, name, new.value, kind="file",
                        params={"lower": lower.file, "wanted": old.value})
            )  # fmt: skip
    for name, rule in upper.rules.items():
        rules[name] = _merge_rules(rules[name], rule) if name in rules else rule
    header.update(upper.header)
    owners.update(upper.owners)
    return MappingSource(upper.file, header, rules, owners, lower.unset, tuple(problems))


def _merge_rules(old: FieldRule, new: FieldRule) -> FieldRule:
    if "each" not in old.verbs or not ("each" in new.verbs or new.fields):
        return new
    return replace(
        new,
        verbs={**old.verbs, **new.verbs},
        fields={**old.fields, **new.fields},
        verb_lines={**old.verb_lines, **new.verb_lines},
    )


def _unset(words: list[str], header: dict[str, Entry], rules: dict[str, FieldRule], owners: dict[str, Entry]) -> bool:
    table, name = words[0], ".".join(words[1:])
    if table == "fields" and "fields" in words[1:]:
        at = words.index("fields", 1)
        parent, child = ".".join(words[1:at]), ".".join(words[at + 1 :])
        if parent not in rules or child not in rules[parent].fields:
            return False
        kept = {key: rule for key, rule in rules[parent].fields.items() if key != child}
        rules[parent] = replace(rules[parent], fields=kept)
        return True
    tables: dict[str, dict[str, Any]] = {"fields": rules, "mapping": header, "owner": owners}
    return tables.get(table, {}).pop(name, None) is not None


def _content(rule: FieldRule) -> dict[str, Any]:
    return {"verbs": rule.verbs, "fields": {name: _content(inner) for name, inner in rule.fields.items()}}


def _write(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_write_key(key)} = {_write(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False, default=str)


def _write_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)
