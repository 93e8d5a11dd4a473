"""Count and add up both sides, document by document: what waits explains a difference, or nothing does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.errors import ConfigInvalid
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.semantics import Stage
from hub.sdk import SourceRecord
from hub.store import UnitOfWork
from hub.store.rows import DeadRow, Orphan
from hub.sync.accept import order_kinds
from hub.sync.context import Hub, OpenConnection
from hub.sync.pause import check_rest
from hub.sync.resolve import counts
from hub.sync.show import describe_record
from hub.sync.translate import read_source

_CHUNK = 500
ZERO = Decimal(0)
SETTLED = frozenset({BindingState.BOUND, BindingState.WAITING, BindingState.TOMB})


@dataclass(frozen=True)
class ReconcileRow:
    """One kind, and for documents one currency (None: the kind has no money).

    Void and deleted ones are left out on both sides. ``waiting_here`` documents have no counterpart there and wait
    (not yet pushed, held, parked), ``waiting_there`` none here (they cannot be read, spare drafts). The rest of
    ``waiting_count`` are pairs whose values differ and that wait. Exactly:
    unexplained_count = hub_count - remote_count - waiting_here + waiting_there, and
    unexplained_sum = hub_sum - remote_sum - waiting_sum. ``unexplained`` names the documents, also those whose
    differences cancel out.
    """

    kind: str
    currency: str | None
    hub_count: int
    remote_count: int
    waiting_count: int
    hub_sum: Decimal
    remote_sum: Decimal
    waiting_sum: Decimal
    unexplained_sum: Decimal
    unexplained_count: int
    waiting_here: int = 0
    waiting_there: int = 0
    unexplained: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Money:
    currency: str | None
    amount: Decimal = ZERO


@dataclass
class _Sums:
    """What is added up for one currency."""

    hub_count: int = 0
    remote_count: int = 0
    waiting_count: int = 0
    waiting_here: int = 0
    waiting_there: int = 0
    hub_sum: Decimal = ZERO
    remote_sum: Decimal = ZERO
    waiting_sum: Decimal = ZERO
    unexplained: list[str] = field(default_factory=list)


def reconcile(hub: Hub, connection: str, kinds: Sequence[str] | None = None) -> list[ReconcileRow]:
    """Read everything that the other system has of these kinds (None: of every sync) and compare. Changes nothing."""
    conn = hub.open(connection)
    check_rest(hub, connection)
    for kind in kinds or ():
        hub.sync_of(connection, kind)
    wanted = order_kinds(kinds or hub.settings_of(connection).syncs)
    if not wanted:
        raise ConfigInvalid("sync.no_syncs", connection=connection)
    conn.load_codes()
    return [row for kind in wanted for row in _reconcile_kind(hub, conn, kind)]


def _reconcile_kind(hub: Hub, conn: OpenConnection, kind: str) -> Iterator[ReconcileRow]:
    theirs = dict(_read_remote(hub, conn, kind))
    sums: dict[str | None, _Sums] = {}
    with hub.store.read() as tx:
        aside = _list_aside(tx, conn, kind)
        for binding, record in _read_bindings(tx, conn, kind):
            ours = _find_money(record) if record is not None and counts(record) else None
            remote = theirs.pop(binding.remote_id, None) if binding.remote_id is not None else None
            label = _name(record, binding)
            _add_pair(sums, ours, remote, waits=_waits(binding), label=label)
    for external_id, remote in theirs.items():
        _add_pair(sums, None, remote, waits=external_id in aside, label=external_id)
    if not sums and not find_kind(kind).AMOUNT:
        sums[None] = _Sums()
    for currency in sorted(sums, key=str):
        yield _make_row(kind, currency, sums[currency])


def _read_remote(hub: Hub, conn: OpenConnection, kind: str) -> Iterator[tuple[str, _Money]]:
    """(id, money) of every document there that counts; the newest reading of each."""
    stream = conn.stream_of(kind)
    position: Any = None
    while True:
        page = stream.read_page(None, position, hub.page_size)
        with hub.store.read() as tx:
            rows = [(source.external_id, _read_money(tx, hub, conn, kind, source)) for source in page.records]
        for external_id, money in rows:
            if money is not None:
                yield external_id, money
        position = page.position
        if position is None:
            return


def _read_money(tx: UnitOfWork, hub: Hub, conn: OpenConnection, kind: str, source: SourceRecord) -> _Money | None:
    if source.stage in (Stage.VOID, Stage.GONE):
        return None
    amount = find_kind(kind).AMOUNT
    if not amount:
        return _Money(None)
    values = read_source(tx, hub, conn, kind, source, None).snapshot.values
    return _Money(values.get("currency", ""), values.get(amount) or ZERO)


def _read_bindings(tx: UnitOfWork, conn: OpenConnection, kind: str) -> Iterator[tuple[Binding, Entity | None]]:
    model = find_kind(kind)
    bindings = tx.find(Binding, connection=conn.name, kind=kind, state__ne=BindingState.FOREIGN, order=["id"])
    for start in range(0, len(bindings), _CHUNK):
        chunk = bindings[start : start + _CHUNK]
        ids = sorted({row.hub_id for row in chunk})
        records: Mapping[UUID, Entity] = {row.id: row for row in tx.find(model, id__in=ids, with_deleted=True)}
        for row in chunk:
            yield row, records.get(row.hub_id)


def _list_aside(tx: UnitOfWork, conn: OpenConnection, kind: str) -> set[str]:
    """Ids of documents there that the hub knows of and has not taken in, for a reason that is told elsewhere."""
    dead = tx.find(DeadRow, connection=conn.name, stream=conn.stream_of(kind).name)
    spare = tx.find(Orphan, connection=conn.name, kind=kind, state__in=["due", "parked"])
    second = tx.find(Binding, connection=conn.name, kind=kind, parked="sync.second_document")
    return (
        {row.external_id for row in dead}
        | {row.remote_id for row in spare}
        | {row.parked_params.get("remote_id", "") for row in second}
    )


def _waits(binding: Binding) -> bool:
    """Whether the hub itself knows that the two sides need not agree yet."""
    return bool(
        binding.parked or binding.held or binding.dirty or binding.missing_since or binding.state not in SETTLED
    )


def _find_money(record: Entity) -> _Money:
    _, amount, currency = describe_record(record, "")
    return _Money(None) if amount is None else _Money(currency, amount)


def _name(record: Entity | None, binding: Binding) -> str:
    number = getattr(record, record.NUMBER, "") if record is not None else ""
    return str(number or binding.remote_number or binding.remote_id or binding.hub_id)


def _add_pair(
    sums: dict[str | None, _Sums], ours: _Money | None, theirs: _Money | None, *, waits: bool, label: str
) -> None:
    """Both sides of one document. One whose currency differs counts once on each side of its own currency."""
    if ours is not None and theirs is not None and ours.currency != theirs.currency:
        _add_pair(sums, ours, None, waits=waits, label=label)
        _add_pair(sums, None, theirs, waits=waits, label=label)
        return
    known = ours or theirs
    if known is None:
        return
    row = sums.setdefault(known.currency, _Sums())
    here, there = (ours.amount if ours else ZERO), (theirs.amount if theirs else ZERO)
    row.hub_count += ours is not None
    row.remote_count += theirs is not None
    row.hub_sum += here
    row.remote_sum += there
    if ours is not None and theirs is not None and here == there:
        return
    if not waits:
        row.unexplained.append(label)
        return
    row.waiting_count += 1
    row.waiting_here += theirs is None
    row.waiting_there += ours is None
    row.waiting_sum += here - there


def _make_row(kind: str, currency: str | None, sums: _Sums) -> ReconcileRow:
    return ReconcileRow(
        kind=kind,
        currency=currency,
        hub_count=sums.hub_count,
        remote_count=sums.remote_count,
        waiting_count=sums.waiting_count,
        hub_sum=sums.hub_sum,
        remote_sum=sums.remote_sum,
        waiting_sum=sums.waiting_sum,
        unexplained_sum=sums.hub_sum - sums.remote_sum - sums.waiting_sum,
        unexplained_count=sums.hub_count - sums.remote_count - sums.waiting_here + sums.waiting_there,
        waiting_here=sums.waiting_here,
        waiting_there=sums.waiting_there,
        unexplained=tuple(sums.unexplained),
    )
