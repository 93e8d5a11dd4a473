"""What ``decide`` is told: the hub's intent and what was seen of the remote document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from hub.protocol.reference import Reference, parse_reference
from hub.protocol.semantics import Stage


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A remote document, translated. ``values`` are canonical."""

    external_id: str
    values: Mapping[str, Any]
    stage: Stage
    read_at: datetime
    version: int | None = None
    number: str | None = None
    reference: str | None = None
    created_by_us: bool | None = None
    touched_by_person: bool | None = None
    changed_by_us: bool | None = None
    live_children: bool = False
    merged_into: str | None = None
    """External id of the record that this one is said to be part of, as it stands there."""
    total_differs: str | None = None
    """The totals there are not what the lines give (the difference, as text), beyond the declared tolerance."""

    @property
    def parsed(self) -> Reference | None:
        return parse_reference(self.reference)


@dataclass(frozen=True, slots=True)
class Search:
    """The complete answer to a search by reference, and for parties by identifier.

    ``matches``: parties that carry the same valid identifier and no veto speaks against; ``taken``: some of them
    already belong to another record of the hub.
    """

    hits: Sequence[Snapshot] = ()
    matches: Sequence[Snapshot] = ()
    taken: bool = False


class Parent(StrEnum):
    """Whether the records that a create refers to have documents there."""

    READY = "ready"
    MISSING = "missing"
    HOPELESS = "hopeless"


@dataclass(frozen=True, slots=True)
class Intent:
    """What the hub wants of the other system for one record."""

    values: Mapping[str, Any]
    claims: frozenset[str] = frozenset()
    """Fields whose value did not come from this very document (a hub edit, another system): ours to assert."""
    void: bool = False
    revision: int = 0
    parent: Parent = Parent.READY
    hold: str | None = None
    """Code of a reason why nothing may be created (no identifier, before the start date, no mapping…)."""
    hold_params: Mapping[str, str] = field(default_factory=dict)
    live_children: bool = False
    frozen: str | None = None
    """Code of a reason why nothing of an existing document may be written (it is older than the start date…)."""
    merged_into: str | None = None
    """External id of the document whose record this one's was merged into; None: it stands for itself."""
    own_values: frozenset[str] = frozenset()
    """Fields in which the value that the document shows is one that the hub wrote."""
