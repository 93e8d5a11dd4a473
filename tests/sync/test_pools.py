"""Pools: their rules hold for actions, edits, new records and what another system says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.crm.custom import CustomField, CustomType
from hub.errors import RuleBroken
from hub.model.party import Account
from hub.sync.daily import do_daily
from tests.sync.conftest import SceneMaker
from tests.sync.scenes import Scene
from tests.sync.selling import Desk
from tests.sync.test_records import refuse


@pytest.fixture
def desk(scene: Scene) -> Desk:
    return Desk(scene)


def fill(desk: Desk, count: int, **rules: Any) -> tuple[Any, Any, list[Any]]:
    """A pool with so many free customers, and somebody who wants them."""
    pool = desk.make("pool", name="华东公海", **rules)
    return pool, desk.person(), [desk.account(f"客户 {place}", pool_id=pool.id) for place in range(count)]


# ---- claim and release ---------------------------------------------------------------------------------------------


def test_a_free_customer_is_claimed_and_given_back(desk: Desk) -> None:
    _, fang, (account,) = fill(desk, 1)
    owned = desk.act(account, "claim", owner_id=fang.id).record
    assert (owned.owner_id, owned.last_owner_id, owned.released_at) == (fang.id, None, None)
    assert owned.owned_since is not None
    free = desk.act(account, "release").record
    assert (free.owner_id, free.owned_since, free.last_owner_id) == (None, None, fang.id)
    assert free.released_at > owned.owned_since


def test_doing_it_twice_does_nothing_twice(desk: Desk) -> None:
    _, fang, (account,) = fill(desk, 1)
    desk.act(account, "claim", owner_id=fang.id)
    since = desk.reload(account).owned_since
    again = desk.act(account, "claim", owner_id=fang.id)
    assert (again.changed, again.results[0].id, desk.reload(account).owned_since) == ((), account.id, since)
    desk.act(account, "release")
    assert desk.act(account, "release").changed == ()


def test_what_somebody_owns_is_not_claimed(desk: Desk) -> None:
    _, fang, (account,) = fill(desk, 1)
    desk.act(account, "claim", owner_id=fang.id)
    with refuse("pool.taken") as caught:
        desk.act(account, "claim", owner_id=desk.person("赵强").id)
    assert caught.value.params["owner"] == "王芳"


def test_who_is_in_no_pool_is_neither_claimed_nor_released(desk: Desk) -> None:
    account, fang = desk.account(), desk.person()
    for name, options in (("claim", {"owner_id": fang.id}), ("release", {})):
        with refuse("pool.no_member"):
            desk.act(account, name, **options)


def test_a_pool_takes_its_own_kind_only(desk: Desk) -> None:
    pool = desk.make("pool", name="线索池", members="lead")
    with refuse("pool.wrong_kind"):
        desk.account(pool_id=pool.id)
    lead = desk.make("lead", name="某某", pool_id=pool.id)
    assert desk.act(lead, "claim", owner_id=desk.person().id).record.owner_id is not None
    with refuse("pool.members_fixed"):
        desk.edit(pool, members="account")


# ---- the rules, on every path --------------------------------------------------------------------------------------


def own_by_action(desk: Desk, account: Any, owner: Any) -> None:
    desk.act(account, "claim", owner_id=owner.id)


def own_by_edit(desk: Desk, account: Any, owner: Any) -> None:
    desk.edit(account, owner_id=owner.id)


def own_by_new_record(desk: Desk, account: Any, owner: Any) -> None:
    desk.account("一个新客户", pool_id=account.pool_id, owner_id=owner.id)


PATHS = (own_by_action, own_by_edit, own_by_new_record)


@pytest.mark.parametrize("path", PATHS)
def test_nobody_owns_more_than_the_limit(desk: Desk, path: Any) -> None:
    pool, fang, accounts = fill(desk, 3, limit=2)
    for account in accounts[:2]:
        own_by_action(desk, account, fang)
    with refuse("pool.full") as caught:
        path(desk, accounts[2], fang)
    assert (caught.value.params["limit"], caught.value.params["owned"]) == (2, 2)
    own_by_action(desk, accounts[2], desk.person("赵强"))
    desk.edit(accounts[0], state="inactive")
    own_by_new_record(desk, accounts[0], fang)
    desk.edit(pool, limit=0)
    own_by_new_record(desk, accounts[0], fang)


def test_a_customer_that_comes_alive_again_needs_a_place(desk: Desk) -> None:
    _, fang, (first, second) = fill(desk, 2, limit=1)
    own_by_action(desk, first, fang)
    desk.edit(first, state="inactive")
    own_by_action(desk, second, fang)
    with refuse("pool.full"):
        desk.edit(first, state="active")


def test_moving_an_owned_customer_into_a_pool_counts(desk: Desk) -> None:
    pool, fang, (account,) = fill(desk, 1, limit=1)
    own_by_action(desk, account, fang)
    stray = desk.account("池外客户", owner_id=fang.id)
    with refuse("pool.full"):
        desk.edit(stray, pool_id=pool.id)


@pytest.mark.parametrize("path", [own_by_edit])
def test_nobody_takes_over_what_is_protected(desk: Desk, path: Any) -> None:
    _, fang, (account,) = fill(desk, 1, protect_days=3)
    zhao = desk.person("赵强")
    own_by_action(desk, account, fang)
    desk.pass_days(2.9)
    with refuse("pool.protected") as caught:
        path(desk, account, zhao)
    assert caught.value.params["until"] == "2026-11-05"
    desk.pass_days(0.2)
    path(desk, account, zhao)
    assert desk.reload(account).last_owner_id == fang.id


@pytest.mark.parametrize("path", [own_by_action, own_by_edit])
def test_the_last_owner_waits_before_claiming_again(desk: Desk, path: Any) -> None:
    _, fang, (account,) = fill(desk, 1, again_days=7)
    own_by_action(desk, account, fang)
    desk.act(account, "release")
    with refuse("pool.not_again"):
        path(desk, account, fang)
    desk.act(account, "claim", owner_id=desk.person("赵强").id)
    desk.act(account, "release")
    path(desk, account, fang)  # somebody else has had it since


def test_the_last_owner_may_when_the_time_is_over(desk: Desk) -> None:
    _, fang, (account,) = fill(desk, 1, again_days=7)
    own_by_action(desk, account, fang)
    desk.act(account, "release")
    desk.pass_days(7.01)
    own_by_action(desk, account, fang)


def test_what_another_system_says_keeps_to_the_rules_too(make_scene: SceneMaker) -> None:
    """What breaks them is not taken in, and says why."""
    scene = make_scene()
    desk = Desk(scene)
    pool, fang, _ = fill(desk, 0, limit=1)
    first, second = scene.make_customer(), scene.make_customer()
    scene.wang.edit("partner", second["id"], active=False)
    scene.clock.pass_time(scene.settings.lag_s)
    scene.pull("account")
    one, two = (scene.record_of("account", partner) for partner in (first, second))
    for account in (one, two):
        desk.edit(account, pool_id=pool.id, owner_id=fang.id)  # who is inactive fills no place
    scene.clock.pass_time(1)
    scene.wang.edit("partner", second["id"], active=True)
    scene.clock.pass_time(scene.settings.lag_s)
    assert scene.pull("account").get("dead") == 1
    (dead,) = scene.dead()
    assert (dead.external_id, dead.code) == (second["id"], "pool.full")
    assert desk.reload(two).state == "inactive"


# ---- recycling -----------------------------------------------------------------------------------------------------


def test_what_nobody_works_on_goes_back(desk: Desk) -> None:
    pool, fang, (quiet, busy, free) = fill(desk, 3, recycle_days=30)
    for account in (quiet, busy):
        own_by_action(desk, account, fang)
    desk.pass_days(20)
    desk.make("opportunity", name="续约", account_id=busy.id)
    desk.pass_days(9.9)
    assert desk.act(pool, "recycle").changed == ()
    desk.pass_days(0.2)
    done = desk.act(pool, "recycle", by="daily")
    assert [row.id for row in done.changed] == [quiet.id]
    assert desk.reload(quiet).last_owner_id == fang.id
    assert (desk.reload(busy).owner_id, desk.reload(free).owner_id) == (fang.id, None)
    assert desk.scene.journal("record.changed")[-1].actor == "daily"
    assert desk.act(pool, "recycle").changed == ()


@pytest.mark.parametrize("about", ["task", "activity", "contact", "order"])
def test_whatever_names_a_customer_is_work_on_it(desk: Desk, about: str) -> None:
    """Also a kind that knows nothing of pools, and one that names it in a line."""
    pool, fang, (account,) = fill(desk, 1, recycle_days=30)
    own_by_action(desk, account, fang)
    desk.pass_days(29)
    values: dict[str, dict[str, Any]] = {
        "task": {"subject": "回访", "about_kind": "account", "about_id": account.id},
        "activity": {"subject": "拜访", "account_id": account.id},
        "contact": {"name": "李明", "links": [{"account_id": account.id}]},
        "order": {"account_id": account.id},
    }
    desk.make(about, **values[about])
    desk.pass_days(2)
    assert desk.act(pool, "recycle").changed == ()
    desk.pass_days(29)
    assert len(desk.act(pool, "recycle").changed) == 1


def test_protection_outlasts_recycling(desk: Desk) -> None:
    pool, fang, (account,) = fill(desk, 1, recycle_days=10, protect_days=20)
    own_by_action(desk, account, fang)
    desk.pass_days(15)
    assert desk.act(pool, "recycle").changed == ()
    desk.pass_days(6)
    assert len(desk.act(pool, "recycle").changed) == 1


def test_the_daily_round_recycles_every_pool_and_counts(desk: Desk) -> None:
    _, fang, accounts = fill(desk, 2, recycle_days=30)
    fill_two = desk.make("pool", name="西南公海", recycle_days=0)
    kept = desk.account("不回收", pool_id=fill_two.id, owner_id=fang.id)
    for account in accounts:
        own_by_action(desk, account, fang)
    desk.pass_days(31)
    assert do_daily(desk.hub).done["pool", "recycle"] == 2
    assert desk.reload(kept).owner_id == fang.id
    assert do_daily(desk.hub).done["pool", "recycle"] == 0


def test_one_that_cannot_be_changed_keeps_no_other_from_going_back(desk: Desk) -> None:
    """A customer with a field that was declared once and is not any more."""
    declared = CustomField(kind="account", name="grade", type=CustomType.TEXT)
    desk.scene.config = desk.scene.config.model_copy(update={"custom_fields": (declared,)})
    desk.scene.hub = desk.scene.make_hub()
    _, fang, accounts = fill(desk, 3, recycle_days=30)
    for account in accounts:
        own_by_action(desk, account, fang)
    desk.scene.edit(accounts[0], **{"custom.grade": "A"})
    desk.scene.config = desk.scene.config.model_copy(update={"custom_fields": ()})
    desk.scene.hub = desk.scene.make_hub()
    desk.pass_days(31)
    done = do_daily(desk.hub)
    assert done.done["pool", "recycle"] == 2
    assert [desk.reload(account).owner_id for account in accounts] == [fang.id, None, None]
    assert [(kind, label) for kind, label, _ in done.refused] == [("account", "客户 0")]
    assert do_daily(desk.hub, again=True).done["pool", "recycle"] == 0


# ---- many at once --------------------------------------------------------------------------------------------------


def step(desk: Desk, name: str, account: Any, person: Any) -> str | None:
    """One step of a walk; the code of its refusal."""
    try:
        if name == "claim":
            desk.act(account, "claim", owner_id=person.id)
        elif name == "release":
            desk.act(account, "release")
        elif name == "edit":
            desk.edit(account, owner_id=person.id)
        else:
            desk.edit(account, state="inactive" if name == "hide" else "active")
    except RuleBroken as error:
        return error.code
    return None


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(["claim", "release", "edit", "hide", "show"]), st.integers(0, 4), st.integers(0, 1)),
        max_size=25,
    ),
    st.integers(1, 3),
)
def test_no_walk_breaks_the_limit(steps: list[tuple[str, int, int]], limit: int) -> None:
    scene = Scene(Path("/nowhere"))
    desk = Desk(scene)
    _, fang, accounts = fill(desk, 5, limit=limit)
    people = [fang, desk.person("赵强")]
    refusals = set()
    for name, which, who in steps:
        refusals.add(step(desk, name, accounts[which], people[who]))
        for person in people:
            owned = [row for row in scene.records("account") if row.owner_id == person.id and row.state != "inactive"]
            assert len(owned) <= limit
    assert refusals <= {None, "pool.full", "pool.taken"}
    for row in scene.records("account"):
        assert (row.owned_since is None) == (row.owner_id is None)
    scene.hub.close()
    scene.store.close()


@pytest.fixture
def two_desks(database_url: str, tmp_path: Path) -> Any:
    scene = Scene(tmp_path, url=database_url)
    yield scene
    scene.hub.close()
    scene.store.close()


def race(scene: Scene, works: list[Any]) -> list[Any]:
    """Each in a thread of its own with a hub of its own; what it came to, or the error."""

    def work(job: Any) -> Any:
        desk = Desk(scene)
        desk.hub = scene.make_hub()
        try:
            return job(desk)
        except RuleBroken as error:
            return error.code

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(work, works))


def test_of_two_who_claim_one_customer_one_wins(two_desks: Scene) -> None:
    desk = Desk(two_desks)
    _, fang, accounts = fill(desk, 6)
    people = [fang, desk.person("赵强")]
    for account in accounts:
        ended = race(two_desks, [lambda d, p=p, a=account: d.act(a, "claim", owner_id=p.id).record for p in people])
        (winner,) = [row for row in ended if isinstance(row, Account)]
        assert [row for row in ended if isinstance(row, str)] == ["pool.taken"]
        assert desk.reload(account).owner_id == winner.owner_id


def test_of_two_who_claim_the_last_place_one_wins(two_desks: Scene) -> None:
    desk = Desk(two_desks)
    _, fang, accounts = fill(desk, 8, limit=1)
    for place in range(0, 8, 2):
        pair = accounts[place : place + 2]
        ended = race(two_desks, [lambda d, a=a: d.act(a, "claim", owner_id=fang.id).record for a in pair])
        assert sorted(type(row).__name__ for row in ended) == ["Account", "str"]
        assert "pool.full" in ended
        owned = [row for row in two_desks.records("account") if row.owner_id == fang.id]
        assert len(owned) == 1
        desk.act(owned[0], "release")
