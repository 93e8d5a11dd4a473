"""Large files in flat memory: five times the rows take no more of it. ISTHMUS_TABLE_MB makes the large one larger."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sdk.tables import open_table, write_table

COLUMNS = ("编号", "名称", "地址", "备注")
ROW_BYTES = 110
LARGE_MB = int(os.environ.get("ISTHMUS_TABLE_MB", "5"))


def draw_rows(count: int) -> Iterator[tuple[str, str, str, str]]:
    for number in range(count):
        yield f"{number:08d}", f"第{number}号精密机械有限公司", f"上海市浦东新区张江路{number}号", "送货前电话通知"


def measure_peak(path: Path) -> tuple[int, int]:
    """(rows, bytes) of reading the file once."""
    tracemalloc.start()
    try:
        with open_table(path) as table:
            rows = sum(1 for _ in table.read_rows())
        return rows, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "share"), [("csv", 1.0), ("jsonl", 1.0), ("xlsx", 0.1)])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, suffix: str, share: float):
    small, large = tmp_path / f"small.{suffix}", tmp_path / f"large.{suffix}"
    count = int(LARGE_MB * 1_000_000 * share / ROW_BYTES)
    write_table(small, COLUMNS, draw_rows(max(count // 5, 4_000 if suffix == "xlsx" else 1)))
    write_table(large, COLUMNS, draw_rows(max(count, 12_000 if suffix == "xlsx" else 1)))
    few, small_peak = measure_peak(small)
    many, large_peak = measure_peak(large)
    assert many >= 2 * few
    assert large_peak < small_peak * 1.2 + 1_000_000
    assert large_peak < 16_000_000
