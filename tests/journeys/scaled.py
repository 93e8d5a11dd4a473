"""The same desk over a hub that is spread over machines: PostgreSQL, Redis, a web, two schedulers, two workers.

What a person types (plans, accepted runs, edits) still happens in the person's own process, on the admin's machine.
``run`` is not typed: the turn of every sync comes, a scheduler calls it, and workers do what there is to do.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.errors import IsthmusError, NeedsConsent, RuleBroken, Transient
from hub.protocol.binding import Binding
from hub.runtime.broker import open_broker
from hub.runtime.clock import SystemClock
from hub.runtime.secrets import Vault
from hub.store.rows import Attempt, ConnectionState, Run, SyncState
from hub.sync.accept import check_accepted
from hub.sync.pause import check_paused
from hub.sync.plan import PlanView, choose_kinds
from hub.sync.push import list_due
from hub.sync.run import RunReport, list_refused
from tests.journeys.desk import KINDS, NAME, Desk
from tests.journeys.erp import Erp
from tests.journeys.machines import Machines

QUEUES = ("push_bindings", "run_sync", "sweep_connection", "take_events")
LIMIT_S = 90.0


class ScaledDesk(Desk):
    """The admin's machine of such a hub."""

    schedule = ("--every", "30d")

    def __init__(
        self, folder: Path, erp: Erp, machines: Machines, environ: dict[str, str], kinds: Sequence[str] = KINDS
    ) -> None:
        self.machines = machines
        self.environ = environ
        self._broker = open_broker(environ["ISTHMUS_BROKER_URL"])
        self._seen: set[UUID] = set()
        self._of_run: dict[UUID, list[Attempt]] = {}
        super().__init__(folder, erp, machines.time, kinds)

    def place(self, setting: str) -> str:
        """What lies in a file is put into the database: the machines have no home."""
        scheme, _, name = setting.partition(":")
        return self._put_secret(name, (self.folder / name).read_text(encoding="utf-8")) if scheme == "file" else setting

    def keep_secret(self, text: str, connection: str = NAME) -> str:
        return self._put_secret(f"{connection}.{self.erp.secret_field}", text)

    def _put_secret(self, name: str, text: str) -> str:
        from hub.runtime.assemble import open_store
        from hub.runtime.home import find_home

        home = find_home(self.folder, self.environ)
        store = open_store(home)
        try:
            return Vault(home, store, SystemClock()).put(name, text, "test")
        finally:
            store.close()

    def accept(self, view: PlanView | None = None) -> RunReport:
        report = super().accept(view)
        self._take_new_attempts()
        return report

    def run(self, connection: str = NAME) -> RunReport:
        """The turn of every sync comes. What was written since the last look is this run's, whoever wrote it."""
        check_paused(self.hub, connection)
        self._take_new_attempts()
        before = self._newest_run()
        with self.hub.store.write() as tx:
            for kind in self.hub.settings_of(connection).syncs:
                state = tx.get(SyncState, lock=True, connection=connection, kind=kind)
                state = state or SyncState(connection=connection, kind=kind)
                tx.save(state.model_copy(update={"next_due": self.hub.now(), "called_at": None}))
            resting = tx.get(ConnectionState, connection=connection, lock=True)
            if resting is not None and resting.not_before is not None:  # as for a run by hand: it may be tried
                tx.save(resting.model_copy(update={"not_before": None}))
        self.clock.pass_time(1.0)
        self.machines.time.open_gate()
        try:
            run = self._wait_for_run(before)
        finally:
            self.machines.pause()
        self._wait(self._is_quiet)
        return self._report(run)

    def attempts(self, report: RunReport) -> list[Attempt]:
        if report.run.id in self._of_run:
            return self._of_run[report.run.id]
        return super().attempts(report)

    def close(self) -> None:
        super().close()
        self._broker.close()

    # ---------------------------------------------------------------- waiting

    def _wait_for_run(self, before: int) -> Run:
        self._wait(lambda: self._newest_run() > before and self._ended() and self._is_quiet())
        with self.hub.store.read() as tx:
            return tx.find(Run, number__gt=before, order=["number"])[0]

    def _describe(self) -> str:
        with self.hub.store.read() as tx:
            held = tx.find(Binding, lease_until__gt=self.hub.now())
        size = self._broker.do_qsize  # type: ignore[attr-defined] # of the Redis broker
        waiting = {name: int(size(name)) for name in QUEUES}
        return f"held {held}, waiting {waiting}, due {list_due(self.hub, 5)}, run {self._newest_run()} {self._ended()}"

    def _wait(self, condition: Any) -> None:
        end = time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(
                    f"the machines do not come to rest: {self._describe()} {self.machines.read_logs()[-4000:]}"
                )
            time.sleep(0.03)

    def _newest_run(self) -> int:
        with self.hub.store.read() as tx:
            found = tx.find(Run, order=["-number"], limit=1)
        return found[0].number if found else 0

    def _ended(self) -> bool:
        with self.hub.store.read() as tx:
            return tx.count(Run, state="running") == 0

    def _is_quiet(self) -> bool:
        """No message is on its way, no machine found work itself, nobody holds a row, nothing is due."""
        size = self._broker.do_qsize  # type: ignore[attr-defined] # of the Redis broker; counts what is being done, too
        if any(int(size(name)) for name in QUEUES) or self.machines.time.is_busy():
            return False
        with self.hub.store.read() as tx:
            held = tx.count(Binding, lease_until__gt=self.hub.now())
        return not held and not list_due(self.hub, 1)

    # ---------------------------------------------------------------- reporting

    def _take_new_attempts(self) -> list[Attempt]:
        with self.hub.store.read() as tx:
            fresh = [row for row in tx.find(Attempt, order=["sent_at", "id"]) if row.id not in self._seen]
        self._seen.update(row.id for row in fresh)
        return fresh

    def _report(self, run: Run) -> RunReport:
        self._of_run[run.id] = self._take_new_attempts()
        kinds = choose_kinds(self.hub, run.connection, None)
        refused = list_refused(self.hub, run.connection, kinds, check_accepted)
        return RunReport(run, [] if run.error_code is None else [self._tell(run)], refused)

    def _tell(self, run: Run) -> IsthmusError:
        """The error that cut a run short, as its own process had it."""
        with self.hub.store.read() as tx:
            state = tx.get(ConnectionState, connection=run.connection)
        kind = NeedsConsent if state and state.paused else Transient if state and state.failures else RuleBroken
        return kind(run.error_code or "", vendor=run.error_words, **run.error_params)
