"""Bringing a database to the schema of this version, and looking which one it has."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

from hub.errors import ConfigInvalid
from hub.store.failures import translate
from hub.store.migrations import HEAD
from hub.store.transaction import Transaction, Turn


def migrate(engine: Engine, turn: Turn | None, revision: str = "head") -> None:
    """Run the migrations that are missing, all in one transaction."""
    from hub.store.migrations.run import upgrade  # Alembic is slow to import

    transaction = Transaction(engine, turn)
    try:
        connection = transaction.begin()
        with translate():
            upgrade(connection, revision)
    except BaseException:  # whatever ends the migration, it is passed on
        transaction.roll_back()
        raise
    transaction.commit()


def check_revision(engine: Engine) -> None:
    """``Transient`` when the database cannot be reached, ``ConfigInvalid`` when its schema is not this version's."""
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists():
        raise ConfigInvalid("store.schema_missing")  # connecting would make an empty file
    with translate(), engine.connect() as connection:
        found = None
        if inspect(connection).has_table("alembic_version"):
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is None:
        raise ConfigInvalid("store.schema_missing")
    if found != HEAD:
        raise ConfigInvalid("store.schema_differs", found=found, wanted=HEAD)
