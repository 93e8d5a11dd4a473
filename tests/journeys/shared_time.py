"""Time, and when machines may look for work, shared by all processes of a journey: a file of eight-byte fields.

Field 0: by how many seconds real time was moved on. Field 1: the gate; odd is open. Fields from 2: what each machine
has seen of the gate, so that whoever closes it knows when everybody has noticed. Fields from 9: how much of what it
found itself each machine has under way.
"""

from __future__ import annotations

import fcntl
import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

FIELDS = 16
SIZE = 8 * FIELDS
FIRST_SEEN = 2
FIRST_BUSY = 9


class SharedTime:
    """Real time, moved on by what has to be waited for: nobody sleeps, in no process."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(SIZE))
        self._file = path.open("r+b")
        self._fields = mmap.mmap(self._file.fileno(), SIZE)

    def close(self) -> None:
        """Nobody moves it on any more. A thread that outlives the journey may still read it."""
        self._file.close()

    # ---- the clock

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._moved_s)

    def monotonic(self) -> float:
        return time.monotonic() + self._moved_s

    def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        struct.pack_into("d", self._fields, 0, self._moved_s + seconds)
        fcntl.flock(self._file, fcntl.LOCK_UN)

    @property
    def _moved_s(self) -> float:
        return float(struct.unpack_from("d", self._fields, 0)[0])

    # ---- the gate

    @property
    def gate(self) -> int:
        return self._read(1)

    def open_gate(self) -> None:
        self._write(1, self.gate + 1 + self.gate % 2)

    def close_gate(self, machines: int) -> None:
        """Machines look for no more work when this returns; what they have begun goes on."""
        closed = self.gate + self.gate % 2
        self._write(1, closed)
        end = time.monotonic() + 60
        while any(self._read(FIRST_SEEN + index) != closed for index in range(machines)):
            if time.monotonic() > end:
                raise TimeoutError("a machine does not notice that the gate is closed")
            time.sleep(0.005)

    def may_look(self, index: int) -> bool:
        """What machine number ``index`` asks before it looks."""
        gate = self.gate
        self._write(FIRST_SEEN + index, gate)
        return gate % 2 == 1

    def tell_busy(self, index: int, jobs: int) -> None:
        self._write(FIRST_BUSY + index, jobs)

    def is_busy(self) -> bool:
        """Whether a machine does what no message told it to. Sure once the gate was closed."""
        return any(self._read(field) for field in range(FIRST_BUSY, FIELDS))

    def _read(self, field: int) -> int:
        return int(struct.unpack_from("q", self._fields, 8 * field)[0])

    def _write(self, field: int, value: int) -> None:
        struct.pack_into("q", self._fields, 8 * field, value)
