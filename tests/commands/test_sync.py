"""Journeys by the command line alone: plan, accept, run, look at what was done."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.sdk.tables import defuse_text
from tests.commands.stage import TOKEN, Erp, Terminal, running_erp

NAME = "海岳精密机械有限公司"
LINES = json.dumps([{"name": "轴承", "quantity": "3", "unit_price": "12.50", "tax_rate": "0.13", "unit": "个"}])


def plan(terminal: Terminal, *words: str) -> dict[str, Any]:
    item: dict[str, Any] = terminal.json("sync", "plan", "erp", *words)["item"]
    return item


def accept(terminal: Terminal, code: int = 0) -> dict[str, Any]:
    label = plan(terminal)["plan"]["label"]
    return terminal.json("sync", "run", "erp", "--accept", label, code=code)


def make_order(terminal: Terminal) -> dict[str, Any]:
    lines = ("--set", f"lines={LINES}")
    item: dict[str, Any] = terminal.json("record", "create", "order", "--set", f"account_id={NAME}", *lines)["item"]
    return item


def test_a_plan_writes_nothing_and_its_run_does_exactly_that(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    accept(connected)
    make_order(connected)
    drawn = plan(connected)
    writes = [item for item in drawn["items"] if item["side"] == "there"]
    assert [(item["kind"], item["action"], item["amount"], item["currency"]) for item in writes] == [
        ("order", "create", "42.38", "CNY")
    ]
    assert erp.count_sales() == 0
    document = connected.json("sync", "run", "erp", "--accept", drawn["plan"]["label"])
    assert document["item"]["run"]["state"] == "done"
    assert erp.count_sales() == 1
    shown = connected.json("run", "show", str(document["item"]["run"]["number"]), "--writes")["item"]
    assert [(row["kind"], row["op"], row["outcome"], row["label"]) for row in shown["writes"]] == [
        ("order", "create", "ok", "SO-0001")
    ]


def test_the_first_push_is_refused_without_an_accepted_plan(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    connected.call("sync", "run", "erp")
    make_order(connected)
    document = connected.json("sync", "run", "erp", code=1)
    assert document["item"]["refused"] == {"order": "sync.plan_required"}
    assert [error["code"] for error in document["errors"]] == ["sync.plan_required"]
    assert erp.count_sales() == 0


def test_a_plan_is_used_once(connected: Terminal, erp: Erp):
    label = plan(connected)["plan"]["label"]
    connected.call("sync", "run", "erp", "--accept", label)
    assert connected.json("sync", "run", "erp", "--accept", label, code=2)["errors"][0]["code"] == "sync.plan_used"
    connected.call("sync", "run", "erp", "--accept", "zzzz", code=2)


def test_out_shows_only_what_would_be_written_there(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    assert {item["side"] for item in plan(connected)["items"]} == {"here"}
    assert plan(connected, "--out")["items"] == []


def test_people_read_a_plan_with_sums_documents_and_the_next_command(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    accept(connected)
    make_order(connected)
    answer = connected.call("sync", "plan", "erp")
    assert "¥42.38" in answer.out
    assert "SO-0001" in answer.out
    assert "isthmus sync run erp --accept" in answer.out
    chinese = connected.call("sync", "plan", "erp", "--lang", "zh")
    assert "尚未写入任何内容" in chinese.out
    assert "cli." not in answer.out + chinese.out


def test_a_system_that_is_away_ends_with_3_and_the_run_says_why(terminal: Terminal):
    with running_erp() as erp:
        terminal.call(
            "connection", "add", "erp", "--connector", "sandbox",
            "--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN",
        )  # fmt: skip
        terminal.call("sync", "add", "erp", "account")
    document = terminal.json("sync", "run", "erp", code=3)
    assert document["item"]["run"]["state"] == "failed"
    assert document["errors"][0]["exit_code"] == 3
    listed = terminal.json("run", "list")["items"]
    assert [(row["number"], row["state"], row["error_code"]) for row in listed] == [
        (1, "failed", document["errors"][0]["code"])
    ]
    terminal.call("sync", "plan", "erp", code=3)


def test_a_pause_stops_runs_until_it_is_lifted(connected: Terminal):
    connected.call("pause", "--all")
    assert connected.json("sync", "run", "erp", code=1)["errors"][0]["code"] == "sync.all_paused"
    connected.call("resume", "--all")
    connected.call("connection", "pause", "erp")
    assert connected.json("connection", "list")["items"][0]["paused"]
    connected.call("sync", "run", "erp", code=1)
    connected.call("resume", "erp")
    connected.call("sync", "run", "erp")
    connected.call("pause", code=2)
    connected.call("pause", "erp", "--all", code=2)


def test_the_status_of_each_sync(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    accept(connected)
    rows = {row["kind"]: row for row in connected.json("sync", "status")["items"]}
    assert set(rows) == {"account", "product", "order"}
    assert all(row["accepted"] and row["last_run_at"] for row in rows.values())
    connected.call("sync", "add", "erp", "order", "--confirm", "submit", "--every", "5m", "--start-date", "2026-01-31")
    rows = {row["kind"]: row for row in connected.json("sync", "status")["items"]}
    assert not rows["order"]["accepted"], "what was accepted is not what is configured now"
    settings = {row["kind"]: row for row in connected.json("sync", "list")["items"]}["order"]
    assert (settings["confirm"], settings["every_s"], settings["start_date"]) == ("submit", 300, "2026-01-31")


@pytest.mark.parametrize(
    "words", [("--confirm", "perhaps"), ("--every", "soon"), ("--start-date", "31.1.2026"), ("--direction", "up")]
)
def test_a_wrong_sync_setting_changes_nothing(connected: Terminal, words: tuple[str, str]):
    before = (connected.home / "isthmus.toml").read_bytes()
    connected.call("sync", "add", "erp", "order", *words, code=2)
    connected.call("sync", "add", "erp", "nosuch", code=2)
    connected.call("sync", "add", "nosuch", "order", code=2)
    assert (connected.home / "isthmus.toml").read_bytes() == before


def test_what_waits_names_the_command_that_settles_it(connected: Terminal, erp: Erp):
    accept(connected)
    connected.call("record", "create", "account", "--set", "name=无证商行")
    accept(connected)
    held = [row for row in connected.json("todo")["items"] if row["kind"] == "account"]
    assert [row["code"] for row in held] == ["sync.needs_match"] or [row["code"] for row in held] == [
        "protocol.needs_match"
    ]
    assert held[0]["command"].startswith("isthmus binding add erp account")
    assert "isthmus binding add erp account" in connected.call("todo").out
    connected.call("todo", "--connection", "nosuch", code=2)


def test_writes_as_csv(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    accept(connected)
    make_order(connected)
    number = accept(connected)["item"]["run"]["number"]
    rows = list(csv.DictReader(io.StringIO(connected.call("run", "show", str(number), "--csv").out)))
    assert [(row["kind"], row["op"], row["outcome"]) for row in rows] == [("order", "create", "ok")]
    connected.call("run", "show", str(number), "--csv", "--json", code=2)
    connected.call("run", "show", "999", code=2)


@pytest.mark.parametrize(("text", "safe"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("plain", "plain"), ("", "")])
def test_a_spreadsheet_takes_no_cell_for_a_formula(text: str, safe: str):
    assert defuse_text(text) == safe


def test_no_secret_appears_anywhere(connected: Terminal, erp: Erp, tmp_path: Path):
    erp.make_customer(NAME)
    accept(connected)
    make_order(connected)
    accept(connected)
    for words in (
        ("doctor",),
        ("connector", "show", "sandbox"),
        ("connection", "check", "erp"),
        ("run", "list"),
        ("todo",),
    ):
        connected.call(*words)
        connected.call(*words, "--json")
    assert TOKEN not in connected.said
    for path in connected.home.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_a_sweep_finds_what_was_deleted_there(connected: Terminal, erp: Erp):
    customer = erp.make_customer(NAME)
    accept(connected)
    erp.wang.delete("partner", customer["id"])
    assert connected.json("sync", "sweep", "erp")["item"]["finished"]
    assert "erp" in connected.call("sync", "sweep", "erp").out


def sums(terminal: Terminal) -> list[Decimal | int]:
    rows = {row["kind"]: row for row in terminal.json("reconcile", "erp")["items"]}
    names = ("hub_sum", "remote_sum", "waiting_sum", "unexplained_sum")
    return [Decimal(rows["order"][name]) for name in names]


def test_both_sides_are_counted_and_added_up(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    accept(connected)
    make_order(connected)
    rows = {row["kind"]: row for row in connected.json("reconcile", "erp")["items"]}
    assert (rows["account"]["hub_count"], rows["account"]["remote_count"]) == (1, 1)
    total = Decimal("42.38")
    assert sums(connected) == [total, 0, total, 0]
    accept(connected)
    assert sums(connected) == [total, total, 0, 0]
    answer = connected.call("reconcile", "erp", "--kind", "order")
    assert "¥42.38" in answer.out
    assert "account" not in answer.out


def test_the_story_of_one_order(connected: Terminal, erp: Erp):
    erp.make_customer(NAME)
    accept(connected)
    order = make_order(connected)
    accept(connected)
    item = connected.json("trace", order["number"])["item"]
    assert item["record"]["id"] == order["id"]
    assert next(event["what"] for event in item["events"]) == "created"
    assert any(event["connection"] == "erp" for event in item["events"])
    answer = connected.call("trace", order["number"], "--kind", "order", "--lang", "zh")
    assert order["number"] in answer.out
    connected.call("trace", "nobody", code=2)


def test_adopting_binds_and_lists_and_can_be_called_again(connected: Terminal, erp: Erp, tmp_path: Path):
    erp.make_customer(NAME)
    made = connected.json("record", "create", "account", "--set", f"name={NAME}", "--set", "number=K-1")["item"]
    other = connected.json("record", "create", "account", "--set", "name=晨澜")["item"]
    first = connected.json("sync", "adopt", "erp", "--kind", "account")["item"]
    assert first["kinds"][0]["sums"]["ambiguous"] == {
        "here": 1, "there": 1, "amounts_here": {}, "amounts_there": {},
    }  # fmt: skip
    assert {item["record_id"] for item in first["items"] if item["outcome"] == "here"} == {other["id"]}
    shown = connected.call("sync", "adopt", "erp", "--kind", "account").out
    assert "in doubt" in shown
    assert NAME in shown
    (asked,) = [item for item in connected.json("todo")["items"] if item["code"] == "sync.alike_here"]
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"ours,theirs\nK-1,{asked['remote_id']}\n", encoding="utf-8")
    bound = connected.json("sync", "adopt", "erp", "--kind", "account", "--by", str(pairs))["item"]
    assert [(item["outcome"], item["record_id"]) for item in bound["items"] if item["outcome"] == "bound"] == [
        ("bound", made["id"])
    ]
    assert not [item for item in connected.json("todo")["items"] if item["code"] == "sync.alike_here"]


def test_a_pair_that_names_nothing_is_something_left_undone(connected: Terminal, tmp_path: Path):
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("ours,theirs\nK-404,P404\n", encoding="utf-8")
    answer = connected.call("sync", "adopt", "erp", "--kind", "account", "--by", str(pairs), code=1)
    assert "pairs.csv:2" in answer.out


def test_what_cannot_be_adopted_by_is_named(connected: Terminal):
    answer = connected.call("sync", "adopt", "erp", "--by", "nmae", code=2)
    assert "nmae" in answer.err
    assert connected.call("sync", "adopt", "erp", "--since", "yesterday", code=2).err


@pytest.fixture
def listed(terminal: Terminal, tmp_path: Path) -> Terminal:
    """A home that reads customers from ``in/list.csv``; the second number has lost its digits."""
    save_list(tmp_path, "1,甲公司,", "2,乙公司,1.10101E+17")
    words = ("--set", f"folder={tmp_path / 'in'}", "--set", "streams.account.files=*.csv", "--set")
    terminal.call("connection", "add", "old", "--connector", "file", *words, "streams.account.key=编号")
    terminal.call("mapping", "suggest", "old", "--write")
    terminal.call("apply")
    terminal.call("sync", "add", "old", "account", "--direction", "in")
    return terminal


def save_list(folder: Path, *rows: str) -> None:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / "list.csv").write_text("\n".join(["编号,客户名称,统一社会信用代码", *rows]), encoding="gbk")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_became_of_rows_is_said_in_words(listed: Terminal, tmp_path: Path, lang: str):
    said = listed.call("sync", "run", "old", "--lang", lang, code=None).out
    save_list(tmp_path, "3,丙公司,")
    said += listed.call("sync", "run", "old", "--lang", lang, code=None).out
    assert "cli." not in said
    assert ("no longer in the lists" if lang == "en" else "清单中已没有") in said


def test_a_check_names_the_cell_as_a_run_does(listed: Terminal):
    said = listed.call("connection", "check", "old", code=1).err
    assert "list.csv, row 3, column 统一社会信用代码" in said
    assert "tables." not in said
