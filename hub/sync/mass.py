"""How much of a kind a diff would lose or change: the arithmetic of the guards, without any reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.model.base import SYSTEM_FIELDS, Entity

LOST = "lost"
"""Voided or deleted."""
MISSING = "missing"
"""No longer shown by the other side, without a word."""
EMPTIED = "emptied"
"""A field that held something holds nothing any more."""
CHANGED = "changed"
"""A field that held something holds something else."""
MEASURES = (LOST, MISSING, EMPTIED, CHANGED)
NEWS = "news"
READ = "read"
CLEARED = "cleared"
"""Keys of a tally beside the measures: records that were made or changed; records read; so many of each measure were
seen when everything was looked at and found to be fit."""


@dataclass(frozen=True)
class Limits:
    """What is taken for granted: shares of a kind (0 to 1), and a count below which nothing is ever too much."""

    lost: Decimal
    changed: Decimal
    minimum: int

    def share_of(self, measure: str) -> Decimal:
        return self.changed if measure == CHANGED else self.lost


@dataclass(frozen=True)
class Weight:
    """What one record's difference comes to. Filling what was empty, and the ordinary way of a document from draft to
    approved, weigh nothing."""

    lost: bool = False
    missing: bool = False
    emptied: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def measures(self) -> tuple[str, ...]:
        """Each record counts once for each measure, however many of its fields differ."""
        if self.lost or self.missing:
            return (LOST if self.lost else MISSING,)
        return (*([EMPTIED] if self.emptied else []), *([CHANGED] if self.changed else []))


def weigh_changes(model: type[Entity], changes: Mapping[str, tuple[Any, Any]], *, lost: bool = False) -> Weight:
    """``changes``: field → (old, new) of a record that existed before."""
    if lost or _ends(changes):
        return Weight(lost=True)
    emptied: list[str] = []
    changed: list[str] = []
    for name, (old, new) in flatten_changes(changes).items():
        if name in SYSTEM_FIELDS or name in model.DERIVED or name == "state" or is_empty(old):
            continue
        (emptied if is_empty(new) else changed).append(name)
    return Weight(emptied=tuple(emptied), changed=tuple(changed))


def _ends(changes: Mapping[str, tuple[Any, Any]]) -> bool:
    _, state = changes.get("state", (None, None))
    _, deleted_at = changes.get("deleted_at", (None, None))
    return state == "void" or deleted_at is not None


def flatten_changes(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    """Custom fields and attributes one by one, under their dotted names."""
    flat: dict[str, tuple[Any, Any]] = {}
    for name, (old, new) in changes.items():
        if not isinstance(old, dict) and not isinstance(new, dict):
            flat[name] = (old, new)
            continue
        before, after = (value if isinstance(value, dict) else {} for value in (old, new))
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                flat[f"{name}.{key}"] = (before.get(key), after.get(key))
    return flat


def is_empty(value: Any) -> bool:
    return value is None or value in ("", (), [], {})


def add_weight(tally: Counter[str], weight: Weight) -> None:
    tally.update(weight.measures)


def find_excess(
    tally: Mapping[str, int], known: int, limits: Limits, allowed: Mapping[str, int] | None = None
) -> tuple[str, ...]:
    """Measures that are too much to be taken for granted: more than the minimum, more than the share of ``known``, and
    more than a person allowed (again by more than the minimum, for the world moves on while people read)."""
    return tuple(measure for measure in MEASURES if _is_too_much(measure, tally, known, limits, allowed or {}))


def _is_too_much(
    measure: str, tally: Mapping[str, int], known: int, limits: Limits, allowed: Mapping[str, int]
) -> bool:
    count = tally.get(measure, 0)
    if measure in allowed and count - allowed[measure] <= limits.minimum:
        return False
    return count > limits.minimum and count > limits.share_of(measure) * known


def may_be_too_much(tally: Mapping[str, int], limits: Limits, *, eager: bool = False) -> bool:
    """Whether it is worth looking at all there is before going on: more than the minimum, or, because nothing of a mass
    shall pass, more than the share of what was read so far. ``eager``: anything at all. What an earlier look has found
    to be fit does not count again."""
    return any(tally.get(measure, 0) > _find_threshold(measure, tally, limits, eager) for measure in MEASURES)


def _find_threshold(measure: str, tally: Mapping[str, int], limits: Limits, eager: bool) -> Decimal:
    if CLEARED in tally:
        return Decimal(tally[CLEARED] + limits.minimum)
    return Decimal(0) if eager else min(Decimal(limits.minimum), limits.share_of(measure) * tally.get(READ, 0))


def percent(count: int, known: int) -> str:
    """``12.5`` of a hundred, as people write it."""
    if not known:
        return "100"
    share = (Decimal(100) * count / known).quantize(Decimal("0.1"))
    return f"{share.normalize():f}"
