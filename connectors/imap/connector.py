"""The IMAP connector: puts client and stream together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from connectors.imap.checks import check_mailbox
from connectors.imap.client import MailboxClient, open_mailbox
from connectors.imap.config import ImapConfig
from connectors.imap.streams import MailStream
from hub.sdk import CheckItem, Connector, Proof, Sink, Stream, Tools


class ImapConnector(Connector):
    """Reads the mails of one mailbox."""

    name = "imap"
    label: ClassVar[Mapping[str, str]] = {"en": "Mailbox (IMAP)", "zh": "邮箱（IMAP）"}
    Config = ImapConfig
    listens = True
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.SERVER,)}

    def __init__(self, config: ImapConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._client = MailboxClient(config, tools)
        self._mails = MailStream(self._client, config, tools)

    def streams(self) -> Mapping[str, Stream]:
        return {self._mails.name: self._mails}

    def sinks(self) -> Mapping[str, Sink]:
        return {}

    def check(self) -> Sequence[CheckItem]:
        return check_mailbox(self._client, self.config)

    def listen(self, wake: Callable[[str], None], stopped: Callable[[], bool]) -> None:
        """Over a line of its own, on the first folder; the others are looked at whenever it is time."""
        with open_mailbox(self.config, self.tools) as client:
            if not client.can_idle:
                return
            folder = self._mails.folders[0]
            while not stopped():
                if client.wait_for_change(folder, stopped):
                    wake(self._mails.kind)

    def close(self) -> None:
        self._client.close()
