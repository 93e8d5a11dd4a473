"""What one outbound document costs: requests against the least that its tier and confirm policy need
(docs/protocol.md, "Requests for one document"), and processor time without the HTTP client.

Orders are made in the hub and pushed to a sandbox in this process, so that every request is seen. Processor time is
that of the push, less that of the sandbox, less what the same requests cost when the bare HTTP client sends them again.
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from connectors.sandbox.config import SandboxConfig
from connectors.sandbox.connector import SandboxConnector
from connectors.sandbox.simulator import Person, SandboxApi, SandboxErp, SandboxSettings, make_uscc
from hub.model.party import Account
from hub.model.product import Product
from hub.protocol.binding import Binding
from hub.protocol.semantics import Timing
from hub.runtime.assemble import equip_connection
from hub.runtime.clock import SystemClock
from hub.sdk import HttpClient, Tools
from hub.sdk.simulator import HandlerTransport
from hub.store import Store
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import Hub, OpenConnection
from hub.sync.pull import pull_stream
from hub.sync.push import list_due, push_bindings
from hub.sync.records import create_record, edit_record
from tests.bench import database
from tests.bench.database import Databases, open_databases
from tests.bench.measure import Verdict, working_folder

KINDS = ("account", "product", "order")
MOST_REQUESTS = 1.2
MOST_CPU_MS = 2.0


@dataclass(frozen=True)
class Case:
    """One way in which documents leave. ``least``: requests that no safe way can do without."""

    name: str
    tier: str
    least: int
    confirm: str = "save"
    edits: bool = False
    writes: int = 1
    """An approval is a write of its own, with a mark, a reading before it and one after it."""


CASES = (
    Case("unique/create", "unique", 2),
    Case("draft/save/create", "draft", 3),
    Case("draft/submit/create", "draft", 5, "submit", writes=2),
    Case("draft/audit/create", "draft", 5, "audit", writes=2),
    Case("plain/create", "plain", 3),
    Case("blind/create", "blind", 2),
    Case("unique/edit", "unique", 3, edits=True),
    Case("draft/save/edit", "draft", 3, edits=True),
)
"""Create: a search where the tier wants one, the create, for each confirming call a reading before it of the very
version that it confirms, and a last reading that shows the values. Edit: read, write, read."""


@dataclass
class Wire(httpx.BaseTransport):
    """Between the client and the sandbox: counts and keeps what goes over it, and the time that the sandbox takes."""

    api: SandboxApi
    sent: list[httpx.Request] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    theirs_s: float = 0.0

    def __post_init__(self) -> None:
        self._inner = HandlerTransport(self.api.handle)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        began = time.thread_time()
        answer = self._inner.handle_request(request)
        self.sent.append(request)
        self.answers.append((answer.status_code, answer.read()))
        self.theirs_s += time.thread_time() - began
        return answer

    def clear(self) -> None:
        self.sent.clear()
        self.answers.clear()
        self.theirs_s = 0.0


class Replay(httpx.BaseTransport):
    """Gives the same answers again."""

    def __init__(self, answers: list[tuple[int, bytes]]) -> None:
        self._answers = iter(answers)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        status, body = next(self._answers)
        return httpx.Response(status, headers=[("content-type", "application/json")], content=body, request=request)


@contextmanager
def open_hub(url: str, case: Case) -> Iterator[tuple[Hub, Wire, SandboxErp]]:
    """A hub beside a sandbox of the case's behaviour."""
    clock = SystemClock()
    settings = SandboxSettings(tier=case.tier)
    erp = SandboxErp(settings, clock, random.Random(2))
    wire = Wire(SandboxApi(erp))
    syncs = {kind: SyncSettings() for kind in KINDS} | {"order": SyncSettings.model_validate({"confirm": case.confirm})}
    config = HubConfig(connections={"erp": ConnectionSettings(connector="sandbox", syncs=syncs)})
    declared = {name: getattr(settings, name) for name in SandboxConfig.model_fields if hasattr(settings, name)}
    sandbox = SandboxConfig.model_validate({**declared, "url": "http://sandbox", "token": settings.token})

    def open_connection(name: str) -> OpenConnection:
        tools = Tools(clock=clock, random=random.Random(3), transport=wire)
        return equip_connection(name, config.connections[name], SandboxConnector(sandbox, tools), Timing())

    store = Store.open(url, clock=clock)
    store.migrate()
    hub = Hub(store, config, open_connection, clock, random.Random(1), "B01")
    try:
        yield hub, wire, erp
    finally:
        hub.close()
        store.close()


