"""The head of a mail, read from its bytes: fast for the many that are well formed, patient with the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import sha256

from connectors.imap.decoding import decode_header

NAMES = (
    *("FROM", "SENDER", "TO", "CC", "DATE", "SUBJECT", "MESSAGE-ID", "IN-REPLY-TO", "REFERENCES"),
    *("CONTENT-TYPE", "AUTO-SUBMITTED", "LIST-ID"),
)
"""What is asked of the server."""
_FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)", re.MULTILINE)
_FOLD = re.compile(rb"\r?\n[ \t]+|[\r\n\x00]+")
_ID = re.compile(rb"<[^<>\s]+>")
_ADDRESS = re.compile(r"[^\s<>\"',;:()\[\]@]+@[^\s<>\"',;:()\[\]@]+")
_SIMPLE = re.compile(r'\s*(?:"([^"\\]*)"|([^"<>@,;:()\\]*?))\s*<\s*([^\s<>"(),:;@]+@[^\s<>"(),:;@]+)\s*>\s*$')
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_MOST_PEOPLE = 200
_LONGEST_ID = 512


@dataclass(frozen=True)
class Head:
    """What the head says. ``sent_at`` is None where it names no time that can be. ``doubts``: what had to be
    guessed."""

    message_id: str
    subject: str
    sender: tuple[str, str]
    """Name and address in small letters; empty where there is none."""
    people: tuple[tuple[str, str, str], ...]
    """(part, name, address) of everybody, the sender first, nobody twice."""
    sent_at: datetime | None
    reply_to: str
    references: tuple[str, ...]
    doubts: frozenset[str] = frozenset()
    raw: Mapping[bytes, bytes] = field(default_factory=dict)

    @property
    def is_report(self) -> bool:
        """A mail that came back, or a receipt."""
        return self.raw.get(b"CONTENT-TYPE", b"").lower().startswith(b"multipart/report")


def read_fields(content: bytes) -> dict[bytes, bytes]:
    """Name in capitals → its first value, unfolded."""
    found: dict[bytes, bytes] = {}
    for match in _FIELD.finditer(content):
        name = match[1].upper()
        if name not in found:
            value = match[2]
            found[name] = _FOLD.sub(b" ", value).strip() if b"\n" in value or b"\r" in value else value.strip()
    return found


def read_head(content: bytes, size: int, *, latest: datetime) -> Head:
    """The head of a mail of ``size`` bytes. A time after ``latest`` is none. Raises nothing."""
    fields = read_fields(content)
    doubts: set[str] = set()
    subject, guessed = decode_header(fields.get(b"SUBJECT", b""))
    if guessed:
        doubts.add("charset")
    people = list(_list_people(fields, doubts))
    sent_at = _read_date(fields.get(b"DATE", b""), latest)
    references = tuple(dict.fromkeys(map(_show_id, _ID.findall(fields.get(b"REFERENCES", b"")))))
    answered = [_show_id(found) for found in _ID.findall(fields.get(b"IN-REPLY-TO", b""))]
    sender = next(((name, address) for part, name, address in people if part == "organiser"), ("", ""))
    return Head(
        message_id=_read_id(fields, size),
        subject=subject,
        sender=sender,
        people=tuple(people),
        sent_at=sent_at,
        reply_to=answered[0] if answered else references[-1] if references else "",
        references=references,
        doubts=frozenset(doubts),
        raw=fields,
    )


def _read_id(fields: Mapping[bytes, bytes], size: int) -> str:
    """As it stands there; a mail without one is known by what it says."""
    raw = fields.get(b"MESSAGE-ID", b"")
    found = _ID.search(raw)
    if found is not None and len(found[0]) <= _LONGEST_ID:
        return _show_id(found[0])
    told = raw.strip()
    if told and len(told) <= _LONGEST_ID and b" " not in told:
        return f"<{_show_id(told)}>"
    parts = [fields.get(name, b"") for name in (b"DATE", b"FROM", b"TO", b"SUBJECT")]
    digest = sha256(b"\n".join([*parts, str(size).encode(), raw])).hexdigest()
    return f"<{digest[:40]}@no-message-id.invalid>"


def _show_id(raw: bytes) -> str:
    return raw.decode("ascii", "backslashreplace")[: _LONGEST_ID * 2]


def _read_date(raw: bytes, latest: datetime) -> datetime | None:
    try:
        told = parsedate_to_datetime(raw.decode("ascii", "replace"))
        told = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return told if _EARLIEST <= told <= latest + timedelta(days=2) else None


def _list_people(fields: Mapping[bytes, bytes], doubts: set[str]) -> Iterator[tuple[str, str, str]]:
    seen: set[str] = set()
    for part, names in (("organiser", (b"FROM", b"SENDER")), ("attendee", (b"TO",)), ("optional", (b"CC",))):
        for name in names:
            for label, address in _list_addresses(fields.get(name, b""), doubts):
                if address not in seen and len(seen) < _MOST_PEOPLE:
                    seen.add(address)
                    yield part, label, address
            if part == "organiser" and seen:
                break


def _list_addresses(raw: bytes, doubts: set[str]) -> Iterator[tuple[str, str]]:
    """Names and addresses. Encoded words are decoded after the commas between people were found; where that finds
    nobody, every address in the text counts."""
    if not raw:
        return
    ascii_only = raw.isascii()
    text = raw.decode("ascii") if ascii_only else decode_header(raw)[0]
    pairs = _part_simple(text) or getaddresses([text])
    found = False
    for label, address in pairs:
        if "@" not in address or not _ADDRESS.fullmatch(address):
            continue
        found = True
        told, guessed = decode_header(label.encode("ascii", "replace")) if "=?" in label else (label.strip(), False)
        if guessed or not ascii_only:
            doubts.add("charset")
        yield told[:200], address.lower()[:254]
    if not found:
        for match in _ADDRESS.finditer(decode_header(raw)[0]):
            doubts.add("address")
            yield "", match[0].lower()[:254]


def _part_simple(text: str) -> list[tuple[str, str]]:
    """What most headers look like, in a fraction of the time; nothing for any that is not quite so."""
    whole = _SIMPLE.match(text)
    if whole is not None:
        return [(whole[1] or whole[2] or "", whole[3])]
    if '"' in text or "(" in text or ":" in text or "\\" in text:
        return []
    pairs: list[tuple[str, str]] = []
    for part in text.split(","):
        if (match := _SIMPLE.match(part)) is not None:
            pairs.append((match[2] or "", match[3]))
        elif _ADDRESS.fullmatch(bare := part.strip()):
            pairs.append(("", bare))
        else:
            return []
    return pairs
