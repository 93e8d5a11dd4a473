"""Servers that are installed from a lock file of their own: made once, kept for the next time."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def take_digest(*parts: object) -> str:
    """Tells what was made from one thing from what was made from another."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def keep_folder(folder: Path, make: Callable[[Path], None]) -> Path:
    """``folder``, made if it is not there; it appears whole or not at all, whenever the making is interrupted."""
    if not folder.exists():
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        make(part)
        part.rename(folder)
    return folder


def install_lock(environment: Path, lock_file: Path, log: Path) -> str | None:
    """Make a virtual environment with exactly what the lock names, each package checked by its hash; the last words of
    the log when it cannot be had."""
    python = str(environment / "bin" / "python")
    install = ["install", "--disable-pip-version-check", "--no-input", "--require-hashes", "-r", str(lock_file)]
    for command in ([sys.executable, "-m", "venv", str(environment)], [python, "-m", "pip", *install]):
        if not run_logged(command, log):
            return read_last_words(log)
    return None


def run_logged(command: Sequence[str], log: Path, settings: dict[str, str] | None = None) -> bool:
    """Whether a program ended well; all that it says goes into the log."""
    with log.open("ab") as output:
        env = {**os.environ, **(settings or {})}
        done = subprocess.run(command, check=False, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    return done.returncode == 0


def read_last_words(log: Path) -> str:
    """The last lines of a log."""
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " / ".join(lines[-3:])
