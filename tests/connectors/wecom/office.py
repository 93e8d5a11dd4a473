"""A hub beside the simulated company, with a home made by the command line, and its door for callbacks."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx

from connectors.wecom.simulator import Corp, Faults, WecomApi, make_calendar, write_credentials
from connectors.wecom.simulator.corp import Schedule
from hub.sdk.simulator import serve
from hub.store.event_rows import Event
from hub.store.rows import ConnectionState
from hub.sync.event_intake import EventReport, take_events
from hub.sync.events import list_due_events
from hub.sync.probe import probe_kind
from tests.journeys.desk import ACTOR, NAME, Desk, JourneyClock, MovedClock
from tests.journeys.erp import Erp

KINDS = ("user", "account", "contact", "activity")
ENDS_S = 60.0
MakeDesk = Callable[[Path, Erp, JourneyClock, Sequence[str]], Desk]


class Office:
    """The company on a port, and a hub that is connected to it as ``erp``. Both live by one clock."""

    def __init__(
        self,
        folder: Path,
        corp: Corp,
        faults: Faults | None = None,
        kinds: Sequence[str] = KINDS,
        config: Mapping[str, str] | None = None,
        make_desk: MakeDesk = Desk,
        *,
        probed: bool = True,
    ) -> None:
        self.corp = corp
        self.faults = faults or Faults()
        self.api = WecomApi(corp, self.faults)
        self.api.callbacks.echo_s = self.api.callbacks.answer_s = ENDS_S
        self.person = self.api.person
        self.server = serve(self.api.handle)
        told = write_credentials(corp.settings, self.server.url, make_calendar(corp))
        (folder / "callback.token").write_text(told.pop("callback_token"), encoding="utf-8")
        (folder / "callback.key").write_text(told.pop("aes_key"), encoding="utf-8")
        kept = {"callback_token": "file:callback.token", "aes_key": "file:callback.key"}
        (folder / "robot.key").write_text(told.pop("robot_key"), encoding="utf-8")
        settings = {name: value for name, value in told.items() if name not in ("url", "secret")}
        erp = SimpleNamespace(
            connector="wecom", settings={**settings, **kept, "robot_key": "file:robot.key", **(config or {})},
            secret_field="secret", secret=told["secret"], proxy=SimpleNamespace(url=told["url"]),
            read_only=("user", "account"),
        )  # fmt: skip
        self.clock = cast(MovedClock, corp.clock)
        self.desk = make_desk(folder, cast(Erp, erp), self.clock, kinds)
        if probed:
            self.probe([kind for kind in ("activity", "contact") if kind in kinds])

    def close(self) -> None:
        self.desk.close()
        self.server.stop()

    def run(self) -> Any:
        self.desk.wait_quiet()
        return self.desk.run()

    def probe(self, kinds: Sequence[str]) -> None:
        """As an administrator does before anything is written; the customer whom it is tried on leaves again."""
        tried = self.person.meet("wang.wu", "试探", remark="试探客户", description="要样品").external_userid
        for kind in kinds:
            report = probe_kind(self.desk.hub, NAME, kind, ACTOR)
            assert report.passed, report.measured.sentences()
        del self.corp.customers[tried]
        self.api.requests.clear()

    def appointments(self) -> list[Schedule]:
        """All but those of a probe."""
        rows = self.corp.schedules.values()
        return [row for row in rows if "〔IPRB" not in row.values.get("description", "")]

    def contact_of(self, external_userid: str) -> Any:
        return self.desk.record_of("contact", external_userid)

    def writes(self) -> list[str]:
        """Paths of the calls that changed something, in order."""
        return [trace.path for trace in self.api.writes]

    def events(self) -> list[Event]:
        with self.desk.hub.store.read() as tx:
            return tx.find(Event, order=["received_at", "id"])

    def take_events(self) -> EventReport:
        """What a worker does with the calls that were kept."""
        return take_events(self.desk.hub, list_due_events(self.desk.hub, 100), ACTOR)

    def state(self) -> ConnectionState | None:
        with self.desk.hub.store.read() as tx:
            return tx.get(ConnectionState, connection=NAME)

    @contextmanager
    def door(self) -> Iterator[str]:
        """``isthmus serve`` in a process of its own; the address for callbacks."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = self.desk.start("serve", "--port", str(port))
        try:
            _wait_for(f"http://127.0.0.1:{port}/healthz", process)
            yield f"http://127.0.0.1:{port}/hooks/{NAME}"
        finally:
            process.terminate()
            process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + ENDS_S
    while time.monotonic() < end:
        assert process.poll() is None, "the door has closed"
        try:
            if httpx.get(address, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the door never opened")
