"""Events of a system that can be read: a hint, and the record there is the truth."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from connectors.sandbox.connector import SandboxConnector
from hub.model.party import Account
from hub.model.sales import Order
from hub.protocol.binding import Binding
from hub.runtime.assemble import equip_connection
from hub.sdk import Tools
from hub.sdk.simulator import HandlerTransport
from hub.sdk.webhooks import Call, Notice, Received, Receiver
from hub.store.event_rows import Event
from hub.store.rows import ConnectionState
from hub.sync.awaited import take_all_awaited
from hub.sync.context import OpenConnection
from hub.sync.event_intake import take_events
from hub.sync.events import keep_events, list_due_events, make_event
from tests.sync.world import TIMING, World


class Ear(Receiver):
    """Takes ``{"stream": …, "id": …}`` for what it is."""

    def receive(self, call: Call) -> Received:
        return Received()

    def read(self, call: Call) -> Sequence[Notice]:
        body = json.loads(call.body)
        return [Notice(body["stream"], id_) for id_ in body["ids"]]


class CalledSandbox(SandboxConnector):
    """A sandbox that says when something changed."""

    def receiver(self) -> Receiver:
        return Ear()


class CalledWorld(World):
    """The ERP calls the hub."""

    def _open(self, name: str) -> OpenConnection:
        transport = HandlerTransport(self.api.handle)
        tools = Tools(clock=self.clock, random=random.Random(3), transport=transport, http_total_s=20)
        config = CalledSandbox.Config.model_validate({"url": "http://sandbox", "token": self.settings.token})
        return equip_connection(name, self.config.connections[name], CalledSandbox(config, tools), TIMING)

    def hear(self, *ids: str, stream: str = "partner") -> list[UUID]:
        """One event about these records; its id."""
        self.clock.pass_time(1)
        body = json.dumps({"stream": stream, "ids": ids, "at": self.clock.now().isoformat()}).encode()
        call = Call("POST", "/hooks/erp", {}, body, self.clock.now())
        return keep_events(self.store, [make_event(self.store, "erp", Ear(), call, Received())])

    def accounts(self) -> list[Account]:
        with self.store.read() as tx:
            return tx.find(Account, order=["id"])

    def reads(self, path: str) -> int:
        return sum(trace.target == path for trace in self.api.requests)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CalledWorld]:
    world = CalledWorld(tmp_path)
    yield world
    world.hub.close()
    world.store.close()


def test_the_record_there_is_the_truth_however_old_the_event(world: CalledWorld):
    partner = world.wang.create("partner", name="海岳")
    first = world.hear(partner["id"])
    world.wang.edit("partner", partner["id"], name="海岳精密")
    second = world.hear(partner["id"])
    assert take_events(world.hub, second, "test").records == {"created": 1}
    assert [account.name for account in world.accounts()] == ["海岳精密"]
    assert take_events(world.hub, first, "test").records == {"unchanged": 1}


def test_several_events_about_one_record_read_it_once(world: CalledWorld):
    partner = world.wang.create("partner", name="海岳")
    ids = [id_ for _ in range(5) for id_ in world.hear(partner["id"])]
    assert take_events(world.hub, ids, "test").events == {"done": 5}
    assert world.reads(f"/api/partner/{partner['id']}") == 1


def test_what_it_refers_to_comes_first(world: CalledWorld):
    partner = world.wang.create("partner", name="海岳")
    line = {"text": "轴承", "quantity": "3", "price": "12.50", "tax_percent": "13"}
    sale = world.wang.create("sale", customer=partner["id"], lines=[line])
    take_events(world.hub, world.hear(sale["id"], stream="sale"), "test")
    with world.store.read() as tx:
        assert tx.count(Order) == 1
    assert len(world.accounts()) == 1


def test_a_record_that_is_gone_is_believed_as_a_sweep_believes_it(world: CalledWorld):
    partner = world.wang.create("partner", name="海岳")
    take_events(world.hub, world.hear(partner["id"]), "test")
    world.wang.delete("partner", partner["id"])
    assert take_events(world.hub, world.hear(partner["id"]), "test").records == {"missing": 1}
    with world.store.read() as tx:
        assert tx.find(Binding, connection="erp")[0].missing_since is not None
    assert take_events(world.hub, world.hear("P999"), "test").records == {"unknown": 1}


def test_a_system_that_is_away_costs_nothing_but_time(world: CalledWorld):
    partner = world.wang.create("partner", name="海岳")
    ids = world.hear(partner["id"])
    world.faults.order_next("read_lost", times=10)
    assert take_events(world.hub, ids, "test").events == {"put_off": 1}
    assert list_due_events(world.hub, 10) == []
    with world.store.read() as tx:
        state = tx.get(ConnectionState, connection="erp")
        assert state is not None
        assert state.failures == 1
        assert tx.find(Event)[0].attempts == 0, "nothing counts against the event"
    for _ in range(12):
        world.clock.pass_time(3600)
        take_events(world.hub, list_due_events(world.hub, 10), "test")
    assert [account.name for account in world.accounts()] == ["海岳"]


def test_a_stream_that_nobody_maps_waits(world: CalledWorld):
    take_events(world.hub, world.hear("1", stream="moon"), "test")
    with world.store.read() as tx:
        assert [(event.state, event.code) for event in tx.find(Event)] == [("unfit", "sync.event_no_mapping")]


def test_what_a_killed_worker_left_waiting_is_taken_in(tmp_path: Path):
    from tests.sync.shop import ShopWorld, customer, order

    world = ShopWorld(tmp_path, url="sqlite://")
    world.push(order(1))

    def die(name: str) -> None:
        raise KeyboardInterrupt

    ids = world.keep(customer(1))
    hint, world.hub.hint = world.hub.hint, die  # type: ignore[assignment]  # right behind the commit
    with pytest.raises(KeyboardInterrupt):
        world.take(ids)
    world.hub.hint = hint
    assert world.all(Order) == []
    assert take_all_awaited(world.hub, "test") == {"created": 1}
    assert len(world.all(Order)) == 1
    assert take_all_awaited(world.hub, "test") == {}
    world.hub.close()
    world.store.close()


def test_a_customer_that_looks_known_is_joined_from_what_is_kept(tmp_path: Path):
    from hub.sync.bindings import add_binding
    from hub.sync.records import create_record
    from hub.sync.todo import list_todo
    from tests.sync.shop import ShopWorld, customer

    world = ShopWorld(tmp_path, url="sqlite://")
    known = create_record(world.hub, "account", {"name": "海岳 1"}, "li")
    world.push(customer(1))
    waits = [item for item in list_todo(world.hub, connection="shop") if item.kind == "account"]
    assert [item.kind_of_wait for item in waits] == ["review"]
    add_binding(world.hub, "shop", "account", str(known.id), "c1", "li")
    assert len(world.all(Account)) == 1
    world.push(customer(2, phone="021"))
    assert world.all(Account)[0].phone == "021"
    world.hub.close()
    world.store.close()


@pytest.mark.parametrize("versioned", [False, True])
def test_of_two_workers_that_read_the_same_record_the_older_reading_does_not_hold(tmp_path: Path, versioned: bool):
    """The slower one has read, the record changes, the faster one reads and takes in, and the slower one goes on."""
    world = CalledWorld(tmp_path, url="sqlite://", erp={"versioned": versioned})
    partner = world.make_customer(phone="021-1")
    take_events(world.hub, world.hear(partner["id"]), "test")
    first, second = world.hear(partner["id"]), world.hear(partner["id"])
    world.wang.edit("partner", partner["id"], phone="021-2")
    waiting = [second]

    def be_overtaken(name: str) -> None:
        if name == "C11" and waiting:
            ids = waiting.pop()
            world.clock.pass_time(1)
            world.wang.edit("partner", partner["id"], phone="021-3")
            take_events(world.make_hub(), ids, "test")
            assert world.accounts()[0].phone == "021-3"

    world.hub.checkpoint = be_overtaken
    take_events(world.hub, first, "test")
    assert (waiting, world.accounts()[0].phone) == ([], "021-3")
    with world.store.read() as tx:
        assert {event.state for event in tx.find(Event)} == {"done"}
    world.hub.close()
    world.store.close()
