from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.file.config import FileConfig
from hub.errors import ConfigInvalid, Transient
from hub.sdk import SourceRecord
from tests.connectors.file.desk import make_connector, make_reader, read_records


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def ids(records: list[SourceRecord]) -> list[str]:
    return [record.external_id for record in records]


def whole(record: SourceRecord) -> tuple[str, int, str]:
    """Code, row and column of what makes a record unreadable."""
    (broken,) = [item for item in record.unreadable if item.whole]
    return broken.error.code, broken.place.row, broken.column


@pytest.fixture
def connectors():
    """Connectors to close."""
    made: list[Any] = []

    def keep(connector: Any) -> Any:
        made.append(connector)
        return connector

    yield keep
    for connector in made:
        connector.close()


def test_each_row_is_a_record_with_its_place(tmp_path: Path, connectors: Any):
    write(tmp_path / "list.csv", "编号,名称,电话", "0012,华信,", "0013,恒力,021-5555")
    reader = connectors(make_reader(tmp_path, files="*.csv", key="编号"))
    one, two = read_records(reader, "account")
    assert (one.external_id, one.payload) == ("0012", {"编号": "0012", "名称": "华信", "_key": "0012"})
    assert two.payload["电话"] == "021-5555"
    assert (two.places[""].file, two.places[""].row) == ("list.csv", 3)
    assert reader.streams()["account"].fetch("0013").payload == two.payload
    assert reader.streams()["account"].fetch("0014") is None


def test_a_key_of_several_columns(tmp_path: Path, connectors: Any):
    write(tmp_path / "list.csv", "名称,电话", "华信,1", "华信,2")
    reader = connectors(make_reader(tmp_path, files="*.csv", key="名称 + 电话"))
    assert ids(read_records(reader, "account")) == ["华信 | 1", "华信 | 2"]


def test_rows_that_are_no_record_are_named_and_the_rest_goes_on(tmp_path: Path, connectors: Any):
    write(tmp_path / "list.csv", "编号,名称", "1,甲", ",无", "1,乙", "1,甲", "2,丙,错位", "3,丁")
    reader = connectors(make_reader(tmp_path, files="*.csv", key="编号"))
    records = read_records(reader, "account")
    assert ids(records) == ["1", "list.csv#3", "list.csv#4", "list.csv#6", "3"]
    refused = [whole(record) for record in records if record.unreadable]
    assert refused == [
        ("file.key_empty", 3, "编号"), ("file.key_twice", 4, "编号"), ("tables.too_many_cells", 6, ""),
    ]  # fmt: skip


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, connectors: Any):
    write(tmp_path / "a.csv", "编号,名称", "1,甲")
    (tmp_path / "b.xlsx").write_bytes(b"no workbook")
    write(tmp_path / "c.csv", "code,name", "1,x")
    reader = connectors(make_reader(tmp_path, files="*", key="编号"))
    found = {record.external_id: record for record in read_records(reader, "account")}
    assert set(found) == {"1", "b.xlsx#0", "c.csv#0"}
    assert whole(found["b.xlsx#0"])[0] == "tables.workbook_broken"
    assert whole(found["c.csv#0"])[0] == "tables.columns_missing"


def test_a_cell_that_lost_digits_matters_only_where_it_is_needed(tmp_path: Path, connectors: Any):
    write(tmp_path / "list.csv", "编号,名称,证件号", "1,甲,1.10101E+17")
    (record,) = read_records(connectors(make_reader(tmp_path, files="*.csv", key="编号")), "account")
    assert record.payload["名称"] == "甲"
    (cell,) = record.unreadable
    assert (cell.whole, cell.column, cell.error.code) == (False, "证件号", "tables.digits_lost")


def test_of_two_files_the_one_that_was_saved_last_counts(tmp_path: Path, connectors: Any):
    old, new = tmp_path / "2026-02.csv", tmp_path / "2026-01.csv"
    write(old, "编号,名称", "1,旧", "2,仅旧")
    write(new, "编号,名称", "1,新")
    past = datetime.now(UTC).timestamp() - 1000
    os.utime(old, (past, past))
    records = {row.external_id: row.payload["名称"] for row in read_records(_reader(tmp_path, connectors), "account")}
    assert records == {"1": "新", "2": "仅旧"}


def _reader(folder: Path, connectors: Any, **more: Any) -> Any:
    return connectors(make_reader(folder, files="*.csv", key="编号", **more))


def test_only_files_that_changed_are_read_again(tmp_path: Path, connectors: Any):
    write(tmp_path / "list.csv", "编号,名称", "1,甲")
    stream = _reader(tmp_path, connectors).streams()["account"]
    later = datetime.now(UTC) + timedelta(hours=1)
    assert stream.read_page(later, None, 10).records == ()
    assert len(stream.read_page(later - timedelta(hours=2), None, 10).records) == 1


def test_reading_goes_on_behind_a_position_in_another_process(tmp_path: Path, connectors: Any):
    write(tmp_path / "list.csv", "编号,名称", *(f"{number},名{number}" for number in range(7)))
    first = _reader(tmp_path, connectors).streams()["account"].read_page(None, None, 3)
    second = _reader(tmp_path, connectors).streams()["account"].read_page(None, first.position, 3)
    third = _reader(tmp_path, connectors).streams()["account"].read_page(None, second.position, 3)
    assert [ids(list(page.records)) for page in (first, second, third)] == [
        ["0", "1", "2"], ["3", "4", "5"], ["6"],
    ]  # fmt: skip
    assert third.position is None


