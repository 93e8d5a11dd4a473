"""``isthmus.toml``: read it, and turn it into the configuration that is published. Nothing is written here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from hub.errors import ConfigInvalid
from hub.locale import Phrase
from hub.model.kinds import load_kinds
from hub.model.refusal import explain_refusal, show_refused
from hub.runtime.home import Home
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings

OWN_KEYS = frozenset(
    {
        *("connector", "zone", "codes", "rounding", "tolerance", "calls_per_s", "calls_per_day", "takes_unnamed"),
        "syncs",
    }
)
"""Keys of a connection that are ours; every other key belongs to its connector."""
DURATIONS = frozenset({"every", "expect_change_every", "cursor_kept", "again_after"})
"""Keys of a sync, and of ``[notify]``, that are written as ``30s``, ``5m``, ``1h`` or ``1d``."""
NAME = re.compile(r"[A-Za-z][\w-]*")
REFERENCE = re.compile(r"(env|file|secret):.+")
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_HEADER = re.compile(r"\s*\[+\s*(.+?)\s*\]+\s*(#.*)?$")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")

KeyPath = tuple[str | int, ...]


def load_config(home: Home) -> HubConfig:
    """The configuration as the file and the site mappings say it now; ``ConfigInvalid`` names file, line and fix."""
    path = home.require().config_file
    return parse_config(read_text(path), path, read_layers(home), read_code_files(home))


def read_text(path: Path) -> str:
    """A file that people edit, with or without a byte-order mark; ``ConfigInvalid`` when it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigInvalid("runtime.not_utf8", file=path, line=line) from error
    except OSError as error:
        raise ConfigInvalid("runtime.file_unreadable", vendor=error.strerror, file=path) from error


def read_table(text: str, file: str) -> dict[str, Any]:
    """The TOML document as plain values; decimals stay exact. ``file``: its name in messages."""
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid("runtime.toml_broken", file=file, what=str(error)) from error


Layers = Mapping[str, Mapping[str, str]]
"""Folder below mappings/ → kind → TOML text."""


def read_layers(home: Home) -> dict[str, dict[str, str]]:
    """The site's mapping files: ``mappings/<connection or connector>/<kind>.toml``."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(home.mappings.glob("*/*.toml")):
        found.setdefault(path.parent.name, {})[path.stem] = read_text(path)
    return found


CodeTexts = Mapping[str, str]
"""Connection → TOML text of its file below codes/."""


def read_code_files(home: Home) -> dict[str, str]:
    """The files with code tables: ``codes/<connection>.toml``."""
    return {path.stem: read_text(path) for path in sorted(home.codes.glob("*.toml"))}


def name_code_file(connection: str) -> str:
    """The file as messages name it."""
    return f"codes/{connection}.toml"


def parse_config(text: str, path: Path, layers: Layers | None = None, codes: CodeTexts | None = None) -> HubConfig:
    """Validate a whole configuration text, with the mapping files and code tables of the site."""
    table = read_table(text, path.name)
    connections = _shape_connections(table.get("connections", {}), text, path, layers or {})
    for name, told in (codes or {}).items():
        _add_codes(connections, name, told)
    shaped = {**table, "connections": connections}
    if isinstance(table.get("notify"), dict):
        shaped["notify"] = _shape_durations(table["notify"], ("notify",), text, path)
    try:
        return HubConfig.model_validate(shaped)
    except ValidationError as error:
        raise _explain(error, text, path) from error


def parse_duration(value: object) -> int:
    """Seconds from ``30s``, ``5m``, ``1h``, ``1d`` or a whole number of seconds; ``ValueError`` otherwise."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = re.fullmatch(r"(\d+)([smhd])", str(value).strip())
    if found is None:
        raise ValueError(f"{value!r} is not a duration such as 30s, 5m or 1h")
    return int(found[1]) * _UNITS_S[found[2]]


