"""What is compared of a record: itself or, where others were merged into it, each of them as it was.

A merged record shows one value of a field and hides the others; whoever resembles a record that was merged resembles
what stands for it all the same. So what is found does not hang on which of them were merged before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.identity.profile import Profile
from hub.model.base import Entity
from hub.model.kinds import find_kind
from hub.store import UnitOfWork
from hub.store.identity_rows import Merge
from hub.sync.aliases import has_merges
from hub.sync.candidate_keys import make_profile
from hub.sync.context import Hub
from hub.sync.resolve import resolve_home

MOST = 50
"""So many of those that were merged into one record are looked at, the newest first."""


def read_faces(tx: UnitOfWork, hub: Hub, kind: str, records: Sequence[Entity]) -> dict[UUID, list[Profile]]:
    """Record → its profiles, that of what it said itself first."""
    losers = _list_losers(tx, kind, [record.id for record in records])
    wanted = sorted({id_ for ids in losers.values() for id_ in ids})
    rows = tx.find(find_kind(kind), id__in=wanted, with_deleted=True) if wanted else []
    gone = {row.id: row for row in rows}
    found = {}
    for record in records:
        said = [gone[id_].__dict__ for id_ in losers.get(record.id, ()) if id_ in gone]
        own: Mapping[str, Any] = resolve_home(tx, hub, kind, record.id) if said else record.__dict__
        found[record.id] = [make_profile(tx, kind, values) for values in (own, *said)]
    return found


def _list_losers(tx: UnitOfWork, kind: str, ids: Sequence[UUID]) -> Mapping[UUID, Sequence[UUID]]:
    if not ids or not has_merges(tx):
        return {}
    found: dict[UUID, list[UUID]] = {}
    for row in tx.find(Merge, record_kind=kind, root_id__in=sorted(ids), undone_at=None, order=["-at", "-id"]):
        if len(found.setdefault(row.root_id, [])) < MOST:
            found[row.root_id].append(row.loser_id)
    return found
