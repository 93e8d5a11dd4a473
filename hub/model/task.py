"""Tasks (任务): work to do."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from hub.model.base import Entity
from hub.model.values import AnyRef, Instant, Ref


class TaskState(StrEnum):
    OPEN = "open"
    DOING = "doing"
    DONE = "done"
    DROPPED = "dropped"


class Task(Entity):
    """Work to do (任务), about any record."""

    KIND: ClassVar[str] = "task"
    NUMBER: ClassVar[str] = "subject"
    FREE_STATE: ClassVar[bool] = True
    DERIVED: ClassVar[frozenset[str]] = frozenset({"ended_at"})

    subject: str
    owner_id: Annotated[UUID | None, Ref("user")] = None
    due_on: date | None = None
    account_id: Annotated[UUID | None, Ref("account")] = None
    about_kind: str = ""
    """The kind of the record that it is about."""
    about_id: Annotated[UUID | None, AnyRef("about_kind")] = None
    cause: str = ""
    """Why the hub made it, so that it makes it once; empty for a person's task."""
    state: TaskState = TaskState.OPEN
    ended_at: Instant | None = None
    note: str = ""