def find_line(text: str, path: Sequence[str | int]) -> int | None:
    """The line that best matches a key path: the key itself, else its table's header."""
    wanted = tuple(str(part) for part in path if not isinstance(part, int))
    best: tuple[int, int] | None = None
    for number, here in _walk_lines(text):
        depth = len(here)
        if here == wanted[:depth] and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _walk_lines(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _split_key(header[1])
            yield number, table
        elif key := _KEY.match(line):
            yield number, (*table, *_split_key(key[1]))


def _split_key(text: str) -> tuple[str, ...]:
    return tuple(next(group for group in match.groups() if group is not None) for match in _PART.finditer(text))


def _shape_connections(tables: Any, text: str, path: Path, layers: Layers) -> dict[str, Any]:
    if not isinstance(tables, dict):
        raise _invalid(
            path, text, ("connections",), tables, Phrase("runtime.needs_tables", example="[connections.erp]")
        )
    return {name: _shape_connection(name, table, text, path, layers) for name, table in tables.items()}


def check_connection_name(name: str) -> None:
    """``ConfigInvalid`` for a name that cannot be one."""
    if not NAME.fullmatch(name) or name == "hub":
        raise ConfigInvalid(
            "runtime.setting_refused", connection=name, key=name, what=Phrase("runtime.connection_name")
        )


def _add_codes(connections: dict[str, Any], name: str, text: str) -> None:
    """The tables of a file of their own, beside those in isthmus.toml; a table stands in one place."""
    file = name_code_file(name)
    if name not in connections:
        raise ConfigInvalid("runtime.codes_of_nobody", file=file, connection=name, known=", ".join(connections) or "-")
    tables = read_table(text, file)
    inline = connections[name].get("codes", {})
    for table, rows in tables.items():
        if table in inline:
            raise ConfigInvalid("runtime.codes_twice", file=file, table=table, connection=name)
        wrong = _find_wrong_code(rows)
        if wrong is not None:
            line = find_line(text, (table, wrong)) or find_line(text, (table,)) or 1
            raise ConfigInvalid("runtime.codes_shape", file=file, line=line, table=table, code=wrong or "-")
    connections[name] = {**connections[name], "codes": {**inline, **tables}}


def _find_wrong_code(rows: Any) -> str | None:
    """The code whose value is no text; empty when there is no table at all."""
    if not isinstance(rows, dict):
        return ""
    return next((code for code, value in rows.items() if not isinstance(value, str)), None)


def _shape_connection(name: str, table: Any, text: str, path: Path, layers: Layers) -> dict[str, Any]:
    where: KeyPath = ("connections", name)
    if not NAME.fullmatch(name) or name == "hub":
        raise _invalid(path, text, where, name, Phrase("runtime.connection_name"))
    if not isinstance(table, dict) or not isinstance(table.get("connector"), str):
        raise _invalid(path, text, where, name, Phrase("runtime.needs_connector"))
    own = {key: value for key, value in table.items() if key in OWN_KEYS}
    config = {key: value for key, value in table.items() if key not in OWN_KEYS}
    syncs = table.get("syncs", {})
    if not isinstance(syncs, dict):
        raise _invalid(
            path,
            text,
            (*where, "syncs"),
            syncs,
            Phrase("runtime.needs_tables", example=f"[connections.{name}.syncs.order]"),
        )
    own["syncs"] = {kind: _shape_sync(sync, (*where, "syncs", kind), text, path) for kind, sync in syncs.items()}
    own["mappings"] = _layers_of(name, table["connector"], layers)
    return {**own, "config": config}


def _shape_sync(table: Any, where: KeyPath, text: str, path: Path) -> Any:
    kind = str(where[-1])
    if kind not in load_kinds():
        raise _invalid(path, text, where, kind, Phrase("runtime.no_kind", known=", ".join(load_kinds())))
    if not isinstance(table, dict):
        return table
    return _shape_durations(table, where, text, path)


def _shape_durations(table: Mapping[str, Any], where: KeyPath, text: str, path: Path) -> dict[str, Any]:
    """The same table with its durations in seconds."""
    shaped = dict(table)
    for name in DURATIONS & shaped.keys():
        try:
            shaped[f"{name}_s"] = parse_duration(shaped.pop(name))
        except ValueError as error:
            raise _invalid(path, text, (*where, name), table[name], Phrase("runtime.duration")) from error
    return shaped


def _layers_of(name: str, connector: str, layers: Layers) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for folder in dict.fromkeys((connector, name)):
        for kind, text in layers.get(folder, {}).items():
            # The configuration strips texts; a mark on an empty first line keeps the line numbers of messages right.
            kept = f"#{text}" if text.startswith(("\n", "\r")) else text
            found.setdefault(kind, []).append((f"mappings/{folder}/{kind}.toml", kept))
    return found


def _explain(error: ValidationError, text: str, path: Path) -> ConfigInvalid:
    first = error.errors()[0]
    parts = list(first["loc"])
    if parts[:1] == ["connections"] and len(parts) > 2 and parts[2] == "config":
        del parts[2]
    if str(parts[-1]).removesuffix("_s") in DURATIONS:
        parts[-1] = str(parts[-1]).removesuffix("_s")
    shown = "…" if parts[0] == "notify" and _may_hold_secret(first) else show_refused(first)
    return _invalid(path, text, tuple(parts), shown, explain_refusal(first))


def _may_hold_secret(error: Any) -> bool:
    """A whole table of somebody who is told, or one of its keys where a secret could stand by mistake."""
    return isinstance(error["input"], dict) or error["loc"][-1] in ("secret", "password", "url")


def _invalid(path: Path, text: str, where: KeyPath, value: object, what: str) -> ConfigInvalid:
    key = ".".join(str(part) for part in where)
    line = find_line(text, where) or 1
    return ConfigInvalid("runtime.config_invalid", file=path.name, line=line, key=key, value=value, what=what)


def check_connector_config(
    name: str, settings: ConnectionSettings, model: type[BaseModel], text: str, path: Path
) -> None:
    """Refuse keys and values that the connector's own configuration model refuses, and secrets written in plain."""
    secrets = secret_fields(model)
    for key, value in settings.config.items():
        if key in secrets and not (isinstance(value, str) and REFERENCE.fullmatch(value)):
            line = find_line(text, ("connections", name, key)) or 1
            raise ConfigInvalid("runtime.secret_in_plain", file=path.name, line=line, connection=name, key=key)
    try:
        model.model_validate(settings.config)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ("connections", name, *first["loc"])
        value = (
            "" if first["type"] == "missing" else settings.config.get(str(first["loc"][0]), "") if first["loc"] else ""
        )
        raise _invalid(path, text, where, value, explain_refusal(first)) from error


def secret_fields(model: type[BaseModel]) -> frozenset[str]:
    """Names of the fields that hold secrets."""
    return frozenset(name for name, info in model.model_fields.items() if _is_secret(info.annotation))


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in getattr(annotation, "__args__", ())


def list_syncs(config: HubConfig) -> Iterator[tuple[str, str, SyncSettings]]:
    """(connection, kind, settings) of every configured sync."""
    for name, connection in config.connections.items():
        for kind, sync in connection.syncs.items():
            yield name, kind, sync
