"""The page about backups, typed."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.commands.stage import Terminal
from tests.docs.pages import list_commands

PAGE = "docs/guides/backup.md"
SHOWN = "/var/backups/isthmus-20261122-120000.isthmus.tar.gz"


def test_every_command_of_the_page_does_what_it_says(tmp_path: Path):
    folder = tmp_path / "backups"
    folder.mkdir()
    hub, clone = Terminal(tmp_path / "home"), Terminal(tmp_path / "try")
    hub.call("init")
    for command in list_commands(PAGE, "isthmus"):
        made = next(iter(folder.iterdir()), folder)
        line = command.replace(SHOWN, str(made)).replace("/var/backups", str(folder))
        words = shlex.split(line)[1:]
        if words == ["backup"]:  # named in a sentence
            continue
        chosen = clone if words[0] == "--home" or words[0] == "resume" else hub
        chosen.call(*(words[2:] if words[0] == "--home" else words))
    assert len(list(folder.iterdir())) == 1
    assert list(hub.home.glob("before-restore-*"))
