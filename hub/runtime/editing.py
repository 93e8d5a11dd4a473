"""Editing ``isthmus.toml`` as a careful person would: comments and order stay."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from hub.errors import ConfigInvalid
from hub.runtime.settings import read_text


def read_document(path: Path) -> TOMLDocument:
    """The file with its comments."""
    try:
        return tomlkit.parse(read_text(path))
    except TOMLKitError as error:
        raise ConfigInvalid("runtime.toml_broken", file=path.name, what=str(error)) from error


def set_connection(document: TOMLDocument, name: str, values: Mapping[str, Any]) -> None:
    """Add ``[connections.NAME]``, or change the named keys of it."""
    table = _reach(document, "connections", name)
    for key, value in values.items():
        table[key] = value


def set_sync(document: TOMLDocument, connection: str, kind: str, values: Mapping[str, Any]) -> None:
    """Add ``[connections.NAME.syncs.KIND]``, or change the named keys of it."""
    table = _reach(document, "connections", connection, "syncs", kind)
    for key, value in values.items():
        table[key] = value


def set_code(document: TOMLDocument, where: Sequence[str], code: str, value: str | None) -> None:
    """Set, or with None take out, one line of a code table."""
    table = _reach(document, *where)
    if value is None:
        table.pop(code, None)
    else:
        table[code] = value


def write_text(path: Path, text: str) -> None:
    """Replace a file as a whole, so that a crash leaves the old one or the new one."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:  # whatever happened, a half-written file must not stay beside the real one
        Path(temporary).unlink(missing_ok=True)
        raise


def _reach(document: TOMLDocument, *names: str) -> Any:
    table: Any = document
    for depth, name in enumerate(names):
        if name not in table:
            # Only the last table gets a header of its own: [connections.erp], not [connections] [connections.erp].
            made: Table = tomlkit.table(is_super_table=depth < len(names) - 1)
            if depth == len(names) - 1 and isinstance(table, TOMLDocument | Table):
                table.add(name, made)
            else:
                table[name] = made
        table = table[name]
    return table
