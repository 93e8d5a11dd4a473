"""The lists that the hub keeps: what people open, and what two processes may do at once."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.file.config import FileConfig
from connectors.file.connector import FileConnector
from connectors.file.ledger import Entry, Ledger
from hub.errors import Duplicate, Stale, Transient
from hub.runtime.clock import SystemClock
from hub.sdk import Draft, Tools, Written
from hub.sdk.tables import open_table
from tests.connectors.file.desk import make_connector

NAME = "海岳精密机械有限公司"


def make_writer(folder: Path, **outputs: Any) -> FileConnector:
    given = outputs or {"account": {"file": "客户.csv"}}
    return make_connector(FileConfig.model_validate({"out": str(folder), "outputs": given}))


def create(connector: FileConnector, ref: str, kind: str = "account", **payload: Any) -> Written:
    (result,) = connector.sinks()[kind].create([Draft(ref, payload)])
    assert isinstance(result, Written)
    return result


def read(path: Path) -> list[dict[str, Any]]:
    with open_table(path) as table:
        return [dict(row.cells) for row in table.read_rows()]


def test_a_record_is_there_once_for_its_reference(tmp_path: Path):
    writer = make_writer(tmp_path)
    create(writer, "R1", name=NAME, number="0012")
    (again,) = writer.sinks()["account"].create([Draft("R1", {"name": "二"})])
    assert isinstance(again, Duplicate)
    (found,) = writer.sinks()["account"].find("R1")
    assert found.payload["name"] == NAME
    writer.close()
    (row,) = read(tmp_path / "客户.csv")
    assert (row["客户编码"], row["客户名称"], row["系统标识"]) == ("0012", NAME, "R1")


def test_a_change_names_the_version_that_it_saw(tmp_path: Path):
    writer = make_writer(tmp_path)
    made = create(writer, "R1", name=NAME, phone="1")
    changed = writer.sinks()["account"].patch(made.external_id, {"phone": "2"}, if_version=made.version)
    with pytest.raises(Stale):
        writer.sinks()["account"].patch(made.external_id, {"phone": "3"}, if_version=made.version)
    writer.close()
    assert read(tmp_path / "客户.csv")[0]["电话"] == "2"
    assert changed.version is not None
    assert made.version is not None
    assert changed.version > made.version


def test_lines_are_rows_and_customers_are_named(tmp_path: Path):
    writer = make_writer(
        tmp_path,
        account={"file": "a.xlsx", "headings": "en"}, order={"file": "o.xlsx", "headings": "en"},
    )  # fmt: skip
    customer = create(writer, "A1", name=NAME)
    lines = [{"text": "轴承", "quantity": "3", "unit_price": "12.5"}, {"text": "=1+1", "quantity": "1"}]
    order = create(
        writer, "O1", "order", customer=customer.external_id, ordered_on="2026-01-05", currency="CNY", lines=lines
    )
    kept = writer.sinks()["order"].find("O1")[0].payload["lines"]
    assert [line["_line"] for line in kept] == ["1", "2"]
    writer.sinks()["order"].patch(order.external_id, {"lines": [kept[1], {"text": "新"}]}, if_version=None)
    writer.sinks()["order"].void(order.external_id, if_version=None)
    writer.close()
    rows = read(tmp_path / "o.xlsx")
    assert [(row["Customer"], row["Item"], row["State"]) for row in rows] == [
        (NAME, "=1+1", "void"), (NAME, "新", "void"),
    ]  # fmt: skip
    sheet = openpyxl.load_workbook(tmp_path / "o.xlsx").worksheets[0]
    assert sheet["F2"].data_type == "s"


def test_a_file_that_somebody_edited_is_put_aside(tmp_path: Path):
    writer = make_writer(tmp_path)
    create(writer, "R1", name=NAME)
    writer.close()
    (tmp_path / "客户.csv").write_text("mine", encoding="utf-8")
    writer = make_writer(tmp_path)
    create(writer, "R2", name="二")
    writer.close()
    assert (tmp_path / "客户 (1).csv").read_text(encoding="utf-8") == "mine"
    assert len(read(tmp_path / "客户.csv")) == 2


def test_what_a_dead_process_had_written_is_drawn_by_the_next(tmp_path: Path):
    writer = make_writer(tmp_path)
    create(writer, "R1", name=NAME)
    (tmp_path / "客户.csv").unlink()  # as if it had died before drawing
    other = make_writer(tmp_path)
    assert other.streams()["account"].list_ids() == ["1"]
    other.close()
    assert len(read(tmp_path / "客户.csv")) == 1
    writer.close()


def test_a_list_that_cannot_be_replaced_follows_later(tmp_path: Path):
    opened, drawn = [True], []

    def draw(kind: str, path: Path, entries: Iterator[Entry]) -> None:
        if opened:
            raise PermissionError(13, "it is open on somebody's desktop", str(path))
        drawn.append([entry.ref for entry in entries])

    said: list[str] = []
    tools = Tools(clock=SystemClock(), random=random.Random(1), log=said.append)
    ledger = Ledger(tmp_path, {"account": "客户.csv"}, tools, draw)
    ledger.add("account", "R1", {"name": NAME})
    assert [entry.ref for entry in ledger.find("account", "R")] == ["R1"]
    assert "客户.csv" in said[0]
    opened.clear()
    ledger.close()
    assert drawn == [["R1"]]


def test_an_unchanged_list_is_not_drawn_again(tmp_path: Path):
    writer = make_writer(tmp_path)
    create(writer, "R1", name=NAME)
    writer.close()
    before = (tmp_path / "客户.csv").stat().st_mtime_ns
    again = make_writer(tmp_path)
    again.streams()["account"].read_page(None, None, 10)
    again.close()
    assert (tmp_path / "客户.csv").stat().st_mtime_ns == before


def test_many_writers_at_once_lose_nothing(tmp_path: Path):
    def work(number: int) -> None:
        writer = make_writer(tmp_path)
        for place in range(10):
            create(writer, f"R{number}-{place}", name=f"{number}-{place}")
        writer.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = read(tmp_path / "客户.csv")
    assert len({row["系统标识"] for row in rows}) == len(rows) == 40


def test_parties_are_found_by_their_code(tmp_path: Path):
    writer = make_writer(tmp_path)
    create(writer, "R1", name=NAME, uscc="91310115591693856A")
    sink = writer.sinks()["account"]
    assert [row.external_id for row in sink.find_by_identifier("uscc", "91310115591693856A")] == ["1"]
    assert sink.find_by_identifier("lei", "x") == ()
    writer.close()


def test_a_folder_that_is_away_is_tried_again(tmp_path: Path):
    writer = make_writer(tmp_path / "away")
    with pytest.raises(Transient):
        writer.sinks()["account"].create([Draft("R1", {"name": NAME})])
    assert [item.code for item in writer.check() if not item.ok] == ["file.folder_missing"]


def test_one_kind_is_not_read_and_written_in_one_connection(tmp_path: Path):
    config = {
        "folder": str(tmp_path), "streams": {"account": {"files": "*.csv", "key": "x"}},
        "out": str(tmp_path), "outputs": {"account": {"file": "a.csv"}},
    }  # fmt: skip
    connector = make_connector(FileConfig.model_validate(config))
    assert "file.both_ways" in [item.code for item in connector.check() if not item.ok]
