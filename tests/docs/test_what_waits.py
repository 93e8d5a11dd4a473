"""The page about what waits, typed from top to bottom beside a sandbox ERP."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.commands.stage import Erp, Terminal, running_erp
from tests.commands.test_codes import LAYER, LINE
from tests.docs.pages import list_commands

PAGE = "docs/guides/what-waits.md"
CONFLICT, DEAD = "3f2a", "7b10"
"""The ids that the page shows: a conflict about a phone number, and a sale that no mapping understands."""
IN_SENTENCES = {"todo show", "binding add"}


class Story:
    """Beside an ERP in which people work."""

    def __init__(self, terminal: Terminal, erp: Erp) -> None:
        self.terminal = terminal
        self.erp = erp
        self.partner = erp.make_customer("海岳精密机械有限公司")
        self.run()
        sale = erp.wang.create("sale", customer=self.partner["id"], lines=[LINE])
        self.sale = erp.wang.approve(sale["id"])["id"]
        erp.erp.mark(self.sale, "wang", shipping="teleported")
        erp.wang.create("sale", customer=self.partner["id"], lines=[{**LINE, "quantity": "9", "unit": "0012"}])
        self.type("sync run erp")
        self.argue("021-1")
        self.dead = self.find("dead", "value_unknown")

    def type(self, line: str) -> str:
        return self.terminal.call(*shlex.split(line)).out

    def run(self) -> None:
        label = self.terminal.json("sync", "plan", "erp")["item"]["plan"]["label"]
        self.type(f"sync run erp --accept {label}")

    def argue(self, phone: str) -> None:
        """Both sides change the number of the customer."""
        self.terminal.json("record", "edit", "account", self.partner["name"], "--set", f"phone={phone}")
        self.erp.wang.edit("partner", self.partner["id"], phone=f"{phone}9")
        self.type("sync run erp --kind account")

    def find(self, wait: str, code: str = "") -> str:
        items = self.terminal.json("todo", *(["--code", code] if code else []))["items"]
        return str(next(item["short"] for item in items if item["kind_of_wait"] == wait))

    def prepare(self, line: str) -> str:
        """What a person has done at this place of the page, and what is typed there."""
        if line.startswith("todo take"):
            self.argue(f"021-{len(line)}")
        if CONFLICT in line:
            return line.replace(CONFLICT, self.find("conflict"))
        if line.startswith("todo edit"):
            return f"{line} --yes".replace(DEAD, self.dead)
        if line.startswith(("todo drop", "todo retry 7b10")):
            self.type(f"todo undo {self.dead}")  # what was done to it a moment ago
        if line.startswith("todo retry 7b10"):
            self.erp.erp.mark(self.sale, "wang", shipping="partial")
        if line.startswith("todo undo"):
            self.argue("021-7777")
            entry = self.find("conflict")
            self.type(f"todo take {entry} remote")
            return line.replace(DEAD, entry)
        if line.endswith("--dry-run"):
            self.fill(Path("codes.xlsx"))
        return line.replace(DEAD, self.dead)

    def fill(self, path: Path) -> None:
        """A colleague does."""
        book = load_workbook(path)
        assert book["unit"]["A6"].value == "0012"
        book["unit"]["B6"] = "piece"
        book.save(path)


@pytest.fixture
def story(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Story]:
    monkeypatch.chdir(tmp_path)
    with running_erp() as erp:
        terminal = Terminal(tmp_path / "home")
        terminal.call("init")
        answers = ("--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN")
        terminal.call("connection", "add", "erp", "--connector", "sandbox", *answers)
        for kind in ("account", "product", "order"):
            terminal.call("sync", "add", "erp", kind)
        site = terminal.home / "mappings" / "erp" / "order.toml"
        site.parent.mkdir(parents=True)
        site.write_text(LAYER, encoding="utf-8")
        terminal.call("apply")
        yield Story(terminal, erp)


@pytest.mark.slow
def test_the_page_can_be_followed(story: Story):
    said = {}
    for command in list_commands(PAGE, "isthmus"):
        line = command.removeprefix("isthmus ")
        if line not in IN_SENTENCES:
            said[command] = story.type(story.prepare(line))
    assert "fulfilment" in said["isthmus todo edit 7b10 --set fulfilment=complete"]
    assert "vendor" in said["isthmus todo --dropped"]
    assert "0012" in said["isthmus codes export erp"]
    assert story.terminal.json("codes", "missing", "erp")["items"] == []
    waiting = {item["kind_of_wait"] for item in story.terminal.json("todo")["items"]}
    assert not waiting & {"dead", "held", "parked"}, "everything is settled, but the argument that was taken back"
