"""Somebody who types what the pages show, into the real program, with a home of their own."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.docs.typist import PROGRAM, find_typist

ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
LINES = json.dumps([{"name": "Bearing", "quantity": 2, "unit_price": "12.50", "tax_rate": "0.13"}])


@dataclass
class Newcomer:
    """Types commands in ``folder``, where the home is ``~/.isthmus``."""

    folder: Path
    answers: Sequence[str]
    """What the questions of ``connection add`` are answered with, as options."""
    connector: str
    words: dict[str, str] = field(default_factory=dict)
    """What stands for the placeholders of recipes."""

    @property
    def environ(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ISTHMUS_", "LC_"))}
        return {**kept, "HOME": str(self.folder), "LANG": "C.UTF-8"}

    def type(self, recipe: str) -> str:
        """Run one command to its end, as it is after the replacement of placeholders; what it printed."""
        words = self._fill(recipe)
        done = self._run(words)
        assert done.returncode == 0, f"isthmus {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def type_refused(self, recipe: str) -> str:
        """The same of a command that leaves something undone; all that it said."""
        done = self._run(self._fill(recipe))
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def _fill(self, recipe: str) -> list[str]:
        line = recipe.format_map({**self.words, "connector": self.connector})
        return [word for part in shlex.split(line) for word in (self.answers if part == "ANSWERS" else [part])]

    def ask(self, *words: str) -> Any:
        """The JSON document of a command that the page does not show but the story needs."""
        done = self._run([*words, "--json"])
        document: Any = json.loads(done.stdout)
        assert done.returncode == 0, document["errors"]
        return document

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return find_typist().type(words, self.folder, self.environ)

    @contextmanager
    def running(self, recipe: str) -> Iterator[tuple[str, str]]:
        """A command that goes on until it is told to stop: its address and what it has said so far. SIGTERM ends it
        with 0."""
        said = self.folder / "running.txt"
        with said.open("w") as output:
            process = subprocess.Popen(
                [PROGRAM, *shlex.split(recipe)], env=self.environ, cwd=self.folder, stdout=output, stderr=output
            )
            try:
                yield _wait_for_address(process, said)
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=60) == 0, said.read_text(encoding="utf-8")
            finally:
                process.kill()
                process.wait()


def _wait_for_address(process: subprocess.Popen[bytes], said: Path) -> tuple[str, str]:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        text = said.read_text(encoding="utf-8")
        if (found := ADDRESS.search(text)) and text.endswith("\n"):
            return found[0], text
        time.sleep(0.05)
    raise AssertionError(f"it never said where it listens:\n{said.read_text(encoding='utf-8')}")
