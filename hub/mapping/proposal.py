"""What a proposal for a mapping holds, and the file that it becomes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.locale import Phrase

LIKELY = 80
"""What is less sure carries its percentage as a remark in the file."""


@dataclass(frozen=True)
class Source:
    """What the samples come from. ``key``: path of the identity; ``rows``: path of a document's rows, whose identity is
    at ``row_key``, when samples show the rows one by one. ``key_columns``: kind → the headings that are its key."""

    stream: str
    key: str = "id"
    rows: str = ""
    row_key: str = "id"
    functions: Collection[str] = ()
    owner: str = "shared"
    """Whose values hold: ``remote`` where the hub cannot write."""
    key_columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Proposed:
    """A field and the column it is read from. ``confidence`` is a percentage; ``rule`` the right side as TOML."""

    field: str
    column: str
    confidence: int
    reason: Phrase
    rule: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unknown:
    """A column that no field was found for: a candidate for a custom field of this type."""

    column: str
    type: str
    filled: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Proposal:
    """A proposed mapping. ``missing``: fields that the hub must have and no column fits."""

    kind: str
    fields: tuple[Proposed, ...]
    unknown: tuple[Unknown, ...]
    missing: tuple[str, ...]
    text: str
    rows: int


def write_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_write_key(key)} = {write_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _write_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)


def write_proposal(
    kind: str, fields: Sequence[Proposed], unknown: Sequence[Unknown], missing: Sequence[str], source: Source
) -> str:
    """The whole file, made to be read and corrected by a person."""
    lines = ["# Proposed from samples by: isthmus mapping suggest. Look it over, correct it, then: isthmus apply", ""]
    lines += ["[mapping]", f'kind = "{kind}"', f"stream = {write_value(source.stream)}"]
    lines += ["version = 1", f"key = {write_value(source.key)}", "", "[fields]"]
    lines += [_remark(f"{item.field} = {item.rule}", item) for item in fields if "." not in item.field]
    lines += [f"# {name} = …   nothing fits; the hub must have it" for name in missing]
    for part in ("uscc", "vat"):
        found = next((item for item in fields if item.field == f"identifiers.{part}"), None)
        if found is not None:
            where = f"fields.identifiers.{part}"
            lines += ["", f"[{where}]", 'each = "."', f"[{where}.fields]", f'kind = {{ default = "{part}" }}']
            lines.append(_remark(f"value = {found.rule}", found))
    lines += _write_group(fields, "addresses", "fields.addresses.main", ".", "", 'kind = { default = "main" }')
    lines += _write_group(fields, "lines", "fields.lines", source.rows or "lines", source.row_key, "")
    if unknown:
        lines += [
            "",
            "# Columns that no field was found for. To keep one, declare a custom field in isthmus.toml, and add",
        ]
        lines.append("# it under [fields], before the lists:")
        lines += [f"# custom.NAME = {write_value(item.column)}   ({item.type})" for item in unknown]
    lines += ["", "[owner]", f"default = {write_value(source.owner)}"]
    return "\n".join(lines) + "\n"


def _write_group(fields: Sequence[Proposed], group: str, table: str, each: str, key: str, first: str) -> list[str]:
    inner = [item for item in fields if item.field.startswith(group + ".")]
    if not inner:
        return []
    lines = ["", f"[{table}]", f"each = {write_value(each)}"]
    lines += [f"key = {write_value(key)}"] if key else []
    lines.append(f"[{table}.fields]")
    lines += [first] if first else []
    return lines + [_remark(f"{item.field.partition('.')[2]} = {item.rule}", item) for item in inner]


def _remark(line: str, proposed: Proposed) -> str:
    return f"{line}  # {proposed.confidence} %" if proposed.confidence < LIKELY else line
