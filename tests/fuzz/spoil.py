"""Values and bytes that are nearly right."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

Try = Callable[[random.Random], None]
"""Tries one input."""
ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, -(2**63), 10**40, 0.1, 1e308, float("nan"), float("inf"), "", " ", "0", "-",
    "nan", "NaN", "1e9999", "9" * 400, "1,234.50", "１２", "\0", "\ud83d", "\u202e", "a" * 5000, "2026-02-30",
    "2026-13-01", "0000-00-00", "9999-12-31T23:59:59.999999999Z", "2026-11-02T08:00:00+99:00", "25:61", [], {}, [[]],
    [None], [{}],
    {"": ""}, {"id": None}, {"items": {}}, "<html>", "{}", "[]", "false", "\r\n", "=1+1", "😀", "\u0301",
)  # fmt: skip
TEXTS = (b"", b"null", b"[]", b"{}", b'""', b"0", b"<html></html>", b"\xff\xfe\0", b"[" * 3000, b'{"a":' * 500, b"NaN")


def spoil_value(draw: random.Random, value: Any) -> Any:
    """The same with one to three places changed."""
    made = copy.deepcopy(value)
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        made = _spoil_once(draw, made)
    return made


def _spoil_once(draw: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and draw.random() < 0.85:
        key = draw.choice(list(value))
        chance = draw.random()
        if chance < 0.1:
            del value[key]
        elif chance < 0.15:
            value[draw.choice(("id", "lines", "", "x", key + " "))] = value.pop(key)
        else:
            value[key] = _spoil_once(draw, value[key])
        return value
    if isinstance(value, list) and value and draw.random() < 0.85:
        place = draw.randrange(len(value))
        chance = draw.random()
        if chance < 0.1:
            value.append(copy.deepcopy(value[place]))
        elif chance < 0.2:
            del value[place]
        else:
            value[place] = _spoil_once(draw, value[place])
        return value
    if isinstance(value, str) and value and draw.random() < 0.5:
        return _spoil_text(draw, value)
    return copy.deepcopy(draw.choice(ODD))


def _spoil_text(draw: random.Random, text: str) -> str:
    place = draw.randrange(len(text))
    chance = draw.random()
    if chance < 0.3:
        return text[:place]
    if chance < 0.6:
        char = chr(draw.choice((0, 9, 32, 45, 46, 48, 0x660, 0xFF10, 0x1F600, 0xD800)))
        return text[:place] + char + text[place:]
    if chance < 0.8:
        return text[:place] + text[place + 1 :]
    return text + text


def spoil_bytes(draw: random.Random, body: bytes) -> bytes:
    """Bytes flipped, cut, doubled, or something else altogether."""
    chance = draw.random()
    if not body or chance < 0.05:
        return draw.choice(TEXTS)
    place = draw.randrange(len(body))
    if chance < 0.4:
        return body[:place] + bytes([body[place] ^ (1 << draw.randrange(8))]) + body[place + 1 :]
    if chance < 0.6:
        return body[:place]
    end = min(len(body), place + draw.randrange(1, 20))
    if chance < 0.8:
        return body[:place] + body[place:end] * 2 + body[end:]
    return body[:place] + draw.randbytes(draw.randrange(1, 6)) + body[end:]


def spoil_json(draw: random.Random, value: Any) -> bytes:
    """A JSON text of a spoiled value, sometimes spoiled itself."""
    made = json.dumps(spoil_value(draw, value), ensure_ascii=draw.random() < 0.5).encode("utf-8", "surrogatepass")
    return spoil_bytes(draw, made) if draw.random() < 0.2 else made
