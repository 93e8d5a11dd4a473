"""Bytes of mails as text, whatever they claim to be: nothing here ever raises, and what had to be guessed is told."""

from __future__ import annotations

import codecs
import quopri
import re
from collections.abc import Iterator

from charset_normalizer import from_bytes

from connectors.imap.transfer import Base64

_ALIASES = {
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80", "cn-gb", "gb_1988-80", "cp936", "ms936"), "gb18030"),
    **dict.fromkeys(("utf8mb4", "utf-8mb4", "unicode-1-1-utf-8", "utf_8_sig"), "utf-8"),
    **dict.fromkeys(("x-big5", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e"), "iso-8859-8"),
    **dict.fromkeys(("ansi_x3.4-1968", "ascii", "us-ascii"), "utf-8"),
}
"""Labels that are wrong more often than not, or that Python does not know: what content really is."""
_LIKELY = ["utf_8", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1252", "cp1251", "koi8_r"]
_GUESS_FROM = 4_096
_LONGEST_SIGN = 4
_WORD = re.compile(rb"=\?([^?\s*]{1,40})(?:\*[^?\s]*)?\?([bBqQ])\?([^?]*)\?=")
_UNPRINTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def find_codec(label: str) -> str | None:
    """The name under which Python decodes it; None for what is no charset."""
    name = label.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    try:
        found = codecs.lookup(name)
        "".encode(found.name)
    except (LookupError, ValueError, UnicodeError):
        return None
    return found.name


def decode_text(content: bytes, label: str = "") -> tuple[str, bool]:
    """The text, and whether it had to be guessed: no label, one that nobody knows, or one that does not fit."""
    codec = find_codec(label) if label else "utf-8"
    if codec is not None and (told := _try(content, codec)) is not None:
        return clean_text(told), False
    if codec is not None and (told := _try_cut(content, codec)) is not None:
        return clean_text(told), True
    for other in ("utf-8", "gb18030"):
        if other != codec and (told := _try(content, other)) is not None:
            return clean_text(told), True
    best = from_bytes(content[:_GUESS_FROM], cp_isolation=_LIKELY).best()
    name = codec or (best.encoding if best is not None else "utf-8")
    return clean_text(content.decode(name, "replace")), True


def _try(content: bytes, codec: str) -> str | None:
    try:
        return content.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _try_cut(content: bytes, codec: str) -> str | None:
    """What was cut off inside its last character, without that one."""
    try:
        return content.decode(codec)
    except UnicodeDecodeError as broken:
        rest = len(content) - broken.start
        return _try(content[: broken.start], codec) if rest <= _LONGEST_SIGN and broken.end == len(content) else None
    except (UnicodeError, ValueError):
        return None


def clean_text(text: str) -> str:
    """Without signs that no database keeps and no person sees."""
    return _UNPRINTED.sub("", text)


def decode_header(raw: bytes) -> tuple[str, bool]:
    """A header as people read it: encoded words (RFC 2047), also those that are split inside a character, and bytes
    without any encoding. Whether something had to be guessed."""
    if b"=?" not in raw:
        if raw.isascii():
            return clean_text(raw.decode("ascii")).strip(), False
        return _strip(decode_text(raw))
    told: list[str] = []
    unsure = False
    for content, label in _list_runs(raw):
        text, guessed = decode_text(content, label)
        told.append(text)
        unsure = unsure or guessed
    return "".join(told).strip(), unsure


def _strip(told: tuple[str, bool]) -> tuple[str, bool]:
    return told[0].strip(), told[1]


def _list_runs(raw: bytes) -> Iterator[tuple[bytes, str]]:
    """Neighbouring words of one charset are joined before they are decoded: programs cut inside characters."""
    place, held, held_label = 0, b"", ""
    for match in _WORD.finditer(raw):
        between = raw[place : match.start()]
        label = match[1].decode("ascii", "replace").lower()
        if between.strip() or label != held_label:
            if held:
                yield held, held_label
            held = b""
            if between.strip() or (place == 0 and between):
                yield between, ""
        held, held_label, place = held + _unwrap(match[2], match[3]), label, match.end()
    if held:
        yield held, held_label
    if raw[place:].strip():
        yield raw[place:], ""


def _unwrap(encoding: bytes, content: bytes) -> bytes:
    if encoding in b"bB":
        decoder = Base64()
        return decoder.feed(content) + decoder.end()
    return quopri.decodestring(content.replace(b"_", b"=20"))
