"""The 金蝶云·星空 connector: puts client, streams and sinks together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from connectors.kingdee.checks import check_account
from connectors.kingdee.client import KingdeeClient
from connectors.kingdee.config import KingdeeConfig
from connectors.kingdee.master_sinks import CustomerSink, MaterialSink
from connectors.kingdee.order_sink import OrderSink
from connectors.kingdee.refund_sink import PaymentSink
from connectors.kingdee.streams import STREAMS
from connectors.kingdee.tables import KingdeeTables
from connectors.kingdee.voucher_sink import VoucherSink
from hub.sdk import CheckItem, Connector, Proof, Scope, Sink, Stream, Tools

SINKS = (CustomerSink, MaterialSink, OrderSink, PaymentSink, VoucherSink)


class KingdeeConnector(Connector):
    """Reads and writes customers, materials, orders, receipts and vouchers of one organisation; reads deliveries and
    receivables."""

    name = "kingdee"
    label: ClassVar[Mapping[str, str]] = {"en": "Kingdee Cloud Galaxy (K/3 Cloud)", "zh": "金蝶云·星空"}
    Config = KingdeeConfig
    simulator: ClassVar[str] = "connectors.kingdee.simulator:simulator"
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {
        "order": (Proof.CLIENT, Proof.VECTORS), "voucher": (Proof.CLIENT, Proof.VECTORS),
        "*": (Proof.VECTORS, Proof.DOCUMENTS),
    }  # fmt: skip

    def __init__(self, config: KingdeeConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._client = KingdeeClient(config, tools)
        self._tables = KingdeeTables(self._client, config)
        made = [make(self._client, config, tools) for make in STREAMS]
        self._streams = {stream.name: stream for stream in made}
        lent = (self._client, self._tables, config, tools)
        self._sinks = {make.kind: make(*lent, self._streams[make.stream]) for make in SINKS}

    def streams(self) -> Mapping[str, Stream]:
        return self._streams

    def sinks(self) -> Mapping[str, Sink]:
        return self._sinks

    @property
    def scope(self) -> Scope:
        return Scope(f"{self.config.url.casefold()} {self.config.account_set}", self.config.organisation)

    def code_tables(self) -> Mapping[str, Mapping[str, str]]:
        return self._tables.codes()

    def check(self) -> Sequence[CheckItem]:
        return check_account(self._client, self._tables, self.config)

    def close(self) -> None:
        self._client.close()
