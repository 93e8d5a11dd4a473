"""Random bits for ids, fetched from the operating system for many ids at once."""

from __future__ import annotations

import os
from collections.abc import Callable

_BYTES = 10
_AT_ONCE = 256


class Chance:
    """Each call gives bits that were never given before, over threads and in the children of a fork."""

    def __init__(self, read_process: Callable[[], int] = os.getpid) -> None:
        self._read_process = read_process
        self._process = 0
        self._ready: list[int] = []

    def draw_bits(self, count: int) -> int:
        """So many random bits, at most 80."""
        process = self._read_process()
        if process != self._process:  # a child would draw what its parent draws
            self._process, self._ready = process, []
        try:
            found = self._ready.pop()
        except IndexError:
            raw = os.urandom(_BYTES * _AT_ONCE)
            fresh = [int.from_bytes(raw[at : at + _BYTES], "big") for at in range(0, len(raw), _BYTES)]
            found = fresh.pop()
            self._ready.extend(fresh)
        return found >> (8 * _BYTES - count)


draw_bits = Chance().draw_bits
