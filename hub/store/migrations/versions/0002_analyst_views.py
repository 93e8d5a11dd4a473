"""Views for analysts: decimal text, readable times, deleted records left out."""

from __future__ import annotations

from hub.store.migrations.sql import run_sql_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_file("0002_analyst_views")


def downgrade() -> None:
    raise NotImplementedError("restore a backup instead")
