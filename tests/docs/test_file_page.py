"""The pages about files, followed line by line in an empty home with one list in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.sdk.tables import open_table, write_table
from tests.docs.newcomer import Newcomer
from tests.docs.pages import list_commands, list_mentions

PAGE, CHINESE = "docs/connectors/file.md", "docs/connectors/file.zh.md"
NEEDS = {"isthmus sync sweep": "isthmus sync sweep old"}
"""What a sentence names without its arguments."""


@pytest.mark.slow
def test_the_page_works_as_it_stands(tmp_path: Path):
    for name in ("lists", "clean"):
        (tmp_path / name).mkdir()
    rows = [("0012", "海岳精密机械有限公司", "021-55550100"), ("0013", "华信电子有限公司", ""), ("", "nobody", "")]
    write_table(tmp_path / "lists" / "customers.csv", ["number", "company", "phone"], rows)
    visitor = Newcomer(tmp_path, [], "file")
    said = {}
    for command in list_commands(PAGE, "isthmus"):
        said[command] = visitor.type(NEEDS.get(command, command).removeprefix("isthmus "))
    assert "headings in row 1" in said["isthmus connection check old"]
    assert "company" in said["isthmus mapping suggest old"]
    assert "2 new" in said["isthmus sync run old"]
    assert "customers.csv, row 4, column number" in said["isthmus todo"]
    with open_table(tmp_path / "demo-home" / "out" / "clean.xlsx") as table:
        assert sum(1 for _ in table.read_rows()) > 0


def test_both_languages_show_the_same():
    assert list_commands(PAGE, "isthmus") == list_commands(CHINESE, "isthmus")
    keys = [text for text in list_mentions(PAGE) if text.isidentifier()]
    assert set(keys) <= {*list_mentions(CHINESE), "number"}
