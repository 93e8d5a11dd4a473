"""A customer and goods that both sides know: where most journeys begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.journeys.desk import Desk
from tests.journeys.erp import PRICES, QUANTITIES, Erp, Line, Order
from tests.journeys.people import draw_uscc


@dataclass(frozen=True)
class Company:
    """Ids there (``customer``, ``goods``) and here (``account``, ``products``)."""

    customer: str
    goods: tuple[str, ...]
    account: UUID
    products: tuple[UUID, ...]
    desk: Desk
    erp: Erp

    def orders(self) -> list[Order]:
        """What this customer has ordered, as the ERP knows it."""
        return [order for order in self.erp.orders() if order.customer == self.customer]

    @property
    def lines(self) -> list[Line]:
        """The awkward prices, for an order made there."""
        return [Line(*row) for row in zip(self.goods, QUANTITIES, PRICES, strict=True)]

    def order_here(self, **values: Any) -> Any:
        """An order made in the hub."""
        return self.desk.make_order(self.account, self.products, **values)

    def order_there(self, note: str = "") -> str:
        """An order that a person made in the ERP."""
        return self.erp.make_order(self.customer, self.lines, note)


def open_company(desk: Desk, erp: Erp) -> Company:
    """Made there by people, read by the hub, and a first (empty) plan accepted."""
    customer = erp.make_customer("海岳精密机械有限公司", draw_uscc(), phone="021-60000001")
    names = ("滚珠轴承", "密封圈", "垫片")
    goods = tuple(
        erp.make_product(f"HY-{customer}-{place}", name, price)
        for place, (name, price) in enumerate(zip(names, PRICES, strict=True), 1)
    )
    desk.run()
    desk.accept()
    account = desk.record_of("account", customer).id
    return Company(customer, goods, account, tuple(desk.record_of("product", id).id for id in goods), desk, erp)
