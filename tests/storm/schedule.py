"""One schedule: a seed decides who does what when, which worker dies where, and what gets lost on the way."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.errors import OutcomeUnknown, Transient
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Policy
from hub.store.rows import Cursor
from hub.sync.context import Hub, OpenConnection
from hub.sync.plan import make_plan
from hub.sync.pull import pull_stream
from hub.sync.push import list_due, push_bindings
from hub.sync.run import run_sync
from hub.sync.sweep import sweep_connection
from tests.storm.baton import Checkpoint, Worker
from tests.storm.money import ErpTill, HubTill
from tests.storm.people import ErpPeople, HubPeople, Notebook
from tests.storm.setting import Setting
from tests.sync.world import World

KINDS = ("account", "product", "order")
WORKER_LIMIT = 6
PARKED_LIMIT = 40
CALM_ROUNDS = 60
LEAPS_S = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 15.0)
"""How far time moves in one step."""
ANSWERS = (Transient, OutcomeUnknown)
"""What a worker may end with while things go wrong: an answer about the other system, not a defect."""
ENDED = (BindingState.TOMB, BindingState.FOREIGN)
Distort = Callable[[Policy], Policy]


class Violation(Exception):
    """The hub broke a promise."""


class Storm:
    """World, people and workers of one setting. ``distort`` hands another policy to every worker."""

    def __init__(self, setting: Setting, *, distort: Distort | None = None) -> None:
        self.setting = setting
        self.chance = random.Random(f"storm {setting.seed}/{setting.tier}/{setting.confirm}")
        self.world = make_world(setting)
        self.figures: Counter[str] = Counter()
        self.story: list[str] = []
        self._distort = distort
        self._opened: OpenConnection | None = None
        self._workers: list[Worker] = []
        self._parked: list[Worker] = []
        self._hints: list[UUID] = []
        self._names = 0
        self._reached: dict[str, datetime] = {}
        self.calm = False
        self.watch: Callable[[Storm], None] = lambda storm: None
        """Called after every step."""
        self.hub = self._make_hub(lambda name: None)
        self.notebook = Notebook(self.world.erp)
        deletes = self.world.settings.lists_deleted or setting.sweeps
        self._hub_people = HubPeople(self.hub, self.chance, self.notebook)
        self._erp_people = ErpPeople(self.world.erp, self.chance, self.notebook, deletes=deletes)
        self._kinds = (*KINDS, "payment") if setting.money else KINDS
        self._tills = (
            HubTill(self.hub, self.chance, self.notebook),
            ErpTill(self.world.erp, self.chance, self.notebook),
        )

    # ---- the world ---------------------------------------------------------------------------------------------

    def _make_hub(self, checkpoint: Checkpoint) -> Hub:
        hub = self.world.make_hub(checkpoint)
        hub.opener = self._open
        hub.hint = self._take_hint
        hub.page_size = 4
        return hub

    def _open(self, name: str) -> OpenConnection:
        """One opened connection for all: nothing of it changes while it is used."""
        if self._opened is None:
            opened = self.world._open(name)
            if self._distort is not None:
                policies = {kind: self._distort(policy) for kind, policy in opened.policies.items()}
                opened = dataclasses.replace(opened, policies=policies)
            self._opened = opened
        return self._opened

    def _take_hint(self, binding_ids: Sequence[UUID]) -> None:
        """The broker: a hint may be lost, doubled, and overtaken."""
        copies = 1 if self.calm else self.chance.choice((0, 1, 1, 2))
        self._hints += list(binding_ids) * copies

    def tell(self, who: str, what: str) -> None:
        self.story.append(f"{self.world.clock.at:%H:%M:%S} {who}: {what}")

    def close(self) -> None:
        for worker in self._workers + self._parked:
            worker.dismiss()
        self.hub.close()
        self.world.store.close()

    # ---- before, during, after ---------------------------------------------------------------------------------

    def accept(self) -> None:
        """Two customers, two items, and the first plan, accepted by a person."""
        self.world.faults.active = False
        for name in ("海岳精密机械有限公司", "青松贸易有限公司"):
            self.world.make_customer(name)
        for name, price in (("轴承", "12.50"), ("密封圈", "0.35")):
            self.world.make_item(name, price)
        self.world.clock.pass_time(self.world.settings.lag_s)
        plan = make_plan(self.hub, "erp", None, "li").plan
        report = run_sync(self.hub, "erp", None, "li", accept=plan.label)
        if report.errors:
            raise Violation(f"the first run failed: {report.errors[0]}")
        self.world.faults.active = True

    def blow(self) -> None:
        for _ in range(4):
            self.tell("hub", self._hub_people.add_order())
        for _ in range(self.setting.steps):
            self.step()
            self.watch(self)

    def step(self) -> None:
        """A little time, perhaps a person, perhaps a new worker, and one worker up to its next checkpoint."""
        chance, rates = self.chance, self.setting.rates
        self.world.clock.pass_time(chance.choice(LEAPS_S))
        before = len(self.world.erp.log)
        if self.world.erp.tick():
            self._tell_writes(before)
        if chance.random() < rates.hub_people:
            self.tell("hub", self._hub_people.act())
        if chance.random() < rates.erp_people:
            self.tell("erp", self._erp_people.act())
        if self.setting.money:
            self._handle_money()
        self._start_workers()
        for _ in range(chance.choice((2, 3, 4))):
            self._move_one()

    def _handle_money(self) -> None:
        hub_till, erp_till = self._tills
        if self.chance.random() < self.setting.rates.hub_people:
            self.tell("hub", hub_till.act())
        if self.chance.random() < self.setting.rates.erp_people:
            self.tell("erp", erp_till.act())

    def _start_workers(self) -> None:
        chance, rates = self.chance, self.setting.rates
        if self._hints and chance.random() < rates.deliver:
            self._push("push", [self._hints.pop(chance.randrange(len(self._hints)))])
        if chance.random() < rates.poll:
            due = list_due(self.hub, 50)
            chance.shuffle(due)
            for start in range(0, len(due), 3):
                self._push("poller", due[start : start + 3])
        if chance.random() < rates.pull:
            kind = chance.choice((*self._kinds, "order", "order"))
            self._start("pull", lambda hub: pull_stream(hub, "erp", kind, actor="pull"))
        if chance.random() < rates.run:
            self._start("run", lambda hub: run_sync(hub, "erp", None, "schedule", scheduled=True))
        if self.setting.sweeps and chance.random() < rates.sweep:
            self._start("sweep", lambda hub: sweep_connection(hub, "erp", actor="sweep", limit=6))

    def _push(self, name: str, binding_ids: Sequence[UUID]) -> None:
        self._start(name, lambda hub: push_bindings(hub, binding_ids))

    def _start(self, name: str, job: Callable[[Hub], object]) -> None:
        if len(self._workers) >= WORKER_LIMIT or len(self._parked) >= PARKED_LIMIT:
            return
        self._names += 1
        self._workers.append(Worker(f"{name}{self._names}", lambda checkpoint: job(self._make_hub(checkpoint))))

    def _move_one(self) -> None:
        now = self.world.clock.at
        awake = [worker for worker in self._workers if worker.sleeps_until is None or worker.sleeps_until <= now]
        if not awake:
            return
        worker = self.chance.choice(awake)
        worker.sleeps_until = None
        fate = self.chance.random()
        if worker.at != "start" and not self.calm:
            crash = self.setting.rates.crash_at.get(worker.at, self.setting.rates.crash)
            if fate < crash:
                self._crash(worker)
                return
            if fate < crash + self.setting.rates.pause:
                self._pause(worker, now)
                return
        before = len(self.world.erp.log)
        worker.resume()
        self._note_move(worker)
        self._tell_writes(before)

    def _crash(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self._parked.append(worker)
        self.figures[f"crash {worker.at}"] += 1
        self.tell(worker.name, f"dies at {worker.at}")

    def _pause(self, worker: Worker, now: datetime) -> None:
        pause_s = self.chance.choice((3, 8, 30, 60))
        worker.sleeps_until = now + timedelta(seconds=pause_s)
        self.figures["pauses"] += 1
        self.tell(worker.name, f"sleeps {pause_s} s at {worker.at}")

    def _note_move(self, worker: Worker) -> None:
        if not worker.over:
            self.figures[f"cross {worker.at}"] += 1
            self.tell(worker.name, worker.at)
            return
        self._workers.remove(worker)
        if worker.error is not None and not isinstance(worker.error, ANSWERS):
            raise worker.error
        self.tell(worker.name, f"ends {worker.error or ''}")
        self._check_cursors()

    def _tell_writes(self, before: int) -> None:
        """What the ERP did with the hub's calls since its log had this length."""
        for entry in list(self.world.erp.log)[before:]:
            found = next(row for row in self.world.erp.documents(entry.kind) if row["id"] == entry.id)
            shown = " ".join(f"{name}={found[name]}" for name in ("status", "note", "gross") if name in found)
            self.tell("  erp", f"{entry.action} {entry.id} v{entry.version} {shown} {found.get('our_ref', '')[-8:]}")

    # ---- calming down ------------------------------------------------------------------------------------------

    def calm_down(self) -> None:
        """The faults stop, people go home, and the hub may go on until it is quiet."""
        self.calm = True
        self.world.faults.active = False
        while self._workers:
            self.world.clock.pass_time(0.5)
            self._move_one()
        for _ in range(CALM_ROUNDS):
            if self.run_round() and (not self.setting.sweeps or self.sweep_all()) and self.run_round():
                return
        with self.hub.store.read() as tx:
            rows = [show_row(row) for row in tx.find(Binding, parked=None) if has_work(row)]
        raise Violation(f"not quiet after {CALM_ROUNDS} rounds: {rows[:3]}")

    def run_round(self) -> bool:
        """One pull and push of everything; whether nothing was written, and nothing is on its way."""
        self.world.clock.pass_time(42)
        self.world.erp.tick()
        return self._look_for_changes(lambda: run_sync(self.hub, "erp", None, "schedule", scheduled=True))

    def sweep_all(self) -> bool:
        """Look at everything again, and after a sweep that was cut off once more; whether that found nothing to do,
        and nothing of which it is not sure yet."""
        with self.hub.store.read() as tx:
            cut_off = tx.count(Cursor, stream__prefix="sweep:", under_way=True)
        still = self._look_for_changes(lambda: sweep_connection(self.hub, "erp", actor="sweep"))
        with self.hub.store.read() as tx:
            doubted = tx.find(Binding, missing_since__null=False, parked=None)
        return still and not cut_off and all(row.state in ENDED for row in doubted)

    def _look_for_changes(self, work: Callable[[], Any]) -> bool:
        writes, length = self.world.api.writes, len(self.world.erp.log)
        try:
            report = work()
        except ANSWERS as error:
            self.tell("calm", str(error))
            return False
        self.tell("calm", f"{getattr(report, 'counts', None) or report.run.counts}")
        self._tell_writes(length)
        if getattr(report, "errors", None):
            raise Violation(f"a run failed in calm weather: {report.errors[0]}")
        still = self.world.api.writes == writes and len(self.world.erp.log) == length
        with self.hub.store.read() as tx:
            busy = any(has_work(row) for row in tx.find(Binding, parked=None))
        return still and not busy and not self.world.erp.late_writes

    def _check_cursors(self) -> None:
        """A cursor moves only forward, whoever was asleep while another went on."""
        with self.hub.store.read() as tx:
            reached = {row.stream: row.high_water for row in tx.find(Cursor) if row.high_water is not None}
        for stream, high in self._reached.items():
            if reached[stream] < high:
                raise Violation(f"the cursor of {stream} went back from {high} to {reached[stream]}")
        self._reached = reached


def has_work(row: Binding) -> bool:
    """Whether work on this binding will be done by itself, soon. What is held back waits for people."""
    idle = row.state in (BindingState.BOUND, BindingState.WAITING) and not row.dirty
    return not row.parked and row.state not in ENDED and not idle and "*" not in row.held


def show_row(row: Any) -> str:
    facts = {name: getattr(row, name) for name in ("remote_id", "dirty", "held", "parked", "why", "not_before")}
    return f"{row.kind} {row.hub_id} {row.state.value} " + " ".join(f"{n}={v}" for n, v in facts.items() if v)


def make_world(setting: Setting) -> World:
    """Hub and ERP as the setting wants them; a temporary database."""
    order: dict[str, Any] = {"remote_wins": setting.remote_wins}
    if setting.tier == "draft":
        order["confirm"] = setting.confirm
    party = {"create": True, "remote_wins": setting.remote_wins}
    return World(
        Path(),
        seed=setting.seed,
        url="sqlite://",
        erp=setting.erp,
        syncs={"account": party, "product": party, "order": order, **({"payment": order} if setting.money else {})},
        faults=setting.rates.faults,
        read=False,
    )
