"""What every kind's rules look like, and how they are found: each module here that has ``RULES``, so a new kind edits
no list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import Any
from uuid import UUID

import hub.crm
from hub.crm.actions import Action, Look, Moment
from hub.crm.paper import Paper
from hub.errors import ConfigInvalid, RuleBroken
from hub.model.base import Entity
from hub.model.kinds import Fields

ZERO = Decimal(0)
Transitions = Mapping[Any, frozenset[Any]]
"""State → the states that may follow it directly; states are the kind's own StrEnum."""
Finder = Callable[[str, UUID], Entity | None]
"""(kind, id) → record, or None."""


Fed = Mapping[str, Sequence[Any]]
"""Kind → the records of it that feed the record at hand."""


@dataclass(frozen=True)
class Feeder:
    """Records of another kind over which derived values are summed: those that name the record in ``field``, or in the
    ``field`` of one of their ``lines``."""

    kind: str
    field: str
    lines: str | None = None

    def list_targets(self, record: Entity) -> frozenset[UUID]:
        """The records that a feeding record names."""
        rows = (record,) if self.lines is None else getattr(record, self.lines)
        return frozenset(found for row in rows if (found := getattr(row, self.field)) is not None)


@dataclass(frozen=True)
class Link:
    """Records of another kind that are found by a text: the contact whose ``field`` stands in the ``column`` of one of
    the record's ``lines``. When that record comes, or changes, whoever names the text is computed anew."""

    kind: str
    field: str
    lines: str
    column: str


