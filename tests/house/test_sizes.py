"""A file above 400 lines or a function above 60 is a design question: split by responsibility."""

from __future__ import annotations

from tests.house.source import FunctionNode, fail_with, functions, place, product_files

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60


def test_no_file_is_too_long():
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in product_files()}
    too_long = [f"{place(path, 1)} has {lines} lines" for path, lines in sizes.items() if lines > MAX_FILE_LINES]
    fail_with(too_long, f"A file has at most {MAX_FILE_LINES} lines.")


def test_no_function_is_too_long():
    too_long = [
        f"{place(path, node)} {node.name} has {length(node)} lines"
        for path in product_files()
        for node in functions(path)
        if length(node) > MAX_FUNCTION_LINES
    ]
    fail_with(too_long, f"A function has at most {MAX_FUNCTION_LINES} lines.")


def length(node: FunctionNode) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
