"""What is inside a mail: its text, and its attachments by name, size and digest. No broken mail stops it, and one of
any length takes the same memory."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass, field
from email.message import Message
from hashlib import sha256
from html.parser import HTMLParser

from connectors.imap.decoding import clean_text, decode_header, decode_text
from connectors.imap.returns import REPORT, RETURNED, Returned, find_returned_id, list_returned
from connectors.imap.splitting import AS_IT_STANDS, Splitter
from connectors.imap.transfer import find_decoder

_MOST_PARTS = 500
_HEADS = 64 << 10
_REPORTS = 256 << 10
_LONGEST_SIGN = 6
"""Bytes of one sign of text, in whichever charset."""
_BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "table", "blockquote"})
_HIDDEN = frozenset({"style", "script", "head", "title"})
_TEXTS = ("text/plain", "text/html")
"""What is read as the text of a mail."""
_MAIL = "message/rfc822"
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_MULTIPART_REPORT = "multipart/report"


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


class BodyReader:
    """One mail, as it comes over the line. ``longest`` text in characters; ``attached``: the text of mails and of texts
    that are attached is read as well, behind that of the mail itself."""

    def __init__(self, longest: int, *, attached: bool = False) -> None:
        self.longest = longest
        self.attached = attached
        self.plain: list[str] = []
        self.html: list[str] = []
        self.more: list[str] = []
        self.attachments: list[tuple[str, str, int, str]] = []
        self.doubts: set[str] = set()
        self.returned: list[Returned] = []
        self.returned_id = ""
        self.whole = True
        self._splitter = Splitter(lambda part: _Part(self, part))

    def feed(self, content: bytes) -> None:
        """The next piece."""
        self._splitter.feed(content)

    def close(self, *, whole: bool) -> Body:
        """``whole``: nothing was cut off, so that size and digest of the last attachment mean something."""
        self.whole = whole
        self._splitter.close()
        if not whole:
            self.doubts.add("cut")
        if self._splitter.too_deep:
            self.doubts.add("nesting")
        texts = self.plain if any(told.strip() for told in self.plain) else self.html
        text = _tidy("\n".join([*texts, *self.more]))[: self.longest]
        return Body(text, tuple(self.attachments), frozenset(self.doubts), tuple(self.returned), self.returned_id)

    @property
    def is_report(self) -> bool:
        """Whether it says what became of another mail."""
        top = self._splitter.top
        return top is not None and top.get_content_type() == _MULTIPART_REPORT


@dataclass
class _Part:
    """One part: decoded as it comes, and counted; kept of it is what is read."""

    reader: BodyReader
    part: Message
    size: int = 0
    kept: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.kind = self.part.get_content_type()
        self.unsure: set[str] = set()
        self.name = read_name(self.part, self.unsure)
        disposition = str(self.part.get("content-disposition") or "").partition(";")[0].strip().lower()
        self.is_text = self.kind in _TEXTS and not self.name and disposition != "attachment"
        self.most = self._choose_most()
        self._decoder = find_decoder(str(self.part.get("content-transfer-encoding") or ""))
        self._digest = sha256()

    def _choose_most(self) -> int:
        """How much of it is kept."""
        reader = self.reader
        if len(reader.attachments) + len(reader.plain) + len(reader.html) >= _MOST_PARTS:
            return 0
        if self.is_text:
            return reader.longest * _LONGEST_SIGN
        if reader.is_report and self.kind in (*REPORT, *RETURNED):
            return _REPORTS if self.kind in REPORT else _HEADS
        inside = reader.attached and (self.kind == _MAIL or self.kind.startswith("text/"))
        return reader.longest * _LONGEST_SIGN if inside else 0

    def feed(self, content: bytes) -> None:
        self._take(self._decoder.feed(content))

    def _take(self, content: bytes) -> None:
        self.size += len(content)
        if len(self.kept) < self.most:
            self.kept += content[: self.most - len(self.kept)]
        if not self.is_text:
            self._digest.update(content)

    def end(self) -> None:
        self._take(self._decoder.end())
        reader = self.reader
        if len(reader.attachments) + len(reader.plain) + len(reader.html) >= _MOST_PARTS:
            return
        reader.doubts |= self.unsure
        content = bytes(self.kept)
        if self.is_text:
            (reader.plain if self.kind == "text/plain" else reader.html).append(self._read_text(content))
            return
        if reader.is_report:
            self._read_report(content)
        if self.kind in _TNEF:
            reader.doubts.add("tnef")
        if reader.attached:
            self._read_inside(content)
        if (self.size and self.kind not in REPORT) or self.name:
            known = (self.size, self._digest.hexdigest()) if reader.whole else (0, "")
            reader.attachments.append((self.name or self.kind, self.kind, *known))

    def _read_text(self, content: bytes) -> str:
        told, guessed = decode_text(content, _read_param(self.part, "charset"))
        if guessed and content:
            self.reader.doubts.add("charset")
        return strip_html(told) if self.kind == "text/html" else told

    def _read_report(self, content: bytes) -> None:
        if self.kind in REPORT:
            told = b"Content-Type: " + REPORT[0].encode() + b"\r\n\r\n" + content
            self.reader.returned += list_returned(email.message_from_bytes(told, policy=AS_IT_STANDS))
        elif self.kind in RETURNED and not self.reader.returned_id:
            self.reader.returned_id = find_returned_id(content.decode("utf-8", "replace"))

    def _read_inside(self, content: bytes) -> None:
        if self.kind == _MAIL:
            self.reader.more.append(read_body(content, self.reader.longest, whole=True).text)
        elif self.kind.startswith("text/"):
            self.reader.more.append(self._read_text(content))


def read_body(content: bytes, longest: int, *, whole: bool) -> Body:
    """A mail that is there already."""
    reader = BodyReader(longest)
    reader.feed(content)
    return reader.close(whole=whole)


def _read_param(part: Message, name: str) -> str:
    try:
        told = part.get_param(name)
    except (ValueError, LookupError, TypeError, IndexError):
        return ""
    value = told[2] if isinstance(told, tuple) else told
    return str(value) if value else ""


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
