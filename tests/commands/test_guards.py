"""A column that was emptied by accident, seen at the command line: stopped, shown, let pass."""

from __future__ import annotations

from tests.commands.stage import Erp, Terminal


def empty_phones(terminal: Terminal, erp: Erp) -> None:
    """Thirty customers whose numbers are known here and deleted there."""
    made = [erp.make_customer(f"客户{number}") for number in range(30)]
    for number, row in enumerate(made):
        erp.wang.edit("partner", row["id"], phone=f"139{number:08}")
    terminal.call("sync", "run", "erp")
    for row in made:
        erp.wang.edit("partner", row["id"], phone="")


def test_a_mass_change_is_stopped_shown_and_let_pass(connected: Terminal, erp: Erp):
    assert "No guard" in connected.call("sync", "guards").out
    empty_phones(connected, erp)
    refused = connected.call("sync", "run", "erp", code=1)
    assert "a field emptied in 30" in refused.err
    assert "isthmus sync plan erp --kind account" in refused.err

    (item,) = [item for item in connected.json("todo")["items"] if item["kind_of_wait"] == "guard"]
    assert (item["code"], item["command"]) == ("sync.mass_in", "isthmus sync plan erp --kind account")
    document = connected.json("sync", "guards", code=1)["item"]
    (stop,) = document["stops"]
    assert (stop["counts"], stop["fields"], len(stop["examples"])) == ({"emptied": 30}, {"phone": 30}, 5)
    shown = connected.call("sync", "guards", "erp", "--lang", "zh", code=1).out
    assert "30 条有字段被清空" in shown
    assert "13900000000" in shown
    assert "对方大量变化" in connected.call("sync", "status", "--lang", "zh").out

    planned = connected.call("sync", "plan", "erp", "--kind", "account").out
    assert "a field emptied in 30" in planned
    assert "phone × 30" in planned
    label = connected.json("sync", "plan", "erp", "--kind", "account")["item"]["plan"]["label"]
    connected.call("sync", "run", "erp", "--accept", label)
    assert connected.json("sync", "guards")["item"] == {"stops": [], "alarms": []}
    assert connected.json("record", "list", "account")["items"][0]["phone"] == ""


def test_a_sweep_that_stops_says_so(connected: Terminal, erp: Erp):
    empty_phones(connected, erp)
    swept = connected.json("sync", "sweep", "erp", code=1)
    assert [error["code"] for error in swept["errors"]] == ["sync.mass_again"]


def test_guards_are_set_in_the_configuration(connected: Terminal, erp: Erp):
    path = connected.home / "isthmus.toml"
    text = path.read_text(encoding="utf-8")
    header = "[connections.erp.syncs.account]\n"
    guard = 'guard = { lost = 1.0 }\nexpect_change_every = "7d"\ncursor_kept = "30d"\n'
    assert header in text
    path.write_text(text.replace(header, f"{header}{guard}"), encoding="utf-8")
    connected.call("apply")
    row = next(row for row in connected.json("sync", "list")["items"] if row["kind"] == "account")
    assert (row["guard"]["lost"], row["guard"]["minimum"]) == ("1.0", 20)
    assert (row["expect_change_every_s"], row["cursor_kept_s"]) == (7 * 86400, 30 * 86400)
    empty_phones(connected, erp)
    connected.call("sync", "run", "erp")
    path.write_text(text.replace(header, f"{header}guard = {{ lost = 2 }}\n"), encoding="utf-8")
    assert "isthmus.toml" in connected.call("apply", code=2).err
