"""One storm over HTTP: a hub whose workers die, an account on a real port with faults, an accountant who audits, edits
and sends back. A seed decides everything."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from connectors.kingdee.connector import KingdeeConnector
from connectors.kingdee.simulator import (
    FORMS,
    USER,
    BillRefused,
    Books,
    Faults,
    KingdeeApi,
    KingdeeSettings,
    Person,
    seed_company,
    write_credentials,
)
from hub.errors import OutcomeUnknown, RuleBroken, Transient
from hub.protocol.binding import Binding, BindingState
from hub.protocol.reference import parse_reference
from hub.runtime.assemble import equip_connection
from hub.sdk import Tools
from hub.sdk.simulator import serve
from hub.store import Store
from hub.sync.config import ConnectionSettings, HubConfig, SyncSettings
from hub.sync.context import Hub, OpenConnection
from hub.sync.plan import make_plan
from hub.sync.probe import probe_kind
from hub.sync.pull import pull_stream
from hub.sync.push import list_due, push_bindings
from hub.sync.records import create_record, edit_record, list_records, void_record
from hub.sync.run import run_sync
from hub.sync.sweep import sweep_connection
from tests.connectors.kingdee.bench import ZONE
from tests.storm.baton import Checkpoint, Worker
from tests.sync.world import TIMING, VirtualClock

ORDER = "SAL_SaleOrder"
D_MAX_S = 5.0
RATES = {
    "unreachable": 0.02, "lost_before": 0.05, "lost_after": 0.08, "late": 0.06, "refused": 0.03, "conflict": 0.03,
    "server_error": 0.02, "server_error_after": 0.03, "garbage": 0.03, "session_lost": 0.02,
    "session_lost_after": 0.03, "read_lost": 0.01, "read_refused": 0.005, "read_error": 0.01, "read_garbage": 0.005,
    "read_session_lost": 0.01,
}  # fmt: skip
CRASH, PAUSE = 0.04, 0.03
WORKER_LIMIT, PARKED_LIMIT, CALM_ROUNDS = 6, 60, 40
LEAPS_S = (0.02, 0.1, 0.3, 0.5, 1.0, 2.0, 4.0, 12.0)
ANSWERS = (Transient, OutcomeUnknown)
SECOND = timedelta(seconds=1)
ENDED = (BindingState.TOMB, BindingState.FOREIGN)
COUNTING = ("C",)
LOGINS = ("signature", "login_by_sign")


class Violation(Exception):
    """The hub broke a promise."""


@dataclass
class Outcome:
    """What became of a storm; ``violation`` None when every promise held."""

    title: str
    violation: str | None = None
    figures: Counter[str] = field(default_factory=Counter)


class KingdeeStorm:
    """Hub, account and people of one seed; every second seed calls with a session instead of signed headers."""

    def __init__(self, seed: int, confirm: str) -> None:
        self.chance = random.Random(f"kingdee storm {seed}/{confirm}")
        self.clock = VirtualClock()
        self.books = Books(KingdeeSettings(clerk=True, signature_age_s=0), self.clock)
        seed_company(self.books, customers=2, materials=2, orders=0, invoices=0, seed=seed)
        self.faults = Faults(random.Random(f"faults {seed}/{confirm}"), RATES, d_max_s=D_MAX_S)
        self.api = KingdeeApi(self.books, self.faults)
        self.server = serve(self.api.handle)
        self.wang = Person(self.books, "王会计")
        self.store = Store.open("sqlite://", clock=self.clock, durable=False)
        self.store.migrate()
        party = SyncSettings.model_validate({"create": True})
        order = SyncSettings.model_validate({"confirm": confirm})
        syncs = {"account": party, "product": party, "order": order}
        self.settings = ConnectionSettings(connector="kingdee", syncs=syncs)
        self.login = LOGINS[seed % len(LOGINS)]
        self.config = HubConfig(connections={"erp": self.settings})
        self.figures: Counter[str] = Counter()
        self.calm = False
        self._opened: OpenConnection | None = None
        self._workers: list[Worker] = []
        self._parked: list[Worker] = []
        self._hints: list[UUID] = []
        self.voided: set[UUID] = set()
        self.hub = self._make_hub(self._cross_calmly)

    def _make_hub(self, checkpoint: Checkpoint) -> Hub:
        hub = Hub(
            store=self.store, config=self.config, opener=self._open, clock=self.clock,
            random=random.Random(self.chance.random()), installation="T01", timing=TIMING, hint=self._take_hint,
            checkpoint=checkpoint, page_size=20,
        )  # fmt: skip
        return hub

    def _open(self, name: str) -> OpenConnection:
        """One opened connection for all: nothing of it changes while it is used."""
        if self._opened is None:
            told = {
                **write_credentials(self.books.settings, self.server.url), "server_timeout_s": D_MAX_S,
                "login": self.login,
            }  # fmt: skip
            tools = Tools(clock=self.clock, random=random.Random(3), zone=ZONE, http_total_s=TIMING.http_total_s)
            connector = KingdeeConnector(KingdeeConnector.Config.model_validate(told), tools)
            self._opened = equip_connection(name, self.settings, connector, TIMING)
        return self._opened

    def _take_hint(self, binding_ids: Sequence[UUID]) -> None:
        """The broker: a hint may be lost, doubled, and overtaken."""
        self._hints += list(binding_ids) * (1 if self.calm else self.chance.choice((0, 1, 4, 8)))

    def _cross_calmly(self, name: str) -> None:
        self.figures["calm"] += self.calm

    def close(self) -> None:
        for worker in self._workers + self._parked:
            worker.dismiss()
        self.hub.close()
        self.server.stop()
        self.store.close()

    # ---- before, during, after -------------------------------------------------------------------------------------

    def accept(self) -> None:
        self.faults.active = False
        report = run_sync(self.hub, "erp", None, "li", accept=make_plan(self.hub, "erp", None, "li").plan.label)
        if report.errors:
            raise Violation(f"the first run failed: {report.errors[0]}")
        probe_kind(self.hub, "erp", "order", "li")
        self.accounts, self.products = (list_records(self.hub, kind) for kind in ("account", "product"))
        self.add_order()
        plan = make_plan(self.hub, "erp", None, "li").plan
        run_sync(self.hub, "erp", None, "li", accept=plan.label)
        self.faults.active = True

    def blow(self, crossings: int) -> None:
        """Until so many checkpoints were crossed. Whoever crashes stays where it was, and there is room for some only:
        what is left to cross then is another storm's."""
        while self.figures["crossings"] < crossings and len(self._parked) < PARKED_LIMIT:
            self.step()

    def step(self) -> None:
        chance = self.chance
        self.clock.pass_time(chance.choice(LEAPS_S))
        if chance.random() < 0.25:
            with suppress(RuleBroken):
                chance.choices((self.add_order, self.edit_order, self.void_order), (4, 8, 1))[0]()
        if chance.random() < 0.35:
            with suppress(BillRefused):
                self.act_there()
        self._start_workers()
        for _ in range(chance.choice((4, 6, 8))):
            self._move_one()

    def add_order(self) -> None:
        line = {
            "product_id": self.chance.choice(self.products).id, "quantity": str(self.chance.randrange(1, 20)),
            "unit_price": f"{self.chance.randrange(100, 9999) / 100:.2f}", "tax_rate": "0.13",
        }  # fmt: skip
        values = {"account_id": self.chance.choice(self.accounts).id, "lines": [line], "note": self._type("h")}
        create_record(self.hub, "order", values, "li")
        self.figures["orders"] += 1

    def edit_order(self) -> None:
        order: Any = self.chance.choice(self._orders())
        edit_record(self.hub, "order", order.id, {"note": self._type("h")}, "li")

    def void_order(self) -> None:
        order = self.chance.choice(self._orders())
        void_record(self.hub, "order", order.id, "li")
        self.voided.add(order.id)

    def _orders(self) -> list[Any]:
        return list_records(self.hub, "order", limit=8)

    def _type(self, letter: str) -> str:
        self.figures["typed"] += 1
        return f"{letter}{self.figures['typed']}"

    def act_there(self) -> None:
        """The accountant: audits what was submitted or saved, edits, sends back, cancels."""
        bills = list(self.books.all(FORMS[ORDER]))[-12:]
        if not bills:
            return
        bill, roll = self.chance.choice(bills), self.chance.random()
        if roll < 0.55:
            self.wang.audit(ORDER, bill["FID"])
        elif roll < 0.75:
            self.wang.edit(ORDER, bill["FID"], FLinkMan=self._type("w"))
        elif roll < 0.93:
            self.wang.send_back(ORDER, bill["FID"])
        elif bill["FDocumentStatus"] != "C":
            self.wang.cancel(ORDER, bill["FID"])
            parsed = parse_reference(bill["F_ISTHMUS_REF"])
            if parsed is not None:
                self.voided.add(parsed.hub_id)

    def _start_workers(self) -> None:
        chance = self.chance
        for _ in range(5):
            if self._hints and chance.random() < 0.8:
                ids = [self._hints.pop(chance.randrange(len(self._hints)))]
                self._start(lambda hub, ids=ids: push_bindings(hub, ids))
        if chance.random() < 0.2:
            due = list_due(self.hub, 30)
            chance.shuffle(due)
            for at in range(0, len(due), 3):
                self._start(lambda hub, ids=due[at : at + 3]: push_bindings(hub, ids))
        if chance.random() < 0.1:
            self._start(lambda hub: pull_stream(hub, "erp", "order", actor="pull"))
        if chance.random() < 0.01:
            self._start(lambda hub: sweep_connection(hub, "erp", actor="sweep", limit=6))

    def _start(self, job: Callable[..., object]) -> None:
        if len(self._workers) < WORKER_LIMIT and len(self._parked) < PARKED_LIMIT:
            self._workers.append(Worker("worker", lambda checkpoint: job(self._make_hub(checkpoint))))

    def _move_one(self) -> None:
        now = self.clock.at
        awake = [worker for worker in self._workers if worker.sleeps_until is None or worker.sleeps_until <= now]
        if not awake:
            return
        worker = self.chance.choice(awake)
        worker.sleeps_until = None
        fate = self.chance.random()
        if worker.at != "start" and not self.calm and fate < CRASH + PAUSE:
            if fate < CRASH:
                self._workers.remove(worker)
                self._parked.append(worker)
                self.figures[f"crash {worker.at}"] += 1
            else:
                worker.sleeps_until = now + self.chance.choice((3, 8, 45)) * SECOND
            return
        worker.resume()
        if not worker.over:
            self.figures["crossings"] += 1
            self.figures[f"cross {worker.at}"] += 1
            return
        self._workers.remove(worker)
        if worker.error is not None and not isinstance(worker.error, ANSWERS):
            raise worker.error

    def calm_down(self) -> None:
        """The faults stop, people go home, and the hub may go on until it is quiet."""
        self.calm = True
        self.faults.active = False
        while self._workers:
            self.clock.pass_time(0.5)
            self._move_one()
        for _ in range(CALM_ROUNDS):
            if self._look(lambda: run_sync(self.hub, "erp", None, "schedule", scheduled=True)) and self._look(
                lambda: sweep_connection(self.hub, "erp", actor="sweep")
            ):
                return
        raise Violation(f"not quiet after {CALM_ROUNDS} rounds")

    def _look(self, work: Callable[[], Any]) -> bool:
        """Whether nothing was written, and nothing is on its way."""
        self.clock.pass_time(60)
        self.books.tick()
        writes, changed = self.api.writes, self.books.changed
        with suppress(*ANSWERS):
            work()
        with self.store.read() as tx:
            busy = [row for row in tx.find(Binding, parked=None) if _has_work(row)]
        return self.api.writes == writes and self.books.changed == changed and not busy

    # ---- what must hold --------------------------------------------------------------------------------------------

    def check(self) -> None:
        self._check_effects()
        with self.store.read() as tx:
            bindings = {row.hub_id: row for row in tx.find(Binding, kind="order")}
        bills = {str(bill["FID"]): bill for bill in self.books.all(FORMS[ORDER])}
        owners = Counter(row.remote_id for row in bindings.values() if row.remote_id)
        if owners and max(owners.values()) > 1:
            raise Violation(f"one document belongs to two records: {owners.most_common(1)}")
        for order in list_records(self.hub, "order", limit=10_000):
            self._check_order(order, bindings.get(order.id), bills)
        self.figures["documents"] = len(bills)
        for trace in self.api.requests:
            if trace.fault:
                self.figures[f"fault {trace.fault}"] += 1

    def _check_effects(self) -> None:
        """S1: at most one document that counts for each reference ever, and for each record now."""
        now, ever = Counter[str](), Counter[str]()
        for bill in self.books.all(FORMS[ORDER]):
            parsed = parse_reference(bill["F_ISTHMUS_REF"])
            if parsed is None or self.books.name_user(bill["FCreatorId"]) != USER:
                continue
            now[str(parsed.hub_id)] += bill["FDocumentStatus"] in COUNTING and bill["FCancelStatus"] != "B"
            ever[bill["F_ISTHMUS_REF"]] += (ORDER, bill["FID"]) in self.books.effective_once
        for name, count in (*now.items(), *ever.items()):
            if count > 1:
                raise Violation(f"{count} effective documents for {name}")

    def _check_order(self, order: Any, row: Binding | None, bills: dict[str, Any]) -> None:
        """S2 and S3: equal there, or ended, or visibly waiting for a person."""
        if row is None:
            raise Violation(f"lost: order {order.number} has no binding")
        if row.parked or "*" in row.held:
            self.figures["waits for a person"] += 1
            return
        if row.state in ENDED:
            if order.id not in self.voided:
                raise Violation(f"order {order.number} ended, and nobody had ended it")
            self.figures["ended"] += 1
            return
        bill = bills.get(row.remote_id or "")
        if bill is None or row.dirty or row.state not in (BindingState.BOUND, BindingState.WAITING):
            raise Violation(f"order {order.number} never settled: {row.state} {row.remote_id} {row.held}")
        self.figures["held" if row.held else "equal"] += 1
        if order.state.value == "void" or bill["FCancelStatus"] == "B":
            if "state" not in row.held and (order.state.value == "void") != (bill["FCancelStatus"] == "B"):
                raise Violation(f"order {order.number}: void on one side only")
            return
        there = (bill["FNote"], Decimal(bill["FBillAllAmount"]))
        if not row.held and there != (order.note, order.gross):
            raise Violation(f"order {order.number} differs: {(order.note, order.gross)} here, {there} there")


def _has_work(row: Binding) -> bool:
    idle = row.state in (BindingState.BOUND, BindingState.WAITING) and not row.dirty
    return row.state not in ENDED and not idle and "*" not in row.held


def run_storm(seed: int, confirm: str, crossings: int) -> Outcome:
    """Blow, calm down, check; and then not one write more."""
    storm = KingdeeStorm(seed, confirm)
    outcome = Outcome(f"seed {seed}, confirm {confirm}", figures=storm.figures)
    try:
        storm.accept()
        storm.blow(crossings)
        storm.calm_down()
        storm.check()
        writes = storm.api.writes
        storm.clock.pass_time(700)
        run_sync(storm.hub, "erp", None, "schedule", scheduled=True)
        if storm.api.writes != writes:
            raise Violation(f"{storm.api.writes - writes} writes after everything had calmed down")
    except Violation as violation:
        outcome.violation = str(violation)
    finally:
        storm.close()
    return outcome
