"""Money documents: what was delivered, invoiced, promised and paid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from hub.model.base import Entity, Line
from hub.model.sales import PaymentStatus, PricedLine
from hub.model.values import Amount, Currency, Quantity, Rate, Ref


class DeliveryState(StrEnum):
    DRAFT = "draft"
    DONE = "done"
    VOID = "void"


class DeliveryLine(Line):
    """Goods of one order line. A return has a negative quantity (退货)."""

    product_id: Annotated[UUID | None, Ref("product")] = None
    order_line: str = ""
    """Key of the line of ``order_id`` that this fulfils; empty: told by the product."""
    quantity: Quantity
    unit: str = ""


class Delivery(Entity):
    """Goods that left for a customer (销售出库单)."""

    KIND: ClassVar[str] = "delivery"
    TRANSACTIONAL: ClassVar[bool] = True
    PREFIX: ClassVar[str] = "DN-"
    DAY: ClassVar[str] = "delivered_on"
    BOOKED: ClassVar[frozenset[str]] = frozenset({"done"})

    number: str = ""
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None
    account_id: Annotated[UUID | None, Ref("account")] = None
    order_id: Annotated[UUID | None, Ref("order")] = None
    delivered_on: date | None = None
    state: DeliveryState = DeliveryState.DRAFT
    lines: tuple[DeliveryLine, ...] = ()
    note: str = ""


class InvoiceType(StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    """红字发票: its quantities and amounts are negative."""


class InvoiceState(StrEnum):
    DRAFT = "draft"
    POSTED = "posted"
    VOID = "void"


class InvoiceLine(PricedLine):
    """One position of an invoice, and the order line that it bills."""

    order_id: Annotated[UUID | None, Ref("order")] = None
    order_line: str = ""


class Invoice(Entity):
    """A sales invoice (销售发票, 应收单) or credit note. A posted one changes only by a credit note."""

    KIND: ClassVar[str] = "invoice"
    TRANSACTIONAL: ClassVar[bool] = True
    PREFIX: ClassVar[str] = "INV-"
    DAY: ClassVar[str] = "invoiced_on"
    BOOKED: ClassVar[frozenset[str]] = frozenset({"posted"})
    AMOUNT: ClassVar[str] = "gross"
    BASE_AMOUNT: ClassVar[str] = "base_gross"
    DERIVED: ClassVar[frozenset[str]] = frozenset(
        {"net", "tax", "gross", "base_gross", "paid", "promised", "payment", "credited"}
    )

    number: str = ""
    tax_number: str = ""
    """Number of the tax authority's invoice (发票号码)."""
    type: InvoiceType = InvoiceType.INVOICE
    reverses_id: Annotated[UUID | None, Ref("invoice")] = None
    """The invoice that a credit note takes back (被红冲发票)."""
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None
    account_id: Annotated[UUID, Ref("account")]
    invoiced_on: date | None = None
    due_on: date | None = None
    currency: Currency
    rate: Rate = Decimal(1)
    """Units of the base currency for one unit of ``currency``."""
    base_currency: Currency = "CNY"
    state: InvoiceState = InvoiceState.DRAFT
    lines: tuple[InvoiceLine, ...] = ()
    net: Amount = Decimal(0)
    tax: Amount = Decimal(0)
    gross: Amount = Decimal(0)
    base_gross: Amount = Decimal(0)
    paid: Amount = Decimal(0)
    """Sum over the payments allocated to it, write-offs included, in ``currency``."""
    promised: Amount = Decimal(0)
    """The same with drafts and payments under way."""
    credited: Amount = Decimal(0)
    """What credit notes take back of it."""
    payment: PaymentStatus = PaymentStatus.NONE
    note: str = ""


class PaymentType(StrEnum):
    RECEIPT = "receipt"
    REFUND = "refund"


class PaymentState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    """Under way; also every state of another system that is not known."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    VOID = "void"


class AllocationTarget(StrEnum):
    INVOICE = "invoice"
    ORDER = "order"
    INSTALMENT = "instalment"
    ADVANCE = "advance"
    """Money on account (预收款): for no document yet."""
    WRITE_OFF = "write_off"
    """A rest that nobody will pay (核销): settles the document without being part of the payment's amount."""


