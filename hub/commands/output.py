"""How answers reach people and programs: tables and lines on stdout, remarks, errors and progress on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from hub.errors import conceal

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 240
"""Columns of a table that is not on a terminal: nothing is folded for a program that reads lines."""
LINE_EVERY_S = 2.0
Progress = Callable[[str, int, int | None], None]


def make_console(stream: TextIO) -> Console:
    """A console that shows text as it is (no markup inside our data)."""
    from rich.console import Console

    width = None if stream.isatty() else WIDE
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=not stream.isatty())


def write_line(text: str = "") -> None:
    sys.stdout.write(conceal(text) + "\n")


def write_remark(text: str) -> None:
    sys.stderr.write(conceal(text) + "\n")


def write_error(text: str) -> None:
    sys.stderr.write(f"isthmus: {conceal(text)}\n")


def write_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table with as much room as the terminal has; numbers and money to the right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for position, head in enumerate(heads):
        cells = [row[position] for row in rows]
        numeric = any(isinstance(cell, int | Decimal | Amount) for cell in cells)
        table.add_column(Text(head), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(conceal(show_cell(cell))) for cell in row))
    make_console(sys.stdout).print(table)


def write_csv(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """CSV on stdout, a line as soon as it is known; no cell is ever calculated by a spreadsheet."""
    import csv

    from hub.sdk.tables import defuse_text

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow(["" if cell is None else defuse_text(conceal(str(cell))) for cell in row])


class Amount(str):
    """Money, formatted already; aligned like a number."""

    __slots__ = ()


def show_money(amount: Decimal | None, currency: str | None) -> Amount:
    """``¥1,204.50``; empty when there is no amount, or no currency to say it in."""
    if amount is None or not currency:
        return Amount("")
    from hub.model.money import format_money

    return Amount(format_money(amount, currency))


def show_cell(value: object) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "–"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list | set | frozenset):
        return ", ".join(show_cell(part) for part in value)
    return str(value)


def shorten(value: object, width: int = 40) -> str:
    """A value in the room of a cell: lists by their length, long texts cut."""
    if isinstance(value, list | tuple):
        return f"[{len(value)}]"
    text = "–" if value is None or value == "" else show_cell(value)
    return text if len(text) <= width else text[: width - 1] + "…"


def to_json(value: Any) -> Any:
    """Dataclasses, models, decimals, times and ids as plain JSON values; decimals stay exact as text."""
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, fallback=str)


@contextmanager
def showing_progress(translate: Callable[[str], str]) -> Iterator[Progress]:
    """Progress on stderr: a moving bar on a terminal, now and then a plain line elsewhere."""
    if not sys.stderr.isatty():
        yield PlainProgress(translate, time.monotonic)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=make_console(sys.stderr), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(translate(step), total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield show


class PlainProgress:
    """One line when a step begins and ends, and at most one in two seconds between."""

    def __init__(self, translate: Callable[[str], str], monotonic: Callable[[], float]) -> None:
        self._translate = translate
        self._monotonic = monotonic
        self._step = ""
        self._said_at = 0.0

    def __call__(self, step: str, done: int, total: int | None) -> None:
        now = self._monotonic()
        ended = total is not None and done >= total
        if step == self._step and not ended and now - self._said_at < LINE_EVERY_S:
            return
        self._step, self._said_at = step, now
        write_remark(f"{self._translate(step)} {done}" + ("" if total is None else f"/{total}"))
