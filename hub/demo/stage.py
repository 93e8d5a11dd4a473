"""What every scenario needs: a way to call public commands, a screen, and the collected outcome."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from typer.main import get_command

from hub.commands.app import build_app
from hub.errors import ConfigInvalid
from hub.locale import render
from hub.model.money import format_money


@dataclass(frozen=True)
class Outcome:
    """What a scenario found: the figures of each step, and 0 when nothing is left unexplained."""

    item: Mapping[str, Any]
    exit_code: int


@dataclass(frozen=True)
class Isthmus:
    """The command line, as an admin's shell would call it, on one home; within this process, for speed."""

    home: Path
    lang: str = "en"

    def run(self, *words: str, allow: Sequence[int] = (0,), stdin: Any = None) -> dict[str, Any]:
        """Call ``isthmus`` with ``--json``; the document it printed. Any other exit code than ``allow`` ends the demo
        with the command's own words."""
        line = ["--home", str(self.home), "--lang", self.lang, "--json", *words]
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), _feeding(json.dumps(stdin, ensure_ascii=False)):
            exit_code = _call(line)
        if exit_code not in allow:
            words_of_error = (out.getvalue() + err.getvalue()).strip()[-800:]
            shown = "isthmus " + " ".join(words)
            raise ConfigInvalid("demo.command_failed", vendor=words_of_error, command=shown, exit_code=exit_code)
        answer: dict[str, Any] = json.loads(out.getvalue())
        return answer


@cache
def _build_command() -> Any:
    return get_command(build_app())


def _call(line: list[str]) -> int:
    """The exit code of one command line."""
    try:
        _build_command().main(line, prog_name="isthmus")
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@contextmanager
def _feeding(text: str) -> Iterator[None]:
    """``text`` on stdin."""
    before, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before


@dataclass
class Screen:
    """Numbered lines on stdout (stderr when the answer is JSON), and the figures behind them."""

    lang: str
    as_json: bool
    figures: dict[str, Any] = field(default_factory=dict)
    started_s: float = field(default_factory=time.monotonic)

    def say(self, code: str, **params: object) -> None:
        """One line of the story."""
        self.write(render(code, self.lang, **params))

    def write(self, line: str) -> None:
        print(line, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def note(self, step: str, **figures: Any) -> None:
        """Keep what a step found for the JSON answer."""
        self.figures.setdefault(step, {}).update(figures)


def add_money(amounts: Mapping[str, str] | None) -> str:
    """Amounts by currency, as people read them."""
    shown = [format_money(Decimal(amount), code) for code, amount in sorted((amounts or {}).items())]
    return " + ".join(shown) if shown else format_money(Decimal(0), "CNY")


def add_up(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    """One amount of many records, by currency."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + Decimal(row[name])
    return add_money({code: str(amount) for code, amount in sums.items()})


def count_of(summary: Mapping[str, Any], *names: str) -> int:
    """How many decisions of a plan bear one of these names (``there.order.create``)."""
    return sum(int(summary[name]["count"]) for name in names if name in summary)


def money_of(summary: Mapping[str, Any], name: str) -> str:
    """The money of one sort of decision."""
    return add_money(summary.get(name, {}).get("amounts"))
