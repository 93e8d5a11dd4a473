"""Where a person finds what could not be taken in: file, sheet, row and column, as part of a sentence."""

from __future__ import annotations

import re
from typing import Any

from hub.locale import Phrase, keep_params
from hub.mapping import Problem
from hub.sdk import Place, SourceRecord, Unreadable

_LINE = re.compile(r"\w+\[(.*)\]\.")


def find_unreadable(source: SourceRecord) -> Unreadable | None:
    """Why the record as a whole cannot be read, if it cannot."""
    return next((broken for broken in source.unreadable if broken.whole), None)


def tell_unreadable(broken: Unreadable) -> tuple[str, dict[str, Any]]:
    """Code and parameters of the sentence that names the place."""
    why = Phrase(broken.error.code, **broken.error.params)
    vendor = broken.error.vendor
    return _tell(broken.place, broken.column, Phrase("sync.place_words", text=why, words=vendor) if vendor else why)


def tell_problem(source: SourceRecord, problem: Problem) -> tuple[str, dict[str, Any]]:
    """The same for a value that the mapping cannot translate; without a place the sentence of the mapping alone."""
    line = _LINE.match(problem.field)
    place = source.places.get(line[1] if line else "") or source.places.get("")
    if place is None:
        return "sync.cannot_read", keep_params({"problem": problem.phrase(), "field": problem.field})
    cells = (broken for broken in source.unreadable if broken.place == place and broken.column == problem.path)
    cell = next(cells, None)
    if cell is not None:
        return tell_unreadable(cell)
    # What a function of the connector says of a value is a sentence by itself; the rule around it tells no more.
    words = problem.params.get("what")
    return _tell(place, problem.path, words if isinstance(words, Phrase) else problem.phrase())


def _tell(place: Place, column: str, problem: str) -> tuple[str, dict[str, Any]]:
    where = (
        Phrase("sync.place_file", file=place.file)
        if not place.row
        else Phrase("sync.place_sheet", file=place.file, sheet=place.sheet, row=place.row)
        if place.sheet
        else Phrase("sync.place_row", file=place.file, row=place.row)
    )
    params = {"place": where, "column": column, "problem": problem, "file": place.file, "row": str(place.row)}
    code = "sync.cannot_read_cell" if column else "sync.cannot_read_row"
    return code, keep_params({**params, "sheet": place.sheet})
