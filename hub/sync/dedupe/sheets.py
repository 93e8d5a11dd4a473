"""Lists of any form as columns of text, and back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.errors import ConfigInvalid
from hub.sdk.tables import FORMS, open_table, write_table
from hub.sdk.tables.delimited import FORMULA_STARTS

if TYPE_CHECKING:
    import polars as pl

PARQUET = ".parquet"
KNOWN = (*sorted(FORMS), PARQUET)


def check_form(path: Path) -> None:
    """``ConfigInvalid`` for a suffix that says nothing."""
    if path.suffix.lower() not in KNOWN:
        raise ConfigInvalid("tables.form_unknown", file=path.name, known=" ".join(KNOWN))


def list_columns(path: Path) -> list[str]:
    """The headings of a list. ``ConfigInvalid`` for a file that cannot be read."""
    import polars as pl

    check_form(path)
    if not path.is_file() or path.stat().st_size == 0:
        raise ConfigInvalid("tables.file_empty", file=path.name)
    if path.suffix.lower() == PARQUET:
        try:
            return list(pl.read_parquet_schema(path))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise ConfigInvalid("dedupe.parquet_broken", file=path.name, reason=str(error)) from error
    with open_table(path) as table:
        return list(table.facts.columns)


def read_columns(path: Path, wanted: Sequence[str] | None = None) -> pl.DataFrame:
    """The list as texts, nothing as an empty one; all columns, or those that are wanted."""
    import polars as pl

    if path.suffix.lower() == PARQUET:
        frame = pl.read_parquet(path, columns=None if wanted is None else list(wanted))
        return frame.select(pl.all().cast(pl.String, strict=False).fill_null(""))
    with open_table(path) as table:
        names = list(table.facts.columns if wanted is None else wanted)
        cells: dict[str, list[str]] = {name: [] for name in names}
        for row in table.read_rows():
            for name, column in cells.items():
                column.append(_as_text(row.cells.get(name)))
    return pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String))


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else str(value)


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Replace a file as a whole. In CSV no cell is calculated by a spreadsheet."""
    form = FORMS.get(path.suffix.lower())
    if form in ("xlsx", "jsonl"):
        write_table(path, frame.columns, _rows(frame))
        return
    with tempfile.NamedTemporaryFile(
        dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix, delete=False
    ) as file:
        temporary = Path(file.name)
    try:
        if form == "csv":
            _defuse(frame).write_csv(temporary, include_bom=True, line_terminator="\r\n")
        else:
            frame.write_parquet(temporary, compression="zstd", compression_level=1)
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _rows(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    return frame.iter_rows()


def _defuse(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    starts = "".join(FORMULA_STARTS).replace("-", "\\-")
    texts = pl.col(pl.String)
    risky = texts.str.contains(f"^[{starts}]") & ~texts.str.contains(r"^[+-]?\d+(?:\.\d+)?$")
    quoted = texts.str.contains(r"^'[=+\-@\t\r]")
    plain = pl.when(texts != "").then(texts)
    return frame.with_columns(pl.when(risky | quoted).then("'" + texts).otherwise(plain).name.keep())
