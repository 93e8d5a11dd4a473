"""What only this needs, from a lock of its own: mutmut, whose operators change the source, and coverage."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hub.testkit.environment import keep_folder, take_digest

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "mutation"
LOCK = ROOT / "tests" / "locks" / "mutation.lock"


class ToolsMissing(Exception):
    """The lock could not be installed."""


def provide_tools() -> Path:
    """The folder with what the lock names, each package checked by its hash; half a minute once, nothing afterwards."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return keep_folder(_name_folder(), _install)


def find_tools() -> Path | None:
    """The same, if they are there."""
    folder = _name_folder()
    return folder if folder.exists() else None


def _name_folder() -> Path:
    return CACHE / f"tools-{take_digest(LOCK.read_bytes(), sys.version_info[:2])}"


def _install(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--require-hashes", "--target", str(folder), "-r", str(LOCK)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ToolsMissing(done.stderr[-500:])


def load(module: str) -> Any:
    """A module of theirs. They stand behind everything else, so pytest and its like are the project's own."""
    folder = str(provide_tools())
    if folder not in sys.path:
        sys.path.append(folder)
    return import_module(module)
