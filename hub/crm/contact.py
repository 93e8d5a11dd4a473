"""People at our customers, and whom they work for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.crm.checks import (
    STANDING_TRANSITIONS,
    check_identifiers,
    check_line_keys,
    check_name,
    complete_identifiers,
)
from hub.crm.rules import Fed, Feeder, Rules
from hub.errors import RuleBroken
from hub.model.kinds import Fields
from hub.model.party import Contact

TRANSITIONS = STANDING_TRANSITIONS


def check(contact: Contact, previous: Contact | None, remote: bool) -> None:
    """Name and identifiers; one link for each account, and at most one of them primary."""
    check_name("contact", contact.name)
    check_identifiers("contact", contact.identifiers)
    check_line_keys("contact", "links", contact.links)
    accounts = [link.account_id for link in contact.links]
    if len(set(accounts)) < len(accounts):
        raise RuleBroken("crm.link_twice", name=contact.name)
    if sum(link.primary for link in contact.links) > 1:
        raise RuleBroken("crm.primary_twice", name=contact.name)


def derive(record_id: UUID, values: Fields, fed: Fed) -> dict[str, Any]:
    """What came back from the address that the contact has now; reports that were voided do not count."""
    address = str(values.get("email") or "").lower()
    told = sorted(
        (str(report.starts_at or ""), f"{row.status} {row.reason}".strip())
        for report in fed["activity"]
        for row in report.bounces
        if row.contact_id == record_id and row.address == address and report.state != "void"
    )
    return {"undeliverable": told[-1][1] if told else ""}


RULES = Rules(
    "contact",
    TRANSITIONS,
    complete_identifiers,
    check,
    feeders=(Feeder("activity", "contact_id", "bounces"),),
    deriving=derive,
)
