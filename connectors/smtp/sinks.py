"""What can be written: a mail, once. It cannot be changed or taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.smtp.client import SmtpClient
from connectors.smtp.config import SmtpConfig
from connectors.smtp.streams import SentStream
from connectors.smtp.writing import name_mail, write_mail
from hub.errors import IsthmusError, Rejected
from hub.sdk import Confirm, Draft, Sink, SourceRecord, Tier, Tools, WriteSemantics, Written

_DELIVERY_S = 300.0
"""A server may work so long on a mail that it took while the line broke."""
_SENT_LAG_S = 30.0


class MailSink(Sink):
    """Activities that are mails, go out, and are planned. The Message-ID carries the hub's reference."""

    kind = "activity"
    stream = "sent"

    def __init__(self, client: SmtpClient, stream: SentStream, config: SmtpConfig, tools: Tools) -> None:
        self._client = client
        self._stream = stream
        self._config = config
        self._clock = tools.clock
        self._read_file = tools.read_file

    @property
    def semantics(self) -> WriteSemantics:
        return WriteSemantics(
            tier=Tier.PLAIN if self._config.sent_host else Tier.BLIND,
            reference_field="Message-ID" if self._config.sent_host else None,
            confirms=frozenset({Confirm.SAVE}),
            versioned=False,
            silent=frozenset({"subject", "text", "html", "bulk", "attachments", "people", "reply_to"}),
            d_max_s=_DELIVERY_S,
            lag_s=_SENT_LAG_S,
        )

    def create(self, drafts: Sequence[Draft]) -> Sequence[Written | IsthmusError]:
        results: list[Written | IsthmusError] = []
        for draft in drafts:
            try:
                results.append(self._send(draft))
            except IsthmusError as failed:
                results.append(failed)
        return results

    def _send(self, draft: Draft) -> Written:
        mail = write_mail(draft.ref, draft.payload, self._config, self._clock.now(), self._read_file)
        self._client.send(mail)
        return Written(name_mail(draft.ref, self._config), 1)

    def patch(self, external_id: str, payload: Mapping[str, Any], *, if_version: int | None) -> Written:
        raise Rejected("smtp.already_sent")

    def void(self, external_id: str, *, if_version: int | None) -> Written:
        raise Rejected("smtp.already_sent")

    def find(self, ref_prefix: str) -> Sequence[SourceRecord]:
        """Where sent mails can be looked up; nowhere else."""
        if not self._config.sent_host:
            return ()
        wanted = ref_prefix.upper()
        return [hit for hit in self._stream.search(ref_prefix) if (hit.reference or "").upper().startswith(wanted)]
