"""Reading what a system answered: JSON as it comes, not as it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

DEEPEST = 100
"""Levels of nesting that are read; nobody means anything by more."""
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


def read_json(
    content: bytes,
    *,
    parse_float: Callable[[str], Any] = Decimal,
    object_hook: Callable[[dict[str, Any]], Any] | None = None,
) -> Any:
    """A JSON answer, numbers with a point as ``Decimal``; ``ValueError`` when it is none, such as a page of a gateway
    or an answer that was cut off. ``parse_float`` and ``object_hook`` are those of ``json.loads``.

    One senseless value does not make the rest unreadable: a whole number of thousands of digits becomes a ``Decimal``,
    and what is nested more than a hundred levels deep becomes ``{"too_deep": "its text"}``. ``NaN`` and ``Infinity``,
    which are no JSON but are sent, become floats, which no mapping takes for an amount.
    """
    load = partial(json.loads, parse_float=parse_float, object_hook=object_hook)
    try:
        try:
            return load(content)
        except json.JSONDecodeError:
            raise
        except (RecursionError, ValueError):  # nested too deeply, or more digits than Python reads as a whole number
            return load(_cut_depth(content), parse_int=_read_integer)
    except (ArithmeticError, RecursionError) as error:  # a number with an exponent beyond every number
        raise ValueError(type(error).__name__) from error


def _read_integer(text: str) -> Any:
    return int(text) if len(text) < 100 else Decimal(text)


def _cut_depth(content: bytes) -> bytes:
    """The same, with what stands too deep as a text of its own."""
    parts: list[bytes] = []
    depth = written = began = 0
    for token in _TOKEN.finditer(content):
        sign = token[0][:1]
        if sign in b"[{":
            depth += 1
            if depth == DEEPEST:
                began = token.start()
        elif sign in b"]}":
            depth -= 1
            if depth == DEEPEST - 1:
                told = content[began : token.end()].decode("utf-8", "replace")
                parts += [content[written:began], json.dumps({"too_deep": told}).encode()]
                written = token.end()
    return b"".join([*parts, content[written:]])
