from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.testkit.servers import PostgresServer, RedisServer
from tests.journeys.company import Company, open_company
from tests.journeys.desk import Desk
from tests.journeys.erp import Erp
from tests.journeys.ground import Ground
from tests.journeys.stage import MACHINES, Stage

ON_MACHINES_WITH_TRYTON = ("test_orders",)
"""Also played with Tryton on many machines; the other modules only with the sandbox, which takes less time."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    own = metafunc.definition.iter_markers("parametrize")
    if "stage" not in metafunc.fixturenames or any("stage" in mark.args[0] for mark in own):
        return
    setups = ["sandbox", "tryton", f"sandbox{MACHINES}"]
    if metafunc.module.__name__.rpartition(".")[2] in ON_MACHINES_WITH_TRYTON:
        setups.append(f"tryton{MACHINES}")
    marked = [pytest.param(name, marks=pytest.mark.servers if name != "sandbox" else ()) for name in setups]
    metafunc.parametrize("stage", marked, indirect=True, scope="module")


@pytest.fixture(scope="session")
def ground(postgres_server: PostgresServer, redis_server: RedisServer) -> Iterator[Ground]:
    """For hubs that are spread over machines."""
    ground = Ground(postgres_server, redis_server)
    yield ground
    ground.close()


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """With the sandbox on a real port, and with a real Tryton; in one process, and spread over machines."""
    prepared = request.getfixturevalue("prepared_tryton") if request.param.startswith("tryton") else None
    ground = request.getfixturevalue("ground") if request.param.endswith(MACHINES) else None
    stage = Stage(lambda: tmp_path_factory.mktemp("journeys"), prepared, ground)
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
