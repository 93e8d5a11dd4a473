"""Legal entities of ours."""

from __future__ import annotations

from hub.crm.checks import STANDING_TRANSITIONS, check_identifiers, check_name, complete_identifiers
from hub.crm.rules import Rules
from hub.model.party import Organisation

TRANSITIONS = STANDING_TRANSITIONS


def check(organisation: Organisation, previous: Organisation | None, remote: bool) -> None:
    """It has a name and is one legal entity."""
    check_name("organisation", organisation.name)
    check_identifiers("organisation", organisation.identifiers)


RULES = Rules("organisation", TRANSITIONS, complete_identifiers, check)
