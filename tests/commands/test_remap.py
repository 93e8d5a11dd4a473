"""``isthmus remap``: the admin changes a mapping; what was read before follows, without asking the ERP again."""

from __future__ import annotations

from tests.commands.stage import Erp, Terminal

LAYER = '[mapping]\nkind = "account"\n[fields]\nphone = { from = "note", direction = "in" }\n'


def fill(terminal: Terminal, erp: Erp, count: int = 3) -> None:
    for number in range(count):
        row = erp.make_customer(f"客户{number}")
        erp.wang.edit("partner", row["id"], phone=f"139{number:08}", note=f"021-{number:08}")
    terminal.call("sync", "run", "erp")


def change_mapping(terminal: Terminal) -> None:
    folder = terminal.home / "mappings" / "erp"
    folder.mkdir()
    (folder / "account.toml").write_text(LAYER, encoding="utf-8")
    terminal.call("apply")


def phones(terminal: Terminal) -> set[str]:
    return {row["phone"] for row in terminal.json("record", "list", "account")["items"]}


def test_a_changed_mapping_reaches_what_was_read_before(connected: Terminal, erp: Erp):
    fill(connected, erp)
    assert connected.json("remap", "account")["item"]["remap"]["summary"]["fields"] == {}
    change_mapping(connected)
    shown = connected.call("remap", "account", "--connection", "erp").out
    assert "3 would differ" in shown
    assert "13900000000 → 021-00000000" in shown
    assert phones(connected) == {f"139{number:08}" for number in range(3)}

    remap = connected.json("remap", "account")["item"]["remap"]
    assert remap["summary"]["fields"]["phone"]["count"] == 3
    written = connected.call("remap", "account", "--accept", remap["label"], "--lang", "zh").out
    assert "3 条 account 已按当前映射更新" in written
    assert phones(connected) == {f"021-{number:08}" for number in range(3)}
    connected.call("remap", "account", "--accept", remap["label"], code=2)
    connected.call("remap", "order", "--accept", remap["label"], code=2)
    assert connected.json("remap", "account", "--yes")["item"]["remap"]["state"] == "done"


def test_a_mapping_that_changes_a_mass_leads_to_remap(connected: Terminal, erp: Erp):
    fill(connected, erp, 30)
    change_mapping(connected)
    swept = connected.json("sync", "sweep", "erp", code=1)
    assert [error["params"]["command"] for error in swept["errors"]] == ["isthmus remap account --connection erp"]
    connected.call("remap", "account", "--yes")
    connected.call("sync", "sweep", "erp")
    assert connected.json("sync", "guards")["item"]["stops"] == []
