"""The sandbox ERP as a bench: in this process, on a clock that only moves when told, with people who work in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import ErpRefused, SandboxApi, SandboxErp, SandboxSettings
from connectors.sandbox.simulator import Person as SandboxPerson
from connectors.sandbox.simulator.shapes import LISTS
from hub.sdk import Stage
from hub.sdk.simulator import HandlerTransport
from hub.testkit.conformance import Bench, Person, Site

TABLES = {"account": "partner", "product": "item", "order": "sale"}
"""Kinds that the ERP calls by another name."""


class SlowClock:
    """Stands still but for what is slept, and a little with every look at it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 1, 8, 0, 0, 1_003, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Accountant(Person):
    """李会计 of the sandbox."""

    def __init__(self, erp: SandboxErp) -> None:
        self.erp = erp
        self.hand = SandboxPerson(erp)
        self.count = 0

    def create(self, kind: str) -> str:
        self.count += 1
        if kind in ("account", "product"):
            return str(self.hand.create(TABLES[kind], name=f"远山 {self.count}")["id"])
        values: dict[str, Any] = {"customer": self.create("account")}
        if kind == "payment":
            values |= {"amount": f"{self.count}.50", "allocations": [{"target": "advance", "amount": "1"}]}
        else:
            line = {"quantity": "3", "price": "0.35", "text": "螺栓", "tax_percent": "13"}
            values["lines"] = [line if kind != "delivery" else {"quantity": "3"}]
        return str(self.hand.create(_table(kind), **values)["id"])

    def create_many(self, kind: str, count: int) -> Sequence[str]:
        return [self.create(kind) for _ in range(count)]

    def edit(self, kind: str, id: str) -> None:
        self.count += 1
        self.hand.edit(_table(kind), id, note=f"noted {self.count}")

    def edit_line(self, kind: str, id: str) -> None:
        line = self._document(kind, id)[LISTS[_table(kind)]][0]
        changed = {"amount": "0.5"} if kind == "payment" else {"quantity": "9"}
        allow(lambda: self.hand.edit_line(id, line["id"], **changed))

    def copy(self, kind: str, id: str) -> str:
        self._document(kind, id)
        return str(self.hand.copy(id)["id"])

    def bring(self, kind: str, id: str, stage: Stage) -> None:
        self._document(kind, id)
        moves = {Stage.SUBMITTED: self.hand.submit, Stage.EFFECTIVE: self.hand.approve}
        if stage not in moves:
            raise NotImplementedError
        allow(lambda: moves[stage](id))

    def delete(self, kind: str, id: str) -> None:
        allow(lambda: self.hand.delete(_table(kind), id))

    def _document(self, kind: str, id: str) -> Mapping[str, Any]:
        if kind in ("account", "product"):
            raise NotImplementedError
        return self.erp.read(_table(kind), id)


def _table(kind: str) -> str:
    return TABLES.get(kind, kind)


def allow(deed: Callable[[], object]) -> None:
    """What this ERP lets nobody do is not a person's to do."""
    try:
        deed()
    except ErpRefused as refused:
        raise NotImplementedError from refused


class SandboxBench(Bench):
    """``config`` holds what the connection declares beside the settings of the ERP, which are declared as they are."""

    connector = SandboxConnector

    def __init__(self, config: Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.config = config or {}
        self.settings = settings

    @contextmanager
    def start(self) -> Iterator[Site]:
        clock = SlowClock()
        erp = SandboxErp(SandboxSettings(**self.settings), clock, random.Random(1))
        declared = {
            name: value for name, value in self.settings.items() if name in SandboxConnector.Config.model_fields
        }
        answers = {"url": "http://sandbox.test", "token": erp.settings.token, **declared, **self.config}
        yield Site(answers, Accountant(erp), HandlerTransport(SandboxApi(erp).handle), clock)
