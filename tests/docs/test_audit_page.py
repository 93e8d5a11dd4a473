"""The page about the sealed journal, typed."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.commands.stage import Terminal
from tests.docs.pages import list_commands

PAGE = "docs/guides/audit.md"
ID = "01a2b3c4-0000-7000-8000-000000000000"
NAMED = {"isthmus record erase"}
"""Named in a sentence; typed with its arguments in a block."""


def test_every_command_of_the_page_does_what_it_says(tmp_path: Path):
    terminal = Terminal(tmp_path / "home")
    terminal.call("init")
    made = terminal.json("record", "create", "contact", "--set", "name=王会计")["item"]
    for command in list_commands(PAGE, "isthmus"):
        if command in NAMED:
            continue
        head = terminal.json("audit", "head")["item"]
        line = command.replace(ID, made["id"]).replace("NUMBER:DIGEST", "0:" + "0" * 64)
        terminal.call(*shlex.split(line)[1:])
        assert head["rows"] >= 0
    assert "王会计" not in terminal.call("record", "list", "contact").out
