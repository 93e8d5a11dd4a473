"""The ERP calls the hub: calls come late, twice, in another order, or never. A call is a hint, and the document of that
moment is in its body, as traces are."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.simulator import SandboxErp
from hub.sdk.webhooks import Call, Notice, Received, Receiver
from hub.sync.context import Hub
from hub.sync.event_intake import take_events
from hub.sync.events import keep_events, list_due_events, make_event


class BellReceiver(Receiver):
    """The body names stream and id."""

    def receive(self, call: Call) -> Received:
        return Received(key=call.headers.get("x-delivery"))

    def read(self, call: Call) -> Sequence[Notice]:
        told = json.loads(call.body)
        return [Notice(told["stream"], told["id"])]


@dataclass(frozen=True)
class Ring:
    """One call on its way."""

    at: datetime
    key: str
    body: bytes


class Bells:
    """What the ERP tells of itself. ``calm``: every call comes once, at once."""

    def __init__(self, erp: SandboxErp, chance: random.Random) -> None:
        self._erp = erp
        self._chance = chance
        self._heard = 0
        self._numbers = 0
        self._ringing: list[Ring] = []
        self.calm = False
        self.lost = self.doubled = 0

    def listen(self) -> None:
        """Put what has changed there since the last time on its way."""
        entries = list(self._erp.log)[self._heard :]
        self._heard += len(entries)
        for entry in entries:
            copies = 1 if self.calm else self._chance.choice((0, 1, 1, 2))
            self.lost += copies == 0
            self.doubled += copies == 2
            self._numbers += 1
            shown = next(row for row in self._erp.documents(entry.kind) if row["id"] == entry.id)
            body = json.dumps({"stream": entry.kind, "id": entry.id, "row": shown}, default=str).encode()
            for _ in range(copies):
                delay_s = 0.0 if self.calm else self._chance.uniform(0, 40)
                at = self._erp.clock.now() + timedelta(seconds=delay_s)
                self._ringing.append(Ring(at, f"d{self._numbers}", body))

    def take_due(self) -> list[Ring]:
        """Calls that arrive now, in any order."""
        now = self._erp.clock.now()
        due = [ring for ring in self._ringing if ring.at <= now]
        self._ringing = [ring for ring in self._ringing if ring.at > now]
        self._chance.shuffle(due)
        return due


def answer_rings(hub: Hub, rings: Sequence[Ring]) -> None:
    """What the web process does with calls: keep them, answer (C10), then read what they speak of."""
    receiver = hub.open("erp").receiver
    if receiver is None:
        raise TypeError("nobody is there to be called")
    events = []
    for ring in rings:
        call = Call("POST", "/hooks/erp", {"x-delivery": ring.key}, ring.body, hub.now())
        events.append(make_event(hub.store, "erp", receiver, call, receiver.receive(call)))
    ids = keep_events(hub.store, events)
    hub.checkpoint("C10")
    take_events(hub, ids, "bell")


def take_waiting(hub: Hub) -> Any:
    """Calls that were kept and whose worker died."""
    ids = list_due_events(hub, 50)
    return take_events(hub, ids, "bell") if ids else None
