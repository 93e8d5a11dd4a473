"""The SMTP connector: puts client, stream and sink together."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from connectors.smtp.client import SmtpClient
from connectors.smtp.config import SmtpConfig
from connectors.smtp.sinks import MailSink
from connectors.smtp.streams import SentStream
from hub.errors import ConfigInvalid, NeedsConsent, Transient
from hub.sdk import CallLimits, CheckItem, Connector, Proof, Sink, Stream, Tools


class SmtpConnector(Connector):
    """Sends the mails that people wrote in the hub."""

    name = "smtp"
    label: ClassVar[Mapping[str, str]] = {"en": "Outgoing mail (SMTP)", "zh": "发送邮件（SMTP）"}
    Config = SmtpConfig
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.SERVER,)}

    @classmethod
    def choose_limits(cls, answers: Mapping[str, Any]) -> CallLimits:
        usual = SmtpConfig.model_fields["per_minute"].default
        try:
            return CallLimits(per_minute=max(1, int(answers.get("per_minute", usual))))
        except (TypeError, ValueError):  # whoever checks the answers says what is wrong with it
            return CallLimits(per_minute=usual)

    def __init__(self, config: SmtpConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._client = SmtpClient(config, tools)
        self._sent = SentStream(self._client, config, tools)
        self._sink = MailSink(self._client, self._sent, config, tools)

    def streams(self) -> Mapping[str, Stream]:
        return {self._sent.name: self._sent}

    def sinks(self) -> Mapping[str, Sink]:
        return {self._sink.kind: self._sink}

    def check(self) -> Sequence[CheckItem]:
        """Logs in and sends nothing."""
        try:
            line = self._client.connect()
            with suppress(smtplib.SMTPException, OSError):
                line.quit()
            if self.config.sent_host:
                self._client.search_sent("no-such-mail")
        except (Transient, NeedsConsent) as failed:
            words = failed.params.get("words", failed.vendor or "—")
            return [CheckItem(False, failed.code, {**failed.params, "words": words})]
        except ConfigInvalid as wrong:
            return [CheckItem(False, wrong.code, wrong.params, ours=True)]
        where = "smtp.sent_found" if self.config.sent_host else "smtp.no_sent"
        return [
            CheckItem(True, "smtp.reached", {"host": self.config.host, "sender": self.config.sender}),
            CheckItem(True, where, {"folder": self.config.sent_folder}),
        ]
