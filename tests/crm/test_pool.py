"""Pools: since when somebody owns a member, who may take it over, how many, and what goes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.crm.actions import Change, Moment, Taken, list_next
from hub.crm.pool import AT_ONCE, COUNTED, is_due
from hub.crm.rules import rules_for
from hub.model.party import User
from hub.model.pool import Pool, PoolState
from tests.crm.books import NOON, Books, act, find_act, make, refused

NOW, DAY = NOON.now, timedelta(days=1)
POOL, ELSEWHERE = UUID(int=20), UUID(int=21)
FANG, WU = User(id=UUID(int=1), name="方"), User(id=UUID(int=2), name="吴")
NOTHING = {"owned_since": None, "last_owner_id": None, "released_at": None}


def pool(**more: Any) -> Pool:
    return Pool.model_validate({"id": POOL, "name": "华东公海", **more})


def member(id_: int = 5, kind: str = "account", **more: Any) -> Any:
    return make(kind, id_, **{"name": f"客户 {id_}", "pool_id": POOL, **more})


def owned(days: float = 0, by: User = FANG, **more: Any) -> Any:
    """A member that somebody has had for so long."""
    return member(**{"owner_id": by.id, "owned_since": NOW - days * DAY, **more})


def free(days: float = 0, last: User = FANG, **more: Any) -> Any:
    """One that was given back so long ago."""
    return member(**{"last_owner_id": last.id, "released_at": NOW - days * DAY, **more})


def take(record: Any, by: User | None = FANG) -> Any:
    return record.model_copy(update={"owner_id": by.id if by else None})


# ------------------------------------------------------------ whose it has been


EARLIER = NOW - 3 * DAY


@pytest.mark.parametrize("kind", ["account", "lead"])
def test_what_is_remembered_of_its_owners(kind: str) -> None:
    stamp = rules_for(kind).stamping
    new = {"owner_id": FANG.id, "pool_id": POOL}
    assert stamp(new, None, NOON) == {**NOTHING, "owned_since": NOW}
    assert stamp({"pool_id": POOL}, None, NOON) == NOTHING
    mine = owned(3, kind=kind)
    kept = {**NOTHING, "owned_since": EARLIER}
    assert stamp(new, mine, NOON) == kept, "nothing changed"
    assert stamp({**new, "pool_id": ELSEWHERE}, mine, NOON) == {**NOTHING, "owned_since": NOW}, "it entered a pool"
    gone = {"owned_since": None, "last_owner_id": FANG.id, "released_at": NOW}
    assert stamp({"pool_id": POOL}, mine, NOON) == gone
    assert stamp({**new, "owner_id": WU.id}, mine, NOON) == {**gone, "owned_since": NOW}
    was = free(3, kind=kind)
    before = {"last_owner_id": FANG.id, "released_at": EARLIER}
    assert stamp({"pool_id": ELSEWHERE}, was, NOON) == {**before, "owned_since": None}
    assert stamp({**new, "owner_id": WU.id}, was, NOON) == {**before, "owned_since": NOW}


# ------------------------------------------------------------ who may have it


def check(member: Any, previous: Any, books: Books, at: Moment = NOON) -> None:
    rules_for(member.KIND).guarding(member, previous, books, at)


def test_a_pool_is_looked_at_only_where_something_changes() -> None:
    mine, away = owned(), member(pool_id=None, owner_id=FANG.id)
    for record, previous in ((away, None), (mine, mine), (mine.model_copy(update={"name": "新"}), mine)):
        books = Books()
        check(record, previous, books)
        assert books.locked == []
    for change in ({"owner_id": None}, {"pool_id": ELSEWHERE}, {"state": type(mine.state)("inactive")}):
        books = Books()
        check(mine.model_copy(update=change), mine, books)
        assert len(books.locked) == 1
    books = Books([pool()])
    check(mine, None, books)
    assert books.locked == [("pool", POOL)], "of two who claim the last place, the second counts the first"


def test_a_pool_takes_its_own_kind() -> None:
    with refused("pool.wrong_kind", pool="华东公海", members="lead", kind="account"):
        check(member(), None, Books([pool(members="lead")]))
    check(member(kind="lead"), None, Books([pool(members="lead")]))


def test_what_somebody_has_is_protected_for_so_long() -> None:
    books = Books([pool(protect_days=7)])
    for days, until in ((0, "2026-11-09"), (6.9, "2026-11-03")):
        with refused("pool.protected", name="客户 5", pool="华东公海", until=until):
            check(take(owned(days), WU), owned(days), books)
    check(take(owned(7), WU), owned(7), books)
    check(take(owned(0), None), owned(0), books)
    check(
        take(owned(0, pool_id=ELSEWHERE), WU).model_copy(update={"pool_id": POOL}), owned(0, pool_id=ELSEWHERE), books
    )
    check(take(owned(0), WU), owned(0), Books([pool()]))


def test_the_last_owner_waits() -> None:
    books = Books([pool(again_days=7)])
    for days, until in ((0, "2026-11-09"), (6.9, "2026-11-03")):
        with refused("pool.not_again", name="客户 5", pool="华东公海", until=until):
            check(take(free(days)), free(days), books)
    check(take(free(7)), free(7), books)
    check(take(free(0), WU), free(0), books)
    check(take(free(0)), None, books)
    check(take(free(0)), free(0), Books([pool()]))


def test_a_day_is_told_as_the_organisation_counts() -> None:
    late = Moment(datetime(2026, 11, 2, 23, tzinfo=UTC), NOON.today + DAY, "王")
    with refused("pool.protected", name="客户 5", pool="华东公海", until="2026-11-04"):
        check(take(owned(1), WU), owned(1), Books([pool(protect_days=2)]), late)


@pytest.mark.parametrize("kind", ["account", "lead"])
def test_nobody_has_more_than_the_limit(kind: str) -> None:
    counted = COUNTED[kind]
    mine = [owned(kind=kind, id_=30 + place, state=state) for place, state in enumerate(counted)]
    rest = [
        owned(kind=kind, id_=40, by=WU), owned(kind=kind, id_=41, pool_id=ELSEWHERE), member(kind=kind, id_=42),
        owned(kind=kind, id_=43, state="inactive" if kind == "account" else "lost"),
    ]  # fmt: skip
    new, size = owned(kind=kind), len(counted)
    full = [pool(members=kind, limit=size), *mine, *rest]
    with refused("pool.full", name="客户 5", pool="华东公海", limit=size, owned=size):
        check(new, member(kind=kind), Books(full))
    check(new, member(kind=kind), Books([pool(members=kind, limit=size + 1), *full[1:]]))
    check(new, member(kind=kind), Books([pool(members=kind), *full[1:]]))
    check(mine[0], member(kind=kind, id_=30), Books(full[:-1]))
    check(take(new, None), new, Books(full))
    silent = owned(kind=kind, state="inactive" if kind == "account" else "lost")
    check(silent, member(kind=kind), Books(full))


def test_a_pool_has_a_name_and_keeps_its_kind() -> None:
    rules = rules_for("pool")
    rules.check(pool(), pool(name="西南公海"))
    with refused("crm.name_missing", kind="pool"):
        rules.check(pool(name=" "))
    with refused("pool.members_fixed", name="华东公海", members="account"):
        rules.check(pool(members="lead"), pool())
    with refused("crm.transition_refused", kind="pool", state="active", to="gone", allowed="inactive"):
        rules.check_transition("active", "gone")


# ------------------------------------------------------------ what is done with it


def test_claimed_and_given_back() -> None:
    mine, any_ = owned(), member()
    result = (("account", any_.id),)
    given = Taken((Change("account", any_.id, {"owner_id": FANG.id}),), result)
    assert act(any_, "claim", Books(), owner_id=FANG.id) == given
    assert act(mine, "claim", Books(), owner_id=FANG.id) == Taken(results=result)
    back = Taken((Change("account", mine.id, {"owner_id": None}),), result)
    assert act(mine, "release", Books()) == back
    assert act(any_, "release", Books()) == Taken(results=result)


def test_what_is_neither_claimed_nor_given_back() -> None:
    outside = member(pool_id=None)
    with refused("pool.no_member", name="客户 5"):
        act(outside, "claim", Books(), owner_id=FANG.id)
    with refused("pool.no_member", name="客户 5"):
        act(outside, "release", Books())
    with refused("pool.taken", name="客户 5", owner="吴"):
        act(owned(by=WU), "claim", Books([WU]), owner_id=FANG.id)
    with refused("pool.taken", name="客户 5", owner=str(WU.id)):
        act(owned(by=WU), "claim", Books(), owner_id=FANG.id)


RULES = pool(recycle_days=10, protect_days=5)


@pytest.mark.parametrize(
    ("record", "touched", "rules", "due"),
    [
        (owned(10), None, RULES, True),
        (owned(9.99), None, RULES, False),
        (owned(30), NOW - 10 * DAY, RULES, True),
        (owned(30), NOW - 9 * DAY, RULES, False),
        (owned(10), NOW - 30 * DAY, RULES, True),
        (owned(9), NOW - 30 * DAY, RULES, False),
        (owned(10), None, pool(recycle_days=10, protect_days=11), False),
        (owned(11), None, pool(recycle_days=10, protect_days=11), True),
        (owned(30), None, pool(protect_days=5), False),
        (member(owned_since=NOW - 30 * DAY), None, RULES, False),
        (member(owner_id=FANG.id), None, RULES, False),
        (owned(30, state="inactive"), None, RULES, False),
        (owned(30, state="prospect"), None, RULES, True),
        (owned(30, kind="lead", state="converted"), None, RULES, False),
        (owned(30, kind="lead", state="qualified"), None, RULES, True),
    ],
)
def test_when_a_member_is_due(record: Any, touched: datetime | None, rules: Pool, due: bool) -> None:
    assert is_due(record, touched, rules, NOON) is due


def aged(id_: int, days: float = 30, **more: Any) -> Any:
    return owned(days, id_=id_, updated_at=NOW - days * DAY, **more)


def test_what_nobody_works_on_goes_back() -> None:
    due, spoken_for = aged(30), aged(31)
    others = [
        aged(32, days=9), aged(33, pool_id=ELSEWHERE), aged(34, state="inactive"), aged(35, owner_id=None),
        owned(30, id_=36, updated_at=NOW),
    ]  # fmt: skip
    books = Books([due, spoken_for, *others], touched={spoken_for.id: NOW})
    assert act(RULES, "recycle", books) == Taken(
        (Change("account", due.id, {"owner_id": None}),), (("account", due.id),), more=False
    )
    assert books.locked == [("account", due.id), ("account", spoken_for.id)]
    assert act(pool(), "recycle", books) == Taken()


def test_many_go_back_in_several_goes() -> None:
    rows = [aged(100 + place) for place in range(AT_ONCE + 1)]
    taken = act(RULES, "recycle", Books(rows))
    assert (len(taken.steps), len(taken.results), taken.more) == (AT_ONCE, AT_ONCE, True)
    taken = act(RULES, "recycle", Books(rows[: AT_ONCE - 1]))
    assert (len(taken.steps), taken.more) == (AT_ONCE - 1, False)


def test_recycling_is_done_by_itself_once_a_day() -> None:
    recycle = find_act("pool", "recycle")
    assert (recycle.states, recycle.alone) == (frozenset({PoolState.ACTIVE}), False)
    assert recycle.daily == {"state": PoolState.ACTIVE, "recycle_days__gt": 0}


def test_what_can_be_done_with_a_member() -> None:
    for kind, options in (("account", {"claim": ("owner_id!",), "release": ()}),):
        rules = rules_for(kind)
        found = list_next(member(kind=kind), rules.transitions, rules.actions)
        assert (found.actions, found.options) == (("claim", "release"), options)
        assert found.transitions == tuple(sorted(map(str, rules.transitions[member(kind=kind).state])))
