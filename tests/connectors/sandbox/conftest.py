"""An ERP, a clock that only moves when told, and the connector over each kind of wire."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import Faults, Person, SandboxApi, SandboxErp, SandboxSettings
from hub.locale import add_catalogue
from hub.sdk import Tools
from hub.sdk.simulator import HandlerTransport, serve
from tests.house.source import ROOT

add_catalogue(ROOT / "connectors" / "sandbox" / "locale")


class ManualClock:
    """Stands still until it is moved; sleeping moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 1, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Bench:
    """One ERP with its door, its people and a connector to it."""

    clock: ManualClock
    erp: SandboxErp
    api: SandboxApi
    faults: Faults
    person: Person
    connector: SandboxConnector

    @property
    def sale(self) -> Any:
        return self.connector.sinks()["order"]

    @property
    def partner(self) -> Any:
        return self.connector.sinks()["account"]

    @property
    def sales(self) -> Any:
        return self.connector.streams()["sale"]

    def add_partner(self, **values: Any) -> str:
        return str(self.person.create("partner", **{"name": "杭州晨桓商贸有限公司", **values})["id"])

    def add_sale(self, **values: Any) -> str:
        status = values.pop("status", None)
        lines = [{"text": "螺栓", "quantity": "3", "price": "0.35", "tax_percent": "13"}]
        values = {"customer": self.add_partner(), "lines": lines, **values}
        return str(self.person.create("sale", status=status, **values)["id"])


MakeBench = Callable[..., Bench]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["in process", "on a port"])
def make_bench(request: pytest.FixtureRequest, clock: ManualClock) -> Iterator[MakeBench]:
    """Makes benches; keywords are settings, ``config`` holds what the connection declares, ``rates`` faults, ``path``
    is put behind the address."""
    closers: list[Callable[[], None]] = []

    def make(*, config: Any = None, rates: Any = None, path: str = "", **settings: Any) -> Bench:
        erp = SandboxErp(SandboxSettings(**settings), clock, random.Random(1))
        faults = Faults(random.Random(2), rates)
        api = SandboxApi(erp, faults)
        url: str = "http://sandbox.test"
        transport: HandlerTransport | None = HandlerTransport(api.handle)
        if request.param == "on a port":
            server = serve(api.handle)
            url, transport = server.url, None
            closers.append(server.stop)
        declared = {name: value for name, value in settings.items() if name in SandboxConnector.Config.model_fields}
        answers = {"url": url + path, "token": "sandbox", **declared, **(config or {})}
        tools = Tools(clock=clock, random=random.Random(3), transport=transport, http_total_s=10)
        connector = SandboxConnector(SandboxConnector.Config.model_validate(answers), tools)
        closers.insert(0, connector.close)
        return Bench(clock, erp, api, faults, Person(erp, "李会计"), connector)

    yield make
    for close in closers:
        close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()


__all__ = ["Bench", "MakeBench", "ManualClock"]
