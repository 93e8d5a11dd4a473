"""One Tryton for each test file, and the connector over it, straight or through a proxy that breaks things."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.tryton.connector import TrytonConnector
from hub.locale import add_catalogue
from hub.runtime.clock import SystemClock
from hub.sdk import Clock, Sink, SourceRecord, Stream, Tools
from hub.testkit.fault_proxy import FaultProxy
from hub.testkit.tryton import PreparedTryton, RunningTryton, start_tryton
from hub.testkit.tryton_people import Line, TrytonPerson
from hub.testkit.tryton_server import ADMINISTRATOR
from tests.house.source import ROOT

add_catalogue(ROOT / "connectors" / "tryton" / "locale")

_numbers = itertools.count(1)
MakeConnector = Callable[..., TrytonConnector]


def next_reference() -> str:
    """A reference that nothing else in these tests has: 30 characters, as the hub makes them."""
    return f"IT01{next(_numbers):024}00"


class Bench:
    """The connector, and 王会计 at work on the same books."""

    def __init__(self, connector: TrytonConnector, wang: TrytonPerson) -> None:
        self.connector = connector
        self.wang = wang

    def stream(self, name: str) -> Stream:
        return self.connector.streams()[name]

    def sink(self, kind: str) -> Sink:
        return self.connector.sinks()[kind]

    def fetch(self, name: str, id: str | int) -> SourceRecord:
        found = self.stream(name).fetch(str(id))
        assert found is not None
        return found

    def read_all(self, name: str, limit: int = 200, since: Any = None) -> list[SourceRecord]:
        records: list[SourceRecord] = []
        position = None
        while True:
            page = self.stream(name).read_page(since, position, limit)
            records += page.records
            position = page.position
            if position is None:
                return records

    def make_party(self, name: str = "华信电子有限公司", **more: Any) -> int:
        return self.wang.make_customer(name, **more)

    def make_product(self, price: str = "12.50", **more: Any) -> int:
        return self.wang.make_product(f"P-{next(_numbers)}", "轴承", Decimal(price), **more)

    def make_sale(self, *quantities: float, **more: Any) -> int:
        """A person's draft."""
        lines = [Line(self.make_product(), quantity) for quantity in quantities or (3.0,)]
        return self.wang.make_order(self.make_party(), lines, **more)


@pytest.fixture(scope="module")
def server(prepared_tryton: PreparedTryton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningTryton]:
    folder: Path = tmp_path_factory.mktemp("tryton")
    with start_tryton(prepared_tryton, folder) as running:
        yield running


@pytest.fixture(scope="module")
def wang(server: RunningTryton) -> Iterator[TrytonPerson]:
    person = TrytonPerson(server.url, server.database, server.accountant_login, server.accountant_password)
    yield person
    person.close()


@pytest.fixture(scope="module")
def admin(server: RunningTryton) -> Iterator[TrytonPerson]:
    """Whoever set the company up: currencies and periods are nobody else's business."""
    person = TrytonPerson(server.url, server.database, ADMINISTRATOR, server.prepared.password_of(ADMINISTRATOR))
    yield person
    person.close()


@pytest.fixture
def make_connector(server: RunningTryton) -> Iterator[MakeConnector]:
    """Makes connectors; keywords replace answers of the configuration, ``clock`` the time."""
    made: list[TrytonConnector] = []

    def make(*, clock: Clock | None = None, **answers: Any) -> TrytonConnector:
        given = {"url": server.url, "database": server.database, "login": server.login, "password": server.password}
        tools = Tools(clock=clock or SystemClock(), random=random.Random(1), http_total_s=40)
        connector = TrytonConnector(TrytonConnector.Config.model_validate({**given, **answers}), tools)
        made.append(connector)
        return connector

    yield make
    for connector in made:
        connector.close()


@pytest.fixture
def bench(make_connector: MakeConnector, wang: TrytonPerson) -> Bench:
    return Bench(make_connector(), wang)


@pytest.fixture
def proxy(server: RunningTryton) -> Iterator[FaultProxy]:
    with FaultProxy(server.url) as running:
        yield running


@pytest.fixture
def shaky(make_connector: MakeConnector, proxy: FaultProxy, wang: TrytonPerson) -> Bench:
    """The same through the proxy, already logged in."""
    made = Bench(make_connector(url=proxy.url), wang)
    made.stream("party").list_ids()
    proxy.log.clear()
    return made
