"""Where journeys are played."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from hub.testkit.tryton import PreparedTryton, start_tryton
from tests.journeys.desk import Desk, MovedClock
from tests.journeys.erp import Erp
from tests.journeys.sandbox_erp import Sandbox
from tests.journeys.tryton_erp import Tryton


class Stage:
    """An ERP and a hub that reads and writes it. The journeys of a module go on where the last one ended, so what must
    hold at their ends covers all of them; a journey that failed is not built upon."""

    def __init__(self, make_folder: Callable[[], Path], prepared: PreparedTryton | None) -> None:
        self._make_folder = make_folder
        self._prepared = prepared
        self._open = ExitStack()
        self._desk: Desk | None = None

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            clock, folder = MovedClock(), self._make_folder()
            erp = self._open.enter_context(self._start_erp(clock, folder))
            self._desk = Desk(folder / "home", erp, clock)
            self._open.callback(self._desk.close)
        return self._desk

    def _start_erp(self, clock: MovedClock, folder: Path) -> Erp:
        if self._prepared is None:
            return Sandbox(clock)
        return Tryton(self._open.enter_context(start_tryton(self._prepared, folder / "tryton")))

    def close(self) -> None:
        """The next journey begins anew."""
        self._desk = None
        self._open.close()
