"""What no test notices: would the type check, which every change must pass too, have refused it?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.mutation.mutants import Mutant
from tests.mutation.tools import CACHE


class TypesBroken(Exception):
    """The types do not fit although nothing is broken."""


def check_unbroken(tree: Path, mutant: Mutant) -> None:
    """The first time this takes as long as checking everything."""
    if refuses(tree, mutant, mutant.module.code):
        raise TypesBroken(mutant.file)


def refuses(tree: Path, mutant: Mutant, source: str) -> bool:
    """Whether mypy, as the project sets it, refuses the file with this source."""
    path = tree / mutant.file
    before = path.read_bytes()
    path.write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(CACHE / "types"), mutant.file]
    try:
        done = subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True)
    finally:
        path.write_bytes(before)
    return any(line.startswith(f"{mutant.file}:") for line in done.stdout.splitlines())
