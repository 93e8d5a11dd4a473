"""Tickets (工单): a customer needs help."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from hub.model.base import Entity
from hub.model.values import Instant, Ref


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class TicketState(StrEnum):
    NEW = "new"
    WORKING = "working"
    WAITING = "waiting"
    """For the customer."""
    RESOLVED = "resolved"
    CLOSED = "closed"


class Ticket(Entity):
    """A question or complaint of a customer (工单)."""

    KIND: ClassVar[str] = "ticket"
    PREFIX: ClassVar[str] = "TK-"
    DERIVED: ClassVar[frozenset[str]] = frozenset({"opened_at", "first_response_at", "resolved_at"})

    number: str = ""
    subject: str
    account_id: Annotated[UUID, Ref("account")]
    contact_id: Annotated[UUID | None, Ref("contact")] = None
    order_id: Annotated[UUID | None, Ref("order")] = None
    product_id: Annotated[UUID | None, Ref("product")] = None
    owner_id: Annotated[UUID | None, Ref("user")] = None
    channel: str = ""
    """How it reached us: phone, mail, WeCom."""
    priority: Priority = Priority.NORMAL
    state: TicketState = TicketState.NEW
    opened_at: Instant | None = None
    first_response_at: Instant | None = None
    """When somebody first took it up."""
    resolved_at: Instant | None = None
    """When it was last resolved; empty while it is open again."""
    note: str = ""
