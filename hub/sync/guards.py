"""Guards: documents that vanish in a mass, and writes that would change a mass there, stop before anything is done.

What reading would change here is guarded by ``hub.sync.lookahead``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.model.kinds import decode_fields, find_kind
from hub.protocol.binding import Binding, BindingState
from hub.protocol.diff import compare_fields
from hub.protocol.semantics import Stage
from hub.protocol.snapshot import Snapshot
from hub.store import UnitOfWork
from hub.store.guard_rows import MassStop, Remap
from hub.store.rows import Image
from hub.sync.context import Hub, OpenConnection, Wave
from hub.sync.intent import build_intent
from hub.sync.mass import MISSING, Weight, find_excess, weigh_changes
from hub.sync.stops import (
    AGAIN,
    GONE,
    IN,
    LIVING,
    LOOK_AGAIN,
    OUT,
    Evidence,
    count_known,
    find_stop,
    keep_stop,
    lift_stop,
    limits_of,
    make_stop,
)

_CHUNK = 200
_WAVE_FOR = timedelta(minutes=10)
_RECENT = timedelta(days=1)
DELETED = "protocol.deleted_there"
HELD_CODE = "sync.mass_held"
_UPDATES = (BindingState.WAITING, BindingState.BOUND)


# ---------------------------------------------------------------- vanished there


def may_vanish(hub: Hub, tx: UnitOfWork, binding: Binding, actor: str) -> bool:
    """Whether one document that is no longer found may be believed to be gone: not while a mass of them is."""
    if binding.void_wanted or binding.connection not in hub.config.connections:
        return True
    connection, kind = binding.connection, binding.kind
    stop = find_stop(tx, connection, kind, GONE)
    now = hub.now()
    if stop is not None and stop.look_again_at is not None and stop.look_again_at > now:
        return False
    count = sum(tx.count(Binding, **where) for where in _doubted(now, connection, kind))
    limits = limits_of(hub, connection, kind)
    if count <= limits.minimum:
        return True
    known = count_known(tx, connection, kind)
    allowed = stop.allowed if stop else {}
    over = find_excess({MISSING: count}, known, limits, allowed)
    if over:
        found = _gather_doubted(tx, connection, kind)
        found.tally[MISSING] = count
        keep_stop(hub, tx, make_stop(hub, tx, connection, kind, GONE, over, known, found), actor)
    return not over


def _doubted(now: datetime, connection: str, kind: str) -> list[dict[str, Any]]:
    """Conditions of documents that are not found: those in doubt, and those that were given up lately."""
    where = {"connection": connection, "kind": kind, "missing_since__null": False, "void_wanted": False}
    given_up = {"parked": DELETED, "missing_since__ge": now - _RECENT}
    return [{**where, "state__in": LIVING, **more} for more in ({"parked": None}, given_up)]


def list_doubted(tx: UnitOfWork, connection: str, kind: str) -> Iterator[Binding]:
    """Documents that are not found and not given up yet."""
    last: UUID | None = None
    while True:
        after: dict[str, Any] = {"id__gt": last} if last else {}
        rows = tx.find(
            Binding, connection=connection, kind=kind, missing_since__null=False, void_wanted=False, parked=None,
            state__in=LIVING, order=["id"], limit=_CHUNK, **after,
        )  # fmt: skip
        yield from rows
        if len(rows) < _CHUNK:
            return
        last = rows[-1].id


def _gather_doubted(tx: UnitOfWork, connection: str, kind: str) -> Evidence:
    found = Evidence(kind)
    for row in list_doubted(tx, connection, kind):
        found.add(tx, Weight(missing=True), {}, row.hub_id, row.remote_id)
    return found


def review_vanished(hub: Hub, connection: str, kind: str, actor: str) -> None:
    """At the end of a sweep: documents that are found again lift their stop."""
    with hub.store.write() as tx:
        stop = find_stop(tx, connection, kind, GONE)
        if stop is None:
            return
        count = sum(tx.count(Binding, **where) for where in _doubted(hub.now(), connection, kind)[:1])
        if not find_excess({MISSING: count}, count_known(tx, connection, kind), limits_of(hub, connection, kind)):
            lift_stop(tx, stop, actor)


# ---------------------------------------------------------------- writes there


@dataclass
class HeldBack:
    """Bindings that may not be worked on now, and the stops that say why."""

    ids: set[UUID] = field(default_factory=set)
    stops: list[MassStop] = field(default_factory=list)


def hold_back(hub: Hub, binding_ids: Sequence[UUID], actor: str) -> HeldBack:
    """Among these, the updates and voids of every sync where a mass of them waits that nobody has seen, or where what
    was read there looked so wrong that it was not taken in. New documents go on."""
    with hub.store.read() as tx:
        rows = [row for row in tx.find(Binding, id__in=list(binding_ids)) if _is_update(row)]
    held = HeldBack()
    for connection, kind in sorted({(row.connection, row.kind) for row in rows}):
        if connection not in hub.config.connections or kind not in hub.settings_of(connection).syncs:
            continue
        mine = [row for row in rows if (row.connection, row.kind) == (connection, kind)]
        if _is_remapping(hub, kind):
            held.ids.update(row.id for row in mine)
            continue
        stop = _find_reason(hub, connection, kind, len(mine), actor)
        if stop is not None:
            held.stops.append(stop)
            held.ids.update(row.id for row in mine)
    if held.ids:
        _put_off(hub, held.ids)
    return held


def _is_remapping(hub: Hub, kind: str) -> bool:
    """Whether records of the kind are being computed anew: what comes of it is judged as a whole, when it is done."""
    with hub.store.read() as tx:
        return tx.count(Remap, kind=kind, state="running") > 0


def _is_update(row: Binding) -> bool:
    return row.remote_id is not None and row.state in _UPDATES


def _find_reason(hub: Hub, connection: str, kind: str, batch: int, actor: str) -> MassStop | None:
    now = hub.now()
    with hub.store.read() as tx:
        for way in (IN, AGAIN):
            stop = find_stop(tx, connection, kind, way)
            if stop is not None and not stop.allowed:
                return stop
    wave = hub.waves.get((connection, kind))
    if wave is not None and wave.until > now and wave.left >= batch:
        wave.left -= batch
        return None
    return _examine_wave(hub, connection, kind, batch, actor)


def _examine_wave(hub: Hub, connection: str, kind: str, batch: int, actor: str) -> MassStop | None:
    """Look at everything that waits to be written there, without a call: so many writes may then pass unasked."""
    limits = limits_of(hub, connection, kind)
    with hub.store.read() as tx:
        old = find_stop(tx, connection, kind, OUT)
        waiting = tx.count(Binding, **_waiting(connection, kind))
        if old is not None and old.look_again_at is not None and old.look_again_at > hub.now():
            return old
        stop = None
        if waiting > limits.minimum:
            found = Evidence(kind)
            for row, changes, weight in weigh_waiting(tx, hub, connection, kind):
                found.add(tx, weight, changes, row.hub_id, row.remote_id)
            known = count_known(tx, connection, kind)
            if over := find_excess(found.tally, known, limits):
                stop = make_stop(hub, tx, connection, kind, OUT, over, known, found)
    if stop is not None:
        with hub.store.write() as tx:
            return keep_stop(hub, tx, stop, actor)
    if old is not None:
        with hub.store.write() as tx:
            lift_stop(tx, old, actor)
    hub.waves[connection, kind] = Wave(hub.now() + _WAVE_FOR, max(waiting - batch, 0))
    return None


def _waiting(connection: str, kind: str) -> dict[str, Any]:
    return {
        "connection": connection, "kind": kind, "dirty": True, "parked": None, "remote_id__null": False,
        "state__in": _UPDATES,
    }  # fmt: skip


def weigh_waiting(
    tx: UnitOfWork, hub: Hub, connection: str, kind: str
) -> Iterator[tuple[Binding, dict[str, tuple[Any, Any]], Weight]]:
    """What each write that waits would change there, as far as the last reading tells."""
    conn = hub.open(connection)
    last: UUID | None = None
    while True:
        after: dict[str, Any] = {"id__gt": last} if last else {}
        rows = tx.find(Binding, order=["id"], limit=_CHUNK, **_waiting(connection, kind), **after)
        for row in rows:
            changes, lost = _expect_write(tx, hub, conn, row)
            yield row, changes, weigh_changes(find_kind(kind), changes, lost=lost)
        if len(rows) < _CHUNK:
            return
        last = rows[-1].id


def _expect_write(
    tx: UnitOfWork, hub: Hub, conn: OpenConnection, row: Binding
) -> tuple[dict[str, tuple[Any, Any]], bool]:
    """(field → (there, ours), whether it would be voided): the protocol's own comparison with the last reading."""
    policy, mapping = conn.policies[row.kind], conn.mapping_of(row.kind)
    source = f"{conn.name}/{mapping.stream}/{row.remote_id}"
    image = tx.get(Image, record_kind=row.kind, record_id=row.hub_id, source=source)
    if image is None:
        return {}, row.void_wanted
    values = mapping.project(decode_fields(row.kind, image.values))
    seen = Snapshot(row.remote_id or "", values, Stage(row.stage or Stage.EFFECTIVE), image.at, version=image.version)
    intent, _ = build_intent(tx, hub, row, policy, seen)
    if intent.void:
        return {}, seen.stage not in (Stage.VOID, Stage.GONE)
    found = compare_fields(row, intent, seen, policy)
    return {name: (found.old[name], value) for name, value in found.want.items()}, False


def _put_off(hub: Hub, ids: set[UUID]) -> None:
    """They are looked at again later, so that they do not keep others from their turn."""
    later = hub.now() + LOOK_AGAIN
    with hub.store.write() as tx:
        for row in tx.find(Binding, id__in=sorted(ids), order=["id"], lock=True):
            if row.not_before is None or row.not_before < later:
                tx.save(row.model_copy(update={"not_before": later, "held": {**row.held, "*": HELD_CODE}}))


def pass_outbound(hub: Hub, connection: str, kinds: Sequence[str], actor: str) -> None:
    """An accepted plan has been written: its stop is over."""
    with hub.store.write() as tx:
        for kind in kinds:
            stop = find_stop(tx, connection, kind, OUT)
            if stop is not None:
                lift_stop(tx, stop.model_copy(update={"allowed_by": actor}), actor)
