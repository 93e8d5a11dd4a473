"""A hub with a connection for each organisation of one account, in one process."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

from connectors.kingdee.connector import KingdeeConnector
from connectors.kingdee.simulator import (
    FORMS,
    Books,
    KingdeeApi,
    KingdeeSettings,
    Person,
    number,
    seed_company,
    write_credentials,
)
from hub.protocol.binding import Binding
from hub.protocol.semantics import Direction
from hub.runtime.assemble import equip_connection
from hub.sdk import Tools
from hub.sdk.simulator import HandlerTransport
from hub.store import Store
from hub.sync.adopt import adopt
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import Hub, OpenConnection
from hub.sync.plan import make_plan
from hub.sync.probe import probe_kind
from hub.sync.records import create_record, find_record
from hub.sync.run import run_sync
from tests.connectors.kingdee.bench import ZONE
from tests.sync.world import TIMING, VirtualClock

ORDER, RECEIPT = "SAL_SaleOrder", "AR_RECEIVEBILL"
NAMES = {"100": "海岳精密", "101": "海岳精密（宁波）"}
CONNECTIONS = {"main": "100", "ningbo": "101"}
DAY = "2026-10-20"


class Company:
    """Both connections of one hub, and the account that they share."""

    def __init__(
        self, *, takes_unnamed: str = "", only: str = "", config: Mapping[str, str] | None = None, **account: Any
    ) -> None:
        self.clock = VirtualClock()
        self.config = config or {}
        self.books = Books(KingdeeSettings(signature_age_s=0, **account), self.clock)
        seed_company(self.books, customers=2, materials=2, orders=0, invoices=0, seed=4)
        self.api = KingdeeApi(self.books)
        self.person = Person(self.books, "李会计")
        party = SyncSettings.model_validate({"create": True})
        syncs = {
            "account": party,
            "product": party,
            "order": SyncSettings(),
            "payment": SyncSettings(),
            "invoice": SyncSettings(direction=Direction.IN),
        }
        self.settings = {
            name: ConnectionSettings(connector="kingdee", syncs=syncs, takes_unnamed=name == takes_unnamed)
            for name in CONNECTIONS
            if not only or name == only
        }
        self.store = Store.open("sqlite://", clock=self.clock, durable=False)
        self.store.migrate()
        self.hub = self._make_hub()

    def _make_hub(self) -> Hub:
        return Hub(
            store=self.store, config=HubConfig(connections=self.settings), opener=self._open, clock=self.clock,
            random=random.Random(7), installation="T01", timing=TIMING,
        )  # fmt: skip

    def reopen(self, **config: str) -> None:
        """The same hub, with other answers for its connections."""
        self.hub.close()
        self.config = {**self.config, **config}
        self.hub = self._make_hub()

    def _open(self, name: str) -> OpenConnection:
        told = {**write_credentials(self.books.settings, "http://erp.test"), "organisation": CONNECTIONS[name]}
        tools = Tools(
            clock=self.clock, random=random.Random(3), zone=ZONE, http_total_s=10,
            transport=HandlerTransport(self.api.handle),
        )  # fmt: skip
        connector = KingdeeConnector(KingdeeConnector.Config.model_validate({**told, **self.config}), tools)
        return equip_connection(name, self.settings[name], connector, TIMING)

    def close(self) -> None:
        self.hub.close()
        self.store.close()

    # ---- the account

    def allocate(self, place: int | None = None) -> None:
        """The vendor's way: what one organisation has made is assigned to the other."""
        for form in ("BD_Customer", "BD_MATERIAL"):
            made = [bill for bill in self.books.all(FORMS[form]) if bill["FUseOrgId"] == bill["FCreateOrgId"]]
            for bill in made if place is None else [made[place]]:
                self.person.allocate(form, bill[FORMS[form].id_key], "101")

    def order_there(self, organisation: str, customer: str = "C00001", material: str = "M0001") -> Any:
        rows = [(material, "2", "11.30")]
        bill = self.person.make_order(customer, rows, DAY, FSaleOrgId=number(organisation))
        return self.person.audit(ORDER, bill["FID"])

    def receipt_there(self, order: Any) -> None:
        due = self.person.bill(ORDER, order["FID"])
        self.person.receive("AR_receivable", due["FID"], "5.00")

    def count_there(self, form: str = ORDER, org_key: str = "FSaleOrgId") -> Counter[str]:
        organisations = FORMS["ORG_Organizations"]
        return Counter(self.books.take(organisations, bill[org_key])["FNumber"] for bill in self.books.all(FORMS[form]))

    # ---- the hub

    def go_live(self) -> None:
        for name in self.settings:
            adopt(self.hub, name, None, "li")
            self.run(name)
            for kind in ("account", "product", "order", "payment"):
                probe_kind(self.hub, name, kind, "li")
            self.run(name)

    def run(self, name: str) -> None:
        self.clock.pass_time(300)
        report = run_sync(self.hub, name, None, "li", accept=make_plan(self.hub, name, None, "li").plan.label)
        assert not report.errors

    def run_all(self) -> None:
        for name in self.settings:
            self.run(name)

    def plan(self, name: str, kind: str = "order") -> Counter[tuple[str, str | None]]:
        """What would happen there: action and reason."""
        items = make_plan(self.hub, name, None, "li").items
        return Counter((item.action, item.reason) for item in items if item.side == "there" and item.kind == kind)

    def name_organisations(self) -> dict[str, Any]:
        return {key: create_record(self.hub, "organisation", {"name": name}, "li") for key, name in NAMES.items()}

    def order_here(self, organisation: Any = None, customer: str = "C00001") -> Any:
        account, product = find_record(self.hub, "account", customer), find_record(self.hub, "product", "M0001")
        line = {"product_id": product.id, "quantity": "1", "unit_price": "10", "tax_rate": "0.13"}
        named = {"organisation_id": organisation.id} if organisation is not None else {}
        return create_record(
            self.hub, "order", {"account_id": account.id, "ordered_on": DAY, "lines": [line], **named}, "li"
        )

    def pay_here(self, order: Any) -> Any:
        part = {"target": "order", "order_id": order.id, "amount": "3"}
        values = {
            "account_id": order.account_id,
            "paid_on": DAY,
            "amount": "3",
            "currency": "CNY",
            "allocations": [part],
        }
        return create_record(self.hub, "payment", {**values, "method": "电汇"}, "li")

    def places_of(self, record: Any) -> set[str]:
        with self.store.read() as tx:
            rows = tx.find(Binding, kind=record.KIND, hub_id=record.id)
        return {row.connection for row in rows if row.remote_id is not None}
