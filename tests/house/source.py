"""Reading our own source: which files are ours, and what their syntax trees say."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PURE_ROOMS = ("model", "mapping", "identity", "crm", "protocol")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that git tracks or would track."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    return tuple(path for name in sorted(set(names) - {""}) if (path := ROOT / name).is_file())


def product_files() -> list[Path]:
    """The Python files that are shipped."""
    return [path for path in python_files() if path.relative_to(ROOT).parts[0] in ("hub", "connectors", "cli.py")]


def pure_files() -> list[Path]:
    """The Python files of the rooms that do no I/O."""
    return room_files(*PURE_ROOMS)


def room_files(*rooms: str) -> list[Path]:
    """The Python files of some rooms of the hub."""
    folders = [ROOT / "hub" / room for room in rooms]
    return [path for path in python_files() if any(folder in path.parents for folder in folders)]


def python_files() -> list[Path]:
    """Every Python file of the project, tests included."""
    return [path for path in tracked_files() if path.suffix == ".py"]


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(path: Path) -> Iterator[FunctionNode]:
    """Every function and method of one file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, FunctionNode))


def dotted(node: ast.expr) -> str:
    """``datetime.now`` for the expression ``datetime.now``; empty for anything that is no dotted name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def place(path: Path, node: ast.AST | int) -> str:
    """``hub/x.py:12`` for messages."""
    line = node if isinstance(node, int) else getattr(node, "lineno", 0)
    return f"{path.relative_to(ROOT)}:{line}"


def fail_with(offences: list[str], rule: str) -> None:
    """Fail with the rule in one sentence and every offence on a line of its own."""
    assert not offences, "\n".join([rule, *(f"  {offence}" for offence in offences)])
