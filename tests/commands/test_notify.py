"""Who is told, from the command line: doctor checks and sends only when it is asked to; status shows who fails."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.commands.stage import Terminal
from tests.runtime.listeners import Page, listen

KEY = "whsec_" + base64.b64encode(b"canary 5d41402abc4b2a76b9719d911017c592").decode()  # pragma: allowlist secret


@pytest.fixture
def page() -> Iterator[Page]:
    with listen(Page()) as page:
        yield page


@pytest.fixture
def told(terminal: Terminal, page: Page) -> Terminal:
    """A home that tells somebody."""
    (terminal.home / "pager.key").write_text(KEY, encoding="utf-8")
    text = terminal.home / "isthmus.toml"
    target = f'[notify.targets.pager]\nurl = "{page.url}"\nsecret = "file:pager.key"\nprivate = true\n'
    text.write_text(f'{text.read_text(encoding="utf-8")}\n[notify]\nlanguage = "zh"\n\n{target}', encoding="utf-8")
    terminal.call("apply")
    return terminal


def test_doctor_checks_and_sends_only_when_it_is_asked_to(told: Terminal, page: Page):
    said = told.call("doctor").out
    assert "pager" in said
    assert page.requests == []
    rows = told.json("doctor", "--send-test")["items"]
    assert next(row for row in rows if row["subject"] == "notify pager")["ok"]
    assert len(page.requests) == 1
    assert "测试" in page.requests[0][1].decode()


def test_what_cannot_be_told_is_said_and_shows_no_secret(told: Terminal, page: Page):
    page.statuses = [403]
    answer = told.call("doctor", "--send-test", code=3)
    assert "403" in answer.out
    assert KEY not in told.said
    status = told.json("sync", "status")["item"]["notify"]
    assert [row["target"] for row in status] == ["pager"]


def test_a_secret_that_is_not_there_is_named(told: Terminal):
    text = told.home / "isthmus.toml"
    text.write_text(text.read_text(encoding="utf-8").replace("file:pager.key", "env:NO_SUCH_NAME"), encoding="utf-8")
    told.call("apply")
    assert "NO_SUCH_NAME" in told.call("doctor", code=2).out
