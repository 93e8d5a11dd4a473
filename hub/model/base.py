"""What every canonical kind has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from hub.model.values import Instant, Value

CustomValue = str | int | bool | None


class Entity(Value):
    """A canonical record. Subclasses set ``KIND`` and thereby become a kind of the hub.

    ``id`` is made by the hub (UUIDv7). ``revision`` rises with every change. A deleted record stays as a tombstone
    (``deleted_at``) that default views hide.
    """

    KIND: ClassVar[str] = ""
    TRANSACTIONAL: ClassVar[bool] = False
    """True for documents (order, payment…): one binding per connection, never merged, never re-created."""
    NUMBER: ClassVar[str] = "number"
    """The field that a person would quote on the phone."""
    PREFIX: ClassVar[str] = ""
    """How numbers of the hub's own series begin; empty: the hub gives this kind none."""
    DAY: ClassVar[str] = ""
    """The field with the business date of a document; today in the organisation's zone where a person gives none."""
    AMOUNT: ClassVar[str] = ""
    """The field that says how much money a document is about, in its ``currency``; ``BASE_AMOUNT`` the same in the
    company's own currency."""
    BASE_AMOUNT: ClassVar[str] = ""
    COUNTED_ANEW: ClassVar[bool] = False
    """Other systems count their numbers anew each period, so that one number on two documents is no double."""
    BOOKED: ClassVar[frozenset[str]] = frozenset()
    """States in which a document is part of the accounts, so that its ``DAY`` belongs to an accounting period; empty:
    the kind knows no periods."""
    ENDED: ClassVar[frozenset[str]] = frozenset({"void"})
    """States in which a document no longer counts; another system may show it as cancelled."""
    CHOSEN: ClassVar[bool] = False
    """True where other systems take some records of the kind only, as ``only`` of their mapping says."""
    FREE_STATE: ClassVar[bool] = False
    """True where the state is a field like any other, which other systems are told (a task that is done)."""
    WORLD_ID: ClassVar[str] = ""
    """The field with an id that is the same wherever the record is kept (that of a mail, of a meeting): two that
    share it are one record."""
    FOLDED: ClassVar[tuple[str, ...]] = ()
    """Texts by which records are found without regard to capitals."""
    DERIVED: ClassVar[frozenset[str]] = frozenset()
    """Fields that rules compute; never patched to another system."""

    id: UUID
    revision: int = 0
    created_at: Instant | None = None
    updated_at: Instant | None = None
    deleted_at: Instant | None = None
    tags: tuple[str, ...] = ()
    """Labels that people give (标签)."""
    attributes: dict[str, str] = {}
    """Properties of the record itself that have no field of their own."""
    custom: dict[str, CustomValue] = {}
    """Declared custom fields (自定义字段), by name; checked against the declaration in the configuration."""


SYSTEM_FIELDS = frozenset({"id", "revision", "created_at", "updated_at", "deleted_at"})


class Line(Value):
    """A row inside a record. ``key`` is stable for the life of the record and unique within it."""

    INDEX: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Groups of fields by which lines are looked up across records."""
    EXAMPLE: ClassVar[Mapping[str, Any]] = {}
    """What an example holds where its fields alone do not tell: a value, or what makes one from its number."""

    DISTINCT: ClassVar[tuple[str, ...]] = ()
    """Fields that no two lines of one record share; lines that come to share them when records merge become one."""

    key: str
