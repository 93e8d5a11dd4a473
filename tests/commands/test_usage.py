"""Lines that make no sense: one sentence in the reader's language, one JSON document, exit code 2."""

from __future__ import annotations

import re

import pytest

from tests.commands.stage import Terminal

WRONG = [
    ("run show x", "run.show", "cli.usage_value", "number"),
    ("record list order --limit 0", "record.list", "cli.usage_value", "--limit"),
    ("up --port 99999", "up", "cli.usage_value", "--port"),
    ("record list", "record.list", "cli.usage_missing", "kind"),
    ("trace a b", "trace", "cli.usage_extra", "b"),
    ("todo --nosuch", "todo", "cli.usage_option", "--nosuch"),
    ("sync nosuch", "sync", "cli.usage_command", "nosuch"),
    ("nosuch", "usage", "cli.usage_command", "nosuch"),
    ("sync", "sync", "cli.usage_nothing", ""),
]


@pytest.mark.parametrize(("line", "schema", "code", "word"), WRONG)
def test_a_wrong_line_is_one_document(terminal: Terminal, line: str, schema: str, code: str, word: str):
    document = terminal.json(*line.split(), code=2)
    assert document["schema"] == f"isthmus/{schema}/1"
    (error,) = document["errors"]
    assert (error["code"], error["exit_code"]) == (code, 2)
    assert word in error["text"]


@pytest.mark.parametrize("line", [line for line, _, code, _ in WRONG if code != "cli.usage_nothing"])
def test_a_wrong_line_is_told_in_chinese(terminal: Terminal, line: str):
    answer = terminal.call(*line.split(), "--lang", "zh", code=2)
    assert answer.out == ""
    told = answer.err.replace("isthmus", "")
    assert re.search("[一-鿿]", told)
    assert not re.search(r"\b(?:Input|should|No such|Missing|Error|Usage)\b", told)
    assert "--help" in told


def test_a_noun_alone_shows_its_help(terminal: Terminal):
    assert "Commands:" in terminal.call("sync", code=2).out


def test_an_unknown_language_names_the_known_ones(terminal: Terminal):
    assert "en, zh" in terminal.call("--lang", "fr", "todo", code=2).err
