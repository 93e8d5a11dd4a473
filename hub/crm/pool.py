"""Pools (公海): who may take a member, how many, and when it goes back. They hold whoever changes an owner."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from hub.crm.actions import Action, Asked, Change, Look, Moment, Taken
from hub.crm.checks import STANDING_TRANSITIONS, check_name
from hub.crm.rules import Rules
from hub.errors import RuleBroken
from hub.model.kinds import Fields
from hub.model.pool import Pool, Pooled, PoolState
from hub.model.values import Ref, Value

TRANSITIONS = {PoolState(state): frozenset(map(PoolState, onward)) for state, onward in STANDING_TRANSITIONS.items()}
COUNTED = {"account": ("prospect", "active"), "lead": ("new", "working", "qualified")}
"""States in which a member is somebody's work; in the others it fills no place and is not recycled."""
AT_ONCE = 200
"""So many go back in one transaction."""


def check(pool: Pool, previous: Pool | None, remote: bool) -> None:
    """A name; what its members are never changes."""
    check_name("pool", pool.name)
    if previous is not None and previous.members is not pool.members:
        raise RuleBroken("pool.members_fixed", name=pool.name, members=previous.members.value)


# ---------------------------------------------------------------- the owner of a member


def stamp_owner(values: Fields, previous: Pooled | None, at: Moment) -> dict[str, Any]:
    """Since when the owner has it, who had it before, and when it was given back."""
    if previous is None:
        owned = values.get("owner_id") is not None
        return {"owned_since": at.now if owned else None, "last_owner_id": None, "released_at": None}
    stamps = {name: getattr(previous, name) for name in Pooled.OWNERSHIP}
    owner, entered = values.get("owner_id"), values.get("pool_id") != previous.pool_id
    if owner == previous.owner_id and not (entered and owner is not None):
        return stamps
    stamps["owned_since"] = None if owner is None else at.now
    if previous.owner_id is not None and owner != previous.owner_id:
        stamps |= {"last_owner_id": previous.owner_id, "released_at": at.now}
    return stamps


def check_owner(member: Any, previous: Any, look: Look, at: Moment) -> None:
    """The pool's rules for whoever is to own a member now, however the change came in."""
    if member.pool_id is None:
        return
    if previous is not None and _describe(previous) == _describe(member):
        return
    # Locked: of two who claim the last place at once, the second counts the first.
    pool = look.lock("pool", member.pool_id)
    if not isinstance(pool, Pool):
        return  # a missing record is refused by whoever checks references
    if pool.members.value != member.KIND:
        raise RuleBroken("pool.wrong_kind", pool=pool.name, members=pool.members.value, kind=member.KIND)
    if member.owner_id is None:
        return
    moved = previous is not None and previous.pool_id == member.pool_id and previous.owner_id != member.owner_id
    if moved:
        _check_takeover(pool, member, previous, at)
    _check_limit(pool, member, look)


def _describe(member: Any) -> tuple[UUID | None, UUID | None, bool]:
    """Where it is, whose it is, and whether it fills a place."""
    return member.pool_id, member.owner_id, member.state.value in COUNTED[member.KIND]


def _check_takeover(pool: Pool, member: Any, previous: Any, at: Moment) -> None:
    if previous.owner_id is not None and previous.owned_since is not None:
        until = previous.owned_since + timedelta(days=pool.protect_days)
        if at.now < until:
            raise RuleBroken("pool.protected", name=member.name, pool=pool.name, until=_show_day(until, at))
    if previous.owner_id is None and previous.last_owner_id == member.owner_id and previous.released_at is not None:
        again = previous.released_at + timedelta(days=pool.again_days)
        if at.now < again:
            raise RuleBroken("pool.not_again", name=member.name, pool=pool.name, until=_show_day(again, at))


def _show_day(moment: Any, at: Moment) -> str:
    """The first whole day, as the organisation counts days."""
    return str(at.today + (moment - at.now + timedelta(days=1) - timedelta(microseconds=1)))


def _check_limit(pool: Pool, member: Any, look: Look) -> None:
    counted = COUNTED[member.KIND]
    if pool.limit == 0 or member.state.value not in counted:
        return
    mine = {"pool_id": pool.id, "owner_id": member.owner_id, "state__in": counted, "id__ne": member.id}
    owned = look.count(member.KIND, **mine)
    if owned >= pool.limit:
        raise RuleBroken("pool.full", name=member.name, pool=pool.name, limit=pool.limit, owned=owned)


# ---------------------------------------------------------------- actions


class Claim(Value):
    owner_id: Annotated[UUID, Ref("user")]
    """Who takes it."""


def claim(member: Any, asked: Asked) -> Taken:
    """Take a free member of a pool."""
    if member.pool_id is None:
        raise RuleBroken("pool.no_member", name=member.name)
    if member.owner_id == asked.options.owner_id:
        return Taken(results=((member.KIND, member.id),))
    if member.owner_id is not None:
        owner = asked.look.get("user", member.owner_id)
        raise RuleBroken("pool.taken", name=member.name, owner=getattr(owner, "name", str(member.owner_id)))
    return _give(member, asked.options.owner_id)


def release(member: Any, asked: Asked) -> Taken:
    """Give a member back to its pool."""
    if member.pool_id is None:
        raise RuleBroken("pool.no_member", name=member.name)
    if member.owner_id is None:
        return Taken(results=((member.KIND, member.id),))
    return _give(member, None)


def _give(member: Any, owner_id: UUID | None) -> Taken:
    return Taken((Change(member.KIND, member.id, {"owner_id": owner_id}),), ((member.KIND, member.id),))


CLAIM = Action("claim", claim, Claim)
RELEASE = Action("release", release)


def is_due(member: Any, touched: Any, pool: Pool, at: Moment) -> bool:
    """Whether a member goes back: nothing about it changed for ``recycle_days``, and its protection is over."""
    if pool.recycle_days == 0 or member.owner_id is None or member.owned_since is None:
        return False
    if member.state.value not in COUNTED[member.KIND]:
        return False
    last = max(member.owned_since, touched or member.owned_since)
    protected = member.owned_since + timedelta(days=pool.protect_days)
    return bool(at.now >= max(last + timedelta(days=pool.recycle_days), protected))


def recycle(pool: Pool, asked: Asked) -> Taken:
    """Give back every member about which nothing changed for so long."""
    at, kind = asked.at, pool.members.value
    if pool.recycle_days == 0:
        return Taken()
    quiet = at.now - timedelta(days=pool.recycle_days)
    found = asked.look.find(
        kind, lock=True, pool_id=pool.id, owner_id__null=False, state__in=COUNTED[kind],
        owned_since__le=quiet, updated_at__le=quiet,
    )  # fmt: skip
    due: list[Any] = []
    for member in found:
        if is_due(member, asked.look.find_touched(member), pool, at):
            due.append(member)
        if len(due) == AT_ONCE:
            break
    steps = tuple(Change(kind, member.id, {"owner_id": None}) for member in due)
    return Taken(steps, tuple((kind, member.id) for member in due), more=len(due) == AT_ONCE)


RULES = Rules(
    "pool",
    TRANSITIONS,
    checking=check,
    actions=(
        Action(
            "recycle", recycle, states=frozenset({PoolState.ACTIVE}),
            daily={"state": PoolState.ACTIVE, "recycle_days__gt": 0}, alone=False,
        ),
    ),
)  # fmt: skip
