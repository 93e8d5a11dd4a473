"""A colleague in finance fills a workbook; nobody but the admin types a command."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from hub.runtime.codes_book import HEADS
from hub.sync.codes import FIRST_ROW
from tests.commands.stage import Erp, Terminal

LAYER = """\
[fields.lines]
each = "lines"
key = "id"
[fields.lines.fields]
name = "text"
quantity = { from = "quantity", as = "decimal" }
unit = { from = "unit", code = "unit" }
unit_price = { from = "price", as = "money", currency = "currency" }
tax_rate = { from = "tax_percent", as = "percent" }
net = { from = "net", as = "money", currency = "currency", direction = "in" }
tax = { from = "tax", as = "money", currency = "currency", direction = "in" }
gross = { from = "gross", as = "money", currency = "currency", direction = "in" }
"""
LINE = {"text": "轴承", "quantity": "2", "price": "10", "tax_percent": "13"}


@pytest.fixture
def stopped(connected: Terminal, erp: Erp) -> Terminal:
    """Two sales whose units nobody knows, and one order here whose unit has no code there."""
    site = connected.home / "mappings" / "erp" / "order.toml"
    site.parent.mkdir(parents=True)
    site.write_text(LAYER, encoding="utf-8")
    connected.call("apply")
    customer = erp.make_customer("海岳精密机械有限公司")
    for unit in ("0012", "0099"):
        erp.wang.create("sale", customer=customer["id"], lines=[{**LINE, "unit": unit}])
    connected.call("sync", "run", "erp")
    lines = '[{"name": "x", "quantity": 2, "unit_price": "11", "tax_rate": "0.13", "unit": "bag"}]'
    connected.call("record", "create", "order", "--set", "account_id=海岳精密机械有限公司", "--set", f"lines={lines}")
    label = connected.json("sync", "plan", "erp")["item"]["plan"]["label"]
    connected.call("sync", "run", "erp", "--accept", label)
    return connected


def book_of(terminal: Terminal, name: str = "codes.xlsx") -> tuple[Path, Any]:
    path = terminal.home / name
    terminal.call("codes", "missing", "erp", "--out", str(path))
    book = load_workbook(path)
    return path, book


def fill(path: Path, book: Any, **cells: object) -> Path:
    for cell, value in cells.items():
        book["unit"][cell] = value
    book.save(path)
    return path


def test_the_whole_way_from_held_documents_to_none(stopped: Terminal, erp: Erp):
    waiting = [item for item in stopped.json("todo")["items"] if item["kind_of_wait"] in ("dead", "held")]
    assert {item["command"] for item in waiting} == {"isthmus codes missing erp --out codes.xlsx"}
    assert "codes.xlsx, sheet unit, row 6" in stopped.call("todo").out
    assert "工作表 unit，第 7 行" in stopped.call("todo", "--lang", "zh").out
    shown = stopped.json("todo", "show", waiting[0]["short"])["item"]["cell"]
    path, book = book_of(stopped)
    sheet = book["unit"]
    assert shown["value"] in (sheet.cell(int(shown["row"]), 1).value, sheet.cell(int(shown["row"]), 2).value)
    assert [sheet.cell(FIRST_ROW - 1, place).value for place in (1, 2)] == list(HEADS[:2])
    told = [[sheet.cell(row, place).value for place in (1, 2, 4, 5)] for row in range(FIRST_ROW, FIRST_ROW + 3)]
    assert told == [["0012", None, 1, "¥22.60"], ["0099", None, 1, "¥22.60"], [None, "bag", 1, "¥24.86"]]
    assert {sheet.cell(FIRST_ROW, place).number_format for place in (1, 2)} == {"@"}
    fill(path, book, B6="piece", B7="box", A8="0100")

    preview = stopped.call("codes", "import", "erp", str(path), "--dry-run").out
    assert "0100" in preview
    assert not (stopped.home / "codes").exists()
    assert stopped.call("codes", "import", "erp", str(path), code=1).err, "off a terminal nobody says yes"

    answer = stopped.json("codes", "import", "erp", str(path), "--yes")["item"]
    assert [row["outcome"] for row in answer["replayed"]].count("created") == 2
    written = (stopped.home / "codes" / "erp.toml").read_text(encoding="utf-8")
    assert tomllib.loads(written) == {"unit": {"0012": "piece", "0099": "box", "0100": "bag"}}
    assert stopped.json("codes", "missing", "erp")["items"] == []
    assert stopped.json("sync", "status")["items"][1]["accepted"], "tables only grew: the plan that was accepted holds"
    stopped.call("sync", "run", "erp")
    assert {line["unit"] for sale in erp.erp.documents("sale") for line in sale["lines"]} == {"0012", "0099", "0100"}
    assert [item for item in stopped.json("todo")["items"] if item["kind_of_wait"] in ("dead", "held")] == []
    assert stopped.call("codes", "import", "erp", str(path), "--yes").out.startswith(str(path)), "twice changes nothing"


def test_every_wrong_cell_is_named_and_nothing_is_taken_over(stopped: Terminal):
    path, book = book_of(stopped)
    fill(path, book, B6="piece", A9=7, B9="pallet", A10="0012", B10="crate")
    told = stopped.call("codes", "import", "erp", str(path), "--yes", code=2).err
    assert "unit!A9" in told
    assert "unit!A10" in told
    assert "0012" in told
    chinese = stopped.call("codes", "import", "erp", str(path), "--yes", "--lang", "zh", code=2).err
    assert "第 6 行" in chinese
    assert not (stopped.home / "codes").exists()


def test_a_known_code_that_means_something_else_asks_for_a_new_plan(stopped: Terminal):
    path, book = book_of(stopped)
    stopped.call("codes", "import", "erp", str(fill(path, book, B6="piece", B7="box")), "--yes")
    export = stopped.home / "all.xlsx"
    stopped.call("codes", "export", "erp", "--out", str(export))
    book = load_workbook(export)
    rows = {book["unit"].cell(row, 1).value: row for row in range(FIRST_ROW, FIRST_ROW + 4)}
    fill(export, book, **{f"B{rows['0012']}": "case", f"B{rows['0099']}": None})
    changes = stopped.json("codes", "import", "erp", str(export), "--yes")["item"]["changes"]
    assert [(row["code"], row["old"], row["new"]) for row in changes] == [
        ("0012", "piece", "case"),
        ("0099", "box", None),
    ]
    order = next(row for row in stopped.json("sync", "status")["items"] if row["kind"] == "order")
    assert not order["accepted"]
    assert stopped.json("codes", "export", "erp")["items"] == [{"table": "unit", "code": "0012", "value": "case"}]


def test_a_table_in_isthmus_toml_is_edited_where_it_stands(stopped: Terminal):
    config = stopped.home / "isthmus.toml"
    inline = '\n# units, short\n[connections.erp.codes.unit]\n"0012" = "piece"\n'
    config.write_text(config.read_text(encoding="utf-8") + inline, encoding="utf-8")
    stopped.call("apply")
    path, book = book_of(stopped)
    assert book["unit"]["A6"].value == "0099"
    stopped.call("codes", "import", "erp", str(fill(path, book, B6="box")), "--yes")
    text = config.read_text(encoding="utf-8")
    assert "# units, short" in text
    assert tomllib.loads(text)["connections"]["erp"]["codes"]["unit"] == {"0012": "piece", "0099": "box"}
    assert not (stopped.home / "codes").exists()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("erp", "[unit\n", "codes/erp.toml"),
        ("erp", "[unit]\n0012 = 3\n", "0012"),
        ("erp", "unit = 1\n", "unit"),
        ("nobody", '[unit]\nA = "b"\n', "nobody"),
        ("erp", '[twice]\nA = "b"\n', "twice"),
    ],
)
def test_a_wrong_file_of_codes_is_named(connected: Terminal, name: str, text: str, told: str):
    config = connected.home / "isthmus.toml"
    inline = '\n[connections.erp.codes.twice]\nA = "c"\n'
    config.write_text(config.read_text(encoding="utf-8") + inline, encoding="utf-8")
    folder = connected.home / "codes"
    folder.mkdir()
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    for lang in ("en", "zh"):
        assert told in connected.call("apply", "--lang", lang, code=2).err


@pytest.mark.parametrize("what", ["none", "text", "foreign", "headless"])
def test_what_is_no_book_of_codes_is_refused_in_a_sentence(stopped: Terminal, what: str):
    path = stopped.home / "x.xlsx"
    if what == "text":
        path.write_text("0012,piece", encoding="utf-8")
    elif what != "none":
        book = Workbook()
        sheet: Any = book.active
        sheet.title = "unit" if what == "headless" else "prices"
        sheet["A1"] = "x"
        book.save(path)
    assert "x.xlsx" in stopped.call("codes", "import", "erp", str(path), code=2).err


def test_a_sheet_of_ones_own_will_do(stopped: Terminal):
    """Only the headings and the sheet's name are needed; blank rows and more columns do not matter."""
    path = stopped.home / "own.xlsx"
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "unit"
    for row in ([], list(HEADS[:2]), ["0012 ", "piece", "checked by 李"], [], ["0099", " box"]):
        sheet.append(row)
    book.save(path)
    stopped.call("codes", "import", "erp", str(path), "--yes")
    assert [row["code"] for row in stopped.json("codes", "export", "erp")["items"]] == ["0012", "0099"]


def test_no_table_makes_no_workbook(connected: Terminal):
    path = connected.home / "codes.xlsx"
    for verb in ("missing", "export"):
        assert str(path) in connected.call("codes", verb, "erp", "--out", str(path)).out
        assert not path.exists()
        assert "codes.pdf" in connected.call("codes", verb, "erp", "--out", "codes.pdf", code=2).err


def test_a_damaged_workbook_and_one_that_is_not_there_are_named(stopped: Terminal):
    path, _ = book_of(stopped)
    whole = path.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:200] + b"x" * 400 + whole[600:], b"", b"PK"):
        path.write_bytes(damaged)
        assert "codes.xlsx" in stopped.call("codes", "import", "erp", str(path), "--yes", code=2).err
    assert "nowhere.xlsx" in stopped.call("codes", "import", "erp", "nowhere.xlsx", "--yes", code=2).err
