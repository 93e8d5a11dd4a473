"""What of a list the other system can show at all, and how its word is laid over what the hub knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.mapping.lines import ListPlan
from hub.model.base import Line
from hub.model.ownership import Direction

Parts = tuple[ListPlan, ...]


def list_line_fields(parts: Parts) -> frozenset[str]:
    """The line fields that are both read and written: those that both sides can compare."""
    return frozenset(plan.name for part in parts for plan in part.plans if plan.goes_in and plan.goes_out)


def list_written_fields(parts: Parts) -> frozenset[str]:
    """The line fields that are written there, read back or not."""
    return frozenset(plan.name for part in parts for plan in part.plans if plan.goes_out)


def project_lines(parts: Parts, lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines that the other system can hold: those that some part speaks of, one only for a slot."""
    seen: list[Line] = []
    for part in parts:
        chosen = [line for line in lines if part.covers(line)] if part.fixed else lines
        seen += chosen[:1] if part.select is None else chosen
    return tuple(seen)


def overlay_lines(parts: Parts, current: Sequence[Line], incoming: Sequence[Line]) -> tuple[Line, ...]:
    """The other system's lines laid over ours. Lines and line fields that it cannot show stay as they are; a line that
    it could show and does not is gone. A slot's line keeps our key."""
    inward = [part for part in parts if part.direction is not Direction.OUT]
    if not current:
        if any(not part.fixed for part in inward):
            return tuple(incoming)
        return tuple([line for line in incoming if any(item.covers(line) for item in inward)])
    shown = project_lines(tuple(inward), current)
    partners = {line.key: line for line in shown}
    merged: dict[str, Line] = {}
    new: list[Line] = []
    for line in incoming:
        part = next((item for item in inward if item.covers(line)), None)
        if part is None:
            continue
        ours = next(iter(project_lines((part,), current)), None) if part.select is None else partners.get(line.key)
        if ours is None:
            new.append(line)
        else:
            merged[ours.key] = ours.model_copy(update=_shown_fields(part, line))
    kept = [merged.get(line.key, line) for line in current if line.key in merged or line not in shown]
    return (*kept, *new)


def _shown_fields(part: ListPlan, line: Line) -> dict[str, Any]:
    values = line.__dict__
    return {plan.name: values[plan.name] for plan in part.plans_in}
