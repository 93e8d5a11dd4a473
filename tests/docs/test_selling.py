"""The page about selling, typed from top to bottom."""

from __future__ import annotations

import shlex
from decimal import Decimal
from pathlib import Path

import pytest

from tests.commands.stage import Terminal
from tests.docs.pages import list_commands

PAGE = "docs/guides/selling.md"
IN_SENTENCES = {"todo", "up"}


@pytest.mark.slow
def test_the_page_can_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    terminal = Terminal(tmp_path / "home")
    terminal.call("init")
    said = {}
    for command in list_commands(PAGE, "isthmus"):
        line = command.removeprefix("isthmus ")
        if line not in IN_SENTENCES:
            said[line] = terminal.call(*shlex.split(line)).out
    assert "act convert" in said["record show lead LD-0001"]
    assert "¥4,000.00" in said["record show opportunity OP-0001"], "half of 8,000"
    assert Path("QU-0001.pdf").read_bytes().startswith(b"%PDF")
    contract = terminal.json("record", "show", "contract", "CT-0001")["item"]["record"]
    assert (Decimal(contract["ordered"]), Decimal(contract["received"])) == (Decimal(8249), Decimal(5000))
    opportunity = terminal.json("record", "show", "opportunity", "OP-0001")["item"]["record"]
    assert (opportunity["state"], len(opportunity["history"])) == ("won", 3)
    ticket = terminal.json("record", "show", "ticket", "TK-0001")["item"]["record"]
    assert ticket["opened_at"] < ticket["first_response_at"] < ticket["resolved_at"]
