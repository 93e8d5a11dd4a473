"""People at our customers, and whom they work for."""

from __future__ import annotations

from hub.crm.checks import (
    STANDING_TRANSITIONS,
    check_identifiers,
    check_line_keys,
    check_name,
    complete_identifiers,
)
from hub.crm.rules import Rules
from hub.errors import RuleBroken
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


RULES = Rules("contact", TRANSITIONS, complete_identifiers, check)
