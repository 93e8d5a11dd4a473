"""The WeCom connector: puts client, streams, sinks and receiver together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from connectors.wecom.checks import check_account
from connectors.wecom.client import WecomClient
from connectors.wecom.config import WecomConfig
from connectors.wecom.customers import CompanyStream, CustomerStream, TagNames
from connectors.wecom.members import MemberStream
from connectors.wecom.messages import tell
from connectors.wecom.receiver import WecomReceiver
from connectors.wecom.schedules import ScheduleStream
from connectors.wecom.sinks import CustomerSink, ScheduleSink
from hub.sdk import CallLimits, CheckItem, Connector, Message, Proof, Sink, Stream, Tools
from hub.sdk.webhooks import Receiver


class WecomConnector(Connector):
    """Reads members, customers with their companies, and the app's calendar; writes notes, tags and appointments."""

    name = "wecom"
    label: ClassVar[Mapping[str, str]] = {"en": "WeCom (WeChat Work)", "zh": "企业微信"}
    Config = WecomConfig
    simulator: ClassVar[str] = "connectors.wecom.simulator:simulator"
    pushed: ClassVar[frozenset[str]] = frozenset({"activity", "contact", "user"})
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {
        "account": (Proof.OTHER_CLIENT,), "*": (Proof.CLIENT_CALLBACKS, Proof.OTHER_CLIENT, Proof.VECTORS),
    }  # fmt: skip
    limits: ClassVar[CallLimits] = CallLimits(per_s=Decimal(40))
    """The vendor allows 10,000 calls of one API in a minute and 150,000 in an hour: 144,000, were all of one API."""

    def __init__(self, config: WecomConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._client = WecomClient(config, tools)
        tags = TagNames(self._client)
        customers = CustomerStream(self._client, tags, tools)
        schedules = ScheduleStream(self._client, config, tools)
        streams = (MemberStream(self._client, tools), customers, CompanyStream(customers, tools), schedules)
        self._streams: Mapping[str, Stream] = {stream.name: stream for stream in streams}
        sinks: tuple[Sink, ...] = (
            CustomerSink(self._client, customers, tags, config),
            ScheduleSink(self._client, schedules, config),
        )
        self._sinks = {sink.kind: sink for sink in sinks}

    def streams(self) -> Mapping[str, Stream]:
        return self._streams

    def sinks(self) -> Mapping[str, Sink]:
        return self._sinks

    def check(self) -> Sequence[CheckItem]:
        return check_account(self._client, self.config)

    def receiver(self) -> Receiver | None:
        """Without the settings of 接收消息 no call is taken."""
        if self.config.callback_token is None and self.config.aes_key is None:
            return None
        return WecomReceiver(self.config)

    def notify(self, message: Message) -> None:
        tell(self._client, self.config, message)

    def close(self) -> None:
        self._client.close()
