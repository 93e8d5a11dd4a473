"""Opening a file by what it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from hub.errors import ConfigInvalid
from hub.sdk.tables.rows import Facts, Layout, Row

FORMS = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".xlsx": "xlsx", ".xlsm": "xlsx",
    ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
"""What the suffixes of files mean."""


class Table(Protocol):
    """An open file. ``facts`` says what was found out; its counts are those of the last reading."""

    facts: Facts

    def read_rows(self) -> Iterator[Row]:
        """Every record, in order, in flat memory."""
        ...


@contextmanager
def open_table(path: Path, layout: Layout | None = None) -> Iterator[Table]:
    """The table in a CSV, XLSX or JSONL file, by its suffix. ``ConfigInvalid`` names file, reason and the way out."""
    layout = layout or Layout()
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ConfigInvalid("tables.form_unknown", file=path.name, known=" ".join(sorted(FORMS)))
    if not path.is_file() or path.stat().st_size == 0:
        raise ConfigInvalid("tables.file_empty", file=path.name)
    if form == "xlsx":
        from hub.sdk.tables.workbook import WorkbookTable

        book = WorkbookTable(path, layout)
        try:
            yield book
        finally:
            book.close()
    elif form == "jsonl":
        from hub.sdk.tables.lines import JsonLinesTable

        yield JsonLinesTable(path, layout)
    else:
        from hub.sdk.tables.delimited import DelimitedTable

        yield DelimitedTable(path, layout)
