"""What we sell."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from hub.model.base import Entity
from hub.model.party import Standing
from hub.model.values import Amount, Currency, Rate


class Product(Entity):
    """A good or service (物料, 商品)."""

    KIND: ClassVar[str] = "product"

    number: str = ""
    """The company's own product code (物料编码)."""
    name: str
    unit: str = ""
    """Unit of measure as the hub calls it; each connection translates it through its code table."""
    list_price: Amount = Decimal(0)
    """Price without tax."""
    currency: Currency = "CNY"
    tax_rate: Rate | None = None
    note: str = ""
    state: Standing = Standing.ACTIVE
