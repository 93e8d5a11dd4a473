from __future__ import annotations

import json
from pathlib import Path

import pytest

from connectors.sandbox.connector import SandboxConnector
from hub.testkit.golden import check_golden

OURS = Path(__file__).parents[1] / "mapping" / "golden" / "sandbox"


def test_the_golden_files_of_the_sandbox_hold():
    with pytest.raises(AssertionError) as caught:
        check_golden(SandboxConnector, OURS)
    assert "order.json" in str(caught.value), "its golden file has other ids of the records it points at"
    assert "account.json" not in str(caught.value)


def test_a_difference_is_shown_ready_to_be_pasted(tmp_path: Path):
    golden = json.loads((OURS / "account.json").read_text(encoding="utf-8"))
    golden["values"]["name"] = "another"
    (tmp_path / "account-changed.json").write_text(json.dumps(golden), encoding="utf-8")
    with pytest.raises(AssertionError) as caught:
        check_golden(SandboxConnector, tmp_path)
    assert "account-changed.json should hold" in str(caught.value)
    assert "海岳精密机械有限公司" in str(caught.value)


def test_a_kind_without_a_file_is_named(tmp_path: Path):
    with pytest.raises(AssertionError, match=r"there is no product\.json"):
        check_golden(SandboxConnector, tmp_path)
