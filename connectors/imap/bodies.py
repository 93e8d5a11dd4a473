"""What is inside a mail: its text, and its attachments by name, size and digest. No broken mail stops it."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.policy import Compat32
from hashlib import sha256
from html.parser import HTMLParser

from connectors.imap.decoding import clean_text, decode_base64, decode_header, decode_text
from connectors.imap.returns import REPORT, RETURNED, Returned, find_returned_id, list_returned

_DEEPEST = 60
_MOST_PARTS = 500
_HEADS = 64 << 10
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "table", "blockquote"})
_HIDDEN = frozenset({"style", "script", "head", "title"})
TEXTS = ("text/plain", "text/html")
"""What is read as the text of a mail."""
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")


@dataclass(frozen=True)
class Body:
    """``attachments``: (name, media type, size in bytes, digest). ``doubts``: what could not be read as it was
    meant. ``returned``: whom a mail did not reach, where this one reports that; ``returned_id``: that mail's
    Message-ID."""

    text: str = ""
    attachments: tuple[tuple[str, str, int, str], ...] = ()
    doubts: frozenset[str] = frozenset()
    returned: tuple[Returned, ...] = ()
    returned_id: str = ""


class _AsItStands(Compat32):
    """Headers as their bytes stand there: what is not ASCII would otherwise be lost."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


_AS_IT_STANDS = _AsItStands()


@dataclass
class _Reading:
    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    attachments: list[tuple[str, str, int, str]] = field(default_factory=list)
    doubts: set[str] = field(default_factory=set)
    returned: list[Returned] = field(default_factory=list)
    returned_id: str = ""


def read_body(content: bytes, longest: int, *, whole: bool) -> Body:
    """The mail as it came over the line; ``longest`` text in characters. ``whole``: nothing of it was cut off, so that
    digests of attachments mean something."""
    reading = _Reading()
    try:
        message = email.message_from_bytes(content, policy=_AS_IT_STANDS)
        for part in _list_parts(message):
            _read_part(part, reading, longest)
            if message.get_content_type() == "multipart/report":
                _read_report(part, reading)
    except RecursionError:  # parts within parts within parts: what was read so far counts
        reading.doubts.add("nesting")
    if not whole:
        reading.doubts.add("cut")
        reading.attachments = [(name, kind, 0, "") for name, kind, _, _ in reading.attachments]
    text = "\n".join(reading.plain) if any(told.strip() for told in reading.plain) else "\n".join(reading.html)
    return Body(
        _tidy(text)[:longest], tuple(reading.attachments), frozenset(reading.doubts), tuple(reading.returned),
        reading.returned_id,
    )  # fmt: skip


def _read_report(part: Message, reading: _Reading) -> None:
    kind = part.get_content_type()
    if kind in REPORT:
        reading.returned += list_returned(part)
    elif kind in RETURNED and not reading.returned_id:
        content = _flatten(part) if part.is_multipart() else _read_content(part, reading)
        reading.returned_id = find_returned_id(content[:_HEADS].decode("utf-8", "replace"))


def _list_parts(message: Message) -> Iterator[Message]:
    """Leaves, in order; a mail inside a mail is an attachment."""
    ahead = [(message, 0)]
    count = 0
    while ahead and count < _MOST_PARTS:
        part, depth = ahead.pop()
        inner = part.get_payload() if part.is_multipart() else None
        if part.get_content_maintype() == "multipart" and isinstance(inner, list) and depth < _DEEPEST:
            ahead += [(one, depth + 1) for one in reversed(inner) if isinstance(one, Message)]
            continue
        count += 1
        yield part


def _read_part(part: Message, reading: _Reading, longest: int) -> None:
    kind = part.get_content_type()
    name = read_name(part, reading.doubts)
    disposition = str(part.get("content-disposition") or "").partition(";")[0].strip().lower()
    if kind in TEXTS and not name and disposition != "attachment":
        content = _read_content(part, reading)
        label = _read_param(part, "charset")
        told, guessed = decode_text(content[: longest * 6], label)
        if guessed and content:
            reading.doubts.add("charset")
        if kind == "text/plain":
            reading.plain.append(told)
        else:
            reading.html.append(strip_html(told))
        return
    if kind in _TNEF:
        reading.doubts.add("tnef")
    if kind == "message/rfc822":
        content = _flatten(part)
    else:
        content = _read_content(part, reading)
    if content or name:
        reading.attachments.append((name or kind, kind, len(content), sha256(content).hexdigest()))


def _flatten(part: Message) -> bytes:
    """The mail that is attached, written out again; empty when that cannot be done."""
    inner = part.get_payload() if part.is_multipart() else None
    first = inner[0] if isinstance(inner, list) and inner else None
    try:
        return first.as_bytes() if isinstance(first, Message) else b""
    except (UnicodeError, LookupError, ValueError, TypeError, AttributeError):
        return b""


def _read_content(part: Message, reading: _Reading) -> bytes:
    """``get_payload`` gives back what it cannot decode, and raises for what no program wrote on purpose."""
    try:
        raw = part.get_payload()
    except ValueError:  # the charset is no name; what is decoded below needs none
        raw = None
    if isinstance(raw, str) and str(part.get("content-transfer-encoding") or "").strip().lower() == "base64":
        return decode_base64(raw.encode("ascii", "ignore"))
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AttributeError, TypeError, AssertionError):
        reading.doubts.add("encoding")
        return b""
    return content if isinstance(content, bytes) else b""


def _read_param(part: Message, name: str) -> str:
    try:
        told = part.get_param(name)
    except (ValueError, LookupError, TypeError, IndexError):
        return ""
    value = told[2] if isinstance(told, tuple) else told
    return str(value) if value else ""


def make_part(kind: str, disposition: str) -> Message:
    """A part of which only its two headers are known."""
    part: Message = Message(policy=_AS_IT_STANDS)
    part["Content-Type"], part["Content-Disposition"] = kind, disposition
    return part


def read_name(part: Message, doubts: set[str]) -> str:
    """The name of an attachment, in whichever of the four ways it was written."""
    for header, key in (("content-disposition", "filename"), ("content-type", "name")):
        try:
            told = part.get_param(key, header=header)
        except (ValueError, LookupError, TypeError, IndexError):
            doubts.add("name")
            continue
        if isinstance(told, tuple):
            text, guessed = decode_text(str(told[2]).encode("raw-unicode-escape", "replace"), told[0] or "")
        elif told:
            text, guessed = decode_header(str(told).encode("utf-8", "surrogateescape"))
        else:
            continue
        if guessed:
            doubts.add("charset")
        if text.strip():
            return re.split(r"[\\/]", clean_text(text).replace("\r", "").replace("\n", " ").strip())[-1][:255]
    return ""


def _tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.told: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in _HIDDEN
        if tag in _BREAKS:
            self.told.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.told.append(re.sub(r"\s+", " ", data))


def strip_html(html: str) -> str:
    """The words of a page, a line for each block."""
    words = _Words()
    try:
        words.feed(html)
        words.close()
    except (AssertionError, ValueError):  # the parser of the standard library gives up on some declarations
        return re.sub(r"<[^>]*>", " ", html)
    return "".join(words.told)
