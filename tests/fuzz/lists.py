"""Files that somebody exported, nearly right: CSV, XLSX and JSONL, each spoiled as bytes, or in what it says."""

from __future__ import annotations

import io
import json
import random
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import openpyxl

from tests.connectors.file.desk import make_reader
from tests.fuzz.spoil import Try, spoil_bytes, spoil_value

HEADINGS = ("客户编号", "名称", "电话", "日期", "金额")
ROWS: tuple[tuple[Any, ...], ...] = (
    HEADINGS,
    ("0012", "海岳精密机械有限公司", "021-55550012", "2026-11-02", "1,234.50"),
    ("0013", "Nordwind, \"Handel\"", "", "2026/11/3", 12.5),
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16")
MOST_CHANGES = 3


def list_file_targets() -> Iterator[tuple[str, Try]]:
    for form, write in (("csv", _write_csv), ("xlsx", _write_xlsx), ("jsonl", _write_jsonl)):
        yield f"file/{form}", partial(_read, form, write)


def _read(form: str, write: Any, draw: random.Random) -> None:
    rows = [list(row) for row in ROWS]
    for _ in range(draw.randrange(MOST_CHANGES)):
        row = draw.choice(rows)
        row[:] = list(_as_row(spoil_value(draw, row)))
    body = write(draw, rows)
    body = spoil_bytes(draw, body) if draw.random() < 0.6 else body
    with tempfile.TemporaryDirectory(prefix="isthmus-fuzz-") as folder:
        (Path(folder) / f"list.{form}").write_bytes(body)
        reader = make_reader(Path(folder), files=f"*.{form}", key=HEADINGS[0])
        try:
            position: Any = None
            for _ in range(3):
                page = reader.streams()["account"].read_page(None, position, 2)
                position = page.position
                if position is None:
                    break
        finally:
            reader.close()


def _as_row(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _as_text(value: Any) -> str:
    return "" if value is None else str(value)


def _write_csv(draw: random.Random, rows: list[list[Any]]) -> bytes:
    separator = draw.choice((",", ";", "\t", "|"))
    text = draw.choice(("\n", "\r\n")).join(
        separator.join(
            '"' + text.replace('"', '""') + '"' if separator in text or draw.random() < 0.2 else text
            for text in map(_as_text, row)
        )
        for row in rows
    )
    return text.encode(draw.choice(ENCODINGS), "replace")


def _write_xlsx(_draw: random.Random, rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append([value if _can_stand(value) else None for value in row])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _can_stand(value: Any) -> bool:
    """What openpyxl can write into a cell."""
    if isinstance(value, str):
        return value.isprintable() and len(value) < 30_000 and not any("\ud800" <= char <= "\udfff" for char in value)
    return isinstance(value, int | float) and abs(value) < 1e300


def _write_jsonl(draw: random.Random, rows: list[list[Any]]) -> bytes:
    names, *bodies = rows
    lines = (
        json.dumps(dict(zip(map(_as_text, names), row, strict=False)), ensure_ascii=draw.random() < 0.5)
        for row in bodies
    )
    return "\n".join(lines).encode("utf-8", "surrogatepass")