def bench_outbound(
    count: int, names: tuple[str, ...] = database.NAMES, rounds: int = 3
) -> tuple[dict[str, Any], list[Verdict]]:
    """Figures by database and case: of each time the least of all rounds, because other work on the machine can only
    add to it."""
    figures: dict[str, Any] = {}
    verdicts: list[Verdict] = []
    for name in names:
        with working_folder() as folder, open_databases(name, folder) as databases:
            figures[name] = {case.name: measure_case(databases, case, count, rounds) for case in CASES}
        for case in CASES:
            found = figures[name][case.name]
            if name == names[0]:
                ratio = found["requests_ratio"]
                verdicts.append(Verdict(f"outbound/requests/{case.name}", ratio, MOST_REQUESTS, at_most=True))
            most_ms = MOST_CPU_MS * case.writes
            verdicts.append(Verdict(f"outbound/cpu_ms/{name}/{case.name}", found["cpu_ms"], most_ms, at_most=True))
    return figures, verdicts


def measure_case(databases: Databases, case: Case, count: int, rounds: int = 1) -> dict[str, Any]:
    with open_hub(databases.make_url(), case) as (hub, wire, erp):
        make_orders(hub, erp, 3)
        push(hub)  # what is imported and compiled at first is not counted
        found = [measure_round(hub, wire, erp, case, count) for _ in range(rounds)]
    best = {name: min(float(figures[name]) for figures in found) for name in ("with_client_ms", "client_ms", "wall_ms")}
    return found[0] | best | {"cpu_ms": round(best["with_client_ms"] - best["client_ms"], 2)}


def measure_round(hub: Hub, wire: Wire, erp: SandboxErp, case: Case, count: int) -> dict[str, Any]:
    ids = make_orders(hub, erp, count)
    if case.edits:
        push(hub)
        for place, record_id in enumerate(ids):
            edit_record(hub, "order", record_id, {"note": f"改 {place}"}, "bench")
    wire.clear()
    began, wall = time.thread_time(), time.perf_counter()
    push(hub)
    spent_s, wall = time.thread_time() - began, time.perf_counter() - wall
    check(hub, ids, case)
    client_s = time_client(wire)
    requests = len(wire.sent) / count
    return {
        "requests": round(requests, 2),
        "least": case.least,
        "requests_ratio": round(requests / case.least, 2),
        "by_method": dict(Counter(request.method for request in wire.sent)),
        "with_client_ms": round((spent_s - wire.theirs_s) / count * 1000, 2),
        "client_ms": round(client_s / count * 1000, 2),
        "wall_ms": round((wall - wire.theirs_s) / count * 1000, 2),
    }


def make_orders(hub: Hub, erp: SandboxErp, count: int) -> list[UUID]:
    """Orders of one customer over one item, both known on both sides."""
    with hub.store.read() as tx:
        known = tx.find(Account, limit=1)
    if not known:
        wang = Person(erp, "wang")
        wang.create("partner", name="海岳精密机械有限公司", tax_id=make_uscc(random.Random(1)))
        wang.create("item", name="轴承", code="A-1", price="12.50", unit="pcs")
        for kind in KINDS:
            pull_stream(hub, "erp", kind, actor="bench")
    with hub.store.read() as tx:
        account, product = tx.find(Account)[0], tx.find(Product)[0]
    line = {"product_id": str(product.id), "quantity": "2", "unit_price": "12.50", "tax_rate": "0.13"}
    values = {"account_id": str(account.id), "lines": [line, {**line, "quantity": "3"}, {**line, "quantity": "4"}]}
    return [create_record(hub, "order", values, "bench").id for _ in range(count)]


def push(hub: Hub) -> None:
    """Everything that is due, as a run does it."""
    for _ in range(4):
        ids = list_due(hub, 100_000, accepted_only=False)
        if not ids:
            return
        report = push_bindings(hub, ids, guard=lambda *_: None)
        if report.errors:
            raise SystemExit(f"the push did not do its work: {report.errors}")


def check(hub: Hub, ids: list[UUID], case: Case) -> None:
    with hub.store.read() as tx:
        rows = [row for id_ in ids for row in tx.find(Binding, hub_id=id_)]
    wrong = [row for row in rows if row.remote_id is None or row.dirty or row.parked or row.held]
    if wrong or len(rows) != len(ids):
        raise SystemExit(f"{case.name}: the push did not do its work: {json.dumps([str(row) for row in wrong[:2]])}")


def time_client(wire: Wire) -> float:
    """What the same requests cost the HTTP client alone."""
    tools = Tools(clock=SystemClock(), random=random.Random(3), transport=Replay(wire.answers))
    client = HttpClient("http://sandbox", tools, headers={"authorization": "Bearer bench"})
    calls = [
        (one.method, one.url.raw_path.decode(), json.loads(one.content) if one.content else None) for one in wire.sent
    ]
    began = time.thread_time()
    for method, path, body in calls:
        response = client.read(method, path) if body is None else client.write(method, path, json=body)
        response.json()
    spent = time.thread_time() - began
    client.close()
    return spent
