"""Catching everything is allowed where a reason stands on the same line, and nowhere else."""

from __future__ import annotations

import ast

from tests.house.source import dotted, fail_with, place, product_files, tree

CATCH_ALL = {"", "Exception", "BaseException"}


def test_catching_everything_has_its_reason_on_the_line():
    offences = []
    for path in product_files():
        lines = path.read_text(encoding="utf-8").splitlines()
        offences += [
            place(path, node)
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ExceptHandler) and catches_all(node) and not has_reason(lines[node.lineno - 1])
        ]
    fail_with(offences, "`except Exception` needs a comment on its line that says why nothing narrower will do.")


def catches_all(handler: ast.ExceptHandler) -> bool:
    if isinstance(handler.type, ast.Tuple):
        return any(dotted(kind) in CATCH_ALL for kind in handler.type.elts)
    return handler.type is None or dotted(handler.type) in CATCH_ALL


def has_reason(line: str) -> bool:
    comment = line.partition("#")[2].strip()
    words = comment.partition(" - ")[2] if comment.startswith("noqa") else comment
    return len(words.split()) >= 3
