from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk.tables import defuse_text, open_table, write_table

COLUMNS = ("编号", "名称", "金额", "日期", "证件号")
ROWS = [
    ("0012", "华信电子", Decimal("1234.50"), date(2026, 1, 5), "110101199003071234"),
    ("0013", "=HYPERLINK(1)", Decimal("-0.5"), None, "+86 21 5555"),
]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "jsonl"])
def test_what_is_written_reads_back(tmp_path: Path, suffix: str):
    path = tmp_path / f"out.{suffix}"
    write_table(path, COLUMNS, ROWS)
    with open_table(path) as table:
        found = [list(row.cells.values()) for row in table.read_rows()]
        assert table.facts.columns == COLUMNS
    shown = [[text or "" for text in row] for row in found]
    assert [row[:2] + row[3:] for row in shown] == [
        ["0012", "华信电子", "2026-01-05", "110101199003071234"], ["0013", "=HYPERLINK(1)", "", "+86 21 5555"],
    ]  # fmt: skip
    assert [Decimal(row[2]) for row in shown] == [Decimal("1234.5"), Decimal("-0.5")]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_no_cell_of_a_csv_is_calculated(tmp_path: Path):
    path = tmp_path / "out.csv"
    write_table(path, COLUMNS, ROWS)
    line = path.read_text(encoding="utf-8-sig").splitlines()[2]
    assert line == "0013,'=HYPERLINK(1),-0.5,,'+86 21 5555"


def test_no_cell_of_a_workbook_is_calculated(tmp_path: Path):
    path = tmp_path / "out.xlsx"
    write_table(path, COLUMNS, ROWS)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert (sheet["B3"].value, sheet["B3"].data_type) == ("=HYPERLINK(1)", "s")
    assert sheet["E2"].data_type == "s"
    assert sheet["C2"].data_type == "n"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "out.csv"
    write_table(path, COLUMNS, ROWS)
    before = path.read_bytes()

    def break_off():
        yield ROWS[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_table(path, COLUMNS, break_off())
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@given(st.text(min_size=1).filter(lambda text: text == text.strip() and "\x00" not in text))
def test_texts_survive_being_defused(text: str):
    from hub.sdk.tables.delimited import _clean

    plain = defuse_text(text)
    assert not plain.startswith(("=", "@"))
    if not text.startswith(('="', "\ufeff")) and "\u00a0" not in text and not text.endswith("\ufeff"):
        assert _clean(plain) == text
