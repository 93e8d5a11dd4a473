"""An empty, migrated store on each database; PostgreSQL copies it from one that was migrated once."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from hub.store import Store
from hub.testkit.servers import PostgresServer
from tests.store.samples import StillClock, open_store


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: PostgresServer) -> tuple[PostgresServer, str]:
    """A PostgreSQL server, and the name of a migrated database on it to copy from."""
    name = f"template_{uuid4().hex}"
    open_store(postgres_server.create_database(name)).close()
    return postgres_server, name


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def store(request: pytest.FixtureRequest, clock: StillClock) -> Iterator[Store]:
    if request.param == "sqlite":
        with open_store("sqlite://", clock) as opened:
            yield opened
        return
    server, template = request.getfixturevalue("migrated_postgres")
    name = f"test_{uuid4().hex}"
    with Store.open(server.create_database(name, template), clock=clock) as opened:
        yield opened
    server.drop_database(name)
