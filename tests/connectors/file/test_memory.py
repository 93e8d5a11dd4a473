"""A list is sorted into records on disk: five times the rows take no more memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from hub.sdk.tables import write_table
from tests.connectors.file.desk import make_reader


def measure_peak(folder: Path, count: int) -> int:
    """Bytes at most while a list of so many rows is read from the first page to the last."""
    folder.mkdir()
    rows = ((f"{number:08d}", f"第{number}号有限公司", f"张江路{number}号") for number in range(count))
    write_table(folder / "list.csv", ["编号", "名称", "地址"], rows)
    tracemalloc.start()
    reader = make_reader(folder, files="*.csv", key="编号")
    stream, position, seen = reader.streams()["account"], None, 0
    try:
        while True:
            page = stream.read_page(None, position, 200)
            seen, position = seen + len(page.records), page.position
            if position is None:
                assert seen == count
                return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        reader.close()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_list(tmp_path: Path):
    small, large = measure_peak(tmp_path / "small", 3_000), measure_peak(tmp_path / "large", 15_000)
    assert large < small * 1.2 + 500_000
