"""Closed accounting periods: what is dated in one is neither edited here nor written anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from hub.errors import RuleBroken
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.sync.context import Hub

CLOSED = "sync.period_closed"
"""Our own period is closed."""
CLOSED_THERE = "sync.period_closed_there"
"""The other system refused it because its own is."""
UNBOOKED = frozenset({"note", "tags", "custom", "attributes", "allocations"})
"""What may change although the period is closed: what money is for is often found out later."""


def find_closed(hub: Hub, record: Entity) -> dict[str, str] | None:
    """Day and end of the closed period in which a document is dated; None: its period is open, or it has none."""
    through = hub.config.organisation.closed_through
    day: date | None = getattr(record, record.DAY) if record.BOOKED and through is not None else None
    return {"day": str(day), "through": str(through)} if day is not None and day <= through else None  # type: ignore[operator]


def check_period(hub: Hub, kind: str, before: Entity | None, changes: Mapping[str, Any]) -> None:
    """``RuleBroken`` when an edit here would change what a closed period holds, or move something into one. A draft
    counts for nothing yet: it may be moved out, or voided."""
    model, through = find_kind(kind), hub.config.organisation.closed_through
    if not model.BOOKED or through is None or not {name.partition(".")[0] for name in changes} - UNBOOKED:
        return
    known = getattr(before, model.DAY, None)
    booked = before is not None and getattr(before, "state", "") in model.BOOKED
    days = [known] if booked else []
    if changes.get("state") != "void":
        days.append(changes.get(model.DAY, known))
    for day in days:
        if day is not None and day <= through:
            number = getattr(before, model.NUMBER, "") or "-"
            raise RuleBroken("sync.edit_in_closed", kind=kind, number=number, day=str(day), through=str(through))