def keep_values(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """For kinds that compute nothing."""
    return values


def accept(entity: Any, previous: Any, remote: bool) -> None:
    """For kinds without rules beyond their types and states."""


def accept_relations(entity: Any, find: Finder) -> None:
    """For kinds without rules about their relations."""


@dataclass(frozen=True)
class Room:
    """What a document has room for, and how much of it those that name it take. ``refusal``: the code that refuses
    more, where it is not money that is allocated."""

    number: str
    worth: Decimal
    taken: Decimal
    refusal: str = ""


def measure_nothing(entity: Any, fed: Fed) -> Sequence[Room]:
    """For kinds that take whatever names them."""
    return ()


def guard_nothing(entity: Any, previous: Any, look: Look, at: Moment) -> None:
    """For kinds whose other records may be as they like."""


def link_nothing(values: Fields, previous: Any, look: Look) -> dict[str, Any]:
    """For kinds that are told whom they belong to."""
    return {}


def stamp_nothing(values: Fields, previous: Any, at: Moment) -> dict[str, Any]:
    """For kinds that remember nothing of their own past."""
    return {}


def derive_nothing(record_id: UUID, values: Fields, fed: Fed) -> dict[str, Any]:
    """For kinds that no other kind feeds."""
    return {}


@dataclass(frozen=True)
class Rules:
    """The rules of one kind: its state machine as data, and its functions."""

    kind: str
    transitions: Transitions
    completion: Callable[[dict[str, Any], bool], dict[str, Any]] = keep_values
    checking: Callable[[Any, Any, bool], None] = accept
    relating: Callable[[Any, Finder], None] = accept_relations
    listing: Callable[[dict[str, Any], bool], dict[str, Any]] | None = None
    """The part of ``completion`` that is about lists; None: all of it is."""
    feeders: tuple[Feeder, ...] = ()
    """Over which records the derived values are summed."""
    deriving: Callable[[UUID, Fields, Fed], dict[str, Any]] = derive_nothing
    """(record id, completed values, feeding records by kind) → derived values; sums, never increments."""
    measuring: Callable[[Any, Fed], Sequence[Room]] = measure_nothing
    """(record, feeding records by kind) → what the record has room for. A person here may not take more (more paid than
    is open); what happened elsewhere has happened."""
    stamping: Callable[[Fields, Any, Moment], dict[str, Any]] = stamp_nothing
    """(completed values, the record as it was, when and by whom) → derived values that follow from the record's own
    past: when its owner changed, which stages it went through. Computing twice changes nothing."""
    links: tuple[Link, ...] = ()
    linking: Callable[[Fields, Any, Look], dict[str, Any]] = link_nothing
    """(completed values, the record as it was, the other records) → values that follow from records that ``links`` lead
    to: the customer of somebody who took part."""
    guarding: Callable[[Any, Any, Look, Moment], None] = guard_nothing
    """Raises ``RuleBroken`` for what must hold whoever changes the record, another system included."""
    actions: tuple[Action, ...] = ()
    """What can be done with a record beyond an edit."""
    printing: Callable[[Any, Look, str, str], Paper] | None = None
    """(record, look, our name, language) → what it looks like on paper; None: it is not printed."""

    def complete(self, values: Fields, *, own_figures: bool = True) -> dict[str, Any]:
        """The values with everything that rules compute; computing twice changes nothing.

        ``own_figures``: the hub calculates the amounts. Otherwise the given figures are another system's, stay as they
        are, and only missing ones are filled in.
        """
        return self.completion(dict(values), own_figures)

    def complete_lists(self, values: Fields) -> dict[str, Any]:
        """The same for lines and identifiers alone, as another system gave them."""
        return (self.listing or self.completion)(dict(values), False)

    def check(self, entity: Entity, previous: Entity | None = None, *, remote: bool = False) -> None:
        """Raise ``RuleBroken`` for what the hub does not accept. ``previous`` is the record as it was; ``remote``: the
        change happened in another system, which may pass several states between two looks."""
        if previous is not None:
            self.check_transition(_state_of(previous), _state_of(entity), jumps=remote)
        self.checking(entity, previous, remote)

    def check_room(self, before: Sequence[Room], after: Sequence[Room]) -> None:
        """Raise ``RuleBroken`` when more is taken than there is room for. What was too much ``before`` may always
        become less."""
        known = {(room.number, room.refusal): room.taken for room in before}
        for room in after:
            if room.taken <= max(room.worth, ZERO, known.get((room.number, room.refusal), ZERO)):
                continue
            amounts: dict[str, Any] = {"number": room.number, "gross": room.worth, "promised": room.taken}
            if room.refusal:
                raise RuleBroken(room.refusal, kind=self.kind, **amounts)
            raise RuleBroken("crm.allocated_above_open", kind=self.kind, **amounts)

    def check_relations(self, entity: Entity, find: Finder) -> None:
        """Raise ``RuleBroken`` when the records that this one points at do not allow it (a circle of parents…)."""
        self.relating(entity, find)

    def check_transition(self, state: str, to: str, *, jumps: bool = False) -> None:
        """Raise ``RuleBroken`` unless ``to`` may follow ``state`` (or be reached from it, with ``jumps``)."""
        known = state in self.transitions and to in self.transitions
        if known and (state == to or to in (self.reachable(state) if jumps else self.transitions[state])):
            return
        allowed = ", ".join(sorted(map(str, self.transitions.get(state, ())))) or "—"
        raise RuleBroken("crm.transition_refused", kind=self.kind, state=str(state), to=str(to), allowed=allowed)

    def can_reach(self, state: str, to: str) -> bool:
        """Whether some walk along the transitions leads from one state to the other; staying counts."""
        return state in self.transitions and (state == to or to in self.reachable(state))

    def reachable(self, state: str) -> frozenset[str]:
        """Every state that a walk of at least one step leads to."""
        return self._walks.get(state, frozenset())

    @cached_property
    def _walks(self) -> Mapping[str, frozenset[str]]:
        return {state: self._walk_from(state) for state in self.transitions}

    def _walk_from(self, state: str) -> frozenset[str]:
        found: set[str] = set()
        ahead = list(self.transitions.get(state, ()))
        while ahead:
            step = ahead.pop()
            if step not in found:
                found.add(step)
                ahead.extend(self.transitions.get(step, ()))
        return frozenset(found)


def _state_of(entity: Entity) -> str:
    return str(entity.state)  # type: ignore[attr-defined]  # every kind has one; tests/crm proves it


@cache
def list_fed(kind: str) -> tuple[tuple[str, Feeder], ...]:
    """(fed kind, how) for every kind whose derived values depend on records of this one."""
    rules = sorted(load_rules().values(), key=lambda found: found.kind)
    return tuple((found.kind, feeder) for found in rules for feeder in found.feeders if feeder.kind == kind)


@cache
def list_linked(kind: str) -> tuple[tuple[str, Link], ...]:
    """(linking kind, how) for every kind whose records look for one of this kind by a text."""
    rules = sorted(load_rules().values(), key=lambda found: found.kind)
    return tuple((found.kind, link) for found in rules for link in found.links if link.kind == kind)


@cache
def load_rules() -> Mapping[str, Rules]:
    """All rules by kind."""
    return {rules.kind: rules for rules in _scan()}


def _scan() -> Iterator[Rules]:
    for module in pkgutil.iter_modules(hub.crm.__path__):
        rules = getattr(importlib.import_module(f"hub.crm.{module.name}"), "RULES", None)
        if isinstance(rules, Rules):
            yield rules


def rules_for(kind: str) -> Rules:
    """The rules of a kind; ``ConfigInvalid`` when it has none."""
    found = load_rules().get(kind)
    if found is None:
        raise ConfigInvalid("crm.rules_missing", kind=kind, known=", ".join(load_rules()))
    return found
