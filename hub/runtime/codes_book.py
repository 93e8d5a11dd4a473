"""Code tables as a workbook that a colleague can fill: written with what is missing, read back cell by cell."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation

from hub.errors import ConfigInvalid
from hub.locale import Phrase, render
from hub.mapping import check_code_value
from hub.model.money import format_money
from hub.sync.codes import FIRST_ROW, IN, CodeEntry, CodeSurvey, TableSurvey, name_sheet

LABEL = "代码表 / Code table"
HEADS = (
    "对方代码 / Code there", "本系统的值 / Our value", "状态 / State", "单据数 / Documents", "金额 / Money",
    "字段 / Fields", "例 / Examples",
)  # fmt: skip
WIDTHS = (24, 24, 22, 12, 24, 30, 40)
REMARKS = ("codes.book_fill", "codes.book_text", "codes.book_remove")
VALUES_SHEET = "_values"
TO_FILL = PatternFill("solid", fgColor="FFF2CC")
HEADING = PatternFill("solid", fgColor="D9E1F2")
UNREADABLE = (
    OSError, EOFError, BadZipFile, zlib.error, ParseError, InvalidFileException, KeyError, IndexError, ValueError,
    TypeError, AttributeError, RuntimeError,
)  # fmt: skip
"""What openpyxl and the libraries below it raise about a damaged file."""
SPARE_ROWS = 200
"""Empty rows below that are ready for codes nobody has met yet."""


@dataclass(frozen=True)
class BookProblem:
    """What is wrong with one cell."""

    sheet: str
    cell: str
    what: Phrase

    def text(self, lang: str = "en") -> str:
        """Sheet, cell and what is wrong, in one line."""
        return render("codes.problem", lang, sheet=self.sheet, cell=self.cell, what=self.what)


class BookInvalid(ConfigInvalid):
    """The workbook cannot be taken over; ``problems`` holds every finding."""

    def __init__(self, file: str, problems: Sequence[BookProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("codes.book_invalid", file=file, count=len(self.problems))

    def text(self, lang: str = "en") -> str:
        return "\n".join([super().text(lang), *(f"  {problem.text(lang)}" for problem in self.problems)])


# ---------------------------------------------------------------- writing


def write_book(path: Path, survey: CodeSurvey, *, only_missing: bool = False) -> int:
    """One sheet for each table; how many sheets there are. Without a table nothing is written."""
    if path.suffix.lower() != ".xlsx":
        raise ConfigInvalid("codes.book_suffix", file=path)
    tables = [table for table in survey.tables if table.missing or not only_missing]
    if not tables:
        return 0
    book = Workbook()
    if book.active is not None:
        book.remove(book.active)
    for table in tables:
        _write_table(book, table, survey.connection)
    try:
        book.save(path)
    except OSError as error:
        raise ConfigInvalid("codes.book_unwritable", file=path, what=error.strerror or type(error).__name__) from error
    return len(tables)


def _write_table(book: Workbook, table: TableSurvey, connection: str) -> None:
    sheet: Any = book.create_sheet(name_sheet(table.table))
    sheet["A1"], sheet["B1"], sheet["C1"] = LABEL, table.table, connection
    sheet["A1"].font = sheet["B1"].font = Font(bold=True)
    for row, remark in enumerate(REMARKS, 2):
        sheet.cell(row, 1, f"{render(remark, 'zh')} / {render(remark, 'en')}").font = Font(italic=True, color="808080")
    for column, (head, width) in enumerate(zip(HEADS, WIDTHS, strict=True), 1):
        cell = sheet.cell(FIRST_ROW - 1, column, head)
        cell.font, cell.fill = Font(bold=True), HEADING
        cell.alignment = Alignment(wrap_text=True)
        sheet.column_dimensions[chr(64 + column)].width = width
    rows = [*(_missing_row(entry) for entry in table.missing), *_known_rows(table)]
    for number, values in enumerate(rows, FIRST_ROW):
        for column, value in enumerate(values, 1):
            sheet.cell(number, column, value)
        for column in (1, 2):
            if values[column - 1] is None:
                sheet.cell(number, column).fill = TO_FILL
    last = FIRST_ROW + len(rows) + SPARE_ROWS
    for number in range(FIRST_ROW, last):
        sheet.cell(number, 1).number_format = sheet.cell(number, 2).number_format = "@"  # text: 0012 stays 0012
    sheet.freeze_panes = sheet.cell(FIRST_ROW, 1)
    if table.allowed:
        _add_choice(book, sheet, table, last)


def _missing_row(entry: CodeEntry) -> tuple[Any, ...]:
    several = {"codes": ", ".join(entry.codes)}
    state = "codes.state_ambiguous" if entry.codes else "codes.state_waits" if entry.waiting else "codes.state_missing"
    told = f"{render(state, 'zh', **several)} / {render(state, 'en', **several)}"
    sides = (entry.value, None) if entry.way == IN else (None, entry.value)
    return (*sides, told, *_usage(entry))


def _known_rows(table: TableSurvey) -> Iterator[tuple[Any, ...]]:
    for code, value in sorted(table.known.items()):
        entry = table.used.get(code)
        yield (code, value, "", *(_usage(entry) if entry is not None else ()))


def _usage(entry: CodeEntry) -> tuple[Any, ...]:
    money = ", ".join(format_money(amount, currency) for currency, amount in sorted(entry.amounts.items()))
    return entry.count, money, ", ".join(sorted(entry.fields)), ", ".join(entry.examples)


def _add_choice(book: Workbook, sheet: Any, table: TableSurvey, last: int) -> None:
    """A list to choose from; where the hub does not know every value, others may be typed as well."""
    if VALUES_SHEET not in book.sheetnames:
        book.create_sheet(VALUES_SHEET).sheet_state = "hidden"
    values: Any = book[VALUES_SHEET]
    column = values.max_column + (1 if values.cell(1, 1).value is not None else 0)
    for row, value in enumerate(table.allowed, 1):
        values.cell(row, column, value).number_format = "@"
    letter = values.cell(1, column).column_letter
    choice = DataValidation(
        type="list", formula1=f"='{VALUES_SHEET}'!${letter}$1:${letter}${len(table.allowed)}", allow_blank=True
    )
    choice.showErrorMessage = table.strict
    choice.add(f"B{FIRST_ROW}:B{last}")
    sheet.add_data_validation(choice)


# ---------------------------------------------------------------- reading

Wanted = dict[str, dict[str, str | None]]
"""table → code → value; None: the value of a known code was emptied."""


def read_book(path: Path, survey: CodeSurvey) -> Wanted:
    """What the workbook says. ``BookInvalid`` names sheet, row and cell of everything that cannot be meant so."""
    try:
        book = load_workbook(path, data_only=True)
    except FileNotFoundError as error:
        raise ConfigInvalid("codes.book_missing", file=path) from error
    except UNREADABLE as error:
        raise ConfigInvalid("codes.book_unreadable", file=path.name, what=type(error).__name__) from error
    tables = {table.table: table for table in survey.tables}
    wanted: Wanted = {}
    problems: list[BookProblem] = []
    for sheet in book.worksheets:
        if sheet.title.startswith("_"):
            continue
        reading = _Reading(sheet, tables)
        table, rows = reading.read()
        problems += reading.problems
        if table:
            wanted[table] = rows
    if problems:
        raise BookInvalid(path.name, problems)
    if not wanted:
        raise ConfigInvalid("codes.book_empty", file=path.name)
    return wanted


class _Reading:
    """One sheet."""

    def __init__(self, sheet: Any, tables: Mapping[str, TableSurvey]) -> None:
        self.sheet = sheet
        self.tables = tables
        self.problems: list[BookProblem] = []
        self.table = self._find_table()

    def _find_table(self) -> str:
        """The table's name stands beside its label; a sheet of one's own is named as the table is."""
        told = self.sheet["B1"].value if self.sheet["A1"].value == LABEL else self.sheet.title
        return str(told or self.sheet.title).strip()

    def read(self) -> tuple[str, dict[str, str | None]]:
        if self.table not in self.tables:
            self._note("B1", Phrase("codes.table_unknown", table=self.table, known=", ".join(self.tables) or "-"))
            return "", {}
        head = self._find_head()
        if head is None:
            self._note("A1", Phrase("codes.head_missing", code=HEADS[0], value=HEADS[1]))
            return "", {}
        rows: dict[str, str | None] = {}
        seen: dict[str, int] = {}
        for number in range(head + 1, self.sheet.max_row + 1):
            self._read_row(number, rows, seen)
        return self.table, rows

    def _find_head(self) -> int | None:
        for number in range(1, min(self.sheet.max_row, FIRST_ROW + 20) + 1):
            if (self.sheet.cell(number, 1).value, self.sheet.cell(number, 2).value) == HEADS[:2]:
                return number
        return None

    def _read_row(self, number: int, rows: dict[str, str | None], seen: dict[str, int]) -> None:
        code, value = self._read_code(number), self._read_value(number)
        if code is None:
            return  # empty, still missing, or told
        known = self.tables[self.table].known
        if value is None and code not in known:
            return  # still missing
        if code in rows and rows[code] != value:
            self._note(f"A{number}", Phrase("codes.code_twice", code=code, row=seen[code]))
            return
        rows[code], seen[code] = value, number

    def _read_code(self, number: int) -> str | None:
        raw = self.sheet.cell(number, 1).value
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        if isinstance(raw, str):
            return raw.strip()
        table = self.tables[self.table]
        text = str(raw)
        met = text in table.known or any(entry.way == IN and entry.value == text for entry in table.missing)
        if met and isinstance(raw, int) and not isinstance(raw, bool):
            return text
        self._note(f"A{number}", Phrase("codes.code_is_number", value=text))
        return None

    def _read_value(self, number: int) -> str | None:
        raw = self.sheet.cell(number, 2).value
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        text = raw.strip() if isinstance(raw, str) else repr(raw) if isinstance(raw, int | float) else str(raw)
        try:
            return check_code_value(self.tables[self.table].target, text)
        except ValueError:
            allowed = ", ".join(self.tables[self.table].allowed) or "-"
            self._note(f"B{number}", Phrase("codes.value_refused", value=text, allowed=allowed))
            return None

    def _note(self, cell: str, what: Phrase) -> None:
        self.problems.append(BookProblem(self.sheet.title, cell, what))
