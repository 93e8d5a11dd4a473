"""Events of a shop that can only push: older versions, deletions, what comes too early, what fits nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.webhook.receiver import WebhookReceiver
from connectors.webhook.simulator import Shop
from hub.errors import ConfigInvalid, NotFound, Transient
from hub.model.finance import Payment
from hub.model.party import Account
from hub.model.sales import Order, OrderState
from hub.store.rows import ConnectionState
from hub.sync.event_intake import AT_ONCE, MOST_FAILURES
from hub.sync.events import (
    EventFilter,
    drop_event,
    find_event,
    list_due_events,
    list_events,
    make_replay,
    prune_events,
)
from hub.sync.pause import pause_connection, resume_connection
from tests.sync.shop import EVENTS, ShopWorld, customer, order, payment


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ShopWorld]:
    world = ShopWorld(tmp_path, url="sqlite://")
    yield world
    world.hub.close()
    world.store.close()


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[ShopWorld]:
    """The same, once on each database."""
    world = ShopWorld(tmp_path, url=database_url)
    yield world
    world.hub.close()
    world.store.close()


def test_customers_orders_and_payments_come_in(both: ShopWorld):
    report = both.push(customer(1), order(1), payment(1))
    assert report.records == {"created": 3}
    paid = both.all(Order)[0]
    assert (paid.number, paid.state, paid.gross, paid.paid) == ("SH-o1", "approved", Decimal("22.60"), Decimal("22.60"))
    assert {event.state for event in both.events()} == {"done"}
    told = both.events()[0].outcomes[0]
    assert (told["kind"], told["external_id"], told["outcome"]) == ("account", "c1", "created")
    assert told["record_id"] == str(both.all(Account)[0].id)
    assert len(both.hinted) >= 2, "the ERP gets them by itself"


def test_the_same_event_again_is_no_work(both: ShopWorld):
    assert len(both.keep(customer(1))) == 1
    assert both.keep(customer(1), customer(1)) == []
    assert len(both.keep(customer(1), customer(2), customer(2))) == 1
    assert len(both.events()) == 2


def test_two_receivers_that_keep_the_same_calls_in_another_order_do_not_lock_up(both: ShopWorld):
    """A sender that is impatient calls again, and another machine answers."""
    bodies = [customer(version) for version in range(500)]
    for _ in range(6):
        gate = Barrier(2)

        def keep(part: list[Any], gate: Barrier = gate) -> int:
            gate.wait()
            return len(both.keep(*part))

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(keep, (bodies, bodies[::-1]))) == len(bodies)
        bodies = [{**body, "id": f"{body['id']}+"} for body in bodies]


def test_trouble_of_our_own_database_is_not_held_against_the_other_system(world: ShopWorld):
    ids = world.keep(customer(1))
    usual = world.hub.checkpoint

    def stumble(name: str) -> None:
        if name == "C11":
            raise Transient("store.busy", what="locked")

    world.hub.checkpoint = stumble
    assert world.take(ids).events == {"put_off": 1}
    world.hub.checkpoint = usual
    world.clock.pass_time(10)
    assert list_due_events(world.hub, 10) == ids
    with world.store.read() as tx:
        assert tx.get(ConnectionState, connection="shop") is None


def test_a_body_without_an_id_is_told_by_what_it_says(world: ShopWorld):
    assert len(world.keep(b'{"type": 1}', b'{"type": 2}')) == 2
    assert world.keep(b'{"type": 1}') == []


@pytest.mark.parametrize("versions", list(permutations((1, 2, 3))))
def test_older_versions_are_ignored_in_any_order(world: ShopWorld, versions: tuple[int, ...]):
    for version in versions:
        world.push(customer(version))
    assert [account.name for account in world.all(Account)] == ["海岳 3"]
    outcomes = [event.outcomes[0]["outcome"] for event in world.events()]
    assert outcomes.count("older") == sum(versions[place] < max(versions[:place]) for place in range(1, 3))


@pytest.mark.parametrize("versions", list(permutations((1, 2, 3))))
def test_the_same_within_one_batch(world: ShopWorld, versions: tuple[int, ...]):
    world.push(*(customer(version) for version in versions))
    assert [account.name for account in world.all(Account)] == ["海岳 3"]


def test_a_payment_waits_for_its_order_and_the_order_for_its_customer(both: ShopWorld):
    assert both.push(payment(1)).records == {"waiting": 1}
    assert both.push(order(1)).records == {"waiting": 1}
    assert [(row.state, row.external_id) for row in both.aside()] == [("waiting", "o1"), ("waiting", "p1")]
    assert both.push(customer(1)).records == {"created": 3}
    assert both.aside() == []
    assert both.all(Order)[0].paid == Decimal("22.60")


def test_what_waits_is_not_replaced_by_an_older_version(world: ShopWorld):
    world.push(order(5, note="new"))
    world.push(order(4, note="old"))
    world.push(customer(1))
    assert [found.note for found in world.all(Order)] == ["new"]


def test_a_deletion_waits_for_a_person_and_an_older_version_does_not_undo_it(world: ShopWorld):
    world.push(customer(1))
    world.push(customer(3, type="customer.deleted"))
    world.push(customer(2))
    assert world.events()[-1].outcomes[0]["outcome"] == "older"
    from hub.sync.todo import list_todo

    assert [item.code for item in list_todo(world.hub, connection="shop") if item.kind == "account"] == [
        "protocol.deleted_there"
    ]


def test_a_deletion_that_comes_first_is_remembered(world: ShopWorld):
    world.push(customer(3, type="customer.deleted"))
    world.push(customer(2))
    assert world.all(Account) == []
    assert world.push(customer(4)).records == {"created": 1}, "made anew after that"


def test_a_deletion_ends_the_wait(world: ShopWorld):
    world.push(order(1))
    gone = {**order(2), "type": "order.gone", "id": "gone"}
    world.use({**world.shop_config, "events": {**EVENTS, "order.gone": {"kind": "order", "ends": "deleted"}}})
    world.push(gone)
    world.push(customer(1))
    assert (world.aside(), world.all(Order)) == ([], [])


def test_an_old_deletion_does_not_end_a_newer_wait(world: ShopWorld):
    world.use({**world.shop_config, "events": {**EVENTS, "order.gone": {"kind": "order", "ends": "deleted"}}})
    world.push(order(2))
    world.push({**order(1), "type": "order.gone", "id": "gone"})
    assert world.push(customer(1)).records == {"created": 2}
    assert len(world.all(Order)) == 1


def test_a_deletion_of_something_unknown_is_not_about_another_kind(world: ShopWorld):
    """An order that waits and a customer that is here have the same number in the shop."""
    world.use({**world.shop_config, "events": {**EVENTS, "order.gone": {"kind": "order", "ends": "deleted"}}})
    world.push(customer(1, id="7"))
    world.push(order(1, id="7"))
    world.push({**order(2, id="7"), "type": "order.gone", "id": "gone"})
    world.push(customer(1))
    assert (world.aside(), world.all(Order)) == ([], [])


@pytest.mark.parametrize("later", ["customer.updated", "customer.deleted"])
def test_without_versions_the_order_of_arrival_holds_whichever_worker_is_faster(both: ShopWorld, later: str):
    both.use({**both.shop_config, "version": "received"})
    first = both.keep(customer(1))
    both.clock.pass_time(5)
    second = both.keep(customer(2, type=later))
    both.take(second)
    both.take(first)
    assert [account.name for account in both.all(Account)] == (["海岳 2"] if later == "customer.updated" else [])
    assert both.events()[0].outcomes[0]["outcome"] == "older"
    both.take(make_replay(both.hub, first, "li"))
    assert both.events()[0].outcomes[0]["outcome"] == "older", "a replay is no news"
    assert both.push(customer(3)).records in ({"updated": 1}, {"created": 1})


def test_an_event_that_was_given_up_while_it_was_read_stays_so(world: ShopWorld, monkeypatch: pytest.MonkeyPatch):
    (id_,) = world.keep({"id": "odd", "type": "weather.sunny", "data": {"id": "w1"}})
    usual = WebhookReceiver.read

    def slow(receiver: Any, call: Any) -> Any:
        drop_event(world.hub, world.events()[0], "not ours", "li")
        return usual(receiver, call)

    monkeypatch.setattr(WebhookReceiver, "read", slow)
    assert world.take([id_]).events.total() == 0
    assert world.events()[0].state == "dropped"


def test_a_cancelled_order_is_void(world: ShopWorld):
    world.push(customer(1), order(1))
    world.push(order(2, type="order.cancelled", status="cancelled"))
    assert world.all(Order)[0].state is OrderState.VOID


def test_what_fits_nothing_is_kept_and_read_again_when_the_configuration_fits(world: ShopWorld):
    bodies = [{"type": "cart.left", "id": "e1", "data": {"id": "k1", "updated_at": 1, "name": "Kart"}},
              {"type": "customer.created", "id": "e2", "data": {"updated_at": 1}},
              {"type": "customer.created", "id": "e3", "data": {"id": "c9"}},
              {"no": "type", "id": "e4"}, b"no json at all", [1, 2]]  # fmt: skip
    assert world.push(*bodies).events == {"unfit": len(bodies)}
    codes = [event.code for event in world.events()]
    expected = ["type_unknown", "no_id", "no_version", "no_type", "no_json", "no_type"]
    assert codes == [f"webhook.{code}" for code in expected]
    assert list_due_events(world.hub, 10) == [], "nothing has changed yet"
    world.use({**world.shop_config, "events": {**EVENTS, "cart.*": {"kind": "account"}}})
    due = list_due_events(world.hub, 10)
    assert len(due) == len(bodies)
    assert world.take(due).events == {"unfit": 5, "done": 1}
    assert [account.name for account in world.all(Account)] == ["Kart"]
    assert list_due_events(world.hub, 10) == []


def test_a_kind_without_a_sync_waits_for_one(world: ShopWorld):
    world.use(world.shop_config, kinds=["account"])
    world.push(customer(1), order(1))
    assert [(event.state, event.code) for event in world.events()] == [
        ("done", None),
        ("unfit", "sync.event_no_sync"),
    ]
    world.use(world.shop_config)
    world.take(list_due_events(world.hub, 10))
    assert len(world.all(Order)) == 1


def test_ignored_types_are_done(world: ShopWorld):
    world.use({**world.shop_config, "ignore": ["cart.*"]})
    world.push({"type": "cart.left", "id": "e1", "data": {}})
    assert [(event.state, event.outcomes) for event in world.events()] == [("done", [])]


def test_a_record_that_cannot_be_translated_harms_no_other(world: ShopWorld):
    report = world.push(customer(1), order(1, id="o1", status="nonsense"), order(1, id="o2"))
    assert report.records == {"created": 2, "dead": 1}
    assert [row.external_id for row in world.aside()] == ["o1"]
    world.push(order(2, id="o1"))
    assert world.aside() == []


def test_an_event_that_breaks_the_reader_ends_in_front_of_a_person(world: ShopWorld, monkeypatch: pytest.MonkeyPatch):
    read = WebhookReceiver.read

    def fragile(receiver: Any, call: Any) -> Any:
        if b"c13" in call.body:
            raise ZeroDivisionError("thirteen")
        return read(receiver, call)

    monkeypatch.setattr(WebhookReceiver, "read", fragile)
    ids = world.keep(customer(1), customer(1, id="c13"), customer(1, id="c2"))
    report = world.take(ids)
    assert (report.events["done"], report.events["failed"]) == (2, 1)
    for _ in range(MOST_FAILURES):
        world.clock.pass_time(60)
        report = world.take(list_due_events(world.hub, 10))
    dead = world.events(state="dead")
    assert [(event.code, event.attempts) for event in dead] == [("runtime.connector_defect", MOST_FAILURES)]
    assert "thirteen" in (dead[0].words or "")
    from hub.sync.todo import list_todo

    items = [item for item in list_todo(world.hub) if item.kind_of_wait == "event"]
    assert [(item.connection, item.code) for item in items] == [("shop", "runtime.connector_defect")]
    assert str(dead[0].id) in items[0].command


def test_a_hint_that_comes_twice_or_late_changes_nothing(world: ShopWorld):
    ids = world.keep(customer(1))
    assert world.take(ids).events == {"done": 1}
    assert world.take(ids).events == {}
    assert world.take([world.hub.new_id()]).events == {}


def test_a_paused_connection_keeps_its_events(world: ShopWorld):
    ids = world.keep(customer(1))
    pause_connection(world.hub, "shop", "test")
    assert world.take(ids).events == {}
    assert list_due_events(world.hub, 10) == []
    resume_connection(world.hub, "shop", "test")
    assert world.take(list_due_events(world.hub, 10)).events == {"done": 1}


def test_many_events_are_taken_in_parts(world: ShopWorld):
    ids = world.keep(*(customer(1, id=f"c{place}") for place in range(AT_ONCE * 2 + 5)))
    assert list_due_events(world.hub, 7) == ids[:7]
    assert world.take(ids).events == {"done": AT_ONCE * 2 + 5}
    assert len(world.all(Account)) == AT_ONCE * 2 + 5


def test_a_replay_reads_the_kept_body_by_the_mapping_of_today(world: ShopWorld):
    world.push(customer(1), order(1, status="nonsense"))
    event = find_event(world.hub, order(1)["id"])
    replayed = make_replay(world.hub, [event.id], "li")
    assert replayed == [event.id]
    assert list_due_events(world.hub, 10) == [event.id]
    world.take(replayed)
    again = find_event(world.hub, str(event.id))
    assert (again.state, again.replays, again.replayed_by) == ("done", 1, "li")
    assert again.outcomes[0]["outcome"] == "dead"
    with world.store.read() as tx:
        from hub.store.rows import JournalEntry

        assert tx.count(JournalEntry, action="event.replayed", actor="li") == 1


def test_a_replay_of_an_old_version_is_still_old(world: ShopWorld):
    world.push(customer(1))
    world.push(customer(2))
    first = world.events()[0]
    world.take(make_replay(world.hub, [first.id], "li"))
    assert world.all(Account)[0].name == "海岳 2"
    assert world.events(id=first.id)[0].outcomes[0]["outcome"] == "older"


def test_events_are_listed_and_found(world: ShopWorld):
    world.push(customer(1))
    later = world.clock.now() + timedelta(hours=1)
    world.clock.pass_time(7200)
    world.push(customer(2), {"type": "x", "id": "odd"})
    assert list_events(world.hub, EventFilter(), 10)[0].key == "odd"
    assert len(list_events(world.hub, EventFilter(since=later), 10)) == 2
    assert len(list_events(world.hub, EventFilter(until=later), 10)) == 1
    assert [event.key for event in list_events(world.hub, EventFilter(state="unfit"), 10)] == ["odd"]
    assert list_events(world.hub, EventFilter(connection="erp"), 10) == []
    with pytest.raises(ConfigInvalid):
        list_events(world.hub, EventFilter(state="lost"), 10)
    with pytest.raises(NotFound):
        find_event(world.hub, "nothing")
    with pytest.raises(ConfigInvalid):
        find_event(world.hub, str(world.events()[0].id)[:2])


def test_old_events_go_and_those_that_wait_stay(world: ShopWorld):
    world.push(customer(1), {"type": "x", "id": "odd"})
    world.keep(customer(2))
    with world.store.write() as tx:
        assert prune_events(tx, world.clock.now() + timedelta(days=29)) == 0
        assert prune_events(tx, world.clock.now() + timedelta(days=31)) == 1
        assert prune_events(tx, world.clock.now() + timedelta(days=91)) == 1
    assert [event.state for event in world.events()] == ["new"]


def test_a_stream_with_news_is_not_silent(world: ShopWorld):
    from hub.store.rows import Cursor

    world.push(customer(1))
    with world.store.read() as tx:
        cursor = tx.get(Cursor, connection="shop", stream="account")
    assert cursor is not None
    assert cursor.changed_at is not None


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 1000), shuffle=st.randoms(use_true_random=False), cut=st.integers(1, 9))
def test_any_order_any_number_of_times_ends_as_the_shop_is(tmp_path_factory: Any, seed: int, shuffle: Any, cut: int):
    shop = Shop(seed)
    happened = [event for _ in range(14) for event in shop.step()]
    arriving = [*happened, *shuffle.choices(happened, k=5)]
    shuffle.shuffle(arriving)
    world = ShopWorld(tmp_path_factory.getbasetemp(), url="sqlite://")
    try:
        for start in range(0, len(arriving), cut):
            world.push(*arriving[start : start + cut])
        check_as_shop(world, shop)
        assert Counter(event.state for event in world.events()) == {"done": len(happened)}
        assert world.aside() == []
    finally:
        world.hub.close()
        world.store.close()


def check_as_shop(world: ShopWorld, shop: Shop) -> None:
    """Every record is here once, as it is there."""
    accounts, orders, payments = (world.all(model) for model in (Account, Order, Payment))
    there = shop.documents
    told = {(row.number, row.name, row.addresses[0].street) for row in accounts}
    assert told == {(row["number"], row["name"], row["street"]) for row in there["customer"].values()}
    states = {"placed": "submitted", "confirmed": "approved"}
    assert {(row.number, row.state.value, row.gross) for row in orders} == {
        (row["number"], states[row["status"]], Decimal(row["gross"])) for row in there["order"].values()
    }
    assert len(orders) == len(there["order"])
    paid = {row["order_id"]: Decimal(row["amount"]) for row in there["payment"].values()}
    assert {row.number: row.paid for row in orders} == {
        row["number"]: paid.get(id, Decimal(0)) for id, row in there["order"].items()
    }
    assert len(payments) == len(there["payment"])
