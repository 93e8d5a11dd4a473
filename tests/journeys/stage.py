"""Where journeys are played."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from hub.testkit.tryton import PreparedTryton, start_tryton
from tests.journeys.desk import KINDS, Desk, JourneyClock, MovedClock
from tests.journeys.erp import Erp
from tests.journeys.ground import Ground
from tests.journeys.sandbox_erp import Sandbox
from tests.journeys.tryton_erp import Tryton

MACHINES = " on many machines"
"""How a set-up's name ends whose hub is spread over machines."""
StartErp = Callable[[JourneyClock], AbstractContextManager[Any]]
"""The other side, by this clock."""


@contextmanager
def open_desk(
    folder: Path, start_erp: StartErp, ground: Ground | None = None, kinds: Sequence[str] = KINDS
) -> Iterator[Desk]:
    """A hub beside that other side: on machines of its own where there is ``ground`` for them, else in one process."""
    with ExitStack() as stack:
        if ground is None:
            clock: JourneyClock = MovedClock()
            erp = stack.enter_context(start_erp(clock))
            desk = Desk(folder / "home", erp, clock, kinds)
        else:
            site = stack.enter_context(ground.build(folder))
            erp = stack.enter_context(start_erp(site.time))
            desk = site.open_desk(folder / "home", erp, kinds)
        stack.callback(desk.close)
        yield desk


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
            start_erp = partial(self._start_erp, folder)
            self._desk = self._open.enter_context(open_desk(folder, start_erp, self._ground, self._kinds))
        return self._desk

    def _start_erp(self, folder: Path, clock: JourneyClock) -> Erp:
        if self._prepared is None:
            return Sandbox(clock)
        return Tryton(self._open.enter_context(start_tryton(self._prepared, folder / "tryton")))

    def close(self) -> None:
        """The next journey begins anew."""
        self._desk = None
        self._open.close()
