"""The sandbox on a real port, as the journeys see it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from connectors.sandbox.simulator import Person, SandboxErp, SandboxSettings, serve_sandbox
from connectors.sandbox.simulator.settings import USER
from hub.sdk import Clock
from hub.sdk.simulator import Request
from hub.testkit.fault_proxy import Match
from tests.journeys.erp import Customer, Erp, Line, NewCustomer, NewOrder, Order

KINDS = {"account": "partner", "product": "item", "order": "sale", "payment": "payment"}


class Sandbox(Erp):
    """It rounds as Tryton does: half-even, the tax on each rate's sum."""

    connector = "sandbox"
    secret_field = "token"  # pragma: allowlist secret
    secret = "journeys-on-the-sandbox"  # pragma: allowlist secret
    void_refusal = "sync.held_void_refused"
    page_size = SandboxSettings().max_page

    def __init__(self, clock: Clock) -> None:
        self.erp = SandboxErp(SandboxSettings(token=self.secret, rounding="document"), clock, random.Random(4))
        self._server = serve_sandbox(self.erp)
        self._wang = Person(self.erp, "wang")
        super().__init__(self._server.url)

    @property
    def settings(self) -> Mapping[str, str]:
        return {}

    @property
    def accountant(self) -> Person:
        """王会计 herself, for what only some ERPs know."""
        return self._wang

    def make_customer(self, name: str, uscc: str = "", phone: str = "") -> str:
        return str(self._wang.create("partner", name=name, tax_id=uscc, phone=phone)["id"])

    def make_customers(self, customers: Sequence[NewCustomer]) -> list[str]:
        # The sandbox gives no customer numbers of its own; people type them.
        made = [
            self._wang.create("partner", name=row.name, tax_id=row.uscc, phone=row.phone, code=f"K{place:05}")
            for place, row in enumerate(customers, len(self._documents("partner")) + 1)
        ]
        return [str(row["id"]) for row in made]

    def make_orders(self, orders: Sequence[NewOrder]) -> list[str]:
        return [self.make_order(row.customer, row.lines, row.note, str(row.day)) for row in orders]

    def rename_customer(self, customer: str, name: str) -> None:
        self._wang.edit("partner", customer, name=name)

    def set_phone(self, customer: str, phone: str) -> None:
        self._wang.edit("partner", customer, phone=phone)

    def make_product(self, code: str, name: str, price: Decimal) -> str:
        values = {"code": code, "name": name, "price": str(price), "tax_percent": "13", "unit": "pcs"}
        return str(self._wang.create("item", **values)["id"])

    def make_order(self, customer: str, lines: Sequence[Line], note: str = "", day: str = "") -> str:
        wanted = [{"item": line.product, "quantity": str(line.quantity), "price": str(line.price)} for line in lines]
        return str(
            self._wang.create("sale", customer=customer, lines=wanted, note=note, **({"date": day} if day else {}))[
                "id"
            ]
        )

    def approve(self, order: str) -> None:
        self._wang.approve(order)

    def edit_note(self, order: str, note: str) -> None:
        self._wang.edit("sale", order, note=note)

    def edit_quantity(self, order: str, index: int, quantity: int) -> None:
        line = self.erp.read("sale", order)["lines"][index]
        self._wang.edit_line(order, line["id"], quantity=str(quantity))

    def void(self, order: str) -> None:
        self._wang.void(order)

    def copy(self, order: str) -> str:
        return str(self._wang.copy(order)["id"])

    def customers(self) -> list[Customer]:
        return [
            Customer(row["id"], row["name"], row["phone"], row["tax_id"], row["created_by"] == USER)
            for row in self._documents("partner")
        ]

    def product_ids(self) -> list[str]:
        return [str(row["id"]) for row in self._documents("item")]

    def orders(self) -> list[Order]:
        return [_read_order(row) for row in self._documents("sale")]

    def creates(self, kind: str) -> Match:
        return _matches("POST", f"/api/{KINDS[kind]}")

    def changes(self, kind: str) -> Match:
        prefix = f"/api/{KINDS[kind]}/"
        return lambda request: request.method == "PATCH" and request.path.startswith(prefix)

    def approvals(self) -> Match:
        return lambda request: request.method == "POST" and request.path.endswith("/approve")

    def lists(self, kind: str) -> Match:
        reads = _matches("GET", f"/api/{KINDS[kind]}")
        return lambda request: reads(request) and "ref_prefix" not in request.query

    def go_away(self) -> None:
        self._server.stop()

    def come_back(self) -> None:
        self._server = serve_sandbox(self.erp, self._server.port)

    def close(self) -> None:
        super().close()
        self._server.stop()

    def _documents(self, kind: str) -> list[Any]:
        return [row for row in self.erp.documents(kind) if not row.get("deleted")]


def _matches(method: str, path: str) -> Match:
    def match(request: Request) -> bool:
        return request.method == method and request.path == path

    return match


def _read_order(row: Any) -> Order:
    return Order(
        id=row["id"],
        number=row["number"],
        reference=row["our_ref"],
        state=row["status"],
        net=Decimal(row["net"]),
        tax=Decimal(row["tax"]),
        gross=Decimal(row["gross"]),
        note=row["note"],
        customer=row["customer"],
        quantities=tuple(float(line["quantity"]) for line in row["lines"]),
        ours=row["created_by"] == USER,
    )
