"""Two systems that already hold the same orders when they are connected: adopt binds them, and nothing is doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hub.model.kinds import find_kind
from hub.sync.adopt import adopt
from hub.sync.records import create_record

if TYPE_CHECKING:
    from tests.storm.schedule import Storm

PAIRS = 2


def make_history(storm: Storm) -> None:
    """Customers and items first; then each side holds the same orders, made by its own people; then adopt. One pair is
    left out of it: what only looks alike must be held."""
    storm.carry_out(["account", "product"])
    with storm.hub.store.read() as tx:
        accounts: list[Any] = tx.find(find_kind("account"), order=["id"])
    for number, account in enumerate(accounts[:PAIRS]):
        line = {"name": "freight", "quantity": "3", "unit_price": f"{100 + number}.00", "tax_rate": "0.13"}
        order: Any = create_record(storm.hub, "order", {"account_id": account.id, "lines": [line]}, "li")
        partner = next(row for row in storm.world.erp.documents("partner") if row["name"] == account.name)
        sold = {"text": "freight", "quantity": "3", "price": f"{100 + number}.00", "tax_percent": "13"}
        sale = storm.world.wang.create(
            "sale", status="approved" if storm.setting.tier == "draft" else None, customer=partner["id"],
            date=str(order.ordered_on), lines=[sold],
        )  # fmt: skip
        storm.twins.append((order.id, sale["id"]))
        storm.tell("history", f"{order.number} here is {sale['number']} there")
    storm.world.clock.pass_time(storm.world.settings.lag_s + 1)
    if storm.setting.seed % 2:
        found = adopt(storm.hub, "erp", ["order"], "li")
        storm.tell("adopt", ", ".join(f"{item.outcome} {item.label}" for item in found.items))
