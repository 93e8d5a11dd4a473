"""The hub's own rows: due bindings, payloads, journal, number series, leases, exact sums."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Numeric,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from hub.errors import RuleBroken
from hub.model.values import Value
from hub.protocol.binding import Binding, BindingState
from hub.store.bulk import bulk_statements
from hub.store.codec import row_codec, stored
from hub.store.identity_rows import CandidateKey
from hub.store.json_text import dump_canonical, load_json
from hub.store.one_of import OneOf
from hub.store.query import Shape, conditions, parse_where
from hub.store.records import Clock, Records
from hub.store.rows import Image, JournalEntry, Lease, NumberSeries, Payload, Total
from hub.store.types import ScaledDecimal, make_decimal

_ALWAYS_DUE = (
    BindingState.NEW,
    BindingState.SENDING,
    BindingState.UNKNOWN,
    BindingState.PREPARED,
    BindingState.REVERSING,
)
_DUE_WHEN_DIRTY = (BindingState.WAITING, BindingState.BOUND)
COMPRESSION = 1
"""Level at which payloads are compressed: 6 makes a record of a kilobyte a thirtieth smaller, in twice the time."""
_HALF = 10**9
"""Scaled amounts are summed in two halves on SQLite: their plain sum could leave 64 bits."""


class UnitOfWork(Records):
    """Everything that one transaction can do. Made by ``Store.write`` and ``Store.read``."""

    def __init__(self, connection: Connection, clock: Clock, make_id: Callable[[], UUID], *, writable: bool) -> None:
        super().__init__(connection, clock, writable=writable)
        self.make_id = make_id
        """A new UUIDv7; ids made by one process sort in the order they were made."""

    def read_time(self) -> datetime:
        """The time that all machines agree on: the database server's. On SQLite there is one machine, and its clock."""
        if self._dialect != "postgresql":
            return self._clock.now()
        told: datetime = self._run(select(func.clock_timestamp())).scalar_one()
        return told.astimezone(UTC)

    # ------------------------------------------------------------ bindings

    def due_bindings(
        self, now: datetime, limit: int, *, connection: str | None = None, kinds: Collection[str] | None = None
    ) -> list[Binding]:
        """Bindings that a worker should look at now, those that were touched longest ago first.

        In a writing transaction on PostgreSQL they are locked, and those that another worker has locked are left out.
        """
        self._settle()
        lock = self._writable
        statement = _select_due(connection is not None, kinds is not None, lock)
        params = {"now": now, "limit_rows": limit, "connection_name": connection, "kind_names": list(kinds or ())}
        used = {name: value for name, value in params.items() if value is not None}
        if kinds is None:
            del used["kind_names"]
        codec = row_codec(Binding)
        return [codec.decode(row) for row in self._ask(statement, used)]

    # ------------------------------------------------------------ money

    def sum_amounts(
        self, model: type[Value], field: str, *, group: str = "currency", with_deleted: bool = False, **where: Any
    ) -> list[Total]:
        """The exact sum of a decimal field for each value of ``group`` (``""`` for NULL); rows without a value do not
        count."""
        self._settle()
        shape, params = parse_where(model, where, with_deleted=with_deleted)
        column_type = stored(model).table.c[field].type
        if not isinstance(column_type, ScaledDecimal):
            raise TypeError(f"{field} is not a decimal")
        rows = self._ask(_select_sums(model, field, group, shape, self._dialect), params)
        return [
            Total(currency=row[0] or "", amount=self._join_halves(row[2], row[3], column_type.places), count=row[1])
            for row in rows
        ]

    def _join_halves(self, high: Any, low: Any, places: int) -> Decimal:
        scaled = int(Decimal(high).scaleb(places)) if self._dialect == "postgresql" else high * _HALF + low
        return make_decimal(scaled, places)

    def list_carriers(self, keys: Collection[int], limit: int) -> dict[int, list[UUID]]:
        """Key → the records that carry it, at most ``limit`` of them."""
        self._settle()
        found: dict[int, list[UUID]] = {key: [] for key in keys}
        params: dict[str, Any] = {f"key{place}": key for place, key in enumerate(found)}
        if found:
            rows = self._ask(_select_carriers(len(found)), {**params, "limit_rows": limit})
            for key, id in rows:
                found[key].append(id)
        return found

    def count_carriers(self, keys: Collection[int], limit: int) -> dict[int, int]:
        """Key → how many records carry it, counted up to ``limit``."""
        self._settle()
        wanted = list(dict.fromkeys(keys))
        params: dict[str, Any] = {f"key{place}": key for place, key in enumerate(wanted)}
        if not wanted:
            return {}
        rows = self._ask(_count_carriers(len(wanted)), {**params, "limit_rows": limit})
        return {wanted[place]: count for place, count in rows}

    # ------------------------------------------------------------ payloads

    def put_payload(
        self, connection: str, stream: str, external_id: str, version: int | None, payload: Mapping[str, Any]
    ) -> bool:
        """Keep a record as the vendor sent it; False when it equals the newest one that is kept."""
        body, digest = self._dump_payload(payload)
        newest = self._newest_payload(connection, stream, external_id)
        if newest is not None and newest.digest == digest:
            return False
        self._add_payload(connection, stream, external_id, version, digest, body)
        return True

    def digest_payload(self, payload: Mapping[str, Any]) -> str:
        """The digest under which a payload is kept."""
        return self._dump_payload(payload)[1]

    def is_newest_payload(self, connection: str, stream: str, external_id: str, payload: Mapping[str, Any]) -> bool:
        """Whether the newest payload that is kept of a record equals this one."""
        newest = self._newest_payload(connection, stream, external_id)
        return newest is not None and newest.digest == self.digest_payload(payload)

    def forget_digests(self, connection: str) -> None:
        """What the images of a connection were made from counts no more: its records are looked at in full again."""
        self._check_writable()
        self._settle()
        table = stored(Image).table
        self._run(update(table).where(table.c.connection == connection, table.c.digest != "").values(digest=""))

    def _dump_payload(self, payload: Mapping[str, Any]) -> tuple[bytes, str]:
        """The bytes that are kept, not compressed yet, and their digest."""
        try:
            body = dump_canonical(payload)
        except (TypeError, ValueError) as error:
            raise RuleBroken("store.value_refused", what=error) from error
        return body, hashlib.sha256(body).hexdigest()

    def _add_payload(
        self, connection: str, stream: str, external_id: str, version: int | None, digest: str, body: bytes
    ) -> None:
        self.insert(
            Payload.trusted(
                id=self.make_id(),
                connection=connection,
                stream=stream,
                external_id=external_id,
                version=version or 0,
                digest=digest,
                body=zlib.compress(body, COMPRESSION),
                at=self._clock.now(),
            )
        )

    def latest_payload(self, connection: str, stream: str, external_id: str) -> dict[str, Any] | None:
        """The newest payload (decimals as text), or None."""
        newest = self._newest_payload(connection, stream, external_id)
        return None if newest is None else open_payload(newest)

    def prune_payloads(self, keep_versions: int, before: datetime) -> int:
        """Remove payloads older than ``before`` that are not among the newest ``keep_versions`` of their record; how
        many."""
        self._check_writable()
        self._settle()
        table = stored(Payload).table
        record = (table.c.connection, table.c.stream, table.c.external_id)
        rank = func.row_number().over(partition_by=record, order_by=(table.c.at.desc(), table.c.id.desc()))
        ranked = select(table.c.id, table.c.at, rank.label("rank")).subquery()
        old = select(ranked.c.id).where(ranked.c.rank > keep_versions, ranked.c.at < before)
        return self._run(delete(table).where(table.c.id.in_(old))).rowcount

    def _newest_payload(self, connection: str, stream: str, external_id: str) -> Payload | None:
        found = self.find(
            Payload, order=["-at", "-id"], limit=1, connection=connection, stream=stream, external_id=external_id
        )
        return found[0] if found else None

    # ------------------------------------------------------------ many rows

    def insert_new(self, rows: Sequence[Value]) -> int:
        """Add rows of one model in one statement, leaving out those of which a unique key is taken; how many were
        added."""
        self._check_writable()
        self._settle()
        if not rows:
            return 0
        insert = bulk_statements(self._connection.dialect).insert(type(rows[0]))
        return insert.run(self._connection, [row.__dict__ for row in rows])

    # ------------------------------------------------------------ journal

    def journal(
        self,
        actor: str,
        action: str,
        *,
        kind: str | None = None,
        record_id: UUID | None = None,
        connection: str | None = None,
        remote_id: str | None = None,
        run_id: UUID | None = None,
        **detail: Any,
    ) -> None:
        """Write down what happened, by whom, to what; never changed afterwards."""
        self.insert(
            JournalEntry.trusted(
                id=self.make_id(),
                at=self._clock.now(),
                actor=actor,
                action=action,
                record_kind=kind,
                record_id=record_id,
                connection=connection,
                remote_id=remote_id,
                run_id=run_id,
                detail=detail,
            )
        )

    def forget_journal(self, ids: Collection[UUID]) -> None:
        """Erase what these entries say about somebody; who did what kind of thing, and when, stays."""
        self._check_writable()
        table = stored(JournalEntry).table
        forgotten = update(table).where(OneOf(table.c.id, "wanted_ids")).values(detail={}, remote_id=None)
        self._run(forgotten, {"wanted_ids": list(ids)})

    # ------------------------------------------------------------ numbers and leases

    def next_number(self, kind: str, prefix: str, width: int) -> str:
        """The next number of a series, ``prefix`` and at least ``width`` digits; taken for good only on commit."""
        self._check_writable()
        table = stored(NumberSeries).table
        first = self._upsert_into(NumberSeries).values(kind=kind, prefix=prefix, next_value=2)
        statement = first.on_conflict_do_update(
            index_elements=["kind", "prefix"], set_={"next_value": table.c.next_value + 1}
        ).returning(table.c.next_value)
        number = int(self._run(statement).scalar_one()) - 1
        return f"{prefix}{number:0{width}d}"

    def acquire_lease(self, name: str, holder: str, until: datetime) -> Lease | None:
        """Take, or prolong, the right to do a named thing; None while somebody else holds it.

        ``fence`` rises whenever the lease passes to another holder, or is taken again after its end.
        """
        self._check_writable()
        now = self._clock.now()
        table = stored(Lease).table
        same = and_(table.c.holder == holder, table.c.until > now)
        first = self._upsert_into(Lease).values(name=name, holder=holder, until=until, fence=1)
        statement = first.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "until": until, "fence": case((same, table.c.fence), else_=table.c.fence + 1)},
            where=or_(table.c.until <= now, table.c.holder == holder),
        ).returning(*row_codec(Lease).columns)
        row = self._run(statement).one_or_none()
        return None if row is None else row_codec(Lease).decode(row)

    def release_lease(self, name: str, holder: str) -> None:
        """Give a lease back; nothing happens when somebody else holds it."""
        self._check_writable()
        table = stored(Lease).table
        mine = (table.c.name == name, table.c.holder == holder, table.c.until > self._clock.now())
        self._run(update(table).where(*mine).values(until=self._clock.now()))

    def _upsert_into(self, model: type[Value]) -> Any:
        build = postgresql.insert if self._dialect == "postgresql" else sqlite.insert
        return build(stored(model).table)


