"""The page about mailboxes, followed line by line beside a real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.imap.config import ImapConfig
from tests.connectors.imap.office import Mailbox, write_mail
from tests.docs.newcomer import Newcomer
from tests.docs.pages import list_commands, read_page

PAGE, CHINESE = "docs/connectors/imap.md", "docs/connectors/imap.zh.md"

LISTENS = "isthmus up"
"""Goes on until it is stopped: test_up.py."""


@pytest.mark.servers
def test_the_page_works_as_it_stands(tmp_path: Path, sales: Mailbox) -> None:
    home = tmp_path / "home"
    home.mkdir()
    sales.put(write_mail("Re: SO-0042", sender="office@acme.example"))
    (home / "secret").write_text(sales.server.password, encoding="utf-8")
    ours = {
        "host=imap.example.com": f"host=127.0.0.1 --set port={sales.server.port} --set security=none",
        "env:MAIL_PASSWORD": f"file:{home}/secret",
    }
    visitor, said = Newcomer(home, [], "imap"), {}
    for command in list_commands(PAGE, "isthmus"):
        if command == LISTENS:
            continue
        typed = command.removeprefix("isthmus ")
        for shown, real in ours.items():
            typed = typed.replace(shown, real)
        said[command] = visitor.type(typed)
    assert "mails: 1" in said["isthmus connection check mail"]
    assert "Re: SO-0042" in said["isthmus record list activity"]
    assert "Re: SO-0042" in said["isthmus trace 'Acme Ltd'"]


def test_both_languages_show_the_same() -> None:
    assert list_commands(PAGE, "isthmus") == list_commands(CHINESE, "isthmus")
    settings = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
    assert settings.findall(read_page(PAGE)) == settings.findall(read_page(CHINESE)) == list(ImapConfig.model_fields)
