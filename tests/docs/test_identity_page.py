"""The page about customers that are one, typed from top to bottom."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.commands.stage import Terminal
from tests.commands.test_terminal import Typist
from tests.docs.pages import FENCE, list_commands, read_page

PAGE = "docs/guides/identity.md"
RUNNING = {"isthmus up", "isthmus scheduler"}


class Reader:
    """Types what the page shows; ids of the page are those of this home."""

    def __init__(self, home: Path) -> None:
        self.terminal = Terminal(home)
        self.terminal.call("init")
        self.words: dict[str, str] = {}

    def make(self, name: str, number: str) -> str:
        settings = ("--set", f"name={name}", "--set", f"number={number}")
        made = self.terminal.json("record", "create", "account", *settings, "--anyway")
        return str(made["item"]["id"])

    def prepare(self, command: str) -> None:
        """What has happened by then."""
        if command == "isthmus identity decide 5d1c9a44 same":
            self.words["5d1c9a44"] = self.find_question()
        elif command == "isthmus identity decide 77aa0b12 different":
            self.make("宁波江北贸易有限公司", "J-1")
            self.make("江北贸易", "J-2")
            self.terminal.call("identity", "scan")
            self.words["77aa0b12"] = self.words["ID"] = self.find_question()
        elif command == "isthmus identity explain V-1 V-2":
            self.make("苏州华瑞机械有限公司", "V-1")
            self.words["V-2-ID"] = self.make("华瑞机械", "V-2")

    def find_question(self) -> str:
        (question,) = self.terminal.json("identity", "list")["items"]
        return str(question["id"])

    def type(self, command: str) -> str:
        self.prepare(command)
        typed = [self.words.get(word, word) for word in shlex.split(command)[1:]]
        return self.terminal.call(*typed).out


@pytest.mark.slow
def test_the_page_can_be_followed(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "home")
    told = "\n".join(block for form, block in FENCE.findall(read_page(PAGE)) if form == "toml")
    file = reader.terminal.home / "isthmus.toml"
    file.write_text(f"{file.read_text('utf-8')}\n{told}", "utf-8")
    reader.terminal.call("apply")
    said = {}
    for command in list_commands(PAGE, "isthmus"):
        if command == "isthmus identity review":
            person = Typist("--home", str(reader.terminal.home), "identity", "review")
            person.answer("q end", "l")
            assert person.finish() == 0
        elif command not in RUNNING:
            said[command] = reader.type(command)
    assert "1 questions" in said["isthmus identity scan"]
    assert "海岳精密机械 is 上海海岳精密机械有限公司 now" in said["isthmus identity decide 5d1c9a44 same"]
    assert "different" in said["isthmus identity decide 77aa0b12 different"]
    assert "a question" in said["isthmus identity explain V-1 V-2"]
    assert "nothing was changed" in said["isthmus identity merge V-1 V-2 --preview"]
    assert "V-2 is V-1 now" in said["isthmus identity merge V-1 V-2"]
    assert "V-2 stands for itself again" in said["isthmus identity unmerge V-2-ID"]
