"""Which tests come by a line: measured once for each test file, kept until that file changes."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.testkit.environment import take_digest
from tests.mutation.tools import CACHE, load, provide_tools

MEASURED = ("hub/protocol", "hub/crm", "hub/sync")
READERS = (
    "tests/house/test_catalogue.py::test_every_code_that_is_used_has_a_text",
    "tests/house/test_catalogue.py::test_every_text_is_given_what_it_says",
)
"""Tests that read a source and do not run it: the last that are asked about any line."""


@dataclass
class Seen:
    """One measuring. ``took``: test → seconds of processor time. ``sources``: file → what it was then."""

    data: Path
    digests: Mapping[str, str]
    took: Mapping[str, float]
    failed: frozenset[str]
    sources: Mapping[str, str]
    _lines: dict[str, Mapping[int, Sequence[str]]] = field(default_factory=dict)

    def lines(self, file: str) -> Mapping[int, Sequence[str]]:
        """Line → tests that come by it."""
        if file not in self._lines:
            stored = load("coverage").CoverageData(basename=str(self.data))
            stored.read()
            name = next((name for name in stored.measured_files() if name.endswith(file)), None)
            self._lines[file] = stored.contexts_by_lineno(name) if name else {}
        return self._lines[file]


def measure(tree: Path, places: Sequence[str]) -> None:
    """Runs, in the copy ``tree``, the test files of ``places`` that nobody has measured as they are now."""
    kept = {file: digest for seen in read_seen() for file, digest in seen.digests.items()}
    fresh = {file: digest for file, digest in _digest_tests(tree, places).items() if kept.get(file) != digest}
    if not fresh:
        return
    folder = CACHE / "seen"
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / f"{take_digest(sorted(fresh.items()))}.coverage"
    command = [sys.executable, "-m", "tests.mutation.measuring", str(provide_tools()), str(data), *sorted(fresh)]
    subprocess.run(command, check=True, cwd=tree, stdout=sys.stderr)
    told = json.loads(data.with_suffix(".took").read_text(encoding="utf-8"))
    sources = {
        str(path.relative_to(tree)): path.read_text(encoding="utf-8")
        for place in MEASURED
        for path in sorted((tree / place).rglob("*.py"))
    }
    made = {"data": data.name, "digests": fresh, **told, "sources": sources}
    data.with_suffix(".json").write_text(json.dumps(made), encoding="utf-8")
    data.with_suffix(".took").unlink()


def _digest_tests(tree: Path, places: Iterable[str]) -> dict[str, str]:
    paths = (path for place in places for path in _list_tests(tree / place))
    return {str(path.relative_to(tree)): take_digest(path.read_bytes()) for path in paths}


def _list_tests(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(place.rglob("test_*.py"))


def read_seen() -> list[Seen]:
    """All measurings, the oldest first."""
    files = sorted((CACHE / "seen").glob("*.json"), key=lambda path: path.stat().st_mtime)
    return [_read(path) for path in files]


def _read(path: Path) -> Seen:
    told = json.loads(path.read_text(encoding="utf-8"))
    return Seen(path.with_name(told["data"]), told["digests"], told["took"], frozenset(told["failed"]), told["sources"])


class Covering:
    """What is known of the tests of ``places``, for the sources in ``tree``."""

    def __init__(self, tree: Path, places: Sequence[str]) -> None:
        self._tree = tree
        wanted = _digest_tests(tree, places)
        current: dict[str, Seen] = {}
        for seen in read_seen():
            current |= {file: seen for file, digest in seen.digests.items() if wanted.get(file) == digest}
        self._seen = list({id(seen): seen for seen in current.values()}.values())
        self._by_file = current

    def find(self, file: str, first: int, last: int) -> list[tuple[str, float]]:
        """Tests that come by these lines, with what they take: those of the file of the same name first, then the
        quickest; none for a line in a function that nobody comes by. Where the source has changed since, all that come
        by the function. For what is carried out when the module is read (by whichever test happened to be the first),
        all that come by the file, and all of the room's own folder."""
        text = (self._tree / file).read_text(encoding="utf-8")
        own, room = f"/test_{Path(file).stem}.py::", f"tests/{Path(file).parts[1]}/"
        found: dict[str, float] = {}
        anywhere: dict[str, float] = {}
        inside = any(first in span[1:] for _, span in _list_functions(text))
        for seen in self._seen:
            same = seen.sources.get(file) == text
            lines = range(first, last + 1) if same else _find_function(seen.sources.get(file, ""), text, first)
            known = seen.lines(file)
            found |= self._pick(seen, {test for line in lines for test in known.get(line, ())})
            anywhere |= self._pick(seen, {test for tests in known.values() for test in tests})
            anywhere |= self._pick(seen, {test for test in seen.took if test.startswith(room)})
        chosen = found if inside else anywhere
        return sorted(chosen.items(), key=lambda item: (own not in item[0], item[1], item[0]))

    def _pick(self, seen: Seen, tests: Iterable[str]) -> dict[str, float]:
        """Those that passed, and of which this is the last measuring."""
        chosen = set(tests) - seen.failed - {""}
        return {test: seen.took[test] for test in chosen if self._by_file.get(test.split("::")[0]) is seen}


def _find_function(before: str, now: str, line: int) -> range:
    """The lines that the function around ``line`` had before."""
    name = next((name for name, span in _list_functions(now) if line in span), "")
    return next((span for other, span in _list_functions(before) if other == name), range(0))


def _list_functions(source: str) -> list[tuple[str, range]]:
    """The inner ones first."""
    found: list[tuple[str, range]] = []

    def visit(node: Any, above: str) -> None:
        for child in ast.iter_child_nodes(node):
            name = f"{above}.{getattr(child, 'name', '')}"
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                visit(child, name)
            if isinstance(child, ast.FunctionDef):
                found.append((name, range(child.lineno, (child.end_lineno or child.lineno) + 1)))

    visit(ast.parse(source), "")
    return found
