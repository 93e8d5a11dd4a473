"""An empty, migrated store on each database; on PostgreSQL one database serves all tests and is emptied after each."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from hub.store import Store
from hub.store.tables import derive_tables
from hub.testkit.servers import PostgresServer
from tests.store.samples import StillClock, open_store


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture(scope="session")
def postgres_store_url(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated database on PostgreSQL."""
    name = f"store_{uuid4().hex}"
    url = postgres_server.create_database(name)
    open_store(url).close()
    yield url
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def store(request: pytest.FixtureRequest, clock: StillClock) -> Iterator[Store]:
    if request.param == "sqlite":
        with open_store("sqlite://", clock) as opened:
            yield opened
        return
    with Store.open(request.getfixturevalue("postgres_store_url"), clock=clock) as opened:
        yield opened
        opened.abandon_transactions()
        empty_tables(opened)


def empty_tables(store: Store) -> None:
    """Remove every row; quicker than a new database."""
    with store.engine.begin() as connection:
        for table in reversed(derive_tables()[0].sorted_tables):
            connection.execute(table.delete())