def test_a_file_that_changes_between_two_pages_is_read_from_its_start(tmp_path: Path, connectors: Any):
    path = write(tmp_path / "list.csv", "编号,名称", "1,甲", "2,乙", "3,丙")
    stream = _reader(tmp_path, connectors).streams()["account"]
    page = stream.read_page(None, None, 2)
    write(path, "编号,名称", "0,新", "1,甲", "2,乙", "3,丙")
    assert ids(list(stream.read_page(None, page.position, 10).records)) == ["0", "1", "2", "3"]


def test_lines_become_documents_whatever_lies_between_them(tmp_path: Path, connectors: Any):
    rows = [
        "单号,客户,品名,数量", "A1,甲,轴承,1", "A2,乙,导轨,2", "小计,,,3", "单号,客户,品名,数量",
        ",,电机,3", "A1,甲,丝杠,4", "合计,,,10",
    ]  # fmt: skip
    write(tmp_path / "orders.csv", *rows)
    reader = connectors(make_reader(tmp_path, "order", files="*.csv", key="单号"))
    one, two = read_records(reader, "order", limit=1)
    assert (one.external_id, [row["品名"] for row in one.payload["_rows"]]) == ("A1", ["轴承", "丝杠"])
    assert (two.external_id, [row["品名"] for row in two.payload["_rows"]]) == ("A2", ["导轨", "电机"])
    assert [row["_line"] for row in two.payload["_rows"]] == ["1", "2"]
    assert two.places["2"].row == 6


def test_rows_of_a_document_that_contradict_each_other_are_refused(tmp_path: Path, connectors: Any):
    write(tmp_path / "orders.csv", "单号,客户,数量", "A1,甲,1", "A1,乙,2")
    reader = connectors(make_reader(tmp_path, "order", files="*.csv", key="单号", same="客户"))
    (record,) = read_records(reader, "order")
    assert whole(record) == ("file.rows_differ", 3, "客户")


def test_documents_and_lines_on_two_sheets(tmp_path: Path, connectors: Any):
    book = openpyxl.Workbook()
    heads, lines = book.active, book.create_sheet("明细")
    assert heads is not None
    heads.title = "单据"
    for row in (["单号", "客户"], ["A1", "甲"], ["A2", "乙"]):
        heads.append(row)
    for row in (["单号", "品名"], ["A2", "导轨"], ["A1", "轴承"], ["A1", "丝杠"], ["A9", "无头"]):
        lines.append(row)
    book.save(tmp_path / "orders.xlsx")
    stream = {"files": "*.xlsx", "key": "单号", "sheet": "单据", "lines_sheet": "明细"}
    found = {
        row.external_id: row for row in read_records(connectors(make_reader(tmp_path, "order", **stream)), "order")
    }
    assert [line["品名"] for line in found["A1"].payload["_rows"]] == ["轴承", "丝杠"]
    assert found["A1"].payload["客户"] == "甲"
    assert found["A2"].places["1"].sheet == "明细"
    assert whole(found["A9"])[0] == "file.header_missing"


def test_only_the_named_columns_make_a_record(tmp_path: Path, connectors: Any):
    write(tmp_path / "orders.csv", "单号,客户,税号", "A1,甲,9", "A2,甲,9", "A3,乙,")
    stream = {"files": "*.csv", "key": "客户", "columns": "客户 + 税号"}
    records = read_records(connectors(make_reader(tmp_path, **stream)), "account")
    assert [record.payload for record in records] == [
        {"客户": "甲", "税号": "9", "_key": "甲"}, {"客户": "乙", "_key": "乙"},
    ]  # fmt: skip


def test_without_a_key_nothing_is_read_and_check_names_the_columns(tmp_path: Path, connectors: Any):
    write(tmp_path / "list.csv", "编号,名称,等级", "1,甲,A", "2,乙,A")
    reader = connectors(make_reader(tmp_path, files="*.csv"))
    with pytest.raises(ConfigInvalid) as refused:
        reader.streams()["account"].read_page(None, None, 10)
    assert refused.value.code == "file.key_missing"
    (item,) = reader.check()
    assert (item.code, item.params["unique"]) == ("file.key_open", "编号, 名称")


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"folder": "lists", "streams": {"account": {"files": "*.csv", "key": "编号"}}}, "file.folder_relative"),
        ({"folder": "{}/gone", "streams": {"account": {"files": "*.csv", "key": "编号"}}}, "file.folder_missing"),
        ({"folder": "{}", "streams": {"account": {"files": "*.xlsx", "key": "编号"}}}, "file.no_file"),
        ({"folder": "{}", "streams": {"account": {"files": "*.csv", "key": "没有"}}}, "tables.columns_missing"),
        ({"folder": "{}", "streams": {"customer": {"files": "*.csv", "key": "编号"}}}, "file.kind_unknown"),
        ({}, "file.nothing_to_do"),
    ],
)  # fmt: skip
def test_check_says_what_is_wrong(tmp_path: Path, connectors: Any, config: dict[str, Any], code: str):
    write(tmp_path / "list.csv", "编号,名称", "1,甲")
    if "{}" in config.get("folder", ""):
        config = {**config, "folder": config["folder"].format(tmp_path)}
    items = connectors(make_connector(FileConfig.model_validate(config))).check()
    assert code in [item.code for item in items if not item.ok]


def test_a_share_that_is_away_is_tried_again(tmp_path: Path, connectors: Any):
    reader = connectors(make_reader(tmp_path / "away", files="*.csv", key="编号"))
    with pytest.raises(Transient) as away:
        reader.streams()["account"].read_page(None, None, 10)
    assert away.value.code == "file.folder_missing"


def test_what_a_program_has_open_beside_the_file_is_no_list(tmp_path: Path, connectors: Any):
    write(tmp_path / "list.csv", "编号,名称", "1,甲")
    write(tmp_path / "~$list.csv", "x")
    write(tmp_path / ".list.csv", "x")
    assert ids(read_records(_reader(tmp_path, connectors), "account")) == ["1"]
