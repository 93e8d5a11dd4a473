from __future__ import annotations

import tomllib

import pytest

from tests.commands.stage import TOKEN, Erp, Terminal, running_erp

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
    assert shown["kinds"] == ["account", "delivery", "invoice", "order", "payment", "product"]


def test_check_reads_every_kind_that_is_configured(connected: Terminal, erp: Erp):
    erp.make_customer("海岳精密机械有限公司")
    writes = len(erp.erp.log)
    document = connected.json("connection", "check", "erp")
    assert {item["kind"] for item in document["items"] if "kind" in item} == {"account", "product", "order"}
    assert all(item["ok"] for item in document["items"])
    said = connected.call("connection", "check", "erp").out
    assert "account: reads as it should" in said
    assert "account：读取正常" in connected.call("connection", "check", "erp", "--lang", "zh").out
    assert len(erp.erp.log) == writes


def test_check_says_what_cannot_be_read(connected: Terminal, erp: Erp):
    customer = erp.make_customer("海岳精密机械有限公司")
    lines = [{"text": "螺栓", "quantity": "3", "price": "0.35", "tax_percent": "13"}]
    erp.wang.create("sale", customer=customer["id"], lines=lines)
    rule = '{ from = "shipping", values = { done = "complete" }, otherwise = "hold", direction = "in" }'
    layer = f"[fields]\nfulfilment = {rule}\n"
    (connected.home / "mappings" / "erp").mkdir(parents=True)
    (connected.home / "mappings" / "erp" / "order.toml").write_text(layer, encoding="utf-8")
    connected.call("apply")
    answer = connected.call("connection", "check", "erp", code=1)
    assert "1 of 1 records cannot be translated" in answer.err
    assert "fulfilment" in answer.err


def test_a_probe_is_asked_for_made_and_removed(connected: Terminal, erp: Erp):
    erp.make_customer("海岳精密机械有限公司")
    erp.wang.create("item", name="轴承", price="12.50", unit="pcs")
    assert "--yes" in connected.call("connection", "probe", "erp", code=2).err
    assert erp.count_sales() == 0
    (item,) = connected.json("connection", "probe", "erp", "--yes")["items"]
    assert (item["kind"], item["passed"], item["removed"]) == ("order", True, True)
    assert {"fact": "tier", "declared": "draft", "measured": "draft", "verdict": "ok"} in item["facts"]
    said = connected.call("connection", "probe", "erp", "--kind", "order", "--yes").out
    assert "compare_and_set" in said
    assert "What the probe did was taken back." in said
    assert all(sale.get("deleted") for sale in erp.erp.documents("sale"))


def test_a_probe_that_would_stay_is_refused(connected: Terminal, erp: Erp):
    answer = connected.call("connection", "probe", "erp", "--kind", "account", "--yes", code=2)
    assert "nothing that a probe could take back" in answer.err


def test_a_false_declaration_leaves_exit_code_1(terminal: Terminal):
    with running_erp(compare_and_set=False) as erp:
        erp.make_customer("海岳精密机械有限公司")
        erp.wang.create("item", name="轴承", price="12.50", unit="pcs")
        terminal.call(*ADD, "--set", f"url={erp.url}", "--set", "token=env:SANDBOX_TOKEN", "--no-check")
        terminal.call("sync", "add", "erp", "order")
        answer = terminal.call("connection", "probe", "erp", "--yes", code=1)
        assert "compare_and_set is declared as yes, but no was seen" in answer.err
        chinese = terminal.call("connection", "probe", "erp", "--yes", "--lang", "zh", code=1)
        assert "compare_and_set 声明为 是，但实测为 否" in chinese.err
        assert "试探所做的已撤回" in chinese.out
        assert "是" in chinese.out
        assert all(sale.get("deleted") for sale in erp.erp.documents("sale"))
