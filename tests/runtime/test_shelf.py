"""What a connection was given once: all workers use it, one of them asks, and nobody repeats what was refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.errors import NeedsConsent, Transient
from hub.runtime import shelf
from hub.runtime.budget import SharedBudget
from hub.runtime.home import Home
from hub.runtime.secrets import Vault, make_key
from hub.sdk import CallLimits, Grant, NoBudget
from hub.store import Store
from hub.store.rows import Setting
from tests.runtime.stage import TurnedClock

TOKEN = "token-of-the-tests"  # pragma: allowlist secret


class Server:
    """Gives tokens, one after the other, and counts who asks."""

    def __init__(self) -> None:
        self.asked = 0
        self.refuses: Exception | None = None
        self._lock = threading.Lock()

    def ask(self) -> Grant:
        with self._lock:
            self.asked += 1
        if self.refuses is not None:
            raise self.refuses
        return Grant(f"{TOKEN}-{self.asked}", 100)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def make_worker(tmp_path: Path, clock: TurnedClock) -> Iterator[Callable[..., SharedBudget]]:
    """Workers in processes of their own, as it were: each has a store of its own on one database."""
    home = Home(tmp_path, {})
    make_key(home)
    stores: list[Store] = []

    def make(key: Home = home) -> SharedBudget:
        store = Store.open(f"sqlite:///{tmp_path}/hub.sqlite", clock=clock)
        store.migrate()
        stores.append(store)
        sealer = Vault(key, store, clock)
        return SharedBudget("erp", store, clock, ZoneInfo("UTC"), CallLimits(), str(len(stores)), sealer)

    yield make
    for store in stores:
        store.close()


def test_one_asks_and_everybody_uses_it(make_worker: Any):
    server, workers = Server(), [make_worker() for _ in range(4)]
    with ThreadPoolExecutor(8) as callers:
        given = list(callers.map(lambda worker: worker.share("token", server.ask).value, workers * 2))
    assert set(given) == {f"{TOKEN}-1"}
    assert server.asked == 1


def test_what_has_ended_or_is_not_taken_any_more_is_asked_for_once(make_worker: Any, clock: TurnedClock):
    server, one, other = Server(), make_worker(), make_worker()
    first = one.share("token", server.ask).value
    assert one.share("token", server.ask, stale=first).value == f"{TOKEN}-2"
    assert other.share("token", server.ask, stale=first).value == f"{TOKEN}-2", "somebody has asked already"
    clock.turn(60)
    assert other.share("token", server.ask).life_s == 40
    clock.turn(41)
    assert other.share("token", server.ask).value == f"{TOKEN}-3"
    assert one.share("another", server.ask).value == f"{TOKEN}-4"


def test_a_refusal_is_told_to_all_and_tried_by_one(make_worker: Any, clock: TurnedClock):
    server, workers = Server(), [make_worker() for _ in range(3)]
    server.refuses = NeedsConsent("sdk.refused_login", vendor="wrong", status=401, where="GET /token")
    for worker in workers * 2:
        with pytest.raises(NeedsConsent) as caught:
            worker.share("token", server.ask)
        assert (caught.value.code, caught.value.vendor) == ("sdk.refused_login", "wrong")
        assert str(caught.value.params["status"]) == "401"
    assert server.asked == 1
    server.refuses = None
    clock.turn(shelf.REFUSED_S + 1)
    assert workers[1].share("token", server.ask).value == f"{TOKEN}-2"


def test_a_failure_that_passes_is_not_remembered(make_worker: Any):
    server, one, other = Server(), make_worker(), make_worker()
    server.refuses = Transient("sdk.unreachable", vendor="away", where="GET /token")
    with pytest.raises(Transient):
        one.share("token", server.ask)
    server.refuses = None
    assert other.share("token", server.ask).value == f"{TOKEN}-2"


def test_whoever_dies_while_asking_is_waited_for_and_then_replaced(make_worker: Any, clock: TurnedClock):
    server, one, other = Server(), make_worker(), make_worker()

    class Killed(BaseException):
        pass

    def die() -> Grant:
        one.store.write = None  # nothing more is written by it
        raise Killed

    with pytest.raises((Killed, TypeError)):
        one.share("token", die)
    with pytest.raises(Transient) as caught:
        other.share("token", server.ask)
    assert caught.value.code == "runtime.grant_awaited"
    assert server.asked == 0
    clock.turn(shelf.LEASE_S)
    assert other.share("token", server.ask).value == f"{TOKEN}-1"


def test_it_is_kept_encrypted_and_another_key_finds_nothing(make_worker: Any, tmp_path: Path):
    server, worker = Server(), make_worker()
    worker.share("token", server.ask)
    with worker.store.read() as tx:
        rows = [row for row in tx.find(Setting) if row.name.startswith("shelf/")]
    assert len(rows) == 1
    assert TOKEN not in str(rows[0])
    other = Home(tmp_path / "other", {})
    other.folder.mkdir()
    make_key(other)
    assert make_worker(other).share("token", server.ask).value == f"{TOKEN}-2"


def test_without_a_key_or_anybody_else_each_asks_alone(make_worker: Any, tmp_path: Path):
    server = Server()
    (tmp_path / "bare").mkdir()
    assert make_worker(Home(tmp_path / "bare", {})).share("token", server.ask).value == f"{TOKEN}-1"
    assert NoBudget().share("token", server.ask).value == f"{TOKEN}-2"
