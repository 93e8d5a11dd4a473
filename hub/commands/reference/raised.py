"""Which codes the program can say, and through which class of error: read from its source."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from hub import errors
from hub.locale import load_texts

PACKAGES = ("hub", "connectors")
ROOT_CLASSES = frozenset(
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.IsthmusError)
)


@dataclass
class Source:
    """The syntax trees of everything that is shipped."""

    trees: list[ast.Module] = field(default_factory=list)

    @cached_property
    def classes(self) -> dict[str, str]:
        """Name of an error class → the class of ``hub.errors`` that it is a case of."""
        found = {name: name for name in ROOT_CLASSES}
        for tree in self.trees:
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    for base in node.bases:
                        if _last_name(base) in found:
                            found.setdefault(node.name, found[_last_name(base)])
        return found

    @cached_property
    def raised(self) -> dict[str, set[str]]:
        """Code → the classes it is raised as."""
        known = load_texts("en").keys()
        found: dict[str, set[str]] = {}
        for tree in self.trees:
            for name, argument in self._list_calls(tree):
                for code in _find_codes(argument, tree) & known:
                    found.setdefault(code, set()).add(self.classes[name])
        return found

    def _list_calls(self, tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and _last_name(node.func) in self.classes:
                yield _last_name(node.func), node.args[0]
            elif isinstance(node, ast.keyword) and node.arg == "refusal":  # what a rule says when it is broken
                yield "RuleBroken", node.value


@cache
def read_source() -> Source:
    """Everything that is shipped, read once."""
    return Source([ast.parse(path.read_text(encoding="utf-8")) for path in _list_files()])


def _list_files() -> Iterator[Path]:
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            yield from sorted(Path(spec.origin).parent.rglob("*.py"))


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _find_codes(argument: ast.expr, tree: ast.Module) -> set[str]:
    """The codes that an argument can be: itself, either of a choice, all that begin like it, or, for a variable, every
    code in the tables and defaults of its module."""
    if isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
        beginning = str(argument.values[0].value)
        return {code for code in load_texts("en") if code.startswith(beginning)}
    if isinstance(argument, ast.Name | ast.Subscript):
        return set().union(*(_list_texts(node) for node in _list_tables(tree)))
    return _list_texts(argument)


def _list_tables(tree: ast.Module) -> Iterator[ast.AST]:
    """Tables of codes and codes handed from function to function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict | ast.Tuple):
            yield node
        elif isinstance(node, ast.Call):
            yield from (word for word in node.args[1:] if isinstance(word, ast.Constant))


def _list_texts(node: ast.AST) -> set[str]:
    found = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
    return {value for value in found if isinstance(value, str)}
