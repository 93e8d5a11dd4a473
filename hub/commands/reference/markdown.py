"""Pieces of Markdown, and what source code says about itself."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Sequence
from itertools import pairwise
from types import ModuleType

MADE = "Generated from the program by `python -m hub.commands.reference`; a test fails when this page is stale."


def write_page(title: str, parts: Iterable[str]) -> str:
    """A page of paragraphs, tables and sections."""
    return "\n\n".join([f"# {title}", MADE, *(part.strip() for part in parts)]) + "\n"


def write_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; line breaks and bars inside cells are taken care of."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_fit(cell) for cell in line) + " |" for line in lines)


def _fit(cell: str) -> str:
    return " ".join(cell.split()).replace("|", "\\|")


def as_code(text: object) -> str:
    return f"`{text}`"


def as_markdown(docstring: str) -> str:
    """A docstring's double backticks as Markdown's single ones."""
    return docstring.replace("``", "`")


def read_attribute_docstrings(owner: type) -> dict[str, str]:
    """Attribute → the text that stands below it in the class or in one that it inherits from."""
    found: dict[str, str] = {}
    for parent in reversed(owner.__mro__):
        if parent.__module__.partition(".")[0] in ("hub", "connectors"):
            found |= _read_class(parent)
    return found


def read_module_docstrings(module: ModuleType) -> dict[str, str]:
    """Constant of a module → the text that stands below it."""
    return _read_texts(ast.parse(inspect.getsource(module)).body)


def _read_class(owner: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
    assert isinstance(tree, ast.ClassDef)  # noqa: S101 - the source of a class is a class
    return _read_texts(tree.body)


def _read_texts(body: Sequence[ast.stmt]) -> dict[str, str]:
    found = {}
    for before, after in pairwise(body):
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            for target in _targets(before):
                found[target] = as_markdown(" ".join(after.value.value.split()))
    return found


def _targets(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.AnnAssign):
        return [ast.unparse(node.target)]
    return [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []
