"""A mail taken apart into its parts while it comes in: however long it is, one line of it is held. (The parser of the
standard library holds all of it, several times.) Whatever the cut the parts are the same, and nothing broken raises."""

from __future__ import annotations

import email
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.policy import Compat32
from typing import Protocol

_DEEPEST = 60
_LONGEST_HEAD = 1 << 20
_LONGEST_MARK = 1_000
_LONGEST_LINE = 2_048
"""A line with a mark in it is shorter."""
_END = re.compile(rb"\r\n|\n|\r")
_HEAD = re.compile(rb"(?:(?:From |[!-9;-~]*:|[ \t])[^\r\n]*(?:\r\n|\n|\r))*")
_AFTER = rb"(--)?[ \t]{0,200}(?=[\r\n])"


class _AsItStands(Compat32):
    """Headers as their bytes stand there: what is not ASCII would otherwise be lost."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


AS_IT_STANDS = _AsItStands()


class Sink(Protocol):
    """Where the content of one part goes, as it travels."""

    def feed(self, content: bytes) -> None:
        """A piece of it."""

    def end(self) -> None:
        """That was all. Never called for what turns out to be no part."""


@dataclass
class _Open:
    """A multipart that has not ended. ``mark``: the line between its parts; ``kind``: what a part is that does not say
    so; ``found``: whether the mark was met."""

    mark: bytes
    kind: str
    found: bool = False


class Splitter:
    """``open_part`` is asked for each part that has none inside. ``top``: the head of the mail, once it is known;
    ``too_deep``: parts within parts were left together."""

    def __init__(self, open_part: Callable[[Message], Sink]) -> None:
        self._open_part = open_part
        self._held = b""
        self._ended = False
        self._in_head, self._at_start = True, True
        self._sink: Sink | None = None
        self._stack: list[_Open] = []
        self._first: re.Pattern[bytes] | None = None
        self._later: re.Pattern[bytes] | None = None
        self.top: Message | None = None
        self.too_deep = False

    def feed(self, content: bytes) -> None:
        """The next piece of the mail."""
        self._held += content
        self._go_on()

    def close(self) -> None:
        """That was all. The end of a line that the mail may not have makes the last one whole."""
        self._held += b"\n"
        self._ended = True
        self._go_on()
        rest = self._held[:-1]
        self._pass_on(rest[: _find_line(rest, len(rest))] if self._stack and rest.endswith((b"\r", b"\n")) else rest)
        self._end_sink()

    def _go_on(self) -> None:
        while self._read_head() if self._in_head else self._read_content():
            pass

    @property
    def _limit(self) -> int:
        """A carriage return may be half of the end of a line."""
        return len(self._held) - (self._held.endswith(b"\r") and not self._ended)

    # ------------------------------------------------------------ heads

    def _read_head(self) -> bool:
        """Whether a whole one was there."""
        held, limit = self._held, self._limit
        match = _HEAD.match(held, 0, limit)
        end = match.end() if match is not None else 0
        mark = self._find_mark(0, min(limit, end + _LONGEST_LINE))
        if mark is not None and mark[0] <= end:
            end, blank = mark[0], None
        else:
            blank = _END.match(held, end, limit)
            known = blank is not None or _END.search(held, end, limit) is not None
            if not known and not self._ended and len(held) < _LONGEST_HEAD:
                return False
        self._held = held[blank.end() if blank is not None else end :]
        self._begin_part(held[:end])
        return True

    def _begin_part(self, head: bytes) -> None:
        part = email.message_from_bytes(head, policy=AS_IT_STANDS)
        part.set_default_type(self._stack[-1].kind if self._stack else "text/plain")
        self.top = self.top or part
        self._in_head, self._at_start = False, True
        self._sink = self._open_part(part)
        mark = _read_mark(part)
        if mark and len(self._stack) < _DEEPEST:
            kind = "message/rfc822" if part.get_content_subtype() == "digest" else "text/plain"
            self._stack.append(_Open(mark, kind))
            self._learn_marks()
        elif mark:
            self.too_deep = True

    # ------------------------------------------------------------ contents

    def _read_content(self) -> bool:
        """Whether a mark was there; what can be none goes to the sink."""
        held, limit = self._held, self._limit
        if not self._stack:
            self._pass_on(held[: len(held) - self._ended])
            self._held = held[len(held) - self._ended :]
            return False
        if self._at_start and _END.search(held, 0, limit) is None and len(held) < _LONGEST_LINE and not self._ended:
            return False
        mark = self._find_mark(0, limit)
        if mark is not None:
            self._meet_mark(*mark)
            return True
        if not self._ended:
            last = _find_line(held, limit)
            last = limit if limit - last > _LONGEST_LINE else last
            self._pass_on(held[:last])
            self._held = held[last:]
            self._at_start = self._at_start and not last
        return False

    def _find_mark(self, start: int, limit: int) -> tuple[int, re.Match[bytes]] | None:
        """Where what is before it ends, and the mark."""
        if self._first is None or self._later is None:
            return None
        if self._at_start and (match := self._first.match(self._held, start, limit)):
            return start, match
        match = self._later.search(self._held, start, limit)
        return (_find_line(self._held, match.start() + 1), match) if match is not None else None

    def _meet_mark(self, before: int, match: re.Match[bytes]) -> None:
        place = next(at for at in reversed(range(len(self._stack))) if self._stack[at].mark == match[1])
        met = self._stack[place]
        if place == len(self._stack) - 1 and not met.found:
            self._sink = None  # what stood before the first part
        self._pass_on(self._held[:before])
        self._end_sink()
        met.found = True
        closing = match[2] is not None
        del self._stack[place + (not closing) :]
        self._learn_marks()
        following = match.end() if closing else _skip_end(self._held, match.end())
        self._held = self._held[following:]
        self._in_head = self._at_start = not closing

    def _learn_marks(self) -> None:
        marks = b"|".join(re.escape(one.mark) for one in reversed(self._stack))
        line = rb"--(" + marks + rb")" + _AFTER
        self._first = re.compile(line) if self._stack else None
        self._later = re.compile(rb"[\r\n]" + line) if self._stack else None

    def _pass_on(self, content: bytes) -> None:
        if self._sink is not None and content:
            self._sink.feed(content)

    def _end_sink(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.end()


def _find_line(held: bytes, limit: int) -> int:
    """Where the last end of a line before ``limit`` begins; ``limit`` where there is none."""
    place = max(held.rfind(b"\n", 0, limit), held.rfind(b"\r", 0, limit))
    if place < 0:
        return limit
    return place - (held[place : place + 1] == b"\n" and held[place - 1 : place] == b"\r")


def _skip_end(held: bytes, place: int) -> int:
    match = _END.match(held, place)
    return match.end() if match is not None else place


def _read_mark(part: Message) -> bytes:
    """Empty for what is no multipart, or does not say how its parts begin."""
    if part.get_content_maintype() != "multipart":
        return b""
    try:
        told = part.get_param("boundary")
    except (ValueError, LookupError, TypeError):
        return b""
    value = str(told[2] if isinstance(told, tuple) else told or "").rstrip()
    mark = value.encode("utf-8", "surrogateescape")
    return mark if len(mark) <= _LONGEST_MARK and not _END.search(mark) else b""
