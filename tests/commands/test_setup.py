from __future__ import annotations

from pathlib import Path

import pytest

from tests.commands.stage import Erp, Terminal


def test_init_makes_a_home_and_leaves_an_existing_one_alone(tmp_path: Path):
    terminal = Terminal(tmp_path / "home")
    made = terminal.json("init")["item"]["made"]
    assert {Path(path).name for path in made} >= {"isthmus.toml", "master.key"}
    before = {path: path.read_bytes() for path in terminal.home.rglob("*.toml")}
    assert terminal.json("init")["item"]["made"] == []
    assert {path: path.read_bytes() for path in terminal.home.rglob("*.toml")} == before


def test_apply_says_whether_anything_changed(terminal: Terminal):
    assert terminal.json("apply")["item"]["changed"] is False
    config = terminal.home / "isthmus.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("My company", "海岳精密"), encoding="utf-8")
    assert terminal.json("apply")["item"] == {"number": 2, "changed": True, "unchecked": []}


def test_apply_refuses_with_file_line_and_fix(terminal: Terminal):
    config = terminal.home / "isthmus.toml"
    config.write_text('[organisation]\ncurrency = "yuan"\n', encoding="utf-8")
    answer = terminal.call("apply", code=2)
    assert "isthmus.toml, line 2: organisation.currency" in answer.err
    assert answer.out == ""


def test_doctor_is_content_with_a_new_home(terminal: Terminal):
    findings = {row["subject"]: row["ok"] for row in terminal.json("doctor")["items"]}
    assert {"home", "key", "database", "configuration", "secrets", "clock", "connector sandbox"} <= set(findings)
    assert all(findings.values())


def test_doctor_names_each_thing_that_is_wrong(connected: Terminal, erp: Erp):
    assert connected.call("doctor").exit_code == 0
    (connected.home / "master.key").chmod(0o644)
    config = connected.home / "isthmus.toml"
    config.write_text(config.read_text(encoding="utf-8").replace(erp.url, "http://127.0.0.1:9"), encoding="utf-8")
    findings = {row["subject"]: row for row in connected.json("doctor", code=2)["items"]}
    assert "chmod 600" in findings["key"]["text"]
    assert "isthmus apply" in findings["configuration"]["text"]
    assert findings["connection erp"]["ok"]


def test_doctor_ends_with_3_when_only_the_other_system_is_away(connected: Terminal, erp: Erp):
    config = connected.home / "isthmus.toml"
    config.write_text(config.read_text(encoding="utf-8").replace(erp.url, "http://127.0.0.1:9"), encoding="utf-8")
    connected.call("apply")
    findings = {row["subject"]: row["ok"] for row in connected.json("doctor", code=3)["items"]}
    assert not findings.pop("connection erp")
    assert all(findings.values())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_doctor_without_a_home_says_what_to_do(tmp_path: Path, lang: str):
    answer = Terminal(tmp_path / "nowhere").call("doctor", "--lang", lang, code=2)
    assert "init" in answer.out


def test_a_demo_empties_no_folder_that_it_did_not_make(terminal: Terminal, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    terminal.call("demo", "--folder", str(tmp_path / "mine"), code=2)
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_an_unknown_scenario_is_named(terminal: Terminal):
    assert "nosuch" in terminal.call("demo", "nosuch", code=2).err
    terminal.call("demo", "../tryton", code=2)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("command", ["apply", "doctor"])
def test_a_file_in_another_encoding_is_named_with_its_line(terminal: Terminal, command: str, lang: str):
    config = terminal.home / "isthmus.toml"
    config.write_bytes('[organisation]\nname = "海岳精密"\n'.encode("gbk"))
    answer = terminal.call(command, "--lang", lang, code=2)
    said = answer.out + answer.err
    assert "isthmus.toml" in said
    assert "2" in said
    assert "UTF-8" in said


@pytest.mark.parametrize("where", ["mappings/sandbox/account.toml", "codes/erp.toml"])
def test_so_is_one_of_the_files_beside_it(connected: Terminal, where: str):
    path = connected.home / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("# 客户".encode("gbk"))
    assert where in connected.call("apply", code=2).err


def test_a_byte_order_mark_as_notepad_writes_it_is_no_trouble(terminal: Terminal):
    config = terminal.home / "isthmus.toml"
    config.write_text(config.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert terminal.json("apply")["item"]["changed"] is False


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_connection_that_left_the_file_is_named(connected: Terminal, lang: str):
    (connected.home / "isthmus.toml").write_text("", encoding="utf-8")
    answer = connected.call("apply", "--lang", lang)
    assert "erp" in answer.out + answer.err
    assert "erp" not in connected.call("apply").err
