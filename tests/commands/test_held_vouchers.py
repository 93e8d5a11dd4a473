"""A voucher that is held, as a person at a terminal finds and settles it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.stage import Terminal
from tests.commands.test_newcomer import CODE, UNFILLED

LEDGER = """
[ledgers.main]
since = 2026-01-01

[ledgers.main.accounts]
receivable = "1122"
output_vat = "22210106"
"""
LINE = {"name": "轴承", "quantity": 2, "unit_price": "50", "tax_rate": "0.13"}


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A posted invoice that the ledger has no account for."""
    made = Terminal(tmp_path / "home")
    made.call("init")
    add_settings(made, LEDGER)
    made.call("record", "create", "account", "--set", "name=海岳精密", "--set", "number=HY")
    lines = json.dumps([LINE])
    words = ("--set", "account_id=HY", "--set", f"lines={lines}", "--set", "invoiced_on=2026-03-05")
    made.call("record", "create", "invoice", *words)
    made.call("record", "edit", "invoice", "INV-0001", "--set", "state=posted")
    made.call("voucher", "make", code=1)
    return made


def add_settings(terminal: Terminal, text: str) -> None:
    file = terminal.home / "isthmus.toml"
    file.write_text(f"{file.read_text('utf-8')}\n{text}", "utf-8")
    terminal.call("apply")


def test_it_is_listed_shown_and_tried_again(terminal: Terminal) -> None:
    (item,) = terminal.json("todo")["items"]
    assert (item["kind_of_wait"], item["code"], item["number"]) == ("voucher", "voucher.role_unmapped", "INV-0001")
    for lang in ("en", "zh"):
        for words in (("todo",), ("todo", "show", item["short"])):
            told = terminal.call(*words, "--lang", lang).out
            assert not CODE.search(told), told
            assert not UNFILLED.search(told), told
            assert "revenue" in told
    assert item["command"] == f"isthmus todo retry {item['short']}"
    terminal.call(*item["command"].split()[1:], code=1)
    add_settings(terminal, 'revenue = "6001"')
    terminal.call(*item["command"].split()[1:])
    assert terminal.json("todo")["items"] == []
    assert [row["posted_number"] for row in terminal.json("voucher", "list")["items"]] == [""]


def test_it_is_given_up_and_taken_back(terminal: Terminal) -> None:
    (item,) = terminal.json("todo")["items"]
    terminal.call("todo", "drop", item["short"], "--reason", "已手工入账")
    assert terminal.json("todo")["items"] == []
    assert "已手工入账" in terminal.call("todo", "--dropped").out
    add_settings(terminal, 'revenue = "6001"')
    terminal.call("voucher", "make")
    assert terminal.json("voucher", "list")["items"] == []
    terminal.call("todo", "undo", item["short"])
    terminal.call("voucher", "make")
    assert len(terminal.json("voucher", "list")["items"]) == 1
