"""The scenario ``china``, played once beside real processes of the simulators and of the hub: what it tells adds up."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.docs.typist import PROGRAM

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Played:
    """The figures of each step, and what a person saw."""

    item: dict[str, Any]
    seen: str
    home: Path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The default scenario, as somebody in China types it."""
    folder = tmp_path_factory.mktemp("china") / "x"
    command = [PROGRAM, "demo", "--folder", str(folder), "--seed", "8", "--lang", "zh", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Played(json.loads(done.stdout)["item"], done.stderr, folder / "home")


def test_five_systems_are_read_and_nothing_is_written_before_a_plan(played: Played):
    item = played.item
    assert item["read"]["orders"] > 400
    assert list(item["read"]["listed"]) == ["老客户.csv", "老客户-苏州.xlsx"]
    assert item["push"]["orders"] > 10
    assert item["push"]["calls"] > 90, "some calls come twice"
    assert item["wecom"]["contact"] == 60
    assert item["register"]["found"] > 0


def test_a_credit_code_joins_a_name_asks_and_a_branch_stays_itself(played: Played):
    match = played.item["match"]
    assert match["reviews"] >= 9, "a name alone decides nothing"
    assert match["branches"] > 0
    assert match["rows"] > match["accounts"] > 300


def test_workers_are_killed_answers_are_lost_and_nothing_is_there_twice_or_missing(played: Played):
    run = played.item["run"]
    assert run["killed"] == 3
    assert run["answers_lost"] >= run["found"] > 0
    assert run["written_twice"] == 0
    assert run["there"] == run["planned"] == played.item["plan"]["planned"] > 50


def test_both_sides_edit_and_a_second_run_is_silent(played: Played):
    assert played.item["edit"]["conflicts"] == 1
    assert played.item["again"] == {"writes": 0, "changes": 0}


def test_every_difference_is_explained_down_to_zero(played: Played):
    rows = {row["kind"]: row for row in played.item["check"]["rows"]}
    assert {row["unexplained_count"] for row in rows.values()} == {0}
    for kind in ("order", "payment", "voucher"):
        row = rows[kind]
        assert Decimal(row["unexplained_sum"]) == 0
        assert Decimal(row["hub_sum"]) - Decimal(row["remote_sum"]) == Decimal(row["waiting_sum"])
    for kind in ("account", "order", "payment", "voucher"):
        assert rows[kind]["hub_count"] - rows[kind]["remote_count"] == rows[kind]["waiting_count"]
    assert rows["account"]["waiting_count"] > 0
    assert Decimal(rows["order"]["waiting_sum"]) > 0


def test_each_receivable_since_the_first_day_is_a_balanced_draft_in_the_ledger_there_once(played: Played):
    item = played.item
    (row,) = (row for row in item["check"]["rows"] if row["kind"] == "voucher")
    assert item["book"]["made"] == item["book"]["billed"] == item["ledger"]["drafts"] >= 15
    assert int(item["plan"]["summary"]["there.voucher.create"]["count"]) == row["hub_count"] == row["remote_count"]
    debit = Decimal(item["ledger"]["debit"])
    assert debit == Decimal(item["ledger"]["credit"]) == Decimal(row["hub_sum"]) == Decimal(row["remote_sum"]) > 0
    assert item["ledger"]["made_again"] == 0


def test_the_story_is_told_in_chinese_and_the_next_command_works(played: Played):
    for step in ("1 读取", "2 匹配", "3 计划", "4 执行", "5 修改", "6 再来", "7 核对"):
        assert step in played.seen
    assert "!!" not in played.seen
    assert "demo." not in played.seen, "every line has its words"
    done = subprocess.run(
        [PROGRAM, "--home", str(played.home), "--json", "todo"], capture_output=True, text=True, check=False
    )
    items = json.loads(done.stdout)["items"]
    assert sum(not row["informational"] for row in items) == played.item["todo"]["count"]
