"""Write the first two revisions again from the models of today: ``python -m hub.store.migrations.generate``.

Only until the first release; after it a published revision never changes and a new one is added.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Dialect, make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from hub.store.migrations.sql import join_statements
from hub.store.tables import derive_tables
from hub.store.views import list_views

VERSIONS = Path(__file__).parent / "versions"
DIALECTS = tuple(make_url(f"{name}://").get_dialect()() for name in ("sqlite", "postgresql+psycopg"))


def table_statements(dialect: Dialect) -> list[str]:
    """The statements that create every table and index."""
    statements = []
    for table in derive_tables()[0].sorted_tables:
        statements.append(_tidy(str(CreateTable(table).compile(dialect=dialect))))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        statements.extend(_tidy(str(CreateIndex(index).compile(dialect=dialect))) for index in indexes)
    return statements


def view_statements(dialect: Dialect) -> list[str]:
    """The statements that create every view."""
    return [f"CREATE VIEW {name} AS\n{select}" for name, select in list_views(dialect)]


def main() -> None:
    for dialect in DIALECTS:
        tables, views = join_statements(table_statements(dialect)), join_statements(view_statements(dialect))
        (VERSIONS / f"0001_tables.{dialect.name}.sql").write_text(tables, encoding="utf-8")
        (VERSIONS / f"0002_analyst_views.{dialect.name}.sql").write_text(views, encoding="utf-8")


def _tidy(statement: str) -> str:
    lines = (line.rstrip().replace("\t", "  ") for line in statement.strip().splitlines())
    return "\n".join(line for line in lines if line)


if __name__ == "__main__":
    main()
