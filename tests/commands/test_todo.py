"""What waits, as a person at a terminal settles it: in both languages, without a raw code, as JSON for programs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.commands.stage import Erp, Terminal
from tests.commands.test_newcomer import CODE, ENGLISH, UNFILLED

LINE = {"text": "轴承", "quantity": "2", "price": "10", "tax_percent": "13"}


@pytest.fixture
def busy(connected: Terminal, erp: Erp) -> Terminal:
    """A conflict about a phone number, a sale that no mapping understands, and a customer that nobody can match."""
    known = erp.make_customer("海岳精密机械有限公司")
    connected.call("sync", "run", "erp")
    connected.call("record", "create", "account", "--set", "name=无码客户")
    label = connected.json("sync", "plan", "erp")["item"]["plan"]["label"]
    connected.call("sync", "run", "erp", "--accept", label)
    sale = erp.wang.create("sale", customer=known["id"], lines=[LINE])
    erp.erp.mark(erp.wang.approve(sale["id"])["id"], "wang", shipping="teleported")
    connected.call("record", "edit", "account", "海岳精密机械有限公司", "--set", "phone=2")
    erp.wang.edit("partner", known["id"], phone="3")
    connected.call("sync", "run", "erp")
    return connected


def entry(terminal: Terminal, wait: str, *words: str) -> dict[str, Any]:
    (found,) = [item for item in terminal.json("todo", *words)["items"] if item["kind_of_wait"] == wait]
    return found


def test_the_list_can_be_narrowed(busy: Terminal):
    everything = busy.json("todo")["items"]
    assert {item["kind_of_wait"] for item in everything} == {"conflict", "dead", "held"}
    assert [item["kind"] for item in busy.json("todo", "--kind", "order")["items"]] == ["order"]
    assert entry(busy, "dead", "--code", "value_unknown")["id"] == entry(busy, "dead")["id"]
    assert busy.json("todo", "--connection", "erp")["items"] == everything
    assert len(busy.json("todo", "--limit", "1")["items"]) == 1
    assert busy.json("todo", "--since", "1h")["items"] == everything
    assert busy.json("todo", "--since", "2099-01-01")["items"] == []
    assert "someday" in busy.call("todo", "--since", "someday", code=2).err
    assert "nowhere" in busy.call("todo", "--connection", "nowhere", code=2).err


def test_every_entry_is_shown_whole_in_both_languages(busy: Terminal):
    for item in busy.json("todo")["items"]:
        for lang in ("en", "zh"):
            told = busy.call("todo", "show", item["short"], "--lang", lang).out
            assert not CODE.search(told), told
            assert not UNFILLED.search(told), told
            if lang == "zh":
                assert [text for text in ENGLISH if text in told] == [], told
        shown = busy.json("todo", "show", item["short"])["item"]
        assert shown["item"]["id"] == item["id"]
        assert shown["choices"]


def test_a_conflict_is_shown_with_both_values_and_what_each_choice_does(busy: Terminal):
    item = entry(busy, "conflict")
    shown = busy.json("todo", "show", item["short"])["item"]
    (phone,) = [pair for pair in shown["fields"] if pair["differs"]]
    assert (phone["field"], phone["here"], phone["there"]) == ("phone", "2", "3")
    told = busy.call("todo", "show", item["short"]).out
    assert f"isthmus todo take {item['short']} hub" in told
    assert "phone: 3 → 2" in told
    assert "phone: 2 → 3" in told
    assert '"phone": "3"' in told, "the record as it was read"
    assert "both sides" in told, "what happened to the record"


def test_a_value_of_ones_own_is_taken_and_taken_back(busy: Terminal, erp: Erp):
    item = entry(busy, "conflict")
    answer = busy.call("todo", "take", item["short"], "13900000000")
    assert f"isthmus todo undo {item['short']}" in answer.out
    decided = busy.json("todo", "--decided")["items"]
    assert [(row["item"], row["verb"], row["choice"]) for row in decided] == [(item["id"], "take", "phone=13900000000")]
    assert "13900000000" in busy.call("todo", "--decided", "--lang", "zh").out
    busy.call("todo", "undo", item["short"])
    assert entry(busy, "conflict")["id"] == item["id"]
    busy.call("todo", "take", item["short"], "hub", "--field", "phone")
    busy.call("sync", "run", "erp")
    assert erp.erp.documents("partner")[0]["phone"] == "2"
    refused = busy.call("todo", "undo", item["short"], "--lang", "zh", code=1).err
    assert "已不能撤回" in refused


def test_a_correction_is_shown_and_applied_only_after_a_yes(busy: Terminal):
    item = entry(busy, "dead")
    words = ("todo", "edit", item["short"], "--set", "fulfilment=complete")
    shown = busy.call(*words, code=1)
    assert "complete" in shown.out
    assert "--yes" in shown.err
    assert entry(busy, "dead")["id"] == item["id"]
    assert "no_such_field" in busy.call("todo", "edit", item["short"], "--set", "no_such_field=1", code=2).err
    assert busy.json(*words, "--yes")["item"]["applied"]
    assert busy.json("record", "list", "order")["items"][0]["fulfilment"] == "complete"


def test_what_is_given_up_is_listed_apart(busy: Terminal, erp: Erp):
    item = entry(busy, "dead")
    assert busy.call("todo", "drop", item["short"], code=2).err, "a reason is needed"
    busy.call("todo", "drop", item["short"], "--reason", "供应商的测试")
    assert [row["kind_of_wait"] for row in busy.json("todo")["items"] if row["kind"] == "order"] == []
    told = busy.call("todo", "--dropped", "--lang", "zh").out
    assert "供应商的测试" in told
    busy.call("sync", "run", "erp")
    busy.call("sync", "sweep", "erp")
    assert busy.json("record", "list", "order")["items"] == []
    busy.call("todo", "undo", item["short"])
    assert entry(busy, "dead")["id"] == item["id"]
    assert len(erp.erp.documents("sale")) == 1


def test_retry_and_replay(busy: Terminal, erp: Erp):
    item = entry(busy, "dead")
    still = busy.call("todo", "retry", item["short"], code=1)
    assert "teleported" in still.out
    assert busy.call("todo", "retry", code=2).err
    assert busy.json("todo", "replay", "--connection", "erp")["items"][0]["outcome"] == "dead"
    (sale,) = erp.erp.documents("sale")
    erp.erp.mark(sale["id"], "wang", shipping="complete")
    done = busy.json("todo", "retry", "--kind", "order")["items"]
    assert [(row["id"], row["outcome"]) for row in done] == [(item["id"], "created")]
    assert "skipped" not in busy.call("todo", "retry", entry(busy, "conflict")["short"], code=1).out


@pytest.mark.parametrize("words", [("show",), ("take", "hub"), ("drop", "--reason", "x"), ("undo",), ("retry",)])
def test_an_id_that_nobody_knows_is_named(busy: Terminal, words: tuple[str, ...]):
    verb, *rest = words
    for lang in ("en", "zh"):
        assert "ffff99" in busy.call("todo", verb, "ffff99", *rest, "--lang", lang, code=2).err


def test_a_mistyped_kind_is_not_taken_for_nothing_waits(busy: Terminal):
    assert "ordr" in busy.call("todo", "--kind", "ordr", code=2).err


def test_a_reason_says_something(busy: Terminal):
    item = entry(busy, "dead")
    for reason in ("", " "):
        assert "--reason" in busy.call("todo", "drop", item["short"], "--reason", reason, code=2).err
    assert entry(busy, "dead")["id"] == item["id"]
