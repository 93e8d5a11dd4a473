"""Opportunities (商机): a deal that may come."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from hub.model.base import Entity, Line
from hub.model.values import Amount, Currency, Instant, Rate, Ref


class OpportunityState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class StageEntry(Line):
    """That the opportunity came to a stage or an end: when, by whom, and what it was worth then."""

    stage: str
    state: OpportunityState
    chance: Rate
    amount: Amount
    at: Instant
    by: str


class Opportunity(Entity):
    """An opportunity (商机)."""

    KIND: ClassVar[str] = "opportunity"
    PREFIX: ClassVar[str] = "OP-"
    AMOUNT: ClassVar[str] = "amount"
    DERIVED: ClassVar[frozenset[str]] = frozenset({"chance", "weighted", "history"})

    number: str = ""
    name: str
    organisation_id: Annotated[UUID | None, Ref("organisation")] = None
    account_id: Annotated[UUID, Ref("account")]
    contact_id: Annotated[UUID | None, Ref("contact")] = None
    owner_id: Annotated[UUID | None, Ref("user")] = None
    source: str = ""
    currency: Currency
    amount: Amount = Decimal(0)
    expected_on: date | None = None
    """When it should be decided."""
    stage: str = ""
    """One of ``hub.crm.opportunity.STAGES``; empty: the first."""
    probability: Rate | None = None
    """A person's own estimate from 0 to 1; empty: that of the stage."""
    state: OpportunityState = OpportunityState.OPEN
    lost_reason: str = ""
    chance: Rate = Decimal(0)
    """The probability that counts: 1 when it is won, 0 when it is lost."""
    weighted: Amount = Decimal(0)
    """``amount`` × ``chance``, in ``currency``."""
    history: tuple[StageEntry, ...] = ()
    note: str = ""
