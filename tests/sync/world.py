"""A hub and a sandbox ERP in one process on a virtual clock: what the tests of the sync room work with."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import Faults, Person, SandboxApi, SandboxErp, SandboxSettings, make_uscc
from hub.protocol.semantics import Timing
from hub.runtime.assemble import equip_connection
from hub.sdk import Tools
from hub.sdk.simulator import HandlerTransport
from hub.store import Store
from hub.store.rows import Cursor
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import Hub, OpenConnection


class VirtualClock:
    """Time that moves when told to, and a little with every question, so that no two instants are equal."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        self.at += timedelta(microseconds=7)
        return self.at

    def monotonic(self) -> float:
        return (self.now() - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class SkewedClock:
    """The clock of a machine that is a little ahead."""

    def __init__(self, clock: VirtualClock, ahead_s: float) -> None:
        self._clock = clock
        self._ahead = timedelta(seconds=ahead_s)

    def now(self) -> datetime:
        return self._clock.now() + self._ahead

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


TIMING = Timing(send_window_s=5, lease_s=40, http_total_s=20, skew_s=1, retry_s=2)


class World:
    """``erp`` the sandbox, ``people`` its accountant, ``hub`` ours; ``connection`` is called ``erp``."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        url: str | None = None,
        erp: Mapping[str, Any] | None = None,
        syncs: Mapping[str, Mapping[str, Any]] | None = None,
        faults: Mapping[str, float] | None = None,
        read: bool = True,
        declare: Mapping[str, Any] | None = None,
    ) -> None:
        """``read``: a first reading of everything has ended, as it has before the first push of every run.
        ``declare``: what the connection says of the ERP beside its settings, or against them."""
        self.declare = declare or {}
        self.clock = VirtualClock()
        self.random = random.Random(seed)
        self.settings = SandboxSettings(**(erp or {}))
        self.erp = SandboxErp(self.settings, self.clock, random.Random(seed + 1))
        self.faults = Faults(random.Random(seed + 2), faults)
        self.api = SandboxApi(self.erp, self.faults)
        self.wang = Person(self.erp, "wang")
        self.store = Store.open(url or f"sqlite:///{folder}/hub.sqlite", clock=self.clock, durable=False)
        self.store.migrate()
        self.config = HubConfig(
            connections={
                "erp": ConnectionSettings(
                    connector="sandbox",
                    syncs={
                        kind: SyncSettings.model_validate(values)
                        for kind, values in (syncs or {"account": {}, "product": {}, "order": {}}).items()
                    },
                )
            }
        )
        if read:
            with self.store.write() as tx:
                for stream in ("partner", "item", "sale", "delivery", "invoice", "payment"):
                    tx.save(Cursor(connection="erp", stream=stream, complete_once=True))
        self.hub = self.make_hub()

    def make_hub(self, checkpoint: Callable[[str], None] | None = None) -> Hub:
        """Another worker on the same database."""
        hub = Hub(
            store=self.store,
            config=self.config,
            opener=self._open,
            clock=self.clock,
            random=random.Random(self.random.random()),
            installation="T01",
            timing=TIMING,
        )
        if checkpoint is not None:
            hub.checkpoint = checkpoint
        return hub

    def _open(self, name: str) -> OpenConnection:
        tools = Tools(
            clock=self.clock,
            random=random.Random(3),
            transport=HandlerTransport(self.api.handle),
            http_total_s=TIMING.http_total_s,
        )
        declared = {
            name: getattr(self.settings, name)
            for name in SandboxConnector.Config.model_fields
            if hasattr(self.settings, name)
        }
        config = SandboxConnector.Config.model_validate(
            {**declared, "url": "http://sandbox", "token": self.settings.token, **self.declare}
        )
        return equip_connection(name, self.config.connections[name], SandboxConnector(config, tools), TIMING)

    def make_customer(self, name: str = "海岳精密机械有限公司", **values: Any) -> Any:
        return self.wang.create("partner", name=name, tax_id=make_uscc(self.random), **values)

    def make_item(self, name: str = "轴承", price: str = "12.50") -> Any:
        return self.wang.create("item", name=name, code=f"A-{self.random.randrange(10**6)}", price=price, unit="pcs")
