"""Tasks: their states, and when they ended."""

from __future__ import annotations

from typing import Any

from hub.crm.actions import Moment
from hub.crm.rules import Finder, Rules, Transitions
from hub.errors import RuleBroken
from hub.model.kinds import Fields, load_kinds
from hub.model.task import Task, TaskState

TRANSITIONS: Transitions = {
    TaskState.OPEN: frozenset({TaskState.DOING, TaskState.DONE, TaskState.DROPPED}),
    TaskState.DOING: frozenset({TaskState.OPEN, TaskState.DONE, TaskState.DROPPED}),
    TaskState.DONE: frozenset({TaskState.OPEN}),
    TaskState.DROPPED: frozenset({TaskState.OPEN}),
}
ENDED = (TaskState.DONE, TaskState.DROPPED)


def check(task: Task, previous: Task | None, remote: bool) -> None:
    """It says what is to do; a record that it is about has a kind and an id."""
    if not task.subject.strip():
        raise RuleBroken("task.subject_missing")
    if (task.about_id is None) != (task.about_kind == "") or (task.about_kind and task.about_kind not in load_kinds()):
        raise RuleBroken("task.about_unfit", kind=task.about_kind or "—", known=", ".join(load_kinds()))


def check_relations(task: Task, find: Finder) -> None:
    if task.about_id is not None and find(task.about_kind, task.about_id) is None:
        raise RuleBroken("task.about_missing", kind=task.about_kind, id=str(task.about_id))


def stamp(values: Fields, previous: Task | None, at: Moment) -> dict[str, Any]:
    if values.get("state", TaskState.OPEN) not in ENDED:
        return {"ended_at": None}
    return {"ended_at": (previous.ended_at if previous is not None else None) or at.now}


RULES = Rules("task", TRANSITIONS, checking=check, relating=check_relations, stamping=stamp)
