"""Pools (公海): customers and leads that wait for a salesperson, and the rules by which one takes and keeps them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from hub.model.base import Entity
from hub.model.values import Instant, Ref

Days = Annotated[int, Field(ge=0, le=36_500)]


class PoolState(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


class PoolMembers(StrEnum):
    ACCOUNT = "account"
    LEAD = "lead"


class Pool(Entity):
    """A pool (公海). Its members are the accounts, or the leads, that name it; those without an owner may be claimed.

    Zero switches a rule off.
    """

    KIND: ClassVar[str] = "pool"
    NUMBER: ClassVar[str] = "name"

    name: str
    members: PoolMembers = PoolMembers.ACCOUNT
    limit: Annotated[int, Field(ge=0)] = 0
    """So many members one salesperson may own at a time."""
    protect_days: Days = 0
    """For so long after it was claimed nobody takes a member over and no recycling takes it back (保护期)."""
    recycle_days: Days = 0
    """A member goes back after so many days in which nothing about it changed (自动回收)."""
    again_days: Days = 0
    """For so long its last owner may not claim a member again."""
    note: str = ""
    state: PoolState = PoolState.ACTIVE


class Pooled(Entity):
    """What a kind has whose records can be members of a pool."""

    OWNERSHIP: ClassVar[frozenset[str]] = frozenset({"owned_since", "last_owner_id", "released_at"})
    """Derived from what happened to ``owner_id``."""

    pool_id: Annotated[UUID | None, Ref("pool")] = None
    owner_id: Annotated[UUID | None, Ref("user")] = None
    owned_since: Instant | None = None
    last_owner_id: Annotated[UUID | None, Ref("user")] = None
    released_at: Instant | None = None
