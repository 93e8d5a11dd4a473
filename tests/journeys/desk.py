"""The hub's side of a journey: a home made by the command line, and the public use cases over it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from typer.testing import CliRunner

from hub.commands.app import build_app
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.runtime.assemble import Outfit, close_hub, open_hub
from hub.runtime.home import find_home
from hub.sdk import Clock
from hub.store.rows import Attempt
from hub.sync.bindings import add_binding
from hub.sync.context import Hub
from hub.sync.plan import PlanView, make_plan
from hub.sync.records import create_record, edit_record, void_record
from hub.sync.run import RunReport, run_sync
from hub.sync.settle import settle_binding
from hub.sync.todo import TodoItem, list_todo
from tests.journeys.erp import PRICES, QUANTITIES, Erp

ROOT = Path(__file__).parents[2]
NAME = "erp"
KINDS = ("account", "product", "order")
ACTOR = "cli:li"


class JourneyClock(Clock, Protocol):
    """A clock that journeys move on."""

    def pass_time(self, seconds: float) -> None: ...


class MovedClock:
    """Real time, moved on by what has to be waited for: nobody sleeps."""

    def __init__(self) -> None:
        self._moved_s = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._moved_s)

    def monotonic(self) -> float:
        return time.monotonic() + self._moved_s

    def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        self._moved_s += seconds


class Crash(BaseException):
    """Thrown at a checkpoint."""


class Desk:
    """One hub with one connection, called ``erp``, to that ERP through its proxy."""

    environ: Mapping[str, str] = {}
    """What the command line finds in its environment beside the home."""
    schedule: Sequence[str] = ()
    """Options of ``sync add``."""

    def __init__(self, folder: Path, erp: Erp, clock: JourneyClock, kinds: Sequence[str] = KINDS) -> None:
        self.folder = folder
        self.erp = erp
        self.clock = clock
        self._terminal = build_app()
        self.at_checkpoint: dict[str, Any] = {}
        """Checkpoint → what happens there."""
        self.call("init")
        told = {name: self.place(value) for name, value in erp.settings.items()}
        settings = {**told, "url": erp.proxy.url, erp.secret_field: self.keep_secret(erp.secret)}
        words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        self.call("connection", "add", NAME, "--connector", erp.connector, *words)
        for kind in kinds:
            direction = ("--direction", "in") if kind in erp.read_only else ()
            self.call("sync", "add", NAME, kind, *direction, *self.schedule)
        self.hub = self._open()

    def place(self, setting: str) -> str:
        """The setting, so that all of the hub can read what it refers to."""
        return setting

    def keep_secret(self, text: str, connection: str = NAME) -> str:
        """What the hub proves itself with from now on; the reference to it."""
        file = self.folder / f"{connection}.secret"
        file.write_text(text, encoding="utf-8")
        return f"file:{file.name}"

    def call(self, *words: str, code: int = 0) -> dict[str, Any]:
        """The command line in this process; the document that it printed."""
        result = CliRunner().invoke(
            self._terminal, ["--home", str(self.folder), *words, "--json"], env=dict(self.environ)
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"{words}: {result.output}"
        document: dict[str, Any] = json.loads(result.stdout)
        return document

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The command line as a process of its own."""
        command = [sys.executable, "-m", "cli", "--home", str(self.folder), *words]
        environ = {**os.environ, **self.environ}
        return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _open(self) -> Hub:
        outfit = Outfit(clock=self.clock, random=random.Random(9), checkpoint=self._reach)
        return open_hub(find_home(self.folder, self.environ), outfit=outfit)

    def _reach(self, name: str) -> None:
        if name in self.at_checkpoint:
            self.at_checkpoint[name]()

    def reopen(self) -> None:
        """A new process, as it were: configuration, secrets and sessions are read again."""
        close_hub(self.hub)
        self.hub = self._open()

    def close(self) -> None:
        close_hub(self.hub)

    # ---------------------------------------------------------------- records

    def make_customer(self, name: str, uscc: str, **more: Any) -> Any:
        return self.create("account", name=name, identifiers=[{"kind": "uscc", "value": uscc}], **more)

    def make_order(self, account: UUID, products: Sequence[UUID], **more: Any) -> Any:
        """One line for each of the awkward prices."""
        rows = zip(products, QUANTITIES, PRICES, strict=True)
        lines = [{"product_id": str(id), "quantity": str(count), "unit_price": str(price)} for id, count, price in rows]
        return self.create("order", account_id=str(account), lines=lines, **more)

    def create(self, kind: str, **values: Any) -> Any:
        return create_record(self.hub, kind, values, ACTOR, anyway=True)

    def edit(self, record: Entity, **changes: Any) -> Any:
        return edit_record(self.hub, record.KIND, record.id, changes, ACTOR)

    def void(self, record: Entity) -> Any:
        return void_record(self.hub, record.KIND, record.id, ACTOR)

    def read(self, record: Entity) -> Any:
        """The record as it is now."""
        with self.hub.store.read() as tx:
            return tx.get(type(record), id=record.id)

    def records(self, kind: str) -> list[Any]:
        with self.hub.store.read() as tx:
            return list(tx.find(find_kind(kind), order=["id"]))

    def record_of(self, kind: str, remote_id: str) -> Any:
        """The record that a document there belongs to."""
        with self.hub.store.read() as tx:
            found = tx.find(Binding, connection=NAME, kind=kind, remote_id=remote_id)
            assert len(found) == 1, f"{kind} {remote_id} is bound {len(found)} times"
            return tx.get(find_kind(kind), id=found[0].hub_id)

    def bindings(self, kind: str) -> list[Binding]:
        with self.hub.store.read() as tx:
            return list(tx.find(Binding, connection=NAME, kind=kind, order=["id"]))

    def count_unbound(self, kind: str) -> int:
        """Records that have no document there, as far as the hub knows."""
        return sum(row.remote_id is None for row in self.bindings(kind))

    def binding(self, record: Entity) -> Binding:
        found = [row for row in self.bindings(record.KIND) if row.hub_id == record.id]
        assert len(found) == 1
        return found[0]

    def remote_id(self, record: Entity) -> str:
        found = self.binding(record).remote_id
        assert found is not None
        return found

    def settle(self, record: Entity, take: str) -> None:
        """What a person decides about a document that waits: ``remote`` or ``hub``."""
        settle_binding(self.hub, self.binding(record).id, take, ACTOR)

    def match(self, record: Entity, remote_id: str) -> None:
        """A person says that this is the same."""
        add_binding(self.hub, NAME, record.KIND, str(record.id), remote_id, ACTOR)

    # ---------------------------------------------------------------- plans and runs

    def plan(self) -> PlanView:
        return make_plan(self.hub, NAME, None, ACTOR)

    def accept(self, view: PlanView | None = None) -> RunReport:
        """Run exactly what a plan says; every first write is one that it named."""
        view = view or self.plan()
        report = run_sync(self.hub, NAME, None, ACTOR, accept=view.plan.label)
        planned = {item.binding_id for item in view.items if item.side == "there" and item.action != "hold"}
        assert {row.binding_id for row in self.attempts(report)} <= planned
        return report

    def run(self, connection: str = NAME) -> RunReport:
        return run_sync(self.hub, connection, None, ACTOR)

    def attempts(self, report: RunReport) -> list[Attempt]:
        with self.hub.store.read() as tx:
            return list(tx.find(Attempt, run_id=report.run.id, order=["id"]))

    def writes(self, report: RunReport) -> Counter[tuple[str, str, str]]:
        """How often (kind, what, outcome) was sent in a run."""
        return Counter((row.kind, row.op, row.outcome) for row in self.attempts(report))

    def wait_quiet(self) -> None:
        """Longer than any lease, quiet period or pause after a failure."""
        policies = self.hub.open(NAME).policies.values()
        self.clock.pass_time(max(150.0, *(policy.quiet_s for policy in policies)) + 1)

    def todo(self) -> list[TodoItem]:
        return [item for item in list_todo(self.hub) if not item.informational]
