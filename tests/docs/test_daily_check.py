"""The page about the daily check, typed beside a sandbox ERP, a page and a mail server."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.stage import Erp, Terminal, running_erp
from tests.commands.test_sync import accept, make_order
from tests.docs.pages import list_commands, read_page
from tests.runtime.listeners import Mailbox, Page, listen, take_mail

PAGE = "docs/guides/daily-check.md"
KEY = "this is a key of an example only"  # pragma: allowlist secret
RUNNING = {"isthmus up", "isthmus scheduler"}
AGREE, DIFFER = 0, 1


@pytest.fixture
def office(tmp_path: Path) -> Iterator[tuple[Terminal, Erp]]:
    terminal = Terminal(tmp_path / "home")
    terminal.call("init")
    with running_erp() as erp:
        settings = ("--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN")
        terminal.call("connection", "add", "erp", "--connector", "sandbox", *settings)
        for kind in ("account", "product", "order"):
            terminal.call("sync", "add", "erp", kind)
        erp.make_customer("海岳精密机械有限公司")
        accept(terminal)
        yield terminal, erp


def test_every_command_of_the_page_does_what_it_says(office: tuple[Terminal, Erp]):
    terminal, erp = office
    order = make_order(terminal)
    accept(terminal)
    (sale,) = erp.erp.documents("sale")
    erp.wang.edit("sale", sale["id"], note="急")
    said: dict[str, str] = {}
    with listen(Page()) as page, take_mail(Mailbox()) as box:
        configure(terminal, page, box)
        for command in list_commands(PAGE, "isthmus"):
            if command in RUNNING:
                continue
            line = command.replace("SO-0042", order["number"])
            answer = terminal.call(*shlex.split(line)[1:], code=None)
            differs = "reconcile" in line and "isthmus sync run erp" not in said
            assert answer.exit_code == (DIFFER if differs else AGREE), (command, answer)
            said.setdefault(command, answer.out)
    assert "note" in said["isthmus reconcile erp"]
    assert "isthmus sync run erp --kind order" in said["isthmus reconcile erp"]
    assert said["isthmus reconcile erp --csv"].startswith("explained,kind,sort,number")
    document = json.loads(said["isthmus reconcile erp --json"])
    assert document["item"]["findings"][0]["fields"]["note"] == ["", "急"]
    assert order["number"] in said["isthmus trace SO-0042"]
    assert page.requests
    assert box.mails


def configure(terminal: Terminal, page: Page, box: Mailbox) -> None:
    """What the page shows, with servers of our own in the place of those of the example."""
    (shown,) = re.findall(r"```toml\n(.*?)```", read_page(PAGE), re.DOTALL)
    text = shown.replace('"https://example.com/isthmus"', f'"{page.url}"\nprivate = true')
    text = text.replace("mail.example.com:587", f"localhost:{box.port}").replace("env:PAGER_SECRET", "file:pager.key")
    text = text.replace('login = "isthmus@example.com"', 'tls = "none"\nprivate = true')
    text = text.replace('password = "env:MAIL_PASSWORD"\n', "")
    (terminal.home / "pager.key").write_text(KEY, encoding="utf-8")
    file = terminal.home / "isthmus.toml"
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
