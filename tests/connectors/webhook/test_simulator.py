"""The simulated shop: what it pushes, how often, and what goes wrong on the way."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from connectors.webhook.simulator import FAULTS, PLAIN, Pusher, Shop, simulator
from hub.errors import ConfigInvalid
from hub.sdk.simulator import NoAnswer, Request, Response, Server, serve


class Ear:
    """Listens instead of a hub. ``script``: what the next calls are told (None: nothing), then 200."""

    def __init__(self) -> None:
        self.heard: list[Request] = []
        self.script: list[int | None] = []
        self._lock = threading.Lock()

    def handle(self, request: Request) -> Response:
        with self._lock:
            self.heard.append(request)
            status = self.script.pop(0) if self.script else 200
        if status is None:
            raise NoAnswer
        return Response(status)

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.heard]


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def door(ear: Ear) -> Iterator[Server]:
    with serve(ear.handle) as server:
        yield server


def make_pusher(door: Server, **rates: float) -> Pusher:
    return Pusher(f"{door.url}/hooks/shop", "standard-webhooks", "c2hvcA==", 5, rates)


def test_same_seed_same_history():
    one, other, third = (Shop(seed) for seed in (4, 4, 5))
    events = [[event for _ in range(50) for event in shop.step()] for shop in (one, other, third)]
    assert events[0] == events[1] != events[2]
    assert one.documents == other.documents
    assert {event.kind for event in events[0]} == {"customer", "order", "payment"}
    stamps = [event.document["updated_at"] for event in events[0]]
    assert stamps == sorted(stamps)


def test_everything_is_pushed_once_in_order(ear: Ear, door: Server):
    shop, pusher = Shop(1), make_pusher(door)
    events = [event for _ in range(20) for event in shop.step()]
    pusher.add(events)
    assert pusher.push_all()
    assert ear.ids == [event.id for event in events]
    assert pusher.ledger.accepted == Counter(ear.ids)


def test_it_tries_again_until_it_is_told_yes(ear: Ear, door: Server):
    shop, pusher = Shop(1), make_pusher(door)
    ear.script = [503, None, 429, 301, 500]
    events = shop.step()
    pusher.add(events)
    assert pusher.push_all()
    assert ear.ids == [events[0].id] * 6
    stamps = {request.headers["webhook-timestamp"] for request in ear.heard}
    assert stamps, "each try is signed anew"
    assert pusher.ledger.accepted == {events[0].id: 1}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_shows(fault: str, ear: Ear, door: Server):
    shop, pusher = Shop(2), make_pusher(door, **{fault: 0.5})
    events = [event for _ in range(30) for event in shop.step()]
    pusher.add(events)
    assert pusher.push_all()
    ids = [event.id for event in events]
    assert pusher.ledger.faults[fault] > 0
    again = Counter(ear.ids) - Counter(ids)
    if fault == "reorder":
        assert sorted(ear.ids) == sorted(ids) != ear.ids
    elif fault == "old_version":
        assert all(id.startswith("evt_old") for id in again)
        assert again.total() == pusher.ledger.faults[fault]
    else:
        assert again.total() == pusher.ledger.faults[fault]


def test_an_unknown_fault_is_refused(door: Server):
    with pytest.raises(ValueError):
        make_pusher(door, gremlins=1.0)


def test_it_runs_on_a_port_of_its_own(ear: Ear, door: Server):
    options = {"target": f"{door.url}/hooks/shop", "steps": "5", "every_s": "0.01", "scheme": "github"}
    running = simulator().start(0, 3, {"duplicate": 0.2}, options)
    try:
        assert running.credentials == {"scheme": "github", "secret": PLAIN}
        more = httpx.post(f"{running.url}/steps", json={"count": 4})
        assert more.json() == {"count": 4}
        while httpx.get(f"{running.url}/ledger").json()["waiting"] or len(ear.heard) < 9:
            pass
        kinds = ("customer", "order", "payment")
        there = sum(len(httpx.get(f"{running.url}/documents/{kind}").json()["items"]) for kind in kinds)
        assert 0 < there <= 9
        for body in ("{}x", '{"count": "x"}', '{"count": 0}', "[]"):
            assert httpx.post(f"{running.url}/steps", content=body).status_code == 400
        assert httpx.get(f"{running.url}/nothing").status_code == 404
    finally:
        running.stop()


@pytest.mark.parametrize("options", [{"colour": "red"}, {"scheme": "smoke"}, {"steps": "many"}])
def test_options_that_do_not_exist_are_refused(options: dict[str, str]):
    with pytest.raises(ConfigInvalid):
        simulator().start(0, 1, {}, options)
