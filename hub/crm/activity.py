"""Activities: times that fit together, series that stay where they are kept, addresses in one spelling."""

from __future__ import annotations

from typing import Any

from hub.crm.checks import check_line_keys
from hub.crm.rules import Finder, Rules, Transitions
from hub.errors import RuleBroken
from hub.model.activity import Activity, ActivityState
from hub.model.kinds import load_kinds

TRANSITIONS: Transitions = {
    ActivityState.PLANNED: frozenset({ActivityState.DONE, ActivityState.VOID}),
    ActivityState.DONE: frozenset({ActivityState.PLANNED, ActivityState.VOID}),
    ActivityState.VOID: frozenset(),
}
TIMES = ("starts_at", "ends_at", "starts_on", "ends_on", "zone", "recurrence")


def complete(values: dict[str, Any], own_figures: bool) -> dict[str, Any]:
    """Addresses in small letters: they are looked up, and nobody tells mailboxes apart by capitals."""
    if "people" in values:
        people = values["people"]
        values["people"] = tuple(row.model_copy(update={"address": row.address.lower()}) for row in people)
    return values


def check(activity: Activity, previous: Activity | None, remote: bool) -> None:
    """Times in their order; a series is made, moved and ended where it is kept."""
    check_line_keys("activity", "people", activity.people)
    check_line_keys("activity", "topics", activity.topics)
    if remote:
        return
    if not activity.subject:
        raise RuleBroken("crm.value_missing", kind="activity", field="subject")
    _check_times(activity)
    if activity.recurrence and previous is None:
        raise RuleBroken("crm.series_made_here", subject=activity.subject)
    if previous is not None and (previous.recurrence or activity.recurrence):
        _check_series(activity, previous)


def _check_times(activity: Activity) -> None:
    """What another system shows is taken as it is; a person here is told what does not fit."""
    timed = (activity.starts_at, activity.ends_at)
    whole = (activity.starts_on, activity.ends_on)
    if any(timed) and any(whole):
        raise RuleBroken("crm.times_mixed", subject=activity.subject)
    for start, end in (timed, whole):
        if end is not None and (start is None or end < start):
            raise RuleBroken("crm.ends_before", subject=activity.subject, start=start or "—", end=end)


def _check_series(activity: Activity, previous: Activity) -> None:
    changed = [name for name in TIMES if getattr(activity, name) != getattr(previous, name)]
    ended = activity.state is ActivityState.VOID and previous.state is not ActivityState.VOID
    if changed or ended:
        raise RuleBroken("crm.series_kept_there", subject=activity.subject, fields=", ".join(changed) or "state")


def check_relations(activity: Activity, find: Finder) -> None:
    """What it is about is there."""
    for topic in activity.topics:
        if topic.kind not in load_kinds() or find(topic.kind, topic.record_id) is None:
            raise RuleBroken("crm.topic_unknown", subject=activity.subject, kind=topic.kind, id=topic.record_id)


RULES = Rules("activity", TRANSITIONS, complete, check, check_relations)
