"""What a newcomer trips over: every answer must be readable, in their language, and something to act on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hub.locale import load_texts
from hub.runtime.home import STARTING_CONFIG
from hub.runtime.settings import parse_config
from tests.commands.stage import TOKEN, Erp, Terminal

ADD = ("connection", "add", "second", "--connector", "sandbox", "--set", "token=env:SANDBOX_TOKEN")
CODE = re.compile(r"\b(?:sync|protocol|model|crm|cli|web|sdk|runtime|mapping|store|sandbox)\.[a-z]+(?:_[a-z]+)+\b")
"""A raw reason code, such as sync.needs_match."""
UNFILLED = re.compile(r"\{[a-z_]+\}")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "words",
    [("--zone", "Mars/Base"), ("--set", "tier=golden"), ("--set", "batch_size=0"), ("--set", "url=http://127.0.0.1:9")],
)
def test_a_connection_with_a_wrong_setting_is_refused_in_a_sentence(
    terminal: Terminal, erp: Erp, words: tuple[str, ...], lang: str
):
    answer = terminal.call(*ADD, "--set", f"url={erp.url}", *words, "--lang", lang, code=None)
    assert answer.exit_code in (2, 3)
    assert "Traceback" not in answer.err
    assert "Input should" not in answer.err


def test_a_connection_with_an_impossible_name_is_not_even_tried(terminal: Terminal, erp: Erp):
    words = ("connection", "add", "9erp", *ADD[3:], "--set", f"url={erp.url}")
    assert "9erp" in terminal.call(*words, code=2).err


ERP = '[connections.erp]\nconnector = "sandbox"\nurl = "x"\ntoken = "env:T"\n[connections.erp.syncs.'


@pytest.mark.parametrize(
    "text",
    [
        'colour = "red"\n',
        '[organisation]\ncurrency = "RMB!"\n',
        '[organisation]\nzone = "Mars"\n',
        '[connections.9erp]\nconnector = "sandbox"\n',
        '[connections.erp]\nurl = "x"\n',
        ERP + "orders]\n",
        ERP + 'order]\nevery = "5x"\n',
        ERP + 'order]\nconfirm = "x"\n',
        '[[custom_fields]]\nkind = "accounts"\nname = "grade"\ntype = "text"\n',
        '[[custom_fields]]\nkind = "account"\nname = "Grade"\ntype = "text"\n',
        '[[custom_fields]]\nkind = "account"\nname = "grade"\ntype = "choice"\n',
        '[[custom_fields]]\nkind = "account"\nname = "grade"\ntype = "text"\n' * 2,
    ],
)
def test_a_wrong_file_is_told_in_chinese_with_its_line(terminal: Terminal, text: str):
    (terminal.home / "isthmus.toml").write_text(text, encoding="utf-8")
    told = terminal.call("apply", "--lang", "zh", code=2).err
    assert re.search(r"isthmus\.toml 第 \d+ 行", told)
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+ [a-z]+", told), told


def test_the_template_holds_when_its_comments_are_taken_away():
    bare = re.sub(r"^# (?=[\[a-z\"])", "", STARTING_CONFIG, flags=re.MULTILINE)
    bare = re.sub(r"^#.*$", "", bare, flags=re.MULTILINE)
    config = parse_config(bare, Path("isthmus.toml"))
    assert set(config.connections) == {"erp"}
    assert [(field.kind, field.name) for field in config.custom_fields] == [("account", "grade")]
    assert config.connections["erp"].syncs["order"].every_s == 300
    assert tomllib.loads(STARTING_CONFIG)["organisation"]["currency"] == "CNY"


def test_a_custom_field_goes_all_the_way(connected: Terminal, erp: Erp):
    config = connected.home / "isthmus.toml"
    declared = '\n[[custom_fields]]\nkind = "account"\nname = "grade"\ntype = "choice"\nchoices = ["A", "B"]\n'
    config.write_text(config.read_text(encoding="utf-8") + declared, encoding="utf-8")
    site = connected.home / "mappings" / "erp" / "account.toml"
    site.parent.mkdir(parents=True)
    site.write_text('unset = ["fields.note"]\n[fields]\ncustom.grade = "note"\n', encoding="utf-8")
    connected.call("mapping", "lint")
    connected.call("apply")
    customer = erp.make_customer("海岳精密机械有限公司")
    erp.wang.edit("partner", customer["id"], note="A")
    connected.call("sync", "run", "erp", "--kind", "account")
    record = connected.json("record", "show", "account", "海岳精密机械有限公司")["item"]["record"]
    assert record["custom"] == {"grade": "A"}
    assert "A, B" in connected.call("record", "edit", "account", record["id"], "--set", "custom.grade=C", code=1).err
    connected.call("record", "edit", "account", record["id"], "--set", "custom.grade=B")
    label = connected.json("sync", "plan", "erp", "--kind", "account")["item"]["plan"]["label"]
    connected.call("sync", "run", "erp", "--kind", "account", "--accept", label)
    assert erp.erp.documents("partner")[0]["note"] == "B"


def test_lint_judges_the_files_as_they_are_now(connected: Terminal):
    site = connected.home / "mappings" / "erp" / "account.toml"
    site.parent.mkdir(parents=True)
    site.write_text('[fields]\nnmae = "n"\nname = { form = "x" }\n', encoding="utf-8")
    told = connected.call("mapping", "lint", code=2).out
    assert "mappings/erp/account.toml:2" in told
    assert "“form”" in told
    assert not UNFILLED.search(told)
    site.write_text("[fields\n", encoding="utf-8")
    assert connected.json("mapping", "lint", code=2)["items"][0]["file"] == "mappings/erp/account.toml"


def make_trouble(terminal: Terminal, erp: Erp) -> None:
    """A held customer, a held order, a conflict and a draft that waits."""
    known = erp.make_customer("海岳精密机械有限公司")
    terminal.call("sync", "run", "erp")
    lines = '[{"name": "x", "quantity": 2, "unit_price": "10", "tax_rate": "0.13"}]'
    terminal.call("record", "create", "account", "--set", "name=测试客户")
    terminal.call("record", "create", "order", "--set", "account_id=测试客户", "--set", f"lines={lines}")
    terminal.call("record", "create", "order", "--set", "account_id=海岳精密机械有限公司", "--set", f"lines={lines}")
    label = terminal.json("sync", "plan", "erp")["item"]["plan"]["label"]
    terminal.call("sync", "run", "erp", "--accept", label)
    erp.wang.edit("partner", known["id"], phone="1")
    terminal.call("record", "edit", "account", "海岳精密机械有限公司", "--set", "phone=2")
    terminal.call("sync", "run", "erp")


def test_no_answer_shows_a_raw_code(connected: Terminal, erp: Erp):
    make_trouble(connected, erp)
    bindings = [row["id"] for row in connected.json("binding", "list")["items"]]
    lines = [
        "todo", "sync plan erp", "sync status", "run list", "run show 2 --writes", "run show 3", "binding list",
        "reconcile erp", "trace SO-0001", "trace SO-0002", "connection list", "sync run erp", "sync sweep erp",
        "record show account 海岳精密机械有限公司 --explain", *(f"binding show {binding}" for binding in bindings),
    ]  # fmt: skip
    for lang in ("en", "zh"):
        for line in lines:
            answer = connected.call(*line.split(), "--lang", lang, code=None)
            told = answer.out + answer.err
            assert not CODE.search(told), f"{line}: {told}"
            assert not UNFILLED.search(told), f"{line}: {told}"
            if lang == "zh":
                english = [text for text in ENGLISH if text in told]
                assert english == [], f"{line}: {told}"


ENGLISH = [
    text
    for code, text in load_texts("en").items()
    if not UNFILLED.search(text) and " " in text and text != load_texts("zh")[code]
]
"""Sentences that have no place in a Chinese answer."""


def test_the_todo_list_can_be_copied_from(connected: Terminal, erp: Erp):
    make_trouble(connected, erp)
    told = connected.call("todo").out
    commands = [line.strip() for line in told.splitlines() if line.strip().startswith("→ isthmus")]
    assert len(commands) == len(connected.json("todo")["items"]) - 1  # the draft that people there approve is counted
    assert "account 测试客户, which is not" in told, "the customer by its name, not by its id"
    assert all(len(line) <= 160 for line in told.splitlines() if not line.startswith("  "))


def test_a_failed_run_is_told_once(connected: Terminal, erp: Erp):
    config = connected.home / "isthmus.toml"
    config.write_text(config.read_text(encoding="utf-8").replace(erp.url, "http://127.0.0.1:9"), encoding="utf-8")
    connected.call("apply")
    answer = connected.call("sync", "run", "erp", code=3)
    assert (answer.out + answer.err).count("cannot be reached") == 1
    assert TOKEN not in answer.err


def test_an_unknown_number_is_named_without_a_star(connected: Terminal):
    assert "*" not in connected.call("trace", "nope", code=2).err


def test_a_home_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    answer = Terminal(tmp_path / "file" / "home").call("init", code=2)
    assert "--home" in answer.err


@pytest.mark.parametrize("fault", ["lost_after=2", "lost_after=-0.1", "lost_after=often"])
def test_a_rate_is_from_0_to_1(terminal: Terminal, fault: str):
    assert fault in terminal.call("simulate", "sandbox", "--faults", fault, code=2).err


@pytest.mark.parametrize("words", [("todo",), ("doctor",), ("sync", "status")])
def test_a_damaged_database_is_said_in_a_sentence(terminal: Terminal, words: tuple[str, ...]):
    (terminal.home / "hub.sqlite").write_bytes(b"junk" * 1000)
    answer = terminal.call(*words, code=2)
    assert "backup" in answer.out + answer.err
