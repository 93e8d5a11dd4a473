"""Writing a table as a whole: a reader sees the old file or the new one, and no cell is ever calculated."""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.errors import ConfigInvalid
from hub.sdk.tables.delimited import FORMULA_STARTS
from hub.sdk.tables.opening import FORMS
from hub.sdk.tables.rows import EXACT_DIGITS

Cell = str | int | bool | Decimal | date | None
"""What a cell may be written from; None leaves it empty."""
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_WIDEST = 60


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, sheet: str = "Sheet1") -> None:
    """Replace ``path`` by a table of these columns and rows; the form follows from its suffix.

    Decimals and dates become numbers and dates of the workbook, texts stay texts (leading zeros, 18 digits). A text
    that a spreadsheet would calculate is marked as text: by its type in XLSX, by an apostrophe in CSV, which the
    reader of this package takes off again. CSV is UTF-8 with a mark, so that Excel shows Chinese.
    """
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ConfigInvalid("tables.form_unknown", file=path.name, known=" ".join(sorted(FORMS)))
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        _WRITERS[form](temporary, columns, rows, sheet)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def defuse_text(text: str) -> str:
    """The text as a CSV cell that no spreadsheet calculates."""
    risky = text.startswith(FORMULA_STARTS) and not _NUMBER.fullmatch(text)
    return f"'{text}" if risky or re.match(r"'[=+\-@\t\r]", text) else text


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], sheet: str) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([defuse_text(name) for name in columns])
        writer.writerows([_as_text(cell) for cell in row] for row in rows)


def _as_text(cell: Cell) -> str:
    if isinstance(cell, str):
        return defuse_text(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def _write_jsonl(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], sheet: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            cells = {name: _as_json(cell) for name, cell in zip(columns, row, strict=True)}
            file.write(json.dumps(cells, ensure_ascii=False) + "\n")


def _as_json(cell: Cell) -> Any:
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return cell.isoformat() if isinstance(cell, date) else cell


def _write_xlsx(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], sheet: str) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    page = book.create_sheet(sheet)
    page.freeze_panes = "A2"
    for place, name in enumerate(columns):
        letter = chr(65 + place) if place < 26 else None
        if letter is not None:
            page.column_dimensions[letter].width = min(_WIDEST, max(12, 2 * len(name) + 4))
    head = []
    for name in columns:
        cell = WriteOnlyCell(page, value=name)
        cell.font = Font(bold=True)
        cell.data_type = "s"
        head.append(cell)
    page.append(head)
    for row in rows:
        page.append([_make_cell(page, value) for value in row])
    book.save(path)


def _make_cell(page: Any, value: Cell) -> Any:
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        digits = sum(character.isdigit() for character in format(value, "f" if isinstance(value, Decimal) else "d"))
        value = value if digits <= EXACT_DIGITS else _as_text(value)
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(page, value=_ILLEGAL.sub("", value)[:32_767])
    cell.data_type = "s"
    return cell


_WRITERS = {"csv": _write_csv, "xlsx": _write_xlsx, "jsonl": _write_jsonl}