def open_payload(payload: Payload) -> dict[str, Any]:
    """The vendor's record inside a payload row."""
    opened: dict[str, Any] = load_json(zlib.decompress(payload.body))
    return opened


@lru_cache(maxsize=64)
def _select_carriers(count: int) -> Any:
    """Each key with a limit of its own: one that very many carry costs no more than the others."""
    table = stored(CandidateKey).table
    parts = [
        select(table.c.key, table.c.record_id)
        .where(table.c.key == bindparam(f"key{place}"))
        .limit(bindparam("limit_rows"))
        for place in range(count)
    ]
    return union_all(*(select(part.subquery()) for part in parts))


@lru_cache(maxsize=64)
def _count_carriers(count: int) -> Any:
    """The same, of which only the number is told."""
    table = stored(CandidateKey).table
    parts = (
        select(table.c.key).where(table.c.key == bindparam(f"key{place}")).limit(bindparam("limit_rows")).subquery()
        for place in range(count)
    )
    return union_all(*(select(literal(place), func.count()).select_from(part) for place, part in enumerate(parts)))


@lru_cache(maxsize=64)
def _select_due(with_connection: bool, with_kinds: bool, lock: bool) -> Select[Any]:
    table = stored(Binding).table
    now = bindparam("now", type_=table.c.not_before.type)
    statement = select(*row_codec(Binding).columns).where(
        table.c.parked.is_(None),
        or_(table.c.not_before.is_(None), table.c.not_before <= now),
        or_(table.c.lease_until.is_(None), table.c.lease_until <= now),
        or_(table.c.state.in_(_ALWAYS_DUE), and_(table.c.dirty, table.c.state.in_(_DUE_WHEN_DIRTY))),
    )
    if with_connection:
        statement = statement.where(table.c.connection == bindparam("connection_name"))
    if with_kinds:
        statement = statement.where(OneOf(table.c.kind, "kind_names"))
    statement = statement.order_by(table.c.updated_at.asc().nulls_first(), table.c.id).limit(bindparam("limit_rows"))
    return statement.with_for_update(skip_locked=True) if lock else statement


@lru_cache(maxsize=1024)
def _select_sums(model: type[Value], field: str, group: str, shape: Shape, dialect: str) -> Select[Any]:
    table = stored(model).table
    amount, name = table.c[field], table.c[group]
    high: ColumnElement[Any]
    low: ColumnElement[Any]
    if dialect == "postgresql":
        high, low = func.sum(type_coerce(amount, Numeric())), func.count()
    else:
        whole = type_coerce(amount, BigInteger)
        high, low = func.sum(whole // _HALF), func.sum(whole % _HALF)
    statement = select(name, func.count(amount), high, low).where(*conditions(table, shape), amount.is_not(None))
    return statement.group_by(name).order_by(name)
