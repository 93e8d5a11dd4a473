"""Slips of the keyboard and of the configuration: each is answered in words that help, and with the right exit code."""

from __future__ import annotations

from pathlib import Path

from tests.commands.stage import Erp, Terminal


def test_a_reason_that_there_is_not_is_refused_with_those_that_there_are(connected: Terminal):
    connected.call("pause", "erp")
    answer = connected.call("todo", "--code", "paused_bye", code=2)
    assert "sync.paused_by" in answer.err
    assert len(connected.json("todo", "--code", "paused_by")["items"]) == 1
    assert connected.json("todo", "--code", "sync.needs_match")["items"] == [], "known, and nothing waits for it"


def test_a_value_that_was_just_said_is_not_looked_for_in_the_file(connected: Terminal):
    answer = connected.call("sync", "add", "erp", "order", "--every", "2s", code=2)
    assert "line" not in answer.err
    assert "every" in answer.err
    text = connected.home / "isthmus.toml"
    text.write_text(text.read_text(encoding="utf-8").replace("syncs.product]", 'syncs.product]\ncreate = "x"'))
    answer = connected.call("sync", "add", "erp", "order", "--every", "10s", code=2)
    assert "isthmus.toml, line" in answer.err, "what was wrong before has its line"


def test_a_rule_for_adopting_that_there_is_not(connected: Terminal):
    answer = connected.call("sync", "adopt", "erp", "--by", "numbr", code=2)
    assert "identifier" in answer.err
    assert "numbr" in answer.err


def test_nothing_to_map_anew_is_said_so(connected: Terminal, erp: Erp):
    erp.make_customer("海岳精密机械有限公司")
    connected.json("sync", "run", "erp", code=None)
    said = connected.call("remap", "account", "--yes").out
    assert "nothing was written" in said
    assert "sync plan" not in said


def test_settings_are_told_in_the_readers_language(connected: Terminal):
    said = connected.call("sync", "status", "--lang", "zh").out
    assert "双向" in said
    assert "both" not in said
    assert connected.json("sync", "status")["items"][0]["direction"] == "both"


def test_help_shows_what_one_of_several_takes(connected: Terminal):
    said = connected.call("sync", "plan", "--help").out
    assert "list[" not in said
    assert "--kind <str>" in said


def test_a_fault_of_the_configuration_is_no_fault_of_the_other_system(connected: Terminal, erp: Erp, tmp_path: Path):
    answer = connected.call(
        "connection", "add", "lists", "--connector", "file", "--set", f"folder={tmp_path}/nosuch", code=2
    )
    assert "streams" in answer.err
    wrong = ("--set", "tier=plain")
    settings = ("--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN", *wrong)
    connected.call("connection", "add", "other", "--connector", "sandbox", *settings, code=2)
