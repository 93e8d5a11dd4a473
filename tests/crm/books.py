"""Records in memory, as rules and actions look at them; and what an action comes to, told exactly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from hub.crm.actions import Action, Alike, Asked, Moment, Taken
from hub.crm.rules import rules_for
from hub.errors import IsthmusError
from hub.model.base import Entity
from hub.model.kinds import Fields, find_kind

NOON = Moment(datetime(2026, 11, 2, 12, tzinfo=UTC), date(2026, 11, 2), "王会计")
FIRST_NEW = 900
"""The first record that an action makes has this id."""


def make(kind: str, id_: int, /, **values: Any) -> Any:
    """A record with the amounts that its rules give it."""
    return find_kind(kind).model_validate({**rules_for(kind).complete(values), "id": UUID(int=id_)})


@dataclass
class Books:
    records: Sequence[Entity] = ()
    alike: Sequence[Alike] = ()
    touched: dict[UUID, datetime] = field(default_factory=dict)
    locked: list[tuple[str, UUID]] = field(default_factory=list)
    compared: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def get(self, kind: str, record_id: UUID) -> Entity | None:
        return next((row for row in self.records if (row.KIND, row.id) == (kind, record_id)), None)

    def lock(self, kind: str, record_id: UUID) -> Entity | None:
        self.locked.append((kind, record_id))
        return self.get(kind, record_id)

    def find(self, kind: str, *, limit: int | None = None, lock: bool = False, **where: Any) -> list[Any]:
        found = [row for row in self.records if kind == row.KIND and all(_meets(row, *item) for item in where.items())]
        if lock:
            self.locked += [(kind, row.id) for row in found]
        return found[:limit]

    def count(self, kind: str, **where: Any) -> int:
        return len(self.find(kind, **where))

    def find_alike(self, kind: str, values: Fields) -> Sequence[Alike]:
        self.compared.append((kind, dict(values)))
        return self.alike

    def find_touched(self, record: Entity) -> datetime | None:
        return self.touched.get(record.id)


def _meets(row: Entity, condition: str, wanted: Any) -> bool:
    name, _, test = condition.partition("__")
    found = getattr(row, name)
    match test:
        case "":
            return bool(found == wanted)
        case "ne":
            return bool(found != wanted)
        case "in":
            return found in wanted
        case "null":
            return (found is None) is wanted
        case "le":
            return found is not None and bool(found <= wanted)
        case "folded":
            return found.lower() in wanted
    raise NotImplementedError(condition)


def find_act(kind: str, name: str) -> Action:
    return next(action for action in rules_for(kind).actions if action.name == name)


def act(record: Any, name: str, books: Books, at: Moment = NOON, lang: str = "en", **options: Any) -> Taken:
    """Takes an action; ids of new records count from ``FIRST_NEW``."""
    action, numbers = find_act(record.KIND, name), count(FIRST_NEW)
    asked = Asked(action.options.model_validate(options), books, at, lambda: UUID(int=next(numbers)), lang)
    return action.taking(record, asked)


@contextmanager
def refused(code: str, /, **params: Any) -> Iterator[None]:
    """Exactly this is said."""
    with pytest.raises(IsthmusError) as caught:
        yield
    assert (caught.value.code, caught.value.params) == (code, params)
