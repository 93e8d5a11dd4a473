"""Where journeys are played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from hub.testkit.tryton import PreparedTryton, start_tryton
from tests.journeys.desk import KINDS, Desk, JourneyClock, MovedClock
from tests.journeys.erp import Erp
from tests.journeys.ground import Ground
from tests.journeys.sandbox_erp import Sandbox
from tests.journeys.tryton_erp import Tryton


class Stage:
    """An ERP and a hub that reads and writes it. The journeys of a module go on where the last one ended, so what must
    hold at their ends covers all of them; a journey that failed is not built upon.

    ``prepared``: a Tryton, else the sandbox. ``ground``: where machines of their own stand, else one process.
    """

    def __init__(
        self,
        make_folder: Callable[[], Path],
        prepared: PreparedTryton | None,
        ground: Ground | None = None,
        kinds: Sequence[str] = KINDS,
    ) -> None:
        self._make_folder = make_folder
        self._prepared = prepared
        self._ground = ground
        self._kinds = kinds
        self._open = ExitStack()
        self._desk: Desk | None = None

    @property
    def is_spread(self) -> bool:
        """Whether the hub is on several machines."""
        return self._ground is not None

    @property
    def desk(self) -> Desk:
        if self._desk is None:
            folder = self._make_folder()
            if self._ground is None:
                clock: JourneyClock = MovedClock()
                erp = self._open.enter_context(self._start_erp(clock, folder))
                self._desk = Desk(folder / "home", erp, clock, self._kinds)
            else:
                site = self._open.enter_context(self._ground.build(folder))
                erp = self._open.enter_context(self._start_erp(site.time, folder))
                self._desk = site.open_desk(folder / "home", erp, self._kinds)
            self._open.callback(self._desk.close)
        return self._desk

    def _start_erp(self, clock: JourneyClock, folder: Path) -> Erp:
        if self._prepared is None:
            return Sandbox(clock)
        return Tryton(self._open.enter_context(start_tryton(self._prepared, folder / "tryton")))

    def close(self) -> None:
        """The next journey begins anew."""
        self._desk = None
        self._open.close()
