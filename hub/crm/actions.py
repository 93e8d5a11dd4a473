"""Business actions: what is done to a record that is more than an edit of its fields (claim, convert, accept).

An action stands beside the rules of its kind as data and a pure function: it is given the record and a way to look at
others, and answers with what is to be made and changed. One use case carries all of them out (``hub.sync.actions``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from uuid import UUID

from hub.errors import ConfigInvalid, RuleBroken
from hub.model.base import Entity
from hub.model.kinds import Fields
from hub.model.values import Value


@dataclass(frozen=True)
class Moment:
    """When and by whom a record changes; ``today`` is the organisation's."""

    now: datetime
    today: date
    actor: str


@dataclass(frozen=True)
class Alike:
    """A record that could be the one that is about to be made."""

    record_id: UUID
    label: str
    signs: str
    """What the two have in common."""


class Look(Protocol):
    """The other records, as they are in the transaction under way."""

    def get(self, kind: str, record_id: UUID) -> Entity | None: ...

    def lock(self, kind: str, record_id: UUID) -> Entity | None:
        """The same, and nobody else changes or locks it until the end."""

    def find(self, kind: str, *, limit: int | None = None, lock: bool = False, **where: Any) -> Sequence[Any]:
        """Living records by id that meet the conditions (``field``, ``field__in``, ``field__lt``, ``field__null``…)."""

    def count(self, kind: str, **where: Any) -> int: ...

    def find_alike(self, kind: str, values: Fields) -> Sequence[Alike]:
        """Living records that share an identifier, the name, or a way to reach it."""

    def find_touched(self, record: Entity) -> datetime | None:
        """When the record, or one that names it, last changed."""


class NoOptions(Value):
    """For actions that ask for nothing."""


@dataclass(frozen=True)
class Asked:
    """What an action is given beside the record."""

    options: Any
    look: Look
    at: Moment
    new_id: Callable[[], UUID]
    lang: str
    """Language of the texts that the action writes into records."""


@dataclass(frozen=True)
class Make:
    """A record to be made."""

    kind: str
    id: UUID
    values: Fields


@dataclass(frozen=True)
class Change:
    """Fields of a record to be changed."""

    kind: str
    id: UUID
    values: Fields


@dataclass(frozen=True)
class Taken:
    """What an action comes to. ``results``: (kind, id) of what the person wanted, also where an earlier call made it
    and nothing is left to do."""

    steps: tuple[Make | Change, ...] = ()
    results: tuple[tuple[str, UUID], ...] = ()
    more: bool = False
    """There is more of the same left: once again."""


@dataclass(frozen=True)
class Action:
    """``taking`` is (record, asked) → taken; ``states`` those in which it may be taken (None: all)."""

    name: str
    taking: Callable[[Any, Asked], Taken]
    options: type[Value] = NoOptions
    states: frozenset[Any] | None = None
    daily: Mapping[str, Any] | None = None
    """Taken by itself once a day on every record that meets these conditions."""
    alone: bool = True
    """Nobody else acts on the record meanwhile. False for one that changes many others and not itself."""

    @property
    def text_code(self) -> str:
        """What it does, in a few words: a text beside those of the file that declares it."""
        return f"{self.taking.__module__.rpartition('.')[2]}.act_{self.name}"


@dataclass(frozen=True)
class Next:
    """What can be done with a record now."""

    transitions: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Action → what it can be told; what it needs ends with ``!``."""


def find_action(kind: str, actions: Sequence[Action], name: str) -> Action:
    """By name; ``ConfigInvalid`` names those that the kind has."""
    for action in actions:
        if action.name == name:
            return action
    known = ", ".join(action.name for action in actions) or "—"
    raise ConfigInvalid("crm.action_unknown", kind=kind, action=name, known=known)


def check_state(kind: str, action: Action, actions: Sequence[Action], record: Any) -> None:
    """``RuleBroken`` in a state in which it may not be taken, with those that may."""
    if not _fits(action, record):
        open_now = ", ".join(found.name for found in actions if _fits(found, record)) or "—"
        raise RuleBroken("crm.action_refused", kind=kind, action=action.name, state=str(record.state), allowed=open_now)


def list_next(record: Any, transitions: Mapping[Any, frozenset[Any]], actions: Sequence[Action]) -> Next:
    """Where its state may go, and which actions may be taken now."""
    fitting = [action for action in actions if _fits(action, record)]
    onward = sorted(str(state) for state in transitions.get(record.state, ()))
    return Next(tuple(onward), tuple(action.name for action in fitting), {a.name: _tell_options(a) for a in fitting})


def _fits(action: Action, record: Any) -> bool:
    return action.states is None or record.state in action.states


def _tell_options(action: Action) -> tuple[str, ...]:
    fields = action.options.model_fields.items()
    return tuple(f"{name}!" if info.is_required() else name for name, info in fields)
