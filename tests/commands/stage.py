"""Calling the command line in this process, and an ERP for it to talk to."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from connectors.sandbox.simulator import Person, SandboxErp, SandboxSettings, make_uscc, serve_sandbox
from hub.commands.app import build_app

TOKEN = "canary-9f86d081884c7d659a2feaa0c55ad015"  # pragma: allowlist secret


@dataclass(frozen=True)
class Answer:
    """What one call printed, and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class Terminal:
    """Calls ``isthmus`` on one home. Everything that was ever printed stays in ``said``."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said = ""
        self._app = build_app()

    def call(self, *words: str, code: int | None = 0, stdin: str | None = None) -> Answer:
        result = CliRunner().invoke(
            self._app, ["--home", str(self.home), *words], input=stdin, env={"SANDBOX_TOKEN": TOKEN, "LANG": "C"}
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        answer = Answer(result.exit_code, result.stdout, result.stderr)
        self.said += answer.out + answer.err
        assert code is None or answer.exit_code == code, f"{words}: {answer}"
        return answer

    def json(self, *words: str, code: int | None = 0) -> dict[str, Any]:
        return self.call(*words, "--json", code=code).document


class Erp:
    """A sandbox ERP on a real port, with one accountant and two customers."""

    def __init__(self, url: str, erp: SandboxErp) -> None:
        self.url = url
        self.erp = erp
        self.wang = Person(erp, "wang")
        self._random = random.Random(5)

    def make_customer(self, name: str) -> Any:
        return self.wang.create("partner", name=name, tax_id=make_uscc(self._random))

    def count_sales(self) -> int:
        return len(self.erp.documents("sale"))


@contextmanager
def running_erp(**settings: Any) -> Iterator[Erp]:
    erp = SandboxErp(SandboxSettings(token=TOKEN, **settings), rng=random.Random(4))
    with serve_sandbox(erp) as server:
        yield Erp(server.url, erp)
