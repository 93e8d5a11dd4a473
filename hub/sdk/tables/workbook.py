"""XLSX: openpyxl reads the workbook, its styles and its rule for dates; the rows stream past one by one.

Cells come as their own text: a number's digits are taken from the file and never pass through a binary fraction where
that could change them, and a code keeps the zeros that its number format shows. The XML parser of the standard library
never fetches anything, and its expat limits what entities may grow to.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, iterparse

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.cell import column_index_from_string, range_boundaries
from openpyxl.utils.datetime import from_excel
from openpyxl.xml.constants import SHARED_STRINGS

from hub.errors import ConfigInvalid, MappingError
from hub.sdk.tables.headings import SEARCHED_ROWS, Headings, find_headings, letter_of, tell_no_record
from hub.sdk.tables.rows import EXACT_DIGITS, CellProblem, Facts, Layout, Row
from hub.sdk.tables.strings import SharedTexts, join_texts, local_name

_CHUNK_BYTES = 1 << 20
_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]+\d+:[A-Z]+\d+)\"")
_INTEGER = re.compile(r"-?\d+")
_UNREADABLE = (
    KeyError, IndexError, ParseError, ValueError, TypeError, zipfile.BadZipFile, zlib.error, OSError, EOFError,
    RuntimeError,
)  # fmt: skip
"""What a damaged workbook raises; RuntimeError: a part of it is encrypted."""


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    problem: MappingError | None = None


@dataclass(frozen=True, slots=True)
class _Sheet:
    title: str
    path: str
    visible: bool


class _Reader(ExcelReader):
    """Workbook and styles, without what grows with the number of cells."""

    sheets: tuple[_Sheet, ...] = ()

    def read_strings(self) -> None:
        """:class:`SharedTexts` keeps them, on disk."""

    def read_worksheets(self) -> None:
        """Only where they are: openpyxl would measure each by reading it once."""
        self.sheets = tuple(
            _Sheet(sheet.name, part.target, sheet.state == "visible")
            for sheet, part in self.parser.find_sheets()
            if part.target in self.valid_files and "worksheet" in part.Type
        )


class WorkbookTable:
    """One sheet of a workbook, open for reading as often as wanted; close it when done."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path = path
        self._texts: SharedTexts | None = None
        self._merges: Mapping[int, Sequence[tuple[int, int]]] = {}
        try:
            self._open(path)
            self._sheet, others = self._choose_sheet(layout.sheet)
            self._merges = self._find_merges()
            first = self._read_first()
        except _UNREADABLE as error:
            self.close()
            raise ConfigInvalid("tables.workbook_broken", file=path.name, vendor=str(error)) from error
        except BaseException:  # a refusal of ours, or the end of the process: nothing may stay open
            self.close()
            raise
        self._headings = self._find_headings(first, layout)
        self.facts = Facts(
            "xlsx", sheet=self._sheet.title, header_row=self._headings.row, columns=self._headings.names,
            other_sheets=tuple(others),
        )  # fmt: skip

    def close(self) -> None:
        """Give the files back."""
        if self._texts is not None:
            self._texts.close()
        archive = getattr(self, "_archive", None)
        if archive is not None:
            archive.close()

    def read_rows(self) -> Iterator[Row]:
        """Every record from the first to the last; a cell that cannot be read is told in the row's problems."""
        self.facts.rows, self.facts.skipped, self.facts.samples = 0, {}, []
        for number, cells in self._read_safely():
            if number <= self._headings.row:
                continue
            why = tell_no_record([cell.text for cell in cells], self._headings)
            if why:
                self.facts.skip(number, why)
                continue
            self.facts.rows += 1
            yield _make_row(self._sheet.title, number, cells, self._headings.names)

    # ------------------------------------------------------------ opening

    def _open(self, path: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of fonts and themes, which are no part of a table
            reader = _Reader(str(path), read_only=True, data_only=True)
            self._archive = reader.archive
            reader.read()
        self._workbook: Any = reader.wb
        self._sheets = reader.sheets
        package: Any = reader.package
        part = package.find(SHARED_STRINGS)
        if part is None:
            self._texts = SharedTexts(None)
            return
        with self._archive.open(part.PartName[1:]) as source:
            self._texts = SharedTexts(source)

    def _choose_sheet(self, wanted: str) -> tuple[_Sheet, list[str]]:
        sheets = self._sheets
        if wanted:
            found = next((sheet for sheet in sheets if sheet.title.strip() == wanted.strip()), None)
            if found is None:
                known = ", ".join(sheet.title for sheet in sheets)
                raise ConfigInvalid("tables.sheet_unknown", file=self._path.name, sheet=wanted, known=known)
            return found, [sheet.title for sheet in sheets if sheet is not found]
        visible = [sheet for sheet in sheets if sheet.visible] or list(sheets)
        for sheet in visible:
            self._sheet = sheet
            if next((True for _, cells in self._read_cells() if any(cell.text for cell in cells)), False):
                return sheet, [other.title for other in visible if other is not sheet]
        raise ConfigInvalid("tables.file_empty", file=self._path.name)

    def _find_merges(self) -> Mapping[int, Sequence[tuple[int, int]]]:
        """Merged downwards: first row → (column, last row). They stand behind the rows, so they are read beforehand."""
        found: dict[int, list[tuple[int, int]]] = {}
        tail = b""
        with self._archive.open(self._sheet.path) as source:
            while chunk := source.read(_CHUNK_BYTES):
                tail = _note_merges(tail + chunk, found)
        return found

    def _read_first(self) -> list[list[str]]:
        rows: list[list[str]] = []
        for number, cells in self._read_cells():
            if number > SEARCHED_ROWS:
                break
            rows += [[] for _ in range(number - 1 - len(rows))]
            rows.append([cell.text for cell in cells])
        return rows

    def _find_headings(self, first: list[list[str]], layout: Layout) -> Headings:
        try:
            return find_headings(first, layout, self._path.name)
        except ConfigInvalid:
            self.close()
            raise

    # ------------------------------------------------------------ rows

    def _read_safely(self) -> Iterator[tuple[int, list[_Cell]]]:
        """The same rows; a file that is cut off in the middle is said in a sentence."""
        try:
            yield from self._read_cells()
        except _UNREADABLE as error:
            raise ConfigInvalid("tables.workbook_broken", file=self._path.name, vendor=str(error)) from error

    def _read_cells(self) -> Iterator[tuple[int, list[_Cell]]]:
        """(row, cells) of every row that the sheet has, merged cells filled downwards."""
        open_merges: dict[int, tuple[int, _Cell]] = {}
        number = 0
        with self._archive.open(self._sheet.path) as source:
            parent: Element | None = None
            for event, element in iterparse(source, events=("start", "end")):  # noqa: S314 - see above
                name = local_name(element.tag)
                if event == "start":
                    parent = element if name == "sheetData" else parent
                    continue
                if name != "row" or parent is None:
                    continue
                number = int(element.get("r") or number + 1)
                cells = self._read_row(element)
                self._fill_merged(number, cells, open_merges)
                yield number, cells
                parent.clear()

    def _read_row(self, element: Element) -> list[_Cell]:
        cells: list[_Cell] = []
        for child in element:
            at = child.get("r")
            place = column_index_from_string(at.rstrip("0123456789")) - 1 if at else len(cells)
            cells += [_Cell("")] * (place - len(cells))
            cells.append(self._read_cell(child))
        return cells

    def _fill_merged(self, number: int, cells: list[_Cell], open_merges: dict[int, tuple[int, _Cell]]) -> None:
        for place, (last, cell) in list(open_merges.items()):
            if number > last:
                del open_merges[place]
                continue
            cells += [_Cell("")] * (place + 1 - len(cells))
            cells[place] = cell
        for place, last in self._merges.get(number, ()):
            if place < len(cells):
                open_merges[place] = (last, cells[place])

    def _read_cell(self, element: Element) -> _Cell:
        kind, value, formula, inline = element.get("t", "n"), None, False, ""
        for child in element:
            name = local_name(child.tag)
            if name == "v":
                value = child.text
            elif name == "f":
                formula = True
            elif name == "is":
                inline = join_texts(child)
        if kind == "inlineStr":
            return _Cell(_clean(inline))
        if value is None:
            return _Cell("", MappingError("tables.formula_unknown")) if formula else _Cell("")
        if kind == "s":
            assert self._texts is not None  # noqa: S101 - opened before any row is read
            return _Cell(_clean(self._texts.text_at(int(value))))
        if kind == "e":
            return _Cell(value, MappingError("tables.error_cell", value=value))
        if kind == "b":
            return _Cell("true" if value == "1" else "false")
        return self._read_number(value, int(element.get("s") or 0)) if kind == "n" else _Cell(_clean(value))

    def _read_number(self, value: str, style: int) -> _Cell:
        if style in self._workbook._date_formats:
            return _read_day(value, self._workbook.epoch)
        number_format = self._format_of(style).split(";")[0]
        if _INTEGER.fullmatch(value):
            return _write_integer(value, number_format)
        number = float(value)
        if abs(number) >= 10**EXACT_DIGITS:
            return _Cell(value, MappingError("tables.digits_lost", value=value))
        exact = Decimal(format(number, f".{EXACT_DIGITS}g"))  # what the spreadsheet shows: 1.1, not 1.1000000000000001
        if exact == exact.to_integral_value():
            return _write_integer(format(exact.to_integral_value(), "f"), number_format)
        return _Cell(_as_percent(exact) if "%" in number_format else format(exact, "f"))

    def _format_of(self, style: int) -> str:
        styles = self._workbook._cell_styles
        if style >= len(styles):
            return "General"
        number = styles[style].numFmtId
        if number < 164:
            return BUILTIN_FORMATS.get(number, "General")
        formats = self._workbook._number_formats
        return str(formats[number - 164]) if number - 164 < len(formats) else "General"


def _note_merges(data: bytes, found: dict[int, list[tuple[int, int]]]) -> bytes:
    """Adds the ranges in ``data``; what may be the beginning of one more is given back."""
    end = 0
    for match in _MERGE.finditer(data):
        left, top, _, bottom = (int(edge or 0) for edge in range_boundaries(match[1].decode()))
        end = match.end()
        if bottom > top:
            found.setdefault(top, []).append((left - 1, bottom))
    return data[max(end, len(data) - 200) :]


def _clean(text: str) -> str:
    return text.replace("\u00a0", " ").replace("_x000D_", "").strip()


def _write_integer(digits: str, number_format: str) -> _Cell:
    """A whole number as its cell shows it; one with more digits than a spreadsheet keeps is refused where its end is
    only zeros, for then nobody can tell what stood there."""
    bare = digits.lstrip("-")
    if len(bare) > EXACT_DIGITS and not bare[EXACT_DIGITS:].strip("0"):
        return _Cell(digits, MappingError("tables.digits_lost", value=digits))
    if re.fullmatch(r"0{2,}", number_format):
        return _Cell(("-" if digits.startswith("-") else "") + bare.zfill(len(number_format)))
    return _Cell(_as_percent(Decimal(digits)) if "%" in number_format else digits)


def _as_percent(number: Decimal) -> str:
    text = format(number * 100, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


def _read_day(value: str, epoch: datetime) -> _Cell:
    try:
        found = from_excel(float(value), epoch)
    except (ValueError, OverflowError):
        return _Cell(value, MappingError("tables.date_impossible", value=value))
    if isinstance(found, datetime) and found.time() == time(0):
        return _Cell(found.date().isoformat())
    return _Cell(found.isoformat(timespec="seconds") if isinstance(found, datetime | time) else _as_text(found))


def _as_text(found: object) -> str:
    return found.isoformat() if isinstance(found, date) else str(found)


def _make_row(sheet: str, number: int, cells: Sequence[_Cell], names: Sequence[str]) -> Row:
    texts = {name: cells[place].text if place < len(cells) else "" for place, name in enumerate(names)}
    problems = [
        CellProblem(names[place] if place < len(names) else letter_of(place), cell.problem)
        for place, cell in enumerate(cells)
        if cell.problem is not None
    ]
    for place, cell in enumerate(cells[len(names) :], start=len(names)):
        if cell.text:
            texts[letter_of(place)] = cell.text
    return Row(number, texts, sheet, tuple(problems))
