"""A mail as bytes: plain text, the same as HTML, and the files that go along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
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


def write_mail(
    ref: str,
    payload: Mapping[str, Any],
    config: SmtpConfig,
    now: datetime,
    read_file: Callable[[str], bytes | None],
) -> EmailMessage:
    """``Rejected`` for a mail to nobody, to an address that is none, to many without a way out, or whose file is not
    there. ``read_file``: digest → content."""
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
    if payload.get("bulk"):
        _offer_way_out(mail, config)
    text = str(payload.get("text") or "")
    mail.set_content(text)
    mail.add_alternative(frame_html(str(payload.get("html") or "")) or write_html(text), subtype="html")
    for row in payload.get("attachments") or ():
        _attach(mail, row, read_file)
    return mail


def _offer_way_out(mail: EmailMessage, config: SmtpConfig) -> None:
    """RFC 2369, and RFC 8058 where one request is enough."""
    if not config.unsubscribe:
        raise Rejected("smtp.no_way_out", subject=str(mail["Subject"]))
    mail["List-Unsubscribe"] = f"<{config.unsubscribe}>"
    if config.unsubscribe.startswith("https:"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Precedence"] = "bulk"


def _attach(mail: EmailMessage, row: Mapping[str, Any], read_file: Callable[[str], bytes | None]) -> None:
    """The very file that was there when the mail was written."""
    name, digest = " ".join(str(row.get("name") or "file").split()), str(row.get("digest") or "")
    content = read_file(digest) if digest else None
    if content is None or sha256(content).hexdigest() != digest:
        raise Rejected("smtp.file_missing", name=name, subject=str(mail["Subject"]))
    kind, _, subtype = str(row.get("type") or "application/octet-stream").partition("/")
    mail.add_attachment(content, maintype=kind, subtype=subtype or "octet-stream", filename=name)


def _make_address(name: str, address: str) -> Address:
    try:
        return Address(" ".join(name.split()), addr_spec=address)
    except (ValueError, IndexError) as error:
        raise Rejected("smtp.address_broken", address=address) from error


def frame_html(html: str) -> str:
    """A whole page around what a template gives; empty for nothing."""
    if not html.strip() or "<html" in html.lower():
        return html.strip()
    return f"<!doctype html>\n<html><body>\n{html.strip()}\n</body></html>\n"


def write_html(text: str) -> str:
    """Paragraphs and line breaks; nothing that a mail program would have to fetch."""
    paragraphs = (escape(part).replace("\n", "<br>\n") for part in text.strip().split("\n\n"))
    return "<!doctype html>\n<html><body>\n" + "\n".join(f"<p>{part}</p>" for part in paragraphs) + "\n</body></html>\n"
