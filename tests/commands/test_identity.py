"""Which records are the same, as a person settles it on the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.commands.stage import Terminal
from tests.commands.test_terminal import Typist

NAME, SHORT = "上海海岳精密机械有限公司", "海岳精密机械"


def make(terminal: Terminal, name: str, *settings: str) -> Any:
    words = [part for setting in settings for part in ("--set", setting)]
    return terminal.json("record", "create", "account", "--set", f"name={name}", *words, "--anyway")["item"]["id"]


@pytest.fixture
def asked(terminal: Terminal) -> tuple[Terminal, Any, Any]:
    """Two customers that may be one, and the question about them."""
    one, other = make(terminal, NAME, "phone=13812345678"), make(terminal, SHORT, "website=haiyue.example")
    done = terminal.json("identity", "scan")["item"]
    assert (done["looked"], done["merged"], done["asked"], done["asked_per_10k"]) == (2, 0, 1, 5000.0)
    return terminal, one, other


def test_a_question_is_listed_with_its_evidence(asked: tuple[Terminal, Any, Any]):
    terminal, one, other = asked
    (item,) = terminal.json("identity", "list")["items"]
    assert (item["one"]["id"], item["other"]["id"], item["band"]) == (one, other, "review")
    assert item["weight"] == sum(fact["weight"] for fact in item["evidence"])
    assert item["fields"]["phone"] == ["13812345678", ""]
    (todo,) = terminal.json("todo")["items"]
    assert todo["command"] == f"isthmus identity decide {item['id']} same|different"
    shown = terminal.call("identity", "list").out
    assert NAME in shown
    assert "1 questions (5000.0" in shown
    assert "海岳" in terminal.call("todo", "--lang", "zh").out
    assert terminal.json("todo", "show", todo["short"])["item"]["item"]["id"] == todo["id"]


def test_an_answer_merges_and_can_be_taken_back(asked: tuple[Terminal, Any, Any]):
    terminal, one, other = asked
    (item,) = terminal.json("identity", "list")["items"]
    done = terminal.json("identity", "decide", item["id"], "same")["item"]
    assert (done["merge"]["survivor_id"], done["merge"]["loser_id"]) == (one, other)
    assert terminal.json("record", "show", "account", other)["item"]["record"]["id"] == one
    assert terminal.json("identity", "list")["items"] == []
    told = terminal.call("identity", "unmerge", other, "--preview").out
    assert SHORT in told
    assert terminal.json("identity", "unmerge", other)["item"]["applied"] is True
    assert terminal.json("record", "show", "account", other)["item"]["record"]["name"] == SHORT
    terminal.call("identity", "unmerge", other, code=2)
    assert terminal.json("identity", "scan")["item"]["asked"] == 0


def test_different_is_an_answer_too(asked: tuple[Terminal, Any, Any]):
    terminal, one, other = asked
    (item,) = terminal.json("identity", "list")["items"]
    assert terminal.json("identity", "decide", item["id"], "different")["item"]["merge"] is None
    assert terminal.json("identity", "list")["items"] == []
    assert "differ" in terminal.call("identity", "explain", one, other).out
    terminal.call("identity", "decide", item["id"], "perhaps", code=2)


def test_a_preview_merges_nothing(asked: tuple[Terminal, Any, Any]):
    terminal, one, other = asked
    seen = terminal.json("identity", "merge", one, other, "--preview")["item"]
    assert seen["applied"] is False
    assert terminal.json("record", "show", "account", other)["item"]["record"]["id"] == other
    done = terminal.json("identity", "merge", one, other)["item"]
    assert (done["changes"], done["bindings"]) == (seen["changes"], seen["bindings"])
    assert "website" in done["changes"]
    terminal.call("identity", "merge", one, other, code=1)


def test_an_explanation_in_both_languages(asked: tuple[Terminal, Any, Any]):
    terminal, one, other = asked
    told = terminal.json("identity", "explain", one, other)["item"]
    assert told["weight"] == sum(fact["weight"] for fact in told["evidence"])
    assert f"weight {told['weight']}" in terminal.call("identity", "explain", one, other).out
    assert f"权重 {told['weight']}" in terminal.call("identity", "explain", one, other, "--lang", "zh").out


def test_who_is_here_already_is_not_made_again(terminal: Terminal):
    known = make(terminal, NAME, "phone=13812345678")
    refused = terminal.call("record", "create", "account", "--set", f"name={NAME}", code=1)
    assert known in refused.err
    assert "--anyway" in refused.err
    assert len(terminal.json("record", "list", "account")["items"]) == 1
    make(terminal, NAME)
    assert len(terminal.json("record", "list", "account")["items"]) == 2


def test_questions_are_answered_one_by_one_on_a_terminal(asked: tuple[Terminal, Any, Any]):
    terminal, _, _ = asked
    make(terminal, "宁波江北贸易有限公司")
    make(terminal, "江北贸易")
    assert terminal.json("identity", "scan")["item"]["asked"] == 1
    terminal.call("identity", "review", code=2)  # nobody is there to be asked
    person = Typist("--home", str(terminal.home), "identity", "review")
    person.answer("q end", "y")
    person.answer("q end", "x")
    person.answer("q end", "n")
    assert person.finish() == 0
    assert NAME in person.screen
    assert "No question waits" in person.screen
    assert json.loads(terminal.call("identity", "list", "--json").out)["items"] == []
