"""A small shop: customers, orders and payments that change, and an event for each change."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

Document = Mapping[str, Any]
OPENED = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
NAMES = ("海岳精密机械", "远山电子", "华信贸易", "Nordwind Handel", "Acme Tools", "明远仪器", "Blue River", "东方轴承")
CITIES = ("上海", "苏州", "Hamburg", "深圳")
GOODS = (("轴承 6204", "12.50"), ("Coupling A2", "199.90"), ("传感器 TX-3", "45.00"), ("Cable 5 m", "7.35"))
CENT = Decimal("0.01")
TAX = Decimal(13)


@dataclass(frozen=True)
class Company:
    """Who buys in a shop, and what: customers with ``name`` and perhaps ``uscc``, in the order in which they come;
    goods with ``name``, ``price`` and perhaps ``sku`` and ``unit``."""

    customers: tuple[Mapping[str, str], ...] = ()
    goods: tuple[Mapping[str, str], ...] = tuple({"name": name, "price": price} for name, price in GOODS)

    @classmethod
    def read(cls, text: str) -> Company:
        """From JSON: ``{"customers": [{"name": …}], "goods": [{"name": …, "price": "12.50"}]}``."""
        told = json.loads(text)
        goods = tuple(told.get("goods") or ()) or cls().goods
        if not all("name" in row for row in told.get("customers") or ()) or not all(
            {"name", "price"} <= row.keys() for row in goods
        ):
            raise ValueError("customers need a name; goods a name and a price")
        return cls(tuple(told.get("customers") or ()), goods)


@dataclass(frozen=True)
class ShopEvent:
    """What happened: ``document`` is the record as it was right after it. ``id`` names the event."""

    id: str
    type: str
    kind: str
    document: Document

    @property
    def body(self) -> dict[str, Any]:
        """As it is pushed."""
        return {"type": self.type, "id": self.id, "timestamp": self.document["updated_at"], "data": self.document}


class Shop:
    """Same seed, same history. ``documents[kind][id]`` is the truth."""

    def __init__(self, seed: int, company: Company | None = None) -> None:
        self._random = random.Random(seed)
        self._company = company or Company()
        self._count = 0
        self.documents: dict[str, dict[str, Document]] = {"customer": {}, "order": {}, "payment": {}}

    def step(self) -> list[ShopEvent]:
        """One thing happens: a customer comes, moves or orders; an order is confirmed, changed or paid. The events in
        the order in which they happened."""
        customers, orders = self.documents["customer"], self._list_open()
        choice = self._random.random()
        if len(customers) < 3 or choice < 0.2:
            return [self.add_customer()]
        if choice < 0.3:
            return [self.move_customer(self._pick(customers))]
        if not orders or choice < 0.6:
            return [self.place_order(self._pick(customers))]
        if choice < 0.8:
            return [self.confirm_order(self._random.choice(orders))]
        return [self.pay_order(self._random.choice(orders))]

    def add_customer(self) -> ShopEvent:
        number = len(self.documents["customer"]) + 1
        known = self._company.customers[number - 1 : number]
        told = known[0] if known else {"name": f"{self._random.choice(NAMES)} {number:03}"}
        values = {"number": f"C-{number:04}", "phone": f"021-5555{number:04}", "active": True, **told}
        address = {"city": self._random.choice(CITIES), "street": f"{number} 号", "note": ""}
        return self._put("customer", f"cus_{number}", "customer.created", values | address)

    def move_customer(self, id: str) -> ShopEvent:
        street = f"{self._random.randrange(1, 900)} 号"
        return self._put("customer", id, "customer.updated", {**self.documents["customer"][id], "street": street})

    def place_order(self, customer_id: str) -> ShopEvent:
        number = len(self.documents["order"]) + 1
        goods = self._company.goods
        chosen = self._random.sample(goods, self._random.randrange(1, min(4, len(goods)) + (len(goods) < 2)))
        lines = [
            {
                "id": str(place), "name": row["name"], "quantity": self._random.randrange(1, 9),
                "unit": row.get("unit", "pcs"), "unit_price": row["price"], "tax_percent": str(TAX),
                **({"sku": row["sku"]} if "sku" in row else {}),
            }
            for place, row in enumerate(chosen, start=1)
        ]  # fmt: skip
        values = {
            "number": f"SH-{number:05}", "customer_id": customer_id, "ordered_on": "2026-11-02", "currency": "CNY",
            "status": "placed", "note": "", "lines": lines, **_add_up(lines),
        }  # fmt: skip
        return self._put("order", f"ord_{number}", "order.created", values)

    def confirm_order(self, id: str) -> ShopEvent:
        changed = {**self.documents["order"][id], "status": "confirmed", "note": f"confirmed {self._count}"}
        return self._put("order", id, "order.updated", changed)

    def pay_order(self, id: str) -> ShopEvent:
        """The whole of it, once."""
        order, number = self.documents["order"][id], len(self.documents["payment"]) + 1
        values = {
            "number": f"PM-{number:05}", "customer_id": order["customer_id"], "order_id": id,
            "paid_on": "2026-11-03", "currency": order["currency"], "amount": order["gross"],
            "bank_reference": f"TX{number:08}", "status": "received",
        }  # fmt: skip
        return self._put("payment", f"pay_{number}", "payment.received", values)

    def _list_open(self) -> list[str]:
        paid = {payment["order_id"] for payment in self.documents["payment"].values()}
        return [id for id in self.documents["order"] if id not in paid]

    def _pick(self, documents: Mapping[str, Document]) -> str:
        return self._random.choice(list(documents))

    def _put(self, kind: str, id: str, type: str, values: Mapping[str, Any]) -> ShopEvent:
        self._count += 1
        at = (OPENED + timedelta(milliseconds=37 * self._count)).isoformat(timespec="milliseconds")
        self.documents[kind][id] = {**values, "id": id, "updated_at": at}
        return ShopEvent(f"evt_{self._count:06}", type, kind, self.documents[kind][id])


def _add_up(lines: list[dict[str, Any]]) -> dict[str, str]:
    """Tax half-up on each line."""
    nets = [(Decimal(line["quantity"]) * Decimal(line["unit_price"])).quantize(CENT, "ROUND_HALF_UP") for line in lines]
    taxes = [(net * TAX / 100).quantize(CENT, "ROUND_HALF_UP") for net in nets]
    net, tax = sum(nets, Decimal(0)), sum(taxes, Decimal(0))
    return {"net": str(net), "tax": str(tax), "gross": str(net + tax)}
