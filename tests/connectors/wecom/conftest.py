"""A company on a real port with its people, and the connector to it."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connectors.wecom.connector import WecomConnector
from connectors.wecom.simulator import (
    Corp,
    Customer,
    Faults,
    Person,
    WecomApi,
    WecomSettings,
    make_calendar,
    seed_company,
    write_credentials,
)
from hub.locale import add_catalogue
from hub.sdk import Tools
from hub.sdk.simulator import WallClock, serve
from hub.testkit.servers import ServerMissing
from tests.connectors.wecom.bench import ZONE
from tests.connectors.wecom.oracles import NodeCrypto, prepare_node_crypto
from tests.house.source import ROOT

add_catalogue(ROOT / "connectors" / "wecom" / "locale")
FILE = Path(__file__).parent / "vectors.jsonl"
VECTORS: Mapping[str, Mapping[str, Any]] = {
    row["name"]: row for row in map(json.loads, FILE.read_text(encoding="utf-8").splitlines())
}
"""The vendor's published example, and two made with wechatpy 1.8.18 and checked with @wecom/crypto 1.0.1."""


class HastyClock(WallClock):
    """Real time that waits for nothing: what is slept only moves its hands."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.slept_s

    def sleep(self, seconds: float) -> None:
        self.slept_s += seconds


@dataclass
class Company:
    """One company with its door, its people and a connector to it."""

    corp: Corp
    api: WecomApi
    person: Person
    credentials: Mapping[str, Any]
    connector: WecomConnector
    clock: HastyClock
    open: Callable[..., WecomConnector]
    """Another instance of the connector, as another worker has."""

    @property
    def customers(self) -> Any:
        return self.connector.streams()["external_contact"]

    @property
    def schedules(self) -> Any:
        return self.connector.streams()["schedule"]

    def sink(self, kind: str) -> Any:
        return self.connector.sinks()[kind]

    def meet(self, userid: str = "zhang.san", name: str = "大伟", **more: Any) -> Customer:
        """A new customer of a member."""
        return self.person.meet(userid, name, **more)

    def count(self, path: str) -> int:
        """Calls of one API that arrived."""
        return sum(trace.path == path for trace in self.api.requests)


MakeCompany = Callable[..., Company]


@pytest.fixture
def make_company() -> Iterator[MakeCompany]:
    """Makes companies; keywords are settings of the company, ``config`` holds what the connection declares."""
    closers: list[Callable[[], None]] = []

    def make(*, config: Mapping[str, Any] | None = None, customers: int = 0, **settings: Any) -> Company:
        clock = HastyClock()
        corp = Corp(WecomSettings(**settings), clock)
        seed_company(corp, customers)
        api = WecomApi(corp, Faults(random.Random(1)))
        server = serve(api.handle)
        closers.append(server.stop)
        answers = {**write_credentials(corp.settings, server.url, make_calendar(corp)), **(config or {})}

        def open_another(**more: Any) -> WecomConnector:
            tools = Tools(clock=clock, random=random.Random(3), zone=ZONE, http_total_s=10)
            made = WecomConnector(WecomConnector.Config.model_validate({**answers, **more}), tools)
            closers.insert(0, made.close)
            return made

        return Company(corp, api, api.person, answers, open_another(), clock, open_another)

    yield make
    for close in closers:
        close()


@pytest.fixture
def company(make_company: MakeCompany) -> Company:
    return make_company()


@pytest.fixture(scope="session")
def node_crypto() -> NodeCrypto:
    """The vendor's library; without Node it is skipped on a laptop and fails where CI demands it."""
    try:
        return prepare_node_crypto()
    except ServerMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


__all__ = ["Company", "MakeCompany"]
