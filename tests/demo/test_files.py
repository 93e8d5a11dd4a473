"""The scenario ``files``: what it tells is what lies in the folder afterwards."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.demo.lists import write_lists
from hub.sdk.tables import open_table
from tests.docs.typist import PROGRAM


def play(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The program as somebody types it; that it calls nobody is shown by tests/deploy/test_sealed.py."""
    command = [PROGRAM, "demo", "files", "--folder", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["7", "8", "11"])
def test_two_messy_lists_become_one_clean_list(tmp_path: Path, seed: str):
    done = play(tmp_path / "x", "--seed", seed, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    item: dict[str, Any] = json.loads(done.stdout)["item"]
    drawn = _draw(tmp_path / "again", int(seed))
    check = item["check"]
    assert check["companies"] == check["accounts"] == check["listed"] == drawn.companies
    assert Decimal(check["unexplained"]) == 0
    assert Decimal(check["orders_sum"]) + Decimal(check["waiting_sum"]) == sum(drawn.orders.values())
    assert item["again"] == {"writes": 0, "changes": 0, "same_file": True}
    assert item["suggest"]["market.account"]["fields"]["identifiers.uscc"] == "证照号码"
    with open_table(tmp_path / "x" / "out" / "clean.xlsx") as table:
        codes = [row.cells.get("统一社会信用代码") or row.cells["Credit code"] for row in table.read_rows()]
    assert len(codes) == drawn.companies
    with open_table(tmp_path / "x" / "out" / "report.csv") as table:
        places = [(row.cells["File"], row.cells["Row"], row.cells["Column"]) for row in table.read_rows()]
    assert ("老客户.csv", "13", "客户编号") in places
    assert {file for file, _, _ in places if file} == {"老客户.csv", "销售订单.xlsx"}


def _draw(folder: Path, seed: int) -> Any:
    old, other = folder / "old", folder / "other"
    old.mkdir(parents=True)
    other.mkdir()
    return write_lists(seed, old, other)


@pytest.mark.slow
def test_the_story_is_told_in_chinese(tmp_path: Path):
    done = play(tmp_path / "x", "--lang", "zh")
    assert done.returncode == 0, done.stdout + done.stderr
    for step in ("1 文件", "2 建议", "3 读取", "4 计划", "5 执行", "7 核对"):
        assert step in done.stdout
    assert "无法解释 ¥0.00" in done.stdout


def test_the_same_seed_draws_the_same_lists_and_another_one_others(tmp_path: Path):
    assert _draw(tmp_path / "a", 7) == _draw(tmp_path / "b", 7)
    assert _draw(tmp_path / "c", 8) != _draw(tmp_path / "d", 7)
    assert (tmp_path / "a" / "old" / "老客户.csv").read_bytes() == (tmp_path / "b" / "old" / "老客户.csv").read_bytes()
