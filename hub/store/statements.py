"""Statements that write one row, built once for each model and database."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Delete, Select, Table, TextClause, Update, bindparam, delete, select, text, update
from sqlalchemy.dialects.postgresql import Insert as PostgresInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

from hub.model.values import Value
from hub.store.codec import RowCodec, line_codecs, row_codec, stored
from hub.store.one_of import OneOf
from hub.store.rows import Payload


@cache
def insert_row(model: type[Value], dialect: str) -> PostgresInsert | SqliteInsert:
    """INSERT that does nothing when any unique key is taken; look at the row count."""
    return (
        _insert(row_codec(model).table, row_codec(model).names, dialect)
        .on_conflict_do_nothing()
        .execution_options(preserve_rowcount=True)
    )


@cache
def upsert_row(model: type[Value], dialect: str) -> PostgresInsert | SqliteInsert:
    """INSERT, or UPDATE of the row with the same key."""
    spec, codec = stored(model).spec, row_codec(model)
    statement = _insert(codec.table, codec.names, dialect)
    changed = {name: statement.excluded[name] for name in codec.names if name not in spec.key}
    if not changed:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=list(spec.key), set_=changed)


@cache
def update_revision(model: type[Value]) -> Update:
    """UPDATE of a record that still has the revision ``read_revision``."""
    codec = row_codec(model)
    changed = {name: bindparam(name, type_=codec.table.c[name].type) for name in codec.names if name != "id"}
    table = codec.table
    return (
        update(table)
        .where(table.c.id == bindparam("record_id", type_=table.c.id.type))
        .where(table.c.revision == bindparam("read_revision"))
        .values(changed)
    )


@cache
def insert_lines(model: type[Value], index: int, dialect: str) -> PostgresInsert | SqliteInsert:
    """INSERT of the lines of one field."""
    lines, codec = stored(model).lines[index], line_codecs(model)[index]
    return _insert(codec.table, (lines.parent, "position", *codec.names), dialect)


@cache
def delete_lines(model: type[Value], index: int) -> Delete:
    """DELETE of the lines of one field of one record (``parent``)."""
    lines = stored(model).lines[index]
    column = lines.table.c[lines.parent]
    return delete(lines.table).where(column == bindparam("parent", type_=column.type))


@cache
def select_lines(model: type[Value], index: int) -> Select[Any]:
    """The lines of one field of several records (``parents``), in their order."""
    lines, codec = stored(model).lines[index], line_codecs(model)[index]
    column = lines.table.c[lines.parent]
    wanted = OneOf(column, "parents")
    return select(*codec.columns).where(wanted).order_by(column, lines.table.c.position)


@cache
def parents_of_lines(model: type[Value], field: str, names: tuple[str, ...]) -> Select[Any]:
    """Ids of the records that have a line with these values."""
    lines = next(lines for lines in stored(model).lines if lines.field == field)
    columns = [lines.table.c[name] for name in names]
    same = [column == bindparam(column.name, type_=column.type) for column in columns]
    return select(lines.table.c[lines.parent]).where(*same).distinct()


@cache
def lines_with(model: type[Value], field: str, column: str, names: tuple[str, ...]) -> Select[Any]:
    """(record id, then the columns ``names``) of the lines whose ``column`` is one of ``wanted``."""
    lines = next(lines for lines in stored(model).lines if lines.field == field)
    wanted = OneOf(lines.table.c[column], "wanted")
    return select(lines.table.c[lines.parent], *(lines.table.c[name] for name in names)).where(wanted)


@cache
def lock_records(model: type[Value]) -> Select[Any]:
    """Locks the records ``ids``, in the order of their ids."""
    table = stored(model).table
    wanted = OneOf(table.c.id, "ids")
    return select(table.c.id).where(wanted).order_by(table.c.id).with_for_update()


def lock_names() -> TextClause:
    """Takes PostgreSQL's advisory locks ``names`` until the end of the transaction, in the order of the list."""
    return text("SELECT pg_advisory_xact_lock(:space, name) FROM unnest(CAST(:names AS integer[])) AS name")


@cache
def select_digests() -> Select[Any]:
    """(external id, digest) of the kept payloads of the records ``ids`` of one stream, the newest of each last."""
    table = stored(Payload).table
    same = [table.c[name] == bindparam(name) for name in ("connection", "stream")]
    mine = OneOf(table.c.external_id, "ids")
    return select(table.c.external_id, table.c.digest).where(*same, mine).order_by(table.c.at, table.c.id)


def has_second_key(codec: RowCodec) -> bool:
    """Whether a row can clash with another one that has a different primary key."""
    spec = stored(codec.model).spec
    return bool(spec.unique or spec.unique_where)


def _insert(table: Table, names: Iterable[str], dialect: str) -> PostgresInsert | SqliteInsert:
    build = PostgresInsert if dialect == "postgresql" else SqliteInsert
    return build(table).values({name: bindparam(name, type_=table.c[name].type) for name in names})
