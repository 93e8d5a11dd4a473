"""JSON lines: one object in each line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.errors import MappingError
from hub.sdk.tables.encoding import detect_encoding, name_encoding
from hub.sdk.tables.rows import CellProblem, Facts, Layout, Row

_SAMPLE_LINES = 100


class JsonLinesTable:
    """A JSONL file; the columns are the keys of its first hundred objects."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path = path
        self._encoding = name_encoding(path, layout.encoding) if layout.encoding else detect_encoding(path)
        self.facts = Facts("jsonl", self._encoding.label)
        columns: dict[str, None] = {}
        for row in self.read_rows():
            columns.update(dict.fromkeys(row.cells))
            if self.facts.rows >= _SAMPLE_LINES:
                break
        self.facts.columns = tuple(columns)

    def read_rows(self) -> Iterator[Row]:
        """Every object from the first to the last; a line that is none carries its problem."""
        self.facts.rows, self.facts.skipped, self.facts.samples = 0, {}, []
        with self._path.open(encoding=self._encoding.codec) as file:
            for number, line in enumerate(file, start=1):
                if not line.strip("\ufeff \t\r\n"):
                    self.facts.skip(number, "empty")
                    continue
                self.facts.rows += 1
                yield _make_row(number, line)


def _make_row(number: int, line: str) -> Row:
    try:
        found = json.loads(line.strip("\ufeff"), parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:  # an exponent, or a nesting, beyond everything
        return Row(number, {}, problems=(CellProblem("", MappingError("tables.row_broken", vendor=str(error))),))
    if not isinstance(found, dict):
        return Row(number, {}, problems=(CellProblem("", MappingError("tables.not_an_object")),))
    return Row(number, {name: _plain(value) for name, value in found.items()})


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
