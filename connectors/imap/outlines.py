"""Attachments of mails of which only the beginning is read, by the word of the server (BODYSTRUCTURE)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connectors.imap.bodies import TEXTS, make_part, read_name

_DEEPEST = 60
_MOST = 500
_DISPOSITIONS = (b"attachment", b"inline")
_LINE, _BYTES_IN_LINE = 78, 57
"""A line of base64 with its end, and what is in it."""


def list_attachments(outline: Any) -> list[tuple[str, str, int, str]]:
    """(name, media type, about how many bytes, no digest) of what IMAPClient made of a BODYSTRUCTURE; ``ValueError``
    for what is none."""
    try:
        return [found for found, _ in zip(_walk(outline, 0), range(_MOST), strict=False)]
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as odd:
        raise ValueError(f"no BODYSTRUCTURE: {odd}") from odd


def _walk(part: Any, depth: int) -> Iterator[tuple[str, str, int, str]]:
    if isinstance(part[0], list):
        for inner in part[0] if depth < _DEEPEST else ():
            yield from _walk(inner, depth + 1)
        return
    kind = f"{_show(part[0])}/{_show(part[1])}".lower()
    disposition = next((told for one in part[7:] if (told := _read_disposition(one))), "")
    name = read_name(make_part(_write(kind, part[2]), disposition), set())
    if kind in TEXTS and not name and not disposition.lower().startswith("attachment"):
        return
    size = int(part[6])
    yield name or kind, kind, size * _BYTES_IN_LINE // _LINE if _show(part[5]).lower() == "base64" else size, ""


def _read_disposition(one: Any) -> str:
    """Of ``(attachment (filename x))``, or of the whole header, which some servers show instead; languages and places
    stand there, too."""
    if isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], bytes) and one[0].lower() in _DISPOSITIONS:
        return _write(_show(one[0]), one[1])
    whole = isinstance(one, bytes) and one.partition(b";")[0].strip().lower() in _DISPOSITIONS
    return _write(_show(one), None) if whole else ""


def _write(value: str, params: Sequence[Any] | None) -> str:
    """As it would stand in a header."""
    pairs = zip(params[::2], params[1::2], strict=False) if params else ()
    named = [(_show(name), _show(said)) for name, said in pairs]
    told = (f"{name}={said}" if "*" in name else f'{name}="{said}"' for name, said in named)
    return "; ".join([value, *told]).replace("\r", "").replace("\n", " ")


def _show(value: Any) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value or "")
