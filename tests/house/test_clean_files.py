"""Tracked files work on any machine: no address of a package registry, no path of the machine they were made on."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.source import ROOT, fail_with, place, tracked_files

# The patterns are put together here so that this file does not contain what it forbids.
REGISTRIES = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "crates" + ".io", "proxy.go" + "lang.org"]
MACHINE_FOLDERS = ["work", "root", "opt", "home", "Users"]
REGISTRY = re.compile("|".join(map(re.escape, REGISTRIES)), re.IGNORECASE)
LOCAL_PATH = re.compile(r"(?<![\w.\-}/*])/(?:" + "|".join(MACHINE_FOLDERS) + r")/\w|\bfile:/{3}")
INDEX_OPTION = re.compile(r"^\s*--(?:extra-)?index-url|^\s*--find-links", re.MULTILINE)
BINARY = {".gif", ".ico", ".jpg", ".pdf", ".png", ".xlsx", ".zip"}


def lines_of(path: Path) -> list[str]:
    return [] if path.suffix in BINARY else path.read_text(encoding="utf-8", errors="replace").splitlines()


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{place(path, number)} {line.strip()[:100]}"
        for path in tracked_files()
        for number, line in enumerate(lines_of(path), start=1)
        if pattern.search(line)
    ]


def test_no_registry_address():
    fail_with(lines_with(REGISTRY), "No tracked file names the host of a package registry.")


def test_no_path_of_this_machine():
    fail_with(lines_with(LOCAL_PATH), "No tracked file names a folder of the machine it was written on.")


def test_locks_are_hashed_and_name_no_index():
    locks = [ROOT / "requirements.lock", *sorted((ROOT / "tests" / "locks").glob("*.lock"))]
    for lock in locks:
        content = lock.read_text(encoding="utf-8")
        assert not INDEX_OPTION.search(content), f"{lock.name} names an index"
        pins = re.findall(r"^[a-z0-9][^ ]*==", content, re.MULTILINE)
        unhashed = re.findall(r"^[a-z0-9][^\n]*[^\\\n]$", content, re.MULTILINE)
        assert pins, f"{lock.name} is empty"
        assert not unhashed, f"{lock.name} has entries without a hash: {unhashed}"
