"""Actions, the daily round and paper, at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.commands.stage import Terminal

LINES = json.dumps([{"name": "滚珠轴承", "quantity": 2, "unit_price": "50", "tax_rate": "0.13"}])


@pytest.fixture
def desk(terminal: Terminal) -> Terminal:
    terminal.call("record", "create", "user", "--set", "name=王芳")
    terminal.call("record", "create", "account", "--set", "name=海岳精密", "--set", "number=C-1")
    words = ("--set", "account_id=C-1", "--set", f"lines={LINES}", "--set", "terms=30 天 <净>")
    terminal.call("record", "create", "quote", *words)
    return terminal


def submit(desk: Terminal) -> None:
    desk.call("record", "edit", "quote", "QU-0001", "--set", "state=submitted")


def test_show_says_what_can_be_done_next(desk: Terminal):
    submit(desk)
    said = desk.call("record", "show", "quote", "QU-0001").out
    assert "state may become: accepted, lost, replaced, void" in said
    assert "act accept: make the order [--set reference=…] [--set contract_id=…]" in said
    told = desk.json("record", "show", "quote", "QU-0001")["item"]["next"]
    assert told["transitions"] == ["accepted", "lost", "replaced", "void"]
    assert told["actions"][0] == {"name": "accept", "text": "make the order", "options": ["reference", "contract_id"]}


def test_an_action_is_shown_first_and_done_once(desk: Terminal):
    submit(desk)
    said = desk.call("record", "act", "quote", "QU-0001", "accept", "--dry-run").out
    assert "Made order SO-0001" in said
    assert "Nothing of this was done" in said
    assert desk.json("record", "list", "order")["items"] == []
    done = desk.json("record", "act", "quote", "QU-0001", "accept", "--set", "reference=PO-7")["item"]
    assert [row["label"] for row in done["made"]] == ["SO-0001"]
    assert done["record"]["state"] == "accepted"
    assert "it was done before: order SO-0001" in desk.call("record", "act", "quote", "QU-0001", "accept").out
    assert len(desk.json("record", "list", "order")["items"]) == 1


def test_references_of_options_are_numbers_or_names(desk: Terminal):
    desk.call("record", "create", "pool", "--set", "name=华东公海")
    desk.call("record", "edit", "account", "C-1", "--set", "pool_id=华东公海")
    desk.call("record", "act", "account", "C-1", "claim", "--set", "owner_id=王芳")
    assert "王芳" in desk.call("record", "show", "account", "C-1").out
    desk.call("record", "act", "account", "C-1", "claim", "--set", "owner_id=赵强", code=2)


def test_a_task_names_any_record_by_its_number(desk: Terminal):
    words = ("--set", "about_kind=quote", "--set", "about_id=QU-0001")
    desk.call("record", "create", "task", "--set", "subject=打电话", *words)
    assert "QU-0001" in desk.call("record", "show", "task", "打电话").out


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (("quote", "QU-0001", "sell"), "crm.action_unknown", 2),
        (("quote", "QU-0001", "accept"), "crm.action_refused", 1),
        (("quote", "QU-9", "accept"), "sync.record_unknown", 2),
        (("account", "C-1", "claim"), "sync.option_refused", 1),
        (("account", "C-1", "release", "--set", "x=1"), "sync.option_refused", 1),
    ],
)
def test_a_mistake_has_its_name(desk: Terminal, words: tuple[str, ...], code: str, exit_code: int):
    assert desk.json("record", "act", *words, code=exit_code)["errors"][0]["code"] == code


def test_the_daily_round(desk: Terminal):
    assert "Nothing to do." in desk.call("record", "daily").out
    dates = ("--set", "valid_from=2026-01-01", "--set", "valid_until=2126-01-01", "--set", "remind_days=36500")
    desk.call("record", "create", "contract", "--set", "account_id=C-1", *dates)
    for state in ("submitted", "approved"):
        desk.call("record", "edit", "contract", "CT-0001", "--set", f"state={state}")
    assert desk.json("record", "daily")["items"] == [{"kind": "contract", "action": "remind", "count": 1}]
    assert "CT-0001" in desk.call("record", "list", "task").out
    assert desk.json("record", "daily")["items"] == [{"kind": "contract", "action": "remind", "count": 0}]


def test_a_quote_on_paper(desk: Terminal, tmp_path: Path):
    out = tmp_path / "QU-0001.pdf"
    assert str(out) in desk.call("record", "print", "quote", "QU-0001", "--out", str(out), "--lang", "zh").out
    with out.open("rb") as file:
        text = PdfReader(file).pages[0].extract_text()
    for words in ("报价单 QU-0001", "海岳精密", "滚珠轴承", "¥50.00", "13 %", "¥113.00", "30 天 <净>"):
        assert words in text, words
    desk.call("record", "print", "quote", "QU-0001", "--out", str(out))
    with out.open("rb") as file:
        assert "Quotation QU-0001" in PdfReader(file).pages[0].extract_text()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("account", "C-1", "--out", "x.pdf"), "sync.not_printed"),
        (("quote", "QU-0001", "--out", "/nowhere/x.pdf"), "cli.file_unwritable"),
        (("quote", "QU-0001", "--out", "x.pdf", "--font", "/nowhere/x.ttf"), "runtime.font_unusable"),
    ],
)
def test_what_is_not_printed(desk: Terminal, words: tuple[str, ...], code: str):
    assert desk.json("record", "print", *words, code=2)["errors"][0]["code"] == code
