"""Field values as people type them: texts, JSON for lists and objects, references by number or name."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

from hub.errors import ConfigInvalid

if TYPE_CHECKING:
    from hub.model.values import Value
    from hub.sync.context import Hub


def parse_fields(settings: Sequence[str]) -> dict[str, Any]:
    """``field=value`` texts; a value that starts with [ or { is JSON (decimals stay exact), an empty one is null."""
    values: dict[str, Any] = {}
    for text in settings:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise ConfigInvalid("cli.setting_shape")
        values[name.strip()] = _parse_value(name.strip(), value)
    return values


def _parse_value(name: str, text: str) -> Any:
    if not text.strip().startswith(("[", "{")):
        return text
    return _read_json(text, f"--set {name}")


def read_rows(source: Path) -> list[dict[str, Any]]:
    """A JSON object, or a list of them, from a file, or from stdin for ``-``."""
    try:
        text = sys.stdin.read() if str(source) == "-" else source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid("cli.file_unreadable", file=source, what=type(error).__name__) from error
    values = _read_json(text, str(source))
    rows = values if isinstance(values, list) else [values]
    if not all(isinstance(row, dict) for row in rows):
        raise ConfigInvalid("cli.json_no_object", where=source)
    return rows


def _read_json(text: str, where: str) -> Any:
    try:
        return json.loads(text, parse_float=str)
    except ValueError as error:
        raise ConfigInvalid("cli.json_broken", where=where, what=str(error)) from error


def resolve_references(hub: Hub, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values with references (also those inside lines) as ids; ``NotFound`` when there is no such record."""
    from hub.model.kinds import find_kind

    return _resolve(hub, find_kind(kind).model_fields, values)


def resolve_options(hub: Hub, options: type[Value], values: Mapping[str, Any]) -> dict[str, Any]:
    """The same for the options of an action."""
    return _resolve(hub, options.model_fields, values)


def _resolve(hub: Hub, fields: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    resolved = dict(values)
    for name, value in values.items():
        info = fields.get(name)
        if info is None:
            continue
        target = _target_kind(info, values)
        if target is not None and isinstance(value, str):
            resolved[name] = _find_id(hub, target, value) if value else None
        elif isinstance(value, list) and (inner := _line_fields(info)):
            resolved[name] = [_resolve(hub, inner, line) if isinstance(line, dict) else line for line in value]
    return resolved


def _target_kind(info: Any, values: Mapping[str, Any]) -> str | None:
    from hub.model.values import AnyRef, Ref

    for item in info.metadata:
        if isinstance(item, Ref):
            return item.kind
        if isinstance(item, AnyRef):
            named = values.get(item.kind_field)
            return str(named) if named else None
    return None


def _line_fields(info: Any) -> Mapping[str, Any]:
    for part in get_args(info.annotation):
        fields: Mapping[str, Any] = getattr(part, "model_fields", {})
        if fields:
            return fields
    return {}


def _find_id(hub: Hub, kind: str, text: str) -> UUID:
    from hub.sync.records import find_record

    return find_record(hub, kind, text).id
