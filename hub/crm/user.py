"""Colleagues."""

from __future__ import annotations

from hub.crm.checks import STANDING_TRANSITIONS, check_name
from hub.crm.rules import Rules
from hub.model.party import User

TRANSITIONS = STANDING_TRANSITIONS


def check(user: User, previous: User | None, remote: bool) -> None:
    """A colleague has a name."""
    check_name("user", user.name)


RULES = Rules("user", TRANSITIONS, checking=check)
