from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.testkit.tryton import RunningTryton
from tests.journeys.company import Company, open_company
from tests.journeys.desk import Desk, MovedClock
from tests.journeys.erp import Erp
from tests.journeys.sandbox_erp import Sandbox
from tests.journeys.tryton_erp import Tryton


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(params=["sandbox", pytest.param("tryton", marks=pytest.mark.servers)])
def erp(request: pytest.FixtureRequest, clock: MovedClock) -> Iterator[Erp]:
    """An ERP without customers: once the sandbox, once a real Tryton."""
    if request.param == "sandbox":
        with Sandbox(clock) as sandbox:
            yield sandbox
        return
    server: RunningTryton = request.getfixturevalue("tryton")
    with Tryton(server) as tryton:
        yield tryton


@pytest.fixture
def desk(erp: Erp, tmp_path: Path, clock: MovedClock) -> Iterator[Desk]:
    """A hub that is connected to it and has read and written nothing yet."""
    desk = Desk(tmp_path / "home", erp, clock)
    yield desk
    desk.close()


@pytest.fixture
def company(desk: Desk, erp: Erp) -> Company:
    """A customer and three products that both sides know."""
    return open_company(desk, erp)
