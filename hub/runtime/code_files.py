"""Code tables of a connection in a file of their own, ``codes/<connection>.toml``: table → code there → value here.
A short table may stand in ``isthmus.toml`` instead; a table stands in one place."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit
from tomlkit import TOMLDocument

from hub.errors import ConfigInvalid
from hub.runtime.clock import SystemClock
from hub.runtime.editing import read_document, set_code, write_text
from hub.runtime.home import Home
from hub.runtime.publish import Published, check_config, publish
from hub.runtime.settings import CodeTexts, name_code_file, read_code_files
from hub.store import Store

HEADER = """\
# Code tables of {connection}: their code = our value, table by table. Written by `isthmus codes import`; edit it by
# hand as you like and put it into force with `isthmus apply`. Everything is text: "0012" stays "0012".
"""


@dataclass(frozen=True)
class CodeChange:
    """One line of a table: ``old`` None is new, ``new`` None is taken out."""

    table: str
    code: str
    old: str | None
    new: str | None

    @property
    def adds(self) -> bool:
        """Nothing that was known means something else by it."""
        return self.old is None


def list_changes(
    known: Mapping[str, Mapping[str, str]], wanted: Mapping[str, Mapping[str, str | None]]
) -> list[CodeChange]:
    """What would become different; tables and codes that are not mentioned stay."""
    changes = []
    for table, rows in sorted(wanted.items()):
        for code, value in sorted(rows.items()):
            old = known.get(table, {}).get(code)
            if old != value:
                changes.append(CodeChange(table, code, old, value))
    return changes


def save_codes(home: Home, store: Store, connection: str, changes: Sequence[CodeChange], actor: str) -> Published:
    """Write the changes to where each table stands, check everything, and publish. A refusal changes nothing."""
    document = read_document(home.require().config_file)
    inline = _tables_of(document, connection)
    own = _open_file(home, connection)
    for change in changes:
        if change.table in inline:
            set_code(document, ("connections", connection, "codes", change.table), change.code, change.new)
        else:
            set_code(own, (change.table,), change.code, change.new)
    texts: CodeTexts = {**read_code_files(home), connection: own.as_string()}
    if not any(isinstance(table, dict) and table for table in own.values()):
        texts = {name: text for name, text in texts.items() if name != connection}
    check_config(home, document.as_string(), texts)
    if connection in texts:
        home.codes.mkdir(exist_ok=True)
        write_text(home.codes / f"{connection}.toml", texts[connection])
    write_text(home.config_file, document.as_string())
    return publish(home, store, SystemClock(), actor)


def _tables_of(document: TOMLDocument, connection: str) -> Mapping[str, Any]:
    """The tables that stand in isthmus.toml."""
    found: Mapping[str, Any] = document.get("connections", {}).get(connection, {}).get("codes", {})
    return found


def _open_file(home: Home, connection: str) -> TOMLDocument:
    text = read_code_files(home).get(connection)
    if text is None:
        return tomlkit.parse(HEADER.format(connection=connection))
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid("runtime.toml_broken", file=name_code_file(connection), what=str(error)) from error
    return tomlkit.parse(text)
