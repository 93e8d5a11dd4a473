"""What goes wrong between the ERP and its callers: drawn from a seeded source, or ordered for the next call."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hub.sdk.simulator import Request

WRITE_FAULTS = {
    "unreachable": "no connection; not applied",
    "lost_before": "timeout; not applied",
    "lost_after": "applied, the answer is lost",
    "late": "timeout; applied later, within d_max_s",
    "refused": "429 with Retry-After; not applied",
    "server_error": "500; not applied",
    "server_error_after": "500, although it was applied",
    "garbage": "an HTML page, although it was applied",
}
BATCH_FAULTS = {
    "batch_partial": "a batch answers nothing: some items applied, some later, some never",
}
ITEM_FAULTS = {
    "item_refused": "one item of a batch is turned away with a 429 of its own",
}
READ_FAULTS = {
    "read_lost": "a read gets no answer",
    "read_refused": "a read gets a 429",
    "read_error": "a read gets a 500",
    "read_garbage": "a read gets an HTML page",
    "read_stale": "a read of one document is answered from the lagging copy",
    "list_short": "a list ends early, as if that were all",
    "read_hidden": "a read of one document says that there is none",
}
FAULTS = {**WRITE_FAULTS, **BATCH_FAULTS, **ITEM_FAULTS, **READ_FAULTS}
Match = Callable[[Request], bool]


@dataclass(frozen=True)
class _Order:
    fault: str
    match: Match


class Faults:
    """Faults by name (see ``FAULTS``), each with its rate from 0 to 1. Same source and same calls, same faults.

    ``active`` False stops the drawing of them ("the faults stop"); ordered ones still come.
    """

    def __init__(
        self,
        rng: random.Random | None = None,
        rates: Mapping[str, float] | None = None,
        *,
        d_max_s: float = 20.0,
        retry_after_s: float = 1.0,
    ) -> None:
        unknown = set(rates or {}) - FAULTS.keys()
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}; known: {', '.join(FAULTS)}")
        self.rates = dict(rates or {})
        self.d_max_s = d_max_s
        self.retry_after_s = retry_after_s
        self.active = True
        self.random = rng or random.Random(0)
        self._orders: list[_Order] = []
        self._lock = threading.Lock()

    def order_next(self, fault: str, match: Match = lambda request: True, times: int = 1) -> None:
        """Let this happen to the next calls of its sort (write, batch, read) that ``match``."""
        if fault not in FAULTS:
            raise ValueError(f"unknown fault {fault!r}; known: {', '.join(FAULTS)}")
        with self._lock:
            self._orders += [_Order(fault, match)] * times

    def draw(self, sort: Mapping[str, str], request: Request) -> str | None:
        """What happens to this call, None for nothing. ``sort`` is one of the tables above."""
        with self._lock:
            for order in self._orders:
                if order.fault in sort and order.match(request):
                    self._orders.remove(order)
                    return order.fault
            if not self.active or not self.rates:
                return None
            place = self.random.random()
            for fault in sort:
                place -= self.rates.get(fault, 0.0)
                if place < 0:
                    return fault
        return None

    def draw_delay_s(self) -> float:
        """When a late write is applied, after now."""
        return self.random.uniform(0.0, self.d_max_s)
