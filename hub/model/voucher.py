"""Vouchers: what a business document means for the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from hub.model.base import Entity, Line
from hub.model.values import Amount, AnyRef, Currency, Quantity, Rate, Ref


class VoucherTrigger(StrEnum):
    """The event that a voucher is made of."""

    ORDER = "order"
    DELIVERY = "delivery"
    INVOICE = "invoice"
    RECEIPT = "receipt"
    REFUND = "refund"
    OFFSET = "offset"
    """Money on account is used for a document (核销)."""


class VoucherState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    POSTED = "posted"
    """Audited there: it is part of the ledger, and changes only by a red voucher."""
    VOID = "void"


class VoucherLine(Line):
    """One entry (分录): an account and an amount on one of its two sides, in the ledger's currency."""

    EXAMPLE: ClassVar[Mapping[str, Any]] = {"credit": Decimal(0), "currency": "CNY", "amount": Decimal(1)}

    summary: str = ""
    """摘要."""
    role: str = ""
    """What the account is for: receivable, revenue, output_vat…"""
    account_code: str
    """Number of the account (科目编码) in the ledger."""
    debit: Amount = Decimal(0)
    credit: Amount = Decimal(0)
    account_id: Annotated[UUID | None, Ref("account")] = None
    """The customer, where the account is kept by customer (辅助核算)."""
    product_id: Annotated[UUID | None, Ref("product")] = None
    department: str = ""
    """A code of the connection's table ``department``."""
    employee: str = ""
    """A code of the connection's table ``employee``."""
    currency: Currency = "CNY"
    """The currency of the document behind it, in which ``amount`` is."""
    rate: Rate = Decimal(1)
    amount: Quantity = Decimal(0)
    """原币金额, on the same side as ``debit`` or ``credit``."""


class Voucher(Entity):
    """An accounting voucher (记账凭证). Debit and credit are equal, always; one that is posted changes only by a red
    voucher that names it."""

    KIND: ClassVar[str] = "voucher"
    TRANSACTIONAL: ClassVar[bool] = True
    PREFIX: ClassVar[str] = "JV-"
    DAY: ClassVar[str] = "booked_on"
    BOOKED: ClassVar[frozenset[str]] = frozenset({"draft", "submitted", "posted"})
    AMOUNT: ClassVar[str] = "debit"
    BASE_AMOUNT: ClassVar[str] = "debit"
    COUNTED_ANEW: ClassVar[bool] = True
    DERIVED: ClassVar[frozenset[str]] = frozenset({"debit", "credit"})
    BORROWED: ClassVar[frozenset[str]] = frozenset({"ledger", "word", "booked_on", "attachments", "lines"})
    """What nobody can make up: a probe takes it from a voucher that there is."""

    number: str = ""
    posted_number: str = ""
    """Its number in the ledger (凭证号), which is counted anew each month."""
    ledger: str = ""
    """Name of the ledger in the configuration."""
    word: str = "记"
    """凭证字."""
    trigger: VoucherTrigger = VoucherTrigger.INVOICE
    source_kind: str = ""
    source_id: Annotated[UUID | None, AnyRef("source_kind")] = None
    """The document that it was made of."""
    basis: str = ""
    """Fingerprint of what it was made of: tells whether the document has changed since."""
    reverses_id: Annotated[UUID | None, Ref("voucher")] = None
    """The posted voucher that this red one takes back."""
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None
    booked_on: date | None = None
    currency: Currency
    """The ledger's own."""
    state: VoucherState = VoucherState.DRAFT
    lines: tuple[VoucherLine, ...] = ()
    attachments: int = 1
    """附件张数."""
    debit: Amount = Decimal(0)
    credit: Amount = Decimal(0)
    note: str = ""
