"""At the door: whoever makes a customer hears whom it could be, and may say that it is none of them; on the command
line, from a list, by an import, and by a webhook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.stage import Erp, Terminal
from tests.commands.test_event import push, shop

__all__ = ["shop"]
NAME, TYPED = "上海海岳精密机械有限公司", "海岳精密机械"
PHONE = "13812345678"


def make_known(terminal: Terminal) -> str:
    record = terminal.json("record", "create", "account", "--set", f"name={NAME}", "--set", f"phone={PHONE}")
    return str(record["item"]["id"])


def hold(terminal: Terminal, *names: str) -> None:
    file = terminal.home / "isthmus.toml"
    file.write_text(file.read_text("utf-8") + f"\n[identity]\nhold = {json.dumps(names)}\n", "utf-8")
    terminal.call("apply")


def list_names(terminal: Terminal) -> list[str]:
    return sorted(row["name"] for row in terminal.json("record", "list", "account")["items"])


def tell_shop(terminal: Terminal, name: str = TYPED, key: str = "evt_9") -> dict[str, Any]:
    push(
        terminal.home,
        {"type": "customer.created", "id": key, "data": {"id": key, "name": name, "phone": PHONE, "updated_at": 1}},
    )
    found: dict[str, Any] = terminal.json("event", "replay", key)["items"][0]
    return found


def test_on_the_command_line_and_from_a_list(terminal: Terminal, tmp_path: Path):
    known = make_known(terminal)
    words = ("record", "create", "account", "--set", f"name={TYPED}", "--set", f"phone={PHONE}")
    told = terminal.json(*words, code=1)["errors"][0]
    assert (told["code"], known in told["params"]["candidates"]) == ("identity.alike_here", True)
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([{"name": TYPED, "phone": PHONE}, {"name": "甲乙"}]), "utf-8")
    refused = terminal.json("record", "create", "account", "--from", str(rows), code=1)
    assert known in refused["errors"][0]["text"]
    assert list_names(terminal) == sorted([NAME, "甲乙"])
    terminal.call(*words, "--anyway")
    assert list_names(terminal) == sorted([NAME, TYPED, "甲乙"])


def test_an_import_names_whom_it_brought_twice(connected: Terminal, erp: Erp):
    known = make_known(connected)
    erp.wang.create("partner", name=TYPED, tax_id="", phone=PHONE)
    done = connected.json("sync", "run", "erp", "--kind", "account", code=None)["item"]
    (newcomer,) = done["alike"]
    assert (newcomer["label"], [row["id"] for row in newcomer["candidates"]]) == (TYPED, [known])
    assert newcomer["candidates"][0]["weight"] > 0
    again = connected.json("run", "show", str(done["run"]["number"]))["item"]["alike"]
    assert again == [newcomer]
    assert known in connected.call("run", "show", str(done["run"]["number"])).out
    connected.call("identity", "scan")
    left = connected.json("run", "show", str(done["run"]["number"]))["item"]["alike"]
    if left:  # a question, not beyond doubt
        connected.call(*left[0]["command"].replace("same|different", "different").split()[1:])
        assert connected.json("run", "show", str(done["run"]["number"]))["item"]["alike"] == []


def test_a_webhook_names_whom_it_brought(shop: Terminal):
    known = make_known(shop)
    told = tell_shop(shop)
    assert told["outcomes"][0]["outcome"] == "created"
    assert [row["id"] for row in told["alike"][0]["candidates"]] == [known]
    assert known in shop.json("event", "show", "evt_9")["item"]["text"]
    assert NAME in shop.call("--lang", "zh", "event", "show", "evt_9").out
    assert list_names(shop) == sorted([NAME, TYPED])


@pytest.mark.parametrize("answer", ["same", "new"])
def test_a_webhook_whose_newcomers_wait_is_answered_by_a_person(shop: Terminal, answer: str):
    hold(shop, "shop")
    known = make_known(shop)
    told = tell_shop(shop)
    assert told["outcomes"][0]["outcome"] == "review"
    (newcomer,) = told["alike"]
    assert (newcomer["record_id"], [row["id"] for row in newcomer["candidates"]]) == (None, [known])
    assert list_names(shop) == [NAME]
    (waits,) = [item for item in shop.json("todo")["items"] if item["kind_of_wait"] == "review"]
    assert waits["command"] == newcomer["command"] == f"isthmus binding add shop account {known}|new evt_9"
    tell_shop(shop, "完全不同的名字科技有限公司", "evt_8")  # shares a telephone number only
    shop.call("binding", "add", "shop", "account", known if answer == "same" else "new", "evt_9")
    assert len([name for name in list_names(shop) if name in (NAME, TYPED)]) == (1 if answer == "same" else 2)
    assert shop.json("event", "show", "evt_9")["item"]["alike"] == []


def test_an_import_whose_newcomers_wait(connected: Terminal, erp: Erp):
    hold(connected, "*")
    known = make_known(connected)
    partner = erp.wang.create("partner", name=TYPED, tax_id="", phone=PHONE)
    erp.wang.create("partner", name="屿岚电子科技有限公司", tax_id="")
    done = connected.json("sync", "run", "erp", "--kind", "account", code=None)["item"]
    assert done["run"]["counts"]["in.account.review"] == 1
    assert [row["id"] for row in done["alike"][0]["candidates"]] == [known]
    assert done["alike"][0]["command"].endswith(partner["id"])
    assert list_names(connected) == sorted([NAME, "屿岚电子科技有限公司"])


def test_a_connection_that_is_none_is_refused(shop: Terminal):
    file = shop.home / "isthmus.toml"
    file.write_text(file.read_text("utf-8") + '\n[identity]\nhold = ["shpo"]\n', "utf-8")
    assert "shpo" in shop.call("apply", code=2).err
