"""The shared texts of a workbook, kept on disk: a large workbook must not become a large process."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from functools import lru_cache
from typing import IO
from xml.etree.ElementTree import Element, iterparse

_CACHED = 4_000
"""Texts kept in memory; the words that repeat in every row are among them."""


def local_name(tag: str) -> str:
    """The tag without its namespace, which differs between the two dialects of the standard."""
    return tag.rpartition("}")[2]


def join_texts(element: Element) -> str:
    """The text of a string item: its runs in order, without the reading aids (rPh)."""
    return "".join(_walk(element))


def _walk(element: Element) -> Iterator[str]:
    for child in element:
        name = local_name(child.tag)
        if name == "t":
            yield child.text or ""
        elif name != "rPh":
            yield from _walk(child)


class SharedTexts:
    """Texts by number. Close it when done."""

    def __init__(self, source: IO[bytes] | None) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the workbook is open
        self._ends = array("Q", [0])
        if source is not None:
            self._load(source)
        self.text_at = lru_cache(_CACHED)(self._read)

    def _load(self, source: IO[bytes]) -> None:
        root: Element | None = None
        for event, element in iterparse(source, events=("start", "end")):  # noqa: S314 - see workbook.py
            if root is None:
                root = element
            if event == "end" and local_name(element.tag) == "si":
                body = join_texts(element).encode()
                self._file.write(body)
                self._ends.append(self._ends[-1] + len(body))
                root.clear()

    def _read(self, number: int) -> str:
        start, end = self._ends[number], self._ends[number + 1]
        self._file.seek(start)
        return self._file.read(end - start).decode()

    def close(self) -> None:
        self._file.close()
