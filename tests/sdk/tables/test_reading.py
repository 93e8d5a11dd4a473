from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hub.errors import ConfigInvalid
from hub.sdk.tables import Facts, Layout, Row, open_table

USCC = "91310115591693856A"
TEXT = "编号,客户名称,地址\r\n0012,华信电子有限公司,上海市浦东新区张江路88号\r\n0013,恒力机械有限公司,苏州市\r\n"


def read(path: Path, **layout: Any) -> tuple[list[Row], Facts]:
    with open_table(path, Layout(**layout)) as table:
        return list(table.read_rows()), table.facts


def codes(row: Row) -> dict[str, str]:
    return {problem.column: problem.error.code for problem in row.problems}


@pytest.mark.parametrize(
    ("codec", "label"),
    [
        ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 (BOM)"), ("gbk", "GBK"), ("utf-16", "UTF-16 LE"),
        ("utf-16-le", "UTF-16 LE"), ("utf-16-be", "UTF-16 BE"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_encoding_and_delimiter_are_found(tmp_path: Path, codec: str, label: str, delimiter: str):
    path = tmp_path / "list.csv"
    path.write_bytes(TEXT.replace(",", delimiter).encode(codec))
    rows, facts = read(path)
    assert (facts.encoding, facts.delimiter) == (label, delimiter)
    assert facts.columns == ("编号", "客户名称", "地址")
    assert [(row.number, row.cells["编号"]) for row in rows] == [(2, "0012"), (3, "0013")]


def test_a_character_that_only_gb18030_has(tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_bytes(TEXT.replace("恒力", "㐀𠀀恒力").encode("gb18030"))
    rows, facts = read(path)
    assert facts.encoding == "GB18030"
    assert rows[1].cells["客户名称"].startswith("㐀𠀀")


def test_a_western_text_is_not_taken_for_chinese(tmp_path: Path):
    path = tmp_path / "list.csv"
    lines = ["Nummer;Name;Straße", *[f"{n};Bäckerei Müßig & Söhne {n};Königsallee {n}" for n in range(40)]]
    path.write_bytes("\n".join(lines).encode("cp1252"))
    rows, facts = read(path)
    assert facts.columns[2] == "Straße"
    assert rows[0].cells["Name"] == "Bäckerei Müßig & Söhne 0"


def test_a_declared_encoding_that_does_not_fit_is_refused(tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_bytes(TEXT.encode("gbk"))
    with pytest.raises(ConfigInvalid) as refused:
        read(path, encoding="utf-8")
    assert refused.value.code == "tables.encoding_broken"


def test_titles_totals_notes_and_repeated_headings_are_no_records(tmp_path: Path):
    path = tmp_path / "list.csv"
    lines = [
        "客户清单,,,", "导出时间：2026-01-05,,,", "编号,名称,电话,余额", "0012,华信,021-5555,12.00", ",,,",
        "小计,,,12.00",
        "编号,名称,电话,余额", "0013,恒力,,7.00", "合 计：,,,19.00", "制表人：张三,,,",
    ]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    rows, facts = read(path)
    assert [row.number for row in rows] == [4, 8]
    assert facts.header_row == 3
    assert facts.skipped == {"empty": 1, "total": 2, "heading": 1, "note": 1}


def test_headings_of_two_rows_become_one(tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text("编号,名称,联系方式,,备注\n,,电话,邮箱,\n0012,华信,021-5555,a@example.com,\n", encoding="utf-8")
    assert read(path)[1].columns == ("编号", "名称", "电话", "邮箱", "备注")


def test_rows_that_cannot_be_read_are_named_and_the_rest_goes_on(tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text("编号,名称,身份证\n1,甲,a\n2,乙,丙,错位\n3,丁,1.10101E+17\n4,戊,b\n", encoding="utf-8")
    rows, _ = read(path)
    assert [codes(row) for row in rows] == [{}, {"": "tables.too_many_cells"}, {"身份证": "tables.digits_lost"}, {}]
    assert [row.number for row in rows] == [2, 3, 4, 5]


def test_a_declared_heading_row_wins(tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text("a,b\nc,d\ne,f\n", encoding="utf-8")
    assert read(path, header_row=2)[1].columns == ("c", "d")
    assert read(path, must_have=["e"])[1].header_row == 3
    with pytest.raises(ConfigInvalid) as refused:
        read(path, must_have=["x"])
    assert refused.value.code == "tables.columns_missing"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Titles, merged cells, codes as numbers, dates in three forms, a formula that nobody calculated."""
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    assert sheet is not None
    sheet.title = "订单"
    sheet.append(["销售订单导出"])
    sheet.merge_cells("A1:F1")
    sheet.append(["订单号", "统一社会信用代码", "日期", "数量", "税率", "证件号"])
    sheet.append([12, USCC, datetime(2026, 1, 5), 1.1, 0.13, "110101199003071234"])
    sheet.append([None, None, "2026.1.6", 435.00000000000006, "13%", 110101199003071234])
    sheet.append([14, USCC, 46027, "=1+1", 0.06, None])
    sheet["A3"].number_format = "000000"
    sheet["E3"].number_format = "0%"
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("B3:B4")
    sheet.append(["合计", None, None, 5])
    hidden = workbook.create_sheet("参数", 0)
    hidden.append(["x", "y"])
    hidden.sheet_state = "hidden"
    path = tmp_path / "book.xlsx"
    workbook.save(path)
    return path


def test_codes_of_a_workbook_keep_what_their_cells_show(book: Path):
    rows, facts = read(book)
    assert (facts.sheet, facts.header_row) == ("订单", 2)
    assert rows[0].cells == {
        "订单号": "000012", "统一社会信用代码": USCC, "日期": "2026-01-05", "数量": "1.1", "税率": "13%",
        "证件号": "110101199003071234",
    }  # fmt: skip
    assert (rows[1].cells["订单号"], rows[1].cells["统一社会信用代码"]) == ("000012", USCC)
    assert rows[1].cells["数量"] == "435"
    assert facts.skipped == {"total": 1}


def test_lost_digits_and_formulas_without_a_value_are_refused(book: Path):
    rows, _ = read(book)
    assert codes(rows[0]) == {}
    assert codes(rows[1]) == {"证件号": "tables.digits_lost"}
    assert codes(rows[2]) == {"数量": "tables.formula_unknown"}


def test_another_sheet_can_be_named(book: Path):
    assert read(book, sheet="参数")[1].columns == ("x", "y")
    with pytest.raises(ConfigInvalid) as refused:
        read(book, sheet="没有")
    assert refused.value.code == "tables.sheet_unknown"


def test_what_is_no_workbook_is_said_in_a_sentence(tmp_path: Path):
    path = tmp_path / "old.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0 an old .xls")
    with pytest.raises(ConfigInvalid) as refused:
        read(path)
    assert refused.value.code == "tables.workbook_broken"


def test_json_lines(tmp_path: Path):
    path = tmp_path / "list.jsonl"
    path.write_text(
        '{"id": "0012", "price": 1.10}\n\n[1]\n{broken\n{"id": 1e99999999999999999999}\n{"id": "0013"}\n',
        encoding="utf-8",
    )
    rows, facts = read(path)
    assert facts.columns == ("id", "price")
    assert [(row.number, codes(row)) for row in rows] == [
        (1, {}), (3, {"": "tables.not_an_object"}), (4, {"": "tables.row_broken"}),
        (5, {"": "tables.row_broken"}), (6, {}),
    ]  # fmt: skip
    assert str(rows[0].cells["price"]) == "1.10"


@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_quotation_that_nobody_closes_swallows_no_rows_in_silence(tmp_path: Path, ending: str):
    path = tmp_path / "list.csv"
    path.write_text(f'no,name\n1,a\n2,"Acme 3" pipe\n3,"two\nlines"\n4,"open\n5,b\n6,c{ending}', encoding="utf-8")
    rows, _ = read(path)
    assert [row.cells.get("no") for row in rows[:3]] == ["1", "2", "3"]
    assert [codes(row) for row in rows[3:]] == [{"": "tables.quote_open"}]


def test_the_last_row_needs_no_end_of_line(tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text('no,name\n1,"a"\n2,"b"', encoding="utf-8")
    rows, _ = read(path)
    assert [(row.cells["no"], row.cells["name"], row.problems) for row in rows] == [("1", "a", ()), ("2", "b", ())]