class Allocation(Line):
    """What a part of a payment is for (核销明细). ``amount`` is in the payment's currency, ``target_amount`` in that of
    the document where the two differ."""

    EXAMPLE: ClassVar[Mapping[str, Any]] = {
        "target": "advance", "invoice_id": None, "order_id": None, "plan_id": None, "instalment": "",
        "target_amount": None, "amount": lambda number: Decimal(number % 9 + 1) / 10,
    }  # fmt: skip

    target: AllocationTarget
    invoice_id: Annotated[UUID | None, Ref("invoice")] = None
    order_id: Annotated[UUID | None, Ref("order")] = None
    plan_id: Annotated[UUID | None, Ref("payment_plan")] = None
    instalment: str = ""
    """Key of the instalment of ``plan_id``."""
    amount: Amount
    target_amount: Amount | None = None


class Payment(Entity):
    """Money received from a customer (收款单), or given back (退款单).

    Append-only: one that has succeeded never changes its amount, currency, day or customer; a refund that names it
    takes it back.
    """

    KIND: ClassVar[str] = "payment"
    TRANSACTIONAL: ClassVar[bool] = True
    PREFIX: ClassVar[str] = "RC-"
    DAY: ClassVar[str] = "paid_on"
    BOOKED: ClassVar[frozenset[str]] = frozenset({"succeeded"})
    AMOUNT: ClassVar[str] = "amount"
    BASE_AMOUNT: ClassVar[str] = "base_amount"
    ENDED: ClassVar[frozenset[str]] = frozenset({"failed", "void"})
    DERIVED: ClassVar[frozenset[str]] = frozenset({"base_amount", "allocated", "refunded"})

    number: str = ""
    reference: str = ""
    """The bank's or payer's own reference (流水号, 摘要)."""
    type: PaymentType = PaymentType.RECEIPT
    reverses_id: Annotated[UUID | None, Ref("payment")] = None
    """The receipt that this refund takes back."""
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None
    account_id: Annotated[UUID, Ref("account")]
    method: str = ""
    """How it was paid (结算方式); a code of the connection's table ``payment_method``."""
    paid_on: date | None = None
    currency: Currency
    rate: Rate = Decimal(1)
    """Units of the base currency for one unit of ``currency``."""
    base_currency: Currency = "CNY"
    amount: Amount
    """Above zero, for a refund as well."""
    base_amount: Amount = Decimal(0)
    fee: Amount = Decimal(0)
    """What the bank or platform kept (手续费): part of the amount of a receipt, beside that of a refund."""
    allocated: Amount = Decimal(0)
    """Sum of the allocations that are part of the amount."""
    refunded: Amount = Decimal(0)
    """What refunds that name it have given back."""
    state: PaymentState = PaymentState.DRAFT
    allocations: tuple[Allocation, ...] = ()
    note: str = ""


class PlanState(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    CLOSED = "closed"
    VOID = "void"


class Instalment(Line):
    """One promised payment. ``paid`` is the sum over the payments allocated to it."""

    due_on: date | None = None
    amount: Amount
    note: str = ""
    paid: Amount = Decimal(0)


class PaymentPlan(Entity):
    """When a customer is to pay an order (回款计划)."""

    KIND: ClassVar[str] = "payment_plan"
    PREFIX: ClassVar[str] = "PP-"
    DERIVED: ClassVar[frozenset[str]] = frozenset({"paid", "promised"})

    number: str = ""
    account_id: Annotated[UUID, Ref("account")]
    order_id: Annotated[UUID | None, Ref("order")] = None
    currency: Currency
    state: PlanState = PlanState.DRAFT
    instalments: tuple[Instalment, ...] = ()
    paid: Amount = Decimal(0)
    promised: Amount = Decimal(0)
    """The same with drafts and payments under way."""
    note: str = ""
