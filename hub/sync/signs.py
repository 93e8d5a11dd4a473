"""Which signs are on record: of what is here without a document somewhere, and of what was left outside there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hub.identity.likeness import list_signs
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.protocol.binding import Binding
from hub.protocol.snapshot import Snapshot
from hub.store import UnitOfWork
from hub.store.rows import Sign, SyncState
from hub.sync.context import Hub

HERE = ""
"""The side of the hub itself: no connection is called so."""
_CHUNK = 500


def mark_self(external_id: str) -> str:
    """The sign by which something that was left outside is found again itself."""
    return f"self|{external_id}"


def sign_record(record: Entity) -> frozenset[str]:
    """A record's signs; none for one that ended, because nothing of it is made anywhere."""
    if record.deleted_at is not None or getattr(record, "state", None) == "void":
        return frozenset()
    return list_signs(record.KIND, record.__dict__)


def sign_snapshot(tx: UnitOfWork, kind: str, snapshot: Snapshot) -> frozenset[str]:
    """The signs of something there; worked out once in a transaction."""
    known: tuple[Snapshot, frozenset[str]] | None = tx.notes.get((sign_snapshot, id(snapshot)))
    if known is None or known[0] is not snapshot:
        known = (snapshot, frozenset(filter(_is_text, list_signs(kind, snapshot.values, snapshot.number))))
        tx.notes[sign_snapshot, id(snapshot)] = known
    return known[1]


def note_record(tx: UnitOfWork, hub: Hub, record: Entity, rows: Sequence[Binding]) -> None:
    """Keep the signs of a record that some sync of its kind has no document of. What is bound everywhere costs
    nothing: stale signs do no harm, because they are looked at for unbound records only."""
    bound = {row.connection for row in rows if row.remote_id is not None}
    syncs = (name for name, settings in hub.config.connections.items() if record.KIND in settings.syncs)
    if all(name in bound for name in syncs):
        return
    replace_signs(tx, record.KIND, HERE, str(record.id), sign_record(record), fresh=record.revision == 1)


def replace_signs(
    tx: UnitOfWork, kind: str, side: str, key: str, wanted: frozenset[str], *, fresh: bool = False, keep: bool = False
) -> None:
    """Make these the signs of one thing. ``fresh``: it has none yet; ``keep``: those that it has stay too."""
    where: dict[str, Any] = {"record_kind": kind, "side": side, "key": key}
    have = frozenset() if fresh else frozenset(row.sign for row in tx.find(Sign, **where))
    for sign in sorted(filter(_is_text, wanted - have)):
        tx.save(Sign(sign=sign, **where))
    if have - wanted and not keep:
        tx.delete(Sign, sign__in=sorted(have - wanted), **where)


def _is_text(sign: str) -> bool:
    """Half a character, as a name that was cut off ends in, and NUL are in no database."""
    return _UNKEPT.search(sign) is None


_UNKEPT = re.compile("[\0\ud800-\udfff]")


def forget_signs(tx: UnitOfWork, connection: str, kind: str, external_id: str) -> None:
    """It is no longer left outside."""
    tx.delete(Sign, record_kind=kind, side=connection, key=external_id)


def prepare_signs(hub: Hub, connection: str, kind: str) -> None:
    """Before the first reading: the records that were here before the sync was configured get their signs."""
    with hub.store.read() as tx:
        state = tx.get(SyncState, connection=connection, kind=kind)
    if state is not None and state.signs_noted:
        return
    last: UUID | None = None
    while True:
        with hub.store.write() as tx:
            after: dict[str, Any] = {"id__gt": last} if last is not None else {}
            records = tx.find(find_kind(kind), order=["id"], limit=_CHUNK, **after)
            for record in records:
                replace_signs(tx, kind, HERE, str(record.id), sign_record(record))
            if len(records) < _CHUNK:
                known = tx.get(SyncState, connection=connection, kind=kind, lock=True)
                known = known or SyncState(connection=connection, kind=kind)
                tx.save(known.model_copy(update={"signs_noted": True}))
                return
        last = records[-1].id
