"""Quotes (报价单)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from hub.model.base import Entity
from hub.model.sales import PricedLine
from hub.model.values import Amount, Currency, Rate, Ref


class QuoteState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    """The customer has it."""
    ACCEPTED = "accepted"
    LOST = "lost"
    REPLACED = "replaced"
    """By a later version."""
    VOID = "void"


class QuoteLine(PricedLine):
    """One position of a quote."""


class Quote(Entity):
    """A quote (报价单). What the customer has does not change any more: a change is a new version."""

    KIND: ClassVar[str] = "quote"
    TRANSACTIONAL: ClassVar[bool] = True
    PREFIX: ClassVar[str] = "QU-"
    DAY: ClassVar[str] = "quoted_on"
    AMOUNT: ClassVar[str] = "gross"
    BASE_AMOUNT: ClassVar[str] = "base_gross"
    ENDED: ClassVar[frozenset[str]] = frozenset({"lost", "replaced", "void"})
    DERIVED: ClassVar[frozenset[str]] = frozenset({"net", "tax", "gross", "base_gross"})

    number: str = ""
    version: Annotated[int, Field(ge=1)] = 1
    revises_id: Annotated[UUID | None, Ref("quote")] = None
    """The version before this one."""
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None
    account_id: Annotated[UUID, Ref("account")]
    contact_id: Annotated[UUID | None, Ref("contact")] = None
    owner_id: Annotated[UUID | None, Ref("user")] = None
    opportunity_id: Annotated[UUID | None, Ref("opportunity")] = None
    quoted_on: date | None = None
    valid_until: date | None = None
    currency: Currency
    rate: Rate = Decimal(1)
    """Units of the base currency for one unit of ``currency``."""
    base_currency: Currency = "CNY"
    state: QuoteState = QuoteState.DRAFT
    lost_reason: str = ""
    order_id: Annotated[UUID | None, Ref("order")] = None
    """What it became when it was accepted."""
    lines: tuple[QuoteLine, ...] = ()
    net: Amount = Decimal(0)
    tax: Amount = Decimal(0)
    gross: Amount = Decimal(0)
    base_gross: Amount = Decimal(0)
    terms: str = ""
    """What the customer reads below the lines: delivery, payment, warranty."""
    note: str = ""
