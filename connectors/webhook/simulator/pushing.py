"""Pushes events to an address and tries again until it is told 2xx, as webhook senders do; with what goes wrong on the
way. One delivery is under way at a time, so that same seed and same answers give the same history."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from connectors.webhook.simulator.shop import ShopEvent
from connectors.webhook.simulator.signing import sign

FAULTS = {
    "duplicate": "an event is delivered twice",
    "reorder": "an event is delivered after the one that follows it",
    "old_version": "a record is pushed once more as it was before, as an event of its own",
    "lost_answer": "the call arrives, its answer is not heard, so it is delivered again",
    "forged": "somebody else calls with a signature of his own",
}
RETRY_S = (0.05, 0.2, 0.5, 1.0, 2.0)
TIMEOUT_S = 15.0


@dataclass
class Delivery:
    """One event on its way. ``fault`` happens to the next try only."""

    event: ShopEvent
    fault: str | None = None
    tries: int = 0
    not_before: float = 0.0


@dataclass
class Ledger:
    """What came of it. ``accepted``: event id → (how often, last status) of those that were told 2xx."""

    accepted: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    tries: int = 0
    unanswered: int = 0


class Pusher:
    """``target``: the whole address of the hub's door."""

    def __init__(
        self, target: str, scheme: str, secret: str, seed: int = 0, rates: Mapping[str, float] | None = None
    ) -> None:
        unknown = set(rates or {}) - FAULTS.keys()
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}; known: {', '.join(FAULTS)}")
        self._url = urlsplit(target)
        self._scheme, self._secret = scheme, secret
        self._random = random.Random(f"push/{seed}")
        self._rates = dict(rates or {})
        self._queue: deque[Delivery] = deque()
        self._before: dict[str, ShopEvent] = {}
        self._old = 0
        self._lock = threading.Lock()
        self.ledger = Ledger()

    def add(self, events: Sequence[ShopEvent]) -> None:
        """Put events at the end of the queue, with what goes wrong about their order and number."""
        with self._lock:
            for event in events:
                self._queue.append(Delivery(event, self._draw("lost_answer")))
                self._spoil(event)

    @property
    def waiting(self) -> int:
        """Deliveries that nobody has taken yet."""
        return len(self._queue)

    def push_all(self, timeout_s: float = 120.0, stop: threading.Event | None = None) -> bool:
        """Deliver until the queue is empty; False when the time was over first, or ``stop`` was set."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end and not (stop is not None and stop.is_set()):
            if not self.push_next():
                if not self._queue:
                    return True
                time.sleep(0.01)
        return not self._queue

    def push_next(self) -> bool:
        """Deliver what is first and whose time has come; False when there is nothing."""
        with self._lock:
            now = time.monotonic()
            ready = next((one for one in self._queue if one.not_before <= now), None)
            if ready is None:
                return False
            self._queue.remove(ready)
        if not self._try(ready):
            with self._lock:
                ready.not_before = time.monotonic() + RETRY_S[min(ready.tries, len(RETRY_S)) - 1]
                self._queue.append(ready)
        return True

    def _spoil(self, event: ShopEvent) -> None:
        if self._draw("duplicate"):
            self._queue.append(Delivery(event))
        if self._draw("reorder") and len(self._queue) > 1:
            last = self._queue.pop()
            self._queue.insert(len(self._queue) - 1, last)
        if self._draw("forged"):
            self._queue.append(Delivery(event, "forged"))
        before = self._before.get(event.document["id"])
        if before is not None and self._draw("old_version"):
            self._old += 1
            again = ShopEvent(f"evt_old_{self._old:04}", before.type, before.kind, before.document)
            self._queue.append(Delivery(again))
        self._before[event.document["id"]] = event

    def _draw(self, fault: str) -> str | None:
        if self._random.random() >= self._rates.get(fault, 0.0):
            return None
        self.ledger.faults[fault] += 1
        return fault

    def _try(self, one: Delivery) -> bool:
        """Whether there is nothing more to do about this delivery."""
        one.tries += 1
        self.ledger.tries += 1
        fault, one.fault = one.fault, None
        status = self._send(one.event, fault)
        if fault == "forged" and status is None:
            one.fault = fault  # nobody heard it
            return False
        if fault == "forged" and status is not None:
            self.ledger.statuses[status] += 1
            return True  # whatever was said, nobody tries that again
        if status is None or fault == "lost_answer":
            self.ledger.unanswered += 1
            return False
        self.ledger.statuses[status] += 1
        if not 200 <= status < 300:
            return False
        self.ledger.accepted[one.event.id] += 1
        return True

    def _send(self, event: ShopEvent, fault: str | None) -> int | None:
        """The status, None when no answer came."""
        body = json.dumps(event.body, ensure_ascii=False).encode()
        secret = "d2hzZWNfZm9yZ2Vk" if fault == "forged" else self._secret  # pragma: allowlist secret
        headers = sign(self._scheme, secret, event.id, event.type, int(time.time()), body)
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=TIMEOUT_S)
        try:
            connection.request("POST", self._url.path, body, {"Content-Type": "application/json", **headers})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (TimeoutError, OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
