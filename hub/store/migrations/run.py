"""Running migrations from code."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection

_FOLDER = Path(__file__).parent
_ADVISORY_LOCK = 0x1571_4805
"""Two processes that start at once migrate one after the other: the second finds nothing left to do."""


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database to a revision, inside the caller's (writing) transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def read_revision(connection: Connection) -> str | None:
    """The revision of the database; None when it is empty."""
    return MigrationContext.configure(connection).get_current_revision()
