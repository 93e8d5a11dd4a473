"""The first tables: canonical kinds and the hub's own rows."""

from __future__ import annotations

from hub.store.migrations.sql import run_sql_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("0001_tables")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
