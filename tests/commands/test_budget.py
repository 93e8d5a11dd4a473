"""The call budget as an admin meets it: set in isthmus.toml, spent, told, waited out."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tests.commands.stage import Erp, Terminal


def set_budget(terminal: Terminal, line: str) -> None:
    config = terminal.home / "isthmus.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("\n[connections.erp]\n", f"\n[connections.erp]\n{line}\n", 1), encoding="utf-8")


def move_to_zone_where_the_day_is_young(terminal: Terminal) -> None:
    """A budget whose day ends within five minutes is not worth a person's while, and not listed."""
    zone = "UTC" if datetime.now(UTC).hour < 12 else "Etc/GMT+12"
    config = terminal.home / "isthmus.toml"
    moved, count = re.subn(r'(?m)^zone = ".*"$', f'zone = "{zone}"', config.read_text(encoding="utf-8"))
    assert count
    config.write_text(moved, encoding="utf-8")


def test_the_calls_of_the_day_end_and_everybody_is_told(connected: Terminal, erp: Erp):
    for number in range(3):
        erp.make_customer(f"海岳精密机械{number}有限公司")
    set_budget(connected, "calls_per_day = 2")
    move_to_zone_where_the_day_is_young(connected)
    connected.call("apply")

    refused = connected.call("sync", "run", "erp", code=3)
    assert "calls_per_day" in refused.err
    assert "00:00" in refused.err

    again = connected.call("sync", "run", "erp", code=3)
    assert "isthmus connection resume erp" in again.err
    (resting,) = [item for item in connected.json("todo")["items"] if item["kind_of_wait"] == "resting"]
    assert resting["code"] == "runtime.calls_used"
    assert resting["command"] == "isthmus connection resume erp"
    assert "2" in resting["text"]
    assert "调用" in connected.call("todo", "--lang", "zh").out

    set_budget(connected, "")
    config = connected.home / "isthmus.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("calls_per_day = 2", "calls_per_day = 500"), "utf-8")
    connected.call("apply")
    connected.call("connection", "resume", "erp")
    connected.call("sync", "run", "erp", "--kind", "account")
    check = connected.call("connection", "check", "erp")
    assert "of 500" in check.out
    assert connected.json("record", "list", "account")["items"]


def test_calls_are_counted_without_a_budget(connected: Terminal):
    before = connected.call("connection", "check", "erp").out
    after = connected.call("connection", "check", "erp").out
    assert "today: " in before
    assert before != after


def test_a_budget_that_makes_no_sense_is_refused_with_its_line(connected: Terminal):
    for line in ("calls_per_day = 0", "calls_per_s = -1", 'calls_per_s = "many"'):
        config = connected.home / "isthmus.toml"
        before = config.read_text(encoding="utf-8")
        set_budget(connected, line)
        refused = connected.call("apply", code=2)
        assert line.split(" ")[0] in refused.err
        assert "line" in refused.err
        config.write_text(before, encoding="utf-8")
