"""One schedule: a seed decides who does what when, which worker dies where, and what gets lost on the way."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hub.protocol.binding import Binding
from hub.protocol.semantics import Policy
from hub.store.rows import Cursor
from hub.sync.context import Hub, OpenConnection
from hub.sync.plan import make_plan
from hub.sync.pull import pull_stream
from hub.sync.push import list_due, push_bindings
from hub.sync.rewound import note_rewind
from hub.sync.run import run_sync
from hub.sync.sweep import sweep_connection
from tests.storm.baton import Checkpoint, Worker
from tests.storm.bells import BellReceiver, Bells, answer_rings, take_waiting
from tests.storm.calm import ANSWERS, Violation
from tests.storm.coverage import Cell, locate
from tests.storm.deciding import Decider
from tests.storm.door import Door
from tests.storm.history import make_history
from tests.storm.money import ErpTill, HubTill
from tests.storm.other import OtherHub
from tests.storm.people import ErpPeople, HubPeople, Notebook
from tests.storm.setting import Setting
from tests.storm.spares import make_spare
from tests.storm.stage import make_world
from tests.sync.snapshots import DatabaseSnapshot
from tests.sync.world import SkewedClock

KINDS = ("account", "product", "order")
WORKER_LIMIT = 8
PARKED_LIMIT = 100
CALM_PAGE_SIZE = 50
"""Between two pages nobody dies in calm weather."""
LEAPS_S = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 15.0)
"""How far time moves in one step."""
Distort = Callable[[Policy], Policy]


class Storm:
    """World, people and workers of one setting. ``distort`` hands another policy to every worker."""

    def __init__(self, setting: Setting, *, distort: Distort | None = None) -> None:
        self.setting = setting
        self._name = f"{setting.seed}/{setting.tier}/{setting.confirm}"
        self.chance = random.Random(f"storm {self._name}")
        self.world = make_world(setting)
        self.door = Door(self.world.api, random.Random(f"door {self._name}"), picky=setting.picky)
        self.figures: Counter[str] = Counter()
        self.cells: set[Cell] = set()
        """Where workers died."""
        self.story: list[str] = []
        self.twins: list[tuple[UUID, str]] = []
        """Orders that both sides had before: hub id, id there."""
        self._distort = distort
        self._opened: OpenConnection | None = None
        self._workers: list[Worker] = []
        self._parked: list[Worker] = []
        self._hints: list[UUID] = []
        self._names = 0
        self._reached: dict[str, datetime] = {}
        self._older: DatabaseSnapshot | None = None
        self.rewound = False
        self.calm = False
        self.watch: Callable[[Storm], None] = lambda storm: None
        """Called after every step."""
        self.hub = self._make_hub(self._count_calm)
        self.hub.page_size = CALM_PAGE_SIZE
        self.notebook = Notebook(self.world.erp)
        deletes = self.world.settings.lists_deleted or setting.sweeps
        self._hub_people = HubPeople(self.hub, self.chance, self.notebook, poison=setting.poison)
        self._erp_people = ErpPeople(self.world.erp, self.chance, self.notebook, deletes=deletes, poison=setting.poison)
        self._kinds = (*KINDS, "payment") if setting.money else KINDS
        self._tills = (
            HubTill(self.hub, self.chance, self.notebook),
            ErpTill(self.world.erp, self.chance, self.notebook),
        )
        self._decider = Decider(self.hub, self.world.erp, self.chance, self.notebook)
        self.bells = Bells(self.world.erp, self.chance)
        self.other = OtherHub(self.world.erp, self.chance)
        self._kept_at, self._lost_at = self._choose_rewind()

    # ---- the world ---------------------------------------------------------------------------------------------

    def _make_hub(self, checkpoint: Checkpoint) -> Hub:
        hub = self.world.make_hub(checkpoint)
        hub.opener = self._open
        hub.hint = self._take_hint
        hub.page_size = 4
        return hub

    def _make_worker_hub(self, checkpoint: Checkpoint) -> Hub:
        hub = self._make_hub(checkpoint)
        if self.setting.skew_s:
            hub.clock = SkewedClock(self.world.clock, self.chance.uniform(0, self.setting.skew_s))
        return hub

    def _open(self, name: str) -> OpenConnection:
        """One opened connection for all: nothing of it changes while it is used."""
        if self._opened is None:
            handle, self.world.api.handle = self.world.api.handle, self.door.handle  # type: ignore[method-assign]
            opened = self.world._open(name)
            self.world.api.handle = handle  # type: ignore[method-assign]
            opened = dataclasses.replace(opened, receiver=BellReceiver())
            if self._distort is not None:
                policies = {kind: self._distort(policy) for kind, policy in opened.policies.items()}
                opened = dataclasses.replace(opened, policies=policies)
            self._opened = opened
        return self._opened

    def _take_hint(self, binding_ids: Sequence[UUID]) -> None:
        """The broker: a hint may be lost, doubled, and overtaken."""
        copies = 1 if self.calm else self.chance.choice((0, 1, 1, 2))
        if copies != 1 and binding_ids:
            self.figures["fault hint_doubled" if copies else "fault hint_lost"] += 1
        self._hints += list(binding_ids) * copies

    def _count_calm(self, name: str) -> None:
        self.figures["calm"] += 1

    def tell(self, who: str, what: str) -> None:
        self.story.append(f"{self.world.clock.at:%H:%M:%S} {who}: {what}")

    def close(self) -> None:
        for worker in self._workers + self._parked:
            worker.dismiss()
        if self._older is not None:
            self._older.close()
        self.hub.close()
        self.world.store.close()

    # ---- before and during -------------------------------------------------------------------------------------

    def accept(self) -> None:
        """Two customers, two items, perhaps a history on both sides, and the first plan, accepted by a person."""
        self.world.faults.active = False
        for name in ("海岳精密机械有限公司", "青松贸易有限公司"):
            self.world.make_customer(name)
        for name, price in (("轴承", "12.50"), ("密封圈", "0.35")):
            self.world.make_item(name, price)
        self.world.clock.pass_time(self.world.settings.lag_s)
        if self.setting.history:
            make_history(self)
        self.carry_out(None)
        self.world.faults.active = True

    def carry_out(self, kinds: Sequence[str] | None) -> None:
        """A plan, and a person who accepts it."""
        plan = make_plan(self.hub, "erp", kinds, "li").plan
        report = run_sync(self.hub, "erp", kinds, "li", accept=plan.label)
        if report.errors:
            raise Violation(f"the first run failed: {report.errors[0]}")

    def blow(self, steps: Sequence[int] | None = None) -> None:
        """Every step, or only these: each has chances of its own, so that one can be left out."""
        for _ in range(4):
            self.tell("hub", self._hub_people.add_order())
        for number in steps if steps is not None else range(self.setting.steps):
            self._draw_anew(number)
            self._rewind_perhaps(number)
            self.step()
            self.watch(self)

    def _draw_anew(self, number: int) -> None:
        for source in (self.chance, self.world.faults.random, self.world.erp._random, self.door.chance):
            source.seed(
                f"{self.setting.seed}/{self.setting.tier}/{self.setting.confirm}/{number}/{id_of(self, source)}"
            )

    def step(self) -> None:
        """A little time, perhaps a person, perhaps a new worker, and one worker up to its next checkpoint."""
        chance, rates = self.chance, self.setting.rates
        self.world.clock.pass_time(chance.choice(LEAPS_S))
        before = len(self.world.erp.log)
        if self.world.erp.tick():
            self.tell_writes(before)
        if chance.random() < rates.hub_people:
            self.tell("hub", self._hub_people.act())
        if chance.random() < rates.erp_people:
            self.tell("erp", self._erp_people.act())
        if self.setting.other_hub and chance.random() < rates.other_hub:
            self.tell("other hub", self.other.act(self._list_orders()))
        if self.setting.money:
            self._handle_money()
        if chance.random() < rates.settle:
            self._decide()
        if chance.random() < rates.outage:
            self._cut_off()
        if self.setting.spares and chance.random() < rates.spare:
            self.figures["fault spare"] += 1
            self.tell("network", make_spare(self.world.erp, chance))
        self._start_workers()
        for _ in range(chance.choice((3, 5, 7))):
            self._move_one()

    def _decide(self) -> None:
        done, told = self._decider.act()
        self.figures[f"decided {done}"] += 1
        self.tell("hub", told)

    def _cut_off(self) -> None:
        """A whole round of writes gets no answer: some are applied, some later, some never."""
        fates = [self.chance.choice(("lost_before", "lost_after", "late")) for _ in range(self.chance.randrange(2, 7))]
        for fault in fates:
            self.world.faults.order_next(fault)
        self.figures["fault outage"] += 1
        self.tell("network", f"the next writes are {', '.join(fates)}")

    def _list_orders(self) -> list[UUID]:
        with self.hub.store.read() as tx:
            return [row.hub_id for row in tx.find(Binding, kind="order", order=["id"])]

    def _handle_money(self) -> None:
        hub_till, erp_till = self._tills
        if self.chance.random() < self.setting.rates.hub_people:
            self.tell("hub", hub_till.act())
        if self.chance.random() < self.setting.rates.erp_people:
            self.tell("erp", erp_till.act())

    # ---- workers -----------------------------------------------------------------------------------------------

    def _start_workers(self) -> None:
        chance, rates = self.chance, self.setting.rates
        if self._hints and chance.random() < rates.deliver:
            self._push("push", [self._hints.pop(chance.randrange(len(self._hints)))])
        if chance.random() < rates.poll:
            self._poll()
        if self.setting.bells:
            self._hear()
        if chance.random() < rates.pull:
            kind = chance.choice((*self._kinds, "order", "order"))
            self._start("pull", lambda hub: pull_stream(hub, "erp", kind, actor="pull"))
        if chance.random() < rates.run:
            self._start("run", lambda hub: run_sync(hub, "erp", None, "schedule", scheduled=True))
        if self.setting.sweeps and chance.random() < rates.sweep:
            limit = chance.choice((6, 24, 80))
            self._start("sweep", lambda hub: sweep_connection(hub, "erp", actor="sweep", limit=limit))

    def _poll(self) -> None:
        due = list_due(self.hub, 50)
        self.chance.shuffle(due)
        for start in range(0, len(due), 3):
            self._push("poller", due[start : start + 3])

    def _hear(self) -> None:
        self.bells.listen()
        due = self.bells.take_due()
        for ring in due[: self.chance.choice((0, 1, 2, 8))]:
            self._start("bell", lambda hub, ring=ring: answer_rings(hub, [ring]))  # type: ignore[misc]
        if self.chance.random() < self.setting.rates.bell / 4:
            self._start("bells", take_waiting)

    def _push(self, name: str, binding_ids: Sequence[UUID]) -> None:
        self._start(name, lambda hub: push_bindings(hub, binding_ids))

    def _start(self, name: str, job: Callable[[Hub], object]) -> None:
        if len(self._workers) >= WORKER_LIMIT or len(self._parked) >= PARKED_LIMIT:
            return
        self._names += 1
        self._workers.append(Worker(f"{name}{self._names}", lambda checkpoint: job(self._make_worker_hub(checkpoint))))

    def _move_one(self) -> None:
        now = self.world.clock.at
        awake = [worker for worker in self._workers if worker.sleeps_until is None or worker.sleeps_until <= now]
        if not awake:
            return
        worker = self.chance.choice(awake)
        worker.sleeps_until = None
        fate = self.chance.random()
        if worker.at != "start" and not self.calm:
            crash = self._how_likely_to_die(worker)
            if fate < crash:
                self._crash(worker)
                return
            if fate < crash + self.setting.rates.pause:
                self._pause(worker, now)
                return
        before, self.door.last_fault = len(self.world.erp.log), None
        worker.resume()
        worker.hit_by = self.door.last_fault
        self._note_move(worker)
        self.tell_writes(before)

    def _how_likely_to_die(self, worker: Worker) -> float:
        """Sooner where nobody has died yet in this schedule, and the sooner the seldomer one comes by."""
        rates = self.setting.rates
        usual = rates.crash_at.get(worker.at, rates.crash)
        if not usual:
            return usual
        if worker.hit_by:
            usual = max(usual, rates.hit_crash)
        rare = rates.rare_crash.get(worker.at, 0.0) if worker.hit_by else rates.rare_crash.get(f"{worker.at} calm", 0.0)
        return max(usual, rare) if rare and self._locate(worker) not in self.cells else usual

    def _locate(self, worker: Worker) -> Cell:
        return locate(self.world.store, worker)

    def _crash(self, worker: Worker) -> None:
        cell = self._locate(worker)
        self._workers.remove(worker)
        self._parked.append(worker)
        self.cells.add(cell)
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

    def tell_writes(self, before: int) -> None:
        """What the ERP did with calls since its log had this length."""
        for entry in list(self.world.erp.log)[before:]:
            found = next(row for row in self.world.erp.documents(entry.kind) if row["id"] == entry.id)
            shown = " ".join(f"{name}={found[name]}" for name in ("status", "note", "gross") if name in found)
            self.tell("  erp", f"{entry.action} {entry.id} v{entry.version} {shown} {found.get('our_ref', '')[-8:]}")

    # ---- an older database -------------------------------------------------------------------------------------

    def _choose_rewind(self) -> tuple[int, int]:
        """The steps after which the database is kept, and comes back."""
        chance = random.Random(f"rewind {self.setting.seed}")
        kept = chance.randrange(self.setting.steps * 3 // 4)
        return kept, kept + chance.randrange(3, 3 + self.setting.steps // 4)

    def _rewind_perhaps(self, number: int) -> None:
        if not self.setting.rewind or self.rewound:
            return
        if self._older is None and number >= self._kept_at:
            self._older = DatabaseSnapshot(self.world.store)
            self.tell("operator", "keeps a copy of the database")
        elif self._older is not None and number >= self._lost_at:
            self.put_back()

    def put_back(self) -> None:
        """The database breaks, every worker dies, and the older copy takes its place."""
        if self._older is None:
            return
        for worker in list(self._workers):
            self._crash(worker)
        self._older.put_back()
        self._hints.clear()
        self._reached.clear()
        self.rewound = True
        self.figures["fault rewind"] += 1
        note_rewind(self.hub, "erp", "li")
        self.tell("operator", "puts the older database back")

    # ---- the end of the faults ---------------------------------------------------------------------------------

    def stop_faults(self) -> None:
        """No more faults, and whoever works may end."""
        if self.setting.rewind and not self.rewound:
            self._older = self._older or DatabaseSnapshot(self.world.store)
            self.put_back()
        self.calm = self.bells.calm = True
        self.world.faults.active = False
        self.world.faults._orders.clear()
        while self._workers:
            self.world.clock.pass_time(0.5)
            self._move_one()

    def _check_cursors(self) -> None:
        """A cursor moves only forward, whoever was asleep while another went on."""
        with self.hub.store.read() as tx:
            reached = {row.stream: row.high_water for row in tx.find(Cursor) if row.high_water is not None}
        for stream, high in self._reached.items():
            if reached[stream] < high:
                raise Violation(f"the cursor of {stream} went back from {high} to {reached[stream]}")
        self._reached = reached


def id_of(storm: Storm, source: random.Random) -> str:
    if source is storm.door.chance:
        return "door"
    return "people" if source is storm.chance else "faults" if source is storm.world.faults.random else "erp"
