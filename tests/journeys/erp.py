"""An ERP with people in it, as the journeys see it: the same few words for the sandbox and for a real Tryton."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Self

from hub.sync.context import Hub
from hub.testkit.fault_proxy import FaultProxy, Match

PRICES = (Decimal("33.335"), Decimal("0.10"), Decimal("0.05"))
QUANTITIES = (3, 7, 1)
"""3 × 33.335 = 100.005 and 13 % of 0.05 = 0.0065: half-up on each line and half-even on the document differ."""


@dataclass(frozen=True)
class Customer:
    """One customer there. ``ours``: the hub's user made it."""

    id: str
    name: str
    phone: str
    uscc: str
    ours: bool


@dataclass(frozen=True)
class Order:
    """One order there. ``state`` is draft, submitted, approved or void; amounts are as the ERP computed them."""

    id: str
    number: str
    reference: str
    state: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    note: str
    customer: str
    quantities: tuple[float, ...]
    ours: bool


@dataclass(frozen=True)
class Line:
    product: str
    quantity: int
    price: Decimal


@dataclass(frozen=True)
class NewCustomer:
    name: str
    uscc: str = ""
    phone: str = ""


@dataclass(frozen=True)
class NewOrder:
    """Entered on a day, with a number of its own."""

    customer: str
    lines: Sequence[Line]
    note: str
    day: date


class Erp(ABC):
    """``proxy`` stands before the server; the hub knows its address only. Ids are texts."""

    connector: str
    secret_field: str
    secret: str
    """What the hub's own login proves itself with."""
    read_only: tuple[str, ...] = ()
    """Kinds that can only be read there."""
    page_size: int = Hub.page_size
    """How many rows the hub gets at once."""
    void_refusal: str
    """Why an approved order that was cancelled in the hub waits for a person."""

    def __init__(self, upstream_url: str) -> None:
        self.proxy = FaultProxy(upstream_url)

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, str]:
        """What a connection needs besides address and secret."""

    # ---- what people do there

    @abstractmethod
    def make_customer(self, name: str, uscc: str = "", phone: str = "") -> str: ...

    @abstractmethod
    def make_customers(self, customers: Sequence[NewCustomer]) -> list[str]:
        """Many at once."""

    @abstractmethod
    def make_orders(self, orders: Sequence[NewOrder]) -> list[str]:
        """Many at once, each with its number; not approved."""

    @abstractmethod
    def rename_customer(self, customer: str, name: str) -> None: ...

    @abstractmethod
    def set_phone(self, customer: str, phone: str) -> None: ...

    @abstractmethod
    def make_product(self, code: str, name: str, price: Decimal) -> str:
        """Taxed with 13 %."""

    @abstractmethod
    def make_order(self, customer: str, lines: Sequence[Line], note: str = "") -> str:
        """A draft."""

    @abstractmethod
    def approve(self, order: str) -> None: ...

    @abstractmethod
    def edit_note(self, order: str, note: str) -> None: ...

    @abstractmethod
    def edit_quantity(self, order: str, index: int, quantity: int) -> None: ...

    @abstractmethod
    def void(self, order: str) -> None: ...

    @abstractmethod
    def copy(self, order: str) -> str:
        """What "duplicate" does in this ERP."""

    # ---- what is there

    @abstractmethod
    def customers(self) -> list[Customer]: ...

    @abstractmethod
    def product_ids(self) -> list[str]: ...

    @abstractmethod
    def orders(self) -> list[Order]:
        """In the order in which they were made."""

    def order(self, id: str) -> Order:
        return next(order for order in self.orders() if order.id == id)

    def customer(self, id: str) -> Customer:
        return next(customer for customer in self.customers() if customer.id == id)

    # ---- the wire

    @abstractmethod
    def creates(self, kind: str) -> Match:
        """Requests that make a record of this kind."""

    @abstractmethod
    def changes(self, kind: str) -> Match:
        """Requests that change one."""

    @abstractmethod
    def approvals(self) -> Match:
        """Requests by which the hub approves an order."""

    @abstractmethod
    def lists(self, kind: str) -> Match:
        """Requests that read a page of them."""

    @abstractmethod
    def go_away(self) -> None:
        """The server ends; what it has stored stays."""

    @abstractmethod
    def come_back(self) -> None: ...

    def close(self) -> None:
        self.proxy.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
