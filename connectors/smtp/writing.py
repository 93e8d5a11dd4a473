"""A mail as bytes: plain text and the same as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Any

from connectors.smtp.config import SmtpConfig
from hub.errors import Rejected

_HEADS = {"attendee": "To", "optional": "Cc"}


def name_mail(ref: str, config: SmtpConfig) -> str:
    """The Message-ID: the hub's reference, which every retry works out anew."""
    return f"<{ref}@{config.domain}>"


def read_ref(message_id: str) -> str:
    """The other way."""
    return message_id.strip().strip("<>").partition("@")[0]


def write_mail(ref: str, payload: Mapping[str, Any], config: SmtpConfig, now: datetime) -> EmailMessage:
    """``Rejected`` for a mail to nobody, or to an address that is none."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = _make_address(config.sender_name, config.sender)
    for part, head in _HEADS.items():
        rows = [
            row for row in payload.get("people") or () if row.get("part", "attendee") == part and row.get("address")
        ]
        if rows:
            mail[head] = tuple(_make_address(str(row.get("name") or ""), str(row["address"])) for row in rows)
    if "To" not in mail:
        raise Rejected("smtp.nobody", subject=payload.get("subject", ""))
    mail["Subject"] = " ".join(str(payload.get("subject") or "").split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = name_mail(ref, config)
    if payload.get("reply_to"):
        mail["In-Reply-To"] = mail["References"] = " ".join(str(payload["reply_to"]).split())
    if config.unsubscribe:
        mail["List-Unsubscribe"] = f"<{config.unsubscribe}>"
    text = str(payload.get("text") or "")
    mail.set_content(text)
    mail.add_alternative(write_html(text), subtype="html")
    return mail


def _make_address(name: str, address: str) -> Address:
    try:
        return Address(" ".join(name.split()), addr_spec=address)
    except (ValueError, IndexError) as error:
        raise Rejected("smtp.address_broken", address=address) from error


def write_html(text: str) -> str:
    """Paragraphs and line breaks; nothing that a mail program would have to fetch."""
    paragraphs = (escape(part).replace("\n", "<br>\n") for part in text.strip().split("\n\n"))
    return "<!doctype html>\n<html><body>\n" + "\n".join(f"<p>{part}</p>" for part in paragraphs) + "\n</body></html>\n"
