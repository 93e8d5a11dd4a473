"""What a batch keeps of each row, and how it finds rows again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as make_field
from enum import Enum
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from hub.model.values import Value

Key = tuple[Any, ...]


class Nothing(Enum):
    """There is no such row (any more)."""

    ABSENT = "absent"


ABSENT: Final = Nothing.ABSENT
Known = Value | Nothing


class Cell:
    """A row as it is now, and as the database has it as far as that is known. ``op``: what is to be written of it:
    nothing (empty), insert, upsert, delete, or revise with the revision that was read."""

    __slots__ = ("key", "locked", "op", "row", "stored")

    def __init__(self, key: Key, row: Known, stored: Value | None) -> None:
        self.key = key
        self.row = row
        self.stored = stored
        self.op = ""
        self.locked = False


def make_picker(names: Sequence[str]) -> Callable[[Mapping[str, Any]], Key]:
    """Reads some values of a row as a tuple."""
    if len(names) == 1:
        (only,) = names
        return lambda values: (values[only],)
    return itemgetter(*names)


class Index:
    """Rows by the values of some fields. A value that has a bucket is known completely."""

    def __init__(self, fields: tuple[str, ...], locked: bool) -> None:
        self.fields = fields
        self.locked = locked
        self.pick = make_picker(fields)
        self.buckets: dict[Key, dict[Cell, None]] = {}


Plan = tuple[Index, tuple[str, ...], tuple[str, ...]]
"""An index, the conditions that it answers, and the others."""


@dataclass
class LineIndex:
    """Records by the values of some fields of their lines, complete for those values of ``column``."""

    field: str
    names: tuple[str, ...]
    column: str
    known: set[Any] = make_field(default_factory=set)
    buckets: dict[Key, dict[UUID, None]] = make_field(default_factory=dict)

    def list_keys(self, row: Value) -> set[Key]:
        """The buckets that a record belongs to."""
        lines = row.__dict__[self.field]
        return {tuple([line.__dict__[name] for name in self.names]) for line in lines}
