"""The Tryton connector: puts client, streams and sinks together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from connectors.tryton.checks import check_account
from connectors.tryton.client import TrytonClient
from connectors.tryton.config import TrytonConfig
from connectors.tryton.money_streams import InvoiceStream, PaymentStream, ShipmentStream
from connectors.tryton.party_sink import PartySink
from connectors.tryton.payment_sink import PaymentSink
from connectors.tryton.product_sink import ProductSink
from connectors.tryton.sale_sink import SaleSink
from connectors.tryton.shapes import FUNCTIONS
from connectors.tryton.streams import PartyStream, ProductStream, SaleStream
from connectors.tryton.tables import TrytonTables
from hub.sdk import CheckItem, Connector, Proof, Sink, Stream, Tools

READ = (PartyStream, ProductStream, SaleStream, ShipmentStream, InvoiceStream)
SINKS = (PartySink, ProductSink, SaleSink, PaymentSink)


class TrytonConnector(Connector):
    """Reads and writes parties, products, sales and payments of one company; reads shipments and invoices."""

    name = "tryton"
    label: ClassVar[Mapping[str, str]] = {"en": "Tryton", "zh": "Tryton"}
    Config = TrytonConfig
    rounding: ClassVar[str] = "document"
    proved_by: ClassVar[Mapping[str, Sequence[Proof]]] = {"*": (Proof.SERVER,)}

    def __init__(self, config: TrytonConfig, tools: Tools) -> None:
        super().__init__(config, tools)
        self._client = TrytonClient(config, tools)
        self._tables = TrytonTables(self._client, config)
        lent = (self._client, self._tables)
        payments = PaymentStream(*lent, tools)
        read = [make(*lent, tools) for make in READ]
        self._streams: dict[str, Stream] = {stream.name: stream for stream in (*read, payments)}
        written = {stream.name: stream for stream in (*read, payments.orders)}
        sinks = [make(*lent, config, tools, written[make.stream]) for make in SINKS]
        self._sinks = {sink.kind: sink for sink in sinks}

    def streams(self) -> Mapping[str, Stream]:
        return self._streams

    def sinks(self) -> Mapping[str, Sink]:
        return self._sinks

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        return FUNCTIONS

    def code_tables(self) -> Mapping[str, Mapping[str, str]]:
        return self._tables.codes()

    def check(self) -> Sequence[CheckItem]:
        return check_account(self._client, self._tables, self.config)

    def close(self) -> None:
        self._client.close()
