"""Lists in a folder through the whole hub, by public commands: twice, changed, shortened, repaired."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.commands.app import build_app
from hub.demo.stage import Isthmus
from hub.sdk.tables import open_table

HEAD = "编号,客户名称,统一社会信用代码,电话"
FIRST = "0012,海岳精密机械有限公司,91310115591693856A,021-55550100"
ROWS = [FIRST, "0013,华信电子有限公司,,021-55550101", "0014,恒力机械有限公司,,021-55550102"]


@pytest.fixture
def hub(tmp_path: Path) -> Isthmus:
    """A home that reads ``in`` and keeps a list in ``out``."""
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    save(tmp_path, *ROWS)
    hub = Isthmus(tmp_path / "home")
    hub.run("init")
    add(hub, "old", folder=str(tmp_path / "in"), **{"streams.account.files": "*.csv", "streams.account.key": "编号"})
    add(hub, "clean", out=str(tmp_path / "out"), **{"outputs.account.file": "clean.csv"})
    hub.run("mapping", "suggest", "old", "--write")
    hub.run("apply")
    hub.run("sync", "add", "old", "account", "--direction", "in")
    hub.run("sync", "add", "clean", "account", "--direction", "out", "--create")
    return hub


def add(hub: Isthmus, name: str, **settings: str) -> None:
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    hub.run("connection", "add", name, "--connector", "file", *words)


def save(folder: Path, *rows: str) -> None:
    (folder / "in" / "list.csv").write_text("\n".join([HEAD, *rows]) + "\n", encoding="gbk")


def run(hub: Isthmus, *words: str) -> dict[str, int]:
    """What became of the records, by outcome."""
    counts: dict[str, int] = hub.run("sync", "run", *words, allow=(0, 1))["item"]["run"]["counts"]
    return {name.removeprefix("in.account."): count for name, count in counts.items() if count}


def find(hub: Isthmus, number: str) -> dict[str, Any]:
    item: dict[str, Any] = hub.run("record", "show", "account", number)["item"]
    return item.get("record", item)


def test_a_list_imported_twice_changes_nothing(hub: Isthmus, tmp_path: Path):
    assert run(hub, "old") == {"created": 3}
    revisions = [find(hub, number)["revision"] for number in ("0012", "0013", "0014")]
    assert set(run(hub, "old")) <= {"unchanged"}
    save(tmp_path, *ROWS)  # saved again, the same
    assert run(hub, "old") == {"unchanged": 3}
    assert [find(hub, number)["revision"] for number in ("0012", "0013", "0014")] == revisions


def test_a_changed_list_changes_only_what_changed_in_it(hub: Isthmus, tmp_path: Path):
    run(hub, "old")
    save(tmp_path, "0009,新客户有限公司,,", ROWS[0], ROWS[1].replace("0101", "0199"), ROWS[2])
    assert run(hub, "old") == {"created": 1, "updated": 1, "unchanged": 2}
    assert find(hub, "0013")["phone"] == "021-55550199"


def test_a_row_that_vanished_is_counted_and_nothing_is_deleted(hub: Isthmus, tmp_path: Path):
    run(hub, "old")
    save(tmp_path, *ROWS[:2])
    assert run(hub, "old") == {"unchanged": 2, "vanished": 1}
    assert find(hub, "0014")["state"] == "active"
    assert [row for row in hub.run("todo")["items"] if row["connection"] == "old"] == []


def test_in_a_full_export_a_row_that_vanished_was_deleted(hub: Isthmus, tmp_path: Path):
    many = [f"{number:04d},第{number}号有限公司,," for number in range(1, 41)]
    save(tmp_path, *many)
    add(
        hub, "old", folder=str(tmp_path / "in"),
        **{"streams.account.files": "*.csv", "streams.account.key": "编号", "streams.account.full": "true"},
    )  # fmt: skip
    run(hub, "old")
    save(tmp_path, *many[:-1])
    run(hub, "old")
    hub.run("sync", "sweep", "old", allow=(0, 1))
    hub.run("sync", "sweep", "old", allow=(0, 1))
    (waiting,) = [row for row in hub.run("todo")["items"] if row["connection"] == "old"]
    assert (waiting["remote_id"], waiting["code"]) == ("0040", "protocol.deleted_there")
    assert find(hub, "0040")["state"] == "active"


def test_what_stands_behind_an_open_quotation_is_not_gone(hub: Isthmus, tmp_path: Path):
    many = [f"{number:04d},第{number}号有限公司,," for number in range(1, 41)]
    save(tmp_path, *many)
    add(
        hub, "old", folder=str(tmp_path / "in"),
        **{"streams.account.files": "*.csv", "streams.account.key": "编号", "streams.account.full": "true"},
    )  # fmt: skip
    run(hub, "old")
    save(tmp_path, *many[:9], '0010,"第10号有限公司,,', *many[10:])
    run(hub, "old")
    for _ in range(2):
        hub.run("sync", "sweep", "old", allow=(0, 1))
    waiting = [row["code"] for row in hub.run("todo")["items"] if row["connection"] == "old"]
    assert waiting == ["sync.cannot_read_row"], "one row to mend, and nobody was deleted"
    save(tmp_path, *many)
    run(hub, "old")
    assert [row for row in hub.run("todo")["items"] if row["connection"] == "old"] == []


def test_a_cell_without_a_value_says_why(hub: Isthmus, tmp_path: Path):
    """Not what the connector keeps in its place."""
    save(tmp_path, "0012,海岳精密机械有限公司,9.13101E+17,021-55550100")
    run(hub, "old")
    rows = hub.run("mapping", "explain", "old", "account", "0012")["items"]
    assert any("digits" in str(row["problem"]) for row in rows), rows
    said = CliRunner().invoke(
        build_app(), ["--home", str(tmp_path / "home"), "mapping", "explain", "old", "account", "0012"]
    )
    assert "params" not in said.stdout
    assert "⚠" in said.stdout
    (waiting,) = [row for row in hub.run("todo")["items"] if row["connection"] == "old"]
    said = CliRunner().invoke(build_app(), ["--home", str(tmp_path / "home"), "todo", "show", waiting["short"]])
    assert "params" not in said.stdout
    assert "⚠" in said.stdout


def test_a_file_of_objects_has_no_row_of_headings(hub: Isthmus, tmp_path: Path):
    (tmp_path / "in" / "list.csv").unlink()
    (tmp_path / "in" / "list.jsonl").write_text(
        '{"编号": "0012", "客户名称": "海岳精密机械有限公司"}\n', encoding="utf-8"
    )
    add(hub, "old", folder=str(tmp_path / "in"), **{"streams.account.files": "*.jsonl", "streams.account.key": "编号"})
    said = CliRunner().invoke(build_app(), ["--home", str(tmp_path / "home"), "connection", "check", "old"]).stdout
    assert "an object in each line" in said
    assert "row 0" not in said


def test_a_refused_row_waits_with_its_place_until_it_is_repaired(hub: Isthmus, tmp_path: Path):
    save(tmp_path, *ROWS, ",无编号有限公司,,", "0015,,,021-1")
    assert run(hub, "old") == {"created": 3, "dead": 2}
    waiting = {row["params"]["row"]: row["params"] for row in hub.run("todo")["items"] if row["connection"] == "old"}
    assert {row: (params["file"], params["column"]) for row, params in waiting.items()} == {
        "5": ("list.csv", "编号"), "6": ("list.csv", "客户名称"),
    }  # fmt: skip
    save(tmp_path, *ROWS, "0016,无编号有限公司,,", "0015,有名有限公司,,021-1")
    run(hub, "old")
    assert [row for row in hub.run("todo")["items"] if row["connection"] == "old"] == []
    assert find(hub, "0016")["name"] == "无编号有限公司"


def test_the_clean_list_follows(hub: Isthmus, tmp_path: Path):
    run(hub, "old")
    label = hub.run("sync", "plan", "clean")["item"]["plan"]["label"]
    run(hub, "clean", "--accept", label)
    assert read(tmp_path) == {"0012": "021-55550100", "0013": "021-55550101", "0014": "021-55550102"}
    save(tmp_path, ROWS[0].replace("0100", "0188"), *ROWS[1:])
    run(hub, "old")
    run(hub, "clean")
    assert read(tmp_path)["0012"] == "021-55550188"
    before = (tmp_path / "out" / "clean.csv").stat().st_mtime_ns
    assert "out.patch" not in run(hub, "clean")
    assert (tmp_path / "out" / "clean.csv").stat().st_mtime_ns == before


def read(folder: Path) -> dict[str, str]:
    with open_table(folder / "out" / "clean.csv") as table:
        return {row.cells["客户编码"]: row.cells["电话"] for row in table.read_rows()}


def test_a_suggested_mapping_is_never_overwritten(hub: Isthmus):
    hub.run("mapping", "suggest", "old", "--write", allow=(2,))
    answer = hub.run("mapping", "suggest", "old")["items"][0]
    assert {field["field"] for field in answer["fields"]} == {"number", "name", "identifiers.uscc", "phone"}
    assert hub.run("mapping", "lint")["items"] == []
