"""Contracts (合同)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from hub.model.base import Entity
from hub.model.pool import Days
from hub.model.values import Amount, Currency, Rate, Ref


class ContractState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLOSED = "closed"
    VOID = "void"


class Contract(Entity):
    """A contract with a customer (销售合同), and how much of it has been carried out."""

    KIND: ClassVar[str] = "contract"
    TRANSACTIONAL: ClassVar[bool] = True
    PREFIX: ClassVar[str] = "CT-"
    DAY: ClassVar[str] = "signed_on"
    AMOUNT: ClassVar[str] = "amount"
    DERIVED: ClassVar[frozenset[str]] = frozenset({"ordered", "received"})

    number: str = ""
    name: str = ""
    reference: str = ""
    """The customer's own contract number."""
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None
    account_id: Annotated[UUID, Ref("account")]
    owner_id: Annotated[UUID | None, Ref("user")] = None
    opportunity_id: Annotated[UUID | None, Ref("opportunity")] = None
    quote_id: Annotated[UUID | None, Ref("quote")] = None
    signed_on: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    """Its last day."""
    remind_days: Days = 30
    """A task reminds of its end so many days before; 0: none does."""
    currency: Currency
    rate: Rate = Decimal(1)
    """Units of the base currency for one unit of ``currency``."""
    base_currency: Currency = "CNY"
    amount: Amount = Decimal(0)
    """With tax; 0: a framework without an amount (框架合同)."""
    ordered: Amount = Decimal(0)
    """Sum over the submitted, approved and closed orders that name it, in ``currency``."""
    received: Amount = Decimal(0)
    """Sum over what was paid on them, in ``currency``."""
    state: ContractState = ContractState.DRAFT
    rejected_reason: str = ""
    note: str = ""
