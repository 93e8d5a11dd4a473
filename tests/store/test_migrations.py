"""Migrations: they make the schema of the models, keep the data, and are safe to start twice at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from hub.model.sales import Order
from hub.store import Store, migrations, schema
from hub.store.engine import for_writing
from hub.store.migrations import generate
from hub.store.migrations.sql import join_statements, split_statements
from hub.store.tables import derive_tables
from hub.store.views import list_views
from hub.testkit.servers import PostgresServer
from tests.store.samples import StillClock, make_order

REGENERATE = "the models changed: run  python -m hub.store.migrations.generate"


@pytest.fixture
def empty(database_url: str) -> Iterator[Store]:
    with Store.open(database_url, clock=StillClock(), durable=False) as opened:
        yield opened


def migrate_to(store: Store, revision: str) -> None:
    schema.migrate(for_writing(store.engine), None, revision)


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_models_and_migrations_agree(store: Store) -> None:
    """SQLAlchemy cannot read such an index of SQLite; the next test compares it to the letter."""
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, derive_tables()[0]) == [], REGENERATE


def test_models_and_migrations_agree_to_the_letter(store: Store, empty_engine: Engine) -> None:
    """``compare_metadata`` does not look at partial indexes, primary keys and views: compare what is there."""
    with empty_engine.begin() as connection:
        derive_tables()[0].create_all(connection)
        for name, select in list_views(connection.dialect):
            connection.exec_driver_sql(f"CREATE VIEW {name} AS\n{select}")
        expected = describe(connection)
    with store.engine.connect() as connection:
        assert describe(connection) == expected, REGENERATE


@pytest.fixture
def empty_engine(request: pytest.FixtureRequest, store: Store) -> Iterator[Engine]:
    """A second, empty database beside the store's, of the same make."""
    if store.engine.dialect.name == "sqlite":
        with Store.open("sqlite://", clock=StillClock()) as opened:
            yield opened.engine
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"beside_{uuid4().hex}"
    with Store.open(server.create_database(name), clock=StillClock()) as opened:
        yield opened.engine
    server.drop_database(name)


def describe(connection: Connection) -> dict[str, str]:
    """Every table, index, constraint and view, as the database itself writes it."""
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        found = {name: " ".join(sql.split()) for name, sql in rows}
    else:
        found = {name: str(definition) for name, definition in connection.exec_driver_sql(_POSTGRES_SCHEMA)}
    return {name: definition for name, definition in found.items() if "alembic_version" not in name}


_POSTGRES_SCHEMA = """
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT viewname, definition FROM pg_views WHERE schemaname = 'public'
UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT table_name || '.' || column_name,
    concat_ws(' ', ordinal_position, data_type, numeric_precision, numeric_scale, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public'
"""


def test_the_generated_files_are_of_today() -> None:
    for dialect in generate.DIALECTS:
        for name, statements in (
            ("0001_tables", generate.table_statements(dialect)),
            ("0002_analyst_views", generate.view_statements(dialect)),
        ):
            file = generate.VERSIONS / f"{name}.{dialect.name}.sql"
            assert file.read_text(encoding="utf-8") == join_statements(statements), REGENERATE


def test_data_in_place_survive_an_upgrade(empty: Store) -> None:
    migrate_to(empty, "0001")
    with empty.write() as tx:
        orders = [tx.save_record(make_order(tx, gross=f"{number}.01")) for number in range(50)]
    with empty.engine.connect() as connection:
        assert inspect(connection).get_view_names() == []
    empty.migrate()
    empty.check()
    with empty.read() as tx:
        assert tx.find(Order, order=["id"]) == orders
    with empty.engine.connect() as connection:
        seen = connection.execute(text("SELECT gross FROM v_order ORDER BY id")).scalars().all()
    assert seen == [f"{number}.010000" for number in range(50)]


def test_a_migration_that_fails_leaves_the_database_as_it_was(empty: Store) -> None:
    migrate_to(empty, "0001")
    with empty.write() as tx:
        order = tx.save_record(make_order(tx))
    with empty.engine.begin() as connection:
        connection.exec_driver_sql("CREATE VIEW v_product AS SELECT 1 AS one")
    with pytest.raises(Exception, match="already exists"):
        empty.migrate()
    with empty.engine.begin() as connection:
        assert inspect(connection).get_view_names() == ["v_product"]
        connection.exec_driver_sql("DROP VIEW v_product")
    empty.migrate()
    with empty.read() as tx:
        assert tx.find(Order) == [order]


def test_the_head_that_the_code_names_is_the_last_revision() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_heads() == [migrations.HEAD]
    assert scripts.get_bases() == ["0001"]


def test_statements_are_split_as_they_were_joined() -> None:
    statements = ["CREATE TABLE a (\n  b TEXT\n)", "CREATE INDEX c ON a (b)"]
    assert split_statements(join_statements(statements)) == statements
