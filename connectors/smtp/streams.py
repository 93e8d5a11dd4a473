"""What can be read back: that a mail was sent. What a server accepted stays sent, whatever becomes of the copy."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.smtp.client import SmtpClient
from connectors.smtp.config import SmtpConfig
from connectors.smtp.writing import read_ref
from hub.sdk import Page, ReadSemantics, SourceRecord, Stream, Tools


class SentStream(Stream):
    """Mails of the hub that were accepted. It brings nothing new: mails of others are read over IMAP."""

    name = "sent"
    kind = "activity"
    deletes = False

    def __init__(self, client: SmtpClient, config: SmtpConfig, tools: Tools) -> None:
        self._client = client
        self._config = config
        self._clock = tools.clock

    @property
    def semantics(self) -> ReadSemantics:
        return ReadSemantics(commit_ordered=True)

    def read_page(self, since: datetime | None, position: Any, limit: int) -> Page:
        return Page([], None, self._clock.now())

    def fetch(self, external_id: str) -> SourceRecord | None:
        """The id is the Message-ID, and is known only after the server accepted the mail."""
        if not external_id.endswith(f"@{self._config.domain}>"):
            return None
        return self._make_record(external_id)

    def search(self, text: str) -> Sequence[SourceRecord]:
        return [self._make_record(found) for found in self._client.search_sent(text)]

    def _make_record(self, message_id: str) -> SourceRecord:
        payload = {"id": message_id, "state": "sent", "message_id": message_id}
        return SourceRecord(
            stream=self.name, external_id=message_id, payload=payload, read_at=self._clock.now(), version=1,
            reference=read_ref(message_id), created_by_us=True,
        )  # fmt: skip
