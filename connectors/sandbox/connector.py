"""The sandbox connector: puts client, streams and sinks together, and looks an account over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from connectors.sandbox.client import Row, SandboxClient
from connectors.sandbox.config import SandboxConfig
from connectors.sandbox.sinks import SINKS
from connectors.sandbox.streams import STREAMS
from hub.errors import NeedsConsent, Rejected, Transient
from hub.sdk import CheckItem, Connector, Proof, Sink, Stream, Tools

REFERENCES = {"unique": "unique", "draft": "free", "plain": "free", "blind": "none"}
"""What the ERP says about its reference field, by the tier that this is."""


class SandboxConnector(Connector):
    """Reads and writes partners, items, sales, deliveries, invoices and payments of a simulated ERP."""

    name = "sandbox"
    label: ClassVar[Mapping[str, str]] = {"en": "Sandbox ERP", "zh": "沙盒 ERP"}
    Config = SandboxConfig
    simulator: ClassVar[str] = "connectors.sandbox.simulator:simulator"
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.SERVER,)}

    def __init__(self, config: SandboxConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._client = SandboxClient(config, tools)
        made = [make(self._client, config, tools) for make in STREAMS]
        self._streams = {stream.name: stream for stream in made}
        self._sinks = {make.kind: make(self._client, config, tools, self._streams[make.stream]) for make in SINKS}

    def streams(self) -> Mapping[str, Stream]:
        return self._streams

    def sinks(self) -> Mapping[str, Sink]:
        return self._sinks

    def check(self) -> Sequence[CheckItem]:
        url = {"url": self.config.url}
        try:
            account = self._client.describe_account()
        except NeedsConsent:
            return [CheckItem(True, "sandbox.reached", url), CheckItem(False, "sandbox.token_refused", url)]
        except Rejected as refused:
            return [CheckItem(False, "sandbox.not_a_sandbox", {**url, "words": refused.vendor or ""})]
        except Transient as failed:
            return [CheckItem(False, "sandbox.unreachable", {**url, "words": failed.vendor or ""})]
        return [CheckItem(True, "sandbox.reached", url), *self._compare(account)]

    def close(self) -> None:
        self._client.close()

    def _compare(self, account: Row) -> list[CheckItem]:
        """The declaration against what the ERP says of itself."""
        declared: dict[str, Any] = {
            "user": self.config.user,
            "draft_stage": self.config.tier == "draft",
            "sale_reference": REFERENCES[self.config.tier],
            "master_reference": REFERENCES[self.config.master_tier],
            "compare_and_set": self.config.compare_and_set,
            "shows_modifier": self.config.shows_modifier,
            "tells_merge": self.config.tells_merge,
        }
        wrong = {name: value for name, value in declared.items() if account.get(name) != value}
        if not wrong:
            return [CheckItem(True, "sandbox.as_declared", {"user": self.config.user})]
        return [
            CheckItem(
                False,
                "sandbox.not_as_declared",
                {"what": name, "declared": value, "found": account.get(name)},
                ours=True,
            )
            for name, value in wrong.items()
        ]
