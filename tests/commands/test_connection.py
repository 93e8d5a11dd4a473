from __future__ import annotations

import tomllib

import pytest

from tests.commands.stage import TOKEN, Erp, Terminal

ADD = ("connection", "add", "erp", "--connector", "sandbox")


def test_a_connection_is_tried_saved_and_published(terminal: Terminal, erp: Erp):
    item = terminal.json(*ADD, "--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN")["item"]
    assert item == {"connection": "erp", "connector": "sandbox", "version": 2}
    written = tomllib.loads((terminal.home / "isthmus.toml").read_text(encoding="utf-8"))
    assert written["connections"]["erp"]["token"] == "env:SANDBOX_TOKEN"
    assert terminal.json("connection", "list")["items"][0]["connector"] == "sandbox"
    assert TOKEN not in terminal.said


def test_numbers_and_booleans_are_written_as_such(terminal: Terminal, erp: Erp):
    more = ("--set", "lag_s=0.5", "--set", "versioned=false", "--set", "batch_size=3", "--no-check")
    terminal.call(*ADD, "--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN", *more)
    written = tomllib.loads((terminal.home / "isthmus.toml").read_text(encoding="utf-8"))["connections"]["erp"]
    assert (written["lag_s"], written["versioned"], written["batch_size"]) == (0.5, False, 3)


def test_a_secret_on_the_command_line_is_refused_and_not_repeated(terminal: Terminal, erp: Erp):
    before = (terminal.home / "isthmus.toml").read_bytes()
    answer = terminal.call(*ADD, "--set", f"url={erp.url}", "--set", "token=hunter2-hunter2", code=2)
    assert "token" in answer.err
    assert "hunter2" not in answer.out + answer.err
    assert (terminal.home / "isthmus.toml").read_bytes() == before


def test_what_is_missing_is_named_where_nobody_can_be_asked(terminal: Terminal):
    answer = terminal.call(*ADD, code=2)
    assert "url, token" in answer.err


@pytest.mark.parametrize(
    ("setting", "words"), [("nosuch=1", "nosuch"), ("just-a-word", "name=value"), ("tier=golden", "tier")]
)
def test_a_wrong_setting_is_named(terminal: Terminal, erp: Erp, setting: str, words: str):
    given = ("--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN", "--set", setting, "--no-check")
    assert words in terminal.call(*ADD, *given, code=2).err


def test_refused_credentials_leave_nothing_behind(terminal: Terminal, erp: Erp):
    (terminal.home / "wrong.txt").write_text("wrong-token-wrong-token", encoding="utf-8")
    before = (terminal.home / "isthmus.toml").read_bytes()
    answer = terminal.call(*ADD, "--set", f"url={erp.url}", "--set", "token=file:wrong.txt", code=3)
    assert "--no-check" in answer.err
    assert (terminal.home / "isthmus.toml").read_bytes() == before
    assert terminal.json("connection", "list")["items"] == []


def test_check_passes_and_fails_with_3(connected: Terminal, erp: Erp):
    items = connected.json("connection", "check", "erp")["items"]
    assert all(item["ok"] and item["text"] for item in items)
    connected.call("connection", "check", "nosuch", code=2)


def test_a_second_add_changes_the_connection(connected: Terminal, erp: Erp):
    connected.call(*ADD, "--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN", "--set", "text_max=0")
    written = tomllib.loads((connected.home / "isthmus.toml").read_text(encoding="utf-8"))["connections"]["erp"]
    assert written["text_max"] == 0
    assert set(written["syncs"]) == {"account", "product", "order"}


def test_an_unknown_connector_lists_the_known_ones(terminal: Terminal):
    assert "sandbox" in terminal.call("connection", "add", "x", "--connector", "nosuch", code=2).err


def test_connectors_are_listed_and_shown(terminal: Terminal):
    names = [row["name"] for row in terminal.json("connector", "list")["items"]]
    assert "sandbox" in names
    shown = terminal.json("connector", "show", "sandbox", "--lang", "zh")["item"]
    token = next(row for row in shown["config"] if row["key"] == "token")
    assert token["secret"]
    assert token["question"] == "集成用户的访问令牌"
    assert shown["kinds"] == ["account", "order", "product"]
