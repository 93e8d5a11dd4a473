"""What every kind's rules look like, and how they are found: each module here that has ``RULES``, so a new kind edits
no list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import hub.crm
from hub.errors import ConfigInvalid, RuleBroken
from hub.model.base import Entity
from hub.model.kinds import Fields

Transitions = Mapping[Any, frozenset[Any]]
"""State → the states that may follow it directly; states are the kind's own StrEnum."""
Finder = Callable[[str, UUID], Entity | None]
"""(kind, id) → record, or None."""


def keep_values(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """For kinds that compute nothing."""
    return values


def accept(entity: Any, previous: Any, remote: bool) -> None:
    """For kinds without rules beyond their types and states."""


def accept_relations(entity: Any, find: Finder) -> None:
    """For kinds without rules about their relations."""


@dataclass(frozen=True)
class Rules:
    """The rules of one kind: its state machine as data, and three functions."""

    kind: str
    transitions: Transitions
    completion: Callable[[dict[str, Any], bool], dict[str, Any]] = keep_values
    checking: Callable[[Any, Any, bool], None] = accept
    relating: Callable[[Any, Finder], None] = accept_relations

    def complete(self, values: Fields, *, own_figures: bool = True) -> dict[str, Any]:
        """The values with everything that rules compute; computing twice changes nothing.

        ``own_figures``: the hub calculates the amounts. Otherwise the given figures are another system's, stay as they
        are, and only missing ones are filled in.
        """
        return self.completion(dict(values), own_figures)

    def check(self, entity: Entity, previous: Entity | None = None, *, remote: bool = False) -> None:
        """Raise ``RuleBroken`` for what the hub does not accept. ``previous`` is the record as it was; ``remote``: the
        change happened in another system, which may pass several states between two looks."""
        if previous is not None:
            self.check_transition(_state_of(previous), _state_of(entity), jumps=remote)
        self.checking(entity, previous, remote)

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
