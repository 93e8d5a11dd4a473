from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.commands.fields import parse_fields, read_rows
from hub.errors import ConfigInvalid
from tests.commands.stage import Terminal

LINES = json.dumps([{"product_id": "A-1", "name": "轴承", "quantity": 3, "unit_price": 12.10, "tax_rate": "0.13"}])


@pytest.fixture
def stocked(terminal: Terminal) -> Terminal:
    terminal.call("record", "create", "account", "--set", "name=海岳精密机械有限公司", "--set", "number=C-1")
    terminal.call("record", "create", "product", "--set", "number=A-1", "--set", "name=轴承")
    return terminal


def test_a_record_is_made_listed_shown_edited_and_voided(stocked: Terminal):
    listed = stocked.json("record", "list", "account")["items"]
    assert [row["name"] for row in listed] == ["海岳精密机械有限公司"]
    edited = stocked.json("record", "edit", "account", "C-1", "--set", "phone=021-5555")["item"]
    assert (edited["phone"], edited["revision"]) == ("021-5555", 2)
    shown = stocked.json("record", "show", "account", "海岳精密机械有限公司", "--explain")["item"]
    phone = next(row for row in shown["origins"] if row["field"] == "phone")
    assert phone["source"] == "hub"
    stocked.call("record", "void", "account", "C-1")
    assert stocked.json("record", "list", "account")["items"] == []


def test_references_by_number_or_name_also_inside_lines(stocked: Terminal):
    order = stocked.json("record", "create", "order", "--set", "account_id=C-1", "--set", f"lines={LINES}")["item"]
    product = stocked.json("record", "show", "product", "A-1")["item"]["record"]
    assert order["lines"][0]["product_id"] == product["id"]
    assert (order["net"], order["tax"], order["gross"]) == ("36.30", "4.72", "41.02")
    answer = stocked.call("record", "show", "order", order["number"])
    assert "¥41.02" in answer.out
    assert "¥12.10" in answer.out


def test_fields_from_a_file(stocked: Terminal, tmp_path: Path):
    source = tmp_path / "order.json"
    source.write_text(json.dumps({"account_id": "C-1", "note": "急", "lines": json.loads(LINES)}), encoding="utf-8")
    order = stocked.json("record", "create", "order", "--from", str(source), "--set", "note=不急")["item"]
    assert order["note"] == "不急"
    assert len(order["lines"]) == 1


def test_fields_from_stdin(stocked: Terminal):
    answer = stocked.call("record", "create", "product", "--from", "-", stdin='{"number": "A-2", "name": "电机"}')
    assert "A-2" in answer.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create", "account"), "cli.no_fields"),
        (("create", "account", "--set", "nosuch=1"), "model.field_unknown"),
        (("create", "account", "--set", "name"), "cli.setting_shape"),
        (("create", "nosuch", "--set", "name=x"), "model.kind_unknown"),
        (("create", "order", "--set", "account_id=nobody"), "sync.record_unknown"),
        (("create", "order", "--set", "lines=[{"), "cli.json_broken"),
        (("create", "order", "--from", "not-there.json"), "cli.file_unreadable"),
        (("show", "account", "nobody"), "sync.record_unknown"),
        (("list", "nosuch"), "model.kind_unknown"),
    ],
)
def test_a_mistake_is_a_usage_error_with_its_name(stocked: Terminal, words: tuple[str, ...], code: str):
    assert stocked.json("record", *words, code=2)["errors"][0]["code"] == code


def test_a_broken_rule_leaves_1(stocked: Terminal):
    stocked.call("record", "create", "account", "--set", "name=A", "--set", "number=C-1", code=1)
    stocked.call("record", "create", "order", "--set", "account_id=C-1", "--set", "gross=1", code=1)


def test_decimals_in_json_stay_exact():
    values = parse_fields(['lines=[{"unit_price": 0.10}]', "note=[not json"[:5] + "plain"])
    assert values["lines"] == [{"unit_price": "0.10"}]


def test_a_file_that_holds_no_object_is_refused(tmp_path: Path):
    source = tmp_path / "list.json"
    source.write_text("[1]", encoding="utf-8")
    with pytest.raises(ConfigInvalid) as caught:
        read_rows(source)
    assert caught.value.code == "cli.json_no_object"


def test_a_list_makes_many_and_names_each_that_is_refused(stocked: Terminal, tmp_path: Path):
    source = tmp_path / "accounts.json"
    source.write_text(json.dumps([{"name": "甲"}, {"name": "乙", "number": "C-1"}, {"name": "丙"}]), encoding="utf-8")
    document = stocked.json("record", "create", "account", "--from", str(source), code=1)
    assert [row["name"] for row in document["items"]] == ["甲", "丙"]
    assert [error["params"]["place"] for error in document["errors"]] == [2]
    stocked.call("record", "edit", "account", "C-1", "--from", str(source), code=2)
