"""Where a person finds what could not be taken in, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hub.errors import MappingError
from hub.locale import render
from hub.mapping import Problem
from hub.sdk import Place, SourceRecord, Unreadable
from hub.sync.places import find_unreadable, tell_problem, tell_unreadable

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HEAD, LINE = Place("orders.xlsx", 3, "订单"), Place("orders.xlsx", 4, "订单")


def make_source(*unreadable: Unreadable, places: dict[str, Place] | None = None) -> SourceRecord:
    return SourceRecord("order", "A1", {}, NOW, places=places or {}, unreadable=unreadable)


def make_problem(field: str, path: str, **params: Any) -> Problem:
    return Problem("mapping.value_missing", "order.toml", 7, field, path=path, params={"path": path, **params})


def say(told: tuple[str, dict[str, Any]], lang: str = "en") -> str:
    code, params = told
    return render(code, lang, **params)


def test_a_row_is_named_by_file_sheet_row_and_column():
    broken = Unreadable(MappingError("tables.digits_lost", value="1.1E+17"), HEAD, "证件号")
    assert find_unreadable(make_source(broken)) is broken
    assert say(tell_unreadable(broken)).startswith(
        "orders.xlsx, sheet 订单, row 3, column 证件号: “1.1E+17” is a number"
    )
    assert say(tell_unreadable(broken), "zh").startswith("orders.xlsx 工作表 订单 第 3 行，证件号 列：“1.1E+17”是数字")


def test_a_file_as_a_whole_has_no_row():
    broken = Unreadable(MappingError("tables.row_broken", vendor="bad zip"), Place("orders.xlsx", 0))
    assert say(tell_unreadable(broken)) == "orders.xlsx: The row cannot be read. [bad zip]"
    assert say(tell_unreadable(broken), "zh") == "orders.xlsx：无法读取该行。 [bad zip]"


def test_a_value_of_a_line_is_found_in_the_row_of_that_line():
    source = make_source(places={"": HEAD, "2": LINE})
    _, params = tell_problem(source, make_problem("lines[2].quantity", "数量"))
    assert (params["row"], params["column"], params["sheet"]) == ("4", "数量", "订单")
    _, params = tell_problem(source, make_problem("ordered_on", "日期"))
    assert params["row"] == "3"


def test_a_cell_that_could_not_be_read_says_so_itself():
    cell = Unreadable(MappingError("tables.error_cell", value="#N/A"), LINE, "数量", whole=False)
    source = make_source(cell, places={"": HEAD, "2": LINE})
    assert find_unreadable(source) is None
    assert "#N/A" in say(tell_problem(source, make_problem("lines[2].quantity", "数量")))


def test_without_a_place_the_mapping_speaks_alone():
    code, params = tell_problem(make_source(), make_problem("name", "名称"))
    assert code == "sync.cannot_read"
    assert params["field"] == "name"
