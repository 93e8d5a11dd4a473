"""An account on a real port with its people, and the connector to it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.kingdee.connector import KingdeeConnector
from connectors.kingdee.simulator import (
    Books,
    Faults,
    KingdeeApi,
    KingdeeSettings,
    Person,
    seed_company,
    write_credentials,
)
from hub.locale import add_catalogue
from hub.sdk import Tools
from hub.sdk.simulator import WallClock, serve
from tests.connectors.kingdee.bench import ZONE
from tests.house.source import ROOT

add_catalogue(ROOT / "connectors" / "kingdee" / "locale")


class HastyClock(WallClock):
    """Real time that waits for nothing."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


@dataclass
class Account:
    """One account with its door, its people and a connector to it."""

    books: Books
    api: KingdeeApi
    person: Person
    credentials: Mapping[str, str]
    connector: KingdeeConnector
    clock: HastyClock

    @property
    def url(self) -> str:
        return self.credentials["url"]

    @property
    def orders(self) -> Any:
        return self.connector.streams()["SAL_SaleOrder"]

    def sink(self, kind: str) -> Any:
        return self.connector.sinks()[kind]

    def order(self, **more: Any) -> Any:
        """A draft of a person."""
        return self.person.make_order("C00001", [("M0001", "3", "11.30"), ("M0002", "1", "500")], "2026-11-02", **more)


MakeAccount = Callable[..., Account]


@pytest.fixture
def make_account() -> Iterator[MakeAccount]:
    """Makes accounts; keywords are settings of the account, ``config`` holds what the connection declares."""
    closers: list[Callable[[], None]] = []

    def make(*, config: Mapping[str, Any] | None = None, **settings: Any) -> Account:
        books = Books(KingdeeSettings(**settings))
        seed_company(books, customers=3, materials=4, orders=0, invoices=0)
        api = KingdeeApi(books, Faults(random.Random(1)))
        server = serve(api.handle)
        closers.append(server.stop)
        answers = {**write_credentials(books.settings, server.url), **(config or {})}
        clock = HastyClock()
        tools = Tools(clock=clock, random=random.Random(3), zone=ZONE, http_total_s=10)
        connector = KingdeeConnector(KingdeeConnector.Config.model_validate(answers), tools)
        closers.insert(0, connector.close)
        return Account(books, api, Person(books, "李会计"), answers, connector, clock)

    yield make
    for close in closers:
        close()


@pytest.fixture
def account(make_account: MakeAccount) -> Account:
    return make_account()


__all__ = ["Account", "MakeAccount"]
