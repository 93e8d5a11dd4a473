from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.journeys.company import Company, open_company
from tests.journeys.desk import Desk
from tests.journeys.erp import Erp
from tests.journeys.stage import Stage


@pytest.fixture(scope="module", params=["sandbox", pytest.param("tryton", marks=pytest.mark.servers)])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Once with the sandbox on a real port, once with a real Tryton."""
    prepared = request.getfixturevalue("prepared_tryton") if request.param == "tryton" else None
    stage = Stage(lambda: tmp_path_factory.mktemp("journeys"), prepared)
    yield stage
    stage.close()


@pytest.fixture
def desk(request: pytest.FixtureRequest, stage: Stage) -> Iterator[Desk]:
    """A hub that is connected to the ERP."""
    failed = request.session.testsfailed
    yield stage.desk
    stage.desk.at_checkpoint.clear()
    if request.session.testsfailed > failed:
        stage.close()


@pytest.fixture
def erp(desk: Desk) -> Erp:
    """The ERP on the other side."""
    return desk.erp


@pytest.fixture
def company(desk: Desk, erp: Erp) -> Company:
    """A new customer and three new products that both sides know."""
    return open_company(desk, erp)
