"""The guide about money, typed from top to bottom beside a sandbox ERP."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.stage import Erp, Terminal, running_erp
from tests.docs.pages import list_commands

PAGE = "docs/guides/money.md"
ENTRY = "3f2a"
"""The id that the page shows: first a payment in a closed period, then totals that do not add up."""


class Story:
    """Beside an ERP that rounds another way than is declared for it."""

    def __init__(self, terminal: Terminal, erp: Erp) -> None:
        self.terminal, self.erp = terminal, erp
        partner = erp.make_customer("海岳精密机械有限公司")
        erp.wang.edit("partner", partner["id"], code="HY")
        line = {"text": "轴承", "quantity": "3", "price": "199.90", "tax_percent": "13"}
        sale = erp.wang.create("sale", customer=partner["id"], lines=[line])
        erp.wang.approve(sale["id"])
        erp.wang.deliver(sale["id"])
        erp.wang.bill(sale["id"])
        self.partner, self.sale = partner, sale

    def type(self, line: str) -> str:
        return self.terminal.call(*shlex.split(line)).out

    def accept(self) -> str:
        return str(self.terminal.json("sync", "plan", "erp")["item"]["plan"]["label"])

    def find(self, code: str) -> str:
        return str(self.terminal.json("todo", "--code", code)["items"][0]["short"])

    def prepare(self, line: str) -> str:
        """What a person has done at this place of the page, and what is typed there."""
        if "--accept" in line:
            return line.replace("82ac", self.accept())
        if line == "todo --code period_closed_there":
            self.erp.wang.close_books("2099-12-31")
            words = ("--set", "account_id=HY", "--set", "amount=5")
            self.terminal.call("record", "create", "payment", *words)
            self.terminal.call("sync", "run", "erp", "--accept", self.accept())
        if line.startswith("todo retry"):
            self.erp.wang.close_books("")
            return line.replace(ENTRY, self.find("period_closed_there"))
        if line.startswith("todo take"):
            cheap = {"text": "垫片", "quantity": "1", "price": "0.05", "tax_percent": "13"}
            self.erp.wang.create("sale", customer=self.partner["id"], lines=[cheap] * 20)
            self.type("sync run erp")
            return line.replace(ENTRY, self.find("held_total_differs"))
        return line


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.chdir(tmp_path)
    with running_erp(rounding="document") as erp:
        terminal = Terminal(tmp_path / "home")
        terminal.call("init")
        answers = ("--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN")
        terminal.call("connection", "add", "erp", "--connector", "sandbox", *answers)
        for kind in ("account", "product", "order"):
            terminal.call("sync", "add", "erp", kind)
        story = Story(terminal, erp)
        terminal.call("sync", "run", "erp", "--accept", story.accept())
        yield story


@pytest.mark.slow
def test_the_page_can_be_followed(story: Story) -> None:
    said = {}
    for command in list_commands(PAGE, "isthmus"):
        line = command.removeprefix("isthmus ")
        said[command] = story.type(story.prepare(line))
    shown = said["isthmus record show order SO0001"]
    assert "complete" in shown
    assert "300.00" in said["isthmus record list payment"]
    assert "2099-12-31" in said["isthmus todo --code period_closed_there"]
    left = {item["code"] for item in story.terminal.json("todo")["items"] if item["kind_of_wait"] in ("held", "parked")}
    assert left == set()
    story.erp.wang.approve(next(row["id"] for row in story.erp.erp.documents("payment") if row["amount"] == "300.00"))
    story.type("sync run erp")
    shown = story.type("record show order SO0001")
    assert {"partial", "complete"} <= set(shown.split())
    assert "300.00" in shown
