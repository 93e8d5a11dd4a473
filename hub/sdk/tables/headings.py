"""Which row holds the headings, and which rows below it are no records."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hub.errors import ConfigInvalid
from hub.sdk.tables.rows import Layout
from hub.sdk.tables.values import fold_text, looks_like_value

SEARCHED_ROWS = 40
_LONGEST_HEADING = 40
_FULL_SHARE = 0.6
"""A heading row names at least so many of the columns that the widest row has."""
_TOTAL = re.compile(
    r"(?:本?页?(?:合|总|小|累)计|本页(?:合|小)计|总额|合计金额|(?:sub|grand)?[\s-]*totals?|sum)(?:\s*[（(].{0,12}[)）])?[:：]?",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"(?:制表|填表|审核|复核|打印|导出|备注|说明|注|共\s*\d+\s*[条行页]|第\s*\d+\s*页"
    r"|page\s+\d+|printed|exported|prepared by|note)",
    re.IGNORECASE,
)

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Headings:
    """``row``: the last row of the headings, counted from 1. ``names``: one for each column, unique."""

    row: int
    names: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    """The heading rows as they stand there, to know them again."""


def find_headings(rows: Sequence[Cells], layout: Layout, file: str) -> Headings:
    """The headings among the first rows of a file. ``ConfigInvalid`` when there are none, naming the way out."""
    if layout.header_row is not None:
        if layout.header_row > len(rows) or not any(rows[layout.header_row - 1]):
            raise ConfigInvalid("tables.header_row_empty", file=file, row=layout.header_row)
        return _make_headings(rows, layout.header_row - 1)
    for at, cells in enumerate(rows):
        if layout.must_have and set(map(clean_heading, layout.must_have)) <= set(map(clean_heading, cells)):
            return _make_headings(rows, _go_down(rows, at))
    if layout.must_have:
        raise ConfigInvalid("tables.columns_missing", file=file, columns=", ".join(layout.must_have))
    width = max((_count(cells) for cells in rows), default=0)
    for at, cells in enumerate(rows):
        if _count(cells) >= max(min(2, width), _FULL_SHARE * width) and _are_headings(cells):
            return _make_headings(rows, _go_down(rows, at))
    raise ConfigInvalid("tables.no_headings", file=file)


def clean_heading(text: str) -> str:
    """The heading on one line, half-width; without marks that a mapping's paths could not quote."""
    return re.sub(r"\s+", " ", fold_text(text)).replace("'", "’").lstrip("*").strip()


def _count(cells: Cells) -> int:
    return sum(1 for text in cells if text)


def _are_headings(cells: Cells) -> bool:
    named = [clean_heading(text) for text in cells if text]
    return len(set(named)) > len(named) / 2 and all(_is_heading(text) for text in named)


def _is_heading(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_HEADING and not looks_like_value(text)


def _go_down(rows: Sequence[Cells], at: int) -> int:
    """A heading of two rows: groups above (merged cells), columns below; the lower row names what the groups hold."""
    if at + 1 >= len(rows):
        return at
    upper, lower = _spread(rows[at], rows[at + 1]), rows[at + 1]
    repeated = len(set(filter(None, upper))) < _count(upper)
    below = [text for text in lower if text]
    fits = repeated and below and all(_is_heading(clean_heading(text)) for text in below)
    return at + 1 if fits and _differs_under_groups(upper, lower) else at


def _spread(upper: Cells, lower: Cells) -> Cells:
    """A group's text over all its columns: files without merged cells show it over the first one only."""
    spread: list[str] = []
    for place, text in enumerate(upper):
        below = lower[place] if place < len(lower) else ""
        spread.append(text or (spread[-1] if below and spread else ""))
    return spread


def _differs_under_groups(upper: Cells, lower: Cells) -> bool:
    """Under each group (one text over several columns) stand different texts; under a single column the same text
    (merged downwards) or none."""
    groups: dict[str, list[str]] = {}
    for place, text in enumerate(upper):
        if text:
            groups.setdefault(text, []).append(lower[place] if place < len(lower) else "")
    several = [texts for texts in groups.values() if len(texts) > 1]
    single = [(name, texts[0]) for name, texts in groups.items() if len(texts) == 1]
    apart = all(len(set(texts)) == len(texts) and all(texts) for texts in several)
    return apart and all(text in ("", name) for name, text in single)


def _make_headings(rows: Sequence[Cells], at: int) -> Headings:
    upper = _spread(rows[at - 1], rows[at]) if at > 0 else ()
    grouped = at > 0 and _go_down(rows, at - 1) == at and _are_headings(rows[at - 1])
    names: list[str] = []
    for place, text in enumerate(rows[at]):
        above = upper[place] if grouped and place < len(upper) else ""
        names.append(_make_unique(clean_heading(text) or clean_heading(above) or letter_of(place), above, names))
    texts = (tuple(rows[at - 1]), tuple(rows[at])) if grouped else (tuple(rows[at]),)
    return Headings(at + 1, tuple(names), texts)


def _make_unique(name: str, above: str, taken: Sequence[str]) -> str:
    if name in taken and above:
        name = f"{clean_heading(above)} {name}"
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name} ({number})", number + 1
    return unique


def letter_of(place: int) -> str:
    """The column's letter as spreadsheets show it; ``place`` counts from 0."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def tell_no_record(cells: Cells, headings: Headings) -> str:
    """Why a row is no record (see ``Skipped``); empty for a record."""
    filled = [text for text in cells if text]
    if not filled:
        return "empty"
    if tuple(cells[: len(headings.names)]) in headings.texts:
        return "heading"
    words = [fold_text(text) for text in filled]
    totals = [word for word in words if _TOTAL.fullmatch(re.sub(r"\s+", "", word)) or _TOTAL.fullmatch(word)]
    if totals and all(word in totals or looks_like_value(word) for word in words):
        return "total"
    few = len(words) <= max(1, len(headings.names) // 3)
    if few and len(headings.names) > 2 and _NOTE.match(words[0]) and not looks_like_value(words[0]):
        return "note"
    return ""
