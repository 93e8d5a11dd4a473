"""A company in this process, its people as the conformance suite knows them, and a clock that moves a little with
every look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.wecom.connector import WecomConnector
from connectors.wecom.simulator import (
    Corp,
    WecomApi,
    WecomSettings,
    make_calendar,
    seed_company,
    write_credentials,
)
from hub.sdk.simulator import HandlerTransport
from hub.testkit.conformance import Bench, Person, Site

ZONE = ZoneInfo("Asia/Shanghai")
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "contact": {"name": "远山采购"},  # a remark has at most 20 characters
}


class StepClock:
    """Two milliseconds pass with every look, and what is slept."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 2, 2, 0, 0, 1_003, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=2)
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Colleagues(Person):
    """Whoever works there, at the client's window."""

    def __init__(self, api: WecomApi, calendar: str) -> None:
        self.corp, self.hand, self.calendar = api.corp, api.person, calendar
        self.count = 0

    def create(self, kind: str) -> str:
        self.count += 1
        if kind == "user":
            return self.corp.add_member(f"new.{self.count}", f"新人 {self.count}", [2, 4]).userid
        if kind == "activity":
            raise NotImplementedError  # what people make stands in no calendar of the app
        company = f"远山 {self.count} 有限公司"
        made = self.hand.meet("zhang.san", f"客户 {self.count}", remark_corp_name=company)
        return made.external_userid if kind == "contact" else company

    def create_many(self, kind: str, count: int) -> Sequence[str]:
        if kind == "activity":
            raise NotImplementedError
        return [self.create(kind) for _ in range(count)]

    def edit(self, kind: str, id: str) -> None:
        self.count += 1
        if kind == "contact":
            self.hand.note(self._keeper(id), id, description=f"记 {self.count}")
        elif kind == "user":
            self.corp.member(id).position = f"职位 {self.count}"
        elif kind == "activity":
            self.hand.move(id, location=f"会议室 {self.count}")
        else:
            raise NotImplementedError  # a company is its name

    def delete(self, kind: str, id: str) -> None:
        if kind == "contact":
            for userid in list(self.corp.customer(id).follows):
                self.hand.part(userid, id)
        elif kind == "user":
            self.hand.leave(id)
        elif kind == "account":
            for customer in self.corp.customers.values():
                for follow in customer.follows.values():
                    follow.remark_corp_name = "" if follow.remark_corp_name == id else follow.remark_corp_name
        else:
            raise NotImplementedError  # a cancelled appointment stays to be seen

    def _keeper(self, id: str) -> str:
        follows = self.corp.customer(id).follows.values()
        return min(follows, key=lambda follow: (follow.createtime, follow.userid)).userid


class WecomBench(Bench):
    """``config`` holds what the connection declares beside the credentials; ``settings`` are those of the company."""

    connector = WecomConnector
    zone = ZONE
    given = GIVEN
    hidden_errors = (*Bench.hidden_errors, b'{"errcode":-1,"errmsg":"system busy"}')

    def __init__(self, config: Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.config = config or {}
        self.settings = WecomSettings(**settings)

    def refused(self, kind: str, payload: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """An appointment needs a time."""
        return {**payload, "starts_at": None}

    @contextmanager
    def start(self) -> Iterator[Site]:
        clock = StepClock()
        corp = Corp(self.settings, clock)
        seed_company(corp, customers=6)
        calendar = make_calendar(corp)
        api = WecomApi(corp)
        answers = {**write_credentials(self.settings, "http://wecom.test", calendar), **self.config}
        yield Site(answers, Colleagues(api, calendar), HandlerTransport(api.handle), clock)
