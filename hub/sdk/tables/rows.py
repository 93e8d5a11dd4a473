"""What every kind of file gives: rows of named cells, each of which knows where a person finds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.errors import MappingError

EXACT_DIGITS = 15
"""Spreadsheets keep so many digits of a number; what is longer is not what somebody typed."""


@dataclass(frozen=True, slots=True)
class CellProblem:
    """A cell, or with ``column`` empty a whole row, that cannot be read. ``error``: its code and text say why."""

    column: str
    error: MappingError


@dataclass(frozen=True, slots=True)
class Row:
    """One row of data. ``number`` counts from 1 as the program shows it that people open the file with; ``sheet`` is
    empty where the file has none. ``cells``: heading → text (JSONL: any JSON value, decimals exact); dates are ISO
    text, numbers plain digits, nothing is "". ``problems``: cells that cannot be read."""

    number: int
    cells: Mapping[str, Any]
    sheet: str = ""
    problems: tuple[CellProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row without a record: its ``number``, and ``why``: empty, total, heading (the heading row again) or note."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Layout:
    """What a person says about a file; what is left out is detected.

    ``encoding`` and ``delimiter`` are those of a CSV file, ``sheet`` names one of an XLSX file. ``must_have``: headings
    that the heading row has. ``header_row`` counts from 1.
    """

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int | None = None
    must_have: Sequence[str] = ()


@dataclass
class Facts:
    """What was found out about a file or sheet, and what reading it skipped so far.

    ``form`` is csv, xlsx or jsonl; ``encoding`` and ``delimiter`` belong to CSV, ``sheet`` and ``other_sheets`` to
    XLSX. ``header_row`` counts from 1 (0: none), ``columns`` are its headings. ``rows`` were read so far, ``skipped``
    counts rows that are no records by reason, ``samples`` are the first of them.
    """

    form: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int = 0
    columns: tuple[str, ...] = ()
    other_sheets: tuple[str, ...] = ()
    rows: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    samples: list[Skipped] = field(default_factory=list)

    def skip(self, number: int, why: str) -> None:
        """Count a row that is no record; the first twenty are kept by number."""
        self.skipped[why] = self.skipped.get(why, 0) + 1
        if why != "empty" and len(self.samples) < 20:
            self.samples.append(Skipped(number, why))
