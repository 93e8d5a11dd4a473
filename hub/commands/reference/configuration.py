"""Every key of isthmus.toml, from the models that check it, and every variable of the environment."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.commands.reference.markdown import as_code, read_attribute_docstrings, write_page, write_table
from hub.runtime.home import STARTING_CONFIG
from hub.runtime.settings import DURATIONS, OWN_KEYS
from hub.sync.config import ConnectionSettings, HubConfig

HEAD = """\
One file, `isthmus.toml` in the home folder, holds what a site decides; it is made for git and never holds a secret.
`isthmus apply` checks it and puts it into force; an error names file, line and key. Every table and every key may be
left out unless it says *needed*. Unknown keys are refused.

A secret is written as where it is: `env:NAME` (a variable of the environment), `file:PATH`, or `secret:NAME` (kept
encrypted in the home: `isthmus secret set NAME`).
"""
ABOUT_CONNECTION = """\
The connector's own keys (address, login …) stand in the same table; [connectors](connectors.md) lists them, and so
does `isthmus connector show NAME`."""
PLACES = {"connections": "NAME", "syncs": "KIND"}
"""What stands for the admin's own word in the name of a table."""
UNITS = {
    "tolerance": "currency of the document",
    "lost": "share from 0 to 1",
    "changed": "share from 0 to 1",
    "minimum": "records",
    "common": "records",
    "calls_per_day": "calls a day",
    "calls_per_s": "calls a second",
    "tax_rate": "ratio: 0.13 is 13 %",
}
ENVIRONMENT = {
    "ISTHMUS_HOME": ("`~/.isthmus`", "Home folder; `--home` wins over it."),
    "ISTHMUS_DATABASE_URL": (
        "SQLite inside the home",
        "Address of the database: `sqlite:///path/to/file` or `postgresql://user@host/database`.",
    ),
    "ISTHMUS_BROKER_URL": (
        "in process",
        "Address of Redis as the broker, `redis://…` or `rediss://…`; without it the broker is part of `isthmus up`.",
    ),
    "ISTHMUS_KEY": (
        "`master.key` in the home",
        "Master key of the encrypted secrets: 44 characters of URL-safe base64. Lose it and they must be typed again.",
    ),
    "LC_ALL, LC_MESSAGES, LANG": (
        "English",
        "Language of answers: the first that is set; Chinese when it begins with zh. `--lang` wins over them.",
    ),
}
_SIMPLE = {str: "text", int: "whole number", float: "number", Decimal: "decimal", bool: "true or false", date: "date"}


def render() -> str:
    """The whole page."""
    sections = [_write_section(name, model) for name, model in walk_tables(HubConfig)]
    rows = [(as_code(name), default, meaning) for name, (default, meaning) in ENVIRONMENT.items()]
    example = f"## What `isthmus init` writes\n\n```toml\n{STARTING_CONFIG}```"
    environment = "## Environment\n\n" + write_table(["variable", "without it", "meaning"], rows)
    return write_page("Configuration", [HEAD, *sections, environment, example])


def walk_tables(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """(name of the table as it is written, its model), from the top of the file down."""
    for name, field in model.model_fields.items():
        inner = find_model(field.annotation)
        if inner is None:
            continue
        here = f"{path}.{name}" if path else name
        is_list = get_origin(field.annotation) in (tuple, list)
        named = f"[[{here}]]" if is_list else f"[{here}]"
        if get_origin(field.annotation) is dict:
            here = f"{here}.{PLACES.get(name, 'NAME')}"
            named = f"[{here}]"
        yield named, inner
        yield from walk_tables(inner, here)


def list_keys(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, str]]:
    """(key as it is written, field, meaning) of the keys that are no tables of their own."""
    meanings = read_attribute_docstrings(model)
    for name, field in model.model_fields.items():
        written = name.removesuffix("_s") if name.removesuffix("_s") in DURATIONS else name
        if find_model(field.annotation) is None and (model is not ConnectionSettings or name in OWN_KEYS):
            yield written, field, meanings.get(name, "")


def _write_section(name: str, model: type[BaseModel]) -> str:
    rows = [
        (as_code(key), name_type(key, field.annotation), _show_default(field), find_unit(key, field), meaning)
        for key, field, meaning in list_keys(model)
    ]
    about = " ".join((model.__doc__ or "").replace("``", "`").split())
    parts = [f"## `{name}`", about, write_table(["key", "type", "default", "unit", "meaning"], rows)]
    if model is ConnectionSettings:
        parts[1] = "One configured account of a connector."
        parts.append(ABOUT_CONNECTION)
    return "\n\n".join(parts)


def find_model(annotation: Any) -> type[BaseModel] | None:
    """The model inside ``Model``, ``dict[str, Model]`` and ``tuple[Model, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [part for part in get_args(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
    return inner[0] if inner and get_origin(annotation) in (dict, tuple, list) else None


def name_type(key: str, annotation: Any) -> str:
    """A type as an admin would say it."""
    if key in DURATIONS:
        return "duration"
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(name_type(key, part) for part in get_args(annotation) if part is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(as_code(member.value) for member in annotation)
    if get_origin(annotation) is Literal:
        return ", ".join(as_code(part) for part in get_args(annotation) if part != "")
    if get_origin(annotation) in (tuple, list):
        return f"list of {name_type(key, get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return f"table of {name_type(key, get_args(annotation)[1])}"
    return _SIMPLE.get(annotation, getattr(annotation, "__name__", str(annotation)))


def find_unit(key: str, field: FieldInfo) -> str:
    """The unit of a number; nothing for everything else."""
    if key in DURATIONS:
        return "`30s`, `5m`, `1h`, `1d`, or seconds"
    return UNITS.get(key) or ("seconds" if key.endswith("_s") else "")


def _show_default(field: FieldInfo) -> str:
    return "*needed*" if field.is_required() else show_value(field.get_default(call_default_factory=True))


def show_value(value: Any) -> str:
    """A default as it would be written in TOML."""
    if value is None or (isinstance(value, dict | tuple | list | str) and not value):
        return "–"
    if isinstance(value, bool):
        return as_code(str(value).lower())
    if isinstance(value, dict):
        inner = ", ".join(f"{name} = {show_value(part).strip('`')}" for name, part in value.items())
        return as_code(f"{{ {inner} }}")
    if isinstance(value, tuple | list):
        return as_code(f"[{', '.join(json.dumps(item) for item in value)}]")
    return as_code(f'"{value}"' if isinstance(value, str) else value)
