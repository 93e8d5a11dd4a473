"""Revisions that are plain SQL, one file for each database, so that a database administrator can read them."""

from __future__ import annotations

from pathlib import Path

from alembic import op

_SEPARATOR = "\n\n"


def run_sql_file(name: str) -> None:
    """Run ``versions/<name>.<database>.sql``: statements that end with a semicolon, parted by an empty line."""
    path = Path(__file__).parent / "versions" / f"{name}.{op.get_bind().dialect.name}.sql"
    for statement in split_statements(path.read_text(encoding="utf-8")):
        op.get_bind().exec_driver_sql(statement)


def split_statements(text: str) -> list[str]:
    """The statements of a file."""
    return [part.strip().removesuffix(";") for part in text.split(_SEPARATOR) if part.strip()]


def join_statements(statements: list[str]) -> str:
    """The inverse of :func:`split_statements`."""
    return _SEPARATOR.join(f"{statement.strip()};" for statement in statements) + "\n"
