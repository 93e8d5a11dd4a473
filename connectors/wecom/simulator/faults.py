"""What goes wrong between the server and its callers: drawn from a seeded source, or ordered for the next call."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

WRITE_FAULTS = {
    "lost_before": "no answer; not applied",
    "lost_after": "applied, the answer is lost",
    "busy": "errcode -1; not applied",
    "busy_after": "errcode -1, although it was applied",
    "garbage": "an HTML page, although it was applied",
    "limit": "errcode 45009; not applied",
    "crowded": "errcode 45033; not applied",
    "token_ended": "the token ends early; not applied",
}
READ_FAULTS = {
    "read_lost": "a read gets no answer",
    "read_busy": "a read gets errcode -1",
    "read_garbage": "a read gets an HTML page",
    "read_limit": "a read gets 45009",
    "read_token_ended": "a read finds its token ended early",
}
CALLBACK_FAULTS = {
    "callback_repeated": "a callback arrives, its answer is not heard, so it comes again",
    "callback_forged": "somebody else calls with a signature of his own",
}
FAULTS = {**WRITE_FAULTS, **READ_FAULTS, **CALLBACK_FAULTS}
Match = Callable[[str], bool]


class Faults:
    """Faults by name (see ``FAULTS``), each with its rate from 0 to 1. Same source and same calls, same faults."""

    def __init__(self, rng: random.Random | None = None, rates: Mapping[str, float] | None = None) -> None:
        unknown = set(rates or {}) - FAULTS.keys()
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(sorted(unknown))}; known: {', '.join(FAULTS)}")
        self.rates = dict(rates or {})
        self._random = rng or random.Random(0)
        self._orders: list[tuple[str, Match]] = []

    def order_next(self, fault: str, match: Match = lambda path: True, times: int = 1) -> None:
        """Let this happen to the next calls of its sort whose path matches."""
        if fault not in FAULTS:
            raise ValueError(f"unknown fault {fault!r}; known: {', '.join(FAULTS)}")
        self._orders += [(fault, match)] * times

    def cancel_orders(self) -> None:
        """Whatever was ordered and has not happened will not."""
        self._orders.clear()

    def draw(self, sort: Mapping[str, str], path: str) -> str | None:
        """What happens to this call, None for nothing."""
        for order in self._orders:
            if order[0] in sort and order[1](path):
                self._orders.remove(order)
                return order[0]
        if not self.rates:
            return None
        place = self._random.random()
        for fault in sort:
            place -= self.rates.get(fault, 0.0)
            if place < 0:
                return fault
        return None
