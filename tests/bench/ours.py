"""Our side: a hub on a database, whose connection ``erp`` reads the pages of a benchmark."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr
from sqlalchemy import func, select

from connectors.sandbox.config import SandboxConfig
from connectors.sandbox.connector import SandboxConnector
from hub.protocol.semantics import Timing
from hub.runtime.assemble import equip_connection
from hub.runtime.clock import SystemClock
from hub.sdk import Tools
from hub.store import Store
from hub.store.tables import derive_tables
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import Hub, OpenConnection
from hub.sync.pull import pull_stream
from tests.bench.source import KINDS, Pages, PagesConnector

COUNTED = (
    *("payload", "binding", "image", "journal", "cursor"),
    *("candidate_key", "identity_due"),
    *("crm_account", "crm_account_identifier", "crm_account_address", "crm_product", "crm_order", "crm_order_line"),
)
"""Tables whose rows both sides must have made alike."""


@contextmanager
def open_hub(url: str, pages: dict[str, Pages], erp_url: str | None = None) -> Iterator[Hub]:
    """A hub with default syncs on a migrated database; with ``erp_url`` it reads over HTTP instead of from pages."""
    clock = SystemClock()
    settings = ConnectionSettings(connector="sandbox", syncs={kind: SyncSettings() for kind in KINDS})
    config = HubConfig(connections={"erp": settings})
    sandbox = SandboxConfig(url=erp_url or "http://127.0.0.1:9", token=SecretStr("bench"))

    def open_connection(name: str) -> OpenConnection:
        tools = Tools(clock=clock, random=random.Random(3))
        over_http = SandboxConnector(sandbox, tools)
        connector = over_http if erp_url else PagesConnector(sandbox, tools, pages)
        return equip_connection(name, settings, connector, Timing())

    store = Store.open(url, clock=clock)
    store.migrate()
    hub = Hub(store, config, open_connection, clock, random.Random(1), "B01")
    try:
        yield hub
    finally:
        hub.close()
        store.close()


def pull(hub: Hub, kind: str) -> dict[str, int]:
    """Pull one kind; outcome → count."""
    counts = pull_stream(hub, "erp", kind, actor="bench").counts
    return {outcome: count for outcome, count in counts.items() if count}


def count_rows(store: Store) -> dict[str, int]:
    """Table → number of rows."""
    tables = derive_tables()[0].tables
    with store.engine.connect() as connection:
        return {
            name: int(connection.execute(select(func.count()).select_from(tables[name])).scalar_one())
            for name in COUNTED
        }
