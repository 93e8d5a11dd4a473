"""Checks and state machines that several kinds share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub.crm.rules import Transitions
from hub.errors import RuleBroken
from hub.model.base import Line
from hub.model.identifiers import complete_identifier, list_keys
from hub.model.party import Identifier, IdentifierKind, Standing

STANDING_TRANSITIONS: Transitions = {
    Standing.ACTIVE: frozenset({Standing.INACTIVE}),
    Standing.INACTIVE: frozenset({Standing.ACTIVE}),
}


def complete_identifiers(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """Work out the validity of every identifier; the source's own word for it does not count."""
    if "identifiers" not in values:
        return values
    return {**values, "identifiers": tuple(map(complete_identifier, values["identifiers"]))}


def check_name(kind: str, name: str) -> None:
    """A record without a name cannot be told from others."""
    if not name.strip():
        raise RuleBroken("crm.name_missing", kind=kind)


def check_reason(kind: str, field: str, ended: bool, reason: str) -> None:
    """Whoever gives something up says why."""
    if ended and not reason.strip():
        raise RuleBroken("crm.reason_missing", kind=kind, field=field)


def check_line_keys(kind: str, field: str, lines: Sequence[Line]) -> None:
    """Line keys are unique within their record."""
    seen: set[str] = set()
    for line in lines:
        if line.key in seen:
            raise RuleBroken("crm.line_key_twice", kind=kind, field=field, key=line.key)
        seen.add(line.key)


def check_identifiers(kind: str, identifiers: Sequence[Identifier]) -> None:
    """Two different valid credit codes are two legal entities, so one record cannot carry both."""
    check_line_keys(kind, "identifiers", identifiers)
    codes = sorted(value for found, value in list_keys(identifiers) if found is IdentifierKind.USCC)
    if len(codes) > 1:
        raise RuleBroken("crm.two_credit_codes", kind=kind, codes=", ".join(codes))


def check_tax_rate(field: str, rate: Decimal) -> None:
    """A rate is a ratio; 13 where 0.13 is meant is the common mistake."""
    if not 0 <= rate <= 1:
        raise RuleBroken("crm.tax_rate_impossible", field=field, rate=rate)
