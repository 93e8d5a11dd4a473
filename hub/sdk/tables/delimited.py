"""CSV in all its forms: encoding and delimiter found, headings found, one pass in flat memory."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from hub.errors import ConfigInvalid, MappingError
from hub.sdk.tables.encoding import Encoding, detect_encoding, name_encoding
from hub.sdk.tables.headings import SEARCHED_ROWS, Headings, find_headings, tell_no_record
from hub.sdk.tables.rows import CellProblem, Facts, Layout, Row

DELIMITERS = (",", "\t", ";", "|", "，")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_LOST_DIGITS = re.compile(r"\d(?:\.\d+)?E\+\d{2}", re.IGNORECASE)
"""How Excel shows a number of twelve digits and more, and saves it as CSV."""


class DelimitedTable:
    """A CSV file, open for reading as often as wanted."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path = path
        self._encoding = name_encoding(path, layout.encoding) if layout.encoding else detect_encoding(path)
        self._delimiter = layout.delimiter or find_delimiter(path, self._encoding)
        first = list(islice(self._read_cells(), SEARCHED_ROWS))
        texts = [cells for _, cells, _ in first]
        self._headings = find_headings(texts, layout, path.name)
        self.facts = Facts(
            "csv", self._encoding.label, self._delimiter, header_row=self._headings.row, columns=self._headings.names
        )

    def read_rows(self) -> Iterator[Row]:
        """Every record from the first to the last; a row that cannot be read carries its problem."""
        self.facts.rows, self.facts.skipped, self.facts.samples = 0, {}, []
        for number, cells, broken in self._read_cells():
            if number <= self._headings.row:
                continue
            why = "" if broken else tell_no_record(cells, self._headings)
            if why:
                self.facts.skip(number, why)
                continue
            self.facts.rows += 1
            yield _make_row(number, cells, self._headings, broken)

    def _read_cells(self) -> Iterator[tuple[int, list[str], MappingError | None]]:
        """(row, cells, what is wrong with the row); rows count from 1, as a spreadsheet would show them."""
        with self._path.open(encoding=self._encoding.codec, newline="") as file:
            first = next(file, "")
            hint = first.lower().startswith("sep=")  # for Excel: a row, but none of the table's
            number = 1 if hint else 0
            lines = _Lines(file if hint else chain([first], file))
            reader = csv.reader(lines, delimiter=self._delimiter)
            while True:
                number += 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield number, [], MappingError("tables.row_broken", vendor=str(error))
                    reader = csv.reader(lines, delimiter=self._delimiter)
                    continue
                if lines.ended:  # it came only because the file did, inside a quotation that took in all rows after it
                    yield number, [], MappingError("tables.quote_open")
                    return
                yield number, [_clean(text) for text in cells], None


class _Lines:
    """The lines of a file, and whether somebody asked for one more."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            return line
        self.ended = True
        raise StopIteration


def _clean(text: str) -> str:
    """Without spaces at the ends, and without the apostrophe that keeps a spreadsheet from calculating the text."""
    plain = text.replace("\u00a0", " ").strip().strip("\ufeff")
    if len(plain) > 1 and plain[0] == "'" and plain[1] in FORMULA_STARTS:
        return plain[1:]
    if plain.startswith('="') and plain.endswith('"'):  # how people make Excel keep the zeros of a code
        return plain[2:-1]
    return plain


def _make_row(number: int, cells: Sequence[str], headings: Headings, broken: MappingError | None) -> Row:
    names = headings.names
    if broken is not None:
        return Row(number, {}, problems=(CellProblem("", broken),))
    problems = [
        CellProblem(name, MappingError("tables.digits_lost", value=text))
        for name, text in zip(names, cells, strict=False)
        if _LOST_DIGITS.fullmatch(text)
    ]
    if any(cells[len(names) :]):
        wrong = MappingError("tables.too_many_cells", found=len(cells), wanted=len(names))
        problems.insert(0, CellProblem("", wrong))
    padded = [*cells, *[""] * (len(names) - len(cells))]
    return Row(number, dict(zip(names, padded, strict=False)), problems=tuple(problems))


def find_delimiter(path: Path, encoding: Encoding) -> str:
    """The delimiter under which most of the first rows have the same number of cells, at least two; a comma for a
    file of one column. ``ConfigInvalid`` for an empty file."""
    with path.open(encoding=encoding.codec, newline="") as file:
        first = file.readline()
        lines = [line for line in [first, *islice(file, 200)] if line.strip()]
    if not lines:
        raise ConfigInvalid("tables.file_empty", file=path.name)
    if first.lower().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[-1]
    scores = {delimiter: _score(lines, delimiter) for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best] > (0.0, 0) else ","


def _score(lines: Sequence[str], delimiter: str) -> tuple[float, int]:
    """(share of rows with the commonest number of cells, that number)."""
    try:
        widths = Counter(len(cells) for cells in csv.reader(lines, delimiter=delimiter) if any(cells))
    except csv.Error:
        return 0.0, 0
    several = {width: count for width, count in widths.items() if width > 1}
    if not several:
        return 0.0, 0
    width = max(several, key=lambda found: (several[found], found))
    share = several[width] / widths.total()
    return (round(share, 1), width) if share >= 0.4 else (0.0, 0)
