"""Leads (线索): somebody who might buy."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from hub.model.party import Identifier
from hub.model.pool import Pooled
from hub.model.values import Ref


class LeadState(StrEnum):
    NEW = "new"
    WORKING = "working"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    LOST = "lost"


class Lead(Pooled):
    """A lead (线索). Converting it makes the customer, the person and the opportunity."""

    KIND: ClassVar[str] = "lead"
    PREFIX: ClassVar[str] = "LD-"
    DERIVED: ClassVar[frozenset[str]] = Pooled.OWNERSHIP

    number: str = ""
    name: str
    """The company, or the person where no company is known."""
    person: str = ""
    """Whom we talk to."""
    title: str = ""
    mobile: str = ""
    phone: str = ""
    email: str = ""
    website: str = ""
    identifiers: tuple[Identifier, ...] = ()
    source: str = ""
    """Where it came from (来源): a fair, the website, a partner."""
    score: Annotated[int, Field(ge=0, le=100)] = 0
    """How likely it is to buy (评分), up to 100."""
    wants: str = ""
    """What it asked for."""
    state: LeadState = LeadState.NEW
    lost_reason: str = ""
    account_id: Annotated[UUID | None, Ref("account")] = None
    """What it became; so are the next two."""
    contact_id: Annotated[UUID | None, Ref("contact")] = None
    opportunity_id: Annotated[UUID | None, Ref("opportunity")] = None
    note: str = ""
