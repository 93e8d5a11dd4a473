"""Mails that came back: what a report of failed delivery (RFC 3464) says of whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message

from connectors.imap.decoding import decode_header

REPORT = ("message/delivery-status", "message/global-delivery-status")
RETURNED = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers")
_ID = re.compile(r"^message-id[ \t]*:\s*(<[^<>\s]{1,510}>)", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>;,]+@[^\s<>;,]+")
_MOST = 100
_LONGEST_REASON = 300


@dataclass(frozen=True)
class Returned:
    """One address that a mail did not reach for good."""

    address: str
    status: str
    reason: str


def list_returned(part: Message) -> Iterator[Returned]:
    """Whom a report names as failed for good; what is only late is not told."""
    blocks = part.get_payload()
    for block in (blocks if isinstance(blocks, list) else [])[: _MOST + 1]:
        if not isinstance(block, Message) or _read(block, "action").lower() != "failed":
            continue
        status = _read(block, "status").split(" ")[0][:20]
        found = _ADDRESS.search(_read(block, "original-recipient") or _read(block, "final-recipient"))
        if found is not None and not status.startswith("4"):
            reason = _read(block, "diagnostic-code").partition(";")[2].strip() or _read(block, "diagnostic-code")
            yield Returned(found[0].lower()[:254], status, " ".join(reason.split())[:_LONGEST_REASON])


def find_returned_id(text: str) -> str:
    """The Message-ID of the mail that came back; empty where the report does not show it."""
    found = _ID.search(text)
    return found[1] if found is not None else ""


def _read(block: Message, name: str) -> str:
    told = block.get(name)
    return decode_header(str(told).encode("utf-8", "surrogateescape"))[0] if told else ""
