"""The guide about vouchers, typed from top to bottom; its ledger is the one that is used."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.commands.stage import Terminal
from tests.docs.pages import FENCE, list_commands, read_page

PAGES = ("docs/guides/vouchers.md", "docs/guides/vouchers.zh.md")
LINE = {"name": "轴承", "quantity": 2, "unit_price": "50", "tax_rate": "0.13"}


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.chdir(tmp_path)
    made = Terminal(tmp_path / "home")
    made.call("init")
    return made


def configure(terminal: Terminal, page: str) -> None:
    """What the page says belongs into ``isthmus.toml``."""
    told = "\n".join(block for form, block in FENCE.findall(read_page(page)) if form == "toml")
    file = terminal.home / "isthmus.toml"
    file.write_text(f"{file.read_text('utf-8')}\n{told}", "utf-8")
    terminal.call("apply")


def sell(terminal: Terminal, day: str = "2026-11-21") -> None:
    """An order with its invoice and a bill that pays a part of it."""
    terminal.call("record", "create", "account", "--set", "name=海岳精密", "--set", "number=HY")
    words = ("--set", "account_id=HY", "--set", f"lines={json.dumps([LINE])}", "--set", "number=SO0001")
    terminal.call("record", "create", "order", *words)
    for state in ("submitted", "approved"):
        terminal.call("record", "edit", "order", "SO0001", "--set", f"state={state}")
    order = terminal.json("record", "show", "order", "SO0001")["item"]["record"]["id"]
    lines = json.dumps([{**LINE, "order_id": order, "order_line": "1"}])
    words = ("--set", "account_id=HY", "--set", f"lines={lines}", "--set", f"invoiced_on={day}")
    terminal.call("record", "create", "invoice", *words)
    terminal.call("record", "edit", "invoice", "INV-0001", "--set", "state=posted")
    invoice = terminal.json("record", "show", "invoice", "INV-0001")["item"]["record"]["id"]
    rows = json.dumps([{"target": "invoice", "invoice_id": invoice, "amount": "50"}])
    money = ("--set", "account_id=HY", "--set", "amount=50", "--set", f"allocations={rows}", "--set", f"paid_on={day}")
    terminal.call("record", "create", "payment", *money, "--set", "method=银行承兑汇票")
    terminal.call("record", "edit", "payment", "RC-0001", "--set", "state=succeeded")


@pytest.mark.parametrize("page", PAGES)
def test_the_page_can_be_followed(terminal: Terminal, page: str) -> None:
    configure(terminal, page)
    sell(terminal)
    typed = [line for line in list_commands(page, "isthmus") if line != "isthmus up"]
    said = {line: terminal.call(*shlex.split(line)[1:]).out for line in typed}
    preview, dry = said["isthmus voucher preview SO0001"], said["isthmus voucher make SO0001 --dry-run"]
    for shown in (preview, dry):
        assert {"¥113.00", "¥100.00", "¥13.00", "¥50.00"} <= set(shown.split())
        assert "2026-11-21 销售 海岳精密 SO0001 INV-0001" in shown
    assert "2 events booked, 0 held" in said["isthmus voucher make SO0001"]
    assert "0 events booked" in said["isthmus voucher make"]
    assert said["isthmus voucher list SO0001"].count("draft") == 2


def test_programs_get_the_entries_and_the_reasons(terminal: Terminal) -> None:
    configure(terminal, PAGES[0])
    sell(terminal)
    items = terminal.json("voucher", "preview", "SO0001")["items"]
    assert [(item["trigger"], item["action"]) for item in items] == [
        ("order", "none"), ("invoice", "make"), ("receipt", "make"), ("offset", "none"),
    ]  # fmt: skip
    assert [line["account_code"] for line in items[2]["lines"]] == ["1121", "1122"]
    assert terminal.json("record", "list", "voucher")["items"] == []
    file = terminal.home / "isthmus.toml"
    file.write_text(file.read_text("utf-8").replace('receivable = "1122"', ""), "utf-8")
    terminal.call("apply")
    answer = terminal.json("voucher", "make", code=1)
    assert {error["code"] for error in answer["errors"]} == {"voucher.role_unmapped"}
    assert [item["action"] for item in answer["items"]] == ["held", "held"]


def test_without_a_ledger_it_is_said_how_to_get_one(terminal: Terminal) -> None:
    assert "[ledgers.main]" in terminal.call("voucher", "make", code=2).err
