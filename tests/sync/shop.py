"""A hub that a simulated shop pushes to: events are kept as the web keeps them, and read when a test wants."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from connectors.webhook.connector import WebhookConnector
from connectors.webhook.simulator import ShopEvent
from hub.runtime.assemble import equip_connection
from hub.sdk import Tools
from hub.sdk.webhooks import Call, Received
from hub.store.event_rows import Event
from hub.store.rows import DeadRow
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import OpenConnection
from hub.sync.event_intake import EventReport, take_events
from hub.sync.events import keep_events, make_event
from tests.sync.world import TIMING, World

EVENTS = {
    "customer.*": {"kind": "account"},
    "customer.deleted": {"kind": "account", "ends": "deleted"},
    "order.*": {"kind": "order"},
    "order.cancelled": {"kind": "order", "ends": "void"},
    "payment.*": {"kind": "payment"},
}
KINDS = ("account", "order", "payment")


class ShopWorld(World):
    """The connection ``shop`` beside ``erp``."""

    def __init__(self, folder: Path, *, url: str | None = None, shop: Mapping[str, Any] | None = None) -> None:
        self.shop_config = {
            "secret": "whsec_c2hvcCBzZWNyZXQ=",  # pragma: allowlist secret
            "events": EVENTS,
            **(shop or {}),
        }
        self.hinted: list[UUID] = []
        super().__init__(folder, url=url, syncs={"account": {}, "order": {}})
        self.use(self.shop_config)

    def use(
        self, shop: Mapping[str, Any], kinds: Sequence[str] = KINDS, mappings: Mapping[str, str] | None = None
    ) -> None:
        """A configuration of the shop, published anew; ``mappings``: kind → a layer of the site."""
        self.shop_config = dict(shop)
        syncs = {kind: SyncSettings.model_validate({"direction": "in"}) for kind in kinds}
        layers: dict[str, tuple[tuple[str, str], ...]] = {
            kind: ((f"mappings/shop/{kind}.toml", text),) for kind, text in (mappings or {}).items()
        }
        config = {"events": dict(shop["events"])}
        settings = ConnectionSettings(connector="webhook", config=config, syncs=syncs, mappings=layers)
        self.config = HubConfig(connections={**self.config.connections, "shop": settings})
        self.hub = self.make_hub()
        self.hub.hint = self.hinted.extend

    def _open(self, name: str) -> OpenConnection:
        if name != "shop":
            return super()._open(name)
        config = WebhookConnector.Config.model_validate(self.shop_config)
        connector = WebhookConnector(config, Tools(clock=self.clock, random=random.Random(3)))
        return equip_connection(name, self.config.connections[name], connector, TIMING)

    # ------------------------------------------------------------ events

    def keep(self, *bodies: Any, headers: Mapping[str, str] | None = None) -> list[UUID]:
        """Calls that proved themselves, written down; ids of those that are new."""
        receiver = self.hub.open("shop").receiver
        assert receiver is not None
        events = []
        for body in bodies:
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            call = Call("POST", "/hooks/shop", dict(headers or {}), raw, self.clock.now())
            key = None if isinstance(body, bytes) else body.get("id") if isinstance(body, dict) else None
            events.append(make_event(self.store, "shop", receiver, call, Received(key)))
        return keep_events(self.store, events)

    def push(self, *happened: ShopEvent | Any) -> EventReport:
        """Keep and read at once."""
        bodies = [event.body if isinstance(event, ShopEvent) else event for event in happened]
        return self.take(self.keep(*bodies))

    def take(self, ids: Sequence[UUID]) -> EventReport:
        return take_events(self.hub, ids, "test")

    def events(self, **where: Any) -> list[Event]:
        with self.store.read() as tx:
            return tx.find(Event, order=["received_at", "id"], **where)

    def aside(self) -> list[DeadRow]:
        with self.store.read() as tx:
            return tx.find(DeadRow, connection="shop", order=["external_id"])

    def all(self, model: type[Any]) -> list[Any]:
        with self.store.read() as tx:
            return tx.find(model, order=["id"])


def customer(version: int, id: str = "c1", type: str = "customer.updated", **more: Any) -> dict[str, Any]:
    """An event about a customer; its id tells the version, so that the same one is the same delivery."""
    values = {"id": id, "name": f"海岳 {version}", "updated_at": version, **more}
    return {"id": f"{type}-{id}-{version}", "type": type, "data": values}


def order(version: int, id: str = "o1", type: str = "order.updated", **more: Any) -> dict[str, Any]:
    line = {"id": "1", "name": "轴承", "quantity": 2, "unit_price": "10.00", "tax_percent": "13"}
    values = {
        "id": id, "number": f"SH-{id}", "customer_id": "c1", "ordered_on": "2026-11-02", "currency": "CNY",
        "status": "confirmed", "lines": [line], "net": "20.00", "tax": "2.60", "gross": "22.60",
        "updated_at": version, **more,
    }  # fmt: skip
    return {"id": f"{type}-{id}-{version}", "type": type, "data": values}


def payment(version: int, id: str = "p1", **more: Any) -> dict[str, Any]:
    values = {
        "id": id, "number": f"PM-{id}", "customer_id": "c1", "order_id": "o1", "paid_on": "2026-11-03",
        "currency": "CNY", "amount": "22.60", "status": "received", "updated_at": version, **more,
    }  # fmt: skip
    return {"id": f"payment-{id}-{version}", "type": "payment.received", "data": values}
