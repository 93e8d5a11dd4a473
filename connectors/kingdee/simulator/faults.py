"""What goes wrong between the server and its callers: drawn from a seeded source, or ordered for the next call."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

WRITE_FAULTS = {
    "unreachable": "no connection; not applied",
    "lost_before": "timeout; not applied",
    "lost_after": "applied, the answer is lost",
    "late": "timeout; applied later, within d_max_s",
    "refused": "MsgCode 14, the limit of calls; not applied",
    "conflict": "MsgCode 13, somebody has the document open; not applied",
    "server_error": "HTTP 500; not applied",
    "server_error_after": "HTTP 500, although it was applied",
    "garbage": "an HTML page, although it was applied",
    "session_lost": "the session is gone; not applied",
    "session_lost_after": "the session is gone, although it was applied",
}
READ_FAULTS = {
    "read_lost": "a read gets no answer",
    "read_refused": "a read gets MsgCode 14",
    "read_error": "a read gets HTTP 500",
    "read_garbage": "a read gets an HTML page",
    "read_session_lost": "a read finds its session gone",
}
FAULTS = {**WRITE_FAULTS, **READ_FAULTS}
Match = Callable[[str], bool]


@dataclass(frozen=True)
class _Order:
    fault: str
    match: Match
    form: str


class Faults:
    """Faults by name (see ``FAULTS``), each with its rate from 0 to 1. Same source and same calls, same faults.

    ``active`` False stops the drawing of them; ordered ones still come.
    """

    def __init__(
        self, rng: random.Random | None = None, rates: Mapping[str, float] | None = None, *, d_max_s: float = 20.0
    ) -> None:
        unknown = set(rates or {}) - FAULTS.keys()
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}; known: {', '.join(FAULTS)}")
        self.rates = dict(rates or {})
        self.active = True
        self._random = rng or random.Random(0)
        self._d_max_s = d_max_s
        self._orders: list[_Order] = []

    def order_next(self, fault: str, match: Match = lambda operation: True, times: int = 1, *, form: str = "") -> None:
        """Let this happen to the next calls of its sort whose operation (``Save``, ``Audit``…) matches, and which are
        about this form."""
        if fault not in FAULTS:
            raise ValueError(f"unknown fault {fault!r}; known: {', '.join(FAULTS)}")
        self._orders += [_Order(fault, match, form)] * times

    def draw(self, sort: Mapping[str, str], operation: str, form: str = "") -> str | None:
        """What happens to this call, None for nothing."""
        for order in self._orders:
            if order.fault in sort and order.form in ("", form) and order.match(operation):
                self._orders.remove(order)
                return order.fault
        if not self.active or not self.rates:
            return None
        place = self._random.random()
        for fault in sort:
            place -= self.rates.get(fault, 0.0)
            if place < 0:
                return fault
        return None

    def draw_delay_s(self) -> float:
        """When a late write is applied, after now."""
        return self._random.uniform(0.0, self._d_max_s)
