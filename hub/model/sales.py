"""Sales documents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from hub.model.base import Entity, Line
from hub.model.values import Amount, Currency, Quantity, Rate, Ref


class OrderState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    CLOSED = "closed"
    VOID = "void"


class Fulfilment(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    COMPLETE = "complete"


class Billing(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    COMPLETE = "complete"


class PaymentStatus(StrEnum):
    NONE = "none"
    PARTIAL = "partial"
    PAID = "paid"
    OVERPAID = "overpaid"


class PricedLine(Line):
    """One position. ``net``, ``tax`` and ``gross`` follow from quantity, price and rate (``hub.crm.figures``), unless
    the document came from another system: then they are that system's own figures."""

    product_id: Annotated[UUID | None, Ref("product")] = None
    name: str = ""
    quantity: Quantity
    unit: str = ""
    unit_price: Amount
    """Price of one unit without tax."""
    tax_rate: Rate = Decimal(0)
    net: Amount = Decimal(0)
    tax: Amount = Decimal(0)
    gross: Amount = Decimal(0)


class OrderLine(PricedLine):
    """One position of an order."""


class Order(Entity):
    """A sales order (销售订单), with four separate axes: document state, fulfilment, billing and payment."""

    KIND: ClassVar[str] = "order"
    TRANSACTIONAL: ClassVar[bool] = True
    PREFIX: ClassVar[str] = "SO-"
    DAY: ClassVar[str] = "ordered_on"
    AMOUNT: ClassVar[str] = "gross"
    BASE_AMOUNT: ClassVar[str] = "base_gross"
    DERIVED: ClassVar[frozenset[str]] = frozenset(
        {"net", "tax", "gross", "base_gross", "fulfilment", "billing", "payment", "invoiced", "paid"}
    )

    number: str = ""
    """Order number (单据编号); the hub's own, or the number of the system in which the order was made."""
    reference: str = ""
    """The customer's own order number (客户订单号)."""
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None
    account_id: Annotated[UUID, Ref("account")]
    contact_id: Annotated[UUID | None, Ref("contact")] = None
    owner_id: Annotated[UUID | None, Ref("user")] = None
    contract_id: Annotated[UUID | None, Ref("contract")] = None
    """The contract under which it stands."""
    ordered_on: date | None = None
    currency: Currency
    rate: Rate = Decimal(1)
    """Units of the base currency for one unit of ``currency``."""
    base_currency: Currency = "CNY"
    state: OrderState = OrderState.DRAFT
    fulfilment: Fulfilment = Fulfilment.NONE
    billing: Billing = Billing.NONE
    payment: PaymentStatus = PaymentStatus.NONE
    lines: tuple[OrderLine, ...] = ()
    net: Amount = Decimal(0)
    tax: Amount = Decimal(0)
    gross: Amount = Decimal(0)
    base_gross: Amount = Decimal(0)
    invoiced: Amount = Decimal(0)
    """Sum over the posted invoice lines that bill it, credit notes subtracted, in ``currency``."""
    paid: Amount = Decimal(0)
    """Sum over the payments allocated to it or to its invoices, in ``currency``."""
    note: str = ""
