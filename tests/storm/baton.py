"""Workers as threads that hand over at every checkpoint: only one runs at a time, and a schedule says which."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from datetime import datetime
from types import FrameType


class Abandoned(BaseException):
    """Ends a parked thread when its schedule is over and was checked; until then a crashed worker just stays parked,
    so that no ``finally`` of the hub runs on its behalf."""


Checkpoint = Callable[[str], None]


def _make_closed_lock() -> threading.Lock:
    """Opened by one thread and passed by another: what a semaphore does, without the layers above it."""
    lock = threading.Lock()
    lock.acquire()
    return lock


class Worker:
    """One process of the hub. ``resume`` lets it run to its next checkpoint or to its end."""

    def __init__(self, name: str, job: Callable[[Checkpoint], object]) -> None:
        self.name = name
        self.at = "start"
        """The checkpoint at which it is parked."""
        self.stands: FrameType | None = None
        """Where in the hub it is parked. It says so itself: ``sys._current_frames`` may hang for ever when garbage is
        collected inside it."""
        self.over = False
        self.error: Exception | None = None
        self.sleeps_until: datetime | None = None
        self.hit_by: str | None = None
        """What was done to its latest request."""
        self._job = job
        self._go, self._back = _make_closed_lock(), _make_closed_lock()
        self._dismissed = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def resume(self) -> None:
        """Hand it the baton and wait until it comes back."""
        self._go.release()
        self._back.acquire()

    def dismiss(self) -> None:
        """End the thread for good, wherever it is parked; what it still does on its way out is nobody's business."""
        self._dismissed = True
        self._go.release()
        self.thread.join()

    def _run(self) -> None:
        self._go.acquire()
        try:
            if not self._dismissed:
                self._job(self._park)
        except Abandoned:
            pass
        except Exception as error:  # the schedule judges it: some errors are answers, the others are defects
            self.error = error
        self.over = True
        self._back.release()

    def _park(self, name: str) -> None:
        """The checkpoint that the hub is given."""
        if self._dismissed:
            raise Abandoned
        self.at, self.stands = name, sys._getframe(1)
        self._back.release()
        self._go.acquire()
        self.stands = None
        if self._dismissed:
            raise Abandoned
