"""What every scenario needs: a way to call public commands, a screen, and the collected outcome."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

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
    """The command line, as an admin's shell would call it, on one home."""

    home: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def run(self, *words: str, allow: Sequence[int] = (0,), stdin: Any = None) -> dict[str, Any]:
        """Call ``isthmus`` with ``--json``; the document it printed. Any other exit code than ``allow`` ends the demo
        with the command's own words."""
        command = [sys.executable, "-m", "cli", "--home", str(self.home), "--json", *words]
        text = json.dumps(stdin, ensure_ascii=False) if stdin is not None else ""
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, env={**os.environ, **self.environ}, check=False
        )
        if done.returncode not in allow:
            words_of_error = (done.stdout + done.stderr).strip()[-800:]
            shown = "isthmus " + " ".join(words)
            raise ConfigInvalid("demo.command_failed", vendor=words_of_error, command=shown, exit_code=done.returncode)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


@dataclass
class Screen:
    """Numbered lines on stdout (stderr when the answer is JSON), and the figures behind them."""

    lang: str
    as_json: bool
    figures: dict[str, Any] = field(default_factory=dict)
    started_s: float = field(default_factory=time.monotonic)

    def say(self, code: str, **params: object) -> None:
        """One line of the story."""
        self.write(render(f"demo.{code}", self.lang, **params))

    def write(self, line: str) -> None:
        print(line, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def note(self, step: str, **figures: Any) -> None:
        """Keep what a step found for the JSON answer."""
        self.figures.setdefault(step, {}).update(figures)


def add_money(amounts: Mapping[str, str] | None) -> str:
    """Amounts by currency, as people read them."""
    shown = [format_money(Decimal(amount), code) for code, amount in sorted((amounts or {}).items())]
    return " + ".join(shown) if shown else format_money(Decimal(0), "CNY")


def count_of(summary: Mapping[str, Any], *names: str) -> int:
    """How many decisions of a plan bear one of these names (``there.order.create``)."""
    return sum(int(summary[name]["count"]) for name in names if name in summary)


def money_of(summary: Mapping[str, Any], name: str) -> str:
    """The money of one sort of decision."""
    return add_money(summary.get(name, {}).get("amounts"))
