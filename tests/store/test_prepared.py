"""Statements given to the driver itself answer as SQLAlchemy does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Numeric, cast, func, select, text

from hub.errors import RuleBroken, Transient
from hub.store import Store
from hub.store.codec import row_codec
from hub.store.prepared import prepare, run_on_driver
from hub.store.query import Reading, select_rows
from hub.store.rows import Cursor
from tests.sync.world import VirtualClock


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store.open(f"sqlite:///{tmp_path}/hub.sqlite", clock=VirtualClock(), durable=False)
    opened.migrate()
    return opened


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def make_cursor() -> Cursor:
    return Cursor(connection="erp", stream="sale", complete_once=True, reading_high=NOON)


def test_rows_are_read_as_sqlalchemy_reads_them(store: Store):
    with store.write() as tx:
        tx.save(make_cursor())
    statement = select_rows(Cursor, (("stream", ""),), Reading(limited=True))
    given = {"w0": "sale", "limit_rows": 5}
    with store.engine.connect() as connection:
        found = prepare(statement, connection.dialect).read(connection, given)
        assert [tuple(row) for row in found] == [tuple(row) for row in connection.execute(statement, given)]
        assert row_codec(Cursor).decode(found[0]).complete_once is True


def test_what_is_spelled_out_only_when_it_runs_is_left_to_sqlalchemy(store: Store):
    table = row_codec(Cursor).table
    assert not prepare(select(table.c.stream).where(table.c.stream.in_(["sale", "item"])), store.engine.dialect).runs
    assert prepare(select(table.c.stream).where(table.c.stream == "sale"), store.engine.dialect).runs


def test_a_value_that_does_not_fit_is_refused_by_name(store: Store):
    statement = select_rows(Cursor, (("reading_high", ""),), Reading())
    with store.engine.connect() as connection, pytest.raises(RuleBroken) as refused:
        prepare(statement, connection.dialect).read(connection, {"w0": NOON.replace(tzinfo=None)})
    assert refused.value.code == "store.value_refused"


def test_an_integer_beyond_sixty_four_bits_is_refused(store: Store):
    with store.engine.connect() as connection, pytest.raises(RuleBroken):
        run_on_driver(connection, "SELECT ?", [2**70])


def test_a_transaction_of_the_engine_itself_begins_and_ends(store: Store):
    with store.engine.connect() as connection:
        begun = connection.begin()
        connection.execute(text("INSERT INTO setting (name, value) VALUES ('a', '{}')"))
        begun.rollback()
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM setting")).scalar() == 0


@pytest.mark.servers
def test_postgresql_answers_its_driver_as_it_answers_sqlalchemy(postgres_store_url: str):
    with Store.open(postgres_store_url, clock=VirtualClock()) as store:
        store.migrate()
        with store.write() as tx:
            tx.save(make_cursor())
        statement = select_rows(Cursor, (("stream", "in"), ("reading_high", "")), Reading(limited=True))
        given = {"w0": ["sale", "item"], "w1": NOON, "limit_rows": 5}
        with store.engine.connect() as connection:
            found = prepare(statement, connection.dialect).read(connection, given)
            assert [tuple(row) for row in found] == [tuple(row) for row in connection.execute(statement, given)]
            assert row_codec(Cursor).decode(found[0]) == make_cursor()
            table = row_codec(Cursor).table
            assert not prepare(select(func.sum(cast(table.c.stream, Numeric))), connection.dialect).runs


@pytest.mark.servers
def test_a_connection_that_broke_is_told_and_given_up(postgres_store_url: str):
    with Store.open(postgres_store_url, clock=VirtualClock()) as store:
        store.migrate()
        with pytest.raises(Transient) as told, store.write() as tx:
            tx.find(Cursor)
            with store.engine.connect() as other:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                other.execute(text(f"{others} AND pid <> pg_backend_pid()"))
            tx.find(Cursor)
        assert told.value.code == "store.unreachable"
        with store.write() as tx:
            tx.save(make_cursor())
            assert tx.find(Cursor) == [make_cursor()]
