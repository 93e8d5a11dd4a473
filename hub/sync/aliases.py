"""Records that were merged into others: their ids stay good for ever, as names of what they became."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from hub.store import UnitOfWork
from hub.store.identity_rows import Merge

IDENTIFIED = frozenset({"account", "contact"})
"""Kinds whose records can turn out to be the same."""
_CHUNK = 500


def find_root(tx: UnitOfWork, kind: str, record_id: UUID) -> UUID:
    """The record that stands for this one now: itself, unless it was merged into another."""
    return find_roots(tx, kind, [record_id]).get(record_id, record_id)


def find_roots(tx: UnitOfWork, kind: str, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Those of the ids that were merged, with what stands for them now."""
    if kind not in IDENTIFIED or not has_merges(tx):
        return {}
    known: dict[UUID, UUID | None] = tx.notes.setdefault((find_roots, kind), {})
    asked = set(ids)
    wanted = sorted(asked - known.keys())
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        known.update(dict.fromkeys(part))
        rows = tx.find(Merge, record_kind=kind, loser_id__in=part, undone_at=None)
        known.update({row.loser_id: row.root_id for row in rows})
    return {id_: root for id_ in asked if (root := known.get(id_)) is not None}


def has_merges(tx: UnitOfWork) -> bool:
    """Asked once in a transaction: who never merged pays nothing for it."""
    if has_merges not in tx.notes:
        tx.notes[has_merges] = bool(tx.find(Merge, undone_at=None, limit=1))
    return bool(tx.notes[has_merges])


def forget_aliases(tx: UnitOfWork) -> None:
    """Merges have changed in this transaction."""
    tx.notes.pop(has_merges, None)
    for kind in IDENTIFIED:
        tx.notes.pop((find_roots, kind), None)


def list_members(tx: UnitOfWork, kind: str, record_id: UUID) -> list[UUID]:
    """The record and all that were merged into it."""
    if kind not in IDENTIFIED or not has_merges(tx):
        return [record_id]
    rows = tx.find(Merge, record_kind=kind, root_id=record_id, undone_at=None)
    return [record_id, *sorted(row.loser_id for row in rows)]


def list_below(tx: UnitOfWork, kind: str, record_id: UUID) -> list[Merge]:
    """The merges that make up what a record was before it was merged itself: those into it, those into them…"""
    found: list[Merge] = []
    ahead = [record_id]
    while ahead:
        part, ahead = ahead[:_CHUNK], ahead[_CHUNK:]
        rows = tx.find(Merge, record_kind=kind, survivor_id__in=part, undone_at=None)
        found += rows
        ahead += [row.loser_id for row in rows]
    return found
