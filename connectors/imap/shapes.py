"""A mail as a record: what the mapping reads. Nothing in it says in which folder a copy lies, so copies are alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.imap.bodies import Body
from connectors.imap.choosing import Choice
from connectors.imap.headers import Head

_LONGEST_SUBJECT = 500


def shape_mail(head: Head, body: Body, received_at: datetime | None, choice: Choice) -> dict[str, Any]:
    """The payload. Times are UTC as ISO text; ``way`` is ``out`` for what our own people wrote."""
    sent_at = head.sent_at or received_at
    subject = head.subject[:_LONGEST_SUBJECT]
    return {
        "type": "mail",
        "state": "done",
        "subject": subject,
        "text": body.text,
        "date": sent_at.astimezone(UTC).isoformat() if sent_at is not None else None,
        "message_id": head.message_id,
        "thread_id": (head.references[0] if head.references else head.reply_to or body.returned_id or head.message_id),
        "reply_to": head.reply_to or body.returned_id,
        "way": "out" if head.sender[1] and choice.is_own(head.sender[1]) else "in",
        "people": [{"address": address, "name": name, "part": part} for part, name, address in head.people],
        "mentions": [
            {"id": f"{kind} {number}", "kind": kind, "number": number}
            for kind, number in choice.list_mentions((subject, body.text))
        ],
        "attachments": [
            {"id": str(place), "name": name, "type": kind, "size": size, "digest": digest}
            for place, (name, kind, size, digest) in enumerate(body.attachments, 1)
        ],
        "bounces": [
            {"id": one.address, "address": one.address, "status": one.status, "reason": one.reason}
            for one in {one.address: one for one in body.returned}.values()
        ],
        "doubts": ", ".join(sorted(head.doubts | body.doubts)),
    }
