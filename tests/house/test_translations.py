"""A page and its translation have the same build: sections, points and rows of tables, so that neither says less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.source import ROOT

FOLDERS = ("docs/connectors", "docs/guides")
KNOWN = {
    "docs/connectors/tryton.md": "the Chinese page has a section of its own, and says less of the settings and tiers",
}
"""Pairs that differ, and why; one that no longer does is taken off."""
PAIRS = tuple(
    (path, path.with_name(path.name.replace(".zh.md", ".md")))
    for folder in FOLDERS
    for path in sorted((ROOT / folder).glob("*.zh.md"))
)
POINT = re.compile(r"\s*(?:[-*]|\d+\.) ")
Shape = tuple[int, int, int]


def read_shapes(text: str) -> list[Shape]:
    """(points, rows of tables, blocks) of each section, in order."""
    found, inside = [[0, 0, 0]], False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = not inside
            found[-1][2] += inside
        elif inside:
            continue
        elif re.match(r"#+ ", line):
            found.append([0, 0, 0])
        else:
            found[-1][0] += bool(POINT.match(line))
            found[-1][1] += line.startswith("|")
    return [(points, rows, blocks) for points, rows, blocks in found]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(("zh", "en"), PAIRS, ids=[name(en) for _, en in PAIRS])
def test_a_page_and_its_translation_have_the_same_build(zh: Path, en: Path) -> None:
    same = read_shapes(zh.read_text("utf-8")) == read_shapes(en.read_text("utf-8"))
    assert same == (name(en) not in KNOWN), "differs" if not same else "take it off KNOWN"


def test_what_is_left_out_is_seen() -> None:
    page = "# A\n\n- one\n- two\n\n## B\n\n| a |\n|---|\n| 1 |\n\n```\n- no point\n```\n"
    assert read_shapes(page) == [(0, 0, 0), (2, 0, 0), (0, 3, 1)]
    for gone in ("- two\n", "## B\n", "| 1 |\n", "```\n- no point\n```\n"):
        assert read_shapes(page.replace(gone, "")) != read_shapes(page)
