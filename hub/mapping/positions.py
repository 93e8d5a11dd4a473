"""Finds the line of each key of a TOML text, because TOML readers forget it."""

from __future__ import annotations

import re
from collections.abc import Mapping

_KEY = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+)"""
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]\]?")
_ASSIGNMENT = re.compile(rf"\s*({_DOTTED})\s*=(.*)")
_FENCE = re.compile(r'"""|\'\'\'')


def scan_positions(text: str) -> Mapping[tuple[str, ...], int]:
    """Key path → line, counted from 1, for every table header and every key that starts a line."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if header := _HEADER.match(line):
            table = _split(header[1])
            _note(found, table, 1, number)
        elif assignment := _ASSIGNMENT.match(line):
            path = (*table, *_split(assignment[1]))
            _note(found, path, len(table) + 1, number)
            fences = _FENCE.findall(assignment[2])
            fence = fences[0] if len(fences) % 2 else ""
    return found


def _note(found: dict[tuple[str, ...], int], path: tuple[str, ...], shortest: int, number: int) -> None:
    """A key also opens the tables around it that no line opened before."""
    for length in range(shortest, len(path) + 1):
        found.setdefault(path[:length], number)


def find_line(positions: Mapping[tuple[str, ...], int], path: tuple[str, ...]) -> int:
    """The line of the path, or of the nearest thing around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in positions:
            return positions[path[:length]]
    return 1


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_KEY, dotted))
