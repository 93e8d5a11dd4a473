"""A copy of the database holds every row as it was, from and into both kinds of database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.errors import ConfigInvalid
from hub.store import Store
from hub.store.copies import count_rows, list_tables, put_copy, save_copy, upgrade_copy
from hub.store.rows import ConfigVersion, Payload, Setting
from tests.store.samples import make_binding, make_order, open_store

ODD = {"share": 0.1, "big": 12345678901234567890, "text": "海岳 '\"\\\t\n", "none": None, "list": [1, [], {}], "": True}


@pytest.fixture
def other(request: pytest.FixtureRequest, database_url: str) -> Iterator[Store]:
    """An empty store on either kind of database."""
    with open_store(database_url) as opened:
        yield opened


def fill(store: Store) -> None:
    with store.write() as tx:
        for lines in range(3):
            tx.save_record(make_order(tx, lines=lines, net=Decimal("-0.01")))
        tx.save(make_binding(tx, base={"a": "b"}, sent={"x": ["1", "2"]}, parked_params={"n": 3}))
        for place, value in enumerate((ODD, 5, "5", True, "text", [0.25], {})):
            tx.save(Setting(name=f"s{place}", value=value))
        tx.save(Payload(id=tx.make_id(), connection="erp", stream="s", external_id="1", digest="d", body=b"\0\xff\n\\",
                        at=datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=UTC)))  # fmt: skip
        tx.save(ConfigVersion(number=1, body=ODD, digest="d", published_at=datetime(2026, 1, 1, tzinfo=UTC),
                              published_by="李"))  # fmt: skip
        tx.journal("cli:li", "thing.done", record_id=tx.make_id(), what=ODD["text"])


def dump(store: Store) -> dict[str, list[Any]]:
    with store.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=lambda row: str(row[:2]))
            for table in list_tables()
        }


def test_a_copy_becomes_the_same_database(store: Store, other: Store, tmp_path: Path):
    fill(store)
    with other.write() as tx:
        tx.save(Setting(name="was here before", value=1))
        tx.save_record(make_order(tx))
    save_copy(store.engine, tmp_path / "copy")
    upgrade_copy(tmp_path / "copy")
    put_copy(tmp_path / "copy", other.engine)
    assert dump(other) == dump(store)
    assert count_rows(tmp_path / "copy")["crm_order_line"] == 3
    with other.write() as tx:  # and it goes on as a database of its own
        tx.save_record(make_order(tx))


def test_a_copy_is_one_moment_while_others_write(database_url: str, tmp_path: Path):
    with open_store(database_url) as first, open_store(database_url) as second:
        fill(first)
        with second.write() as tx:
            tx.save_record(make_order(tx, lines=1))
            save_copy(first.engine, tmp_path / "copy")  # a writer in the middle keeps nobody waiting
        assert count_rows(tmp_path / "copy")["crm_order"] == 3


def test_who_reads_while_it_is_put_back_sees_the_old_or_the_new_whole(other: Store, tmp_path: Path):
    fill(other)
    save_copy(other.engine, tmp_path / "copy")
    with other.write() as tx:
        tx.save(Setting(name="old", value=1))
    with other.read() as tx:
        assert tx.get(Setting, name="old") is not None
        put_copy(tmp_path / "copy", other.engine)
        assert tx.get(Setting, name="old") is not None, "its snapshot"
    with other.read() as tx:
        assert tx.get(Setting, name="old") is None


def test_what_is_no_copy_is_said(tmp_path: Path):
    (tmp_path / "text").write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigInvalid) as caught:
        upgrade_copy(tmp_path / "text")
    assert caught.value.code == "backup.copy_broken"


def test_a_copy_of_a_newer_program_is_said(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path}/hub.sqlite") as store:
        save_copy(store.engine, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigInvalid) as caught:
        upgrade_copy(tmp_path / "copy")
    assert caught.value.code == "backup.copy_newer"
