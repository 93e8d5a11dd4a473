"""The scenario ``china``: what it tells adds up, beside real processes of the simulators and of ``isthmus up``."""

from __future__ import annotations

import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.docs.newcomer import PROGRAM


@pytest.mark.slow
def test_a_list_a_shop_and_kingdee_come_to_agree(tmp_path: Path):
    command = [PROGRAM, "demo", "china", "--folder", str(tmp_path / "x"), "--seed", "8", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    item: dict[str, Any] = json.loads(done.stdout)["item"]
    assert item["read"]["orders"] > 400
    assert item["push"]["orders"] > 10
    assert item["match"]["reviews"] > 0, "a name alone decides nothing"
    assert item["run"]["answers_lost"] > 0
    assert item["run"]["written_twice"] == 0
    assert item["edit"]["conflicts"] == 1
    assert item["again"] == {"writes": 0, "changes": 0}
    rows = {row["kind"]: row for row in item["check"]["rows"]}
    assert {row["unexplained_count"] for row in rows.values()} == {0}
    assert Decimal(rows["order"]["unexplained_sum"]) == 0
    assert rows["order"]["hub_count"] - rows["order"]["remote_count"] == rows["order"]["waiting_count"]
