"""Actions that are taken by themselves once a day: pools take back what nobody works on, contracts remind of their end.

How far the day's round has come is a row, so that it goes on where a process ended. Whoever does a part twice does
nothing twice: the actions themselves see to that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.crm.actions import Action
from hub.crm.rules import load_rules
from hub.errors import IsthmusError
from hub.model.kinds import find_kind
from hub.store.rows import Setting
from hub.sync.actions import act_on_record
from hub.sync.context import Hub
from hub.sync.show import describe_record

SETTING = "daily"
ACTOR = "daily"


@dataclass
class Daily:
    """What a part of the round did: (kind, action) → records made and changed; and what was refused."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[tuple[str, str, IsthmusError]] = field(default_factory=list)
    """(kind, label, error) of records whose action failed; the others went on."""
    looked: int = 0
    finished: bool = False


def list_daily() -> list[tuple[str, Action]]:
    """(kind, action) of everything that is taken by itself, in a fixed order."""
    return sorted(
        (
            (kind, action)
            for kind, rules in load_rules().items()
            for action in rules.actions
            if action.daily is not None
        ),
        key=lambda job: (job[0], job[1].name),
    )


def do_daily(hub: Hub, *, limit: int | None = None, again: bool = False, actor: str = ACTOR) -> Daily:
    """Go on with today's round, for at most so many records. ``again``: begin it anew, as a person asks for it."""
    today = hub.moment(actor).today.isoformat()
    at = {} if again else _read_position(hub, today)
    result = Daily(finished=bool(at.get("finished")))
    if result.finished:
        return result
    for kind, action in list_daily():
        job = f"{kind}.{action.name}"
        if job < at.get("job", ""):
            continue
        after = at.get("after") if job == at.get("job") else None
        rest = None if limit is None else limit - result.looked
        reached = _do_job(hub, kind, action, after, rest, result, actor)
        if reached is not None:
            _save_position(hub, {"day": today, "job": job, "after": reached})
            return result
    result.finished = True
    _save_position(hub, {"day": today, "finished": True})
    return result


def _do_job(
    hub: Hub, kind: str, action: Action, after: str | None, rest: int | None, result: Daily, actor: str
) -> str | None:
    """Where it stopped for want of ``rest``; None: it is through."""
    if rest is not None and rest <= 0:
        return after or str(UUID(int=0))
    where: dict[str, Any] = dict(action.daily or {})
    if after is not None:
        where["id__gt"] = UUID(after)
    with hub.store.read() as tx:
        found = tx.find(find_kind(kind), order=["id"], limit=rest, **where)
    for record in found:
        result.looked += 1
        _take_all(hub, kind, record, action, result, actor)
    return str(found[-1].id) if rest is not None and len(found) == rest else None


def _take_all(hub: Hub, kind: str, record: Any, action: Action, result: Daily, actor: str) -> None:
    left: dict[UUID, tuple[str, str, IsthmusError]] = {}
    try:
        more = True
        while more:
            done = act_on_record(hub, kind, record.id, action.name, {}, actor)
            result.done[kind, action.name] += len(done.made) + len(done.changed)
            left |= {row.id: (row.KIND, describe_record(row, str(row.id))[0], error) for row, error in done.refused}
            more = done.more
    except IsthmusError as error:
        result.refused.append((kind, describe_record(record, str(record.id))[0], error))
    result.refused += left.values()


def _read_position(hub: Hub, today: str) -> dict[str, Any]:
    with hub.store.read() as tx:
        row = tx.get(Setting, name=SETTING)
    return row.value if row is not None and row.value.get("day") == today else {}


def _save_position(hub: Hub, value: dict[str, Any]) -> None:
    with hub.store.write() as tx:
        tx.save(Setting(name=SETTING, value=value))
